"""Reading a store: complaints and histories as known at any moment. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from contracts.agreements import Agreement, AgreementFile
from contracts.decisions import AgreementPublished, Outages, ServiceHeard
from contracts.envelope import Fact
from contracts.errors import StilldownError
from contracts.moments import rfc3339
from contracts.recorded import Recorded
from engine.absences import Absence, Absences, gather
from engine.behind import Causes
from engine.complaint import OPEN, Complaint
from engine.corrections import Ref, effective
from engine.evolve import evolve, fresh
from engine.explaining import Asked, clock_names, explain
from engine.following import applied
from engine.person import Person
from engine.previewing import differences, preview
from engine.publishing import learn, new_versions
from engine.recording import State
from engine.rows import Outage
from engine.runs import Applied
from engine.service import Service
from engine.showing import show
from engine.store.errors import DamagedError
from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.transactions import reading
from engine.store.unit import Clock, Unit
from engine.terms import Terms

_Row = tuple[int, str, int, str, bytes]
"""Position, stream, version, topic and state of an event."""


class UnknownError(StilldownError):
    """There is no such complaint or service, or there was none then."""


class NoClockError(UnknownError):
    """A complaint has no such clock."""


class Shelf:
    """What a store knows, as states (engine.following.Versions), by what was recorded up to a moment."""

    def __init__(self, unit: Unit, known_at: int | None = None) -> None:
        self._unit = unit
        self._known_at = known_at
        self._agreements: dict[str, Terms] = {}

    def state(self, stream: str) -> State:
        """The state of a stream; an empty one where nothing was recorded in it."""
        return self._evolved(stream, self._unit.load(stream))

    def outages(self, service: str) -> Service:
        """A service by what was concluded about it, which is all that is shown of it (engine.service).

        It may have heard a hundred thousand complaints; that is left out.
        """
        stream = f"service:{service}"
        state = self._evolved(stream, self._unit.load_outages(stream))
        if not isinstance(state, Service):  # pragma: no cover - its stream's name says so
            raise TypeError(state)
        return state

    def _evolved(self, stream: str, rows: Iterable[tuple[int, str, bytes]]) -> State:
        state = fresh(stream)
        for row in rows:
            event = _recorded(stream, *row)
            if self._known_at is not None and event.recorded_at > self._known_at:
                break
            evolve(state, event)
        return state

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version."""
        if version and agreement not in self._agreements:
            self._agreements[agreement] = known = Terms()
            for row in self._unit.load(f"agreement:{agreement}"):
                data = _recorded(f"agreement:{agreement}", *row).data
                if isinstance(data, AgreementPublished):
                    known.publish(data)
        return self._agreements.get(agreement, Terms()).version(agreement, version)

    def absences(self, complaint: Complaint, at: int) -> Absences:
        """The absences, told by `at`, of whom the complaint was given to, and of those who stand in."""

        def told(name: str) -> Sequence[Absence]:
            person = self.state(f"person:{name}")
            return person.absences(at) if isinstance(person, Person) else ()

        return gather(complaint.people, told)

    def fact(self, ref: Ref) -> Fact | None:
        """A recorded fact, as corrected; None where it was not known then, or never happened."""
        known = self._unit.identity(ref)
        if known is None:
            return None
        state = self.state(known[1])
        fact = state.facts.get(ref)
        return None if fact is None else effective(fact, state.corrections)

    def causes(self, service: str) -> Causes:
        """The facts behind a service's outages."""
        causes = Causes()
        stream = f"service:{service}"
        for row in self._unit.load_outages(stream):
            event = _recorded(stream, *row)
            if self._known_at is not None and event.recorded_at > self._known_at:
                break
            if isinstance(event.data, Outages):
                causes.tell(event.data, (event.source, event.id))
        return causes

    def explain(self, complaint: Complaint, clock: str, *, at: int, known_at: int) -> dict[str, Any] | None:
        """Why a clock's deadlines are what they are (interfaces.md §1); None where it was not filed by then.

        Raises NoClockError where it has no such clock.
        """
        if complaint.filing.us > at:
            return None
        service = self.state(f"service:{complaint.service}")
        if not isinstance(service, Service):  # pragma: no cover - its stream's name says so
            raise TypeError(service)
        terms = applied(complaint, self, at)
        states: dict[str, State] = {complaint.stream: complaint, service.stream: service}

        def lookup(ref: Ref) -> Fact | None:
            for state in states.values():
                if (fact := state.facts.get(ref)) is not None:
                    return effective(fact, state.corrections)
            return self.fact(ref)  # another complaint about the same service spoke

        asked = Asked(complaint, service.outages, terms, at, known_at, self.causes(complaint.service), lookup)
        told = explain(asked, clock)
        if told is None:
            names = ", ".join(clock_names(terms))
            known = f"its clocks are: {names}" if names else f"the agreement {complaint.agreement} has none"
            raise NoClockError(f"complaint {complaint.name} has no clock {clock}; {known}")
        return told

    def show(self, complaint: Complaint, *, at: int, known_at: int) -> dict[str, Any] | None:
        """A complaint (interfaces.md §3); None where it was not filed by then."""
        service = self.outages(complaint.service)
        return show(complaint, service, self, self.absences(complaint, at), at=at, known_at=known_at)


