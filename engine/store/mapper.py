"""Between recorded events and the bytes in which they are stored.

A stored state is one JSON object of a typed struct per topic; the topic is the event's type on the
wire, so that moving a class breaks no history. Personal fields are declared with the facts
(`x-personal` in contracts.facts): a cipher for them has its place between the data and its bytes. What an older version
recorded is lifted to today's schema before it is decoded (engine.store.upcasting); topics without steps never ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from sys import intern
from typing import Any, Literal, NamedTuple

import msgspec
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from msgspec import Struct

from contracts.decisions import DECISIONS, ClockChanged
from contracts.envelope import Fact
from contracts.facts import FACTS
from contracts.recorded import Recorded
from engine.complaint import FALLS_DUE, Complaint
from engine.cycles import kept
from engine.recording import State
from engine.store.upcasting import STEPS, Chain, chains


class _State(Struct, frozen=True, omit_defaults=True, gc=False):
    """What is stored of an event beside its stream, version and topic. Moments are microseconds since 1970."""

    time: int
    recorded_at: int
    source: str
    id: str
    service: str | None = None
    late: bool = False


class _Clock(Struct, frozen=True, gc=False):
    row: msgspec.Raw
    gone: bool = False


class _OfAClock(Struct, frozen=True, gc=False):
    """What has to be understood of a `clock.*` event at once."""

    time: int
    recorded_at: int
    data: _Clock
    schema: Literal[1] = 1


class _Coding(NamedTuple):
    """How events of a topic are stored and read."""

    state: Callable[..., Any]
    decode: Callable[[bytes], Any]
    of_a_clock: Callable[[bytes], _OfAClock] | None


def _coding(topic: str, cls: type[Any], chain: Chain | None = None) -> _Coding:
    """The coding of a topic. An event of a schema that is not known here is refused, not misread."""
    schema = 1 if chain is None else chain.schema
    # its absence says 1; any other number has to be there
    field: Any = ("schema", Literal[1], 1) if chain is None else ("schema", Literal[schema])
    state = msgspec.defstruct(
        f"State_{topic}", [("data", cls), field], bases=(_State,), frozen=True, omit_defaults=True, kw_only=True
    )
    decode = msgspec.json.Decoder(state).decode
    of_a_clock = msgspec.json.Decoder(_OfAClock).decode if issubclass(cls, ClockChanged) else None
    if chain is None:
        return _Coding(state, decode, of_a_clock)
    lifted = msgspec.json.Decoder(_OfALiftedClock).decode
    return _Coding(
        partial(state, schema=schema),
        lambda stored: decode(chain.lift(stored)),
        of_a_clock and (lambda stored: lifted(chain.lift(stored))),
    )


class _OfALiftedClock(_OfAClock, frozen=True, gc=False):
    schema: int = 1  # type: ignore[assignment] # it was looked at when it was lifted


_TOPICS: dict[str, type[Any]] = {**FACTS, **DECISIONS}
_CHAINS = chains(_TOPICS, STEPS)
_CODINGS = {topic: _coding(topic, cls, _CHAINS.get(topic)) for topic, cls in _TOPICS.items()}
_STATES = {topic: coding.state for topic, coding in _CODINGS.items()}
_DECODERS = {topic: coding.decode for topic, coding in _CODINGS.items()}
_CLOCKS = {topic: coding.of_a_clock for topic, coding in _CODINGS.items() if coding.of_a_clock is not None}
_FALLS_DUE = frozenset(cls.TYPE for cls in FALLS_DUE)
_encode = msgspec.json.Encoder().encode


def to_row(event: Recorded) -> tuple[str, int, str, bytes]:
    """Stream, version, topic and state of an event."""
    state = _STATES[event.type](
        event.time, event.recorded_at, event.source, event.id, event.service, event.late, data=event.data
    )
    return (event.stream, event.version, event.type, _encode(state))


def from_row(stream: str, version: int, topic: str, state: bytes) -> Recorded:
    """An event as it was recorded."""
    got = _DECODERS[topic](state)
    return Recorded(
        stream, version, topic, got.time, got.recorded_at, got.source, got.id, got.data, got.service, got.late
    )


def load(state: State, rows: Iterable[tuple[int, str, bytes]]) -> None:
    """Applies stored events (version, topic, state) to the state of their stream: `evolve` of `from_row`, in one."""
    name, record_fact, record = state.name, state.record_fact, state.record
    for version, topic, stored in rows:
        of_a_clock = _CLOCKS.get(topic)
        if of_a_clock is not None and isinstance(state, Complaint):
            told = of_a_clock(stored)
            state.version, state.recorded_at = version, told.recorded_at
            state.record_clock(kept(bytes(told.data.row)), gone=told.data.gone)
            if told.time == told.recorded_at and topic in _FALLS_DUE:
                state.concluded = told.time
            continue
        got = _DECODERS[topic](stored)
        state.version, state.recorded_at = version, got.recorded_at
        if topic in FACTS:
            record_fact(Fact((intern(got.source), got.id), got.data.TYPE, name, got.time, got.data))
        else:
            record(got.data, got.time, (intern(got.source), got.id))


class EventMapper(Mapper[str]):
    """The mapper of the application (eventsourcing)."""

    def __init__(self) -> None:
        super().__init__(_NoTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:  # noqa: ANN401 - the library's protocol wants attributes of another name
        """A recorded event as it is stored."""
        stream, version, topic, state = to_row(domain_event)
        return StoredEvent(stream, version, topic, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401 - see above
        """A stored event as it was recorded."""
        return from_row(
            str(stored_event.originator_id), stored_event.originator_version, stored_event.topic, stored_event.state
        )


class _NoTranscoder(Transcoder):
    """The mapper encodes whole structs; nothing is left to transcode."""

    def encode(self, obj: object) -> bytes:
        return _encode(obj)

    def decode(self, data: bytes) -> object:
        return msgspec.json.decode(data)
