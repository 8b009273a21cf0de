"""A clock that is not the engine's: minute by minute, for logs whose moments are whole minutes (domain.md §6).

Which minutes a calendar counts is looked up once, each by itself, on the wall clock of its zone. Of the engine it uses
nothing; moments are minutes since `FIRST`, and what is given may lie between two of them (warnings).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

FIRST = datetime(2016, 2, 1, tzinfo=UTC)
DAYS = 480
_ALL = DAYS * 1440
Stretch = tuple[int, int | None]


class Plain:
    """The minutes of a calendar; `hours` in minutes since midnight by weekday, None: every minute counts."""

    def __init__(self, zone: str, hours: dict[int, list[tuple[int, int]]] | None, off: frozenset[date]) -> None:
        wall = ZoneInfo(zone)
        self.shown = [] if hours is None else [(FIRST + timedelta(minutes=n)).astimezone(wall) for n in range(_ALL)]
        self.open = [True] * _ALL if hours is None else [_is_open(shown, hours, off) for shown in self.shown]
        self.minutes = [n for n, is_open in enumerate(self.open) if is_open]
        self.sums = [0, *accumulate(self.open)]
        self.closings: dict[date, int] = {}
        """Each working day, and the minute after its last one."""
        for n in self.minutes if self.shown else ():
            self.closings[self.shown[n].date()] = n + 1
        self.days = sorted(self.closings)
        self.ends = sorted(self.closings.values())

    def counted(self, start: int, end: int) -> int:
        """Minutes that count in [start, end)."""
        return self.sums[max(end, start)] - self.sums[start]

    def reached(self, start: int, seconds: int, without: list[Stretch]) -> Fraction | None:
        """The earliest moment at which so many seconds have counted: open minutes told off one after another."""
        if seconds == 0:
            return Fraction(start)
        left, n = seconds, bisect_left(self.minutes, start)
        while True:
            minute = self.minutes[n]
            block = next(((a, b) for a, b in without if a <= minute and (b is None or minute < b)), None)
            if block is not None:
                if block[1] is None:
                    return None
                n = bisect_left(self.minutes, block[1])
                continue
            coming = min((a for a, _ in without if a > minute), default=_ALL)
            there = bisect_left(self.minutes, coming)
            if left <= (there - n) * 60:
                whole, rest = divmod(left, 60)
                return (
                    Fraction(self.minutes[n + whole - 1] + 1)
                    if rest == 0
                    else self.minutes[n + whole] + Fraction(rest, 60)
                )
            left -= (there - n) * 60
            n = there

    def nth_closing(self, start: int, days: int) -> int:
        """The last closing of the n-th working day after the start's date."""
        return self.closings[self.days[bisect_right(self.days, self.shown[start].date()) + days - 1]]


def _is_open(shown: datetime, hours: dict[int, list[tuple[int, int]]], off: frozenset[date]) -> bool:
    minute = shown.hour * 60 + shown.minute
    return shown.date() not in off and any(a <= minute < b for a, b in hours.get(shown.weekday(), []))


class Terms(NamedTuple):
    """A clock: `seconds` of its calendar, or working `days` to the end of the last."""

    plain: Plain
    seconds: int
    days: int | None
    warn: tuple[Fraction, ...]


class Row(NamedTuple):
    """A cycle at a moment. Lengths are minutes."""

    state: str
    due: Fraction | None
    stop: int | None
    elapsed: int
    paused: int
    warned: list[Fraction]
    breached: Fraction | None


class Course(NamedTuple):
    """What a cycle went through, up to `now`: its start, its stop (`own`: not the complaint's end), what did not count.

    `pauses` and `gaps` do not overlap, and begin at the start or later.
    """

    start: int
    stop: int | None
    own: bool
    pauses: list[Stretch]
    gaps: list[Stretch]
    now: int


def row(terms: Terms, course: Course) -> Row:
    """Where it stands."""
    start, stop, own, pauses, gaps, now = course
    edge = now if stop is None else stop
    pauses = [
        (a, b if b is not None and b <= edge else None) for a, b in pauses if a < edge or (a == edge and stop is None)
    ]
    lasting = any(b is None for _, b in pauses)
    blocks = sorted([*pauses, *gaps], key=lambda block: block[0])
    due = _due(terms, start, blocks)
    if lasting and due is not None and due > edge:
        due = None
    breached = due if due is not None and (due < stop if stop is not None else due <= now) else None
    amounts = [_seconds(terms, start, fraction) for fraction in terms.warn]
    at = [terms.plain.reached(start, amount, blocks) for amount in amounts]
    warned = [m for m in at if m is not None and (m < stop if stop is not None else m <= now)]
    paused = sum(terms.plain.counted(a, edge if b is None else b) for a, b in pauses)
    gone = sum(terms.plain.counted(a, edge if b is None else min(b, edge)) for a, b in gaps if a < edge)
    elapsed = terms.plain.counted(start, edge) - paused - gone
    if stop is not None:
        state = "late" if breached is not None else "met" if own else "cancelled"
    else:
        state = "breached" if breached is not None else "paused" if lasting else "running"
    return Row(state, due, stop, elapsed, paused, sorted(warned), breached)


def _seconds(terms: Terms, start: int, fraction: Fraction) -> int:
    """That part of the target, rounded up to the second."""
    whole = terms.seconds
    if terms.days is not None:
        whole = 60 * terms.plain.counted(start, terms.plain.nth_closing(start, terms.days))
    return -(-fraction.numerator * whole // fraction.denominator)


def _due(terms: Terms, start: int, blocks: list[Stretch]) -> Fraction | None:
    if terms.days is None:
        return terms.plain.reached(start, terms.seconds, blocks)
    first = due = terms.plain.nth_closing(start, terms.days)
    taken = 0
    for a, b in blocks:
        if a >= due:
            break
        if b is None:
            return None
        taken += terms.plain.counted(a, b)
        if taken:
            moved = terms.plain.reached(first, taken * 60, [])
            due = terms.plain.ends[bisect_left(terms.plain.ends, moved)]  # type: ignore[type-var] # it is reached
    return Fraction(due)
