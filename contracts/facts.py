"""Facts: what upstream systems say happened (domain.md §3), one frozen struct a type.

Each field says, where it can hold personal data, whose: `x-personal` is `customer` for the
complaint's customer and `named` for the person whom the field names. A field without it holds none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, field

PLAIN = r"^[^\u0000-\u001f\u007f-\u009f]*$(?!\n)"
"""No control characters. `$(?!\\n)` because a bare `$` lets a last line feed through in Python."""
_PLAIN = {"pattern": PLAIN}
"""Declared, and not asked by decoders: a fact that comes is looked at once as a whole (contracts.plain), and what was
recorded, many times over as it is, not again."""
COMPLAINT_ID = r"^[A-Za-z0-9._:-]{1,118}$(?!\n)"
SERVICE_ID = r"^[A-Za-z0-9._:-]{1,128}$(?!\n)"

Name = Annotated[str, Meta(min_length=1, max_length=256, extra_json_schema=_PLAIN)]
Text = Annotated[str, Meta(max_length=10_000, extra_json_schema=_PLAIN)]
Proof = Annotated[str, Meta(min_length=1, max_length=10_000, extra_json_schema=_PLAIN)]
ServiceId = Annotated[str, Meta(pattern=SERVICE_ID)]
ComplaintId = Annotated[str, Meta(pattern=COMPLAINT_ID)]
Attribute = Annotated[str, Meta(min_length=1, max_length=1024, extra_json_schema=_PLAIN)]
"""A CloudEvents attribute: `source` and `id`."""
Moment = Annotated[datetime, Meta(tz=True)]
Flag = bool | None

_CUSTOMER = Meta(extra_json_schema={"x-personal": "customer"})
_NAMED = Meta(extra_json_schema={"x-personal": "named"})
Customer = Annotated[Name, _CUSTOMER]
CustomersWords = Annotated[Text, _CUSTOMER]
CustomersProof = Annotated[Proof, _CUSTOMER]
Person = Annotated[Name, _NAMED]

Evidence = Literal["customer", "telemetry", "technician", "operator"]
Objection = Literal[
    "already_ended",
    "customer_down",
    "part_outstanding",
    "promise_outstanding",
    "remedy_outstanding",
    "reply_missing",
    "restoration_unconfirmed",
    "visit_outstanding",
]
AMOUNT = r"^[0-9]{1,15}(\.[0-9]{1,6})?$(?!\n)"
CURRENCY = r"^[A-Z]{3}$(?!\n)"
_MOST = 10**15
Amount = (
    Annotated[str, Meta(pattern=AMOUNT)] | Annotated[int, Meta(ge=0, lt=_MOST)] | Annotated[float, Meta(ge=0, lt=_MOST)]
)
"""Money: below 10^15 however it is written, so that it can be added up."""


class FactData(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The `data` of a fact. Unknown fields are ignored; null means absent."""

    TYPE: ClassVar[str]


class ComplaintFiled(FactData, frozen=True, kw_only=True):
    """A customer complains."""

    TYPE: ClassVar[str] = "complaint.filed"
    customer: Customer
    channel: Name
    summary: CustomersWords
    service: ServiceId | None = None
    agreement: Name | None = None
    reported_fault: Name | None = None
    team: Name | None = None
    down: Flag = None
    down_since: Moment | None = None


class ComplaintAcknowledged(FactData, frozen=True, kw_only=True):
    """Somebody answered; an automatic reply stops no clock."""

    TYPE: ClassVar[str] = "complaint.acknowledged"
    by: Person
    automatic: Flag = None


class ComplaintAssigned(FactData, frozen=True, kw_only=True):
    """It goes to a person, a team, or both; one of them is required."""

    TYPE: ClassVar[str] = "complaint.assigned"
    to: Person | None = None
    team: Name | None = None
    by: Person | None = None
    note: CustomersWords | None = None


class ComplaintContacted(FactData, frozen=True, kw_only=True):
    """Customer and provider spoke."""

    TYPE: ClassVar[str] = "complaint.contacted"
    by: Person
    direction: Literal["inbound", "outbound"]
    channel: Name | None = None


class ComplaintDiagnosed(FactData, frozen=True, kw_only=True):
    """Somebody found a fault, perhaps on site, perhaps in a part."""

    TYPE: ClassVar[str] = "complaint.diagnosed"
    by: Person
    fault: Name
    part: Name | None = None
    on_site: Flag = None


