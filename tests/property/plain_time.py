"""Working time written a second time, plainly: every minute of a fortnight is looked at (the domain page, section 6).

Nothing of `contracts.worktime` or `contracts.wallclock` is used. Zones are walked through tick by tick: a minute, or
less where a zone's offset has seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
Wall = tuple[date, int]
"""A date and the seconds since its midnight, as a clock on the wall shows them."""
Week = dict[int, list[tuple[int, int]]]
"""Hours by weekday, Monday is 0: start and end in minutes since midnight."""


class PlainTime:
    """Every tick from `begin` (UTC midnight) for so many days, what the wall shows, and whether it is open."""

    def __init__(self, zone: str, week: Week | None, off: set[date], begin: date, days: int) -> None:
        first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
        self.tick = tick(zone, begin, days)
        self.ticks = [first + n * self.tick for n in range(timedelta(days=days) // self.tick)]
        self.shown = [self._shown(at.astimezone(ZoneInfo(zone))) for at in self.ticks]
        self._at: dict[Wall, list[int]] = {}
        for n, wall in enumerate(self.shown):
            self._at.setdefault(wall, []).append(n)
        self.week, self.off = week, off
        self.open = [week is None] * len(self.ticks)
        for day in sorted({day for day, _ in self.shown}):
            for start, end in self.hours(day):
                for n in range(self.shows(day, start * 60, late=False), self.shows(day, end * 60, late=True)):
                    self.open[n] = True

    @staticmethod
    def _shown(local: datetime) -> Wall:
        return local.date(), (local.hour * 60 + local.minute) * 60 + local.second

    def hours(self, day: date) -> list[tuple[int, int]]:
        if self.week is None or day in self.off:
            return []
        return self.week.get(day.weekday(), [])

    def works(self, day: date) -> bool:
        return self.week is None or bool(self.hours(day))

    @cached_property
    def changes(self) -> list[int]:
        """The ticks at which the wall's clock is set forward or back."""
        shown = [datetime(day.year, day.month, day.day) + at * SECOND for day, at in self.shown]  # noqa: DTZ001
        return [n for n in range(1, len(shown)) if shown[n] - shown[n - 1] != self.tick]

    def times_shown(self, day: date, at: int) -> int:
        return len(self._at.get((day, at), ()))

    def shows(self, day: date, at: int, *, late: bool) -> int:
        """The first or last tick at which the wall shows it, or the first at which it shows a later time."""
        wall = (day + timedelta(days=1), 0) if at == 86_400 else (day, at)
        if wall in self._at:
            return self._at[wall][-1 if late else 0]
        return next((n for n, shown in enumerate(self.shown) if shown > wall), len(self.shown))

    def _from(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        """The ticks from the one on in which `start` is."""
        n = (start - self.ticks[0]) // self.tick
        return zip(self.ticks[n:], self.open[n:], strict=True)

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta()
        for at, is_open in self._from(start):
            if at >= end:
                break
            if is_open:
                total += max(min(end, at + self.tick) - max(start, at), timedelta())
        return total

    def after(self, start: datetime, length: timedelta) -> datetime | None:
        """None: not within these days."""
        if not length:
            return start
        for at, is_open in self._from(start):
            if is_open:
                here = max(start, at)
                if at + self.tick - here >= length:
                    return here + length
                length -= at + self.tick - here
        return None

    def day(self, start: datetime, days: int, *, end_of_day: bool) -> datetime:
        day, at = self.wall_after(start, days)
        if end_of_day:
            return self.end(day)
        n = self.shows(day, at, late=True)
        within = (start - self.ticks[0]) % self.tick
        return self.ticks[n] + (within if self.times_shown(day, at) else timedelta())

    def wall_after(self, start: datetime, days: int) -> Wall:
        """What the wall is to show on the n-th working day after."""
        day, at = self.shown[(start - self.ticks[0]) // self.tick]
        while days:
            day += timedelta(days=1)
            days -= self.works(day)
        return day, at

    def end(self, day: date) -> datetime:
        closing = 1440 if self.week is None else max(end for _, end in self.hours(day))
        return self.ticks[self.shows(day, closing * 60, late=True)]

    def end_of_day(self, moment: datetime) -> datetime:
        day, _ = self.shown[(moment - self.ticks[0]) // self.tick]
        before = day - timedelta(days=1)
        while not self.works(before) and before > self.shown[0][0]:
            before -= timedelta(days=1)
        if self.works(before) and self.end(before) == moment:
            return moment
        while not self.works(day) or self.end(day) < moment:
            day += timedelta(days=1)
        return self.end(day)

    def intervals(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Runs of open ticks, the last one cut off where these days end."""
        begin: datetime | None = None
        for at, is_open in self._from(start):
            if is_open and begin is None:
                begin = max(start, at)
            elif not is_open and begin is not None:
                yield begin, at
                begin = None


def tick(zone: str, begin: date, days: int) -> timedelta:
    """A minute, or less where the zone's offsets in these days are no whole minutes."""
    first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    found = {(first + timedelta(days=n)).astimezone(ZoneInfo(zone)).utcoffset() for n in range(days)}
    return math.gcd(60, *(offset // SECOND for offset in found if offset is not None)) * SECOND
