"""One fact, one step: what the engine concludes from it (domain.md §§3 to 7).

Pure: states come from `Streams`, time comes as `now`; nothing is read or written elsewhere. What a
step records it applies to the states at once, and hands on in `events`. If the events cannot be
saved, the states are to be thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

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
    ComplaintAcknowledged,
    ComplaintAssigned,
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
from contracts.moments import SECOND, moment
from engine.clocks import moved_by
from engine.closing import judge
from engine.complaint import CLOSED, OPEN, Complaint
from engine.corrections import Ref, effective, forbid, root, with_correction
from engine.following import LIFTS, MOVES, applied
from engine.hearing import brought, dependents, leans
from engine.person import Person
from engine.recording import NONE, Held, State, Touch, Work
from engine.service import CustomerState, Service
from engine.spreading import Spreading
from engine.tables import restated
from engine.waiting import TOLD

AHEAD = 5 * 60 * SECOND
"""How far a fact may be ahead of the engine's clock, in microseconds; until then it is held."""


class Step(Spreading):
    """What follows from one fact, or from time alone, at `now` (microseconds)."""

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
        held = self._take.get(fact.data.__class__, Step._happened)(self, fact)
        self._follow_all(fact.us, fact.ref)
        return held

    def silence(self, service: Service, due: int) -> None:
        """Lets the silence speak that has lasted on a service at `due`."""
        self._spread(service, due, None)
        self._follow_all(due, service.log.spoke)

    def due(self, complaint: Complaint, due: int) -> None:
        """What of a complaint falls due at `due`: a warning, a breach, a promise, a credit."""
        cause = complaint.filing.ref
        self._follow(complaint, Touch(due, NONE), due, cause)
        self._follow_all(due, cause)

    def follow(self, work: Work, complaints: Iterable[str]) -> None:
        """Works off a part of what a change means to complaints."""
        for name in complaints:
            self._touch(name, work.since)
        self._follow_all(work.time, work.cause)

    def absent(self, person: Person, due: int) -> None:
        """An absence begins or ends at `due`: the complaints of that person are work."""
        self.work.append(Work(person.stream, due, due, person.cause))
        self.persons.append(person)

    def apply(self, moved: Iterable[tuple[Complaint, int, Ref]]) -> None:
        """New versions for complaints that are open, each with what is behind it: for all at once, from now on."""
        causes: dict[str, Ref] = {}
        services: dict[str, Ref] = {}
        for complaint, version, cause in moved:
            terms = self.streams.terms(complaint.agreement, version)
            data = AgreementApplied(agreement=complaint.agreement, version=version, zone=terms.zone)
            self._record(complaint, data, self.now, cause, complaint.service)
            service = self.streams.service(complaint.service)
            items = (leans(complaint.agreement, version, terms, applied=True),)
            heard = ServiceHeard(fact=FactRef(*cause), time=moment(self.now), complaint=complaint.name, items=items)
            self._record(service, heard, self.now, cause, service.name)
            causes[complaint.name] = cause
            services.setdefault(service.name, cause)
        for name, cause in services.items():
            self._spread(self.streams.service(name), self.now, cause)
        for name, cause in causes.items():
            self._touched.pop(name, None)
            self._follow_one(name, Touch(None, None), self.now, cause)
        for cause in services.values():
            self._follow_all(self.now, cause)

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
        self._touch(fact.subject, None)
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
        cls = fact.data.__class__
        late = complaint.is_late(fact)
        again = (
            cls is ComplaintAcknowledged and complaint.acknowledged is not None and fact.key > complaint.acknowledged
        )
        given = fact.data.to if isinstance(fact.data, ComplaintAssigned) else None
        if given is not None and given not in complaint.people:
            self.owned.append((given, complaint.name))
        before = self._tables(complaint, cls) if late else None
        looked = complaint.looked
        self._record_fact(complaint, fact, service=complaint.service, late=late)
        clocks = NONE if again else self._moved(complaint, cls)
        if clocks is not None:
            complaint.looked = looked  # all but these are reckoned from what they were
        if cls in BRINGS:
            self._bring(complaint, fact)
        if before is not None:
            self._restate(complaint, before, self._tables(complaint, cls), fact.us, fact.ref)
        if cls is ComplaintAssigned:
            self._stand_in(complaint, fact.us, fact.ref, assigned=not late)
        elif cls in MOVES or (complaint.standing is not None and cls in LIFTS):
            self._touch(complaint.name, fact.us, clocks)
        return None

    def _moved(self, complaint: Complaint, cls: type[FactData]) -> frozenset[str] | None:
        """The clocks of a complaint that a fact of class `cls` may have moved; None: all, and more than clocks."""
        if cls not in MOVES:
            return NONE
        if cls not in TOLD:
            return None
        return NONE.union(*(moved_by(a.terms, cls) for a in applied(complaint, self.streams)))

    def _bring(self, complaint: Complaint, fact: Fact) -> None:
        """What it says to the service. Its word is taken before its request."""
        data = fact.data
        if complaint.standing is not None and isinstance(data, (ComplaintCloseRequested, *_TURNS)):
            # A word may have confirmed it already, and not have been carried to this one of many.
            self._grant(complaint, complaint.standing, fact.us, fact.ref)
        if isinstance(data, ComplaintCloseRequested):
            self._close(self.streams.service(complaint.service), complaint, fact, data)
            return
        items = brought(complaint, fact, self._versions(complaint))
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
        if service.armed is not None and service.armed <= self.now:  # a silence has lasted, and nobody has said so yet
            self._spread(service, service.armed, None)
        verdict = judge(
            request,
            customer=(service.state_at(fact.us), service.state_at(self.now)),
            facts=complaint.until(fact.us),
            needs_reply=self._terms(complaint, fact.us).needs_reply,
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
            self._restated(complaint, changed, time, cause)

    # ------------------------------------------------------------------ services and persons

    def _spoken(self, fact: Fact) -> None:
        service = self.streams.service(fact.subject)
        self._record_fact(service, fact, service=service.name)
        self._spread(service, fact.us, fact.ref)

    def _absent(self, fact: Fact) -> None:
        self._tell(self.streams.person(fact.subject), fact)

    def _tell(self, person: Person, fact: Fact) -> None:
        """An absence, or a correction of one: the complaints of that person are looked at."""
        self._record_fact(person, fact)
        self.absent(person, fact.us)

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
        elif isinstance(state, Person):
            self._tell(state, fact)
        else:
            self._record_fact(state, fact, service=state.name)
            self._spread(state, fact.us, fact.ref)
        return None

    def _correct_complaint(self, complaint: Complaint, fact: Fact, original: Ref, versions: list[Fact | None]) -> None:
        tables_before = self._tables(complaint)
        self._record_fact(complaint, fact, service=complaint.service, late=True)
        after = versions[-1]
        if after is not None and isinstance(after.data, ComplaintAssigned) and after.data.to is not None:
            self.owned.append((after.data.to, complaint.name))
        service = self.streams.service(complaint.service)
        self._hear(service, complaint, original)
        for ref in sorted(dependents(complaint, versions)):
            self._hear(service, complaint, ref)
        self._spread(service, fact.us, fact.ref)
        self._restate(complaint, tables_before, self._tables(complaint), fact.us, fact.ref)
        self._touch(complaint.name, None)

    def _state(self, kind: str, name: str) -> State:
        if kind == "complaint":
            complaint = self.streams.complaint(name)
            if complaint is None:  # pragma: no cover - it holds a recorded fact
                raise AssertionError(name)
            return complaint
        return self.streams.service(name) if kind == "service" else self.streams.person(name)

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
