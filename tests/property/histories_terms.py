"""Random terms with clocks, credits and calendars; and further versions of them, which complaints are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar

from msgspec import structs

from contracts.agreements import Clock, Credit, Wait
from contracts.calendars import WEEKDAYS, Calendar, Holidays, Hours

from .histories import History
from .histories_grid import STEP
from .histories_writer import Writer, terms
from .reading import EVER, Order, Terms

T = TypeVar("T")
ZONES = (
    "UTC",
    "Europe/Warsaw",
    "Europe/Warsaw",
    "Asia/Beirut",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/Havana",
    "Antarctica/Troll",
)
WAITS: tuple[Wait, ...] = ("customer", "parts", "vendor", "access", "other")
FRACTIONS = (0.1, 0.25, 0.333333, 0.5, 0.8, 0.9)
SECONDS = (900, 1800, 3600, 5400, 7200, 10800, 14400, 28800, 57600, 86400, 1000)


def some(w: Writer, values: Sequence[T], percent: int) -> tuple[T, ...]:
    return tuple(value for value in values if w.often(percent))


def calendar(w: Writer, name: str) -> Calendar:
    if w.often(10):
        return Calendar(name, w.pick(ZONES))
    days: dict[str, tuple[tuple[int, int], ...]] = {}
    for day in WEEKDAYS:
        if w.often(75):
            cuts = sorted(w.r.sample(range(0, 97, 1 if w.often(50) else 8), 2))
            days[day] = ((cuts[0] * 15, cuts[1] * 15),)
            if w.often(30):  # may overlap
                cuts = sorted(w.r.sample(range(97), 2))
                days[day] = tuple(sorted({*days[day], (cuts[0] * 15, cuts[1] * 15)}))
    hours = Hours(**days) if days else Hours(mon=((0, 1440),), tue=((120, 180),))
    added = tuple(date(2024, 3, 30) + timedelta(days=n) for n in range(14) if w.often(8))
    return Calendar(name, w.pick(ZONES), hours, Holidays("PL" if w.often(30) else None, None, added))


def target(w: Writer) -> str:
    return f"P{w.pick((1, 1, 1, 2, 2, 3, 5))}D" if w.often(45) else f"PT{w.pick(SECONDS)}S"


def clock(w: Writer, name: str, calendars: Sequence[str]) -> Clock:
    stops: Any = w.pick(("acknowledged", "closed", "closed", "replied", "replied", "reply_delivered", "up", "up"))
    length, down = target(w), stops == "up"
    reopens = ("continue", "count", "restart", "restart") if stops == "closed" else ("continue", "count")
    return Clock(
        name=name,
        target=length,
        calendar=w.pick(calendars),
        starts="down" if down else "filed",
        stops=stops,
        until="end_of_day" if length.endswith("D") and w.often(45) else None,
        pauses=tuple(sorted(some(w, WAITS, 45))),
        reopen=None if down else w.pick(reopens),  # type: ignore[arg-type]
        warn=some(w, FRACTIONS, 35),
        on_breach="deem_upheld" if stops in ("replied", "reply_delivered") and w.often(70) else None,
    )


def clocked(w: Writer) -> Terms:
    calendars = tuple(calendar(w, name) for name in ("night", "office"))
    names = ["always", *(c.name for c in calendars)]
    clocks = tuple(clock(w, f"c{n}", names) for n in range(w.pick((1, 2, 3, 4))))
    used = {c.calendar for c in clocks}
    owed = credit(w)
    kept = tuple(c for c in calendars if c.name in used)
    return replace(terms(w), reply=False, clocks=clocks, calendars=kept, zone=w.pick(ZONES), credit=owed)


def credit(w: Writer) -> Credit | None:
    if not w.often(60):
        return None
    cap = w.pick((None, "30.00", "12.00"))
    return Credit(w.pick((0, 1800, 3600, 7200)), w.pick(("hour", "hour", "day")), "5.00", "PLN", cap)


# ---- further versions


def renewed(w: Writer, old: Terms) -> Terms:
    """Other terms: often the same clocks with something changed, some gone, some new; sometimes all is other."""
    if w.often(15):
        return clocked(w)
    calendars = old.calendars
    if w.often(20):
        calendars = tuple(calendar(w, c.name) for c in calendars)
    names = ["always", *(c.name for c in calendars)]
    clocks = [changed(w, c, names) for c in old.clocks if w.often(85)]
    free = [name for name in ("c0", "c1", "c2", "c3", "c4") if name not in {c.name for c in clocks}]
    if free and w.often(30):
        clocks.append(clock(w, w.pick(free), names))
    used = {c.calendar for c in clocks}
    new = replace(
        old,
        clocks=tuple(sorted(clocks, key=lambda c: c.name)),
        calendars=tuple(c for c in calendars if c.name in used),
        zone=w.pick(ZONES) if w.often(10) else old.zone,
        credit=credit(w) if w.often(40) else old.credit,
    )
    other = terms(w)
    return replace(new, accepts=other.accepts, silence=other.silence) if w.often(40) else new


def changed(w: Writer, old: Clock, calendars: Sequence[str]) -> Clock:
    if w.often(8):  # it starts and stops otherwise
        return clock(w, old.name, calendars)
    new, like = old, clock(w, old.name, calendars)
    if w.often(60):
        new = structs.replace(new, target=like.target, until=like.until)
    if w.often(25):
        new = structs.replace(new, calendar=like.calendar)
    if w.often(30):
        new = structs.replace(new, pauses=like.pauses)
    if w.often(35):
        new = structs.replace(new, warn=like.warn)
    if w.often(25) and new.starts == "filed":
        reopens: Any = ("continue", "count", "restart") if new.stops == "closed" else ("continue", "count")
        new = structs.replace(new, reopen=w.pick(reopens))
    if w.often(30) and new.stops in {"replied", "reply_delivered"}:
        new = structs.replace(new, on_breach=w.pick((None, "deem_upheld")))
    return new


def renewing(told: History, r: Random) -> History:
    """The same history with orders in between: at the moments of facts or at others, once or several times."""
    w, orders = Writer(r), []
    moments = sorted({now for _, now in told.arrivals})
    had = {name: [first] for name, first in told.agreements.items()}
    whens = []
    for _ in range(w.pick((1, 1, 2, 2, 3, 4))):
        now = moments[min(w.r.randrange(len(moments) // 6, len(moments)) for _ in range(w.pick((1, 2))))]
        if w.often(35):
            now += STEP * w.pick((1, 1, 2, 5, 20))
        whens.append((min(now, told.end), w.often(60)))
    day = moments[0].date()
    for now, behind in sorted(whens):
        published = {}
        for name in sorted(had):
            if w.often(85):
                back = w.pick(had[name][:-1]) if w.often(15) and len(had[name]) > 1 else None
                published[name] = back or renewed(w, had[name][-1])
                had[name].append(published[name])
        complaints = tuple(name for name in ("C-1", "C-2", "C-3") if w.often(90))
        effective = w.pick((EVER, *(day + timedelta(days=n) for n in (-1, 0, 1, 1, 30))))
        orders.append(Order(now, behind, effective, published, complaints))
    return replace(told, orders=tuple(orders))
