"""`stilldown.events` as the feed of views: each partition is a part of it (projections.feed)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from contracts import kafka
from contracts.recorded import Recorded
from contracts.topics import EVENTS_OUT, PARTITIONS, TOPICS
from projections.feed import STORE, Broken, Event, Page

_WAIT_MS: Final = 250
_HOLD_MS: Final = 10
"""Milliseconds for which the broker may wait for more: what is asked for is there."""
_FIRST: Final = STORE + 1


def part_of(partition: int) -> int:
    """The part that a partition is."""
    return _FIRST + partition


def page_of(partition: int, offset: int, records: Sequence[ConsumerRecord]) -> Page:
    """Messages that follow on one another; `offset` is that of the message after them."""
    return Page(part_of(partition), offset, [_event(record) for record in records])


def _event(record: ConsumerRecord) -> Event:
    position, stream, version, kind, what = kafka.recorded(record.key, record.value)
    if isinstance(what, Recorded):
        return Event(position, what)
    place = f"{EVENTS_OUT}, partition {record.partition}, offset {record.offset}"
    reason = f"{place}: {what}"
    if stream is None:
        return Event(0, Broken("", 0, "", place, reason))
    service = (record.key or b"").decode(errors="replace") if stream.startswith(kafka.OF_A_SERVICE) else None
    return Event(position, Broken(stream, version, kind, service, reason))


class KafkaFeed:
    """Reads the whole topic, part by part, for as long as there is something. Belongs to no group, and blocks."""

    def __init__(self, bootstrap: str) -> None:
        """Raises KafkaError where there is no broker."""
        self._runner = asyncio.Runner()
        self._next: tuple[TopicPartition, int] | None = None
        self._end = 0
        try:
            self._runner.run(self._start(bootstrap))
        except BaseException:
            self._runner.close()
            raise

    async def _start(self, bootstrap: str) -> None:
        self._client = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            client_id="stilldown-rebuild",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=TOPICS[EVENTS_OUT]["max.message.bytes"],
            fetch_max_wait_ms=_HOLD_MS,
        )
        try:
            await self._client.start()
        except BaseException:
            await self._client.stop()
            raise

    def close(self) -> None:
        """Lets go of the broker."""
        try:
            self._runner.run(self._client.stop())
        finally:
            self._runner.close()

    def parts(self) -> Sequence[int]:
        """See projections.feed.Feed, also below."""
        return range(_FIRST, _FIRST + PARTITIONS)

    def last(self) -> int:
        """How many messages there are, about: the ends of transactions are counted, too."""
        parts = [TopicPartition(EVENTS_OUT, n) for n in range(PARTITIONS)]
        return sum(self._runner.run(self._client.end_offsets(parts)).values())

    def page(self, part: int, offset: int, limit: int) -> Page | None:
        """The events after `offset`; where only the end of a transaction is, a page without any."""
        return self._runner.run(self._page(TopicPartition(EVENTS_OUT, part - _FIRST), offset, limit))

    async def _page(self, part: TopicPartition, offset: int, limit: int) -> Page | None:
        if self._next != (part, offset):
            self._client.assign([part])
            self._client.seek(part, offset)
            self._end = 0
        while True:
            at = await self._client.position(part)
            if at >= self._end:
                self._end = (await self._client.end_offsets([part]))[part]
            if at >= self._end:
                records: Sequence[ConsumerRecord] = ()
                break
            fetched = await self._client.getmany(part, timeout_ms=_WAIT_MS, max_records=limit)
            if records := fetched.get(part, ()):
                at = await self._client.position(part)
                break
        self._next = (part, at)
        return page_of(part.partition, at, records) if at > offset else None
