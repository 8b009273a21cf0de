"""The engine's reading of recorded events, for views: what `show` shows, at any moment (projections.recounting)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.agreements import Agreement
from contracts.decisions import AgreementPublished
from contracts.envelope import Fact
from contracts.facts import ComplaintFiled
from contracts.recorded import Recorded
from contracts.rows import OwnerRow
from engine import lives
from engine.absences import Absence, Absences, gather
from engine.complaint import WITHDRAWN
from engine.complaint import Complaint as Story
from engine.credits import in_words, periods
from engine.evolve import evolve, fresh
from engine.following import applied
from engine.handing import owners
from engine.person import Person
from engine.recording import State
from engine.service import Service as Served
from engine.showing import claim_shown, show
from engine.terms import Terms
from projections.recounting import Complaint, Credit, Outage, Service, Streams, Turn


class Recounter:
    """States of streams by what was known; each is read once."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._services: dict[str, Served] = {}
        self._persons: dict[str, Person] = {}
        self._agreements: dict[str, Terms] = {}

    def complaint(self, name: str) -> Complaint:
        """A complaint."""
        state = self._state(f"complaint:{name}")
        if not isinstance(state, Story):  # pragma: no cover - its stream's name says so
            raise TypeError(name)
        return _Complaint(self, state)

    def service(self, name: str) -> Service:
        """A service."""
        return _Service(self.served(name))

    def served(self, name: str) -> Served:
        """A service's conclusions."""
        if name not in self._services:
            service = Served(name)
            for event in self._streams(f"service:{name}"):
                if isinstance(event, Recorded):
                    evolve(service, event)
            self._services[name] = service
        return self._services[name]

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version (engine.following.Versions)."""
        if version and agreement not in self._agreements:
            self._agreements[agreement] = known = Terms()
            for event in self._streams(f"agreement:{agreement}"):
                if isinstance(event, Recorded) and isinstance(event.data, AgreementPublished):
                    known.publish(event.data)
        return self._agreements.get(agreement, Terms()).version(agreement, version)

    def absences(self, complaint: Story, at: int) -> Absences:
        """The absences, told by `at`, of whom the complaint was given to, and of those who stand in."""

        def told(name: str) -> Sequence[Absence]:
            if name not in self._persons:
                state = self._state(f"person:{name}")
                if isinstance(state, Person):
                    self._persons[name] = state
            return self._persons[name].absences(at)

        return gather(complaint.people, told)

    def _state(self, stream: str) -> State:
        state = fresh(stream)
        for event in self._streams(stream):
            if isinstance(event, Recorded):
                evolve(state, event)
            else:
                state.recorded_at = event
        return state


class _Complaint:
    """A complaint by what was known."""

    def __init__(self, recounter: Recounter, state: Story) -> None:
        self._recounter = recounter
        self._state = state
        self.name = state.name
        self.service = state.service
        self.agreement = state.agreement
        filing = state.filing
        self.filed_at = filing.us
        self.customer = filing.data.customer if isinstance(filing.data, ComplaintFiled) else ""

    def show(self, at: int) -> dict[str, Any] | None:
        """See projections.recounting.Complaint, also below."""
        state, known = self._state, self._recounter
        return show(state, known.served(state.service), known, known.absences(state, at), at=at, known_at=at)

    def owners(self, at: int) -> Sequence[OwnerRow]:
        """Who had it, from when on."""
        state = self._state
        return owners(state.until(at), self._recounter.absences(state, at), state.open_(at), at)

    def facts(self, at: int) -> Sequence[Fact]:
        """Its facts as corrected, in their order."""
        return self._state.until(at)

    def turns(self, at: int) -> Sequence[Turn]:
        """Changes of status, in the order recorded."""
        return [Turn(turn.time, turn.status) for turn in lives.turns(self._state, at)]

    def false_closings(self, at: int) -> Sequence[int]:
        """When closings of it were proved false."""
        return sorted(time for time in self._state.false.values() if time <= at)

    def refusals(self, at: int) -> Sequence[tuple[int, Sequence[str]]]:
        """Refused closings: when, and the objections."""
        return [(refusal.time, refusal.objections) for refusal in self._state.refusals if refusal.time <= at]

    def terms(self, at: int) -> Agreement:
        """The terms that it had."""
        return applied(self._state, self._recounter, at)[-1].terms

    def lived(self, at: int) -> Sequence[Outage]:
        """The outages that it lived through."""
        return [_outage(one) for one in lives.lived(self._state, self._recounter.served(self.service), at)]

    def credits(self, at: int) -> Sequence[Credit]:
        """The periods of its outages for which money is owed."""
        terms = self.terms(at).credit
        if terms is None:
            return []
        last = self._state.steps(at)[-1]
        until = last.time if last.status == WITHDRAWN else None
        found = []
        for one in self.lived(at):
            end = one.end if until is None or (one.end is not None and one.end < until) else until
            found += [
                Credit(begun, amount, terms.currency, in_words(terms))
                for begun, amount in periods(terms, one.start, end, at)
            ]
        return found


class _Service:
    """A service by what was known."""

    def __init__(self, state: Served) -> None:
        self._state = state
        self.name = state.name

    def outages(self, at: int, requests: Sequence[int]) -> Sequence[Outage]:
        """Its outages."""
        return [_outage(one) for one in lives.all_outages(self._state, at, requests)]


def _outage(one: lives.Lived) -> Outage:
    claims = [claim_shown(claim) for claim in one.claims]
    return Outage(one.start, one.end, one.reported_end, one.ended_by, one.restated, claims)
