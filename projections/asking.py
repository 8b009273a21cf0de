"""Asking a view: its rows at a moment, as known at another, those that match, or their sums (interfaces.md §§1, 3)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from projections.comparing import matching
from projections.errors import QuestionError
from projections.looking import Looking
from projections.recounting import Recount
from projections.store.database import Database
from projections.views import VIEWS, downtime
from projections.views.base import MONTH, Row, View, in_order

_HIDDEN = "_"
"""Begins the names of what rows carry for sums only."""


class Question(NamedTuple):
    """What is asked of a view. Moments are microseconds; `sum_by` adds up by columns.

    `where` has columns with what they are to be, a column as often as one likes: all have to hold.
    """

    view: str
    at: int
    known_at: int
    where: Sequence[tuple[str, str]] = ()
    sum_by: Sequence[str] = ()


def columns_of(question: Question) -> list[str]:
    """The columns of the answer. Raises QuestionError where a view, a column or a value of a column is none."""
    view = _view(question)
    if not question.sum_by:
        return list(view.columns)
    added = [name for name in view.added if name not in question.sum_by]
    if view is downtime.DOWNTIME and set(question.sum_by) & {"service", *downtime.PERIODS}:
        added.append("availability")
    money = ["amount"] if "amount" in view.columns and "currency" in question.sum_by else []
    return [*question.sum_by, "rows", *added, *money]


def ask(database: Database, generation: int, recount: Recount, question: Question) -> Generator[Row, None, None]:
    """The rows of the answer, in order of the key columns; to be closed if not all are read. Raises QuestionError."""
    view = _view(question)
    wanted = matching(view, question.where)
    with database.reading() as cursor:
        narrowed = {name: value for name, value in question.where if name in view.narrow}
        look = Looking(cursor, generation, recount, at=question.at, known_at=question.known_at, narrowed=narrowed)
        if question.sum_by and view is downtime.DOWNTIME:
            whose = [(name, value) for name, value in question.where if name in downtime.WHOSE]
            known = matching(view, whose) if len(whose) == len(question.where) else None
            yield from downtime.sums(look, question.sum_by, wanted, known)
        elif question.sum_by:
            yield from _summed(view, filter(wanted, view.rows(look)), question.sum_by)
        else:
            for row in filter(wanted, view.rows(look)):
                yield {name: value for name, value in row.items() if not name.startswith(_HIDDEN)}


def _view(question: Question) -> View:
    view = VIEWS.get(question.view)
    if view is None:
        raise QuestionError(f"there is no view {question.view}; there are {', '.join(VIEWS)}")
    matching(view, question.where)
    months = ["month"] if view.months is not None else []
    days = ["day"] if view is downtime.DOWNTIME else []
    known = [*view.columns, *(name for name in (*days, *months) if name not in view.columns)]
    for name in question.sum_by:
        if name not in known or name in view.added:
            keys = ", ".join(name for name in known if name not in view.added)
            raise QuestionError(f"{view.name} cannot be summed by {name}; it can by {keys}")
    return view


# ---------------------------------------------------------------------- sums


def _summed(view: View, rows: Iterable[Row], keys: Sequence[str]) -> Iterator[Row]:
    """Sums of every length and count; of money too, where it is of one currency."""
    added = [name for name in view.added if name not in keys]
    money = "amount" in view.columns and "currency" in keys
    groups: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row.get(name, row.get(MONTH)) if name == "month" else row[name] for name in keys)
        group = groups.get(key)
        if group is None:
            group = groups[key] = {**dict(zip(keys, key, strict=True)), "rows": 0}
            group.update((name, {} if isinstance(row[name], dict) else 0) for name in added)
        group["rows"] += 1
        for name in added:
            group[name] = _plus(group[name], row[name])
        if money:
            group["amount"] = f"{Decimal(group.get('amount', '0')) + Decimal(row['amount']):f}"
    yield from (groups[key] for key in in_order(groups))


def _plus(whole: Any, value: Any) -> Any:  # noqa: ANN401 - a length, a count, or several by name
    if value is None:
        return whole
    if isinstance(value, dict):
        return {name: whole.get(name, 0) + value.get(name, 0) for name in sorted({*whole, *value})}
    return whole + value