class ComplaintWaitStarted(FactData, frozen=True, kw_only=True):
    """Work waits for somebody or something."""

    TYPE: ClassVar[str] = "complaint.wait_started"
    on: Literal["customer", "parts", "vendor", "access", "other"]
    reason: CustomersWords | None = None
    notice: Name | None = None


class ComplaintWaitEnded(FactData, frozen=True, kw_only=True):
    """The wait is over."""

    TYPE: ClassVar[str] = "complaint.wait_ended"


class ComplaintEscalated(FactData, frozen=True, kw_only=True):
    """It was taken higher."""

    TYPE: ClassVar[str] = "complaint.escalated"
    to: Person
    reason: CustomersWords


class ComplaintReplied(FactData, frozen=True, kw_only=True):
    """The formal answer, dispatched at the fact's time."""

    TYPE: ClassVar[str] = "complaint.replied"
    by: Person
    decision: Literal["upheld", "partly_upheld", "rejected"]
    notice: Name | None = None


class ComplaintExtended(FactData, frozen=True, kw_only=True):
    """The law lets the formal answer take longer, once."""

    TYPE: ClassVar[str] = "complaint.extended"
    until: Moment
    why: CustomersWords
    notice: Name


class ComplaintCloseRequested(FactData, frozen=True, kw_only=True):
    """Somebody asks to close; the engine answers."""

    TYPE: ClassVar[str] = "complaint.close_requested"
    by: Person
    reason: CustomersWords | None = None
    overrides: Annotated[tuple[Objection, ...], Meta(max_length=64)] | None = None
    approved_by: Person | None = None
    when_confirmed: Flag = None


class ComplaintReopenRequested(FactData, frozen=True, kw_only=True):
    """Somebody asks to open it again; with `still_down` it is the customer's word."""

    TYPE: ClassVar[str] = "complaint.reopen_requested"
    by: Person
    reason: CustomersWords
    still_down: Flag = None
    down_since: Moment | None = None


class ComplaintWithdrawn(FactData, frozen=True, kw_only=True):
    """The customer takes it back."""

    TYPE: ClassVar[str] = "complaint.withdrawn"
    by: Person
    proof: CustomersProof


class ResolutionProposed(FactData, frozen=True, kw_only=True):
    """The operator says that it is solved: a claim."""

    TYPE: ClassVar[str] = "resolution.proposed"
    by: Person
    summary: CustomersWords


class ResolutionConfirmed(FactData, frozen=True, kw_only=True):
    """The customer agrees: the service is up."""

    TYPE: ClassVar[str] = "resolution.confirmed"
    by: Person
    up_since: Moment | None = None


class ResolutionRejected(FactData, frozen=True, kw_only=True):
    """The customer does not agree."""

    TYPE: ClassVar[str] = "resolution.rejected"
    by: Person
    reason: CustomersWords
    still_down: Flag = None
    down_since: Moment | None = None


class VisitScheduled(FactData, frozen=True, kw_only=True):
    """A visit between two moments."""

    TYPE: ClassVar[str] = "visit.scheduled"
    visit: Name
    from_: Moment = field(name="from")
    to: Moment


class VisitMade(FactData, frozen=True, kw_only=True):
    """Somebody was there; `fixed` is a technician's claim."""

    TYPE: ClassVar[str] = "visit.made"
    visit: Name
    by: Person
    outcome: Literal["fixed", "diagnosed", "no_access", "part_missing", "other"]


class VisitCancelled(FactData, frozen=True, kw_only=True):
    """Nobody will come for this visit."""

    TYPE: ClassVar[str] = "visit.cancelled"
    visit: Name
    by: Person


class PartOrdered(FactData, frozen=True, kw_only=True):
    """A part was ordered."""

    TYPE: ClassVar[str] = "part.ordered"
    order: Name
    part: Name
    eta: Moment | None = None


class PartArrived(FactData, frozen=True, kw_only=True):
    """The ordered part is here."""

    TYPE: ClassVar[str] = "part.arrived"
    order: Name
    eta: Moment | None = None


class PartCancelled(FactData, frozen=True, kw_only=True):
    """The order was called off."""

    TYPE: ClassVar[str] = "part.cancelled"
    order: Name
    eta: Moment | None = None


class PromiseMade(FactData, frozen=True, kw_only=True):
    """Something was promised until a moment."""

    TYPE: ClassVar[str] = "promise.made"
    promise: Name
    what: CustomersWords
    due: Moment
    by: Person | None = None


