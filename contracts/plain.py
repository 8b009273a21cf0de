"""Control characters: no text of a fact has any (`pattern` in the schemas), asked of a fact as a whole."""

from __future__ import annotations

import re

from msgspec import Struct

from contracts.facts import PLAIN
from contracts.refusals import wrong

is_plain = re.compile(PLAIN).match
_beyond_ascii = re.compile(rb"\xc2[\x80-\x9f]").search


def may_be_rough(raw: bytes) -> bool:
    """Whether any text in this JSON may have control characters: it takes an escape, or one that JSON lets through."""
    return b"\\" in raw or b"\x7f" in raw or (not raw.isascii() and _beyond_ascii(raw) is not None)


def check(data: Struct, prefix: str = "") -> None:
    """Raises MalformedError where a text among the fields of a struct has control characters.

    `prefix` is the field of the fact in which it stands. What a correction says of other fields is looked at in them.
    """
    for name, wire in zip(data.__struct_fields__, data.__struct_encode_fields__, strict=True):
        value = getattr(data, name)
        place = f"{prefix}.{wire}" if prefix else wire
        if isinstance(value, str):
            check_text(value, place)
        elif isinstance(value, Struct):
            check(value, place)


def check_text(value: str, place: str) -> None:
    """The same, of one text."""
    if not is_plain(value):
        raise wrong(place, "has control characters", value)
