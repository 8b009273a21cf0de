"""Facts from Kafka, as one of any number of workers (architecture.md §2).

How far a partition is taken in stands in the store, written by compare-and-set in the transaction of what it brought.
The group only says who looks after which partition; its own commits inform lag tools. So whoever was thought dead
and comes back, and whoever has just been given a partition, can neither lose a fact nor take one twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from contracts import kafka
from contracts.envelope import Fact
from contracts.errors import MalformedError, StilldownError
from contracts.topics import FACTS_IN, TOPICS
from engine.ahead import understand
from engine.intake import Engine
from engine.patience import Patience, pause
from engine.store.errors import LostError
from engine.store.handing import Reached
from engine.taking import Taken
from engine.worker import Worker

GROUP: Final = "stilldown.engine"
BATCH: Final = 500
"""Messages of a transaction, at most."""
_WAIT_MS: Final = 250
_EVERY: Final = 1.0
"""Seconds between two commits of the group, which only lag tools read."""
_log = structlog.get_logger("stilldown.listening")


class TopicError(StilldownError):
    """The topic does not have what the store says was taken from it."""


class _Batch(NamedTuple):
    """What was fetched at once, and how far it reaches."""

    bodies: list[bytes]
    facts: list[Fact | MalformedError]
    origins: dict[bytes, bytes]
    reached: list[Reached]


class Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is not typed
    """Takes facts from `stilldown.facts` into the engine, for as long as it runs."""

    def __init__(self, worker: Worker, bootstrap: str, *, session: float, taken: Callable[[Taken], None]) -> None:
        """After `session` seconds of silence its partitions go to others; `taken` is told of every batch."""
        self._worker = worker
        self._bootstrap = bootstrap
        self._session = session
        self._taken = taken
        self._believed: dict[TopicPartition, int | None] = {}
        """Where each partition of ours stands in the store, as far as we know (None: nothing was taken yet)."""
        self._assignment = 0
        """Counts assignments: what was fetched under another one is not taken."""
        self._placed = 0
        self._busy = asyncio.Lock()
        self._patience = Patience()
        self._committed = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Listens until `stop`. Whatever fails is tried again, later and later; no fact is skipped."""
        while not stop.is_set():
            consumer = self._consumer()
            try:
                async with asyncio.timeout(10 + 2 * self._session):
                    await consumer.start()
                consumer.subscribe([FACTS_IN], listener=self)
                await self._listen(consumer, stop)
            except Exception as error:  # noqa: BLE001 - whatever it is, the facts wait in the topic
                delay = self._patience.next()
                _log.error("facts wait: they cannot be fetched", error=_said(error), retry_in=round(delay, 1))
                await pause(stop, delay)
            finally:
                await self._leave(consumer)

    def _consumer(self) -> AIOKafkaConsumer:
        session = round(self._session * 1_000)
        self._client = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            client_id="stilldown-engine",
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=session,
            heartbeat_interval_ms=max(100, session // 4),
            rebalance_timeout_ms=max(session, 5_000),
            max_partition_fetch_bytes=TOPICS[FACTS_IN]["max.message.bytes"],
            fetch_max_wait_ms=_WAIT_MS,
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
        _log.info("partitions assigned", partitions=sorted(part.partition for part in assigned))

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Go to where the store says."""
        number = self._assignment
        parts = sorted(consumer.assignment())
        stored = await self._worker.do(lambda engine: engine.positions(FACTS_IN))
        first = await consumer.beginning_offsets(parts)
        ends = await consumer.end_offsets(parts)
        believed: dict[TopicPartition, int | None] = {}
        for part in parts:
            position = stored.get(part.partition)
            if position is not None and position > ends[part]:
                raise TopicError(
                    f"the store has facts of {FACTS_IN}, partition {part.partition}, up to offset {position}, but it"
                    f" ends at {ends[part]}: this is another topic than the one that they came from"
                )
            if first[part] > (position or 0):
                _log.error(
                    "facts were deleted by the broker before they were taken",
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
                fetched = await consumer.getmany(*self._believed, timeout_ms=_WAIT_MS, max_records=BATCH)
            except IllegalStateError:
                continue
            if fetched and number == self._assignment:
                await self._take(consumer, fetched, stop)

    async def _take(
        self, consumer: AIOKafkaConsumer, fetched: dict[TopicPartition, list[ConsumerRecord]], stop: asyncio.Event
    ) -> None:
        number = self._assignment
        if self._is_astray(fetched):
            self._assignment += 1
            return
        batch = self._batch(fetched)
        taken = await self._record(batch, number, stop)
        if taken is None:
            return
        for reached in batch.reached:
            self._believed[TopicPartition(FACTS_IN, reached.part)] = reached.position
        self._taken(taken)
        if time.monotonic() - self._committed > _EVERY:
            await self._commit(consumer)

    async def _record(self, batch: _Batch, number: int, stop: asyncio.Event) -> Taken | None:
        """What became of a batch; None where it is not this worker's any more, or it is to stop."""
        while True:
            try:
                async with self._busy:
                    taken = await self._worker.do(lambda engine: _take(engine, batch))
            except LostError as error:
                _log.warning("a partition went to another worker: the batch is dropped", error=str(error))
                self._assignment += 1
                return None
            except Exception as error:  # noqa: BLE001 - no fact is skipped, whatever it is
                delay = self._patience.next()
                _log.error("facts wait: they cannot be recorded", error=_said(error), retry_in=round(delay, 1))
                await pause(stop, delay)
                if stop.is_set() or self._assignment != number:
                    return None
            else:
                self._patience.reset()
                return taken

    def _is_astray(self, fetched: dict[TopicPartition, list[ConsumerRecord]]) -> bool:
        """Whether something was fetched from before where the partition stands: it is gone to its place again."""
        return any(records[0].offset < (self._believed[part] or 0) for part, records in fetched.items() if records)

    def _batch(self, fetched: dict[TopicPartition, list[ConsumerRecord]]) -> _Batch:
        batch = _Batch([], [], {}, [])
        for part, records in fetched.items():
            for record in records:
                for found in kafka.brought(record.key, record.value, record.headers):
                    batch.bodies.append(found.body)
                    batch.facts.append(found.error or _understood(found.body))
                    if found.origin is not None:
                        batch.origins[found.body] = found.origin
            batch.reached.append(Reached(FACTS_IN, part.partition, records[-1].offset + 1, self._believed[part]))
        return batch

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """Tell lag tools how far we are: only of partitions that are still ours, and it does not matter if it fails."""
        self._committed = time.monotonic()
        ours = consumer.assignment()
        offsets = {part: at for part, at in self._believed.items() if at is not None and part in ours}
        if offsets:
            with suppress(KafkaError, IllegalStateError, TimeoutError):
                async with asyncio.timeout(1):
                    await consumer.commit(offsets)


def _understood(body: bytes) -> Fact | MalformedError:
    try:
        return understand(body)
    except Exception as error:  # noqa: BLE001 - it must cost no other fact
        _log.exception("a fact could not even be read; it is a dead letter")
        return MalformedError(f"the engine failed on it: {type(error).__name__}: {error}")


def _take(engine: Engine, batch: _Batch) -> Taken:
    return engine.take(batch.bodies, facts=batch.facts, positions=batch.reached, origins=batch.origins)


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "Kafka does not answer"
    return str(error) if isinstance(error, StilldownError) else f"{type(error).__name__}: {error}"
