"""Calendars: when time counts. Zone, weekly hours and holidays of a named calendar (domain.md §6, interfaces.md §5).

`always` is built in: every moment counts, and its wall clock is that of the agreement's zone. It has no struct.
Nothing here reckons with time: `contracts.worktime` does.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import zoneinfo
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from contracts.errors import StilldownError
from contracts.pinning import LAST_YEAR, Pinned, countries, pinned, unfolded
from contracts.spans import merged

if TYPE_CHECKING:
    from contracts.agreements import Table

ALWAYS: Final = "always"
ADDED: Final = "added"
"""What a holiday is called that the file adds."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Span = tuple[int, int]
"""Start and end in minutes since midnight on the wall clock, 0 <= start < end <= 1440."""

_SPAN: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")
# In the zone database, but no places: what they mean depends on the machine.
_NO_PLACES: Final = frozenset({"localtime", "Factory", "posixrules"})


IDLE_DAYS: Final = 3_653
"""Ten years: a calendar that does not open for so long is a mistake, and what waits for it would never fall due."""


class CalendarError(StilldownError):
    """This cannot stand in a calendar; the message says what can."""


class Hours(msgspec.Struct, frozen=True, cache_hash=True):
    """Weekly hours: for each day its spans as written, in order of start, each once. They may overlap."""

    mon: tuple[Span, ...] = ()
    tue: tuple[Span, ...] = ()
    wed: tuple[Span, ...] = ()
    thu: tuple[Span, ...] = ()
    fri: tuple[Span, ...] = ()
    sat: tuple[Span, ...] = ()
    sun: tuple[Span, ...] = ()

    @property
    def week(self) -> tuple[tuple[Span, ...], ...]:
        """The spans of each day from Monday on, merged."""
        return tuple(merged(getattr(self, day)) for day in WEEKDAYS)


class Holidays(msgspec.Struct, frozen=True, cache_hash=True):
    """Days without hours: those of a country (and subdivision), and `add`, without `remove`; in order, each once."""

    country: str | None = None
    subdivision: str | None = None
    add: tuple[dt.date, ...] = ()
    remove: tuple[dt.date, ...] = ()
    pinned: Pinned | None = None
    """The country's days as they were known when the file was read; None exactly where it names no country."""


class Calendar(msgspec.Struct, frozen=True, cache_hash=True):
    """A named calendar. Without `hours` every moment counts, as in `always`, on the wall clock of its own zone."""

    name: str
    zone: str
    hours: Hours | None = None
    holidays: Holidays = Holidays()


def days_off(holidays: Holidays) -> dict[dt.date, str]:
    """Give the days without hours, in order, each with its name: those added have the name `added`."""
    days = unfolded(holidays.pinned) if holidays.pinned else {}
    days |= dict.fromkeys(holidays.add, ADDED)
    return {day: days[day] for day in sorted(days.keys() - {*holidays.remove})}


def weekly_seconds(hours: Hours) -> int:
    """Give how much time a week's hours are, in seconds; hours that overlap count once."""
    return 60 * sum(end - start for day in hours.week for start, end in day)


