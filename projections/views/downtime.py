"""`downtime`: a row is an outage of a service; sums by service, day or month add the availability (UTC)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from contracts.facts import ComplaintCloseRequested
from contracts.moments import SECOND, micros
from projections.looking import Looking
from projections.recounting import Complaint
from projections.views.base import Row, View, in_order, overlap, shown, utc

PERIODS = ("day", "month")
WHOSE = ("service", "customer")
"""Columns that say whose time availability is of, as keys and as filters."""
_DAY = 86_400 * SECOND
_COUNTS = ("claims", "false_restorations")
_LENGTHS = ("experienced", "reported", "hidden")
STRETCH = "_stretch"
"""Where a row carries its moments: start, reported end, end; the last two not after `at`."""


class Service(NamedTuple):
    """A service that is looked at, from its first fact on (microseconds)."""

    name: str
    first: int
    customers: frozenset[str | None]
    """Who complained about it; None where nobody did, or not of all its outages."""


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
        about = {complaint.customer for complaint in complaints}
        yield Service(name, first, frozenset({*about, *(row["customer"] for row in rows)} or {None})), rows


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


Wanted = Callable[[Row], bool]


def sums(look: Looking, keys: Sequence[str], wanted: Wanted, whose: Wanted | None) -> list[Row]:
    """Sums by columns, `day` and `month`; an outage counts in each period for what lies in it.

    Availability is of the services that fit `whose` by their name and a customer; None: it cannot be said.
    """
    period = next((key for key in PERIODS if key in keys), None)
    groups: dict[tuple[Any, ...], Row] = {}
    down: dict[tuple[Any, ...], int] = {}
    looked_at: dict[str | None, list[Service]] = {}
    for service, rows in services(look):
        for of in _whose(service, keys, whose):
            looked_at.setdefault(of, []).append(service)
        for row in filter(wanted, rows):
            start, reported, end = row[STRETCH]
            for n, (names, low, high) in enumerate(_periods(start, end, period)):
                key = tuple(names[k] if k in PERIODS else row[k] for k in keys)
                group = groups.setdefault(key, {**dict(zip(keys, key, strict=True)), "rows": 0})
                _add(group, row, n, overlap(start, end, low, high), overlap(start, reported, low, high))
                down[key] = down.get(key, 0) + overlap(start, end, max(low, service.first), min(high, look.at))
    if set(keys) & {"service", *PERIODS}:
        for key, group in groups.items():
            since, until = _bounds(group)
            of = next((group[name] for name in WHOSE if name in keys), _EVERYBODY)
            length = sum(_span(service, since, until, look.at) for service in looked_at.get(of, ()))
            group["availability"] = None if length <= 0 else round(1 - down[key] / length, 9)
    return [groups[key] for key in in_order(groups)]


_EVERYBODY = ""


def _whose(service: Service, keys: Sequence[str], whose: Wanted | None) -> Iterable[str | None]:
    """Of which sums it is that this service's time counts: of its own, of those of a customer's, of everybody's."""
    if whose is None:
        return ()
    customers = [name for name in service.customers if whose({"service": service.name, "customer": name})]
    if "customer" in keys and "service" not in keys:
        return customers
    return [service.name if "service" in keys else _EVERYBODY] if customers else ()


def _add(group: Row, row: Row, n: int, experienced: int, reported: int) -> None:
    """One outage's share; what happened once is counted in the period in which it began."""
    group["rows"] += 1
    for name, value in zip(_LENGTHS, (experienced, reported, experienced - reported), strict=True):
        group[name] = group.get(name, 0) + value
    for name in _COUNTS:
        group[name] = group.get(name, 0) + (row[name] if n == 0 else 0)


def _span(service: Service, low: int | None, high: int | None, at: int) -> int:
    """Whole seconds of a period, or of all time, in which a service is known."""
    start = service.first if low is None else max(low, service.first)
    return max((at if high is None else min(high, at)) - start, 0) // SECOND


def _periods(start: int, end: int, period: str | None) -> Iterator[tuple[dict[str, str], int, int]]:
    """The days or months that a stretch touches: their names, and from when to when they are."""
    if period is None:
        yield {}, start, max(end, start)
        return
    day = utc(start).replace(hour=0, minute=0, second=0, microsecond=0)
    low = micros(day if period == "day" else day.replace(day=1))
    while True:
        day = utc(low)
        high = low + _days(day, period) * _DAY
        yield _names(day), low, high
        low = high
        if low >= end:
            return


def _days(first: datetime, period: str) -> int:
    """How many days the period has that begins then. Its end may be that of the calendar, which is no moment."""
    return 1 if period == "day" else monthrange(first.year, first.month)[1]


def _names(day: datetime) -> dict[str, str]:
    name = day.isoformat()
    return {"day": name[:10], "month": name[:7]}


def _bounds(group: Row) -> tuple[int | None, int | None]:
    period = next((name for name in PERIODS if name in group), None)
    if period is None:
        return None, None
    first = datetime.fromisoformat(f"{f'{group[period]}-01'[:10]}T00:00:00+00:00")
    return micros(first), micros(first) + _days(first, period) * _DAY


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
    keys=3,
)
