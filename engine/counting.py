"""Which days and hours of its calendar a cycle used, which holidays it skipped, which days had 23 or 25 hours.

As JSON values, short however long the stretch: of many days the first and the last are told one by one. Moments of
days are on the calendar's wall clock, with its offset; lengths are whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from contracts.calendars import days_off
from contracts.moments import SECOND, moment
from contracts.wallclock import DAY, LAST_DAY, BeyondTimeError
from engine.reckoning import Block, Clockwork

FEW: Final = 14
"""Days that are told one by one; of more, the first and the last `_ENDS`."""
_ENDS: Final = 5
_MANY: Final = 12
"""Holidays and days of a time change that are told."""
_WEEK: Final = 7
Values = dict[str, Any]


class Counted(NamedTuple):
    """What was counted. `day_due`: when so many days have passed, before pauses move it; None of a `PT…` target."""

    day_due: int | None
    days: list[Values]
    holidays: list[Values]
    holidays_left_out: int
    changes: list[Values]
    changes_left_out: int


def counted(work: Clockwork, start: int, until: int, blocks: Sequence[Block]) -> Counted:
    """What was counted from `start` on: of a `PT…` target the hours up to `until`, of a `P…D` target its days."""
    due: int | None = None
    try:
        if work.days is None:
            days = _hours(work, start, until, blocks)
        else:
            until = due = work.time.day(start, work.days, end_of_day=work.end_of_day)
            days = _numbered(work, start)
        first, last = _day(work, start), _last_day(work, start, until)
    except BeyondTimeError:  # it never falls due
        return Counted(None, [], [], 0, [], 0)
    holidays = [*_holidays(work, first, last)]
    changes = [*_changes(work, first, last)]
    return Counted(
        due,
        days,
        holidays[:_MANY],
        max(len(holidays) - _MANY, 0),
        changes[:_MANY],
        max(len(changes) - _MANY, 0),
    )


# ---------------------------------------------------------------------- hours


def _hours(work: Clockwork, start: int, until: int, blocks: Sequence[Block]) -> list[Values]:
    """The hours used of each day, and how much they are up to its end."""
    first, last = _day(work, start), _last_day(work, start, until)
    if last - first < FEW:
        return [*_rows(work, start, until, blocks, first, last)]
    head = [*_rows(work, start, until, blocks, first, first + _ENDS - 1)]
    tail = [*_rows(work, start, until, blocks, last - _ENDS + 1, last)]
    low, high = _midnight(work, first + _ENDS), _midnight(work, last - _ENDS + 1)
    whole = _counting(work, low, high, blocks)
    between = {
        "from": _iso(first + _ENDS),
        "to": _iso(last - _ENDS),
        "days": last - first + 1 - 2 * _ENDS,
        "counted": whole // SECOND,
        "sum": _counting(work, start, high, blocks) // SECOND,
    }
    return [*head, between, *tail]


def _rows(  # noqa: PLR0917 - from when to when, and from which day to which
    work: Clockwork, start: int, until: int, blocks: Sequence[Block], first: int, last: int
) -> Iterator[Values]:
    for day in range(first, last + 1):
        low, high = max(start, _midnight(work, day)), min(until, _midnight(work, day + 1))
        if low >= high or not work.time.between(low, high):
            continue
        spans = [*_used(work, low, high, blocks)]
        yield {
            "date": _iso(day),
            "spans": [[_shown(work, a), _shown(work, b)] for a, b in spans],
            "counted": sum(b - a for a, b in spans) // SECOND,
            "sum": _counting(work, start, high, blocks) // SECOND,
        }


def _used(work: Clockwork, low: int, high: int, blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """The calendar's time in [low, high) without what does not count."""
    for opening, closing in work.time.intervals(low):
        if opening >= high:
            return
        since, end = opening, min(closing, high)
        for block in blocks:
            until = end if block.end is None else block.end
            if until <= since:
                continue
            if block.start >= end:
                break
            if since < block.start:
                yield since, block.start
            since = until
        if since < end:
            yield since, end


def _counting(work: Clockwork, low: int, high: int, blocks: Sequence[Block]) -> int:
    if high <= low:
        return 0
    whole = work.time.between(low, high)
    ends = ((b, high if b.end is None else min(b.end, high)) for b in blocks)
    return whole - sum(work.time.between(max(b.start, low), end) for b, end in ends)


# ---------------------------------------------------------------------- days


def _numbered(work: Clockwork, start: int) -> list[Values]:
    """The days counted, each with its number."""
    whole = work.days or 0
    if whole <= FEW:
        return [_numbered_day(work, start, n) for n in range(1, whole + 1)]
    head = [_numbered_day(work, start, n) for n in range(1, _ENDS + 1)]
    tail = [_numbered_day(work, start, n) for n in range(whole - _ENDS + 1, whole + 1)]
    left = {
        "from": _numbered_day(work, start, _ENDS + 1)["date"],
        "to": _numbered_day(work, start, whole - _ENDS)["date"],
        "days": whole - 2 * _ENDS,
    }
    return [*head, left, *tail]


def _numbered_day(work: Clockwork, start: int, number: int) -> Values:
    at = work.time.day(start, number)
    # At the start's time of day, which that day need not have: the day itself is what counts.
    return {"date": _iso(work.time.wall.reading(at)[0]), "number": number}


# ---------------------------------------------------------------------- holidays and time changes


def _holidays(work: Clockwork, first: int, last: int) -> Iterator[Values]:
    """Days that would have hours, were they no holidays."""
    calendar = work.calendar
    if calendar is None or calendar.hours is None:
        return
    week = calendar.hours.week
    for day, name in days_off(calendar.holidays).items():
        if first <= day.toordinal() <= last and week[day.weekday()]:
            yield {"date": day.isoformat(), "name": name}


def _changes(work: Clockwork, first: int, last: int) -> Iterator[Values]:
    """Days that have more or less than 24 hours: looked for in the weeks whose lengths are not those of weeks."""
    last = min(last, LAST_DAY - _WEEK)
    for week in range(first, last + 1, _WEEK):
        if _midnight(work, week + _WEEK) - _midnight(work, week) == _WEEK * DAY:
            continue
        for day in range(week, min(week + _WEEK, last + 1)):
            low, high = _midnight(work, day), _midnight(work, day + 1)
            if high - low != DAY:
                working = work.time.between(low, high) // SECOND
                yield {"date": _iso(day), "length": (high - low) // SECOND, "working": working}


# ---------------------------------------------------------------------- the wall clock


def _day(work: Clockwork, instant: int) -> int:
    return work.time.wall.reading(instant)[0]


def _last_day(work: Clockwork, start: int, until: int) -> int:
    """The day that ends a stretch; at midnight, the one before."""
    return _day(work, max(start, until - 1))


def _midnight(work: Clockwork, day: int) -> int:
    return work.time.wall.instant(day, 0, late=False)


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _shown(work: Clockwork, instant: int) -> str:
    return local(instant, work.zone)


def local(instant: int, zone: str) -> str:
    """A moment as RFC 3339 on the wall clock of a zone, with its offset; cut to whole seconds."""
    there: datetime = moment(instant).astimezone(ZoneInfo(zone))
    return (there - timedelta(microseconds=there.microsecond)).isoformat()
