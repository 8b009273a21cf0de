"""Rows that decisions carry, whole (interfaces.md §2): what now holds of an outage, a claim, a clock, an owner."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from contracts.facts import FactRef, Moment, Person

Words = Annotated[str, Meta(extra_json_schema={"x-personal": "customer"})]
"""What a fact declares as the customer's, carried on: the fact was checked, so it is not checked again."""
Somebody = Annotated[str, Meta(extra_json_schema={"x-personal": "named"})]
"""A person whom a fact names, carried on."""


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A row that a decision carries."""


class OutageRow(Row, frozen=True, kw_only=True):
    """An outage: a maximal stretch in which the service is not up (domain.md §4, 6).

    `reported_end` is the service's: the earliest moment in it that a claim names or at which closing
    of any of its complaints was requested, else its end.
    """

    started_at: Moment
    ended_at: Moment | None = None
    ended_by: str | None = None
    reported_end: Moment | None = None
    restated: bool = False


class ClaimRow(Row, frozen=True, kw_only=True):
    """A claim: somebody other than the customer says that the service is back.

    `since` is the moment that it names, `outage_from` the start of the outage as known to it,
    `settled_at` the time of the word that confirmed or voided it; until `unconfirmed_until` it left the
    service unconfirmed, where it was not up.
    """

    fact: FactRef
    time: Moment
    since: Moment
    outage_from: Moment
    evidence: str
    by: Somebody | None = None
    state: Literal["pending", "confirmed", "void"]
    settled_at: Moment | None = None
    unconfirmed_until: Moment | None = None


class ClockRow(Row, frozen=True, kw_only=True):
    """A cycle of a clock (domain.md §6), as it was concluded.

    `due_at` is null while it is paused, unless it has passed. `paused_for` and `paused_since` say what it waits for
    now. `elapsed` and `paused` are seconds of its calendar's time, given once it is stopped; until then they run.
    """

    clock: str
    cycle: int
    agreement: str
    agreement_version: int
    state: Literal["running", "paused", "met", "breached", "late", "cancelled"]
    target: str
    started_at: Moment
    due_at: Moment | None = None
    stopped_at: Moment | None = None
    warned_at: tuple[Moment, ...] = ()
    breached_at: Moment | None = None
    paused_for: str | None = None
    paused_since: Moment | None = None
    elapsed: int | None = None
    paused: int | None = None


class OwnerRow(Row, frozen=True, kw_only=True):
    """Who has the complaint from `time` on, and how it came there; `deputy_of` is absent, and this person stands in."""

    time: Moment
    team: str | None = None
    person: Person | None = None
    handover: bool = False
    bounce: bool = False
    deputy_of: Person | None = None


class WaitRow(Row, frozen=True, kw_only=True):
    """A wait, from its start to the next word about waits or the complaint's end."""

    started_at: Moment
    ended_at: Moment | None = None
    on: str
    reason: Words | None = None
    notice: str | None = None


class VisitRow(Row, frozen=True, kw_only=True):
    """A visit, by its id."""

    visit: str
    from_: Moment | None = field(name="from", default=None)
    to: Moment | None = None
    state: Literal["scheduled", "made", "cancelled"]
    made_at: Moment | None = None
    cancelled_at: Moment | None = None
    by: Person | None = None
    outcome: str | None = None


class PartRow(Row, frozen=True, kw_only=True):
    """An order of a part, by the order's id."""

    order: str
    part: str | None = None
    state: Literal["ordered", "arrived", "cancelled"]
    ordered_at: Moment | None = None
    eta: Moment | None = None
    arrived_at: Moment | None = None
    cancelled_at: Moment | None = None


class PromiseRow(Row, frozen=True, kw_only=True):
    """A promise, by its id. `experience` in seconds, negative where kept early."""

    promise: str
    what: Words | None = None
    due: Moment | None = None
    by: Person | None = None
    state: Literal["open", "kept", "late", "broken", "released"]
    kept_at: Moment | None = None
    released_at: Moment | None = None
    experience: int | None = None


class RemedyRow(Row, frozen=True, kw_only=True):
    """What the customer was granted, by its id."""

    remedy: str
    kind: str | None = None
    amount: str | int | float | None = None
    currency: str | None = None
    state: Literal["granted", "delivered", "cancelled"]
    granted_at: Moment | None = None
    delivered_at: Moment | None = None
    cancelled_at: Moment | None = None


class NoticeRow(Row, frozen=True, kw_only=True):
    """A notice to the customer, by its id."""

    notice: str
    about: str | None = None
    channel: str | None = None
    state: Literal["sent", "delivered", "failed"]
    sent_at: Moment | None = None
    delivered_at: Moment | None = None
    failed_at: Moment | None = None
    proof: Words | None = None


class CountsRow(Row, frozen=True, kw_only=True):
    """What is counted."""

    handovers: int = 0
    bounces: int = 0
    contacts: int = 0
    repeat_diagnoses: int = 0


class ClosingRow(Row, frozen=True, kw_only=True):
    """A closing, by the fact that asked for it."""

    fact: FactRef
    time: Moment
    false: bool = False
