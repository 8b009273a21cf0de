"""Working time: how much of a calendar's time lies between two instants, and when so much has passed (domain.md §6).

Instants and lengths are whole microseconds (`contracts.moments`). Nothing here knows pauses, targets or complaints.
A calendar's intervals are laid out once, year by year as they are asked for, with the time that lies before each:
any question is then one or two searches, however long the span.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from contracts.calendars import IDLE_DAYS, Calendar, days_off
from contracts.moments import SECOND
from contracts.spans import merged
from contracts.wallclock import DAY, EPOCH_DAY, FIRST_DAY, LAST_DAY, LATEST, BeyondTimeError, WallClock, check

Opening = tuple[int, int]
"""Start and end in microseconds since midnight on the wall clock, 0 <= start < end <= 24 hours."""
Interval = tuple[int, int]
"""Start and end as instants; the end does not belong to it."""
HoursOf = Callable[[int], Sequence[Opening]]
"""The hours of a day, by its ordinal: in order, merged; none where it is no working day."""

MINUTE: Final = 60 * SECOND
_STEP: Final = 52 * 7 * DAY  # laid out at once: about a year
_STEP_DAYS: Final = 52 * 7
# Dates whose hours may reach into a stretch of instants: offsets are below a day, and a date that a zone had twice
# lasts for two.
_MARGIN: Final = 3
# An interval is merged with what follows for so long at most: with hours round the clock there is no end to it.
_LONGEST: Final = 10 * _STEP
# What is asked so far from what is laid out begins anew: a time that somebody mistyped must not lay out centuries.
_FAR: Final = 200 * _STEP
_IDLE: Final = IDLE_DAYS * DAY


class NeverOpensError(BeyondTimeError):
    """This calendar has no hours for ten years or more: what waits for it would never fall due."""


class Worktime(ABC):
    """A calendar made ready to reckon with."""

    always: ClassVar[bool]
    """Whether every moment counts."""
    wall: WallClock
    """The wall clock of its days."""

    @abstractmethod
    def between(self, start: int, end: int) -> int:
        """Microseconds of the calendar's time in [start, end); 0 if `end` is not after `start`.

        Raises BeyondTimeError near the ends of what dates there are, as everything here does, and NeverOpensError
        where ten years without hours would have to be waited for.
        """

    @abstractmethod
    def after(self, start: int, length: int) -> int:
        """Give the earliest instant at which `length` microseconds have passed since `start`.

        Work that ends exactly at closing time is due at closing time; a length of 0, or less, is `start` itself.
        """

    @abstractmethod
    def day(self, start: int, days: int, *, end_of_day: bool = False) -> int:
        """Give `P…D` from `start`, without pauses: that day at the start's time of day, even outside hours, or its end.

        It is the n-th day after the start's date on the calendar's wall clock; where the calendar has hours, the n-th
        day that has any. A time of day that comes twice is the later one; one that does not exist is the instant of
        the change. A date that a zone skipped counts as it stands in the calendar. 0 days are `start` itself.
        """

    @abstractmethod
    def end_of_day(self, moment: int) -> int:
        """Give the end of the day that `moment` is in: the last closing, or midnight where there are no hours.

        A moment that already is the end of a day stays. On a day without hours, and after a day's last closing,
        it is the last closing of the next day that has hours.
        """

    @abstractmethod
    def is_open(self, moment: int) -> bool:
        """Whether time counts from `moment` on."""

    @abstractmethod
    def intervals(self, start: int) -> Iterator[Interval]:
        """Every stretch in which time counts, merged, from `start` on: the first clipped to it.

        One that lasts longer than ten years comes in pieces. They end where dates do, and after ten years without any.
        """


@lru_cache(maxsize=256)
def worktime(calendar: Calendar | None, zone: str) -> Worktime:
    """Give what to reckon with: of a named calendar, on its own wall clock, or (None) of `always` on that of `zone`."""
    if calendar is None or calendar.hours is None:
        return Always(WallClock(zone if calendar is None else calendar.zone))
    week = [tuple((start * MINUTE, end * MINUTE) for start, end in day) for day in calendar.hours.week]
    off = frozenset(day.toordinal() for day in days_off(calendar.holidays))
    # Day 1 was a Monday.
    return ByHours(lambda day: () if day in off else week[(day - 1) % 7], WallClock(calendar.zone))


class Always(Worktime):
    """Every moment counts; days are those of a wall clock."""

    always = True

    def __init__(self, clock: WallClock) -> None:
        self.wall = clock

    def between(self, start: int, end: int) -> int:
        """Give all the time in [start, end)."""
        return max(0, end - start)

    def after(self, start: int, length: int) -> int:
        """Give what lies so much later."""
        return check(start + length) if length > 0 else start

    def day(self, start: int, days: int, *, end_of_day: bool = False) -> int:
        """Give the n-th day after the start's."""
        if days == 0 and not end_of_day:
            return start
        day, time = self.wall.reading(start)
        return self.wall.instant(day + days, DAY if end_of_day else time, late=True)

    def end_of_day(self, moment: int) -> int:
        """Give the midnight that `moment` is before, or at."""
        day, _ = self.wall.reading(moment)
        if self.wall.instant(day - 1, DAY, late=True) == moment:
            return moment
        return self.wall.instant(day, DAY, late=True)

    def is_open(self, moment: int) -> bool:  # noqa: ARG002 - it does not matter
        """Say yes."""
        return True

    def intervals(self, start: int) -> Iterator[Interval]:
        """Give all the time there is from `start` on."""
        yield check(start), LATEST


