"""One cycle of a clock: what it is reckoned from, where it then stands, and as which row that is recorded.

Moments are microseconds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from contracts.agreements import Agreement
from contracts.envelope import Key
from contracts.rows import ClockRow
from engine.reckoning import Block, Clockwork, Extension, Kept, Reckoned, Stop, elapsed, reckon
from engine.rows import Cycle, Outage, clock_row
from engine.waiting import Wait

_MOST = 512


class Applied(Struct, frozen=True, gc=False):
    """Terms, from a moment on."""

    time: int
    version: int
    terms: Agreement


class Span(NamedTuple):
    """Where a cycle runs: its number, its start, and what stopped it, if anything did.

    `begun` is the place of the filing or the reopening from which it runs, `outage` what it follows, if it does.
    """

    number: int
    start: int
    stop: Stop | None
    begun: Key | None = None
    outage: Outage | None = None


class Run(NamedTuple):
    """All that a cycle is reckoned from, beside the time and what earlier terms had brought about."""

    work: Clockwork
    version: int
    span: Span
    blocks: tuple[Block, ...]
    waits: tuple[Wait, ...]
    extension: Extension | None

    def found(self, now: int, by: int, kept: Kept | None = None) -> Found:
        """Where it stands at `now`, with what falls due `by` then."""
        work, _, span, blocks, waits, extension = self
        if span.outage is not None and not (waits or blocks or extension or kept):
            return _in_common(self, by)
        reckoned = reckon(work, span.start, span.stop, blocks, now, by=by, extension=extension, kept=kept)
        return Found(self, reckoned, kept)


Owing = tuple[int, Outage]
"""When something more is owed for an outage, if it goes on."""


class Looked(Struct, frozen=True, gc=False):
    """How a complaint stood when it was looked at last, as long as nothing that it is reckoned from is another."""

    terms: list[Applied]
    service: int
    """The version of the service's stream; 0: it does not follow its service."""
    live: list[tuple[int, Run]]
    """Cycles that change if nothing happens, and when."""
    credit: Owing | None
    """The outage for which something more is owed if nothing happens."""


class Found(NamedTuple):
    """A cycle as it stands, and all that it was reckoned from."""

    run: Run
    reckoned: Reckoned
    kept: Kept | None = None
    common: int | None = None
    """When it was reckoned, if it is the same for all who live through its outage (see `_in_common`)."""

    @property
    def upholds(self) -> bool:
        """Whether by its breach, if it has one, the complaint counts as upheld: as the terms say that it breached."""
        if self.kept is not None and self.kept.breached is not None:
            return self.kept.upholds
        return self.run.work.clock.on_breach is not None


@lru_cache(_MOST)
def _in_common(run: Run, by: int) -> Found:
    """A cycle that follows its outage and nothing else. Many complaints live through the same one."""
    return Found(run, reckon(run.work, run.span.start, run.span.stop, (), by), common=by)


def cycle_of(found: Found, agreement: str, *, at: int | None = None) -> Cycle:
    """A cycle as it is recorded: lengths only once it has stopped, or as they are `at` a moment."""
    run, reckoned = found.run, found.reckoned
    span = run.span
    edge = at if reckoned.stopped_at is None else reckoned.stopped_at
    counted = (None, None) if edge is None else elapsed(run.work, span.start, run.blocks, edge)
    wait = pausing(found)
    return Cycle(
        run.work.name,
        span.number,
        agreement,
        run.version,
        reckoned.state,
        run.work.clock.target,
        span.start,
        reckoned.due_at,
        reckoned.stopped_at,
        tuple(at for _, at in reckoned.warned),
        reckoned.breached_at,
        None if wait is None else wait.on,
        None if wait is None else wait.start,
        counted[0] if counted[0] is None else counted[0] // 1_000_000,
        counted[1] if counted[1] is None else counted[1] // 1_000_000,
    )


def recorded(found: Found, agreement: str) -> tuple[Cycle, ClockRow]:
    """A cycle as it is recorded, and its row."""
    if found.common is not None:
        return _recorded_in_common(found.run, found.common, agreement)
    cycle = cycle_of(found, agreement)
    return cycle, clock_row(cycle)


@lru_cache(_MOST)
def _recorded_in_common(run: Run, by: int, agreement: str) -> tuple[Cycle, ClockRow]:
    cycle = cycle_of(_in_common(run, by), agreement)
    return cycle, clock_row(cycle)


def as_concluded(cycle: Cycle, concluded: int) -> Cycle:
    """A cycle without what fell due after `concluded`, when the engine last looked at it."""
    warned = tuple(at for at in cycle.warned_at if at <= concluded)
    if cycle.breached_at is None or cycle.breached_at <= concluded:
        return cycle if warned == cycle.warned_at else cycle._replace(warned_at=warned)
    state = cycle.state
    if state == "breached":
        state = "running" if cycle.paused_for is None else "paused"
    return cycle._replace(warned_at=warned, breached_at=None, state=state)


def pausing(found: Found) -> Wait | None:
    """The wait that pauses it now."""
    block = found.reckoned.paused
    if block is None or found.reckoned.stopped_at is not None:
        return None
    return next((w for w in reversed(found.run.waits) if w.start <= block.start), None)
