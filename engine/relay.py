"""The relay: what the store records goes to Kafka, in order, at least once, never with a hole (interfaces.md §2).

One relay sends at a time: the one that holds the lease in the store. That alone would not do: a relay that was
frozen with messages on their way, and wakes up when another has begun, could put a later event before an earlier
one, and a reader who ignores what is not above the last position would miss the earlier. So every page is a
transaction of one transactional id: whoever begins, the broker refuses whatever the one before may still send.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Any, Final, TypeVar

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced
from aiokafka.partitioner import murmur2

from contracts import kafka
from contracts.errors import StilldownError
from contracts.topics import DEAD_OUT, EVENTS_OUT, PARTITIONS, TOPICS
from engine.outbox import Message, Outbox
from engine.patience import Patience, pause, said
from engine.sent import TRANSACTIONS, Sent, WrongTopicError
from engine.store.handing import Lease, Untold

POLL: Final = 0.05
"""Seconds between two looks at a store in which others write; this process's own writing wakes the relay up."""
MANY: Final = 500
"""Events of a page upon which the next is read while it is sent: much waits, and none of it for long."""
_GRACE: Final = 3.0
"""Seconds for what hangs when the relay is to stop."""
_BATCH_BYTES: Final = 256 * 1024
_LARGEST_LETTER: Final = TOPICS[DEAD_OUT]["max.message.bytes"] - 64 * 1024
_HEADERS: Final = [kafka.CONTENT_TYPE]
_log = structlog.get_logger("stilldown.relay")
_T = TypeVar("_T")


class NotOursError(StilldownError):
    """Another relay sends by now."""


