"""CloudEvents 1.0 in JSON: structured, batched and binary mode (domain.md §3, interfaces.md §2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from sys import intern
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct, ValidationError

from contracts import plain
from contracts.calendars import did_you_mean
from contracts.checks import CHECKS, MOMENTS
from contracts.decoding import BOM, is_fine, read, sound
from contracts.errors import MalformedError
from contracts.facts import (
    COMPLAINT_ID,
    FACTS,
    NEVER_AFTER,
    SERVICE_ID,
    Attribute,
    FactCorrected,
    FactData,
    Moment,
    PersonAbsent,
)
from contracts.moments import micros, moment
from contracts.refusals import NO_COMPLAINT_ID, NO_SERVICE_ID, UNREADABLE, unreadable, wrong

MAX_BYTES = 1_048_576
"""The largest fact that is taken, in bytes; a larger one is a dead letter."""

Key = tuple[int, str, str]
"""The order of facts: `time` (microseconds), then `source`, then `id` (domain.md §4)."""


class Fact(Struct, frozen=True, gc=False):
    """A fact that was understood. `ref` identifies it (source and id); `us` is its time, in microseconds since 1970."""

    ref: tuple[str, str]
    type: str
    subject: str
    us: int
    data: FactData

    @property
    def source(self) -> str:
        """Who speaks."""
        return self.ref[0]

    @property
    def id(self) -> str:
        """Which of the facts of its source it is."""
        return self.ref[1]

    @property
    def time(self) -> datetime:
        """When it happened: aware UTC."""
        return moment(self.us)

    @property
    def key(self) -> Key:
        """Its place in the order of facts."""
        return (self.us, *self.ref)

    def digest(self) -> bytes:
        """16 bytes that are the same for the same content, however it was written down."""
        return hashlib.blake2b(_encode([self.type, self.subject, self.us, self.data]), digest_size=16).digest()


_NO_DATA = Raw(b"{}")


class _Envelope(Struct, frozen=True, gc=False):
    specversion: str
    id: Attribute
    source: Attribute
    type: str
    time: Moment
    subject: str
    data: Raw = _NO_DATA
    datacontenttype: str | None = None
    data_base64: str | None = None


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_any = msgspec.json.Decoder().decode
_decode_raw = msgspec.json.Decoder(Raw).decode
_decode_data: dict[str, Callable[[Any], FactData]] = {
    name: msgspec.json.Decoder(cls).decode for name, cls in FACTS.items()
}
_complaint_id = re.compile(COMPLAINT_ID).match
_service_id = re.compile(SERVICE_ID).match
_attribute = re.compile(r"[a-z0-9]+").fullmatch
_is_json = re.compile(r"application/([a-z0-9.+-]+\+)?json\s*(;|$)", re.IGNORECASE).match
_TIME = ("time",)
PERSON_ID = 256

_MOMENTS_ON_WIRE = {name: tuple(wire for _, wire in fields) for name, fields in MOMENTS.items()}


def parse(raw: bytes) -> Fact:
    """One fact in structured mode. A byte order mark is taken as it comes; of a key given twice the last counts.

    Raises MalformedError naming the field and its value where it cannot be understood.
    """
    if len(raw) > MAX_BYTES:
        raise MalformedError(f"larger than {MAX_BYTES} bytes: {len(raw)}")
    raw = sound(raw)
    fine = is_fine(raw)
    envelope = read(_decode_envelope, raw, _Envelope, "", _TIME, fine)
    if envelope.specversion != "1.0":
        raise wrong("specversion", 'has to be "1.0"', envelope.specversion)
    kind = envelope.datacontenttype
    if kind is not None and not _is_json(kind):
        raise wrong("datacontenttype", "has to be JSON, such as application/json", kind)
    decode = _decode_data.get(envelope.type)
    if decode is None:
        near = did_you_mean(envelope.type, FACTS)
        raise wrong("type", f"is no type of fact{near}", envelope.type)
    body: Raw | bytes = envelope.data
    if envelope.data_base64 is not None:
        body = _from_base64(envelope.data, envelope.data_base64)
        fine = True
    if bytes(body) == b"null":
        body = _NO_DATA
    data = read(decode, body, FACTS[envelope.type], "data", _MOMENTS_ON_WIRE[envelope.type], fine)
    if envelope.data_base64 is not None or plain.may_be_rough(raw):
        plain.check_text(envelope.source, "source")
        plain.check_text(envelope.id, "id")
        plain.check(data, "data")
    return make(envelope.source, envelope.id, envelope.type, envelope.subject, envelope.time, data)


def parse_batch(raw: bytes) -> list[bytes]:
    """The members of a batch, each to be parsed by itself, so that one bad fact costs no other."""
    try:
        return [bytes(member) for member in msgspec.json.decode(raw.removeprefix(BOM), type=list[Raw])]
    except ValidationError:
        raise MalformedError("a batch has to be a JSON array of facts") from None
    except UNREADABLE as error:
        raise unreadable(error) from None


def structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """A fact in binary mode (`ce-*` or `ce_*` headers, data in the body) as structured JSON.

    `ce-*` headers are HTTP's, where anything but printable ASCII is percent-encoded; `ce_*` are Kafka's, plain.
    Headers that name no attribute are ignored. Raises MalformedError where the result would be no JSON.
    """
    attributes: dict[str, Any] = {}
    content_type = None
    for header, value in headers.items():
        name = header.lower()
        if name == "content-type":
            content_type = value
        elif name.startswith(("ce-", "ce_")) and _attribute(name, 3) and name[3:] != "data":
            said = value if name[2] == "_" else _percent_decoded(name[3:], value)
            if attributes.setdefault(name[3:], said) != said:
                raise wrong(name[3:], "is given twice", said)
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    body = sound(body, "data")
    if body.strip():
        kind = attributes.get("datacontenttype")
        if kind is not None and not _is_json(kind):
            raise wrong("datacontenttype", "has to be JSON, such as application/json", kind)
        try:
            attributes["data"] = _decode_raw(body)
        except UNREADABLE as error:
            raise unreadable(error, "data") from None
    try:
        return _encode(attributes)
    except UnicodeEncodeError:
        raise MalformedError("a header is not UTF-8") from None


def make(  # noqa: PLR0917 - the attributes, in the order in which CloudEvents has them
    source: str,
    id: str,  # noqa: A002 - the attribute's own name
    type: str,  # noqa: A002 - the attribute's own name
    subject: str,
    time: datetime,
    data: FactData,
) -> Fact:
    """A fact from its parts, checked as one that arrived: subject, and what one field says of another."""
    check_subject(type, subject)
    if time.tzinfo is not UTC:
        time = _in_utc(time, "time")
    changed = {}
    for name, wire in MOMENTS[type]:
        value = getattr(data, name)
        if value is not None:
            if value.tzinfo is not UTC:
                changed[name] = value = _in_utc(value, f"data.{wire}")
            if value > time and name in NEVER_AFTER:
                raise wrong(f"data.{wire}", "lies after the fact's time", value.isoformat())
    if changed:
        data = msgspec.structs.replace(data, **changed)
    check = CHECKS.get(type)
    if check is not None:
        data = check(data, (source, id))
    return Fact((intern(source), id), data.TYPE, subject, micros(time), data)


def check_subject(type: str, subject: str) -> None:  # noqa: A002 - the attribute's own name
    """Raises MalformedError where `subject` is no id of what the fact speaks of."""
    if type.startswith("service."):
        if not _service_id(subject):
            raise wrong("subject", NO_SERVICE_ID, subject)
    elif type == PersonAbsent.TYPE or type == FactCorrected.TYPE:  # noqa: PLR1714 - quicker than a set
        if not (1 <= len(subject) <= PERSON_ID and plain.is_plain(subject)):
            raise wrong(
                "subject", f"is no name: 1 to {PERSON_ID} characters, none of them a control character", subject
            )
    elif not _complaint_id(subject):
        raise wrong("subject", NO_COMPLAINT_ID, subject)


def _from_base64(data: Raw, text: str) -> bytes:
    if data is not _NO_DATA:
        raise MalformedError("there can be `data` or `data_base64`, not both", "data_base64")
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise wrong("data_base64", "is not base64", text) from None
    return sound(body, "data_base64").strip()


def _percent_decoded(name: str, value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise wrong(name, "is not UTF-8, percent-encoded", value) from None


def _in_utc(value: datetime, field: str) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise wrong(field, "lies outside the years 1 to 9999", value.isoformat()) from None


def glance(raw: bytes) -> tuple[str | None, str | None, str | None, str | None]:
    """`source`, `id`, `type`, `subject` of a bad fact, each as far as it can be read; never raises."""
    try:
        got = _decode_any(raw[:MAX_BYTES].removeprefix(BOM))
    except UNREADABLE:
        return (None, None, None, None)
    if not isinstance(got, dict):
        return (None, None, None, None)

    def text(name: str) -> str | None:
        value = got.get(name)
        return value[:1024] if isinstance(value, str) else None

    return (text("source"), text("id"), text("type"), text("subject"))
