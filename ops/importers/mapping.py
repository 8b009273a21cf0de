"""Mappings: which column and which value of an export mean what. TOML files that a user can copy and change."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Table
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, overload

import msgspec

from contracts.calendars import CalendarError, did_you_mean, read_zone
from contracts.errors import StilldownError
from ops.importers.times import usable

Wait = Literal["customer", "parts", "vendor", "access", "other"]
Mail = Literal["sent", "delivered", "none"]
Kind = Literal["none", "acknowledged", "wait", "proposed", "close_requested"]


class Meaning(NamedTuple):
    """What a state of the export means; `on` says whom or what a `wait` is for."""

    kind: Kind
    on: Wait | None = None


MEANINGS: Final[Table[str, Meaning]] = {
    "none": Meaning("none"),
    "acknowledged": Meaning("acknowledged"),
    "wait:customer": Meaning("wait", "customer"),
    "wait:parts": Meaning("wait", "parts"),
    "wait:vendor": Meaning("wait", "vendor"),
    "wait:access": Meaning("wait", "access"),
    "wait:other": Meaning("wait", "other"),
    "proposed": Meaning("proposed"),
    "close_requested": Meaning("close_requested"),
}
"""How a mapping writes what a state means."""

NAME_LENGTH: Final = 256
TEXT_LENGTH: Final = 10_000
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What no name and no text may hold (domain.md §3)."""


class MappingError(StilldownError):
    """This mapping cannot be used: `place` in it, and the `value` found there."""

    def __init__(self, reason: str, place: str = "", value: object = None, file: str = "") -> None:
        super().__init__(reason, place, value, file)  # what pickling calls it with again
        self.reason = reason
        self.place = place
        self.value = value
        self.file = file

    def __str__(self) -> str:
        file = f"{self.file}: " if self.file else ""
        place = f"`{self.place}`: " if self.place else ""
        got = "" if self.value is None else f", got {self.value!r}"
        return f"{file}{place}{self.reason}{got}"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Times(_Part, frozen=True, kw_only=True):
    """How moments are written: `iso`, or a format of `strptime`, and the zone of those without an offset."""

    format: str
    zone: str = "UTC"


class Ids(_Part, frozen=True, kw_only=True):
    """How ids are made: what goes in front, and what stands for a space."""

    complaint_prefix: str = ""
    service_prefix: str = ""
    space: str | None = None


class _File(_Part, frozen=True, kw_only=True):
    """What every mapping says: where the facts come from, and how the file is written."""

    source: str
    time: Times
    ids: Ids = Ids()
    empty: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","


class ServiceNowColumns(_Part, frozen=True, kw_only=True):
    """The names of an incident log's columns. Those without a default are needed."""

    number: str
    order: str
    opened_at: str
    updated_at: str
    updated_by: str
    state: str
    caller: str
    reopened: str | None = None
    service: str | None = None
    symptom: str | None = None
    priority: str | None = None
    channel: str | None = None
    team: str | None = None
    person: str | None = None
    summary: tuple[str, ...] = ()


class ServiceNowMapping(_File, frozen=True, kw_only=True):
    """What an incident audit log's columns and values mean."""

    kind: Literal["servicenow"]
    columns: ServiceNowColumns
    states: dict[str, str]
    channels: dict[str, str] = {}
    agreements: dict[str, str] = {}
    agreement_default: str | None = None
    unknown: str = "unknown"
    mail_on_resolved: Mail = "sent"
    mail_on_wait: Mail = "none"
    mail_channel: str = "email"
    mail_proof: str = "assumed: the mapping counts the tool's mail on Resolved as delivered"
    mail_on_wait_proof: str = "assumed: the mapping counts the tool's question to the customer as delivered"

    def meaning(self, state: str) -> Meaning | None:
        """Give what `state` means; None where the mapping does not name it."""
        written = self.states.get(state)
        return None if written is None else MEANINGS[written]


class OutagesColumns(_Part, frozen=True, kw_only=True):
    """The names of an outage feed's columns; `service` lists those that together say what is down."""

    outage: str
    service: tuple[str, ...]
    off: str
    on: str


class OutagesMapping(_File, frozen=True, kw_only=True):
    """What an outage feed's columns mean; `feed` is who says so."""

    kind: Literal["outages"]
    feed: str
    columns: OutagesColumns


_TYPES: Final[dict[str, type[ServiceNowMapping | OutagesMapping]]] = {
    "servicenow": ServiceNowMapping,
    "outages": OutagesMapping,
}
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")
_FIELD: Final = re.compile(r"(?:unknown|required) field `([^`]+)`")


