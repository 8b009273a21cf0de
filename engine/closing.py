"""May it be closed? What objects, and what may be set aside (domain.md §5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from contracts.envelope import Fact
from contracts.facts import (
    ComplaintCloseRequested,
    ComplaintReplied,
    Objection,
    PartArrived,
    PartCancelled,
    PartOrdered,
    PromiseKept,
    PromiseMade,
    PromiseReleased,
    RemedyCancelled,
    RemedyDelivered,
    RemedyGranted,
    VisitCancelled,
    VisitMade,
    VisitScheduled,
)

OVERRIDABLE: frozenset[Objection] = frozenset(
    {"part_outstanding", "visit_outstanding", "remedy_outstanding", "promise_outstanding", "reply_missing"}
)
"""What a named approver may set aside. Nobody sets aside that the customer is down."""

_OUTSTANDING: dict[type, tuple[Objection, str, bool]] = {
    PartOrdered: ("part_outstanding", "order", True),
    PartArrived: ("part_outstanding", "order", False),
    PartCancelled: ("part_outstanding", "order", False),
    VisitScheduled: ("visit_outstanding", "visit", True),
    VisitMade: ("visit_outstanding", "visit", False),
    VisitCancelled: ("visit_outstanding", "visit", False),
    RemedyGranted: ("remedy_outstanding", "remedy", True),
    RemedyDelivered: ("remedy_outstanding", "remedy", False),
    RemedyCancelled: ("remedy_outstanding", "remedy", False),
    PromiseMade: ("promise_outstanding", "promise", True),
    PromiseKept: ("promise_outstanding", "promise", False),
    PromiseReleased: ("promise_outstanding", "promise", False),
}


class Verdict(NamedTuple):
    """What objects to a closing once the overrides are taken off, and what they set aside; both sorted."""

    objections: tuple[Objection, ...]
    set_aside: tuple[Objection, ...]


def judge(
    request: ComplaintCloseRequested,
    *,
    customer: Iterable[str],
    facts: Iterable[Fact],
    needs_reply: bool,
    ended: bool,
) -> Verdict:
    """The verdict on a request.

    `customer`: the states at the request's time and now; `facts`: the complaint's up to its time;
    `needs_reply`: a clock of the agreement stops at the formal answer; `ended`: as recorded.
    """
    holds: set[Objection] = set()
    for state in customer:
        if state == "down":
            holds.add("customer_down")
        elif state == "unconfirmed":
            holds.add("restoration_unconfirmed")
    if ended:
        holds.add("already_ended")
    holds |= outstanding(facts, needs_reply=needs_reply)
    aside = holds & OVERRIDABLE & set(request.overrides or ()) if request.approved_by else set()
    return Verdict(tuple(sorted(holds - aside)), tuple(sorted(aside)))


def outstanding(facts: Iterable[Fact], *, needs_reply: bool) -> set[Objection]:
    """What was begun and neither done nor called off, and a formal answer that was not given."""
    begun: set[tuple[Objection, str]] = set()
    done: set[tuple[Objection, str]] = set()
    missing = needs_reply
    for fact in facts:
        thing = _OUTSTANDING.get(fact.data.__class__)
        if thing is not None:
            (begun if thing[2] else done).add((thing[0], getattr(fact.data, thing[1])))
        elif isinstance(fact.data, ComplaintReplied):
            missing = False
    holds = {objection for objection, _ in begun - done}
    if missing:
        holds.add("reply_missing")
    return holds
