"""`watermelon` and `closures`: a row is a team and month, and counts what happened in it (domain.md §9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from contracts.facts import ComplaintCloseRequested
from projections.looking import Looking
from projections.recounting import Complaint
from projections.views.base import Row, View, in_order, month, read, team_at

_CLOSED = "closed"


def _watermelon(look: Looking) -> Iterator[Row]:
    rows: dict[tuple[str | None, str], Row] = {}
    for complaint in look.complaints():
        owners = complaint.owners(look.at)
        for turn in complaint.turns(look.at):
            if turn.status != _CLOSED:
                continue
            key = (team_at(owners, turn.time), month(turn.time, complaint.terms(turn.time).zone))
            row = rows.setdefault(
                key, {"team": key[0], "month": key[1], "closed": 0, "green": 0, "green_hidden": 0, "hidden": 0}
            )
            row["closed"] += 1
            hidden = _hidden_if_green(complaint, turn.time)
            if hidden is not None:
                row["green"] += 1
                row["green_hidden"] += hidden > 0
                row["hidden"] += hidden
    yield from (rows[key] for key in in_order(rows))


def _hidden_if_green(complaint: Complaint, closing: int) -> int | None:
    """The seconds of downtime that a closing hid, if it was green by the ticket's account; None if it was not.

    Clocks are judged as they stood at the closing: those that wait for `up` at the outage's reported end, those that
    wait for `closed` at the first request, the others as they are.
    """
    shown = complaint.show(closing)
    if shown is None or not shown["clocks"]:
        return None
    terms = {clock.name: clock for clock in complaint.terms(closing).clocks}
    requests = [f.us for f in complaint.facts(closing) if isinstance(f.data, ComplaintCloseRequested)]
    for row in shown["clocks"]:
        if row["breached_at"] is None:
            continue
        breached = read(row["breached_at"])
        clock = terms.get(row["clock"])
        judged: int | None = None
        if clock is not None and clock.starts == "down":
            judged = _reported_end(shown["outages"], row)
        elif clock is not None and clock.stops == _CLOSED:
            started = read(row["started_at"])
            judged = next((request for request in requests if request >= started), None)
        if judged is None or breached < judged:
            return None
    hidden: int = shown["downtime"]["hidden"]
    return hidden


def _reported_end(outages: list[dict[str, Any]], row: dict[str, Any]) -> int | None:
    """The reported end of the outage that a cycle follows: its number is the outage's rank."""
    outage = outages[row["cycle"] - 1] if row["cycle"] <= len(outages) else None
    return None if outage is None or outage["reported_end"] is None else read(outage["reported_end"])


def _closures(look: Looking) -> Iterator[Row]:
    rows: dict[tuple[str | None, str], Row] = {}
    objections: dict[tuple[str | None, str], Counter[str]] = {}
    for complaint in look.complaints():
        for what, time, codes in _happened(complaint, look.at):
            key = (team_at(complaint.owners(look.at), time), month(time, complaint.terms(time).zone))
            row = rows.setdefault(
                key,
                {
                    "team": key[0],
                    "month": key[1],
                    "requested": 0,
                    "closed": 0,
                    "refused": 0,
                    "objections": {},
                    "reopenings": 0,
                    "false_closings": 0,
                },
            )
            row[what] += 1
            objections.setdefault(key, Counter()).update(codes)
    for key in in_order(rows):
        yield {**rows[key], "objections": dict(sorted(objections[key].items()))}


def _happened(complaint: Complaint, at: int) -> Iterator[tuple[str, int, list[str]]]:
    """Requests, closings, refusals, reopenings and closings proved false, each with its moment."""
    for fact in complaint.facts(at):
        if isinstance(fact.data, ComplaintCloseRequested):
            yield "requested", fact.us, []
    for turn in complaint.turns(at):
        if turn.status != "withdrawn":
            yield ("closed" if turn.status == _CLOSED else "reopenings"), turn.time, []
    for time in complaint.false_closings(at):
        yield "false_closings", time, []
    for time, codes in complaint.refusals(at):
        yield "refused", time, list(codes)


WATERMELON = View(
    "watermelon",
    ("team", "month", "closed", "green", "green_hidden", "hidden"),
    _watermelon,
    ("closed", "green", "green_hidden", "hidden"),
    keys=2,
)
_COUNTED = ("requested", "closed", "refused", "objections", "reopenings", "false_closings")
CLOSURES = View("closures", ("team", "month", *_COUNTED), _closures, _COUNTED, keys=2)
