"""Cases of calendar arithmetic, as a peer's tests state them, and what ours says to each (`calendar eval`).

A case is a JSON object; `hours`, `holidays` and the like are those of its calendar. The calendars of agreements know no
`overrides` and no `breaks`: what reckons is the same all the same (`contracts.worktime.ByHours`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec
import orjson

from contracts import calendars, lengths
from contracts.calendars import WEEKDAYS
from contracts.errors import StilldownError
from contracts.moments import SECOND, exact, micros, rfc3339, seconds
from contracts.pinning import FIRST_YEAR, LAST_YEAR, pinned, unfolded
from contracts.spans import Span, merged, without
from contracts.wallclock import DAY, LATEST, WallClock, check
from contracts.worktime import Always, ByHours, Worktime

Case = Mapping[str, Any]
Answer = dict[str, Any]

MOST: Final = 10_000
"""Intervals that a case can ask for."""

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?|24:00(?::00)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARLY: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_EXCEPTIONS: Final = ("holidays", "holidays_yearly", "overrides", "breaks")
_ROUND_THE_CLOCK: Final = ((0, DAY),)


class CaseError(StilldownError):
    """This case cannot be read; the message says which field, and what it should be."""


def answered(line: bytes) -> Answer:
    """Give the answer to a case: its `id`, and its `value`, or `unsupported`, or the `error` that kept it from one."""
    try:
        case = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return {"id": None, "error": f"this is no JSON: {error}"}
    if not isinstance(case, dict):
        return {"id": None, "error": "a case is a JSON object"}
    name = case.get("id")
    try:
        kind = _take(case, "kind", str)
        answer = KINDS.get(kind)
        return {"id": name, "unsupported": True} if answer is None else {"id": name, "value": answer(case)}
    except StilldownError as error:
        return {"id": name, "error": str(error)}


def calendar(case: Case) -> Worktime:
    """Give the calendar of a case; without `hours` and exceptions to them every moment counts. Raises CaseError."""
    clock = WallClock(_zone(case))
    exceptions = any(case.get(name) for name in _EXCEPTIONS)
    if case.get("hours") is None and not exceptions:
        return Always(clock)
    week = _week(case)
    holidays = {_date(day, "holidays") for day in _take(case, "holidays", list, [])}
    yearly = {_yearly(day) for day in _take(case, "holidays_yearly", list, [])}
    overrides, breaks = _dated(case, "overrides"), _dated(case, "breaks")

    def hours(ordinal: int) -> tuple[Span, ...]:
        day = dt.date.fromordinal(ordinal)
        if day in overrides:
            spans = overrides[day]
        elif day in holidays or (day.month, day.day) in yearly:
            return ()
        else:
            spans = week[day.weekday()]
        return without(spans, breaks[day]) if day in breaks else spans

    return ByHours(hours, clock)


def _elapsed(case: Case) -> int:
    start, end = _moment(case, "start"), _moment(case, "end")
    worktime = calendar(case)
    paused = sum(worktime.between(max(first, start), min(last, end)) for first, last in _pauses(case))
    return seconds(worktime.between(start, end) - paused)


def _deadline(case: Case) -> str:
    start, length = _moment(case, "start"), _whole(case, "seconds", lengths.LONGEST_SECONDS) * SECOND
    worktime = calendar(case)
    due = worktime.after(start, length)
    for first, last in _pauses(case):
        if first < due and last > start:
            due = worktime.after(due, worktime.between(max(first, start), last))
    return rfc3339(due)


def _deadline_days(case: Case) -> str:
    start, days = _moment(case, "start"), _whole(case, "days", lengths.LONGEST_DAYS)
    ends = _take(case, "end_of_day", bool, default=False)
    # Without hours days are those of the wall clock, whatever is taken out of them.
    worktime = Always(WallClock(_zone(case))) if case.get("hours") is None else calendar(case)
    due = worktime.day(start, days, end_of_day=ends)
    for first, last in _pauses(case):
        if first < due and last > start:
            due = worktime.after(due, worktime.between(max(first, start), last))
            due = worktime.end_of_day(due) if ends else due
    return rfc3339(due)


def _holiday(case: Case) -> bool:
    country = _checked(case, "country", calendars.read_country)
    part = case.get("subdivision")
    subdivision = None if part is None else _checked(case, "subdivision", calendars.subdivision_of(country))
    day = _date(case.get("date"), "date")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CaseError(f"date: holidays are known from {FIRST_YEAR} to {LAST_YEAR}")
    return day in unfolded(pinned(country, subdivision))


def _intervals(case: Case) -> list[tuple[str, str]]:
    start, take = _moment(case, "start"), _whole(case, "take", MOST)
    return [(rfc3339(first), rfc3339(last)) for first, last in islice(calendar(case).intervals(start), take)]


def _next_working_instant(case: Case) -> str:
    for first, _ in calendar(case).intervals(_moment(case, "start")):
        return rfc3339(first)
    raise CaseError("hours: it never opens again")


def _next_closing_instant(case: Case) -> str:
    """A closing at `start` itself is one, as a moment that is the end of a day is that day's."""
    start, closing = _moment(case, "start"), None
    for first, last in calendar(case).intervals(start - 1):
        if closing not in (None, first):
            break
        closing = last
        if last - start > calendars.IDLE_DAYS * DAY:
            closing = None
            break
    if closing is None or closing >= LATEST:
        raise CaseError("hours: it never closes again")
    return rfc3339(closing)


