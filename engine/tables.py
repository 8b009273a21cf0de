"""The rows of a complaint that a late or corrected fact may change (`complaint.restated`)."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.decisions import ComplaintRestated
from contracts.facts import FactData, FactRef
from contracts.moments import moment
from contracts.rows import ClosingRow
from engine import dealings
from engine.absences import Absences
from engine.complaint import Complaint
from engine.corrections import Ref
from engine.handing import counts, owners, waits

_EMPTY = ComplaintRestated()
_QUIET = ("complaint.acknowledged", "complaint.close_requested", "complaint.escalated", "resolution.")


def tables(
    complaint: Complaint, now: int, by: int, absent: Absences, cls: type[FactData] | None = None
) -> ComplaintRestated:
    """All rows as they stand, with promises that were due `by` then; none where a fact of class `cls` changes none."""
    if cls is not None and cls.TYPE.startswith(_QUIET):
        return _EMPTY
    facts = complaint.log
    owned = owners(facts, absent, complaint.open_(), now)
    return ComplaintRestated(
        owners=tuple(owned),
        waits=tuple(waits(facts, complaint.ends())),
        counts=counts(facts, owned),
        visits=tuple(dealings.visits(facts)),
        parts=tuple(dealings.parts(facts)),
        promises=tuple(dealings.promises(facts, by, unmade=True)),
        remedies=tuple(dealings.remedies(facts)),
        notices=tuple(dealings.notices(facts)),
        decision=dealings.answer(facts),
    )


def restated(before: ComplaintRestated, after: ComplaintRestated) -> ComplaintRestated | None:
    """The tables that changed, whole; None if none did."""
    changed: dict[str, Any] = {
        name: getattr(after, name) for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)
    }
    return msgspec.structs.replace(_EMPTY, **changed) if changed else None


def closing_rows(complaint: Complaint, *, false: Ref) -> tuple[ClosingRow, ...]:
    """Its closings, in the order recorded; `false` is one that has just proved false."""
    return tuple(
        ClosingRow(
            fact=FactRef(*turn.ref), time=moment(turn.time), false=turn.ref == false or turn.ref in complaint.false
        )
        for turn in complaint.closings()
    )
