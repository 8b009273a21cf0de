"""`complaints` and `handovers`: a row is a complaint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from projections.looking import NARROWING, THEN, Looking
from projections.views.base import MONTH, Row, View, month, read

_HANDING = ("handovers", "bounces", "contacts", "repeat_diagnoses")


def _complaints(look: Looking) -> Iterator[Row]:
    for complaint in look.complaints():
        shown = complaint.show(look.at)
        if shown is not None:
            row = complaint_row(shown)
            row[MONTH] = month(read(shown["filed_at"]), complaint.terms(look.at).zone)
            yield row


def complaint_row(shown: dict[str, Any]) -> Row:
    """A row of `complaints`, from what `show` says."""
    return {
        "complaint": shown["complaint"],
        "customer": shown["customer"],
        "service": shown["service"],
        "agreement": shown["agreement"],
        "status": shown["status"],
        "customer_state": shown["customer_state"],
        "team": shown["owner"]["team"],
        "person": shown["owner"]["person"],
        "orphaned": shown["owner"]["orphaned"],
        "filed_at": shown["filed_at"],
        "closed_at": shown["closed_at"],
        "withdrawn_at": shown["withdrawn_at"],
        **{name: shown[name] for name in _HANDING},
        "refusals": len(shown["refusals"]),
        "reopenings": shown["reopenings"],
        "false_closings": shown["false_closings"],
        "false_restorations": shown["false_restorations"],
        **shown["downtime"],
        "breaches": sum(clock["breached_at"] is not None for clock in shown["clocks"]),
        "promises_broken": sum(promise["state"] == "broken" for promise in shown["promises"]),
        "time_by_cause": shown["time_by_cause"],
        "time_by_owner": shown["time_by_owner"],
    }


def _handovers(look: Looking) -> Iterator[Row]:
    for complaint in look.complaints():
        shown = complaint.show(look.at)
        if shown is not None:
            yield {"complaint": shown["complaint"], **{name: shown[name] for name in _HANDING}}


_COUNTS = (
    *_HANDING,
    "refusals",
    "reopenings",
    "false_closings",
    "false_restorations",
    "experienced",
    "reported",
    "hidden",
    "breaches",
    "promises_broken",
    "time_by_cause",
    "time_by_owner",
)
_WHO = ("complaint", "customer", "service", "agreement", "status", "customer_state", "team", "person", "orphaned")
COMPLAINTS = View(
    "complaints",
    (*_WHO, "filed_at", "closed_at", "withdrawn_at", *_COUNTS),
    _complaints,
    _COUNTS,
    months="filed_at",
    narrow=(*NARROWING, *THEN),
)
HANDOVERS = View("handovers", ("complaint", *_HANDING), _handovers, _HANDING, narrow=("complaint",))
