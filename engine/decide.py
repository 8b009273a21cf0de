"""One fact, one step: what the engine concludes from it (domain.md §§3 to 7).

Pure: states come from `Streams`, time comes as `now`; nothing is read or written elsewhere. What a
step records it applies to the states at once, and hands on in `events`. If the events cannot be
saved, the states are to be thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from contracts.agreements import Agreement
from contracts.decisions import (
    AgreementApplied,
    ClosureRefused,
    ComplaintClosed,
    ComplaintReopened,
    ComplaintRestated,
    ComplaintWithdrawnRecorded,
    DecisionData,
    ServiceHeard,
)
from contracts.envelope import Fact
from contracts.errors import MalformedError
from contracts.facts import (
    ComplaintCloseRequested,
    ComplaintFiled,
    ComplaintReopenRequested,
    ComplaintWithdrawn,
    FactCorrected,
    FactData,
    FactRef,
    NoticeDelivered,
    NoticeSent,
    PersonAbsent,
    RemedyDelivered,
    RemedyGranted,
    ResolutionConfirmed,
    ResolutionProposed,
    ResolutionRejected,
    ServiceDown,
    ServiceUp,
    VisitMade,
)
from contracts.heard import Item
from contracts.moments import SECOND
from engine.closing import judge
from engine.complaint import CLOSED, OPEN, Complaint
from engine.corrections import Ref, effective, forbid, root, with_correction
from engine.hearing import brought, dependents
from engine.outages import events, false_closings, reckon
from engine.person import Person
from engine.service import Closing, CustomerState, Service
from engine.tables import closing_rows, restated, tables

AHEAD = 5 * 60 * SECOND
"""How far a fact may be ahead of the engine's clock, in microseconds; until then it is held."""

State = Complaint | Service | Person


class Recorded(NamedTuple):
    """A recorded fact or decision. Moments are microseconds.

    For a decision `source` and `id` name the fact behind it.
    """

    stream: str
    version: int
    type: str
    time: int
    recorded_at: int
    source: str
    id: str
    data: FactData | DecisionData
    service: str | None = None
    late: bool = False

    @property
    def kind(self) -> str:
        """`fact` or `decision`."""
        return "decision" if isinstance(self.data, DecisionData) else "fact"


class Held(NamedTuple):
    """The fact waits: for a complaint (`complaint:ID`), a fact (`fact:SOURCE ID`), or until `due`."""

    waits_for: str
    due: int | None = None


class InForce(NamedTuple):
    """An agreement's version."""

    agreement: Agreement
    version: int


