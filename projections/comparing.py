"""Comparing the columns of rows with what somebody wrote: each by its kind (docs/dashboards.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from contracts.moments import micros
from projections.errors import QuestionError
from projections.views.base import Row, View
from projections.views.columns import KINDS, NUMBERS, SEVERAL, values_of

Test = Callable[[Any], bool]
"""Whether a value, which is not missing, is what was written."""
_NOTHING: Final = frozenset({"", "null"})
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_FLAGS: Final = {"true": True, "false": False}


def matching(view: View, where: Iterable[tuple[str, str]]) -> Callable[[Row], bool]:
    """Whether a row has all the values that are written. Raises QuestionError where a column can have no such value."""
    tests = [(name, _test(view, name, text)) for name, text in where]

    def matches(row: Row) -> bool:
        return all(test(row[name]) for name, test in tests)

    return matches


def _test(view: View, name: str, text: str) -> Test:
    if name not in view.columns:
        raise QuestionError(f"{view.name} has no column {name}; it has {', '.join(view.columns)}")
    kind = KINDS[name]
    if kind in SEVERAL:
        raise QuestionError(f"{name} has several values in a row, it cannot be compared; got {text!r}")
    if text in _NOTHING:
        return lambda value: value is None
    if kind in NUMBERS:
        number = _number(name, text)
        return lambda value: value is not None and Decimal(str(value)) == number
    if kind == "moment":
        moment = _moment(name, text)
        return lambda value: value is not None and micros(datetime.fromisoformat(value)) == moment
    if kind == "flag":
        if text.lower() not in _FLAGS:
            raise QuestionError(f"{name}: write true or false, got {text!r}")
        flag = _FLAGS[text.lower()]
        return lambda value: value is flag
    if kind == "month" and not _MONTH.fullmatch(text):
        raise QuestionError(f"{name}: write a month such as 2013-02, got {text!r}")
    known = values_of(view.name, name)
    if known and text not in known:
        raise QuestionError(f"{name}: there is no {text!r}; it is one of {', '.join(known)}")
    return lambda value: value == text


def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise QuestionError(f"{name}: write a number, got {text!r}")
    return number


def _moment(name: str, text: str) -> int:
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise QuestionError(f"{name}: write a moment such as 2013-02-07T18:00:00+01:00, got {text!r}") from None
    if read.tzinfo is None:
        raise QuestionError(f"{name}: say the offset too, such as {read.isoformat()}Z for UTC, got {text!r}")
    return micros(read)
