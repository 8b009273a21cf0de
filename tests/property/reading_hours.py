"""A second reading of calendars (the domain page, section 6): walks through time a quarter of an hour at a time.

Exact as long as hours begin and end, and zones change, at quarters of an hour (all zones since 1972 do, Liberia apart).
A wall time that does not exist means the instant of the change; an ambiguous one starts early and ends late; hours
that overlap count once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from contracts.calendars import WEEKDAYS, Calendar

from .reading_facts import Terms

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
FAR = timedelta(days=3000)
Stretch = tuple[datetime, datetime | None]  # from, up to and without; None: without end


@dataclass(frozen=True)
class Hours:
    """A calendar by name as an agreement has it. Without hours every moment counts, holidays or not."""

    zone: str
    calendar: Calendar | None

    @property
    def has_hours(self) -> bool:
        return self.calendar is not None and self.calendar.hours is not None


def hours_of(terms: Terms, name: str) -> Hours:
    if name == "always":
        return Hours(terms.zone, None)
    calendar = next(c for c in terms.calendars if c.name == name)
    return Hours(calendar.zone, calendar)


# ---- wall clocks


def wall(zone: str, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def instants(zone: str, shown: datetime) -> tuple[datetime, ...]:
    """When a wall clock shows it, in order: once, twice, or at the change that left it out."""
    around = [shown.replace(tzinfo=UTC) + n * QUARTER for n in range(-4 * 16, 4 * 16)]
    offsets = {wall(zone, u) - u.replace(tzinfo=None) for u in around}
    found = sorted({(shown - offset).replace(tzinfo=UTC) for offset in offsets})
    found = [u for u in found if wall(zone, u) == shown]
    if found:
        return tuple(found)
    first = shown.replace(tzinfo=UTC, minute=0, second=0, microsecond=0) - timedelta(hours=16)
    while wall(zone, first) <= shown:
        first += QUARTER
    return (first,)


# ---- days and hours


def holiday(calendar: Calendar, day: date) -> bool:
    days = calendar.holidays
    if day in days.remove:
        return False
    return day in days.add or (days.country is not None and day in public(days.country, days.subdivision))


@cache
def public(country: str, subdivision: str | None) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision)


@cache
def spans(hours: Hours, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The working hours of a day, as instants; none on a holiday. A span that begins on that day ends on it, or at
    the midnight after it.
    """
    if hours.calendar is None or hours.calendar.hours is None or holiday(hours.calendar, day):
        return ()
    midnight = datetime.combine(day, time())
    return tuple(
        (
            instants(hours.zone, midnight + timedelta(minutes=begin))[0],
            instants(hours.zone, midnight + timedelta(minutes=end))[-1],
        )
        for begin, end in getattr(hours.calendar.hours, WEEKDAYS[day.weekday()])
    )


@cache
def quarters(hours: Hours, day: datetime) -> tuple[datetime, ...]:
    """The quarters of an hour of a UTC day that count, by their beginnings."""
    every = [day + n * QUARTER for n in range(96)]
    if not hours.has_hours:
        return tuple(every)
    near = {wall(hours.zone, quarter).date() for quarter in every}
    near |= {date_ + n * DAY for date_ in near for n in (-1, 1)}
    found = [span for date_ in near for span in spans(hours, date_)]
    return tuple(quarter for quarter in every if any(a <= quarter < b for a, b in found))


def is_working(hours: Hours, day: date) -> bool:
    return not hours.has_hours or bool(spans(hours, day))


def end_of_day(hours: Hours, day: date) -> datetime:
    """The last closing of a working day; midnight (the later, if there are two) where there are no hours."""
    if hours.has_hours:
        return max(b for _, b in spans(hours, day))
    return instants(hours.zone, datetime.combine(day + DAY, time()))[-1]


def next_end_of_day(hours: Hours, moment: datetime) -> datetime:
    """The first end of a (working) day at or after a moment."""
    day = wall(hours.zone, moment).date() - DAY
    while not (is_working(hours, day) and end_of_day(hours, day) >= moment):
        day += DAY
    return end_of_day(hours, day)


def days_after(hours: Hours, start: datetime, count: int, *, end: bool) -> datetime:
    """The n-th (working) day after the start's date: at the start's time of day (the later of two), or its end."""
    shown = wall(hours.zone, start)
    day = shown.date()
    while count:
        day += DAY
        count -= is_working(hours, day)
    return end_of_day(hours, day) if end else instants(hours.zone, datetime.combine(day, shown.time()))[-1]


# ---- walking


def inside(moment: datetime, stretches: Sequence[Stretch]) -> bool:
    return any(a <= moment and (b is None or moment < b) for a, b in stretches)


def walk(hours: Hours, begin: datetime, without: Sequence[Stretch]) -> Iterator[tuple[datetime, datetime]]:
    """From `begin` on, piece by piece, the time that counts, without some stretches. Ends where nothing can follow."""
    edges = sorted({m for stretch in without for m in stretch if m is not None} | {begin})
    final = min((a for a, b in without if b is None), default=begin + FAR)
    day = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < final:
        for quarter in quarters(hours, day):
            cuts = [quarter, *(edge for edge in edges if quarter < edge < quarter + QUARTER), quarter + QUARTER]
            for here, there in itertools.pairwise(cuts):
                if begin <= here < final and not inside(here, without):
                    yield here, there
        day += DAY


def worked(hours: Hours, begin: datetime, end: datetime, without: Sequence[Stretch] = ()) -> timedelta:
    """How much of the time from `begin` to `end` counts."""
    total = timedelta()
    for a, b in walk(hours, begin, [*without, (max(begin, end), None)]):
        total += b - a
    return total


def reach(hours: Hours, begin: datetime, amount: timedelta, without: Sequence[Stretch] = ()) -> datetime | None:
    """The earliest instant at which so much time has counted since `begin`; None: never."""
    if amount <= timedelta():
        return begin
    for a, b in walk(hours, begin, without):
        if b - a >= amount:
            return a + amount
        amount -= b - a
    return None
