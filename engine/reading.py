"""Reading a store: complaints and histories as known at any moment. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from contracts.agreements import Agreement
from contracts.decisions import AgreementPublished
from contracts.errors import StilldownError
from contracts.moments import rfc3339
from contracts.recorded import Recorded
from engine.absences import Absence, Absences, gather
from engine.complaint import Complaint
from engine.evolve import evolve, fresh
from engine.person import Person
from engine.recording import State
from engine.service import Service
from engine.showing import show
from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.unit import Clock, Unit, reading
from engine.terms import Terms


class UnknownError(StilldownError):
    """There is no such complaint or service, or there was none then."""


class Shelf:
    """What a store knows, as states (engine.following.Versions), by what was recorded up to a moment."""

    def __init__(self, unit: Unit, known_at: int | None = None) -> None:
        self._unit = unit
        self._known_at = known_at
        self._agreements: dict[str, Terms] = {}

    def state(self, stream: str) -> State:
        """The state of a stream; an empty one where nothing was recorded in it."""
        state = fresh(stream)
        for version, topic, data in self._unit.load(stream):
            event = from_row(stream, version, topic, data)
            if self._known_at is not None and event.recorded_at > self._known_at:
                break
            evolve(state, event)
        return state

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version."""
        if version and agreement not in self._agreements:
            self._agreements[agreement] = known = Terms()
            for row in self._unit.load(f"agreement:{agreement}"):
                data = from_row(f"agreement:{agreement}", *row).data
                if isinstance(data, AgreementPublished):
                    known.publish(data)
        return self._agreements.get(agreement, Terms()).version(agreement, version)

    def absences(self, complaint: Complaint, at: int) -> Absences:
        """The absences, told by `at`, of whom the complaint was given to, and of those who stand in."""

        def told(name: str) -> Sequence[Absence]:
            person = self.state(f"person:{name}")
            return person.absences(at) if isinstance(person, Person) else ()

        return gather(complaint.log, told)

    def show(self, complaint: Complaint, *, at: int, known_at: int) -> dict[str, Any] | None:
        """A complaint (interfaces.md §3); None where it was not filed by then."""
        service = self.state(f"service:{complaint.service}")
        if not isinstance(service, Service):  # pragma: no cover - its stream's name says so
            raise TypeError(service)
        return show(complaint, service, self, self.absences(complaint, at), at=at, known_at=known_at)


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
        with reading(self._store) as unit:
            shelf = Shelf(unit, known_at)
            complaint = shelf.state(f"complaint:{name}")
            if not isinstance(complaint, Complaint) or not complaint.version:
                raise UnknownError(
                    f"no complaint {name} is known" if known_at == at else f"no complaint {name} was known then"
                )
            shown = shelf.show(complaint, at=at, known_at=known_at)
        if shown is None:
            raise UnknownError(f"complaint {name} was not filed yet at {rfc3339(at)}")
        return shown

    def history(self, name: str, *, at: int | None = None, known_at: int | None = None) -> Iterator[dict[str, Any]]:
        """Every fact and decision, as recorded: a complaint's with its service's outages, a service's, or a person's.

        Raises UnknownError where nothing is known of it.
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
        for row in rows:
            event = _event(row)
            if known_at is not None and event.recorded_at > known_at:
                break
            if at is not None and event.time > at:
                continue
            if (
                event.stream == service
                and event.type == "service.heard"
                and getattr(event.data, "complaint", None) != name
            ):
                continue
            yield told(row[0], event)


def _event(row: tuple[int, str, int, str, bytes]) -> Recorded:
    return from_row(row[1], row[2], row[3], row[4])


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