@overload
def load(path: str | Path | None, kind: Literal["servicenow"]) -> ServiceNowMapping: ...
@overload
def load(path: str | Path | None, kind: Literal["outages"]) -> OutagesMapping: ...
def load(path: str | Path | None, kind: Literal["servicenow", "outages"]) -> ServiceNowMapping | OutagesMapping:
    """Read the mapping in the TOML file `path`, or without one the bundled mapping for `kind`.

    Raises MappingError, with place and value, for a file that cannot be read, for keys that are not known, and for
    values that cannot be used.
    """
    file = f"{kind}.toml" if path is None else str(path)
    try:
        bundled = resources.files(__package__).joinpath("mappings", f"{kind}.toml")
        text = (bundled if path is None else Path(path)).read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise MappingError(f"cannot be read: {error.strerror or error}", file=file) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingError(f"is not TOML: {error}", file=file) from None
    try:
        mapping = msgspec.convert(raw, _TYPES[kind])
        _check(mapping)
    except msgspec.ValidationError as error:
        raise _named(error, raw, file) from None
    except MappingError as error:
        raise MappingError(error.reason, error.place, error.value, file) from None
    return mapping


def _check(mapping: ServiceNowMapping | OutagesMapping) -> None:
    """Check what types cannot say."""
    _name("source", mapping.source)
    if problem := usable(mapping.time.format):
        raise MappingError(problem, "time.format", mapping.time.format)
    try:
        read_zone(mapping.time.zone)
    except CalendarError as error:
        raise MappingError(str(error), "time.zone", mapping.time.zone) from None
    for place, prefix in (("complaint", mapping.ids.complaint_prefix), ("service", mapping.ids.service_prefix)):
        if not re.fullmatch(r"[A-Za-z0-9._:-]{0,64}", prefix):
            raise MappingError("must be up to 64 of A-Z a-z 0-9 . _ : -", f"ids.{place}_prefix", prefix)
    if mapping.ids.space not in {None, ".", "_", "-"}:
        raise MappingError('must be ".", "_" or "-"', "ids.space", mapping.ids.space)
    try:
        "".encode(mapping.encoding)
    except (LookupError, ValueError):
        raise MappingError("no such encoding of text", "encoding", mapping.encoding) from None
    if len(mapping.delimiter) != 1 or mapping.delimiter in '"\r\n \x00':
        raise MappingError("must be one character, such as , or ;", "delimiter", mapping.delimiter)
    if isinstance(mapping, ServiceNowMapping):
        _check_servicenow(mapping)
    else:
        _name("feed", mapping.feed)
        if not mapping.columns.service:
            raise MappingError("must name one column at least", "columns.service", [])


def _check_servicenow(mapping: ServiceNowMapping) -> None:
    for state, written in mapping.states.items():
        if written not in MEANINGS:
            hint = did_you_mean(written, MEANINGS) or f": write one of {', '.join(MEANINGS)}"
            raise MappingError(f"no such meaning{hint}", f"states.{state}", written)
    for table, entries in (("agreements", mapping.agreements), ("channels", mapping.channels)):
        for key, written in entries.items():
            _name(f"{table}.{key}", written)
    if mapping.agreement_default is not None:
        _name("agreement_default", mapping.agreement_default)
    _name("unknown", mapping.unknown)
    _name("mail_channel", mapping.mail_channel)
    _name("mail_proof", mapping.mail_proof, TEXT_LENGTH)
    _name("mail_on_wait_proof", mapping.mail_on_wait_proof, TEXT_LENGTH)


def _name(place: str, value: str, longest: int = NAME_LENGTH) -> None:
    if not 1 <= len(value) <= longest or CONTROL.search(value):
        raise MappingError(f"must be 1 to {longest} characters, no control characters", place, value)


def _named(error: msgspec.ValidationError, raw: dict[str, Any], file: str) -> MappingError:
    """Give a schema error as ours: the place in dots, and the value found there."""
    text = str(error)
    place = _PLACE.search(text)
    reason = text[: place.start()] if place else text
    inner = place[1] if place else ""
    if field := _FIELD.search(text):
        inner = f"{inner}.{field[1]}".strip(".")
    value: Any = raw
    parts = []
    for part in re.findall(r"[^.\[\]]+|\[\.\.\.\]", inner):
        if part == "[...]" and isinstance(value, dict):  # msgspec does not say which entry of a table it is
            part = next((key for key, entry in value.items() if not isinstance(entry, str)), "")  # noqa: PLW2901
        parts.append(part)
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return MappingError(reason, ".".join(parts), value, file)
