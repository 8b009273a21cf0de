"""`given` what has happened, `when` something arrives, `then` the engine decides: on the pure step, without a store.

Times are minutes, also of moments in the data. A fact arrives at its time, or when the one before it did if that
was later, or when `arriving` says. Facts get ids in the order in which they are written down. What falls due in between
is done at its time: first silences, then facts, then the rest.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from contracts.agreements import Agreement, Clock, Restoration
from contracts.decisions import DecisionData
from contracts.envelope import parse
from contracts.errors import MalformedError
from contracts.moments import micros, rfc3339
from contracts.recorded import Recorded
from engine.absences import gather
from engine.complaint import Complaint
from engine.corrections import Ref
from engine.decide import Step
from engine.person import Person
from engine.recording import Held, InForce, State
from engine.service import Service
from engine.showing import show

START = micros(datetime(2024, 5, 1, tzinfo=UTC))
MINUTE = 60_000_000
MOMENTS = frozenset({"since", "down_since", "up_since", "due", "time", "from", "to", "eta", "until"})
_SILENT = frozenset({"service.heard", "agreement.applied"})
_SILENCE, _FACTS, _DUE, _AFTER = range(4)
_count = itertools.count()


def us(minute: float) -> int:
    return START + round(minute * MINUTE)


def minute(moment: int | str | datetime | None) -> float | None:
    """Minutes from the start, of microseconds, of RFC 3339 or of a datetime."""
    if moment is None:
        return None
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        moment = micros(moment)
    return (moment - START) / MINUTE


@dataclass(frozen=True)
class Told:
    """A fact as it is told."""

    kind: str
    subject: str
    time: float
    data: dict[str, Any]
    source: str
    id: str
    arrives: float | None = None

    def arriving(self, minute: float) -> Told:
        return replace(self, arrives=minute)

    def bytes(self) -> bytes:
        envelope = {"specversion": "1.0", "source": self.source, "id": self.id, "type": self.kind}
        return json.dumps(
            {**envelope, "subject": self.subject, "time": rfc3339(us(self.time)), "data": self.data}
        ).encode()


def fact(kind: str, subject: str, time: float, /, **data: Any) -> Told:
    """Any fact. `source` and `id` may be given among its data; what is None is left out."""
    source, name = data.pop("source", "/t"), data.pop("id", f"{next(_count):06}")
    kept = {k.rstrip("_"): v for k, v in data.items() if v is not None}
    return Told(kind, subject, time, _moments(kept), source, name)


def _moments(data: dict[str, Any]) -> dict[str, Any]:
    return {
        k: _moments(v) if isinstance(v, dict) else rfc3339(us(v)) if k in MOMENTS and isinstance(v, int | float) else v
        for k, v in data.items()
    }


def terms(*accepts: Any, silence: float | None = None, reply: bool = False) -> Agreement:
    """What an agreement says of restoration (silence in minutes), and whether a clock waits for the formal answer."""
    clock = Clock(name="reply", target="P14D", calendar="always", starts="filed", stops="replied", reopen="continue")
    seconds = None if silence is None else round(silence * 60)
    restoration = Restoration(accepts=accepts, silence=seconds)
    return Agreement(name="", restoration=restoration, clocks=(clock,) if reply else ())


class Memory:
    """States in memory (engine.decide.Streams)."""

    def __init__(self, agreements: dict[str, Agreement]) -> None:
        self.agreements = agreements
        self.states: dict[str, State] = {}
        self.refs: dict[Ref, str] = {}

    def complaint(self, name: str) -> Complaint | None:
        state = self.states.get(f"complaint:{name}")
        return state if isinstance(state, Complaint) else None

    def new_complaint(self, name: str) -> Complaint:
        complaint = Complaint(name)
        self.states[complaint.stream] = complaint
        return complaint

    def service(self, name: str) -> Service:
        state = self.states.setdefault(f"service:{name}", Service(name))
        assert isinstance(state, Service)
        return state

    def person(self, name: str) -> Person:
        state = self.states.setdefault(f"person:{name}", Person(name))
        assert isinstance(state, Person)
        return state

    def is_told_of(self, person: str) -> bool:
        return f"person:{person}" in self.states

    def services(self) -> list[Service]:
        return [state for state in self.states.values() if isinstance(state, Service)]

    def stream_of(self, ref: Ref) -> str | None:
        return self.refs.get(ref)

    def in_force(self, agreement: str | None, time: int) -> InForce | None:
        name = agreement or "standard"
        return InForce(self.terms(name, 1), 1) if name in self.agreements else None

    def terms(self, agreement: str, version: int) -> Agreement:
        """Version 1 is the one by that name; a later one is beside it."""
        return self.agreements[agreement if version == 1 else f"{agreement} {version}"]


class Story:
    """What was told so far, and what the engine made of it. `agreements` beside `standard` are by name."""

    def __init__(self, agreements: dict[str, Agreement]) -> None:
        self.memory = Memory({name: msgspec.structs.replace(a, name=name) for name, a in agreements.items()})
        self.dues: dict[str, int] = {}
        self.now = START
        self.events: list[Recorded] = []
        self.fresh: list[Recorded] = []
        self.dead: list[str] = []
        self.held: list[str] = []

    # ---- when

    def when(self, *facts: Told) -> Story:
        """These arrive, one after the other."""
        self.fresh = []
        for told in facts:
            self._until(max(self.now, us(told.time) if told.arrives is None else us(told.arrives)), _FACTS)
            self._take(told)
        return self

    def at(self, minute: float) -> Story:
        """Time passes until then, with all that falls due at it."""
        self.fresh = []
        self._until(us(minute), _AFTER)
        return self

    def _until(self, now: int, place: int) -> None:
        """All that is due before a place in time, each at its own."""
        while (coming := min(self._coming(), default=None)) is not None and coming[:2] < (now, place):
            self._fire(*coming)
        self.now = now

    def _fire(self, due: int, _: int, stream: str) -> None:
        self.dues.pop(stream, None)
        self.now = max(self.now, due)
        state = self.memory.states[stream]
        step = Step(self.memory, self.now, self.now - 1 if isinstance(state, Service) else self.now)
        if isinstance(state, Service):
            step.silence(state, due)
        elif isinstance(state, Complaint):
            step.due(state, due)
        else:
            step.absent(state, due)
        self._record(step)

    def _coming(self) -> list[tuple[int, int, str]]:
        silences = [(due, _SILENCE, s.stream) for s in self.memory.services() if (due := s.log.silence_due())]
        return silences + [(due, _DUE, stream) for stream, due in self.dues.items()]

    def apply(self, minute: float, version: int, complaint: str = "C") -> Story:
        """New terms for a complaint that runs."""
        self.fresh = []
        self._until(us(minute), _AFTER)
        state = self.memory.complaint(complaint)
        assert state is not None
        step = Step(self.memory, self.now, self.now)
        step.apply([(state, version, ("/stilldown/agreements", f"{state.agreement}/{version}/{complaint}"))])
        self._record(step)
        return self

    def _take(self, told: Told) -> None:
        step = Step(self.memory, self.now, self.now - 1)
        try:
            held = step.take(parse(told.bytes()))
        except MalformedError as error:
            self.dead.append(error.field or error.reason)
            return
        if isinstance(held, Held):
            self.held.append(held.waits_for)
            return
        self.memory.refs[told.source, told.id] = step.stream
        self._record(step)

    def _record(self, step: Step) -> None:
        self.events += step.events
        self.fresh += step.events
        for complaint in step.complaints:
            complaint.armed = complaint.due
            self._arm(complaint.stream, complaint.due)
        for person in step.persons:
            self._arm(person.stream, person.turns(step.by))
        for work in step.work:  # of a person, or of a service with many complaints: all in one
            following = Step(self.memory, self.now, step.by)
            following.follow(work, [s.name for s in self.memory.states.values() if isinstance(s, Complaint)])
            self._record(following)

    def _arm(self, stream: str, due: int | None) -> None:
        if due is None:
            self.dues.pop(stream, None)
        else:
            self.dues[stream] = due

    # ---- then

    def then(self, *decisions: str) -> Story:
        """Exactly these were decided on what arrived last, in this order; what only passes between streams left out."""
        types = [event.type for event in self.decided()]
        assert types == list(decisions), types
        return self

    def decided(self, kind: str | None = None) -> list[Recorded]:
        """The decisions on what arrived last."""
        made = [e for e in self.fresh if isinstance(e.data, DecisionData) and e.type not in _SILENT]
        return made if kind is None else [event for event in made if event.type == kind]

    def outages(self, service: str = "S") -> list[tuple[float | None, float | None]]:
        return [(minute(o.start), minute(o.end)) for o in self.memory.service(service).outages]

    def ended_by(self, service: str = "S") -> list[str | None]:
        return [o.ended_by for o in self.memory.service(service).outages]

    def restated(self, service: str = "S") -> list[bool]:
        return [o.restated for o in self.memory.service(service).outages]

    def claims(self, service: str = "S") -> list[tuple[str, float | None]]:
        """State, and the moment named, in the order of facts."""
        return [(c.state, minute(c.since)) for c in sorted(self.memory.service(service).claims.values())]

    def state(self, time: float, service: str = "S") -> str:
        return self.memory.service(service).state_at(us(time))

    def show(self, complaint: str = "C", *, at: float | None = None) -> dict[str, Any]:
        state = self.memory.complaint(complaint)
        assert state is not None
        when = self.now if at is None else us(at)
        absent = gather(state.people, lambda person: self.memory.person(person).absences(when))
        service = self.memory.service(state.service)
        shown = show(state, service, self.memory, absent, at=when, known_at=self.now)
        assert shown is not None
        return shown

    def status(self, complaint: str = "C") -> str:
        return str(self.show(complaint)["status"])

    def objections(self, complaint: str = "C") -> list[str]:
        """Of the last refusal; none, if none was refused."""
        refusals = self.show(complaint)["refusals"]
        return list(refusals[-1]["objections"]) if refusals else []

    def silence_due(self, service: str = "S") -> float | None:
        return minute(self.memory.service(service).log.silence_due())


def given(*facts: Told, accepts: Sequence[str] = (), silence: float | None = None, **others: Agreement) -> Story:
    """What has happened, under an agreement `standard` with these terms, and others by name."""
    return Story({"standard": terms(*accepts, silence=silence), **others}).when(*facts)


def pairs(rows: Iterable[dict[str, Any]], one: str, other: str) -> list[tuple[float | None, float | None]]:
    """Two moments of each row, in minutes."""
    return [(minute(row[one]), minute(row[other])) for row in rows]
