"""A real Apache Kafka for tests: one broker a session, or the one that $STILLDOWN_TEST_KAFKA names.

On that one, too, tests delete and make the topics of stilldown: it has to be one for tests.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from contracts.topics import EVENTS_OUT, FACTS_IN, TOPICS
from ops import topics
from tools.broker import Broker

NAMED = "STILLDOWN_TEST_KAFKA"
CLOUDEVENT = ("content-type", b"application/cloudevents+json")
_QUICK = {"group.min.session.timeout.ms": "500", "log.segment.delete.delay.ms": "100"}


class Record(NamedTuple):
    """A message, as it came or as it is to go."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = (CLOUDEVENT,)
    partition: int | None = None


class Kafka:
    """A broker, and what tests do with it. Everything blocks."""

    def __init__(self, bootstrap: str, broker: Broker | None = None) -> None:
        self.bootstrap = bootstrap
        self._broker = broker

    @property
    def broker(self) -> Broker:
        """The broker itself, to be stopped and started again."""
        if self._broker is None:
            pytest.skip(f"the broker that ${NAMED} names is not ours to stop")
        return self._broker

    def renew(self) -> None:
        """Makes all topics anew."""
        self.delete(*TOPICS)
        asyncio.run(topics.make(self.bootstrap))

    def delete(self, *names: str) -> None:
        """Deletes topics, and waits until they are gone."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            found = set(await admin.list_topics()) & set(names)
            if found:
                await admin.delete_topics(sorted(found))
            await _until(lambda there: not there & set(names), admin)

        self._administer(work)

    def make(self, name: str, partitions: int) -> None:
        """Makes a topic."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            await admin.create_topics([NewTopic(name, partitions, 1)])
            await _until(lambda there: name in there, admin)

        self._administer(work)

    def set(self, name: str, **settings: str) -> None:
        """Sets what a topic is set to, all of it; dots are written as underscores."""
        configs = {key.replace("_", "."): value for key, value in settings.items()}

        async def work(admin: AIOKafkaAdminClient) -> None:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)])

        self._administer(work)
        while not self.settings(name).items() >= configs.items():  # it takes a moment
            time.sleep(0.05)

    def forget(self, name: str, befores: dict[int, int]) -> None:
        """Deletes what is before an offset in some partitions, as retention does."""

        async def work(admin: AIOKafkaAdminClient) -> None:
            wanted = {TopicPartition(name, part): RecordsToDelete(before) for part, before in befores.items()}
            await admin.delete_records(wanted)

        self._administer(work)

    def settings(self, name: str) -> dict[str, str]:
        """What a topic is set to."""
        found: dict[str, str] = {}

        async def work(admin: AIOKafkaAdminClient) -> None:
            for response in await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)]):
                found.update({entry[0]: entry[1] for resource in response.resources for entry in resource[4]})

        self._administer(work)
        return found

    def produce(self, *records: Record, topic: str = FACTS_IN, abort: bool = False) -> None:
        """Sends messages, in order; with `abort` in a transaction that is aborted."""

        async def work() -> None:
            how = {"transactional_id": "a-test"} if abort else {}
            producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, max_request_size=4 << 20, **how)
            await producer.start()
            try:
                if abort:
                    await producer.begin_transaction()
                for record in records:
                    await producer.send(
                        topic, record.value, key=record.key, headers=list(record.headers), partition=record.partition
                    )
                await producer.flush()
                if abort:
                    await producer.abort_transaction()
            finally:
                await producer.stop()

        asyncio.run(work())

    def read(self, topic: str, *, committed: bool = True) -> list[Record]:
        """All messages of a topic, partition by partition, each with its own."""

        async def work() -> list[Record]:
            level = "read_committed" if committed else "read_uncommitted"
            consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level=level)
            await consumer.start()
            try:
                parts = [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())] or [
                    TopicPartition(topic, n) for n in range(16)
                ]
                consumer.assign(parts)
                await consumer.seek_to_beginning()
                ends = await consumer.end_offsets(parts)
                found: dict[TopicPartition, list[Record]] = {part: [] for part in parts}
                while [part for part in parts if await consumer.position(part) < ends[part]]:
                    for part, records in (await consumer.getmany(timeout_ms=200)).items():
                        found[part] += [Record(r.value, r.key, r.headers, part.partition) for r in records]
                return [record for part in parts for record in found[part]]
            finally:
                await consumer.stop()

        return asyncio.run(work())

    def _administer(self, work: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, None]]) -> None:
        async def run() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            await admin.start()
            try:
                async with asyncio.timeout(60):
                    await work(admin)
            finally:
                await admin.close()

        asyncio.run(run())


async def _until(so: Callable[[set[str]], bool], admin: AIOKafkaAdminClient) -> None:
    while not so(set(await admin.list_topics())):  # noqa: ASYNC110 - the broker tells nobody
        await asyncio.sleep(0.05)


def positions(events: Iterable[Record]) -> list[int]:
    """The positions that a reader sees who ignores any not above the last one of that partition; sorted.

    None that he has not seen may be ignored by that: it would be a hole.
    """
    last: dict[int | None, int] = {}
    seen: list[int] = []
    for event in events:
        position = msgspec.json.decode(event.value or b"")["position"]
        if position > last.get(event.partition, 0):
            last[event.partition] = position
            seen.append(position)
        else:
            assert position in seen, f"position {position} came after {last[event.partition]}, for the first time"
    return sorted(seen)


def events(kafka: Kafka, *, committed: bool = True) -> list[Record]:
    """What is in `stilldown.events`; nothing while it cannot be read."""
    try:
        return kafka.read(EVENTS_OUT, committed=committed)
    except KafkaError:
        return []


@contextmanager
def running(folder: Path) -> Iterator[Kafka]:
    """A broker, started if none is named; stopped again whatever happens."""
    named = os.environ.get(NAMED)
    if named:
        yield Kafka(named)
        return
    broker = Broker(folder, _QUICK)
    broker.start()
    try:
        yield Kafka(broker.bootstrap, broker)
    finally:
        broker.kill()  # its data are thrown away, and so are five seconds