class Relay:
    """Sends a store's history to `stilldown.events`, and its dead letters to `stilldown.dead`, when it is its turn."""

    def __init__(self, url: str, bootstrap: str, *, holder: str, session: float) -> None:
        """`holder` names it among all relays; after `session` seconds of silence another takes over."""
        self._bootstrap = bootstrap
        self._session = session
        self._open: Callable[[], Outbox] = lambda: Outbox(url, holder, session)
        self._outbox: Outbox | None = None
        self._thread = ThreadPoolExecutor(1, "stilldown-relay")
        self._awake = asyncio.Event()
        self._patience = Patience()
        self.sent = 0
        """Events sent by this relay."""

    def wake(self) -> None:
        """Says that there is something new in the store."""
        self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Relays until `stop`. Whatever fails is tried again, later and later."""
        while not stop.is_set():
            lease = None
            try:
                lease = await self._store(lambda outbox: outbox.seize())
                if lease is None:
                    self._patience.reset()
                    await pause(stop, self._session / 4)
                    continue
                _log.info("this relay sends now", position=lease.position, epoch=lease.epoch)
                await self._send_on(lease, stop)
            except (NotOursError, ProducerFenced) as error:
                _log.warning("another relay has taken over", error=str(error))
                await pause(stop, self._patience.next())
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be left out
                delay = self._patience.next()
                _log.error("events wait: they cannot be sent on", error=said(error), retry_in=round(delay, 1))
                await pause(stop, delay)
            finally:
                if lease is not None:
                    await self._release(lease.epoch)
        await self._store(Outbox.close)
        self._thread.shutdown()

    async def _release(self, epoch: int) -> None:
        with suppress(StilldownError, TimeoutError):
            async with asyncio.timeout(self._session):
                await self._store(lambda outbox: outbox.release(epoch))

    async def _send_on(self, lease: Lease, stop: asyncio.Event) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id="stilldown-relay",
            transactional_id=TRANSACTIONS,
            transaction_timeout_ms=max(10_000, round(2_000 * self._session)),
            acks="all",
            compression_type="lz4",
            max_batch_size=_BATCH_BYTES,
            max_request_size=TOPICS[DEAD_OUT]["max.message.bytes"],
            request_timeout_ms=max(5_000, round(1_000 * self._session)),
        )
        try:
            async with asyncio.timeout(2 * self._session):
                await producer.start()
                await self._check(producer)
                async with self._transaction(producer):  # from here on the broker refuses whoever sent before
                    pass
                position = await self._begin(lease)
            await _before(stop, self._pages(producer, lease.epoch, position, stop))
        finally:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await producer.stop()

    async def _check(self, producer: AIOKafkaProducer) -> None:
        for topic in (EVENTS_OUT, DEAD_OUT):
            found = len(await producer.partitions_for(topic) or ())
            if found != PARTITIONS:
                raise WrongTopicError(f"the topic {topic} has {found} partitions, and has to have {PARTITIONS}")

    async def _begin(self, lease: Lease) -> int:
        """The position to go on from, read when nobody else can send any more."""
        held = await self._store(lambda outbox: outbox.hold(lease.epoch))
        if held is None:
            raise NotOursError("it began before this one could")
        async with Sent(self._bootstrap) as sent:
            last = await sent.last()
            if last is None and not await sent.is_empty():
                return held.position  # there is nothing that could be compared
        position = 0 if last is None else last.position
        if last is not None:
            await self._store(lambda outbox: outbox.compare(last))
        if position < held.position:
            what = (
                "the topic is empty: all is sent again"
                if last is None
                else "the topic has lost its end: it is sent again"
            )
            _log.warning(what, topic=EVENTS_OUT, sent_before=held.position, position=position)
        if position != held.position:  # what was sent and not noted is not sent twice
            await self._move(lease.epoch, position)
        return position

    async def _pages(self, producer: AIOKafkaProducer, epoch: int, position: int, stop: asyncio.Event) -> None:
        held = time.monotonic()
        page = await self._page(position)
        while not stop.is_set():
            if page:
                position = page[-1].position
                ahead = asyncio.ensure_future(self._page(position)) if len(page) > MANY else None
                try:
                    await self._send(producer, page)
                    await self._move(epoch, position)
                finally:
                    page = await ahead if ahead is not None else []
                held = time.monotonic()
                if ahead is None:  # what has come meanwhile is to wait for nothing
                    page = await self._page(position)
            letters = await self._store(Outbox.letters)
            if letters:
                await self._bury(producer, letters)
            self._patience.reset()
            if page or letters:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._awake.wait()
            self._awake.clear()
            page = await self._page(position)
            if not page and time.monotonic() - held > self._session / 3:
                if await self._store(lambda outbox: outbox.hold(epoch)) is None:
                    raise NotOursError("it began while there was nothing to send")
                held = time.monotonic()

    async def _send(self, producer: AIOKafkaProducer, page: list[Message]) -> None:
        """Send a page whole, or nothing of it. Within a partition its order is that of the positions."""
        parts: dict[int, list[Message]] = {}
        for message in page:
            parts.setdefault(partition(message.key), []).append(message)
        try:
            async with self._transaction(producer):
                sent = await asyncio.gather(*(_batches(producer, part, some) for part, some in parts.items()))
                await asyncio.gather(*(future for futures in sent for future in futures))
        except MessageSizeTooLargeError as error:
            largest = max(page, key=lambda message: len(message.value))
            raise WrongTopicError(
                f"position {largest.position} ({len(largest.value):,} bytes) is too large for the broker: set"
                f" max.message.bytes of {EVENTS_OUT} to {TOPICS[EVENTS_OUT]['max.message.bytes']:,} or more"
            ) from error
        self.sent += len(page)

    async def _bury(self, producer: AIOKafkaProducer, letters: list[Untold]) -> None:
        async with self._transaction(producer):
            for letter in letters:
                key, value, headers = kafka.dead(letter.body, letter.origin, letter.reason, letter.field)
                if len(value) > _LARGEST_LETTER:
                    _log.error("a dead letter is too large for its topic: only the store has it", number=letter.number)
                    continue
                await producer.send(DEAD_OUT, value, key=key, headers=headers)
        await self._store(lambda outbox: outbox.told(letters))

    @asynccontextmanager
    async def _transaction(self, producer: AIOKafkaProducer) -> AsyncIterator[None]:
        """All or nothing. What fails is not aborted here (the broker may be away) but by the next producer to begin."""
        async with asyncio.timeout(5 + 2 * self._session):
            await producer.begin_transaction()
            yield
            await producer.commit_transaction()

    async def _move(self, epoch: int, position: int) -> None:
        if not await self._store(lambda outbox: outbox.move(epoch, position)):
            raise NotOursError(f"it began before {position} was noted")

    async def _page(self, position: int) -> list[Message]:
        return await self._store(lambda outbox: outbox.page(position))

    async def _store(self, work: Callable[[Outbox], _T]) -> _T:
        """Do something with the store, in the relay's own thread; what failed once is opened anew."""

        def run() -> _T:
            if self._outbox is None:
                self._outbox = self._open()
            try:
                return work(self._outbox)
            except Exception:
                with suppress(Exception):  # it is given up
                    self._outbox.close()
                self._outbox = None
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)


@lru_cache(100_000)
def partition(key: bytes) -> int:
    """The partition of a key, as every Kafka client finds it."""
    return int((murmur2(key) & 0x7FFFFFFF) % PARTITIONS)


async def _batches(producer: AIOKafkaProducer, part: int, messages: list[Message]) -> list[asyncio.Future[Any]]:
    futures = []
    batch = producer.create_batch()
    for message in messages:
        if batch.append(key=message.key, value=message.value, timestamp=None, headers=_HEADERS) is None:
            futures.append(await producer.send_batch(batch, EVENTS_OUT, partition=part))
            batch = producer.create_batch()
            batch.append(key=message.key, value=message.value, timestamp=None, headers=_HEADERS)
    futures.append(await producer.send_batch(batch, EVENTS_OUT, partition=part))
    return futures


async def _before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do something that ends by itself at `stop`; where it hangs then, it is given a moment only."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({task}, timeout=_GRACE)
    finally:
        stopped.cancel()
        if not task.done():
            task.cancel()
    with suppress(asyncio.CancelledError):
        await task
