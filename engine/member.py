"""One of any number of readers of a topic, whose places stand where what they read is kept, never with the broker.

The group only says who looks after which partition; its own commits inform lag tools. Whoever keeps what was read
writes the places by compare-and-set in the transaction of what they brought: so whoever was thought dead and comes
back, and whoever has just been given a partition, can neither lose a message nor take one twice.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import ClassVar, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from contracts.errors import StilldownError
from contracts.topics import TOPICS
from engine.patience import Patience, pause, said

WAIT_MS: Final = 250
"""Milliseconds for which a fetch waits for messages."""
_EVERY: Final = 1.0
"""Seconds between two commits of the group, which only lag tools read."""

Fetched = Mapping[TopicPartition, list[ConsumerRecord]]
Places = dict[TopicPartition, int]
"""By partition the offset of the next message."""


class TopicError(StilldownError):
    """The topic does not have what was taken from it."""


class Member(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is not typed
    """Reads a topic, for as long as it runs."""

    topic: ClassVar[str]
    client: ClassVar[str]
    what: ClassVar[str]
    """What its messages are, in words."""
    keeper: ClassVar[str]
    """Where they are kept, in words."""
    lost: ClassVar[tuple[type[Exception], ...]]
    """What is raised where a place does not stand where it is believed to."""
    most: int
    """Messages that are fetched at once, at most."""

    def __init__(self, bootstrap: str, *, group: str, session: float) -> None:
        """After `session` seconds of silence its partitions go to others."""
        self._bootstrap = bootstrap
        self._group = group
        self._session = session
        self._believed: dict[TopicPartition, int | None] = {}
        """Where each partition of ours stands, as far as we know (None: nothing was taken yet)."""
        self._assignment = 0
        """Counts assignments: what was fetched under another one is not taken."""
        self._placed = 0
        self._busy = asyncio.Lock()
        self._patience = Patience()
        self._committed = 0.0
        self._log = structlog.get_logger(f"stilldown.{self.client}")

    @abstractmethod
    async def places(self, parts: Iterable[int]) -> Mapping[int, int]:
        """Where partitions stand; those of which nothing was taken are missing."""

    @abstractmethod
    async def take(self, fetched: Fetched, reached: Places) -> None:
        """Keeps what was fetched, and where each partition stands then. Raises one of `lost`, or what fails."""

    def look_again(self) -> None:
        """Where partitions stand may not be what it was: it is looked up before anything more is taken. Any thread."""
        self._assignment += 1

    async def run(self, stop: asyncio.Event) -> None:
        """Reads until `stop`. Whatever fails is tried again, later and later; nothing is skipped."""
        while not stop.is_set():
            consumer = self._consumer()
            try:
                async with asyncio.timeout(10 + 2 * self._session):
                    await consumer.start()
                consumer.subscribe([self.topic], listener=self)
                await self._listen(consumer, stop)
            except Exception as error:  # noqa: BLE001 - whatever it is, the messages wait in the topic
                delay = self._patience.next()
                self._log.error(
                    f"{self.what} wait: they cannot be fetched", error=said(error), retry_in=round(delay, 1)
                )
                await pause(stop, delay)
            finally:
                await self._leave(consumer)

    def _consumer(self) -> AIOKafkaConsumer:
        session = round(self._session * 1_000)
        self._client = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            client_id=f"stilldown-{self.client}",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=session,
            heartbeat_interval_ms=max(100, session // 4),
            rebalance_timeout_ms=max(session, 5_000),
            max_partition_fetch_bytes=TOPICS[self.topic]["max.message.bytes"],
            fetch_max_wait_ms=WAIT_MS,
            metadata_max_age_ms=30_000,
        )
        return self._client

    async def _leave(self, consumer: AIOKafkaConsumer) -> None:
        await self._commit(consumer)
        self._believed.clear()
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(5):
                await consumer.stop()

    # ------------------------------------------------------------------ which partitions, and from where

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all of them
        """Finish the batch at hand, so that the next owner begins behind it; if that takes too long, it is dropped."""
        self._assignment += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(self._session / 2), self._busy:
                pass
        await self._commit(self._client)
        self._believed.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note that there are others now; where they stand is looked up before anything is fetched from them."""
        self._assignment += 1
        self._log.info("partitions assigned", partitions=sorted(part.partition for part in assigned))

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Go to where the partitions stand."""
        number = self._assignment
        parts = sorted(consumer.assignment())
        stored = await self.places([part.partition for part in parts])
        first = await consumer.beginning_offsets(parts)
        ends = await consumer.end_offsets(parts)
        believed: dict[TopicPartition, int | None] = {}
        for part in parts:
            position = stored.get(part.partition)
            if position is not None and position > ends[part]:
                raise TopicError(
                    f"{self.keeper} has {self.what} of {self.topic}, partition {part.partition}, up to offset"
                    f" {position}, but it ends at {ends[part]}: this is another topic than the one that they came from"
                )
            if first[part] > (position or 0):
                self._log.error(
                    f"{self.what} were deleted by the broker before they were taken",
                    partition=part.partition,
                    offsets=f"{position or 0} to {first[part] - 1}",
                )
            consumer.seek(part, max(position or 0, first[part]))
            believed[part] = position
        if self._assignment == number:
            self._believed, self._placed = believed, number

    # ------------------------------------------------------------------ batch by batch

    async def _listen(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self._placed != self._assignment:
                with suppress(IllegalStateError):  # it is not ours any more: the next assignment is on its way
                    await self._place(consumer)
            number = self._assignment
            if not self._believed or self._placed != number:
                await pause(stop, 0.02)
                continue
            try:
                fetched = await consumer.getmany(*self._believed, timeout_ms=WAIT_MS, max_records=self.most)
                # Behind the last message there may be marks of transactions, which are read but not shown.
                places = {part: await consumer.position(part) for part in self._believed}
            except IllegalStateError:
                continue
            reached = {part: at for part, at in places.items() if at > (self._believed[part] or 0)}
            if (fetched or reached) and number == self._assignment:
                await self._take(consumer, fetched, reached, stop)

    async def _take(self, consumer: AIOKafkaConsumer, fetched: Fetched, reached: Places, stop: asyncio.Event) -> None:
        if self._is_astray(fetched):
            self._assignment += 1
            return
        if not await self._is_kept(fetched, reached, stop):
            return
        self._believed |= reached
        if time.monotonic() - self._committed > _EVERY:
            await self._commit(consumer)

    async def _is_kept(self, fetched: Fetched, reached: Places, stop: asyncio.Event) -> bool:
        """Whether a batch was kept; False where it is not this reader's any more, or it is to stop."""
        number = self._assignment
        while True:
            try:
                async with self._busy:
                    await self.take(fetched, reached)
            except self.lost as error:
                self._log.warning("a partition went to another worker: the batch is dropped", error=str(error))
                self._assignment += 1
                return False
            except Exception as error:  # noqa: BLE001 - nothing is skipped, whatever it is
                delay = self._patience.next()
                self._log.error(
                    f"{self.what} wait: they cannot be recorded", error=said(error), retry_in=round(delay, 1)
                )
                await pause(stop, delay)
                if stop.is_set() or self._assignment != number:
                    return False
            else:
                self._patience.reset()
                return True

    def _is_astray(self, fetched: Fetched) -> bool:
        """Whether something was fetched from before where the partition stands: it is gone to its place again."""
        return any(records[0].offset < (self._believed[part] or 0) for part, records in fetched.items() if records)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """Tell lag tools how far we are: only of partitions that are still ours, and it does not matter if it fails."""
        self._committed = time.monotonic()
        ours = consumer.assignment()
        offsets = {part: at for part, at in self._believed.items() if at is not None and part in ours}
        if offsets:
            with suppress(KafkaError, IllegalStateError, TimeoutError):
                async with asyncio.timeout(1):
                    await consumer.commit(offsets)
