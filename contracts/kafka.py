"""CloudEvents as Kafka messages: facts in, recorded events and dead letters out (interfaces.md §2)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from contracts.decisions import DECISIONS, DecisionData
from contracts.envelope import parse_batch, structured
from contracts.errors import MalformedError
from contracts.facts import FACTS, FactData
from contracts.moments import micros, rfc3339
from contracts.recorded import Recorded
from contracts.refusals import UNREADABLE

Headers = Sequence[tuple[str, bytes | None]]
"""A message's headers, as they came."""

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
DECIDED: Final = "/stilldown"
"""The `source` of decisions; their `id` is their position."""
OF_A_SERVICE: Final = ("complaint:", "service:")
"""Streams of which the key is the service's id: the complaints of a service are in its partition."""
CONTENT_TYPE: Final = ("content-type", STRUCTURED.encode())
_REASON: Final = "reason"
_FIELD: Final = "field"


class Origin(Struct, frozen=True, array_like=True):
    """The message in which a fact came, where that is more than the fact's own bytes in structured mode.

    `value` is None where the fact's bytes are the message's.
    """

    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


class Brought(NamedTuple):
    """A fact that a message brought: its bytes in structured mode, or what it has instead, and why it is no fact."""

    body: bytes
    error: MalformedError | None
    origin: bytes | None
    """The encoded Origin; None where the bytes say it all."""


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Origin).decode
_encode = msgspec.json.Encoder().encode
_rfc3339 = lru_cache(4_096)(rfc3339)  # a batch is recorded at one moment, and what it brought is of few
_JSON: Final = "application/json"
_PLAIN: Final = {("content-type", STRUCTURED.encode())}


def brought(key: bytes | None, value: bytes | None, headers: Headers) -> list[Brought]:
    """The facts of one message, in structured, batched or binary mode; without any header it is structured.

    What is no message of facts is given once, with the reason.
    """
    body = value or b""
    try:
        said = _texts(headers)
        kind = said.get("content-type", "").partition(";")[0].strip().lower()
        if kind == BATCH:
            one = tuple((name, text) for name, text in headers if name.lower() != "content-type")
            origin = _origin(key, (*one, CONTENT_TYPE), None)
            return [Brought(member, None, origin) for member in parse_batch(body)]
        if kind.startswith("application/cloudevents") or not any(name.startswith("ce_") for name in said):
            return [Brought(body, None, _origin(key, headers, None))]
        return [Brought(structured(said, body), None, _origin(key, headers, body))]
    except MalformedError as error:
        if any(name.lower().startswith("ce_") for name, _ in headers):
            return [Brought(_shown(headers, body), error, _origin(key, headers, body))]
        return [Brought(body, error, _origin(key, headers, None))]


def event(position: int, recorded: Recorded) -> tuple[bytes, bytes]:
    """Key and value of a recorded event on `stilldown.events`: a stream without its kind is what it is about."""
    stream, version, name, data, late = recorded.stream, recorded.version, recorded.type, recorded.data, recorded.late
    subject = stream.partition(":")[2]
    at, written = _rfc3339(recorded.time), _rfc3339(recorded.recorded_at)
    if isinstance(data, DecisionData):
        envelope = _Event(
            "1.0", str(position), DECIDED, name, subject, at, _JSON, position, version, "decision", written, data,
            stream, late, recorded.source, recorded.id,
        )  # fmt: skip
    else:
        envelope = _Event(
            "1.0", recorded.id, recorded.source, name, subject, at, _JSON, position, version, "fact", written, data,
            stream, late,
        )  # fmt: skip
    return (recorded.service or subject).encode(), _encode(envelope)


class Placed(NamedTuple):
    """What a message on `stilldown.events` brought: a recorded event in its place, or what is known of it all the same.

    Of one that cannot be read `what` is the reason; `stream` is None where not even its place is known.
    """

    position: int
    stream: str | None
    version: int
    type: str
    what: Recorded | str