class _Line(NamedTuple):
    """What is laid out: every interval in [low, high), in order. It is replaced, not changed: threads may share it."""

    low: int
    high: int
    starts: array[int]
    ends: array[int]
    sums: array[int]
    """The time before each interval, from wherever the counting began: below 0 for what was laid out later."""
    total: int
    """The same before `high`."""

    def at(self, instant: int) -> int:
        """Give the time before an instant."""
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return self.sums[0] if self.sums else self.total
        return self.sums[index] + min(instant, self.ends[index]) - self.starts[index]


class _Days(NamedTuple):
    """The days in [low, high) that have hours, in order."""

    low: int
    high: int
    days: array[int]


class ByHours(Worktime):
    """Time counts in the hours of each day, as a wall clock shows them.

    An opening that the clock shows twice starts early, a closing ends late, and either is the instant of the change
    where the clock never shows it: a day of a time change has an hour more or less. What overlaps counts once.
    """

    always = False

    def __init__(self, hours: HoursOf, clock: WallClock) -> None:
        self._hours, self.wall = hours, clock
        self._line: _Line | None = None
        self._days: _Days | None = None

    def between(self, start: int, end: int) -> int:
        """Give the working time in [start, end)."""
        if end <= start:
            return 0
        line = self._line
        if line is None or start < line.low or end > line.high:
            line = self._laid_out(start, end)
        return line.at(end) - line.at(start)

    def after(self, start: int, length: int) -> int:
        """Give the earliest instant at which so much working time has passed."""
        if length <= 0:
            return start
        line = self._line
        if line is None or start < line.low or start > line.high:
            line = self._laid_out(start, start)
        check(start + length)  # never less than that
        while (wanted := line.at(start) + length) > line.total:
            if line.high > LATEST:
                raise BeyondTimeError
            if line.high - max(start, line.ends[-1] if line.ends else start) > _IDLE:
                raise NeverOpensError
            # A quarter more each time, so that what is there is seldom copied.
            line = self._laid_out(start, min(LATEST, line.high + (line.high - line.low) // 4))
        index = bisect_left(line.sums, wanted) - 1
        return line.starts[index] + wanted - line.sums[index]

    def day(self, start: int, days: int, *, end_of_day: bool = False) -> int:
        """Give the n-th working day after the start's."""
        if days == 0:
            return self.end_of_day(start) if end_of_day else start
        day, time = self.wall.reading(start)
        day = self._nth_after(day, days)
        return self._closing(day) if end_of_day else self.wall.instant(day, time, late=True)

    def end_of_day(self, moment: int) -> int:
        """Give the last closing of the day, or of the next one that has any."""
        day, _ = self.wall.reading(moment)
        for before in range(day - 1, max(FIRST_DAY, day - _MARGIN) - 1, -1):  # ends now, or days ago
            if self._hours(before):
                if self._closing(before) == moment:
                    return moment
                break
        if self._hours(day) and moment <= (closing := self._closing(day)):
            return closing
        return self._closing(self._nth_after(day, 1))

    def is_open(self, moment: int) -> bool:
        """Say whether it lies within hours."""
        line = self._line
        if line is None or not line.low <= moment < line.high:
            line = self._laid_out(moment, moment + 1)
        index = bisect_right(line.starts, moment) - 1
        return index >= 0 and moment < line.ends[index]

    def intervals(self, start: int) -> Iterator[Interval]:
        """Give the hours, each day's as instants; what touches is one."""
        check(start)
        here, waiting = start, None
        while here < LATEST and here - (start if waiting is None else waiting[1]) < _IDLE:
            line = self._laid_out(here, min(here + _STEP, LATEST))
            for index in range(bisect_right(line.ends, here), len(line.starts)):
                interval = max(here, line.starts[index]), line.ends[index]
                if waiting is not None and waiting[1] == interval[0] and interval[1] - waiting[0] < _LONGEST:
                    waiting = waiting[0], interval[1]
                    continue
                if waiting is not None:
                    yield waiting
                waiting = interval
            here = line.high
        if waiting is not None:
            yield waiting

    def _closing(self, day: int) -> int:
        return self.wall.instant(day, self._hours(day)[-1][1], late=True)

    def _nth_after(self, day: int, count: int) -> int:
        """Give the n-th day with hours after a day; n is 1 or more."""
        known = self._days
        if known is None or not known.low <= day + 1 <= known.high:
            low = high = day + 1
            if known and abs(low - known.low) < _FAR // DAY:
                low, high = min(low, known.low), max(high, known.high)
            known = _Days(low, high, array("q", self._working(low, high)))
        index = bisect_right(known.days, day) + count - 1
        while index >= len(known.days):
            if known.high > LAST_DAY:
                self._days = known
                raise BeyondTimeError
            if known.high - max(day, known.days[-1] if known.days else day) > IDLE_DAYS:
                raise NeverOpensError
            high = min(known.high + max(_STEP_DAYS, index - len(known.days)), LAST_DAY + 1)
            known = _Days(known.low, high, known.days + array("q", self._working(known.high, high)))
        self._days = known
        return known.days[index]

    def _working(self, low: int, high: int) -> Iterator[int]:
        return (day for day in range(low, high) if self._hours(day))

    def _laid_out(self, start: int, end: int) -> _Line:
        """Give a line that covers [start, end], laid out further where it did not."""
        check(start), check(end)
        line = self._line
        low, high = start // _STEP * _STEP, end // _STEP * _STEP + _STEP
        if line is None or low > line.high + _FAR or high < line.low - _FAR:
            line = self._extended(_Line(low, low, array("q"), array("q"), array("q"), 0), low, high)
        elif low < line.low or high > line.high:
            line = self._extended(line, min(low, line.low), max(high, line.high))
        self._line = line
        return line

    def _extended(self, line: _Line, low: int, high: int) -> _Line:
        before, after = self._between(low, line.low), self._between(line.high, high)
        first = line.sums[0] if line.sums else line.total
        sums = array("q", [first - sum(end - start for start, end in before)])
        for start, end in before:
            sums.append(sums[-1] + end - start)
        sums.pop()
        sums.extend(line.sums)
        total = line.total
        for start, end in after:
            sums.append(total)
            total += end - start
        starts = array("q", [start for start, _ in before]) + line.starts + array("q", [start for start, _ in after])
        ends = array("q", [end for _, end in before]) + line.ends + array("q", [end for _, end in after])
        return _Line(low, high, starts, ends, sums, total)

    def _between(self, low: int, high: int) -> tuple[Interval, ...]:
        """Every interval in [low, high), merged and clipped to it."""
        if low >= high:
            return ()
        first = max(FIRST_DAY, low // DAY + EPOCH_DAY - _MARGIN)
        last = min(LAST_DAY, high // DAY + EPOCH_DAY + _MARGIN)
        found = []
        offsets = [self.wall.offset(first), self.wall.offset(first + 1)]
        for day in range(first, last + 1):
            offsets = [*offsets[-2:], self.wall.offset(day + 2)]
            if not (hours := self._hours(day)):
                continue
            # Nearly all days: no change in it, nor in the next, whose beginning is the end of this one.
            if offsets[0] == offsets[1] == offsets[2]:
                midnight = (day - EPOCH_DAY) * DAY - offsets[0]
                found += [(max(low, midnight + opening), min(high, midnight + closing)) for opening, closing in hours]
            else:
                found += [(max(low, start), min(high, end)) for start, end in self._as_shown(day, hours)]
        return merged((start, end) for start, end in found if start < end)

    def _as_shown(self, day: int, hours: Sequence[Opening]) -> Iterator[Interval]:
        for opening, closing in hours:
            yield self.wall.instant(day, opening, late=False), self.wall.instant(day, closing, late=True)
