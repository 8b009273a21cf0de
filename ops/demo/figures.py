"""What the demo shows of a store: figures that a support manager can check, all of them the engine's."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import Any, Final

import msgspec

from engine.surveying import Surveyed, survey
from ops.asking import standing_now

WORST: Final = 5
_UNPROVED: Final = frozenset({"customer_down", "restoration_unconfirmed"})


class Incident(msgspec.Struct, frozen=True):
    """An incident that hid downtime; lengths in seconds."""

    incident: str
    customer: str
    experienced: int
    reported: int
    hidden: int
    false_restorations: int
    closings: int


class Figures(msgspec.Struct):
    """One reading of all incidents. Lengths in seconds, each incident up to the tool's last closing."""

    incidents: int = 0
    requested: int = 0
    granted: int = 0
    refused: int = 0
    objections: dict[str, int] = msgspec.field(default_factory=dict)
    closed_without_proof: int = 0
    """Closings that the engine refused because the customer was down, or up by the tool's own word alone."""
    false_closings: int = 0
    false_restorations: int = 0
    still_open: int = 0
    hiding: int = 0
    experienced: int = 0
    reported: int = 0
    hidden: int = 0
    worst: list[Incident] = msgspec.field(default_factory=list)


def figures(url: str) -> Figures:
    """Add up a store, complaint by complaint."""
    found = Figures()
    objections: Counter[str] = Counter()
    worst: list[tuple[int, str, Incident]] = []
    for one in survey(url, standing_now(url)):
        _add(found, objections, one)
        incident = _incident(one)
        heapq.heappush(worst, (incident.hidden, incident.incident, incident))
        if len(worst) > WORST:
            heapq.heappop(worst)
    found.objections = dict(objections.most_common())
    found.worst = [
        incident for _, _, incident in sorted(worst, key=lambda item: (-item[0], item[1])) if incident.hidden
    ]
    return found


def _add(found: Figures, objections: Counter[str], one: Surveyed) -> None:
    down = one.shown["downtime"]
    found.incidents += 1
    found.requested += one.requested
    found.granted += one.granted
    found.refused += len(one.refused)
    objections.update(code for codes in one.refused for code in codes)
    found.closed_without_proof += sum(1 for codes in one.refused if _UNPROVED & set(codes))
    found.false_closings += one.proved_false
    found.false_restorations += one.shown["false_restorations"]
    found.still_open += not one.ended
    found.hiding += down["hidden"] > 0
    found.experienced += down["experienced"]
    found.reported += down["reported"]
    found.hidden += down["hidden"]


def _incident(one: Surveyed) -> Incident:
    shown: dict[str, Any] = one.shown
    down = shown["downtime"]
    return Incident(
        one.complaint,
        shown["customer"],
        down["experienced"],
        down["reported"],
        down["hidden"],
        shown["false_restorations"],
        one.requested,
    )
