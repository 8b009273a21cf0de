"""Examples of every type of decision, built from its declaration: the least that it has, and all that it can have."""

from __future__ import annotations

from typing import Any

from msgspec import inspect

from contracts.decisions import DECISIONS

from .examples import TIME

TYPES = [
    *("outage.started", "outage.claimed", "outage.ended", "outage.resumed", "outage.restated"),
    *("complaint.closed", "closure.refused", "complaint.reopened", "complaint.withdrawn_recorded"),
    *("clock.started", "clock.paused", "clock.resumed", "clock.stopped", "clock.warned", "clock.breached"),
    *("clock.restated", "clock.cancelled", "promise.broken", "service.heard", "complaint.deemed_upheld"),
    *("agreement.published", "agreement.applied", "complaint.reassigned", "complaint.restated"),
    *("credit.owed", "credit.restated", "customer.forgotten"),
]
"""interfaces.md §2: what is sent to `stilldown.events` beside the facts."""


def decided(type_: str, *, full: bool) -> dict[str, Any]:
    """The data of a decision, as JSON has it."""
    made: dict[str, Any] = _example(inspect.type_info(DECISIONS[type_]), full=full)
    return made


def recorded(type_: str, *, full: bool) -> dict[str, Any]:
    """A decision as `stilldown.events` has it."""
    made = {
        "specversion": "1.0",
        "id": "17",
        "source": "/stilldown",
        "type": type_,
        "subject": "C-17",
        "time": TIME,
        "datacontenttype": "application/json",
        "position": 17,
        "version": 3,
        "kind": "decision",
        "recordedat": "2026-03-01T12:00:00.123456Z",
        "data": decided(type_, full=full),
    }
    return made | ({"causesource": "/desk", "causeid": "1"} if full else {})


_PLAIN: dict[type[inspect.Type], object] = {
    inspect.StrType: "Zoë ąę",
    inspect.DateTimeType: TIME,
    inspect.DateType: "2026-03-01",
    inspect.BoolType: True,
    inspect.IntType: 3,
    inspect.FloatType: 0.5,
}


def _example(kind: inspect.Type, *, full: bool) -> Any:
    match kind:
        case inspect.Metadata():
            made = _example(kind.type, full=full)
        case inspect.UnionType():
            made = _example(kind.types[0], full=full)
        case inspect.StructType():
            fields = [field for field in kind.fields if full or field.required]
            made = {field.encode_name: _example(field.type, full=full) for field in fields}
            made |= {str(kind.tag_field): kind.tag} if kind.tag_field else {}
        case inspect.VarTupleType():
            kinds = kind.item_type.types if isinstance(kind.item_type, inspect.UnionType) else (kind.item_type,)
            made = [_example(one, full=full) for one in kinds] if full else []
        case inspect.TupleType():
            made = [_example(one, full=full) for one in kind.item_types]
        case inspect.LiteralType():
            made = kind.values[-1]
        case _:
            made = _PLAIN[type(kind)]
    return made
