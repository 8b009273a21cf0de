"""A store that was restored from a backup: what was sent of it comes back, and no position is used twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from contextlib import closing
from itertools import count

import pytest
import structlog

from contracts.kafka import Placed
from contracts.recorded import Recorded
from contracts.topics import EVENTS_OUT
from engine import restoring
from engine.recovering import GivenUpError, opened
from engine.relay import Relay
from engine.restoring import Page, Restoring
from engine.sent import WrongTopicError
from engine.verify import verify
from ops import topics
from tests.integration.cli.running import Cli
from tests.integration.engines import Machine, engine, record, take
from tests.integration.facts import STANDARD, check_sound, corrected, dead, everything, fact, filed, held, ids, log
from tests.integration.kafka.recovering import KILLED
from tests.integration.kafka.restored import (
    BODIES,
    SIZE,
    TERMS,
    Run,
    check_same,
    content,
    lived,
    lives,
    position_of,
    produce,
    recover,
    settle,
    settled,
    told,
    work,
)
from tests.integration.kafka.test_relay import Slow
from tests.integration.kafka.test_views import from_store, project, recorded, send, tables
from tests.integration.kafka.workers import ROOT, Worker, last, offsets, relayed, until
from tests.integration.stores import Database, Place, Stores, select, url_of
from tests.servers.kafka import Kafka, Record, events
from tests.servers.postgres import Databases


def test_what_was_lost_is_read_back_and_the_store_goes_on_behind_it(kafka: Kafka, stores: Stores, run: Run) -> None:
    store, cli, views = stores / "store.db", Cli(stores.folder), stores.folder / "views.db"
    with engine(store, terms=TERMS):
        pass
    bodies, third = BODIES, len(BODIES) // 3
    work(kafka, store, run, bodies[:third])
    restored = stores.copy(store, "backup.db")
    before = last(restored)
    terms, named = stores.folder / "terms.toml", ("--store", url_of(store))
    terms.write_text(TERMS.replace("2020-01-01", "2021-01-01"))
    cli.json("agreements", "apply", str(terms), *named)
    complaint = next(event.stream.partition(":")[2] for event in log(store) if event.type == "complaint.filed")
    assert cli("close", complaint, "--by", "desk", *named).exit in {0, 3}
    work(kafka, store, run, bodies[third : 2 * third])
    had = content(store)
    project(kafka, views)

    worker = run(restored)
    said = worker.says("the store is behind what was sent: it reads back")
    assert (said["store_at"], said["topic_at"]) == (before, last(store))
    until(lambda: settled(kafka, restored))
    assert worker.stop() == 0
    assert content(restored) == had
    assert offsets(restored) == offsets(store)
    assert verify(url_of(restored)).problem is None
    assert told(kafka) == list(range(1, last(store) + 1))

    work(kafka, restored, run, bodies[2 * third :])
    check_sound(restored)
    assert last(restored) > last(store)
    assert content(restored)["events"][: last(store)] == had["events"]
    assert told(kafka) == list(range(1, last(restored) + 1))
    project(kafka, views)
    assert not tables(views)["parked"]
    assert tables(views) == from_store(restored, stores.folder / "wanted.db")


def apart(kafka: Kafka, store: Place, *crash: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.kafka.recovering", url_of(store), kafka.bootstrap, str(SIZE)]
    return subprocess.Popen([*command, *crash], cwd=ROOT, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_whoever_starts_after_one_that_was_killed_between_any_two_pages_completes_it(
    kafka: Kafka, stores: Stores
) -> None:
    store, restored = lived(stores, kafka)
    events, lost, died = log(store), last(store) - last(restored), 0
    for nth in count(1):
        had = everything(restored) | {"relay": select(restored, "SELECT name, position FROM relay")}
        with apart(kafka, restored, "before:1") as process:
            if process.wait(60) == 0:
                break
            assert process.returncode == KILLED, process.communicate()
        assert everything(restored) | {"relay": select(restored, "SELECT name, position FROM relay")} == had
        with apart(kafka, restored, "after:1") as process:
            assert process.wait(60) == KILLED, process.communicate()
        check_sound(restored)
        at, died = last(restored), nth
        assert at == len(events) or events[at].recorded_at != events[at - 1].recorded_at, "a fact without its decisions"
    assert died > lost // SIZE * 2 - 6
    check_same(restored, store)


def test_of_two_that_read_back_at_once_each_page_is_written_once(kafka: Kafka, stores: Stores) -> None:
    store, restored = lived(stores, kafka)
    with apart(kafka, restored) as first, apart(kafka, restored) as second:
        for process in (first, second):
            assert process.wait(60) == 0, process.communicate()
    check_same(restored, store)


def test_a_page_that_another_has_written_is_not_written_again(kafka: Kafka, stores: Stores) -> None:
    store, restored = lived(stores, kafka)
    page = Page(last(restored) + 1)
    for event in recorded(store)[last(restored) : last(restored) + 100]:
        assert isinstance(event.what, Recorded)
        page.add(event.what)
    with closing(Restoring(url_of(restored))) as first, closing(Restoring(url_of(restored))) as second:
        assert first.take(page)
        had = everything(restored)
        assert not second.take(page)
        assert everything(restored) == had


def test_a_store_of_which_there_is_no_backup_comes_back_from_the_topic_alone(kafka: Kafka, stores: Stores) -> None:
    store, _ = lived(stores, kafka)
    with engine(stores / "new.db", terms=TERMS):  # they wait for the first fact
        pass
    recover(kafka, stores / "new.db")
    check_same(stores / "new.db", store)
    with engine(stores / "other.db", terms=TERMS.replace("PT4H", "PT5H")):
        pass
    with pytest.raises(WrongTopicError, match="the store has nothing but agreements"):
        recover(kafka, stores / "other.db")
    assert last(stores / "other.db") == 0


def test_facts_that_waited_and_letters_that_were_dead_are_what_they_would_have_been(
    kafka: Kafka, stores: Stores
) -> None:
    store = stores / "store.db"
    unknown = filed("golden", "C2", 2, agreement="gold")
    other = filed("golden", "C2", 2, agreement="gold", summary="another")
    early = fact("early", "complaint.acknowledged", "C1", 3, by="ann")
    undone = corrected("undone", "C1", 4, wrong="f1", void=True)
    with engine(store) as taking:
        record(taking, filed("f0", "C0", 0))
        assert take(taking, early, undone, unknown, other) == ["held", "held", "dead", "dead"]
    restored = stores.copy(store, "backup.db")
    with engine(store, terms=f"{STANDARD}\n[agreement.gold]\n") as taking:
        record(taking, unknown, filed("f1", "C1", 1))
        assert take(taking, other) == ["dead"]
    send(kafka, recorded(store))

    recover(kafka, restored)
    settle(restored)
    assert ids(restored) == ids(store) == ["f0", "golden", "f1", "early"]
    assert held(restored) == []
    bodies = [body for _, _, body in dead(restored)]
    assert sorted(bodies) == sorted(body for _, _, body in dead(store)) == sorted([other, undone])
    with engine(restored, terms="") as taking:
        assert take(taking, unknown, early, other, filed("f1", "C1", 1)) == [
            "duplicate",
            "duplicate",
            "dead",
            "duplicate",
        ]


def waits(worker: Worker) -> str:
    """What an engine says that neither takes nor sends anything."""
    error = worker.says("nothing is taken or sent", times=3)["error"]
    assert not worker.said("this relay sends now")
    assert not worker.said("partitions assigned")
    return str(error)


def test_where_the_topic_has_lost_some_of_it_nothing_is_taken_or_sent_until_it_is_begun_anew(
    kafka: Kafka, stores: Stores, run: Run
) -> None:
    store, restored = lived(stores, kafka)
    begun = last(restored)
    parts = [[position_of(one) for one in events(kafka) if one.partition == part] for part in range(16)]
    gone = min(position for positions in parts for position in positions[:-1] if position > begun + 100)
    part = next(n for n, positions in enumerate(parts) if gone in positions)
    kafka.forget(EVENTS_OUT, {part: parts[part].index(gone) + 1})
    first = min(position for position in parts[part] if position > begun)
    produce(kafka, [filed("new", "new", 0)])
    had, sent = everything(restored), told(kafka)

    worker = run(restored)
    assert waits(worker).startswith(f"position {first} is missing in stilldown.events, which goes on to {last(store)};")
    assert everything(restored) == had
    assert told(kafka) == sent

    kafka.delete(EVENTS_OUT)
    asyncio.run(topics.make(kafka.bootstrap))
    worker.says("working")
    until(lambda: settled(kafka, restored))
    assert worker.stop() == 0
    assert "new" in ids(restored)
    assert told(kafka) == list(range(1, last(restored) + 1))


def test_what_the_topic_has_lost_of_what_the_store_has_is_not_missed(kafka: Kafka, stores: Stores) -> None:
    store, restored = lived(stores, kafka)
    sent = events(kafka)
    before = Counter(one.partition or 0 for one in sent if position_of(one) <= last(restored))
    kafka.forget(EVENTS_OUT, before)
    assert min(told(kafka)) == last(restored) + 1
    recover(kafka, restored)
    check_same(restored, store)


OWN = [filed(f"own-{n}", f"own-{n}", 0) for n in range(3_000)]


@pytest.mark.parametrize(
    "facts", [OWN[:3], OWN, BODIES[len(BODIES) // 3 : len(BODIES) // 2]], ids=["few", "many", "the same"]
)
def test_a_store_that_has_gone_on_by_itself_takes_and_sends_nothing(
    kafka: Kafka, stores: Stores, run: Run, facts: list[bytes]
) -> None:
    store, restored = lived(stores, kafka)
    clock = Machine(365 * 24 * 60)
    with engine(restored, terms="", clock=clock) as taking:
        lives(taking, clock, facts)
    assert (last(restored) < last(store)) is (facts is not OWN)
    ours, theirs = log(restored), log(store)
    at = min(last(restored), last(store))
    produce(kafka, [filed("new", "new", 0)])
    had, sent = everything(restored), told(kafka)

    worker = run(restored)
    error = waits(worker)
    assert error.startswith(f"position {at} in stilldown.events is {theirs[at - 1].type} (version ")
    assert f"and in the store {ours[at - 1].type} (version {ours[at - 1].version} of {ours[at - 1].stream}," in error
    assert error.endswith("docs/backup.md tells what to do")
    assert worker.stop() == 0
    assert everything(restored) == had
    assert told(kafka) == sent


STRANGE = b'{"position": 0, "version": 1, "type": "complaint.filed", "stream": "complaint:C1"}'


def test_a_message_that_cannot_be_read_is_not_left_out(kafka: Kafka, stores: Stores) -> None:
    _, restored = lived(stores, kafka)
    sent = events(kafka)
    kafka.renew()
    wrong = last(restored) + 100
    kafka.produce(
        Record(b"{", b"a stranger", partition=3),
        *(
            one._replace(value=(one.value or b"").replace(b'"data":{', b'"data":7,"x":{'))
            if position_of(one) == wrong
            else one
            for one in sent
        ),
        *(Record(value, b"a stranger", partition=n) for n in range(16) for value in (b"{", STRANGE)),
        topic=EVENTS_OUT,
    )
    had = everything(restored)
    with pytest.raises(WrongTopicError, match=f"position {wrong} in stilldown.events cannot be read"):
        recover(kafka, restored)
    assert everything(restored) == had


def test_an_event_that_cannot_be_read_is_known_by_its_place_in_its_stream(kafka: Kafka, stores: Stores) -> None:
    store, _ = lived(stores, kafka)
    event = log(store)[-1]
    with closing(Restoring(url_of(store))) as restoring:
        sent = Placed(event.position, event.stream, event.version, event.type, "of a newer version")
        assert restoring.standing(sent) == event.position
        for other in (sent._replace(version=event.version + 1), sent._replace(stream="complaint:other")):
            with pytest.raises(WrongTopicError, match=f"position {event.position} in stilldown.events is"):
                restoring.standing(other)


def test_a_relay_by_itself_sends_nothing_of_a_store_that_is_behind(kafka: Kafka, stores: Stores) -> None:
    store, restored = lived(stores, kafka)
    sent = told(kafka)

    async def run() -> list[str]:
        relay, stop = Relay(url_of(restored), kafka.bootstrap, holder="alone", session=1.5), asyncio.Event()
        with structlog.testing.capture_logs() as logs:
            running = asyncio.create_task(relay.run(stop))
            async with asyncio.timeout(30):
                while not any("wait" in line["event"] for line in logs):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.05)
            stop.set()
            await running
        assert relay.sent == 0
        return [line["error"] for line in logs if "error" in line]

    errors = asyncio.run(run())
    assert errors[0].startswith(f"the store ends at position {last(restored)}, and stilldown.events at {last(store)}:")
    assert told(kafka) == sent


def test_a_topic_that_has_lost_its_end_gets_it_again(kafka: Kafka, stores: Stores, run: Run) -> None:
    store, _ = lived(stores, kafka)
    worker = run(store)
    until(lambda: relayed(store) == last(store))
    assert worker.stop() == 0
    kafka.renew()
    send(kafka, recorded(store)[:-20])
    again = run(store)
    again.says("the topic has lost its end: it is sent again")
    until(lambda: told(kafka) == list(range(1, last(store) + 1)))
    assert again.stop() == 0


def test_where_a_topic_has_lost_what_could_tell_it_what_does_not_follow_is_not_taken(
    kafka: Kafka, stores: Stores
) -> None:
    _, restored = lived(stores, kafka)
    with engine(restored, terms="") as taking:
        record(taking, *OWN[:3])
    kafka.forget(EVENTS_OUT, Counter(one.partition or 0 for one in events(kafka) if position_of(one) <= last(restored)))
    had = everything(restored)
    with pytest.raises(WrongTopicError, match="which does not follow in the store"):
        recover(kafka, restored)
    assert everything(restored) == had


def test_one_that_is_told_to_stop_stops_at_the_end_of_a_page(
    kafka: Kafka, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "PAGE", SIZE)
    store, restored = lived(stores, kafka)
    before = last(restored)
    with pytest.raises(GivenUpError):
        opened(url_of(restored), kafka.bootstrap, lambda: True)
    assert before < last(restored) < before + 2 * SIZE
    recover(kafka, restored)
    check_same(restored, store)


def test_a_relay_that_was_frozen_since_before_the_restore_sends_nothing_any_more(kafka: Kafka, stores: Stores) -> None:
    store, restored = lived(stores, kafka)
    end = last(store)
    with engine(store, terms="") as taking:
        record(taking, *OWN[:3])

    async def both() -> list[str]:
        stop = asyncio.Event()
        slow = Slow(url_of(store), kafka.bootstrap, holder="slow", session=5)
        running = asyncio.create_task(slow.run(stop))
        async with asyncio.timeout(60):
            await slow.reads.wait()
            await asyncio.to_thread(recover, kafka, restored)
            stop.set()
            slow.goes_on.set()
            await running
        return slow.refused

    assert asyncio.run(both()) == ["ProducerFenced"]
    assert max(told(kafka)) == last(restored) == end


def test_a_database_that_falls_back_under_a_running_engine_is_read_back_too(
    kafka: Kafka, databases: Databases, stores: Stores, run: Run
) -> None:
    if stores.kind == "sqlite":
        pytest.skip("a file is opened once")
    store = stores / "store.db"
    assert isinstance(store, Database)
    with engine(store, terms=TERMS):
        pass
    third = len(BODIES) // 3
    work(kafka, store, run, BODIES[:third])
    replica = stores.copy(store, "replica.db")
    assert isinstance(replica, Database)
    worker = run(store)
    produce(kafka, BODIES[third : 2 * third])
    until(lambda: settled(kafka, store))
    had, end = content(store), last(store)
    databases.replace(store.url, replica.url)
    worker.says("the store is behind what was sent: it reads back")
    until(lambda: last(store) == end and settled(kafka, store))
    assert content(store) == had
    produce(kafka, BODIES[2 * third :])
    until(lambda: last(store) > end and settled(kafka, store))
    assert worker.stop() == 0
    assert told(kafka) == list(range(1, last(store) + 1))
    check_sound(store)
