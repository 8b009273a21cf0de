"""CloudEvents as Kafka messages: facts in, recorded events and dead letters out (interfaces.md §2)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from contracts.decisions import DecisionData
from contracts.envelope import parse_batch, structured
from contracts.errors import MalformedError
from contracts.facts import FactData
from contracts.moments import rfc3339

Headers = Sequence[tuple[str, bytes | None]]
"""A message's headers, as they came."""

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
DECIDED: Final = "/stilldown"
"""The `source` of decisions; their `id` is their position."""
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


def event(  # noqa: PLR0917 - a million a run: by place, as a tuple has them
    position: int,
    subject: str,
    version: int,
    type: str,  # noqa: A002 - the attribute's own name
    time: int,
    recorded_at: int,
    source: str,
    id: str,  # noqa: A002 - the attribute's own name
    data: FactData | DecisionData,
    service: str | None,
) -> tuple[bytes, bytes]:
    """Key and value of a recorded event on `stilldown.events`. Moments are microseconds.

    `source` and `id` are those of the fact, or of the fact behind the decision; `subject` is what the stream is of.
    """
    at, written = _rfc3339(time), _rfc3339(recorded_at)
    if isinstance(data, DecisionData):
        envelope = _Event(
            "1.0", str(position), DECIDED, type, subject, at, _JSON, position, version, "decision", written, data,
            source, id,
        )  # fmt: skip
    else:
        envelope = _Event("1.0", id, source, type, subject, at, _JSON, position, version, "fact", written, data)
    return (service or subject).encode(), _encode(envelope)


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
    causesource: str | None = None
    causeid: str | None = None


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