class Streams(Protocol):
    """Where a step finds the states that it touches."""

    def complaint(self, name: str) -> Complaint | None:
        """A complaint that was filed; None if it was not."""

    def new_complaint(self, name: str) -> Complaint:
        """The empty state of a complaint that is filed now."""

    def service(self, name: str) -> Service:
        """A service, empty if nobody has spoken of it."""

    def person(self, name: str) -> Person:
        """A person, empty if nobody has spoken of it."""

    def stream_of(self, ref: Ref) -> str | None:
        """The stream in which a fact was recorded; None if it was not."""

    def in_force(self, agreement: str | None, time: int) -> InForce | None:
        """The version for a complaint filed at a moment; None if nobody published it."""

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version."""


class Step:
    """What follows from one fact, or from time alone, at `now` (microseconds)."""

    def __init__(self, streams: Streams, now: int) -> None:
        self.streams = streams
        self.now = now
        self.events: list[Recorded] = []
        self.decisions = 0
        """How many of the events are decisions."""
        self.services: list[Service] = []
        """Services whose silence may be due at another time now."""
        self.filed: str | None = None
        """The complaint that was filed in this step."""
        self.stream: str = ""
        """The stream in which the fact was recorded."""

    # ------------------------------------------------------------------ the door

    def take(self, fact: Fact) -> Held | None:
        """Records a fact and what follows from it; or says for what it waits.

        Raises MalformedError where it cannot be taken; nothing is recorded then.
        """
        if fact.us > self.now:
            if fact.us > self.now + AHEAD:
                raise MalformedError(
                    "`time` lies more than 5 minutes ahead of the engine's clock", "time", fact.time.isoformat()
                )
            return Held("time", fact.us)
        return self._take.get(fact.data.__class__, Step._happened)(self, fact)

    def silence(self, service: Service, due: int) -> None:
        """Lets the silence speak that has lasted on a service at `due`."""
        self._spread(service, due, None)

    # ------------------------------------------------------------------ recording

    def _record_fact(self, state: State, fact: Fact, *, service: str | None = None, late: bool = False) -> None:
        state.version += 1
        self.stream = state.stream
        self.events.append(
            Recorded(
                state.stream,
                state.version,
                fact.type,
                fact.us,
                self.now,
                fact.source,
                fact.id,
                fact.data,
                service,
                late,
            )
        )
        state.record_fact(fact)

    def _record(self, state: State, data: DecisionData, time: int, cause: Ref, service: str | None = None) -> None:
        self._conclude(state, data, time, cause, service)
        state.record(data, time, cause)

    def _conclude(self, state: State, data: DecisionData, time: int, cause: Ref, service: str | None) -> None:
        """A decision that the state holds already."""
        state.version += 1
        self.decisions += 1
        self.events.append(
            Recorded(state.stream, state.version, data.TYPE, time, self.now, cause[0], cause[1], data, service)
        )

    # ------------------------------------------------------------------ complaints

    def _file(self, fact: Fact) -> None:
        data = fact.data
        if not isinstance(data, ComplaintFiled):  # pragma: no cover - the table below says so
            raise TypeError(fact.type)
        if self.streams.complaint(fact.subject) is not None:
            raise MalformedError(f"complaint {fact.subject} was filed already", "subject", fact.subject)
        force = self.streams.in_force(data.agreement, fact.us)
        if force is None:
            raise MalformedError(
                f"nobody has published the agreement {data.agreement}", "data.agreement", data.agreement
            )
        complaint = self.streams.new_complaint(fact.subject)
        self.filed = fact.subject
        service_name = data.service if data.service is not None else f"complaint:{fact.subject}"
        self._record_fact(complaint, fact, service=service_name)
        applied = AgreementApplied(agreement=force.agreement.name, version=force.version, zone=force.agreement.zone)
        self._record(complaint, applied, fact.us, fact.ref, service_name)
        service = self.streams.service(complaint.service)
        self._hear(service, complaint, fact.ref)
        self._spread(service, fact.us, fact.ref)

    def _happened(self, fact: Fact) -> Held | None:
        """Any fact of a complaint."""
        complaint = self.streams.complaint(fact.subject)
        if complaint is None:
            return Held(f"complaint:{fact.subject}")
        late = complaint.is_late(fact)
        before = tables(complaint, fact.data.__class__) if late else None
        self._record_fact(complaint, fact, service=complaint.service, late=late)
        if fact.data.__class__ in BRINGS:
            self._bring(complaint, fact)
        if before is not None:
            self._restate(complaint, before, tables(complaint, fact.data.__class__), fact.us, fact.ref)
        return None

    def _bring(self, complaint: Complaint, fact: Fact) -> None:
        """What it says to the service. Its word is taken before its request."""
        data = fact.data
        if isinstance(data, ComplaintCloseRequested):
            self._close(self.streams.service(complaint.service), complaint, fact, data)
            return
        items = brought(complaint, fact, self._terms(complaint))
        others = dependents(complaint, [fact])
        if not items and not others and not isinstance(data, _TURNS):
            return
        service = self.streams.service(complaint.service)
        leaving: CustomerState | None = service.state_at(fact.us) if isinstance(data, ComplaintWithdrawn) else None
        self._heard(service, complaint, fact, items)
        for ref in sorted(others):
            self._hear(service, complaint, ref)
        self._spread(service, fact.us, fact.ref)
        if isinstance(data, ComplaintReopenRequested | ResolutionRejected) and complaint.status == CLOSED:
            closing = complaint.turns[-1]
            asked = isinstance(data, ComplaintReopenRequested)
            because: Literal["requested", "rejected"] = "requested" if asked else "rejected"
            reopened = ComplaintReopened(because=because, closing=FactRef(*closing.ref), by=data.by, reason=data.reason)
            self._record(complaint, reopened, max(fact.us, closing.time), fact.ref, complaint.service)
        elif isinstance(data, ComplaintWithdrawn) and complaint.status == OPEN:
            withdrawn = ComplaintWithdrawnRecorded(by=data.by, customer_state=leaving or "up")
            self._record(complaint, withdrawn, fact.us, fact.ref, complaint.service)
        else:
            return
        self._hear(service, complaint, fact.ref)
        self._spread(service, fact.us, fact.ref)

    def _close(self, service: Service, complaint: Complaint, fact: Fact, request: ComplaintCloseRequested) -> None:
        verdict = judge(
            request,
            customer=(service.state_at(fact.us), service.state_at(self.now)),
            facts=complaint.until(fact.us),
            needs_reply=self._terms(complaint).needs_reply,
            ended=complaint.status != OPEN,
        )
        decision: DecisionData
        if verdict.objections:
            decision = ClosureRefused(by=request.by, objections=verdict.objections)
        else:
            decision = ComplaintClosed(
                by=request.by, reason=request.reason, set_aside=verdict.set_aside, approved_by=request.approved_by
            )
        self._record(complaint, decision, fact.us, fact.ref, complaint.service)
        self._hear(service, complaint, fact.ref)
        self._spread(service, fact.us, fact.ref)

    def _restate(
        self, complaint: Complaint, before: ComplaintRestated, after: ComplaintRestated, time: int, cause: Ref
    ) -> None:
        changed = restated(before, after)
        if changed is not None:
            self._record(complaint, changed, time, cause, complaint.service)

    # ------------------------------------------------------------------ services and persons

    def _spoken(self, fact: Fact) -> None:
        service = self.streams.service(fact.subject)
        self._record_fact(service, fact, service=service.name)
        self._spread(service, fact.us, fact.ref)

    def _absent(self, fact: Fact) -> None:
        self._record_fact(self.streams.person(fact.subject), fact)

    def _hear(self, service: Service, complaint: Complaint, ref: Ref) -> None:
        """What the fact `ref` of the complaint, as it stands now, brings to the service."""
        fact = complaint.effective(ref)
        items = () if fact is None else brought(complaint, fact, self._terms(complaint))
        self._heard(service, complaint, complaint.facts[ref] if fact is None else fact, items)

    def _heard(self, service: Service, complaint: Complaint, fact: Fact, items: tuple[Item, ...]) -> None:
        known = service.heard.get(fact.ref)
        if (known is None and items) or (known is not None and (known.items != items or known.time != fact.us)):
            heard = ServiceHeard(fact=FactRef(*fact.ref), time=fact.time, complaint=complaint.name, items=items)
            self._record(service, heard, fact.us, fact.ref, service.name)

    def _spread(self, service: Service, time: int, cause: Ref | None) -> None:
        """Records what differs now in the service's outages, and which closings that proves false; so on.

        Without a `cause` it is a silence that speaks, and the notice's delivery is behind it.
        """
        if service not in self.services:
            self.services.append(service)
        while True:
            news = reckon(service, self.now)
            if not news:
                return
            if cause is None:
                cause = service.log.spoke
            for at, data in events(news, time):
                self._conclude(service, data, at, cause, service.name)
            for change in news.changes:
                service.put_outages(change.first, change.until, change.new)
            false = false_closings(service, news)
            if not false:
                return
            for closing in false:
                self._prove_false(service, closing, time, cause)

    def _prove_false(self, service: Service, closing: Closing, time: int, cause: Ref) -> None:
        """The engine reopens the complaint itself; one that was reopened meanwhile is counted as false all the same."""
        complaint = self.streams.complaint(closing.complaint)
        if complaint is None:  # pragma: no cover - only what was filed is closed
            raise AssertionError(closing)
        ref = (closing.source, closing.id)
        last = complaint.turns[-1]
        if last.status == CLOSED and last.ref == ref:
            reopened = ComplaintReopened(because="false_closing", closing=FactRef(*ref))
            self._record(complaint, reopened, max(time, closing.time), cause, complaint.service)
        else:
            rows = closing_rows(complaint, false=ref)
            self._record(complaint, ComplaintRestated(closings=rows), max(time, closing.time), cause, complaint.service)
        self._hear(service, complaint, ref)

    # ------------------------------------------------------------------ corrections

    def _correct(self, fact: Fact) -> Held | None:
        correction = fact.data
        if not isinstance(correction, FactCorrected):  # pragma: no cover - the table below says so
            raise TypeError(fact.type)
        ref = (correction.fact.source, correction.fact.id)
        stream = self.streams.stream_of(ref)
        if stream is None:
            return Held(f"fact:{ref[0]} {ref[1]}")
        kind, _, subject = stream.partition(":")
        if subject != fact.subject:
            raise MalformedError(f"the fact to correct speaks of {subject}", "subject", fact.subject)
        state = self._state(kind, subject)
        original = root(state.facts, ref)
        before = effective(state.facts[original], state.corrections)
        after = effective(state.facts[original], with_correction(state.corrections, ref, fact))
        turned = isinstance(state, Complaint) and (
            isinstance(state.facts[original].data, ComplaintFiled) or state.turned(original)
        )
        forbid(before, after, correction, turned=turned)
        if after is not None and after.us > self.now:
            if after.us > self.now + AHEAD:
                raise MalformedError(
                    "`data.time` lies more than 5 minutes ahead of the engine's clock", "data.time", correction.time
                )
            return Held("time", after.us)
        if isinstance(state, Complaint):
            self._correct_complaint(state, fact, original, [before, after])
        else:
            self._record_fact(state, fact, service=state.name if isinstance(state, Service) else None)
            if isinstance(state, Service):
                self._spread(state, fact.us, fact.ref)
        return None

    def _correct_complaint(self, complaint: Complaint, fact: Fact, original: Ref, versions: list[Fact | None]) -> None:
        tables_before = tables(complaint)
        self._record_fact(complaint, fact, service=complaint.service, late=True)
        service = self.streams.service(complaint.service)
        self._hear(service, complaint, original)
        for ref in sorted(dependents(complaint, versions)):
            self._hear(service, complaint, ref)
        self._spread(service, fact.us, fact.ref)
        self._restate(complaint, tables_before, tables(complaint), fact.us, fact.ref)

    def _state(self, kind: str, name: str) -> State:
        if kind == "complaint":
            complaint = self.streams.complaint(name)
            if complaint is None:  # pragma: no cover - it holds a recorded fact
                raise AssertionError(name)
            return complaint
        return self.streams.service(name) if kind == "service" else self.streams.person(name)

    def _terms(self, complaint: Complaint) -> Agreement:
        return self.streams.terms(complaint.agreement, complaint.agreement_version)

    _take: ClassVar[dict[type, Callable[[Any, Fact], Held | None]]] = {
        ComplaintFiled: _file,
        ServiceDown: _spoken,
        ServiceUp: _spoken,
        PersonAbsent: _absent,
        FactCorrected: _correct,
    }


BRINGS: frozenset[type[FactData]] = frozenset(
    {
        ComplaintCloseRequested,
        ComplaintReopenRequested,
        ComplaintWithdrawn,
        NoticeDelivered,
        NoticeSent,
        RemedyDelivered,
        RemedyGranted,
        ResolutionConfirmed,
        ResolutionProposed,
        ResolutionRejected,
        VisitMade,
    }
)
"""Facts of a complaint that may bring something to its service."""
_TURNS = (ComplaintReopenRequested, ComplaintWithdrawn, ResolutionRejected)
"""Facts that may change the complaint's status, beside requests to close."""
