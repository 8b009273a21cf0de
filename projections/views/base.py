"""What a view is: its columns, how its rows are found, and what of them adds up (interfaces.md §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from contracts.moments import SECOND, micros, moment, rfc3339
from contracts.rows import OwnerRow
from projections.looking import Looking

Row = dict[str, Any]
_K = TypeVar("_K", bound=tuple[Any, ...])
MONTH = "_month"
"""Where a row that has a moment of its own carries that moment's month, for sums."""


class View(NamedTuple):
    """A view. `added`: the lengths and counts that sums add up; `months`: of which moment its sums know the month.

    The first `keys` of its columns say which row it is, for people.
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Looking], Iterator[Row]]
    added: tuple[str, ...]
    months: str | None = None
    narrow: tuple[str, ...] = ()
    """Columns by which complaints may be narrowed down before anything is counted."""
    keys: int = 1


def month(us: int, zone: str) -> str:
    """The month of a moment on a wall clock: `2013-02`."""
    at = moment(us)
    with suppress(OverflowError):  # in the calendar's first and last day the wall clock may lie beyond it
        at = at.astimezone(_zone(zone))
    return at.isoformat()[:7]


@lru_cache(256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def team_at(owners: Sequence[OwnerRow], us: int) -> str | None:
    """The team that had it at a moment."""
    team = None
    for row in owners:
        if micros(row.time) > us:
            break
        team = row.team
    return team


def read(text: str) -> int:
    """A moment as `show` writes it, in microseconds."""
    return micros(datetime.fromisoformat(text))


def shown(us: int | None) -> str | None:
    """A moment as `show` writes it."""
    return None if us is None else rfc3339(us)


def utc(us: int) -> datetime:
    """A moment as a datetime in UTC."""
    return moment(us).astimezone(UTC)


def overlap(start: int, end: int, low: int, high: int) -> int:
    """Whole seconds of one stretch that lie in another, as they add up from its start."""
    a, b = max(start, low), min(end, high)
    return 0 if b <= a else (b - start) // SECOND - (a - start) // SECOND


def rank(value: object) -> tuple[int, Any]:
    """Where a value stands among others of its column: nothing first, numbers by size, the rest as text."""
    if value is None:
        return (0, "")
    if isinstance(value, bool | int | float):
        return (1, value)
    return (2, str(value))


def in_order(keys: Iterable[_K]) -> list[_K]:
    """Keys left to right."""
    return sorted(keys, key=lambda key: [rank(value) for value in key])
