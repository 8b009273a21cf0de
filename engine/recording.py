"""What a step records: facts and decisions, applied at once to the states that they change.

Pure: states come from `Streams`, time comes as `now`; nothing is read or written elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from msgspec import Struct

from contracts.agreements import Agreement
from contracts.decisions import DecisionData
from contracts.envelope import Fact
from contracts.facts import ComplaintFiled
from contracts.recorded import Recorded
from engine.complaint import Complaint
from engine.corrections import Ref
from engine.person import Person
from engine.service import Service

State = Complaint | Service | Person


class Held(NamedTuple):
    """The fact waits: for a complaint (`complaint:ID`), a fact (`fact:SOURCE ID`), or until `due`."""

    waits_for: str
    due: int | None = None


def frees(fact: Fact) -> list[str]:
    """What others may have waited for, once a fact is recorded (Held)."""
    freed = [f"fact:{fact.source} {fact.id}"]
    if fact.type == ComplaintFiled.TYPE:
        freed.append(f"complaint:{fact.subject}")
    return freed


class InForce(Struct, frozen=True, gc=False):
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

    def is_told_of(self, person: str) -> bool:
        """Whether anybody may have told of an absence of a person; False: surely nobody has."""

    def stream_of(self, ref: Ref) -> str | None:
        """The stream in which a fact was recorded; None if it was not."""

    def in_force(self, agreement: str | None, time: int) -> InForce | None:
        """The version for a complaint filed at a moment; None if nobody published it."""

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version."""


class Work(NamedTuple):
    """What a change of a service or a person means to its complaints, from `since` on.

    `stream` is the service's or the person's; `time` and `cause` are the change's.
    """

    stream: str
    since: int
    time: int
    cause: Ref


NONE: frozenset[str] = frozenset()
"""No clocks."""


class Touch(Struct, frozen=True, gc=False):
    """From when on a complaint is to be looked at; None: all of it.

    Only what these `clocks` rest on has changed; None: any, promises and credits too. What differs besides was due.
    """

    since: int | None
    clocks: frozenset[str] | None


class Recording(Struct, eq=False, gc=False):
    """What follows from one fact, or from time alone, at `now` (microseconds).

    What falls due `by` a moment has done so: all at `now`, or all before it, since more facts of that instant may come.
    """

    streams: Streams
    now: int
    by: int
    events: list[Recorded] = []
    decisions: int = 0
    """How many of the events are decisions."""
    services: list[Service] = []
    """Services whose silence may be due at another time now."""
    complaints: list[Complaint] = []
    """Complaints of which something may fall due at another time now."""
    persons: list[Person] = []
    """Persons whose next absence may begin at another time now."""
    owned: list[tuple[str, str]] = []
    """Persons to whom a complaint was given, and which."""
    work: list[Work] = []
    """What is left to be worked off, complaint by complaint."""
    _touched: dict[str, Touch] = {}
    """Complaints to be looked at."""
    filed: str | None = None
    """The complaint that was filed in this step."""
    stream: str = ""
    """The stream in which the fact was recorded."""

    def _record_fact(self, state: State, fact: Fact, *, service: str | None = None, late: bool = False) -> None:
        state.version += 1
        state.recorded_at = self.now
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
        state.recorded_at = self.now
        self.decisions += 1
        self.events.append(
            Recorded(state.stream, state.version, data.TYPE, time, self.now, cause[0], cause[1], data, service)
        )

    def _touch(self, complaint: str, since: int | None, clocks: frozenset[str] | None = None) -> None:
        """A complaint is to be looked at again, from `since` on; None: all of it. See `Touch`."""
        known = self._touched.get(complaint)
        if known is not None:
            since = None if since is None or known.since is None else min(since, known.since)
            clocks = None if clocks is None or known.clocks is None else clocks | known.clocks
        self._touched[complaint] = Touch(since, clocks)

    def _versions(self, complaint: Complaint) -> Callable[[int], Agreement]:
        """The versions of its agreement, by number."""
        return lambda version: self.streams.terms(complaint.agreement, version)

    def _terms(self, complaint: Complaint, at: int) -> Agreement:
        """The terms that it had at a moment."""
        return self.streams.terms(complaint.agreement, complaint.version_at(at))