def idle_from(calendar: Calendar, since: dt.date) -> dt.date | None:
    """Give the first day, from `since` on, of ten years or more without hours; None where it opens again in time."""
    if calendar.hours is None:
        return None
    working = [bool(day) for day in calendar.hours.week]
    off = days_off(calendar.holidays)
    last = max([since, dt.date(LAST_YEAR, 12, 31), *calendar.holidays.add]).toordinal()
    idle = since.toordinal()
    for day in range(idle, min(last + IDLE_DAYS, dt.date.max.toordinal()) + 1):
        if working[(day - 1) % 7] and dt.date.fromordinal(day) not in off:  # day 1 was a Monday
            idle = day + 1
        elif day - idle >= IDLE_DAYS:
            return dt.date.fromordinal(idle)
    return None


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Give ` (did you mean "…"?)` with the nearest of `known`, or nothing where none is near."""
    value, known = value[:64] if isinstance(value, str) else "", list(known)
    same = [word for word in known if word.casefold() == value.casefold()]
    near = same or difflib.get_close_matches(value, known, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def read_calendar(table: Table, since: dt.date | None) -> Calendar | None:
    """Read the table `[calendar.NAME]`: `zone`, `hours`, `holidays`. What is wrong is put down with the table.

    `since` is the day from which it is in use, if that could be read.
    """
    if table.name == ALWAYS:
        table.refuse('"always" is built in: give this calendar another name')
    zone = table.get("zone", read_zone)
    hours, holidays = None, Holidays()
    if week := table.sub("hours", optional=WEEKDAYS):
        hours = Hours(*(week.all(day, read_span) for day in WEEKDAYS))
        if table.raw["hours"] == {} or (week.raw and not any(week.raw.values())):
            week.refuse("no day has any hours: nothing would ever fall due")
    if days := table.sub("holidays", optional=("country", "subdivision", "add", "remove")):
        holidays = _read_holidays(days)
        if holidays != Holidays() and "hours" not in table.raw:
            days.refuse("needs hours: a calendar without hours has no working days, and its time never stops")
    if zone is None:
        return None
    calendar = Calendar(table.name, zone, hours, holidays)
    if since and hours and any(hours.week) and (idle := idle_from(calendar, since)):
        table.refuse(f"does not open for ten years from {idle} on: nothing would fall due", "hours")
    return calendar


def _read_holidays(table: Table) -> Holidays:
    country = table.get("country", read_country)
    # Of a country that is wrong (which is put down already) nobody can say what the subdivisions are.
    known = country is not None or "country" not in table.raw
    subdivision = table.get("subdivision", subdivision_of(country)) if known else None
    add, remove = table.all("add", read_date), table.all("remove", read_date)
    if both := sorted({*add} & {*remove}):
        table.refuse(f"{both[0]} is both added and removed", "remove")
    if remove and "country" not in table.raw:
        table.refuse("needs a country to remove holidays from", "remove")
    wrong = "subdivision" in table.raw and subdivision is None
    days = pinned(country, subdivision) if country and not wrong else None
    return Holidays(country, subdivision, add, remove, days)


def read_zone(value: object) -> str:
    """Read the name of an IANA time zone, such as `Europe/Warsaw`. Raises CalendarError."""
    if not isinstance(value, str):
        raise CalendarError('must be the name of a time zone, such as "Europe/Warsaw"')
    if value not in _zones():
        raise CalendarError(
            f'no such time zone{did_you_mean(value, _zones())}: write an IANA name like "Europe/Warsaw"'
        )
    return value


def read_span(value: object) -> Span:
    """Read `HH:MM-HH:MM` as minutes since midnight; the end may be `24:00`. Raises CalendarError."""
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise CalendarError('must be hours such as "08:00-16:30", from "00:00" to "24:00"')
    start_hour, start_minute, end_hour, end_minute = (int(group) for group in match.groups() if group is not None)
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if end <= start:
        raise CalendarError("must end after it starts: hours past midnight are two spans, the second on the next day")
    return start, end


def read_date(value: object) -> dt.date:
    """Take a TOML date. Raises CalendarError for anything else, a date with a time of day included."""
    if type(value) is not dt.date:  # `datetime` is a `date` too
        raise CalendarError("must be a date, without quotes and without a time, such as 2026-05-02")
    return value


def read_country(value: object) -> str:
    """Read an ISO 3166 code of two letters whose holidays are known. Raises CalendarError."""
    if not isinstance(value, str):
        raise CalendarError('must be the code of a country, such as "PL"')
    if value not in countries():
        raise CalendarError(
            f'no such country{did_you_mean(value, countries())}: write its ISO 3166 code of two letters, such as "PL"'
        )
    return value


def subdivision_of(country: str | None) -> Callable[[object], str]:
    """Give the reader of a code of a part of `country` whose holidays are known. It raises CalendarError."""

    def read(value: object) -> str:
        known = countries().get(country or "", ())
        if country is None:
            raise CalendarError("needs the country that it is part of")
        if not known:
            raise CalendarError(f"no subdivisions are known of {country}: leave it out")
        if not isinstance(value, str) or value not in known:
            near = did_you_mean(value, known)
            raise CalendarError(f"no such subdivision of {country}{near}; known are: {', '.join(known)}")
        return value

    return read


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_PLACES