KINDS: Final[Mapping[str, Callable[[Case], object]]] = {
    "elapsed": _elapsed,
    "deadline": _deadline,
    "deadline_days": _deadline_days,
    "holiday": _holiday,
    "intervals": _intervals,
    "next_working_instant": _next_working_instant,
    "next_closing_instant": _next_closing_instant,
}
"""The kinds of case that are answered; others are unsupported."""

_REQUIRED: Final = object()


def _take(case: Case, name: str, kind: type, default: object = _REQUIRED) -> Any:  # noqa: ANN401 - it is what `kind` says
    value = case.get(name)
    if value is None:
        if default is _REQUIRED:
            raise CaseError(f"{name}: is missing")
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise CaseError(f"{name}: must be {_NAMES[kind]}")
    return value


_NAMES: Final = {
    str: "text", list: "a list", dict: "an object", bool: "true or false", int: "a whole number",
}  # fmt: skip


def _whole(case: Case, name: str, most: int) -> int:
    value: int = _take(case, name, int)
    if not 0 <= value <= most:
        raise CaseError(f"{name}: must be from 0 to {most}")
    return value


def _checked(case: Case, name: str, read: Callable[[object], str]) -> str:
    try:
        return read(case.get(name))
    except StilldownError as error:
        raise CaseError(f"{name}: {error}") from None


def _zone(case: Case) -> str:
    return "UTC" if case.get("tz") is None else _checked(case, "tz", calendars.read_zone)


def _moment(case: Case, name: str) -> int:
    return _instant(_take(case, name, str), name)


def _instant(text: object, name: str) -> int:
    try:
        moment = msgspec.convert(exact(text) if isinstance(text, str) else text, dt.datetime)
    except (msgspec.ValidationError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CaseError(f"{name}: must be a moment with an offset, such as 2026-01-07T10:00:00+01:00")
    return check(micros(moment))


def _pauses(case: Case) -> tuple[Span, ...]:
    """Give the pauses in order, merged; one that ends before it starts is none."""
    pauses = []
    for pair in _take(case, "pauses", list, []):
        if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004 - a pair
            raise CaseError("pauses: must be pairs of moments")
        first, last = (_instant(text, "pauses") for text in pair)
        if first < last:
            pauses.append((first, last))
    return merged(pauses)


def _week(case: Case) -> list[tuple[Span, ...]]:
    """Give the hours of each day from Monday on, in microseconds since midnight."""
    if case.get("hours") is None:
        return [_ROUND_THE_CLOCK] * 7
    hours = _take(case, "hours", dict)
    for day in hours:
        if day not in WEEKDAYS:
            raise CaseError(f"hours: no such day as {day!r}; days are {', '.join(WEEKDAYS)}")
    return [_spans(hours.get(day, []), "hours") for day in WEEKDAYS]


def _dated(case: Case, name: str) -> dict[dt.date, tuple[Span, ...]]:
    return {_date(day, name): _spans(spans, name) for day, spans in _take(case, name, dict, {}).items()}


def _spans(value: object, name: str) -> tuple[Span, ...]:
    if not isinstance(value, list):
        raise CaseError(f'{name}: must be lists of pairs, such as [["08:00", "16:30"]]')
    return merged(_span(pair, name) for pair in value)


def _span(pair: object, name: str) -> Span:
    match pair:
        case [start, end]:
            first, last = _time(start, name), _time(end, name)
        case _:
            raise CaseError(f'{name}: must be lists of pairs, such as [["08:00", "16:30"]]')
    if last <= first:
        raise CaseError(f"{name}: {start} to {end} does not end after it starts")
    return first, last


def _time(text: object, name: str) -> int:
    """Microseconds since midnight."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise CaseError(f'{name}: must be times of day such as "08:00", up to "24:00"')
    hour, minute, second = ([int(part) for part in text.split(":")] + [0])[:3]
    return ((hour * 60 + minute) * 60 + second) * SECOND


def _date(text: object, name: str) -> dt.date:
    try:
        if isinstance(text, str) and _DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise CaseError(f"{name}: must be a date such as 2026-05-02")


def _yearly(text: object) -> tuple[int, int]:
    match = _YEARLY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise CaseError("holidays_yearly: must be a day of the year such as 12-25")
    return int(match[1]), int(match[2])
