"""Decisions: what the engine concludes and records (interfaces.md §2), one frozen struct a type.

A conclusion replaces, it does not patch: rows are carried whole, and say what now holds.
The type of the event says what happened. Lists of moments, never lengths that still run.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from contracts.agreements import Agreement
from contracts.facts import FactRef, Moment, Objection, Person
from contracts.heard import Item
from contracts.rows import (
    ClaimRow,
    ClockRow,
    ClosingRow,
    CountsRow,
    NoticeRow,
    OutageRow,
    OwnerRow,
    PartRow,
    PromiseRow,
    RemedyRow,
    VisitRow,
    WaitRow,
    Words,
)

Percentage = Annotated[float, Meta(gt=0, lt=1)]


class DecisionData(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The `data` of a decision."""

    TYPE: ClassVar[str]


class ServiceHeard(DecisionData, frozen=True, kw_only=True):
    """What a complaint's fact brings to its service. It replaces what was heard of the same fact."""

    TYPE: ClassVar[str] = "service.heard"
    fact: FactRef
    time: Moment
    complaint: str | None = None
    items: tuple[Item, ...] = ()


class Outages(DecisionData, frozen=True, kw_only=True):
    """Outages and claims that changed.

    Outages that start from `from` on and before `until` (null: no end) are replaced by `outages`;
    claims are replaced one by one, and those of `claims_gone` are no claims any more.
    """

    from_: Moment | None = field(name="from", default=None)
    until: Moment | None = None
    outages: tuple[OutageRow, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    claims_gone: tuple[FactRef, ...] = ()


class OutageStarted(Outages, frozen=True, kw_only=True):
    """The service went down."""

    TYPE: ClassVar[str] = "outage.started"


class OutageClaimed(Outages, frozen=True, kw_only=True):
    """Somebody other than the customer says that it is back, or closing was requested."""

    TYPE: ClassVar[str] = "outage.claimed"


class OutageEnded(Outages, frozen=True, kw_only=True):
    """The service came up."""

    TYPE: ClassVar[str] = "outage.ended"


class OutageResumed(Outages, frozen=True, kw_only=True):
    """Claims were void: it was not back."""

    TYPE: ClassVar[str] = "outage.resumed"


class OutageRestated(Outages, frozen=True, kw_only=True):
    """A later word or a correction changed what had been recorded."""

    TYPE: ClassVar[str] = "outage.restated"


class ComplaintClosed(DecisionData, frozen=True, kw_only=True):
    """Nothing objected, or what did was set aside by `approved_by`."""

    TYPE: ClassVar[str] = "complaint.closed"
    by: Person
    reason: Words | None = None
    set_aside: tuple[Objection, ...] = ()
    approved_by: Person | None = None


class ClosureRefused(DecisionData, frozen=True, kw_only=True):
    """The request met these objections, in alphabetical order."""

    TYPE: ClassVar[str] = "closure.refused"
    by: Person
    objections: tuple[Objection, ...]


class ComplaintReopened(DecisionData, frozen=True, kw_only=True):
    """The complaint is open again, since asked for, rejected, or its closing proved false."""

    TYPE: ClassVar[str] = "complaint.reopened"
    because: Literal["requested", "rejected", "false_closing"]
    closing: FactRef
    by: Person | None = None
    reason: Words | None = None


class ComplaintWithdrawnRecorded(DecisionData, frozen=True, kw_only=True):
    """The customer took it back; never counted as closed."""

    TYPE: ClassVar[str] = "complaint.withdrawn_recorded"
    by: Person
    customer_state: Literal["up", "down", "unconfirmed"]


class AgreementPublished(DecisionData, frozen=True, kw_only=True):
    """A version of an agreement, whole."""

    TYPE: ClassVar[str] = "agreement.published"
    agreement: Agreement
    version: int
    effective: date


class AgreementApplied(DecisionData, frozen=True, kw_only=True):
    """The terms that a complaint has from now on."""

    TYPE: ClassVar[str] = "agreement.applied"
    agreement: str
    version: int
    zone: str


class ClockChanged(DecisionData, frozen=True, kw_only=True):
    """The row of a clock's cycle, whole."""

    row: ClockRow


class ClockStarted(ClockChanged, frozen=True, kw_only=True):
    """A cycle began."""

    TYPE: ClassVar[str] = "clock.started"


class ClockPaused(ClockChanged, frozen=True, kw_only=True):
    """A wait stops it."""

    TYPE: ClassVar[str] = "clock.paused"


class ClockResumed(ClockChanged, frozen=True, kw_only=True):
    """It runs again."""

    TYPE: ClassVar[str] = "clock.resumed"


class ClockStopped(ClockChanged, frozen=True, kw_only=True):
    """What it waited for came: in time or late."""

    TYPE: ClassVar[str] = "clock.stopped"


class ClockWarned(ClockChanged, frozen=True, kw_only=True):
    """A fraction of its target has passed."""

    TYPE: ClassVar[str] = "clock.warned"
    fraction: Percentage


class ClockBreached(ClockChanged, frozen=True, kw_only=True):
    """It was due and not stopped."""

    TYPE: ClassVar[str] = "clock.breached"


class ClockRestated(ClockChanged, frozen=True, kw_only=True):
    """What had been recorded about it does not hold any more; `gone`: the cycle itself."""

    TYPE: ClassVar[str] = "clock.restated"
    gone: bool = False


class ClockCancelled(ClockChanged, frozen=True, kw_only=True):
    """The complaint ended before it was due."""

    TYPE: ClassVar[str] = "clock.cancelled"


class PromiseBroken(DecisionData, frozen=True, kw_only=True):
    """A promise's due time passed, and it was not kept."""

    TYPE: ClassVar[str] = "promise.broken"
    promise: str
    due: Moment


class ComplaintDeemedUpheld(DecisionData, frozen=True, kw_only=True):
    """The law takes an unanswered complaint as justified."""

    TYPE: ClassVar[str] = "complaint.deemed_upheld"
    clock: str
    cycle: int


class ComplaintReassigned(DecisionData, frozen=True, kw_only=True):
    """The owner is absent: it goes to the deputy."""

    TYPE: ClassVar[str] = "complaint.reassigned"
    person: Person
    deputy: Person
    team: str | None = None


class ComplaintRestated(DecisionData, frozen=True, kw_only=True):
    """A late or corrected fact changed these rows; each table that is given is whole."""

    TYPE: ClassVar[str] = "complaint.restated"
    owners: tuple[OwnerRow, ...] | None = None
    waits: tuple[WaitRow, ...] | None = None
    counts: CountsRow | None = None
    visits: tuple[VisitRow, ...] | None = None
    parts: tuple[PartRow, ...] | None = None
    promises: tuple[PromiseRow, ...] | None = None
    remedies: tuple[RemedyRow, ...] | None = None
    notices: tuple[NoticeRow, ...] | None = None
    decision: str | None = None
    closings: tuple[ClosingRow, ...] | None = None


class CreditOwed(DecisionData, frozen=True, kw_only=True):
    """The agreement owes money for an outage."""

    TYPE: ClassVar[str] = "credit.owed"
    outage: Moment
    amount: str
    currency: str
    why: str


class CreditRestated(DecisionData, frozen=True, kw_only=True):
    """What is owed for an outage changed, by `change`."""

    TYPE: ClassVar[str] = "credit.restated"
    outage: Moment
    amount: str
    change: str
    currency: str
    why: str


class CustomerForgotten(DecisionData, frozen=True, kw_only=True):
    """A customer's personal data was made unreadable."""

    TYPE: ClassVar[str] = "customer.forgotten"
    customer: Annotated[str, Meta(extra_json_schema={"x-personal": "customer"})]
    by: Person
    why: str


DECISIONS: dict[str, type[DecisionData]] = {
    cls.TYPE: cls
    for cls in (
        OutageStarted,
        OutageClaimed,
        OutageEnded,
        OutageResumed,
        OutageRestated,
        ComplaintClosed,
        ClosureRefused,
        ComplaintReopened,
        ComplaintWithdrawnRecorded,
        ClockStarted,
        ClockPaused,
        ClockResumed,
        ClockStopped,
        ClockWarned,
        ClockBreached,
        ClockRestated,
        ClockCancelled,
        PromiseBroken,
        ServiceHeard,
        ComplaintDeemedUpheld,
        AgreementPublished,
        AgreementApplied,
        ComplaintReassigned,
        ComplaintRestated,
        CreditOwed,
        CreditRestated,
        CustomerForgotten,
    )
}
"""Every type of decision (interfaces.md §2), by its name on the wire."""
