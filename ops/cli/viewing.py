"""`view`: the rows of a view, at any moment, as known at any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, MANY, Common, tell, tell_of_future
from ops.errors import UsageError

if TYPE_CHECKING:
    from projections.asking import Question
    from projections.views.base import View

_At = Annotated[str | None, Parameter(help="What was so at this moment. Default: --known-at, else now.")]
_KnownAt = Annotated[str | None, Parameter(help="Use only what was recorded by then. Default: everything.")]
ViewsUrl = Annotated[
    str | None,
    Parameter(name="--views", help="Where the views' tables are, if not with the store: a URL as --store's."),
]


def view(
    name: Annotated[str, Parameter(help="The view.")],
    /,
    *,
    at: _At = None,
    known_at: _KnownAt = None,
    where: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(), show_default=False, help="Only rows with this value: column=value. May be given several times."
        ),
    ] = (),
    sum_by: Annotated[
        str | None, Parameter(help="Sums instead of rows, by these columns: team,month. downtime also knows day.")
    ] = None,
    views: ViewsUrl = None,
    common: Common = COMMON,
) -> int:
    """The rows of a view, or their sums."""
    from ops.asking import moments
    from ops.viewing import opened
    from projections.asking import Question, columns_of
    from projections.views import VIEWS

    url = common.url
    wanted = _where(where)
    keys = [] if sum_by is None else [key.strip() for key in sum_by.split(",") if key.strip()]
    if sum_by is not None and not keys:
        raise UsageError("--sum-by: name columns, such as --sum-by team,month")
    columns = columns_of(Question(name, 0, 0, wanted, keys))
    asked = moments(url, at, known_at, tell)
    with opened(url, views, alarm=alarm) as found:
        found.catch_up()
        if behind := found.behind():
            tell(f"note: the views are {behind:,} positions behind the store; does `stilldown project --kafka` run?")
        question = Question(name, asked.at, asked.known_at, wanted, keys)
        with closing(found.ask(question)) as answer:
            if common.json:
                for row in answer:
                    common.answer(row)
            else:
                _table(VIEWS[name], columns, answer, question)
    tell_of_future(asked.at, asked.now)
    return DONE


def _where(where: Sequence[str]) -> list[tuple[str, str]]:
    wanted = []
    for text in where:
        column, sign, value = text.partition("=")
        if not sign or not column:
            raise UsageError(f"--where: write column=value, such as --where team=field, got {text!r}")
        wanted.append((column.strip(), value))
    return wanted


def alarm(poison: Any) -> None:  # noqa: ANN401 - a Poison; its module is imported when it runs
    """Say which service is left out of the views, and why."""
    tell(
        f"warning: {poison.service} is left out of the views from position {poison.position} on: {poison.type} in"
        f" {poison.stream} cannot be applied ({poison.reason})"
    )


_EMPTY: Final = {
    "complaints": "a complaint is one, from its filing on (complaint.filed, `stilldown ingest`)",
    "handovers": "a complaint is one, from its filing on (complaint.filed, `stilldown ingest`)",
    "sla": "a cycle of a clock is one, of complaints whose agreement has clocks (`stilldown agreements apply`)",
    "downtime": "an outage is one, from service.down on, or from the filing by a customer who is down",
    "watermelon": "a team and month is one in which a complaint was closed",
    "closures": "a team and month is one in which somebody asked to close a complaint (`stilldown close`)",
    "parts": "a part is one that a diagnosis names (complaint.diagnosed) or that was ordered (part.ordered)",
    "promises": "a promise is one (promise.made)",
    "credits": "a service and month is one for which money is owed, by an agreement with `credit` (docs/agreements.md)",
}
"""What would be a row of a view, and how it gets there."""


def _table(view: View, columns: Sequence[str], answer: Iterator[dict[str, Any]], question: Question) -> None:
    from ops.cli.tables import show
    from projections.views.downtime import WHOSE

    first = list(islice(answer, MANY + 1))
    for note in show(columns, first[:MANY], len(question.sum_by) or view.keys):
        tell(f"note: {note}")
    if not first:
        tell(f"note: no row {'fits --where' if question.where else f'yet: {_EMPTY[view.name]}'}")
    if "availability" in columns and {name for name, _ in question.where} - {*WHOSE}:
        tell("note: availability cannot be said where --where leaves out some of a service's outages")
    if len(first) > MANY:
        tell(f"note: the first {MANY:,} rows; --json gives all, --where and --sum-by fewer")
