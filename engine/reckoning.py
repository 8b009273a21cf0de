"""One cycle of a clock: when it is due, warns and breaches, and what has elapsed (domain.md §6).

Pure arithmetic: from its start, its stop and the time that does not count, as known, to where it stands at `now`.
Moments and lengths are microseconds; lengths are in time of the clock's calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

from contracts.agreements import Agreement, Clock
from contracts.lengths import Days
from contracts.moments import SECOND
from contracts.wallclock import EARLIEST, LATEST, BeyondTimeError
from contracts.worktime import Worktime, worktime

_MOST = 65_536
"""Answers of calendars that are kept, of all together; 200 bytes each."""
Warned = tuple[Fraction, int]
"""A fraction of the target, and when it had passed."""


class Block(NamedTuple):
    """Time that does not count: a pause, or (not `pause`) a gap between an end and a reopening. None: it lasts."""

    start: int
    end: int | None
    pause: bool = True


Behind = tuple[str, str]
"""The fact behind something, by its source and id."""


class Stop(NamedTuple):
    """When a cycle stopped: by what it waits for (`own`), or with the complaint's end.

    `behind` is the fact that did it; None: its outage's end, or terms that have no such clock.
    """

    time: int
    own: bool
    behind: Behind | None = None


class Extension(NamedTuple):
    """Said at `time` by the fact `behind`: it is due at `until` instead. From `since` on its notice is there too."""

    time: int
    until: int
    behind: Behind
    since: int


class Kept(NamedTuple):
    """What earlier terms had brought about before new ones were applied at `floor`: nothing of it is taken back."""

    floor: int
    warned: tuple[Warned, ...] = ()
    breached: int | None = None
    upholds: bool = False
    """Whether by that breach the complaint counts as upheld."""


class Clockwork:
    """A clock of an agreement, ready to reckon with."""

    def __init__(self, clock: Clock, agreement: Agreement) -> None:
        calendar = next((c for c in agreement.calendars if c.name == clock.calendar), None)
        self.clock = clock
        self.calendar = calendar
        self.zone = agreement.zone if calendar is None else calendar.zone
        self.name = clock.name
        self.pauses = frozenset(clock.pauses)
        self.time: Worktime = worktime(calendar, agreement.zone)
        length = clock.length
        self.days = length.days if isinstance(length, Days) else None
        self.target = 0 if isinstance(length, Days) else length.seconds * SECOND
        self.end_of_day = clock.until == "end_of_day"
        self.fractions = clock.fractions
        # What is reckoned for a cycle is the same each time that it is looked at.
        self.after = self.time.after if self.time.always else partial(_after, self.time)
        """As `Worktime.after`."""
        self.day = partial(_day, self.time)
        """As `Worktime.day`."""

    @cached_property
    def thresholds(self) -> tuple[tuple[Fraction, int], ...]:
        """The warnings of a `PT…` target: each fraction and the time after which it is due."""
        return tuple((fraction, _part(fraction, self.target)) for fraction in self.fractions)


@lru_cache(_MOST)
def _after(time: Worktime, start: int, length: int) -> int:
    return time.after(start, length)


@lru_cache(_MOST)
def _day(time: Worktime, start: int, days: int, *, end_of_day: bool) -> int:
    return time.day(start, days, end_of_day=end_of_day)


class Reckoned(NamedTuple):
    """A cycle as it stands. `due` is when it breaches, None where that is not known; `due_at` is what is shown of it.

    `next` is when it changes if nothing happens.
    """

    state: str
    due: int | None
    due_at: int | None
    stopped_at: int | None
    warned: tuple[Warned, ...]
    breached_at: int | None
    paused: Block | None
    next: int | None


def reckon(
    work: Clockwork,
    start: int,
    stop: Stop | None,
    blocks: Sequence[Block],
    now: int,
    *,
    by: int | None = None,
    extension: Extension | None = None,
    kept: Kept | None = None,
) -> Reckoned:
    """Where a cycle stands at `now`; what falls due `by` then has done so (None: `now` itself).

    `blocks` are in order, apart from each other, and begin at `start` at the earliest; `stop` is up to `now`.
    """
    by = now if by is None else by
    edge = now if stop is None else stop.time
    live = [b for b in blocks if (b.start <= edge if stop is None else b.start < edge)] if blocks else ()
    last = live[-1] if live else None
    lasts = last if last is not None and last.pause and (last.end is None or last.end > edge) else None
    run = _Run(work, start, live, edge)
    reached = _due(run, extension)
    due = reached if kept is None else _kept(reached, kept)
    breached = due if due is not None and due <= by and (stop is None or due < stop.time) else None
    if kept is not None and kept.breached is not None:  # also where by these terms it had stopped before
        breached = kept.breached
    warned, coming = _warnings(run, by if stop is None else edge, stop, extension, kept)
    if stop is not None:
        state = ("met" if breached is None else "late") if stop.own else ("cancelled" if breached is None else "late")
        upcoming = None
    else:
        state = "breached" if breached is not None else "running" if lasts is None else "paused"
        if due is not None and due > by:
            coming.append(due)
        upcoming = min(coming, default=None)
    stays = kept is not None and kept.breached is not None
    due_at = due if lasts is None or stays or (reached is not None and reached <= edge) else None
    return Reckoned(state, due, due_at, None if stop is None else stop.time, warned, breached, lasts, upcoming)


def due_then(work: Clockwork, start: int, blocks: Sequence[Block], then: int) -> int | None:
    """When it would be due as of a moment, if nothing paused it from then on, a pause that lasts included."""
    return _due(_Run(work, start, [Block(*b[:2], pause=False) for b in blocks if b.start <= then], then), None)


def due_warnings(
    work: Clockwork, start: int, blocks: Sequence[Block], edge: int, extension: Extension | None
) -> list[tuple[Fraction, int | None]]:
    """When each warning is due as of a moment; None where that is not known, while a pause lasts."""
    return _due_warnings(_Run(work, start, [b for b in blocks if b.start <= edge], edge), extension)


def elapsed(work: Clockwork, start: int, blocks: Sequence[Block], edge: int) -> tuple[int, int]:
    """Time of its calendar that counted from `start` to `edge`, and time in pauses."""
    whole = _counted(work.time, start, edge)
    paused = gone = 0
    for block in blocks:
        if block.start >= edge:
            break
        took = _counted(work.time, block.start, edge if block.end is None else min(block.end, edge))
        gone += took
        if block.pause:
            paused += took
    return whole - gone, paused


def _counted(time: Worktime, start: int, end: int) -> int:
    """Time that counts in [start, end); where no calendar reaches, in the first and the last days of all, none does."""
    return time.between(start, end) if time.always else time.between(max(start, EARLIEST), min(end, LATEST))


class _Run(NamedTuple):
    """A cycle from its start to an edge: its stop, or now. Blocks are those that began by then."""

    work: Clockwork
    start: int
    blocks: Sequence[Block]
    edge: int


def _kept(reached: int | None, kept: Kept) -> int | None:
    """When it is due, where earlier terms had brought something about: a breach, or nothing until new ones came."""
    if kept.breached is not None:
        return kept.breached
    return None if reached is None else max(reached, kept.floor)


def _due(run: _Run, extension: Extension | None) -> int | None:
    work = run.work
    try:
        if extension is not None:
            later = [b for b in run.blocks if b.start > extension.time]
            return _moved(run._replace(blocks=later), extension.until)
        if work.days is None:
            return _reached(run, work.target)
        return _moved(run, work.day(run.start, work.days, end_of_day=work.end_of_day))
    except BeyondTimeError:  # after the last year that a calendar knows: it never falls due
        return None


def _reached(run: _Run, amount: int) -> int | None:
    """The earliest instant at which `amount` has elapsed; None while a pause lasts that began before."""
    time = run.work.time
    since, left = run.start, amount
    for block in run.blocks:
        ran = _counted(time, since, block.start)
        if ran >= left:
            break
        left -= ran
        if block.end is None or block.end > run.edge:
            if block.pause:
                return None
            since = run.edge
            break
        since = block.end
    return run.work.after(since, left)


def _moved(run: _Run, first: int) -> int | None:
    """A moment, moved on by as much time as the blocks took that began before it; None while a pause lasts.

    With `end_of_day` it is the end of the day to which all of that time leads: a wait that was told in two parts moves
    it no further than one that was told whole.
    """
    time = run.work.time
    due, taken = first, 0
    for block in run.blocks:
        if block.start >= due:
            break
        end = block.end
        if end is None or end > run.edge:
            if block.pause:
                return None
            end = run.edge
        took = _counted(time, block.start, end)
        if took:
            taken += took
            due = run.work.after(first, taken)
            if run.work.end_of_day:
                due = time.end_of_day(due)
    return due


def _warnings(
    run: _Run, by: int, stop: Stop | None, extension: Extension | None, kept: Kept | None
) -> tuple[tuple[Warned, ...], list[int]]:
    """Warnings that were due by a moment, before its stop; and when the others are."""
    if not run.work.fractions and kept is None:
        return (), []
    warned = [] if kept is None else [*kept.warned]
    given = [fraction for fraction, _ in warned]
    coming = []
    for fraction, at in _due_warnings(run, extension):
        if at is None or fraction in given:
            continue
        due = at if kept is None else max(at, kept.floor)
        if due > by:
            coming.append(due)
        elif stop is None or due < stop.time:
            warned.append((fraction, due))
    return tuple(sorted(warned, key=lambda w: (w[1], w[0]))), coming


def _due_warnings(run: _Run, extension: Extension | None) -> list[tuple[Fraction, int | None]]:
    work = run.work
    if work.days is None:
        return [(fraction, _when(run, amount)) for fraction, amount in work.thresholds]
    try:
        moment = work.day(run.start, work.days, end_of_day=work.end_of_day)
        whole = _counted(work.time, run.start, moment)
        longer = whole if extension is None else _counted(work.time, run.start, extension.until)
    except BeyondTimeError:
        return []
    found: list[tuple[Fraction, int | None]] = []
    for fraction in work.fractions:
        at = _when(run, _part(fraction, whole))
        if extension is not None and (at is None or at >= extension.since):
            at = _when(run, _part(fraction, longer))
        found.append((fraction, at))
    return found


def _when(run: _Run, amount: int) -> int | None:
    try:
        return _reached(run, amount)
    except BeyondTimeError:
        return None


def _part(fraction: Fraction, whole: int) -> int:
    """That part of a length, rounded up to the second."""
    return -(-fraction.numerator * whole // (fraction.denominator * SECOND)) * SECOND
