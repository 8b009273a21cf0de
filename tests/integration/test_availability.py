"""Sums of downtime, with their availability, by a reading that looks at every period and every service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ops.recounting import Recounter
from projections.asking import Question, ask
from projections.projector import Projector
from projections.views.base import Row
from tests.integration import workload
from tests.integration.engines import engine
from tests.integration.facts import event, micros, us
from tests.integration.stores import Place, Stores
from tests.integration.test_views import LATER, database_of, feed_of


@pytest.fixture
def shops(stores: Stores) -> Place:
    """A store with seven customers, who share services and have several."""
    made = stores / "shops.db"
    with engine(made) as taking:
        facts = [json.loads(body) for body in workload.lives(11, 60)]
        for fact in facts:
            if fact["type"] == "complaint.filed":
                fact["data"]["customer"] = f"shop {int(fact['subject'][1:]) % 7}"
        taking.take([json.dumps(fact).encode() for fact in facts], mode="wall")
        taking.take([json.dumps(event("q", "service.up", "quiet", 50, evidence="telemetry")).encode()], mode="wall")
    return made


def summed(
    found: dict[str, list[Row]], firsts: dict[str, int], keys: Sequence[str], where: Row, at: int
) -> dict[tuple[Any, ...], tuple[int, float | None]]:
    """By the keys' values: rows, and the availability."""
    rows = [row for row in found["downtime"] if all(row[name] == value for name, value in where.items())]
    begin = datetime.fromisoformat(min(row["started_at"] for row in found["downtime"]))
    days = [begin.date() + timedelta(days=n) for n in range((datetime.fromtimestamp(at / 1e6, UTC) - begin).days + 2)]
    periods: dict[str, list[date]] = {"": days}
    if "day" in keys or "month" in keys:
        periods = {}
        for day in days:
            periods.setdefault(str(day) if "day" in keys else f"{day:%Y-%m}", []).append(day)
    sums: dict[tuple[Any, ...], tuple[int, float | None]] = {}
    for period, inside in periods.items():
        low = micros(datetime.combine(inside[0], datetime.min.time(), UTC))
        high = micros(datetime.combine(inside[-1], datetime.min.time(), UTC)) + 86_400_000_000
        parts: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            start = micros(row["started_at"])
            end = at if row["ended_at"] is None else micros(row["ended_at"])
            if min(end, high) > max(start, low) or (start == end and low <= start < high):
                named = {"day": period, "month": period[:7]}
                parts.setdefault(tuple(named.get(key) or row[key] for key in keys), []).append(row)
        for key, part in parts.items():
            value = dict(zip(keys, key, strict=True))
            length = down = 0
            for service, first in firsts.items():
                whose = {row["customer"] for row in found["complaints"] if row["service"] == service}
                whose |= {row["customer"] for row in found["downtime"] if row["service"] == service}
                asked = [{name: value[name] for name in ("service", "customer") if name in keys}, where]
                if any(
                    all({"service": service, "customer": one}.get(k, v) == v for of in asked for k, v in of.items())
                    for one in whose or {None}
                ):
                    length += max(min(high, at) - max(low, first), 0)
            for row in part:
                end = at if row["ended_at"] is None else micros(row["ended_at"])
                stretch = max(micros(row["started_at"]), low, firsts[row["service"]]), min(end, high, at)
                down += max(stretch[1] - stretch[0], 0)
            cannot_be_said = set(where) - {"service", "customer"} or not length
            sums[key] = (len(part), None if cannot_be_said else round(1 - down / length, 9))
    return sums


SHARED = "S2"
SUMS: list[tuple[str, dict[str, Any]]] = [
    ("month", {}),
    ("day", {}),
    ("ended_by,month", {}),
    ("day,month,recurrence", {}),
    ("service", {}),
    ("service,month", {}),
    ("customer,month", {}),
    ("customer,day", {}),
    ("customer,service,day", {}),
    ("ended_by,service", {}),
    ("month", {"customer": "shop 3"}),
    ("day", {"customer": None}),
    ("month", {"service": SHARED}),
    ("customer,month", {"service": SHARED}),
    ("service,month", {"customer": "shop 3"}),
    ("month", {"customer": "shop 3", "service": SHARED}),
    ("month", {"hidden": 0}),
    ("service,month", {"customer": "shop 3", "recurrence": False}),
]


def test_availability_is_that_of_all_time_of_the_services_that_are_asked_about(shops: Place) -> None:
    with database_of(shops) as database, feed_of(shops) as feed:
        live = Projector(database)
        live.catch_up(feed)
        compared = 0
        for at in (us(20 * 24 * 60), us(45 * 24 * 60 + 7), us(70 * 24 * 60)):

            def answer(view: str, keys: Sequence[str] = (), where: Row | None = None, at: int = at) -> list[Row]:
                said = [(k, v if isinstance(v, str) else json.dumps(v)) for k, v in (where or {}).items()]
                return list(ask(database, live.generation, Recounter, Question(view, at, LATER, said, keys)))

            found = {view: answer(view) for view in ("downtime", "complaints")}
            with database.reading() as cursor:
                name = f"services_1_{live.generation}"
                listed = cursor.rows(f"SELECT service, MIN(first_fact_at) FROM {name} GROUP BY service")
            firsts = {service: first for service, first in listed if first <= at}
            assert "quiet" in firsts
            assert "shop 3" in {row["customer"] for row in found["downtime"] if row["service"] == SHARED}
            for by, where in SUMS:
                keys = by.split(",")
                sums = {
                    tuple(row[key] for key in keys): (row["rows"], row["availability"])
                    for row in answer("downtime", keys, where)
                }
                assert sums == summed(found, firsts, keys, where, at), (by, where)
                compared += len(sums)
    assert compared > 1_000
