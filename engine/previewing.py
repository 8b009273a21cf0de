"""What a new version of an agreement would do to a complaint that runs, before anybody applies it (domain.md §6).

Reckoned as the engine would if it were applied now; nothing is decided. JSON values, moments in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.agreements import Agreement
from contracts.moments import rfc3339
from engine.clocks import as_of
from engine.complaint import Complaint
from engine.rows import Cycle, Outage
from engine.runs import Applied, cycle_of

Values = dict[str, Any]


def preview(
    complaint: Complaint, outages: Sequence[Outage], had: Sequence[Applied], new: Applied | None, now: int
) -> list[Values]:
    """Each cycle that runs, or that would be otherwise: what is so now, and what would be under `new` terms."""
    before = _cycles(complaint, outages, had, now)
    after = before if new is None else _cycles(complaint, outages, [*had, new], now)
    rows = []
    for key in sorted(before.keys() | after.keys()):
        old, then = (None if cycle is None else _row(cycle) for cycle in (before.get(key), after.get(key)))
        if old == then and old is not None and old["stopped_at"] is not None:
            continue
        rows.append({"clock": key[0], "cycle": key[1], "old": old, "new": then, "changes": old != then})
    return rows


def differences(old: Agreement, new: Agreement) -> list[str]:
    """What else differs between versions, beside their clocks."""
    return [name for name in ("zone", "restoration", "credit") if getattr(old, name) != getattr(new, name)]


def _cycles(
    complaint: Complaint, outages: Sequence[Outage], terms: Sequence[Applied], now: int
) -> dict[tuple[str, int], Cycle]:
    cycles = (cycle_of(found, complaint.agreement) for found in as_of(complaint, outages, terms, now).found())
    return {(cycle.clock, cycle.number): cycle for cycle in cycles}


def _row(cycle: Cycle) -> Values:
    return {
        "target": cycle.target,
        "state": cycle.state,
        "due_at": _moment(cycle.due_at),
        "stopped_at": _moment(cycle.stopped_at),
        "breached_at": _moment(cycle.breached_at),
        "warned_at": [rfc3339(at) for at in cycle.warned_at],
    }


def _moment(us: int | None) -> str | None:
    return None if us is None else rfc3339(us)
