"""What a type of fact asks beyond its fields, each by itself (domain.md §3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import msgspec
from msgspec import ValidationError

from contracts.errors import MalformedError
from contracts.facts import (
    FACTS,
    ComplaintAssigned,
    FactCorrected,
    FactData,
    Moment,
    PersonAbsent,
    RemedyGranted,
    VisitScheduled,
)
from contracts.moments import exact
from contracts.refusals import wrong

LARGEST = 2**63
"""Numbers in a correction lie below it: what is recorded can then be written by any encoder."""

MOMENTS = {
    name: tuple(
        (field.name, field.encode_name)
        for field in msgspec.structs.fields(cls)
        if field.type in (Moment, Moment | None)
    )
    for name, cls in FACTS.items()
}
"""The moments in the data of each type: their names in the struct and on the wire."""
_ANY_MOMENT = {wire for fields in MOMENTS.values() for _, wire in fields}
_ANY_FIELD = {wire for cls in FACTS.values() for wire in cls.__struct_encode_fields__}
_Ref = tuple[str, str]


def _assigned(data: ComplaintAssigned, _: _Ref) -> FactData:
    if data.to is None and data.team is None:
        raise MalformedError("one of `data.to` and `data.team` is required", "data.to")
    return data


def _scheduled(data: VisitScheduled, _: _Ref) -> FactData:
    if data.to < data.from_:
        raise wrong("data.to", "lies before `data.from`", data.to.isoformat())
    return data


def _absent(data: PersonAbsent, _: _Ref) -> FactData:
    if data.until <= data.from_:
        raise wrong("data.until", "does not lie after `data.from`", data.until.isoformat())
    return data


def _granted(data: RemedyGranted, _: _Ref) -> FactData:
    """JSON knows one kind of number: 5 and 5.0 are the same content."""
    if isinstance(data.amount, float) and data.amount.is_integer():
        return msgspec.structs.replace(data, amount=int(data.amount))
    return data


def _corrected(data: FactCorrected, ref: _Ref) -> FactData:
    if ref == (data.fact.source, data.fact.id):
        raise wrong("data.fact", "names the correction itself", data.fact.id)
    if data.data is None and data.time is None and not data.void:
        raise MalformedError("a correction gives `data.data`, `data.time` or `data.void`", "data.data")
    if data.data is None:
        return data
    return msgspec.structs.replace(data, data=_known(data.data))


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """Give what a correction replaces as other facts have it: without unknown fields, moments exact and in UTC."""
    known: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in _ANY_FIELD:
            continue
        if name in _ANY_MOMENT and isinstance(value, str):
            known[name] = _moment_in_utc(value)
        elif name == "data" and isinstance(value, dict):  # of a correction that is corrected
            known[name] = _known(value)
        else:
            _check_numbers(value, f"data.data.{name}")
            known[name] = value
    return known


def _moment_in_utc(text: str) -> str:
    try:
        value = msgspec.convert(exact(text), Moment)
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValidationError, OverflowError):
        return text


def _check_numbers(value: object, field: str) -> None:
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise wrong(field, "is a number that is too large", value)
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_numbers(inner, field)


CHECKS: dict[str, Callable[[Any, _Ref], FactData]] = {
    ComplaintAssigned.TYPE: _assigned,
    VisitScheduled.TYPE: _scheduled,
    PersonAbsent.TYPE: _absent,
    RemedyGranted.TYPE: _granted,
    FactCorrected.TYPE: _corrected,
}
"""What a type of fact asks beyond its fields, each by itself."""
