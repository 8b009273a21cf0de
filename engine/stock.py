"""What a batch finds: the states of streams, read ahead, and the agreements (engine.decide.Streams)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from contracts.agreements import Agreement
from contracts.envelope import Fact
from contracts.facts import ComplaintAssigned, ComplaintFiled
from engine.cache import Cache
from engine.complaint import Complaint, service_of
from engine.corrections import Ref
from engine.decide import BRINGS
from engine.evolve import fresh
from engine.following import applied, needs_service
from engine.person import Person
from engine.publishing import learn
from engine.recording import InForce, State
from engine.service import Service
from engine.store.mapper import load
from engine.store.unit import Unit
from engine.terms import Terms

_NOT_OF_COMPLAINTS = ("service.", "person.")
_COMPLAINT, _PERSON = "complaint:", "person:"
PERSONS = 50_000
"""Persons with absences whose names are kept in memory at most."""
SHORT = 64
"""Events of a complaint that are read again when it is asked for, rather than those that another process has added."""


class _Filed(Struct, frozen=True, gc=False):
    service: str = ""


_service = msgspec.json.Decoder(_Filed).decode
"""Of the first event of a complaint, as it is stored: the service that it is about."""


class Stock:
    """States on hand, as long as nobody else has changed them; and what this batch has read and added."""

    _unit: Unit
    """The transaction of the batch."""

    def _take_stock(self, cached: int) -> None:
        """Begins with nothing; at most `cached` states of a usual length are kept between batches."""
        self._cache = Cache(cached)
        self._terms = Terms()
        self._told_of: set[str] | None = set()
        """Persons of whose absences anybody may have told; None: they are too many to be known by heart."""
        self.loads = 0
        """Streams that were not cached and had to be read."""
        self.touches = 0
        """Streams that were asked for."""
        self._seen_position = 0
        self._seen_version: Hashable = None
        self._others = True
        """Whether another process may have written since timers were looked up last."""
        self._begin_reading()

    def _begin_reading(self) -> None:
        """Before each batch: nothing is read yet."""
        self._identities: dict[Ref, tuple[bytes, str]] = {}
        """Facts recorded in this batch."""
        self._known: dict[Ref, tuple[bytes, str]] = {}
        """Facts of this batch that were recorded before."""
        self._absent: set[str] = set()
        """Streams that were read in this batch, and in which there is nothing."""
        self._rows: dict[str, tuple[list[tuple[int, str, bytes]], int | None]] = {}
        """Streams that were read and are not built yet: their events, and when their timer is due."""

    def _prefetch(self, unit: Unit, facts: Sequence[Fact], written: Mapping[Ref, tuple[bytes, str]]) -> None:
        """Reads in few statements what the facts of a batch will ask for; `written` will be in the store by then.

        What is read is built by `_build_read`.
        """
        refs = [fact.ref for fact in facts]
        self._known = unit.identities(refs)
        if written:
            self._known.update({ref: written[ref] for ref in refs if ref in written})
        new = [fact for fact in facts if fact.ref not in self._known]
        complaints = {f"complaint:{fact.subject}" for fact in new if not fact.type.startswith(_NOT_OF_COMPLAINTS)}
        self._read_rows(unit, complaints)
        others = self._who_may_be_absent(complaints)
        about = self._services_read()
        moving = self._terms.moving
        for fact in new:
            data, cls = fact.data, fact.data.__class__
            if isinstance(data, ComplaintAssigned):
                if data.to is not None and self.is_told_of(data.to):
                    others.add(f"person:{data.to}")
            elif isinstance(data, ComplaintFiled):
                others.add(f"service:{service_of(fact, data)}")
            elif fact.type.startswith("service."):
                others.add(f"service:{fact.subject}")
            elif cls in BRINGS or cls in moving:
                service = self._service_of(f"complaint:{fact.subject}", about, followed=cls not in BRINGS)
                if service is not None:
                    others.add(service)
        self._read_rows(unit, others)

    def _prefetch_due(self, unit: Unit, streams: Sequence[str]) -> None:
        """Reads in few statements what will be asked for when the timers of `streams` fire."""
        self._read_rows(unit, streams)
        others = self._who_may_be_absent(streams)
        if self._terms.moving:
            about = self._services_read()
            found = (self._service_of(stream, about, followed=True) for stream in streams)
            others.update(service for service in found if service is not None)
        self._read_rows(unit, others)

    def _services_read(self) -> dict[str, str]:
        """The services of complaints that were read and are not built yet, by stream."""
        return {
            stream: f"service:{_service(rows[0][2]).service}"
            for stream, (rows, _) in self._rows.items()
            if rows and stream.startswith(_COMPLAINT)
        }

    def _service_of(self, stream: str, about: Mapping[str, str], *, followed: bool) -> str | None:
        """The service of a complaint; `followed`: only if it may follow its service."""
        if stream in about:
            return about[stream]
        complaint = self._on_hand(stream)
        if complaint is None:
            return None
        looked = complaint.looked
        if followed and not (needs_service(applied(complaint, self)) if looked is None else looked.service):
            return None
        return f"service:{complaint.service}"

    def _who_may_be_absent(self, streams: Iterable[str]) -> set[str]:
        """The streams of those to whom complaints were given and of whose absences anybody may have told."""
        if self._told_of is not None and not self._told_of:
            return set()
        self._build_read()
        complaints = [complaint for complaint in map(self._on_hand, streams) if complaint is not None]
        people = {name for complaint in complaints for name in complaint.people}
        return {f"person:{name}" for name in people if self.is_told_of(name)}

    def _on_hand(self, stream: str) -> Complaint | None:
        state = self._cache.get(stream)
        return state if isinstance(state, Complaint) else None

    def _read(self, unit: Unit, streams: Iterable[str]) -> None:
        self._read_rows(unit, streams)
        self._build_read()

    def _read_rows(self, unit: Unit, streams: Iterable[str]) -> None:
        missing = sorted({s for s in streams if self._cache.get(s) is None} - self._absent - self._rows.keys())
        if missing:
            found = unit.load_many(missing)
            timers = unit.timers_of([stream for stream, rows in found.items() if rows])
            self._rows.update((stream, (rows, timers.get(stream))) for stream, rows in found.items())

    def _build_read(self) -> None:
        """Builds the states of the streams that were read."""
        rows, self._rows = self._rows, {}
        for stream, read in rows.items():
            self._build(stream, *read)

    def _build(self, stream: str, rows: list[tuple[int, str, bytes]], due: int | None) -> State | None:
        self.loads += 1
        if not rows:
            self._absent.add(stream)
            return None
        state = fresh(stream)
        load(state, rows)
        state.armed = due
        if isinstance(state, Service):
            state.caught_up(due)
        self._cache.put(state)
        return state

    def _refresh(self, unit: Unit) -> None:
        """Forgets streams that another process has changed."""
        version = unit.changes()
        if version == self._seen_version:
            return
        self._others = True
        last = unit.last_position()
        if last < self._seen_position:  # the store is another: restored from a copy, perhaps
            self._cache.clear()
            self._seen_version = None
        if self._seen_version is None:
            self._terms = learn(unit)
            self._learn_persons(unit)
        elif last != self._seen_position:
            changed = unit.streams_since(self._seen_position)
            self._catch_up(unit, changed)
            for stream in changed:
                if stream.startswith(_PERSON):
                    self._tell_of(stream.removeprefix(_PERSON))
            if any(stream.startswith("agreement:") for stream in changed):
                self._terms = learn(unit)
        self._seen_version, self._seen_position = version, last

    def _learn_persons(self, unit: Unit) -> None:
        streams = [stream for stream in unit.streams_after(_PERSON, PERSONS + 1) if stream.startswith(_PERSON)]
        self._told_of = None if len(streams) > PERSONS else {stream.removeprefix(_PERSON) for stream in streams}

    def _tell_of(self, person: str) -> None:
        if self._told_of is not None:
            self._told_of.add(person)
            if len(self._told_of) > PERSONS:
                self._told_of = None

    def _catch_up(self, unit: Unit, streams: list[str]) -> None:
        """Reads what another process has added to streams that are on hand: of long ones that is far less than all."""
        known = []
        for state in map(self._cache.get, streams):
            if isinstance(state, Complaint) and state.version <= SHORT:
                self._cache.drop(state.stream)
            elif state is not None:
                known.append(state)
        timers = unit.timers_of([state.stream for state in known])
        for state in known:
            load(state, unit.load_since(state.stream, state.version))
            state.armed = timers.get(state.stream)
            if isinstance(state, Service):
                state.caught_up(state.armed)

    def _state(self, stream: str) -> State | None:
        self.touches += 1
        state = self._cache.get(stream)
        if state is not None:
            return state
        if stream in self._absent:
            return None
        return self._build(stream, self._unit.load(stream), self._unit.timer(stream))

    def complaint(self, name: str) -> Complaint | None:
        """A complaint that was filed; None if it was not."""
        state = self._state(f"complaint:{name}")
        return state if isinstance(state, Complaint) else None

    def new_complaint(self, name: str) -> Complaint:
        """The empty state of a complaint that is filed now."""
        complaint = Complaint(name)
        self._cache.put(complaint)
        return complaint

    def service(self, name: str) -> Service:
        """A service, empty if nobody has spoken of it."""
        state = self._state(f"service:{name}")
        if isinstance(state, Service):
            return state
        service = Service(name)
        self._cache.put(service)
        return service

    def person(self, name: str) -> Person:
        """A person, empty if nobody has spoken of it."""
        state = self._state(f"person:{name}")
        if isinstance(state, Person):
            return state
        person = Person(name)
        self._cache.put(person)
        self._tell_of(name)
        return person

    def is_told_of(self, person: str) -> bool:
        """Whether anybody may have told of an absence of a person."""
        return self._told_of is None or person in self._told_of

    def stream_of(self, ref: Ref) -> str | None:
        """The stream in which a fact was recorded."""
        known = self._identities.get(ref) or self._unit.identity(ref)
        return None if known is None else known[1]

    def in_force(self, agreement: str | None, time: int) -> InForce | None:
        """The version of an agreement for a complaint filed at a moment."""
        return self._terms.in_force(agreement, time)

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version."""
        return self._terms.version(agreement, version)
