"""Bytes into structs: what is JSON, what was meant by its moments, and why it cannot be understood."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct, ValidationError

from contracts.errors import MalformedError
from contracts.moments import exact
from contracts.refusals import UNREADABLE, refusal, unreadable

DEEPEST = 256
"""How deep a fact may nest. Decoders give up somewhere near 1000, sooner where the stack is deeper already: what was
taken once could not be read again."""
_SHALLOW = 2 * DEEPEST
"""Up to so many bytes nothing can nest deeper."""

BOM = "\ufeff".encode()

_encode = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_long_fraction = re.compile(rb"\.[0-9]{7}").search
_below_micros = re.compile(rb":[0-9]{2}\.[0-9]{7}").search
_strings = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_nesting = re.compile(rb"[][{}]").findall


def sound(raw: bytes, field: str | None = None) -> bytes:
    """Give `raw` without a byte order mark. Raises MalformedError where it is not UTF-8, or nested too deep."""
    if not raw.isascii():
        raw = _utf8(raw, field)
    if len(raw) > _SHALLOW:
        _check_depth(raw, field)
    return raw


def is_fine(raw: bytes) -> bool:
    """Whether there may be moments in it that are finer than a microsecond."""
    return _long_fraction(raw) is not None and _below_micros(raw) is not None


def read(  # noqa: PLR0917 - the one call that every fact makes twice
    decode: Callable[[Any], Any],
    raw: Raw | bytes,
    struct: type[Struct],
    prefix: str,
    moments: tuple[str, ...],
    fine: bool,
) -> Any:  # noqa: ANN401 - what `decode` makes
    """Decode `raw`; where it is `fine` (moments below a microsecond), or has leap seconds, with moments made exact."""
    try:
        return decode(_exact(raw, moments) if fine else raw)
    except ValidationError as error:
        if not fine and "RFC3339" in str(error):
            return read(decode, raw, struct, prefix, moments, True)
        raise refusal(error, bytes(raw), struct, prefix) from None
    except UNREADABLE as error:
        raise unreadable(error, prefix or None) from None


def _exact(raw: Raw | bytes, moments: tuple[str, ...]) -> bytes:
    """Make the moments of an object exact, and leave everything else as it is, byte for byte."""
    fields = _decode_fields(raw)
    for name in moments:
        value = fields.get(name)
        if value is not None and bytes(value).startswith(b'"'):
            fields[name] = Raw(_encode(exact(_decode_text(value))))
    return _encode(fields)


def _utf8(raw: bytes, field: str | None = None) -> bytes:
    raw = raw.removeprefix(BOM)
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise unreadable(error, field) from None
    return raw


def _check_depth(raw: bytes, field: str | None = None) -> None:
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    depth = 0
    for bracket in _nesting(_strings.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            raise MalformedError(f"{f'`{field}`' if field else 'a fact'} is nested more than {DEEPEST} deep", field)
