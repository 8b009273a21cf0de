"""What `stilldown.events` has: its last event, and all after a position, in order. Only what was committed.

In each partition positions go up: whoever sends has fenced whoever sent before, and goes on after the last of them
(engine.relay). What is no event is passed over; if it was one, its position is missing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from contracts import kafka
from contracts.errors import StilldownError
from contracts.kafka import Placed
from contracts.topics import EVENTS_OUT, PARTITIONS, TOPICS

TRANSACTIONS: Final = f"{EVENTS_OUT}.relay"
"""The transactional id under which events are sent: one per cluster."""
ADVICE: Final = "docs/backup.md tells what to do"
AHEAD: Final = 500
"""Messages of a partition that wait for those of others, before no more are fetched of it."""
_PARTS: Final = tuple(TopicPartition(EVENTS_OUT, n) for n in range(PARTITIONS))
_PATIENCE: Final = 15.0
"""Seconds for which a broker may give nothing."""
_WAIT_MS: Final = 250
_HOLD_MS: Final = 10
"""Milliseconds for which the broker may wait for more: what is asked for is there."""

_Offsets = Mapping[TopicPartition, int]


class WrongTopicError(StilldownError):
    """The topic is not there, or not as it has to be."""


class Sent:
    """Reads the topic, as a member of no group. Raises TimeoutError where the broker does not answer, KafkaError."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            client_id="stilldown-sent",
            enable_auto_commit=False,
            auto_offset_reset="none",  # a topic that was made anew meanwhile is another one
            isolation_level="read_committed",
            max_partition_fetch_bytes=TOPICS[EVENTS_OUT]["max.message.bytes"],
            fetch_max_wait_ms=_HOLD_MS,
        )

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def is_empty(self) -> bool:
        """Whether nothing was ever sent to it."""
        _, ends = await self._bounds()
        return not any(ends.values())

    async def last(self) -> Placed | None:
        """The event with the highest position; None where there is none that can be placed."""
        first, ends = await self._bounds()
        found: dict[TopicPartition, Placed] = {}
        left = [part for part in _PARTS if ends[part] > first[part]]
        back = 2  # behind a message there is the mark of its transaction
        while left:
            begins = {part: max(first[part], ends[part] - back) for part in left}
            reading = _Reading(self._consumer, begins, ends)
            while reading.open:
                found.update(await reading.some(reading.open))
            left = [part for part in left if part not in found and begins[part] > first[part]]
            back *= 4
        return max(found.values(), key=lambda placed: placed.position, default=None)

    async def after(self, position: int, last: int) -> AsyncIterator[Placed]:
        """The events after a position up to `last`, in order; before them the one at the position, if it is there.

        Raises WrongTopicError at the first that is missing.
        """
        first, ends = await self._bounds()
        begins = await self._begins(position, first, ends)
        reading = _Reading(self._consumer, begins, ends)
        found: dict[int, tuple[TopicPartition, Placed]] = {}
        waiting: Counter[TopicPartition] = Counter()
        before = set(reading.open)
        """Partitions of which nothing after the position has come."""
        at = position
        while at <= last:
            if at in found:
                part, placed = found.pop(at)
                waiting[part] -= 1
                yield placed
                at += 1
            elif not before and at == position:
                at += 1
            elif wanted := [part for part in reading.open if waiting[part] < AHEAD]:
                for part, placed in await reading.some(wanted):
                    if placed.position > position:
                        before.discard(part)
                    if placed.position >= at and placed.position not in found:
                        found[placed.position] = (part, placed)
                        waiting[part] += 1
                before &= reading.open
            else:
                raise WrongTopicError(f"position {at} is missing in {EVENTS_OUT}, which goes on to {last}; {ADVICE}")

    async def _bounds(self) -> tuple[_Offsets, _Offsets]:
        """Where each partition begins and ends."""
        async with asyncio.timeout(_PATIENCE):
            return await self._consumer.beginning_offsets(_PARTS), await self._consumer.end_offsets(_PARTS)

    async def _begins(self, position: int, first: _Offsets, ends: _Offsets) -> _Offsets:
        """Offsets from which on there is all after a position, in each partition: found from its end."""
        found: dict[TopicPartition, int] = {}
        left = [part for part in _PARTS if ends[part] > first[part]]
        back = 64
        while left:
            begins = {part: max(first[part], ends[part] - back) for part in left}
            heads = await self._heads(begins, ends)
            found |= {
                part: begin
                for part, begin in begins.items()
                if begin == first[part] or (part in heads and heads[part].position <= position)
            }
            left = [part for part in left if part not in found]
            back *= 2
        return found

    async def _heads(self, begins: _Offsets, ends: _Offsets) -> dict[TopicPartition, Placed]:
        """The first event of each partition from an offset on."""
        reading = _Reading(self._consumer, begins, ends)
        heads: dict[TopicPartition, Placed] = {}
        while wanted := [part for part in reading.open if part not in heads]:
            for part, placed in await reading.some(wanted, most=1):
                heads.setdefault(part, placed)
        return heads


class _Reading:
    """Partitions that are read, each from an offset to its end."""

    def __init__(self, consumer: AIOKafkaConsumer, begins: _Offsets, ends: _Offsets) -> None:
        self._consumer = consumer
        self._ends = ends
        self._heard = time.monotonic()
        self.open = {part for part, begin in begins.items() if begin < ends[part]}
        """Those that are not at their end."""
        consumer.assign(list(begins))
        for part, begin in begins.items():
            consumer.seek(part, begin)

    async def some(self, parts: Collection[TopicPartition], most: int = AHEAD) -> list[tuple[TopicPartition, Placed]]:
        """What comes next in some of them; nothing where it is not there yet."""
        async with asyncio.timeout(_PATIENCE):
            fetched = await self._consumer.getmany(*parts, timeout_ms=_WAIT_MS, max_records=most)
            places = {part: await self._consumer.position(part) for part in parts}
        at_end = {part for part, place in places.items() if place >= self._ends[part]}
        self.open -= at_end
        if fetched or at_end:
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > _PATIENCE:
            raise TimeoutError
        told = [(part, kafka.recorded(one.key, one.value)) for part, records in fetched.items() for one in records]
        return [(part, placed) for part, placed in told if placed.stream is not None and placed.position > 0]


async def fence(bootstrap: str) -> None:
    """From here on the broker refuses whoever sent before."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, client_id="stilldown-sent", transactional_id=TRANSACTIONS)
    try:
        async with asyncio.timeout(_PATIENCE):
            await producer.start()
            async with producer.transaction():
                pass
    finally:
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await producer.stop()
