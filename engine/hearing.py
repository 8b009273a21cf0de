"""What a complaint's fact brings to its service: words, claims, notices, leaning (domain.md §4).

Recorded as `service.heard`, so that a service can be folded from its own stream alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.agreements import Agreement
from contracts.envelope import Fact
from contracts.facts import (
    ComplaintCloseRequested,
    ComplaintFiled,
    ComplaintReopenRequested,
    NoticeDelivered,
    NoticeSent,
    RemedyDelivered,
    RemedyGranted,
    ResolutionConfirmed,
    ResolutionProposed,
    ResolutionRejected,
    VisitMade,
)
from contracts.heard import Claimed, Delivered, Item, Leans, Left, Noticed, Rejected, Requested, Said
from contracts.moments import moment
from engine.complaint import CLOSED, WITHDRAWN, Complaint
from engine.corrections import Ref

Versions = Callable[[int], Agreement]
"""The versions of an agreement, by number."""
OPERATOR, TECHNICIAN = "operator", "technician"
_ANNOUNCE = frozenset({RemedyGranted, NoticeSent})
RESTORING = frozenset({"repair", "replacement", "loaner"})
"""Remedies whose delivery claims that the customer is up again."""


def brought(complaint: Complaint, fact: Fact, versions: Versions) -> tuple[Item, ...]:
    """Everything that `fact`, as corrected, brings to the service, with what was decided on it.

    `versions` are those of the complaint's agreement.
    """
    return (*_said(complaint, fact), *_turned(complaint, fact, versions))


def _said(complaint: Complaint, fact: Fact) -> tuple[Item, ...]:
    says = _SAYS.get(fact.data.__class__)
    return () if says is None else says(complaint, fact.data)


def _filed(_: Complaint, data: ComplaintFiled) -> tuple[Item, ...]:
    return (Said(up=False, customer=True, since=data.down_since),) if data.down else ()


def _confirmed(_: Complaint, data: ResolutionConfirmed) -> tuple[Item, ...]:
    return (Said(up=True, customer=True, since=data.up_since),)


def _rejected(complaint: Complaint, data: ResolutionRejected) -> tuple[Item, ...]:
    return _still_down(complaint, data) or (Rejected(),)


def _still_down(_: Complaint, data: ResolutionRejected | ComplaintReopenRequested) -> tuple[Item, ...]:
    if not data.still_down:
        return ()
    return (Said(up=False, customer=True, since=data.down_since, never_back=data.down_since is None),)


def _proposed(_: Complaint, data: ResolutionProposed) -> tuple[Item, ...]:
    return (Claimed(OPERATOR, data.by),)


def _visited(_: Complaint, data: VisitMade) -> tuple[Item, ...]:
    return (Claimed(TECHNICIAN, data.by),) if data.outcome == "fixed" else ()


def _remedied(complaint: Complaint, data: RemedyDelivered) -> tuple[Item, ...]:
    return (Claimed(TECHNICIAN),) if _kind(complaint, data.remedy) in RESTORING else ()


def _sent(_: Complaint, data: NoticeSent) -> tuple[Item, ...]:
    return (Noticed(data.notice),) if data.about == "confirmation" else ()


def _delivered(complaint: Complaint, data: NoticeDelivered) -> tuple[Item, ...]:
    return (Delivered(data.notice),) if _asks(complaint, data.notice) else ()


def _requested(_: Complaint, data: ComplaintCloseRequested) -> tuple[Item, ...]:
    return (Requested(standing=bool(data.when_confirmed)),)


_SAYS: dict[type, Callable[[Complaint, Any], tuple[Item, ...]]] = {
    ComplaintFiled: _filed,
    ResolutionConfirmed: _confirmed,
    ResolutionRejected: _rejected,
    ComplaintReopenRequested: _still_down,
    ResolutionProposed: _proposed,
    VisitMade: _visited,
    RemedyDelivered: _remedied,
    NoticeSent: _sent,
    NoticeDelivered: _delivered,
    ComplaintCloseRequested: _requested,
}


def _turned(complaint: Complaint, fact: Fact, versions: Versions) -> tuple[Item, ...]:
    if isinstance(fact.data, ComplaintFiled):
        version = complaint.applied[0][1]
        return (leans(complaint.agreement, version, versions(version)),)
    turn = complaint.turn_of(fact.ref)
    if turn is None:
        return ()
    if turn.status == CLOSED:
        if fact.ref in complaint.false:
            return ()
        return (Left(at=moment(turn.time) if turn.waited else None),)
    if turn.status == WITHDRAWN:
        return (Left(closed=False),)
    version = complaint.version_at(turn.time)
    return (leans(complaint.agreement, version, versions(version)),)


def leans(agreement: str, version: int, terms: Agreement, *, applied: bool = False) -> Leans:
    """A complaint leans on its service with these terms; `applied`: they take the place of those it had."""
    return Leans(
        agreement=agreement,
        version=version,
        accepts=terms.restoration.accepts,
        silence=terms.restoration.silence,
        applied=applied,
    )


def _kind(complaint: Complaint, remedy: str) -> str | None:
    """What a remedy is, whether the word that granted it came before its delivery or after."""
    return next(
        (f.data.kind for f in complaint.log if isinstance(f.data, RemedyGranted) and f.data.remedy == remedy), None
    )


def _asks(complaint: Complaint, notice: str) -> bool:
    return any(
        isinstance(f.data, NoticeSent) and f.data.notice == notice and f.data.about == "confirmation"
        for f in complaint.log
    )


def dependents(complaint: Complaint, facts: list[Fact | None]) -> set[Ref]:
    """Facts that may bring something else now that `facts` are known (or are known no more)."""
    if not any(f is not None and f.data.__class__ in _ANNOUNCE for f in facts):
        return set()
    remedies = {f.data.remedy for f in facts if f is not None and isinstance(f.data, RemedyGranted)}
    notices = {f.data.notice for f in facts if f is not None and isinstance(f.data, NoticeSent)}
    return {
        f.ref
        for f in complaint.log
        if (isinstance(f.data, RemedyDelivered) and f.data.remedy in remedies)
        or (isinstance(f.data, NoticeDelivered) and f.data.notice in notices)
    }
