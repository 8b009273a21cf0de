"""Batch after batch: while one is written, the next is decided on (docs/decisions/0018).

Writing waits for the disk and needs little Python, so another processor does it. What is decided meanwhile rests on
what was read in the transaction of the batch that is being written, and on what that batch has changed, which is on
hand. It counts only if nobody else has written in between: that is seen under the write lock, before anything of it is
written; else it is decided on again from the beginning. Each batch is a transaction of its own, as ever.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from threading import Event
from typing import Any, NamedTuple, cast

from contracts.errors import StilldownError
from engine.ahead import Ahead, Batch
from engine.store.transactions import relieved, writing
from engine.store.unit import Unit
from engine.taken import Saving, Taken
from engine.taking import Taking, WaitedError
from engine.timers import RANK, ElsewhereError

SOON = 0.005
"""Seconds for which the next batch is waited for before one is written without it."""
SHY = 32
"""Batches that are not decided on ahead after somebody else had written in between."""


class ForestalledError(StilldownError):
    """Somebody else has written what a batch should have been decided from."""


class _TakenBackError(Exception):
    """Nobody waits for the batch any more, and it was not committed yet."""


_AGAIN = (ForestalledError, WaitedError, ElsewhereError)
"""No fact of the batch is at fault: it is taken by itself."""


class _Flight(NamedTuple):
    """A batch whose writing is under way."""

    batch: Batch
    taken: Taken
    written: Future[None]


class _Transaction:
    """The transaction of a batch: begun when anything is asked of it, which is the unit's."""

    def __init__(self, begin: Callable[[ExitStack], Unit]) -> None:
        self.stack = ExitStack()
        self._begin = begin
        self._unit: Unit | None = None

    @property
    def unit(self) -> Unit:
        """What is read and written in it."""
        if self._unit is None:
            self._unit = self._begin(self.stack)
        return self._unit

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a unit's
        return getattr(self.unit, name)

    def take_back(self) -> None:
        """Ends it, if it was begun and has not ended; nothing of it stays."""
        with suppress(_TakenBackError), self.stack:
            raise _TakenBackError


class _Writer:
    """Writes one batch after the other, in a thread of its own."""

    def __init__(self, pool: ThreadPoolExecutor, committed: Callable[[], None]) -> None:
        self._pool = pool
        self._committed = committed
        self._abandoned = Event()

    def write(self, stack: ExitStack, unit: Unit, saving: Saving) -> Future[None]:
        """Writes a batch and commits it."""
        return self._pool.submit(self._write, stack, unit, saving)

    def abandon(self) -> None:
        """Takes back what is being written, if it is not committed yet."""
        self._abandoned.set()

    def _write(self, stack: ExitStack, unit: Unit, saving: Saving) -> None:
        with stack:
            saving.write(unit)
            if self._abandoned.is_set():
                raise _TakenBackError
        self._committed()


