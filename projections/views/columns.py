"""What the columns of views hold: a kind for each name, and the values that there are where they are few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import fields

from contracts.decisions import ComplaintWithdrawnRecorded
from contracts.facts import Evidence
from contracts.rows import ClockRow, PromiseRow
from projections.recounting import STATUSES

Kind = Literal[
    "name", "words", "count", "length", "share", "money", "moment", "month", "day", "flag", "counts", "lengths"
]
"""`length` is in seconds;
`counts` and `lengths` are several by name; `words` are somebody's own, `name` any other text."""
_NAMES: Final[Mapping[Kind, str]] = {
    "name": "complaint customer service agreement status customer_state team person clock state ended_by part promise"
    " currency",
    "words": "what why",
    "count": "handovers bounces contacts repeat_diagnoses refusals reopenings false_closings false_restorations"
    " breaches promises_broken cycle agreement_version claims closed green green_hidden"
    " requested refused failures ordered rows",
    "length": "experienced reported hidden elapsed paused waited experience",
    "share": "share availability",
    "money": "amount",
    "moment": "filed_at closed_at withdrawn_at started_at due_at stopped_at breached_at ended_at reported_end due"
    " kept_at",
    "month": "month",
    "day": "day",
    "flag": "orphaned restated recurrence vital",
    "counts": "objections",
    "lengths": "time_by_cause time_by_owner",
}
KINDS: Final[Mapping[str, Kind]] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
"""By the name of a column, of views and of their sums."""
NUMBERS: Final = frozenset({"count", "length", "share", "money"})
SEVERAL: Final = frozenset({"counts", "lengths"})


def _values(row: type[Struct], name: str) -> tuple[str, ...]:
    return next(get_args(field.type) for field in fields(row) if field.name == name)


_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "status": STATUSES,
    "customer_state": _values(ComplaintWithdrawnRecorded, "customer_state"),
    "ended_by": (*get_args(Evidence), "silence"),
    "sla.state": _values(ClockRow, "state"),
    "promises.state": _values(PromiseRow, "state"),
}


def values_of(view: str, column: str) -> tuple[str, ...]:
    """The values that a column of a view can have; none where there may be any."""
    return _VALUES.get(f"{view}.{column}", _VALUES.get(column, ()))
