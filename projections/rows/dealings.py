"""Promises and orders of parts: told by facts, restated whole after a late one (domain.md §7)."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.decisions import ComplaintRestated, PromiseBroken
from contracts.facts import PartArrived, PartCancelled, PartOrdered, PromiseKept, PromiseMade, PromiseReleased
from contracts.moments import micros
from contracts.recorded import Recorded
from projections.rows.concluded import us
from projections.rows.versions import Key, Values, Versions

PROMISES = (PromiseMade, PromiseKept, PromiseReleased)
ORDERS = (PartOrdered, PartArrived, PartCancelled)


def promise(rows: Versions, event: Recorded, data: PromiseMade | PromiseKept | PromiseReleased) -> None:
    """Made, kept or released; the first of each counts, in whatever order."""
    if event.late:
        return
    key = (event.stream.partition(":")[2], data.promise)
    what, due, state, kept_at, released_at = (rows.get(key) or (*key, None, None, "open", None, None))[2:]
    if isinstance(data, PromiseMade):
        what, due = (data.what, micros(data.due)) if due is None else (what, due)
    elif isinstance(data, PromiseKept):
        kept_at = event.time if kept_at is None else kept_at
    else:
        released_at = event.time if released_at is None else released_at
    if kept_at is not None:
        state = "late" if due is not None and kept_at > due else "kept"
    elif released_at is not None:
        state = "released"
    rows.put((*key, what, due, state, kept_at, released_at), event.recorded_at)


def broken(rows: Versions, event: Recorded, data: PromiseBroken) -> None:
    """Its due time passed, and it was not kept."""
    row = rows.get((event.stream.partition(":")[2], data.promise))
    if row is not None and row[4] == "open":
        rows.put((*row[:4], "broken", *row[5:]), event.recorded_at)


def order(rows: Versions, event: Recorded, data: PartOrdered | PartArrived | PartCancelled) -> None:
    """Ordered, arrived or cancelled; the first of each counts, in whatever order."""
    if event.late:
        return
    key = (event.stream.partition(":")[2], data.order)
    part, state, ordered, eta, arrived, cancelled = (rows.get(key) or (*key, None, "ordered", None, None, None, None))[
        2:
    ]
    if isinstance(data, PartOrdered):
        part, ordered, eta = (data.part, event.time, us(data.eta)) if ordered is None else (part, ordered, eta)
    elif isinstance(data, PartArrived):
        arrived = event.time if arrived is None else arrived
    else:
        cancelled = event.time if cancelled is None else cancelled
    state = "arrived" if arrived is not None else "cancelled" if cancelled is not None else "ordered"
    rows.put((*key, part, state, ordered, eta, arrived, cancelled), event.recorded_at)


def restated(promises: Versions, orders: Versions, event: Recorded, data: ComplaintRestated) -> None:
    """Tables that changed, whole."""
    complaint, at = event.stream.partition(":")[2], event.recorded_at
    if data.promises is not None:
        rows: list[Values] = [
            (complaint, r.promise, r.what, us(r.due), r.state, us(r.kept_at), us(r.released_at)) for r in data.promises
        ]
        _whole(promises, complaint, rows, at)
    if data.parts is not None:
        rows = [
            (
                complaint,
                r.order,
                r.part,
                r.state,
                us(r.ordered_at),
                us(r.eta),
                us(r.arrived_at),
                us(r.cancelled_at),
            )
            for r in data.parts
        ]
        _whole(orders, complaint, rows, at)


def _whole(table: Versions, complaint: str, rows: Iterable[Values], at: int) -> None:
    left: set[Key] = set(table.keys_of(complaint))
    for row in rows:
        table.put(row, at)
        left.discard(row[:2])
    for key in left:
        table.drop(key, at)
