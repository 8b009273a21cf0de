"""`downtime`: a row is an outage of a service; sums by service, day or month add the availability (UTC)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from contracts.facts import ComplaintCloseRequested
from contracts.moments import SECOND, micros
from projections.looking import Looking
from projections.recounting import Complaint
from projections.views.base import Row, View, in_order, overlap, shown, utc

PERIODS = ("day", "month")
_COUNTS = ("claims", "false_restorations")
_LENGTHS = ("experienced", "reported", "hidden")
STRETCH = "_stretch"
"""Where a row carries its moments: start, reported end, end; the last two not after `at`."""


class Service(NamedTuple):
    """A service that is looked at, from its first fact on (microseconds)."""

    name: str
    first: int


def _downtime(look: Looking) -> Iterator[Row]:
    for _, rows in services(look):
        yield from rows


def services(look: Looking) -> Iterator[tuple[Service, list[Row]]]:
    """Every service with its outages, those without any too."""
    for name, first, recounter, complaints in look.by_service():
        requests = [
            fact.us
            for complaint in complaints
            for fact in complaint.facts(look.at)
            if isinstance(fact.data, ComplaintCloseRequested)
        ]
        outages = recounter.service(name).outages(look.at, requests)
        customers, again = _lived(complaints, look.at) if outages else ({}, set())
        rows = []
        for one in outages:
            end = look.at if one.end is None else one.end
            reported = end if one.reported_end is None else min(one.reported_end, end)
            experienced, said = (end - one.start) // SECOND, (reported - one.start) // SECOND
            rows.append(
                {
                    "service": name,
                    "customer": customers.get(one.start),
                    "started_at": shown(one.start),
                    "ended_at": shown(one.end),
                    "ended_by": one.ended_by,
                    "reported_end": shown(one.reported_end),
                    "experienced": experienced,
                    "reported": said,
                    "hidden": experienced - said,
                    "claims": len(one.claims),
                    "false_restorations": sum(claim["state"] == "void" for claim in one.claims),
                    "restated": one.restated,
                    "recurrence": one.start in again,
                    STRETCH: (one.start, reported, end),
                }
            )
        yield Service(name, first), rows


def _lived(complaints: Iterable[Complaint], at: int) -> tuple[dict[int, str], set[int]]:
    """By the outages' starts: the customer of the first complaint that lived through it; which were a recurrence."""
    customers: dict[int, str] = {}
    again: set[int] = set()
    for complaint in sorted(complaints, key=lambda c: (c.filed_at, c.name)):
        for n, outage in enumerate(complaint.lived(at)):
            customers.setdefault(outage.start, complaint.customer)
            if n:
                again.add(outage.start)
    return customers, again


# ---------------------------------------------------------------------- sums


def sums(look: Looking, keys: Sequence[str], wanted: Any) -> list[Row]:  # noqa: ANN401 - a predicate on rows
    """Sums by columns, `day` and `month`; an outage counts in each period for what lies in it."""
    period = next((key for key in PERIODS if key in keys), None)
    groups: dict[tuple[Any, ...], Row] = {}
    down: dict[tuple[Any, ...], int] = {}
    spans: dict[tuple[Any, ...], dict[str, int]] = {}
    everybody: list[Service] = []
    for service, rows in services(look):
        everybody.append(service)
        for row in filter(wanted, rows):
            start, reported, end = row[STRETCH]
            for n, (names, low, high) in enumerate(_periods(start, end, period)):
                key = tuple(names[k] if k in PERIODS else row[k] for k in keys)
                group = groups.setdefault(key, {**dict(zip(keys, key, strict=True)), "rows": 0})
                _add(group, row, n, overlap(start, end, low, high), overlap(start, reported, low, high))
                down[key] = down.get(key, 0) + overlap(start, end, max(low, service.first), min(high, look.at))
                spans.setdefault(key, {})[service.name] = _span(service, low, high, look.at, period)
    if set(keys) & {"service", *PERIODS}:
        for key, group in groups.items():
            whole = spans[key]
            if not set(keys) - set(PERIODS):  # of all services, those that were never down too
                low, high = _bounds(group)
                whole = {service.name: _span(service, low, high, look.at, period) for service in everybody}
            length = sum(whole.values())
            group["availability"] = None if length <= 0 else round(1 - down[key] / length, 9)
    return [groups[key] for key in in_order(groups)]


def _add(group: Row, row: Row, n: int, experienced: int, reported: int) -> None:
    """One outage's share; what happened once is counted in the period in which it began."""
    group["rows"] += 1
    for name, value in zip(_LENGTHS, (experienced, reported, experienced - reported), strict=True):
        group[name] = group.get(name, 0) + value
    for name in _COUNTS:
        group[name] = group.get(name, 0) + (row[name] if n == 0 else 0)


def _span(service: Service, low: int, high: int, at: int, period: str | None) -> int:
    """Whole seconds of a period in which a service is known."""
    low, high = (service.first, at) if period is None else (max(low, service.first), min(high, at))
    return max(high - low, 0) // SECOND


def _periods(start: int, end: int, period: str | None) -> Iterator[tuple[dict[str, str], int, int]]:
    """The days or months that a stretch touches: their names, and from when to when they are."""
    if period is None:
        yield {}, start, max(end, start)
        return
    day = utc(start).replace(hour=0, minute=0, second=0, microsecond=0)
    day = day if period == "day" else day.replace(day=1)
    while True:
        following = day + timedelta(days=1) if period == "day" else _next_month(day)
        yield _names(day), micros(day), micros(following)
        day = following
        if micros(day) >= end:
            return


def _names(day: datetime) -> dict[str, str]:
    name = day.isoformat()
    return {"day": name[:10], "month": name[:7]}


def _next_month(day: datetime) -> datetime:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _bounds(group: Row) -> tuple[int, int]:
    if "day" in group:
        day = datetime.fromisoformat(f"{group['day']}T00:00:00+00:00")
        return micros(day), micros(day + timedelta(days=1))
    day = datetime.fromisoformat(f"{group['month']}-01T00:00:00+00:00")
    return micros(day), micros(_next_month(day))


DOWNTIME = View(
    "downtime",
    (
        "service",
        "customer",
        "started_at",
        "ended_at",
        "ended_by",
        "reported_end",
        *_LENGTHS,
        *_COUNTS,
        "restated",
        "recurrence",
    ),
    _downtime,
    (*_LENGTHS, *_COUNTS),
    months="started_at",
    narrow=("service",),
)