class Previewed(NamedTuple):
    """An open complaint, and what new terms would do to it. `cycles` are as `engine.previewing` gives them.

    `after` is the version that it would have; `also` is what else would differ between the two.
    """

    complaint: str
    agreement: str
    before: int
    after: int
    also: list[str]
    cycles: list[dict[str, Any]]


class Reader:
    """A store that is only read."""

    def __init__(self, url: str) -> None:
        """Raises NoStoreError where there is none: one is never made."""
        self._store = open_store(url)

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def clock(self) -> Clock:
        """The engine's clock: the last `recorded_at`, and what it follows."""
        with reading(self._store) as unit:
            return unit.clock()

    def show(self, name: str, *, at: int, known_at: int) -> dict[str, Any]:
        """A complaint (interfaces.md §3). Raises UnknownError where there was none."""
        return self._told(name, at, known_at, lambda shelf, found: shelf.show(found, at=at, known_at=known_at))

    def explain(self, name: str, clock: str, *, at: int, known_at: int) -> dict[str, Any]:
        """Why a clock's deadlines are what they are. Raises UnknownError where there was no such complaint or clock."""
        return self._told(
            name, at, known_at, lambda shelf, found: shelf.explain(found, clock, at=at, known_at=known_at)
        )

    def _told(
        self, name: str, at: int, known_at: int, tell: Callable[[Shelf, Complaint], dict[str, Any] | None]
    ) -> dict[str, Any]:
        with reading(self._store) as unit:
            shelf = Shelf(unit, known_at)
            complaint = shelf.state(f"complaint:{name}")
            if not isinstance(complaint, Complaint) or not complaint.version:
                raise UnknownError(
                    f"no complaint {name} is known"
                    if known_at == at
                    else f"no complaint {name} was known at {rfc3339(known_at)} yet"
                )
            found = tell(shelf, complaint)
        if found is None:
            raise UnknownError(f"complaint {name} was not filed yet at {rfc3339(at)}")
        return found

    def preview(self, file: AgreementFile, now: int) -> Iterator[Previewed]:
        """Every open complaint, and what it would be like if a file's agreements were applied to it now.

        In order of their ids; one look, of one moment, and nothing is written.
        """
        with reading(self._store) as unit:
            shelf = Shelf(unit)
            terms = learn(unit)
            for data in new_versions(file, terms):
                terms.publish(data)
            last: Service | None = None
            for stream in unit.streams_like("complaint:"):
                complaint = shelf.state(stream)
                if not isinstance(complaint, Complaint) or complaint.status != OPEN:
                    continue
                if last is None or last.name != complaint.service:
                    last = shelf.outages(complaint.service)
                yield _previewed(complaint, last.outages, terms, now)

    def history(self, name: str, *, at: int | None = None, known_at: int | None = None) -> Iterator[dict[str, Any]]:
        """Every fact and decision, as recorded: a complaint's with its service's outages, a service's, or a person's.

        What the service heard of other complaints is in a complaint's where an event of it came of that. Raises
        UnknownError where nothing is known of it, or was not by then.
        """
        with reading(self._store) as unit:
            own = f"complaint:{name}"
            rows = unit.history((own,))
            service: str | None = None
            if rows:
                service = f"service:{_event(rows[0]).service}"
                rows = unit.history((own, service))
            else:
                rows = unit.history((f"service:{name}", f"person:{name}", f"agreement:{name}"))
        if not rows:
            raise UnknownError(f"nothing is known of {name}")
        if known_at is not None and _event(rows[0]).recorded_at > known_at:
            raise UnknownError(f"nothing was known of {name} at {rfc3339(known_at)} yet")
        yield from _history(rows, service, name, at=at, known_at=known_at)


