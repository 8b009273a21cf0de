"""Lengths of time as agreements write them, in ISO 8601 (domain.md §6): `PT…` in whole seconds, `P…D` in days."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from contracts.errors import StilldownError

# A hundred years: more than any deadline, and so little that adding it to a moment of today stays inside `datetime`.
LONGEST_DAYS: Final = 36_525
LONGEST_SECONDS: Final = LONGEST_DAYS * 86_400

# No `\d`: it takes digits of any script.
_TIME: Final = re.compile(r"PT(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?")
_DAYS: Final = re.compile(r"P([0-9]+)D")
# Longer numbers are too big whatever they count, and `int` itself refuses very long ones.
_MOST_DIGITS: Final = 12

_TIME_HINT: Final = "write a length such as PT4H, PT1H30M or PT90S"
_TARGET_HINT: Final = f"{_TIME_HINT}, or days such as P14D"


class LengthError(StilldownError):
    """This is no length of time that can be used here; the message says what would be."""


class Seconds(msgspec.Struct, frozen=True):
    """A `PT…` target: seconds of time of the clock's calendar."""

    seconds: int


class Days(msgspec.Struct, frozen=True):
    """A `P…D` target: days on the calendar's wall clock, working days where the calendar has hours."""

    days: int


def read_seconds(text: object, *, zero: bool = False) -> int:
    """Read `PT…` as whole seconds: `PT1H30M` is 5400 (a silence, a credit's free time; domain.md §§4, 8).

    Nothing (`PT0S`) is a length only with `zero`. Raises LengthError for everything else, days included:
    how long a day is depends on a calendar, and these lengths have none.
    """
    match = _TIME.fullmatch(_text(text, _TIME_HINT))
    if match is None:
        raise LengthError(_what_is_wrong(str(text), _TIME_HINT))
    hours, minutes, seconds = (_number(group) for group in match.groups(default="0"))
    length = hours * 3600 + minutes * 60 + seconds
    _check(length, LONGEST_SECONDS, zero=zero)
    return length


def read_target(text: object) -> Seconds | Days:
    """Read a clock's target, `PT4H` or `P14D` (domain.md §6). Raises LengthError; a target is never nothing."""
    match = _DAYS.fullmatch(_text(text, _TARGET_HINT))
    if match:
        days = _number(match[1])
        _check(days, LONGEST_DAYS, zero=False)
        return Days(days)
    if _TIME.fullmatch(str(text)):
        return Seconds(read_seconds(text))
    raise LengthError(_what_is_wrong(str(text), _TARGET_HINT))


def _text(value: object, hint: str) -> str:
    if not isinstance(value, str):
        raise LengthError(f"must be text: {hint}")
    return value


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _check(length: int, longest: int, *, zero: bool) -> None:
    if length > longest:
        raise LengthError("is too long: at most 100 years (P36525D, PT876600H)")
    if length == 0 and not zero:
        raise LengthError("must be longer than nothing")


def _what_is_wrong(text: str, hint: str) -> str:
    """Say why it was refused where the reason is not plain to see: all of these are ISO 8601, or look like it."""
    if "-" in text:
        return f"a length is never negative; {hint}"
    if "." in text or "," in text:
        return "only whole numbers: half an hour is PT30M"
    if re.fullmatch(r"P[0-9]+D", text):
        return "write hours: two days are PT48H, since days depend on a calendar"
    if re.fullmatch(r"P[0-9]+D(?:T[0-9HMS]*)", text):
        return f"days and hours do not mix: {hint}"
    if re.fullmatch(r"P(?:[0-9]+[YMWD])+", text):
        return f"no years, months or weeks: {hint}"
    return hint
