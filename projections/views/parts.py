"""`parts`: a row is a part; what fails, what is ordered, and for how long customers are down waiting for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.facts import ComplaintDiagnosed
from contracts.moments import SECOND
from projections.looking import Looking
from projections.recounting import Outage
from projections.views.base import Row, View, read

_VITAL = (4, 5)
"""80 % of failures."""


def _parts(look: Looking) -> Iterator[Row]:
    failures: dict[str, int] = {}
    ordered: dict[str, int] = {}
    waited: dict[str, int] = {}
    for _, _, recounter, complaints in look.by_service():
        outages: list[Outage] | None = None
        for complaint in complaints:
            for fact in complaint.facts(look.at):
                if isinstance(fact.data, ComplaintDiagnosed) and fact.data.part is not None:
                    failures[fact.data.part] = failures.get(fact.data.part, 0) + 1
            shown = complaint.show(look.at)
            for order in [] if shown is None else shown["parts"]:
                name = order["part"]
                if name is None or order["ordered_at"] is None:
                    continue
                if outages is None:
                    outages = list(recounter.service(complaint.service).outages(look.at, ()))
                ordered[name] = ordered.get(name, 0) + 1
                waited[name] = waited.get(name, 0) + _waited(order, outages, look.at)
    yield from _rows(failures, ordered, waited)


def _waited(order: dict[str, Any], outages: list[Outage], at: int) -> int:
    """Whole seconds of outage between an order and its arrival, or its cancellation, or `at`."""
    start = read(order["ordered_at"])
    ends = [read(order[name]) for name in ("arrived_at", "cancelled_at") if order[name] is not None]
    end = min(ends, default=at)
    whole = sum(max(min(end, at if o.end is None else o.end) - max(start, o.start), 0) for o in outages)
    return whole // SECOND


def _rows(failures: dict[str, int], ordered: dict[str, int], waited: dict[str, int]) -> Iterator[Row]:
    total = sum(failures.values())
    vital: set[str] = set()
    behind = 0
    for name in sorted(failures, key=lambda part: (-failures[part], part)):
        if behind * _VITAL[1] >= total * _VITAL[0]:
            break
        vital.add(name)
        behind += failures[name]
    for name in sorted({*failures, *ordered}):
        failed = failures.get(name, 0)
        yield {
            "part": name,
            "failures": failed,
            "ordered": ordered.get(name, 0),
            "waited": waited.get(name, 0),
            "share": round(failed / total, 6) if total else 0.0,
            "vital": name in vital,
        }


PARTS = View(
    "parts", ("part", "failures", "ordered", "waited", "share", "vital"), _parts, ("failures", "ordered", "waited")
)
