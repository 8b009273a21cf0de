"""From recorded events to states: loading decides nothing (kernel of domain.md §2)."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.decisions import DecisionData
from contracts.envelope import Fact
from contracts.recorded import Recorded
from engine.complaint import Complaint
from engine.person import Person
from engine.recording import State
from engine.service import Service

_KINDS: dict[str, type[Complaint | Service | Person]] = {"complaint": Complaint, "service": Service, "person": Person}


def fresh(stream: str) -> State:
    """The state of a stream in which nothing is recorded."""
    kind, _, name = stream.partition(":")
    return _KINDS[kind](name)


def evolve(state: State, event: Recorded) -> None:
    """Applies one recorded event to the state of its stream."""
    state.version = event.version
    state.recorded_at = event.recorded_at
    data = event.data
    if isinstance(data, DecisionData):
        state.record(data, event.time, (event.source, event.id))
    else:
        state.record_fact(Fact((event.source, event.id), event.type, state.name, event.time, data))


def replay(stream: str, events: Iterable[Recorded]) -> State:
    """The state of a stream after `events`."""
    state = fresh(stream)
    for event in events:
        evolve(state, event)
    return state
