"""`sla`: a row is a cycle of a clock. `promises`: a row is a promise."""

from __future__ import annotations

from collections.abc import Iterator

from projections.looking import Looking
from projections.views.base import MONTH, Row, View, month, read

_SHOWN = ("state", "started_at", "due_at", "stopped_at", "elapsed", "paused", "breached_at")


def _sla(look: Looking) -> Iterator[Row]:
    for complaint in look.complaints():
        shown = complaint.show(look.at)
        if shown is None:
            continue
        zone = complaint.terms(look.at).zone
        for clock in shown["clocks"]:
            yield {
                "complaint": shown["complaint"],
                "clock": clock["clock"],
                "cycle": clock["cycle"],
                "agreement": shown["agreement"],
                "agreement_version": clock["agreement_version"],
                "team": shown["owner"]["team"],
                **{name: clock[name] for name in _SHOWN},
                MONTH: month(read(clock["started_at"]), zone),
            }


def _promises(look: Looking) -> Iterator[Row]:
    for complaint in look.complaints():
        shown = complaint.show(look.at)
        if shown is None:
            continue
        zone = complaint.terms(look.at).zone
        for promise in shown["promises"]:
            yield {
                "complaint": shown["complaint"],
                **{name: promise[name] for name in ("promise", "what", "due", "kept_at", "state", "experience")},
                MONTH: month(read(promise["due"]), zone),
            }


SLA = View(
    "sla",
    ("complaint", "clock", "cycle", "agreement", "agreement_version", "team", *_SHOWN),
    _sla,
    ("elapsed", "paused"),
    months="started_at",
    narrow=("complaint", "agreement", "team"),
    keys=3,
)
PROMISES = View(
    "promises",
    ("complaint", "promise", "what", "due", "kept_at", "state", "experience"),
    _promises,
    ("experience",),
    months="due",
    narrow=("complaint",),
    keys=2,
)
