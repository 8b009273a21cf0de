"""Working time written a second time, plainly: every minute of a fortnight is looked at (the domain page, section 6).

Nothing of `contracts.worktime` or `contracts.wallclock` is used. Zones are walked through minute by minute, so changes
have to be at whole minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Wall = tuple[date, int]
"""A date and the minutes since its midnight, as a clock on the wall shows them."""
Week = dict[int, list[tuple[int, int]]]
"""Hours by weekday, Monday is 0: start and end in minutes since midnight."""


class PlainTime:
    """Every minute from `begin` (UTC midnight) for so many days, what the wall shows, and whether it is open."""

    def __init__(self, zone: str, week: Week | None, off: set[date], begin: date, days: int) -> None:
        first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
        self.minutes = [first + n * MINUTE for n in range(days * 1440)]
        self.shown = [self._shown(minute.astimezone(ZoneInfo(zone))) for minute in self.minutes]
        self._at: dict[Wall, list[int]] = {}
        for n, wall in enumerate(self.shown):
            self._at.setdefault(wall, []).append(n)
        self.week, self.off = week, off
        self.open = [week is None] * len(self.minutes)
        for day in sorted({day for day, _ in self.shown}):
            for start, end in self.hours(day):
                for n in range(self.shows(day, start, late=False), self.shows(day, end, late=True)):
                    self.open[n] = True

    @staticmethod
    def _shown(local: datetime) -> Wall:
        return local.date(), local.hour * 60 + local.minute

    def hours(self, day: date) -> list[tuple[int, int]]:
        if self.week is None or day in self.off:
            return []
        return self.week.get(day.weekday(), [])

    def works(self, day: date) -> bool:
        return self.week is None or bool(self.hours(day))

    def shows(self, day: date, minute: int, *, late: bool) -> int:
        """The first or last minute at which the wall shows it, or the first at which it shows a later time."""
        wall = (day + timedelta(days=1), 0) if minute == 1440 else (day, minute)
        if wall in self._at:
            return self._at[wall][-1 if late else 0]
        return next((n for n, shown in enumerate(self.shown) if shown > wall), len(self.shown))

    def _from(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        """The minutes from the one on in which `start` is."""
        n = (start - self.minutes[0]) // MINUTE
        return zip(self.minutes[n:], self.open[n:], strict=True)

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta()
        for minute, is_open in self._from(start):
            if minute >= end:
                break
            if is_open:
                total += max(min(end, minute + MINUTE) - max(start, minute), timedelta())
        return total

    def after(self, start: datetime, length: timedelta) -> datetime | None:
        """None: not within these days."""
        if not length:
            return start
        for minute, is_open in self._from(start):
            if is_open:
                here = max(start, minute)
                if minute + MINUTE - here >= length:
                    return here + length
                length -= minute + MINUTE - here
        return None

    def day(self, start: datetime, days: int, *, end_of_day: bool) -> datetime:
        at = (start - self.minutes[0]) // MINUTE
        day, minute = self.shown[at]
        while days:
            day += timedelta(days=1)
            days -= self.works(day)
        if end_of_day:
            return self.end(day)
        n = self.shows(day, minute, late=True)
        exists = (day, minute) in self._at
        return self.minutes[n] + (start - self.minutes[at] if exists else timedelta())

    def end(self, day: date) -> datetime:
        closing = 1440 if self.week is None else max(end for _, end in self.hours(day))
        return self.minutes[self.shows(day, closing, late=True)]

    def end_of_day(self, moment: datetime) -> datetime:
        day, _ = self.shown[(moment - self.minutes[0]) // MINUTE]
        before = day - timedelta(days=1)
        while not self.works(before) and before > self.shown[0][0]:
            before -= timedelta(days=1)
        if self.works(before) and self.end(before) == moment:
            return moment
        while not self.works(day) or self.end(day) < moment:
            day += timedelta(days=1)
        return self.end(day)

    def intervals(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Runs of open minutes, the last one cut off where these days end."""
        begin: datetime | None = None
        for minute, is_open in self._from(start):
            if is_open and begin is None:
                begin = max(start, minute)
            elif not is_open and begin is not None:
                yield begin, minute
                begin = None
