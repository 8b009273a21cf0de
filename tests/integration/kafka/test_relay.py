"""The relay: each position once for a reader who looks at positions, whatever happens to relay and broker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from contracts.topics import EVENTS_OUT
from engine.outbox import Message
from engine.relay import Relay
from tests.integration.engines import engine, record
from tests.integration.facts import down, filed
from tests.integration.kafka.conftest import Start
from tests.integration.kafka.test_engines import all_sent
from tests.integration.kafka.workers import last, locked, recorded, relayed, until
from tests.servers.kafka import Kafka, Record, events, positions


def add(store: Path, first: int, after: int) -> int:
    """Records complaints of four services; the last position."""
    with engine(store) as opened:
        record(
            opened, *(filed(f"f{n}", f"C{n}", n, service=f"register-{n % 4}", down=True) for n in range(first, after))
        )
    return last(store)


def test_every_event_of_a_service_is_in_one_partition_and_in_order(kafka: Kafka, store: Path, start: Start) -> None:
    add(store, 0, 40)
    with engine(store) as opened:
        record(opened, down("d", "register-1", 50))
    worker = start()
    until(lambda: all_sent(kafka, store))
    assert worker.stop() == 0
    sent = events(kafka, committed=False)
    assert [len(sent), len(positions(sent))] == [last(store)] * 2
    by_key: dict[bytes | None, list[dict[str, object]]] = {}
    for one in sent:
        by_key.setdefault(one.key, []).append(msgspec.json.decode(one.value or b"") | {"part": one.partition})
    assert by_key.keys() == {b"standard", b"trusting", b"wary", *(f"register-{n}".encode() for n in range(4))}
    for told in by_key.values():
        assert len({event["part"] for event in told}) == 1
        assert [event["position"] for event in told] == sorted(event["position"] for event in told)  # type: ignore[type-var]
    decision = next(event for event in by_key[b"register-1"] if event["kind"] == "decision")
    assert decision["source"] == "/stilldown"
    assert decision["id"] == str(decision["position"])
    assert decision["causesource"] == "/test"


def test_a_relay_killed_between_sending_and_noting_it_leaves_no_hole_and_nothing_twice(
    kafka: Kafka, store: Path, start: Start
) -> None:
    add(store, 0, 5)
    first = start()
    until(lambda: all_sent(kafka, store))
    first.freeze()
    end = add(store, 5, 30)
    with locked(store):
        first.thaw()  # it reads and sends, and then cannot note it
        until(lambda: positions(events(kafka)) == list(range(1, end + 1)))
        first.kill()
    assert relayed(store) < end, "it was not killed in between"
    add(store, 30, 60)
    second = start()
    until(lambda: all_sent(kafka, store))
    assert second.stop() == 0
    sent = events(kafka, committed=False)
    assert positions(sent) == list(range(1, last(store) + 1))
    assert len(sent) == last(store)


def test_of_two_relays_one_sends_and_the_other_takes_over_when_it_dies(kafka: Kafka, store: Path, start: Start) -> None:
    add(store, 0, 10)
    first = start()
    first.says("this relay sends now")
    second = start()
    second.listens()
    add(store, 10, 20)
    until(lambda: all_sent(kafka, store))
    assert not second.said("this relay sends now")
    first.kill()
    add(store, 20, 30)
    second.says("this relay sends now")
    until(lambda: all_sent(kafka, store))
    assert second.stop() == 0
    assert len(events(kafka, committed=False)) == last(store)


def test_a_relay_that_stops_lets_another_begin_at_once(kafka: Kafka, store: Path, start: Start) -> None:
    first = start()
    first.says("this relay sends now")
    second = start()
    second.listens()
    assert first.stop() == 0
    second.says("this relay sends now")
    assert second.stop() == 0


class Slow(Relay):
    """Is frozen when it has read a page and is about to send it."""

    def __init__(self, url: str, bootstrap: str, **how: object) -> None:
        super().__init__(url, bootstrap, **how)  # type: ignore[arg-type]
        self.reads = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.refused: list[str] = []

    async def _send(self, producer: AIOKafkaProducer, page: list[Message]) -> None:
        self.reads.set()
        await self.goes_on.wait()
        try:
            await super()._send(producer, page)
        except Exception as error:
            self.refused.append(type(error).__name__)
            raise


def test_a_relay_that_was_taken_for_dead_puts_nothing_into_the_topic_any_more(kafka: Kafka, store: Path) -> None:
    """Later positions before earlier ones would be holes for whoever looks at positions."""
    add(store, 0, 10)

    async def both() -> Slow:
        url, stop, over = f"sqlite:///{store}", asyncio.Event(), asyncio.Event()
        slow = Slow(url, kafka.bootstrap, holder="slow", session=0.7)
        other = Relay(url, kafka.bootstrap, holder="other", session=0.7)
        first = asyncio.create_task(slow.run(over))
        async with asyncio.timeout(30):
            await slow.reads.wait()
            second = asyncio.create_task(other.run(stop))
            while other.sent < last(store):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
            slow.goes_on.set()
            while not slow.refused:  # noqa: ASYNC110 - nor does it
                await asyncio.sleep(0.05)
        for stopping, task in ((over, first), (stop, second)):
            stopping.set()
            await task
        return slow

    slow = asyncio.run(both())
    assert slow.refused == ["ProducerFenced"]
    assert len(events(kafka, committed=False)) == last(store)
    assert positions(events(kafka, committed=False)) == list(range(1, last(store) + 1))


def test_a_broker_that_is_restarted_is_waited_for(kafka: Kafka, store: Path, start: Start) -> None:
    broker = kafka.broker
    add(store, 0, 5)
    worker = start()
    worker.listens()
    until(lambda: all_sent(kafka, store))
    broker.stop()
    try:
        add(store, 5, 20)
        worker.says("events wait")
    finally:
        broker.start()
    kafka.produce(Record(filed("f", "C", 0)))
    until(lambda: recorded(store) == 21)
    until(lambda: all_sent(kafka, store))
    assert worker.stop() == 0
    assert positions(events(kafka, committed=False)) == list(range(1, last(store) + 1))


def test_an_event_that_is_too_large_for_the_topic_stops_the_relay_and_is_not_left_out(
    kafka: Kafka, store: Path, start: Start
) -> None:
    kafka.set(EVENTS_OUT, max_message_bytes="2000")
    with engine(store) as opened:
        noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9_000))  # nothing compresses it below the limit
        record(opened, filed("f", "C", 0, summary=noise))
    worker = start()
    said = worker.says("is too large for the broker")
    assert "max.message.bytes" in said["error"]
    kafka.set(EVENTS_OUT, max_message_bytes="2097152", retention_ms="-1")
    until(lambda: all_sent(kafka, store))
    assert worker.stop() == 0


def test_a_topic_that_was_made_anew_gets_everything_again(kafka: Kafka, store: Path, start: Start) -> None:
    add(store, 0, 10)
    worker = start()
    until(lambda: all_sent(kafka, store))
    assert worker.stop() == 0
    kafka.renew()
    again = start()
    again.says("the topic is empty: all is sent again")
    until(lambda: all_sent(kafka, store))
    assert again.stop() == 0
