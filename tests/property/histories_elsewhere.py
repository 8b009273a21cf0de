"""Histories at another time and in other zones: where offsets change oddly, and no moment lies on the grid.

The order of all moments stays, and what is at one instant stays so; what lay half an hour apart does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from msgspec import structs

from contracts.calendars import Calendar

from .histories import History
from .histories_grid import STEP
from .reading import Terms

ODD = (  # all by quarters of an hour, as the second reading walks
    ("Pacific/Apia", date(2011, 12, 30)),  # a Friday that never was
    ("Pacific/Kwajalein", date(1993, 8, 21)),  # a Saturday that never was
    ("Asia/Kathmandu", date(1986, 1, 1)),  # from 5:30 to 5:45
    ("Pacific/Chatham", date(2026, 4, 5)),  # from 13:45 to 12:45
    ("Australia/Eucla", date(2009, 3, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("America/Caracas", date(2016, 5, 1)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # no midnight
    ("America/Havana", date(2026, 11, 1)),  # two midnights
    ("Antarctica/Troll", date(2026, 10, 25)),  # two hours
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Almaty", date(2024, 2, 29)),  # an hour of the leap day twice
    ("Europe/London", date(1968, 2, 18)),
    ("Europe/Warsaw", date(1944, 10, 4)),
    ("UTC", date(1969, 12, 31)),
    ("UTC", date(2000, 2, 29)),
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


def moved(told: History, later: Callable[[datetime], datetime], days: int) -> History:
    """The same history at other times; holidays are moved by whole days."""

    def at_other_times(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: at_other_times(v) for key, v in value.items()}
        if isinstance(value, str) and _MOMENT.match(value):
            was = datetime.fromisoformat(value)
            return later(was).astimezone(was.tzinfo).isoformat().replace("+00:00", "Z")
        return value

    arrivals = [(at_other_times(fact), later(now)) for fact, now in told.arrivals]
    orders = tuple(replace(o, now=later(o.now), effective=o.effective + timedelta(days=days)) for o in told.orders)
    return with_terms(
        History(told.agreements, arrivals, later(told.end), orders),
        lambda terms: replace(terms, calendars=tuple(on_other_days(c, days) for c in terms.calendars)),
    )


def with_terms(told: History, other: Callable[[Terms], Terms]) -> History:
    """The same history under other terms."""

    def changed(named: dict[str, Terms]) -> dict[str, Terms]:
        return {name: other(terms) for name, terms in named.items()}

    orders = tuple(replace(order, published=changed(order.published)) for order in told.orders)
    return replace(told, agreements=changed(told.agreements), orders=orders)


def on_other_days(calendar: Calendar, days: int) -> Calendar:
    added = tuple(day + timedelta(days=days) for day in calendar.holidays.add)
    return structs.replace(calendar, holidays=structs.replace(calendar.holidays, add=added))


def elsewhere(told: History, r: Random) -> History:
    """Around an odd day, most of its calendars in that zone, most moments at any microsecond."""
    zone, day = r.choice(ODD)
    by = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=r.randint(0, 60)) - told.arrivals[0][1]
    apart: dict[datetime, timedelta] = {}

    def later(moment: datetime) -> datetime:
        moment = moment.astimezone(UTC)
        if moment not in apart:
            apart[moment] = timedelta(microseconds=r.choice((0, r.randrange(STEP // timedelta(microseconds=1)))))
        return moment + by + apart[moment]

    there = moved(told, later, by.days)
    return with_terms(there, lambda terms: in_zone(terms, zone, r))


def in_zone(terms: Terms, zone: str, r: Random) -> Terms:
    calendars = tuple(structs.replace(c, zone=zone) if r.random() < 0.7 else c for c in terms.calendars)
    return replace(terms, zone=zone if r.random() < 0.7 else terms.zone, calendars=calendars)
