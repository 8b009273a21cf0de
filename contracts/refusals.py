"""Why a fact cannot be understood: the decoder's error in words, with the field and the value found there."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, ValidationError, inspect

from contracts.errors import MalformedError
from contracts.facts import AMOUNT, COMPLAINT_ID, CURRENCY, SERVICE_ID

SHOWN: Final = 200
"""How much of a wrong value an error repeats, in characters."""
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises where the bytes are no JSON; beside it, where they are but do not fit, ValidationError."""

NO_COMPLAINT_ID: Final = "is no id of a complaint: A-Z a-z 0-9 . _ : -, 1 to 118 characters"
NO_SERVICE_ID: Final = "is no id of a service: A-Z a-z 0-9 . _ : -, 1 to 128 characters"

_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")
_TYPES: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_LENGTH: Final = re.compile(r"Expected `(str|array)` of length (>=|<=) ([0-9]+)")
_BOUND: Final = re.compile(r"Expected `(?:int|float)` (>=|<=?) [0-9.]+")
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_PATTERNS: Final = {
    COMPLAINT_ID: NO_COMPLAINT_ID,
    SERVICE_ID: NO_SERVICE_ID,
    AMOUNT: "is no amount of money, such as 12 or 12.50: at most 15 digits and 6 decimals",
    CURRENCY: "is no currency: three capital letters, such as EUR",
}
_WORDS: Final = {
    "array": "a list",
    "bool": "true or false",
    "datetime": "a moment as text",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "text",
}


def refusal(error: ValidationError, raw: bytes, struct: type[Struct], prefix: str = "") -> MalformedError:
    """Say why `raw` is no `struct`; `prefix` is the field of the fact in which it stands."""
    said = str(error)
    place = _PLACE.search(said)
    path = re.findall(r"[^.\[\]]+", place[1]) if place else []
    if missing := _MISSING.search(said):
        name = ".".join(part for part in (prefix, place[1] if place else "", missing[1]) if part)
        return MalformedError(f"`{name}` is missing", name)
    name = ".".join(part for part in (prefix, place[1] if place else "") if part)
    what = _what(said.removesuffix(place[0]) if place else said, struct, path)
    return _wrong(name or None, what, *_found(raw, path))


def wrong(field: str | None, what: str, value: object = None) -> MalformedError:
    """Say that `field` (None: the fact as a whole) `what`, such as "is empty", and show the value: text or a number."""
    return _wrong(field, what, value, None if value is None else json.dumps(value, ensure_ascii=False))


def unreadable(error: Exception, field: str | None = None) -> MalformedError:
    """Say why the bytes are no JSON; `error` is one of UNREADABLE."""
    if isinstance(error, RecursionError):
        why = "nested too deep"
    elif isinstance(error, UnicodeDecodeError):
        why = "not UTF-8"
    else:
        why = str(error).removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
    return MalformedError(f"`{field}` is not JSON: {why}" if field else f"not JSON: {why}", field)


def _wrong(field: str | None, what: str, value: object, shown: str | None) -> MalformedError:
    said = f"`{field}` {what}" if field else f"a fact {what}"
    if shown is not None:
        cut = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
        said += ": " + "".join(c if c.isprintable() else _escaped(c) for c in cut)
    return MalformedError(said, field, value)


def _escaped(character: str) -> str:
    """Spell out what a terminal would obey and a page would not show."""
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"  # noqa: PLR2004 - four digits


def _what(said: str, struct: type[Struct], path: list[str]) -> str:  # noqa: PLR0911 - a line for each kind of error
    if match := _TYPES.fullmatch(said):
        wanted = [_WORDS.get(name, name) for name in match[1].split(" | ") if name != "null"]
        return f"has to be {' or '.join(sorted(set(wanted)))}, not {_WORDS.get(match[2], match[2])}"
    if match := _LENGTH.fullmatch(said):
        if match[2] == ">=":
            return "is empty"
        return f"is longer than {match[3]} {'characters' if match[1] == 'str' else 'members'}"
    if match := _BOUND.fullmatch(said):
        return "is below 0" if match[1] == ">=" else "is too large"
    if said.startswith("Expected `str` matching regex"):
        return next((words for pattern, words in _PATTERNS.items() if repr(pattern) in said), said)
    if said.startswith("Invalid enum value"):
        return f"has to be one of {', '.join(map(str, _choices(struct, path)))}"
    if "out of range" in said:
        return "is a number that is too large"
    if "RFC3339" in said:
        return "is no moment in RFC 3339, such as 2026-01-31T09:30:00+01:00"
    if "timezone" in said:
        return "has no offset: a moment ends in Z or in an offset such as +01:00"
    return f"cannot be understood ({said})"


def _choices(struct: type[Struct], path: list[str]) -> tuple[Any, ...]:
    """Give the values that may stand at a place in a struct."""
    here: Any = _type_of(struct)
    for part in path:
        here = _bare(here)
        if isinstance(here, inspect.StructType):
            here = next(field.type for field in here.fields if field.encode_name == part)
        else:
            here = here.item_type
    here = _bare(here)
    return here.values if isinstance(here, inspect.LiteralType) else ()


@cache
def _type_of(struct: type[Struct]) -> inspect.Type:
    return inspect.type_info(struct)


def _bare(kind: inspect.Type) -> inspect.Type:
    """Give the type without its annotations and without null."""
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        else:
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def _found(raw: bytes, path: list[str]) -> tuple[object, str | None]:
    """Give the value at a place, if it is text, a number or a truth, else its JSON; and how to show it."""
    try:
        here = msgspec.json.decode(raw, type=Raw)
        for part in path:
            if bytes(here).startswith(b"["):
                here = msgspec.json.decode(here, type=list[Raw])[int(part)]
            else:
                here = msgspec.json.decode(here, type=dict[str, Raw])[part]
    except (*UNREADABLE, LookupError, ValueError):
        return None, None
    text = bytes(here).decode("utf-8", "replace")
    if text == "null":
        return None, None
    try:
        value: object = msgspec.json.decode(here, type=str | int | float | bool)
    except UNREADABLE:
        return text, text
    return value, json.dumps(value, ensure_ascii=False)
