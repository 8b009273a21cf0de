"""CloudEvents 1.0 in JSON: structured, batched and binary mode (domain.md §3, interfaces.md §2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct, ValidationError

from contracts.errors import MalformedError
from contracts.facts import (
    COMPLAINT_ID,
    FACTS,
    NEVER_AFTER,
    PLAIN,
    SERVICE_ID,
    Attribute,
    ComplaintAssigned,
    FactCorrected,
    FactData,
    Moment,
    PersonAbsent,
    VisitScheduled,
)
from contracts.moments import micros, moment

MAX_BYTES = 1_048_576
"""The largest fact that is taken, in bytes; a larger one is a dead letter."""
SHOWN = 200
"""How much of a wrong value an error repeats, in characters."""

Key = tuple[int, str, str]
"""The order of facts: `time` (microseconds), then `source`, then `id` (domain.md §4)."""


class Fact(Struct, frozen=True, gc=False):
    """A fact that was understood. `us` is its time, in microseconds since 1970."""

    source: str
    id: str
    type: str
    subject: str
    us: int
    data: FactData

    @property
    def time(self) -> datetime:
        """When it happened: aware UTC."""
        return moment(self.us)

    @property
    def key(self) -> Key:
        """Its place in the order of facts."""
        return (self.us, self.source, self.id)

    @property
    def ref(self) -> tuple[str, str]:
        """What identifies it: `source` and `id`."""
        return (self.source, self.id)

    def digest(self) -> bytes:
        """16 bytes that are the same for the same content, however it was written down."""
        return hashlib.blake2b(_encode([self.type, self.subject, self.us, self.data]), digest_size=16).digest()


class _Envelope(Struct, frozen=True, gc=False):
    specversion: str
    id: Attribute
    source: Attribute
    type: str
    time: Moment
    subject: str
    data: Raw = Raw(b"{}")
    datacontenttype: str | None = None
    data_base64: str | None = None


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_any = msgspec.json.Decoder().decode
_decode_data: dict[str, Callable[[Any], FactData]] = {name: msgspec.json.Decoder(cls).decode for name, cls in FACTS.items()}
_complaint_id = re.compile(COMPLAINT_ID).match
_service_id = re.compile(SERVICE_ID).match
_plain = re.compile(PLAIN).match
_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_LIMIT_FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(f for f in NEVER_AFTER if f in cls.__struct_fields__) for name, cls in FACTS.items()
}
_JSON_TYPE = re.compile(r"^application/([a-z0-9.+-]+\+)?json\b", re.IGNORECASE)
PERSON_ID = 256


def parse(raw: bytes) -> Fact:
    """One fact in structured mode.

    Raises MalformedError naming the field and its value where it cannot be understood.
    """
    if len(raw) > MAX_BYTES:
        raise MalformedError(f"larger than {MAX_BYTES} bytes: {len(raw)}")
    try:
        envelope = _decode_envelope(raw)
    except ValidationError as error:
        raise _malformed(error, raw) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(_not_json(error)) from None
    return _fact(envelope)


def parse_batch(raw: bytes) -> list[bytes]:
    """The members of a batch, each to be parsed by itself, so that one bad fact costs no other."""
    try:
        return [bytes(member) for member in msgspec.json.decode(raw, type=list[Raw])]
    except ValidationError:
        raise MalformedError("a batch has to be a JSON array of facts") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(_not_json(error)) from None


def structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """A fact in binary mode (`ce-*` or `ce_*` headers, data in the body) as structured JSON."""
    attributes: dict[str, Any] = {}
    for name, value in headers.items():
        low = name.lower()
        if low.startswith(("ce-", "ce_")):
            attributes[low[3:]] = value
        elif low == "content-type":
            attributes["datacontenttype"] = value
    if body.strip():
        try:
            msgspec.json.decode(body, type=Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedError(_not_json(error), "data") from None
        attributes["data"] = Raw(body)
    return _encode(attributes)


def _fact(envelope: _Envelope) -> Fact:
    if envelope.specversion != "1.0":
        raise MalformedError("`specversion` has to be 1.0", "specversion", envelope.specversion)
    kind = envelope.datacontenttype
    if kind is not None and not _JSON_TYPE.match(kind):
        raise MalformedError("`datacontenttype` has to be JSON", "datacontenttype", kind)
    decode = _decode_data.get(envelope.type)
    if decode is None:
        raise MalformedError(f"no such type of fact: {_shown(envelope.type)}", "type", envelope.type)
    raw: Any = envelope.data
    if envelope.data_base64 is not None:
        try:
            raw = base64.b64decode(envelope.data_base64, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedError("`data_base64` is not base64", "data_base64", envelope.data_base64) from None
    if bytes(raw) == b"null":
        raw = b"{}"
    try:
        data = decode(raw)
    except ValidationError as error:
        raise _malformed(error, bytes(raw), "data") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(_not_json(error), "data") from None
    return make(envelope.source, envelope.id, envelope.type, envelope.subject, envelope.time, data)


def make(source: str, id: str, type: str, subject: str, time: datetime, data: FactData) -> Fact:  # noqa: A002, PLR0917 - the attributes' own names
    """A fact from its parts, checked as one that arrived: subject, and `since` fields against `time`."""
    check_subject(type, subject)
    if time.tzinfo is not UTC:
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            raise MalformedError("`time` is out of range", "time", time.isoformat()) from None
    data = _utc(data)
    for name in _LIMIT_FIELDS[type]:
        since = getattr(data, name)
        if since is not None and since > time:
            raise MalformedError(f"`data.{name}` lies after the fact's time", f"data.{name}", since.isoformat())
    _check_data(data)
    return Fact(source, id, type, subject, micros(time), data)


def check_subject(type: str, subject: str) -> None:  # noqa: A002 - the attribute's own name
    """Raises MalformedError where `subject` is no id of what the fact speaks of."""
    if type.startswith("service."):
        good = _service_id(subject)
    elif type in {PersonAbsent.TYPE, FactCorrected.TYPE}:
        good = _plain(subject) if 1 <= len(subject) <= PERSON_ID else None
    else:
        good = _complaint_id(subject)
    if not good:
        raise MalformedError(f"`subject` is no id of what `{type}` speaks of: {_shown(subject)}", "subject", subject)


def _utc(data: FactData) -> FactData:
    changed = {}
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if value.__class__ is datetime and value.tzinfo is not UTC:
            try:
                changed[name] = value.astimezone(UTC)
            except OverflowError:
                raise MalformedError(f"`data.{name}` is out of range", f"data.{name}", value.isoformat()) from None
    return msgspec.structs.replace(data, **changed) if changed else data


def _check_data(data: FactData) -> None:
    if isinstance(data, ComplaintAssigned):
        if data.to is None and data.team is None:
            raise MalformedError("one of `data.to` and `data.team` is required", "data.to")
    elif isinstance(data, VisitScheduled):
        if data.to < data.from_:
            raise MalformedError("`data.to` lies before `data.from`", "data.to", data.to.isoformat())
    elif isinstance(data, PersonAbsent):
        if data.until <= data.from_:
            raise MalformedError("`data.until` does not lie after `data.from`", "data.until", data.until.isoformat())
    elif isinstance(data, FactCorrected) and data.data is None and data.time is None and not data.void:
        raise MalformedError("a correction gives `data.data`, `data.time` or `data.void`", "data.data")


def _not_json(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not JSON that can be read: nested too deep"
    return f"not JSON: {str(error)[:SHOWN]}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _malformed(error: ValidationError, raw: bytes, prefix: str = "") -> MalformedError:
    """A schema error as ours: the field in dots, and the value found there."""
    text = str(error)
    place = _PLACE.search(text)
    inner = place.group(1) if place else ""
    missing = re.search(r"missing required field `([^`]+)`", text)
    if missing:
        inner = f"{inner}.{missing.group(1)}".strip(".")
    name = f"{prefix}.{inner}".strip(".")
    reason = text[: place.start()] if place else text
    value: Any = None
    try:
        value = _decode_any(raw)
        for part in re.findall(r"[^.\[\]]+", inner):
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError, TypeError, ValueError):
        value = None
    said = f"`{name}`: {reason}" if name else reason
    return MalformedError(said if value is None else f"{said}, got {_shown(value)}", name or None, value)


def glance(raw: bytes) -> tuple[str | None, str | None, str | None, str | None]:
    """`source`, `id`, `type`, `subject` of a bad fact, each as far as it can be read; never raises."""
    try:
        got = _decode_any(raw[:MAX_BYTES])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return (None, None, None, None)
    if not isinstance(got, dict):
        return (None, None, None, None)

    def text(name: str) -> str | None:
        value = got.get(name)
        return value[:1024] if isinstance(value, str) else None

    return (text("source"), text("id"), text("type"), text("subject"))