class PromiseKept(FactData, frozen=True, kw_only=True):
    """The promise was kept, at the fact's time."""

    TYPE: ClassVar[str] = "promise.kept"
    promise: Name


class PromiseReleased(FactData, frozen=True, kw_only=True):
    """The customer lets go of the promise."""

    TYPE: ClassVar[str] = "promise.released"
    promise: Name


class NoticeSent(FactData, frozen=True, kw_only=True):
    """Something was sent to the customer."""

    TYPE: ClassVar[str] = "notice.sent"
    notice: Name
    channel: Name
    about: Literal["confirmation", "question", "progress", "reply", "extension"]


class NoticeDelivered(FactData, frozen=True, kw_only=True):
    """It reached the customer, and here is the proof."""

    TYPE: ClassVar[str] = "notice.delivered"
    notice: Name
    proof: CustomersProof


class NoticeFailed(FactData, frozen=True, kw_only=True):
    """It did not reach the customer."""

    TYPE: ClassVar[str] = "notice.failed"
    notice: Name
    reason: CustomersWords


class RemedyGranted(FactData, frozen=True, kw_only=True):
    """The customer gets something for it."""

    TYPE: ClassVar[str] = "remedy.granted"
    remedy: Name
    kind: Literal["repair", "replacement", "loaner", "refund", "credit", "other"]
    amount: Amount | None = None
    currency: Annotated[str, Meta(pattern=CURRENCY)] | None = None


class RemedyDelivered(FactData, frozen=True, kw_only=True):
    """The customer has it; a repair, replacement or loaner is a technician's claim."""

    TYPE: ClassVar[str] = "remedy.delivered"
    remedy: Name


class RemedyCancelled(FactData, frozen=True, kw_only=True):
    """The customer will not get it."""

    TYPE: ClassVar[str] = "remedy.cancelled"
    remedy: Name


class ServiceDown(FactData, frozen=True, kw_only=True):
    """Somebody says that the service is down."""

    TYPE: ClassVar[str] = "service.down"
    evidence: Evidence
    since: Moment | None = None
    by: Person | None = None


class ServiceUp(FactData, frozen=True, kw_only=True):
    """Somebody says that the service is up: the customer's word, anybody else's claim."""

    TYPE: ClassVar[str] = "service.up"
    evidence: Evidence
    since: Moment | None = None
    by: Person | None = None


class PersonAbsent(FactData, frozen=True, kw_only=True):
    """A person is away between two moments."""

    TYPE: ClassVar[str] = "person.absent"
    from_: Moment = field(name="from")
    until: Moment
    deputy: Person | None = None


class FactRef(Struct, frozen=True, order=True, gc=False):
    """What identifies a fact: `source` and `id`."""

    source: Attribute
    id: Attribute


class FactCorrected(FactData, frozen=True, kw_only=True, gc=True):
    """A recorded fact was wrong: other data, another time, or it never happened."""

    TYPE: ClassVar[str] = "fact.corrected"
    fact: FactRef
    by: Person
    why: CustomersWords
    proof: CustomersProof | None = None
    data: dict[str, Any] | None = None
    time: Moment | None = None
    void: Flag = None


FACTS: dict[str, type[FactData]] = {
    cls.TYPE: cls
    for cls in (
        ComplaintFiled,
        ComplaintAcknowledged,
        ComplaintAssigned,
        ComplaintContacted,
        ComplaintDiagnosed,
        ComplaintWaitStarted,
        ComplaintWaitEnded,
        ComplaintEscalated,
        ComplaintReplied,
        ComplaintExtended,
        ComplaintCloseRequested,
        ComplaintReopenRequested,
        ComplaintWithdrawn,
        ResolutionProposed,
        ResolutionConfirmed,
        ResolutionRejected,
        VisitScheduled,
        VisitMade,
        VisitCancelled,
        PartOrdered,
        PartArrived,
        PartCancelled,
        PromiseMade,
        PromiseKept,
        PromiseReleased,
        NoticeSent,
        NoticeDelivered,
        NoticeFailed,
        RemedyGranted,
        RemedyDelivered,
        RemedyCancelled,
        ServiceDown,
        ServiceUp,
        PersonAbsent,
        FactCorrected,
    )
}
"""Every type of fact (domain.md §3), by its name on the wire."""

NEVER_AFTER = ("since", "down_since", "up_since")
"""Fields that may lie before the fact's time, never after."""
