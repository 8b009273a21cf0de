"""What a complaint's fact brings to its service: words, claims, notices, leaning (domain.md §4).

Recorded as `service.heard`, so that a service can be folded from its own stream alone.
"""

from __future__ import annotations

from contracts.agreements import Agreement
from contracts.decisions import Claimed, Delivered, Item, Leans, Left, Noticed, Rejected, Requested, Said
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
from engine.complaint import CLOSED, WITHDRAWN, Complaint
from engine.corrections import Ref

OPERATOR, TECHNICIAN = "operator", "technician"
RESTORING = frozenset({"repair", "replacement", "loaner"})
"""Remedies whose delivery claims that the customer is up again."""


def brought(complaint: Complaint, fact: Fact, terms: Agreement) -> tuple[Item, ...]:
    """Everything that `fact`, as corrected, brings to the service, with what was decided on it."""
    return (*_said(complaint, fact), *_turned(complaint, fact, terms))


def _said(complaint: Complaint, fact: Fact) -> tuple[Item, ...]:
    data = fact.data
    if isinstance(data, ComplaintFiled):
        return (Said(up=False, customer=True, since=data.down_since),) if data.down else ()
    if isinstance(data, ResolutionConfirmed):
        return (Said(up=True, customer=True, since=data.up_since),)
    if isinstance(data, ResolutionRejected | ComplaintReopenRequested):
        if data.still_down:
            return (Said(up=False, customer=True, since=data.down_since, never_back=data.down_since is None),)
        return (Rejected(),) if isinstance(data, ResolutionRejected) else ()
    if isinstance(data, ResolutionProposed):
        return (Claimed(OPERATOR, data.by),)
    if isinstance(data, VisitMade):
        return (Claimed(TECHNICIAN, data.by),) if data.outcome == "fixed" else ()
    if isinstance(data, RemedyDelivered):
        return (Claimed(TECHNICIAN),) if _kind(complaint, data.remedy) in RESTORING else ()
    if isinstance(data, NoticeSent):
        return (Noticed(data.notice),) if data.about == "confirmation" else ()
    if isinstance(data, NoticeDelivered):
        return (Delivered(data.notice),) if _asks(complaint, data.notice) else ()
    if isinstance(data, ComplaintCloseRequested):
        return (Requested(),)
    return ()


def _turned(complaint: Complaint, fact: Fact, terms: Agreement) -> tuple[Item, ...]:
    if isinstance(fact.data, ComplaintFiled):
        return (_leans(complaint, terms),)
    turn = complaint.turn_of(fact.ref)
    if turn is None:
        return ()
    if turn.status == CLOSED:
        return () if fact.ref in complaint.false else (Left(),)
    if turn.status == WITHDRAWN:
        return (Left(closed=False),)
    return (_leans(complaint, terms),)


def _leans(complaint: Complaint, terms: Agreement) -> Leans:
    return Leans(
        agreement=complaint.agreement,
        version=complaint.agreement_version,
        accepts=terms.restoration.accepts,
        silence=terms.restoration.silence,
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
    remedies = {f.data.remedy for f in facts if f is not None and isinstance(f.data, RemedyGranted)}
    notices = {f.data.notice for f in facts if f is not None and isinstance(f.data, NoticeSent)}
    if not remedies and not notices:
        return set()
    return {
        f.ref
        for f in complaint.log
        if (isinstance(f.data, RemedyDelivered) and f.data.remedy in remedies)
        or (isinstance(f.data, NoticeDelivered) and f.data.notice in notices)
    }
