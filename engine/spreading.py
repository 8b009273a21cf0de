"""What is said of a service, and what that means to its complaints (domain.md §§4 to 6, kernel §5).

A change of the service's outages may prove closings false, at once; and it may move clocks, credits and requests that
stand, of each complaint about it: of a few at once, of many as work that is left to do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from contracts.decisions import (
    ComplaintClosed,
    ComplaintReassigned,
    ComplaintReopened,
    ComplaintRestated,
    ServiceHeard,
)
from contracts.envelope import Fact
from contracts.facts import ComplaintCloseRequested, FactData, FactRef, Objection
from contracts.heard import Item
from contracts.moments import micros
from engine.absences import Absence, Absences, gather
from engine.clocks import follows_service
from engine.closing import Verdict, judge
from engine.complaint import CLOSED, Complaint
from engine.corrections import Ref
from engine.following import Following, applied, needs_service
from engine.handing import owners
from engine.hearing import brought
from engine.outages import News, events, false_closings, reckon
from engine.recording import NONE, Recording, Touch, Work
from engine.service import Closing, Service
from engine.tables import closing_rows, tables

FEW = 16
"""Complaints about a service that follow its changes in the very transaction of the word."""


class Spreading(Recording):
    """From words to outages, from outages to complaints."""

    # ------------------------------------------------------------------ services

    def _hear(self, service: Service, complaint: Complaint, ref: Ref) -> None:
        """What the fact `ref` of the complaint, as it stands now, brings to the service."""
        fact = complaint.effective(ref)
        items = () if fact is None else brought(complaint, fact, self._versions(complaint))
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
        if cause is not None and service.askers and _is_late(service, time, cause):
            # Said late, it may show that nothing objected at a moment, and change no outage.
            self._ask_again(service, time, cause)
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
            self._carry(service, news, time, cause)
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
        self._touch(complaint.name, None)

    def _carry(self, service: Service, news: News, time: int, cause: Ref) -> None:
        """The service's outages have changed: those who follow them are to be looked at."""
        if not news.changes:
            return
        if not service.askers and not any(follows_service(self.streams.terms(*terms)) for terms in service.kinds):
            return
        since = min(change.first for change in news.changes)
        clocks = None if any(change.moves for change in news.changes) else NONE
        if len(service.followers) > FEW:
            self.work.append(Work(service.stream, since, time, cause))
            return
        for name in service.followers:
            if self.follows(service, name, since):
                self._touch(name, since, clocks)

    def _ask_again(self, service: Service, time: int, cause: Ref) -> None:
        """Those whose requests stand are to be looked at."""
        if len(service.followers) > FEW:
            self.work.append(Work(service.stream, time, time, cause))
            return
        for name in service.askers:
            self._touch(name, time, NONE)

    def follows(self, service: Service, complaint: str, since: int) -> bool:
        """Whether what changed in a service's outages from `since` on may change something of a complaint."""
        if complaint in service.askers:
            return True
        had = service.followers[complaint]
        return any(follows_service(self.streams.terms(*kind)) for kind in had) and service.leant(complaint, since)

    # ------------------------------------------------------------------ complaints that follow

    def _follow_all(self, time: int, cause: Ref) -> None:
        while self._touched:
            name = next(iter(self._touched))
            self._follow_one(name, self._touched.pop(name), time, cause)

    def _follow_one(self, name: str, touch: Touch, time: int, cause: Ref) -> None:
        complaint = self.streams.complaint(name)
        if complaint is not None:
            self._follow(complaint, touch, time, cause)

    def _follow(self, complaint: Complaint, touch: Touch, time: int, cause: Ref) -> None:
        """Clocks, promises, credits, a request that stands, deputies: what differs now is recorded."""
        if complaint.standing is not None:
            self._grant(complaint, complaint.standing, time, cause)
        self._stand_in(complaint, time, cause)
        clocks, by = touch.clocks, self._by(complaint)
        if clocks is not None and not clocks and (complaint.armed is None or complaint.armed > by):
            return
        looked = complaint.looked
        terms = applied(complaint, self.streams) if looked is None else looked.terms
        if not (complaint.promised or complaint.cycles or any(a.terms.clocks or a.terms.credit for a in terms)):
            return
        follows = needs_service(terms) if looked is None else looked.service
        service = self.streams.service(complaint.service) if follows else None
        following = Following(complaint, service, terms, self.now, by=by, since=touch.since)
        if looked is not None and clocks is not None and (service is None or service.version == looked.service):
            decided = following.come(looked, clocks, time)
        else:
            decided = following.decisions(time)
        for at, data in decided:
            self._record(complaint, data, at, cause, complaint.service)
        complaint.looked = following.looked
        complaint.due = following.due
        self.complaints.append(complaint)

    def _by(self, complaint: Complaint) -> int:
        """By when what falls due of a complaint has done so: at this very instant too if its timer has fired at it."""
        return self.now if complaint.concluded == self.now else self.by

    def _grant(self, complaint: Complaint, ref: Ref, time: int, cause: Ref) -> None:
        """A refused request stands: the first moment at which nothing objects any more closes the complaint.

        It may be one at which nothing objected ever, if the customer was down only when the request arrived. `time` and
        `cause` are those of what shows it.
        """
        request = complaint.effective(ref)
        if request is None or not isinstance(request.data, ComplaintCloseRequested) or not request.data.when_confirmed:
            return
        service = self.streams.service(complaint.service)
        if service.state_at(self.now) != "up":
            return
        free = self._free(complaint, service, request.us, request.data)
        for at, lived in service.log.lived(free) if free else ():
            if lived == "up":
                self._close_at(service, complaint, request, at, free[at])
                self._spread(service, max(at, time), cause)
                self._touch(complaint.name, None)
                return

    def _free(
        self, complaint: Complaint, service: Service, since: int, request: ComplaintCloseRequested
    ) -> dict[int, tuple[Objection, ...]]:
        """The moments at which nothing objects by what is known now, in order, with what is set aside.

        They are looked for among those at which something was said. Of the complaint it takes a fact to change one.
        """
        free: dict[int, tuple[Objection, ...]] = {}
        verdicts: dict[tuple[int, bool], Verdict] = {}
        for at in _moments(complaint, service, since, self.now):
            if service.state_at(at) != "up":
                continue
            facts = complaint.until(at)
            needs_reply = self._terms(complaint, at).needs_reply
            verdict = verdicts.get((len(facts), needs_reply))
            if verdict is None:
                verdict = judge(request, customer=(), facts=facts, needs_reply=needs_reply, ended=False)
                verdicts[len(facts), needs_reply] = verdict
            if not verdict.objections:
                free[at] = verdict.set_aside
        return free

    def _close_at(
        self, service: Service, complaint: Complaint, request: Fact, at: int, aside: tuple[Objection, ...]
    ) -> None:
        data = request.data
        if not isinstance(data, ComplaintCloseRequested):  # pragma: no cover - it was granted as one
            raise TypeError(request.type)
        closed = ComplaintClosed(by=data.by, reason=data.reason, set_aside=aside, approved_by=data.approved_by)
        self._record(complaint, closed, at, request.ref, complaint.service)
        self._hear(service, complaint, request.ref)

    # ------------------------------------------------------------------ owners

    def _absences(self, complaint: Complaint) -> Absences:
        if not any(map(self.streams.is_told_of, complaint.people)):
            return {}
        return gather(complaint.people, self._told_of)

    def _told_of(self, person: str) -> Sequence[Absence]:
        """The absences of a person; one that begins at `now` does so when all facts of that instant are taken.

        Then the timer of that person fires.
        """
        if not self.streams.is_told_of(person):
            return ()
        told = self.streams.person(person)
        by = self.by if told.armed is not None and told.armed <= self.now else self.now
        return [absence for absence in told.absences() if absence.start <= by]

    def _tables(self, complaint: Complaint, cls: type[FactData] | None = None) -> ComplaintRestated:
        """The rows of a complaint as they stand, of those that a fact of class `cls` may change."""
        return tables(complaint, self.now, self._by(complaint), self._absences(complaint), cls)

    def _stand_in(self, complaint: Complaint, time: int, cause: Ref, *, assigned: bool = False) -> None:
        """Where its owner is absent it goes to the deputy; where that holds no more, its owners are restated.

        They are too where deputies alone do not tell who has it now: `assigned` says that somebody was just given it,
        who has it then by what was recorded.
        """
        absent = self._absences(complaint) if complaint.people else {}
        if not absent and not complaint.reassigned:
            return
        # A word about anybody of them, or the end of an absence, may move it on.
        self.owned += [(name, complaint.name) for name in absent if name not in complaint.people]
        rows = owners(complaint.log, absent, complaint.open_(), self.now)
        wanted = {(micros(r.time), r.deputy_of, r.person): r for r in rows if r.deputy_of is not None}
        new = [key for key in wanted if key not in complaint.reassigned]
        for key in new:
            row = wanted[key]
            if row.deputy_of is not None and row.person is not None:
                data = ComplaintReassigned(person=row.deputy_of, deputy=row.person, team=row.team)
                self._record(complaint, data, key[0], cause, complaint.service)
                self.owned.append((row.person, complaint.name))
        last = [(micros(r.time), r.deputy_of, r.person) for r in rows[len(rows) - len(new) :]]
        again = assigned and not new and rows[-1].deputy_of is not None
        if last != new or again or complaint.reassigned - set(wanted):
            self._restated(complaint, ComplaintRestated(owners=tuple(rows)), time, cause)

    def _restated(self, complaint: Complaint, data: ComplaintRestated, time: int, cause: Ref) -> None:
        """Rows that are others now. Who stands in by them has the complaint."""
        self._record(complaint, data, time, cause, complaint.service)
        stood = [row.person for row in data.owners or () if row.deputy_of is not None and row.person is not None]
        self.owned += [(person, complaint.name) for person in stood]


def _moments(complaint: Complaint, service: Service, first: int, now: int) -> list[int]:
    """Moments from `first` to `now` after which less may object: something was said then, or a silence had lasted."""
    said = {fact.us for fact in complaint.log[bisect_left(complaint.log, first, key=_us) :]}
    said |= {entry.place[0] for entry in service.log.entries if entry.place[0] >= first}
    said |= {claim.settled_at for claim in service.claims.values() if claim.settled_at is not None}
    return sorted({first, *(moment for moment in said if first <= moment <= now)})


def _is_late(service: Service, time: int, cause: Ref) -> bool:
    """Whether something that was said later is known already."""
    entries = service.log.entries
    return bool(entries) and entries[-1].place[:3] > (time, *cause)


def _us(fact: Fact) -> int:
    return fact.us