class Streaming(Taking):
    """Taking in one batch after the other."""

    def stream(self, batches: Ahead, *, mode: str | None = "wall") -> Generator[Taken, None, None]:
        """Takes batches in, each in a transaction; what became of their facts, in order, as soon as it is durable.

        `mode` as for `take`. Where the engine's clock follows the facts, a batch is decided on while the one before is
        written; by the clock on the wall each is taken when the one before is durable. Who stops asking has what was
        given recorded, and nothing else. Raises what `take` raises, and what reading the batches raises.
        """
        with relieved(self._store) as committed, ThreadPoolExecutor(1, "stilldown-writer") as pool:
            writer = _Writer(pool, committed)
            try:
                yield from self._stream(batches, mode, writer)
            except BaseException:
                writer.abandon()
                self._forget()
                raise

    def _stream(self, batches: Ahead, mode: str | None, writer: _Writer) -> Iterator[Taken]:
        flight: _Flight | None = None
        shy = 0
        for batch in batches:
            transaction = _Transaction(partial(self._begin, flight))
            try:
                decided = self._decide_on(batch, transaction, flight, mode)
                if flight is not None:
                    yield self._land(flight, mode)
                departed = self._depart(batch, transaction, decided, writer, None if shy else batches)
            except _AGAIN as error:
                departed = None
                shy = SHY if isinstance(error, ForestalledError) else shy
            finally:
                transaction.take_back()
            flight = departed if isinstance(departed, _Flight) else None
            if departed is None:
                self._forget()
                yield self.take(batch.bodies, mode=mode, facts=batch.facts)
            elif isinstance(departed, Taken):
                shy = max(0, shy - 1)
                yield departed
                if (done := len(departed.results)) < len(batch.bodies):
                    yield self.take(batch.bodies[done:], mode=mode, facts=batch.facts[done:])
        if flight is not None:
            yield self._land(flight, mode)

    def _decide_on(
        self, batch: Batch, transaction: _Transaction, before: _Flight | None, mode: str | None
    ) -> Saving | Exception:
        """Decides on a batch. What was read for it is on hand if there is one `before` it, whose writing goes on."""
        try:
            if before is None:
                self._open_batch(transaction.unit, mode)
                self._get_ready(transaction.unit, batch.facts, alone=False)
            self._build_read()
            if before is not None:
                self._cache.trim()  # what is missed then is read when the batch before is in the store
            self._unit = cast("Unit", transaction)
            results, more = self._decide_all(*batch)
            return self._gather(results, more=more)
        except Exception as error:  # noqa: BLE001 - the batch before comes first
            return error

    def _land(self, flight: _Flight, mode: str | None) -> Taken:
        """Waits until a batch is durable. What failed for a fact's fault is taken by itself."""
        failure = flight.written.exception()
        if failure is None:
            return flight.taken
        self._forget()
        if isinstance(failure, StilldownError) or not isinstance(failure, Exception):
            raise failure
        return self.take(flight.batch.bodies, mode=mode, facts=flight.batch.facts)

    def _depart(
        self,
        batch: Batch,
        transaction: _Transaction,
        saving: Saving | Exception,
        writer: _Writer,
        more: Ahead | None,
    ) -> _Flight | Taken | None:
        """Writes what was decided, or begins to: the next of `more` is on hand then. None: it is to be taken by itself.

        Raises what others are to blame for.
        """
        if isinstance(saving, StilldownError):
            raise saving
        if isinstance(saving, Exception):
            return None
        try:
            unit = self._unit = transaction.unit
            whole = len(saving.taken.results) == len(batch.bodies)
            following = more.soon(SOON) if more is not None and whole and self._mode == "event" else None
            if following is not None and (saving.events or self._seen_position):
                self._get_ahead(unit, saving, following)
                return _Flight(batch, saving.taken, writer.write(transaction.stack.pop_all(), unit, saving))
            with transaction.stack:
                saving.write(unit)
        except StilldownError:
            raise
        except Exception:  # noqa: BLE001 - it is tried again, fact by fact if need be, and said then
            return None
        self._saved(saving.taken)
        return saving.taken

    def _get_ahead(self, unit: Unit, saving: Saving, following: Batch) -> None:
        """Reads for the next batch, before this one is written: what this one has changed is on hand."""
        armed, written = saving.timers, self._identities
        self._seen_position += saving.taken.events
        self._clock = saving.clock or self._clock
        self._begin_batch()
        self._holding, self._dying = unit.holds_any(), unit.has_dead()
        self._get_ready(unit, following.facts, alone=False, written=written)
        for stream, due in armed.items():
            if due is not None and due <= self._horizon:
                heapq.heappush(self._heap, (due, RANK[stream.partition(":")[0]], stream))
        if self._heap:
            self._read_next(unit)

    def _begin(self, before: _Flight | None, stack: ExitStack) -> Unit:
        """Begins the transaction of a batch when that of the one before has ended."""
        if before is not None:
            before.written.result()
        unit = stack.enter_context(writing(self._store))
        if before is not None and not self._is_as_seen(unit):
            raise ForestalledError
        return unit

    def _is_as_seen(self, unit: Unit) -> bool:
        """Whether nobody else has written anything on which decisions rest."""
        version = unit.changes()
        if version == self._seen_version:
            return True
        self._seen_version = version
        there = (unit.last_position(), unit.clock(), unit.works(), unit.holds_any())
        return there == (self._seen_position, self._clock, self._working, self._holding)