def recorded(key: bytes | None, value: bytes | None) -> Placed:
    """The event that `event` made a message of."""
    try:
        sent = _read_sent(value or b"")
        data = _DATA[sent.type](sent.data)
        service = None
        if sent.stream.startswith(OF_A_SERVICE):
            service = (key or b"").decode()
            if not service:
                raise ValueError("it has no key, which is the service's id")  # noqa: TRY301 - as everything below
    except (*UNREADABLE, LookupError, ValueError) as error:
        return _unread(value or b"", " ".join(f"{type(error).__name__}: {error}".split())[:200])
    source, id_ = sent.source, sent.id
    if sent.causesource is not None and sent.causeid is not None:
        source, id_ = sent.causesource, sent.causeid
    time, recorded_at = micros(sent.time), micros(sent.recordedat)
    event = Recorded(sent.stream, sent.version, sent.type, time, recorded_at, source, id_, data, service, sent.late)
    return Placed(sent.position, sent.stream, sent.version, sent.type, event)


def _unread(value: bytes, reason: str) -> Placed:
    try:
        place = _read_place(value)
    except (*UNREADABLE, ValueError):
        return Placed(0, None, 0, "", reason)
    return Placed(place.position, place.stream, place.version, place.type, reason)


def dead(
    body: bytes, origin: bytes | None, reason: str, field: str | None
) -> tuple[bytes | None, bytes, list[tuple[str, bytes | None]]]:
    """Key, value and headers of a dead letter: the original message, with the reason in headers."""
    came = Origin(None, (CONTENT_TYPE,), None) if origin is None else _unpack(origin)
    headers = [(name, text) for name, text in came.headers if name not in {_REASON, _FIELD}]
    headers.append((_REASON, reason.encode("utf-8", "replace")))
    if field is not None:
        headers.append((_FIELD, field.encode("utf-8", "replace")))
    return came.key, body if came.value is None else came.value, headers


class _Event(Struct, frozen=True, omit_defaults=True, gc=False):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    position: int
    version: int
    kind: str
    recordedat: str
    data: FactData | DecisionData
    stream: str
    late: bool = False
    causesource: str | None = None
    causeid: str | None = None


class _Place(Struct, frozen=True, gc=False):
    position: int
    version: int
    type: str
    stream: str


class _Sent(_Place, frozen=True, gc=False):
    id: str
    source: str
    time: datetime
    recordedat: datetime
    data: Raw
    late: bool = False
    causesource: str | None = None
    causeid: str | None = None


_read_place = msgspec.json.Decoder(_Place).decode
_read_sent = msgspec.json.Decoder(_Sent).decode
_DATA: Final[dict[str, Callable[[Raw], Any]]] = {
    name: msgspec.json.Decoder(cls).decode for name, cls in (*FACTS.items(), *DECISIONS.items())
}


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers by name in lower case; those that are no attributes may say anything."""
    said: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if value is None or not (lower == "content-type" or lower.startswith("ce_")):
            continue
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise MalformedError(f"the header {name} is not UTF-8", lower.removeprefix("ce_")) from None
        if said.setdefault(lower, text) != text:
            raise MalformedError(f"the header {name} is given twice", lower.removeprefix("ce_"), text)
    return said


def _shown(headers: Headers, body: bytes) -> bytes:
    """What can be shown of a message in binary mode that makes no fact: all of it, and still no fact."""
    shown = {name.lower().removeprefix("ce_"): (text or b"").decode("utf-8", "replace") for name, text in headers}
    return _encode(shown | {"specversion": None, "data_base64": base64.b64encode(body).decode()})


def _origin(key: bytes | None, headers: Headers, value: bytes | None) -> bytes | None:
    if key is None and value is None and _PLAIN.issuperset(headers) and headers:
        return None
    return _pack(Origin(key, tuple(headers), value))
