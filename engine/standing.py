"""A request to close that was refused and stands until nothing objects any more (domain.md §5).

Moments are microseconds.
"""

from __future__ import annotations

from typing import NamedTuple

from contracts.agreements import Agreement
from contracts.envelope import Fact
from contracts.facts import ComplaintCloseRequested, Objection
from engine.closing import judge
from engine.complaint import OPEN, Complaint
from engine.corrections import Ref
from engine.service import Service


class Standing(NamedTuple):
    """The request, and what objects to it at the moment that is asked about."""

    fact: Fact
    data: ComplaintCloseRequested
    objections: tuple[Objection, ...]


def standing(complaint: Complaint, service: Service, terms: Agreement, at: int) -> Standing | None:
    """The request that stands at a moment, if one does."""
    ref = _standing(complaint, at)
    fact = None if ref is None else complaint.effective(ref)
    if fact is None or not isinstance(fact.data, ComplaintCloseRequested) or fact.us > at:
        return None
    if not fact.data.when_confirmed:  # not any more: it was corrected
        return None
    state = service.state_at(at)
    verdict = judge(
        fact.data, customer=(state, state), facts=complaint.until(at), needs_reply=terms.needs_reply, ended=False
    )
    return Standing(fact, fact.data, verdict.objections)


def _standing(complaint: Complaint, at: int) -> Ref | None:
    """As it is now; or as it was before it was granted, or before something took its place."""
    turns = [turn for turn in complaint.turns if turn.time <= at]
    if turns and turns[-1].status != OPEN:
        return None
    later = [turn for turn in complaint.turns if turn.time > at]
    asked = [f for f in complaint.until(at) if isinstance(f.data, ComplaintCloseRequested)]
    if not later and (not asked or complaint.log[-1].us <= at):
        return complaint.standing
    if not asked:
        return None
    last = asked[-1]
    if turns and turns[-1].time >= last.us:  # it was reopened since
        return None
    return last.ref if isinstance(last.data, ComplaintCloseRequested) and last.data.when_confirmed else None