def _history(
    rows: list[_Row], service: str | None, name: str, *, at: int | None, known_at: int | None
) -> Iterator[dict[str, Any]]:
    """What was recorded by `known_at` of what happened by `at`; see `Reader.history`."""
    behind: set[Ref] = set()
    if service is not None:
        said = (row for row in rows if not _is_heard(row, service))
        behind = {(event.source, event.id) for _, event in _by_then(said, at, known_at)}
    for row, event in _by_then(rows, at, known_at):
        elsewhere = _is_heard(row, service) and isinstance(event.data, ServiceHeard) and event.data.complaint != name
        if not elsewhere or (event.source, event.id) in behind:
            yield told(row[0], event)


def _by_then(rows: Iterable[_Row], at: int | None, known_at: int | None) -> Iterator[tuple[_Row, Recorded]]:
    for row in rows:
        event = _event(row)
        if known_at is not None and event.recorded_at > known_at:
            return
        if at is None or event.time <= at:
            yield row, event


def _is_heard(row: _Row, service: str | None) -> bool:
    return row[1] == service and row[3] == ServiceHeard.TYPE


def _previewed(complaint: Complaint, outages: Sequence[Outage], terms: Terms, now: int) -> Previewed:
    name, before = complaint.agreement, complaint.agreement_version
    had = [Applied(time, version, terms.version(name, version)) for time, version in complaint.applied]
    latest = terms.latest(name)
    new = None if latest is None or latest.number <= before else Applied(now, latest.number, latest.agreement)
    also = [] if new is None else differences(had[-1].terms, new.terms)
    cycles = preview(complaint, outages, had, new, now)
    return Previewed(complaint.name, name, before, before if new is None else new.version, also, cycles)


def _event(row: _Row) -> Recorded:
    return _recorded(*row[1:])


def _recorded(stream: str, version: int, topic: str, state: bytes) -> Recorded:
    try:
        return from_row(stream, version, topic, state)
    except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
        what = f"event {version} of {stream} ({topic}) cannot be read: {error}"
        raise DamagedError(f"{what}; `stilldown verify` looks through the whole store") from error


def told(position: int, event: Recorded) -> dict[str, Any]:
    """A recorded event as JSON values."""
    own = event.kind == "fact"
    return {
        "position": position,
        "stream": event.stream,
        "version": event.version,
        "kind": event.kind,
        "type": event.type,
        "subject": event.stream.partition(":")[2],
        "time": rfc3339(event.time),
        "recorded_at": rfc3339(event.recorded_at),
        "source": event.source if own else None,
        "id": event.id if own else None,
        "cause": None if own else {"source": event.source, "id": event.id},
        "late": event.late,
        "data": msgspec.to_builtins(event.data),
    }
