"""Rebuilding: tables beside the live ones, filled from the feed's beginning, compared, switched (architecture.md §3).

Views share their tables, so all are filled; those that were named are compared. It is strict: an event that cannot be
applied ends it, and nothing has changed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice, zip_longest
from typing import NamedTuple

import msgspec

from projections.asking import Question, ask
from projections.errors import OtherStoreError
from projections.feed import Feed
from projections.folding import Fold
from projections.projector import Projector
from projections.recounting import Recount
from projections.store import opening, rows
from projections.store.database import Cursor, Database
from projections.store.tables import Table
from projections.tables import ALL
from projections.views.base import Row

KEPT = 1
"""Generations that are kept behind the live one."""
_PAGE = 2_000
_READS: dict[str, tuple[Table, ...]] = {
    "complaints": (rows.COMPLAINTS, rows.OUTAGES, rows.CLAIMS),
    "handovers": (rows.COMPLAINTS,),
    "sla": (rows.CLOCKS,),
    "downtime": (rows.OUTAGES, rows.CLAIMS),
    "watermelon": (rows.COMPLAINTS, rows.CLOCKS, rows.OUTAGES),
    "closures": (rows.COMPLAINTS,),
    "parts": (rows.ORDERS, rows.OUTAGES),
    "promises": (rows.PROMISES,),
    "credits": (rows.CREDITS, rows.OUTAGES),
}
"""The tables that people read about a view."""


class Difference(NamedTuple):
    """Where live and rebuilt differ: a row of a view, or of a table, as each has it; None where one has none."""

    where: str
    live: Row | None
    rebuilt: Row | None


class Rebuilt(NamedTuple):
    """What came of it: events applied, the first differences of each, whether the new tables are read now."""

    events: int
    differences: Sequence[Difference]
    switched: bool


def rebuild(
    database: Database,
    feed: Feed,
    recount: Recount,
    views: Sequence[str],
    *,
    at: int,
    check: bool = False,
    most: int = 5,
    fold: type[Fold] = Fold,
    report: Callable[[int], None] = lambda _: None,
) -> Rebuilt:
    """Rebuilds beside the live tables, compares views at `at` (microseconds), and, unless only to `check`, switches.

    Raises PoisonError where an event cannot be applied.
    """
    live = Projector(database, fold=fold)
    with database.writing() as cursor:
        generation = opening.make(cursor, ALL)
    try:
        new = Projector(database, generation=generation, strict=True, fold=fold)
        events = _fill(new, feed, report)
        _level(live, new, feed)
        differences = _differences(database, (live.generation, generation), recount, views, at=at, most=most)
        with database.writing() as cursor:
            if check:
                opening.drop(cursor, ALL, generation)
            else:
                _switch(cursor, live.generation, generation)
    except BaseException:
        with database.writing() as cursor:
            if not cursor.rows("SELECT 1 FROM generations WHERE generation = ? AND live = 1", (generation,)):
                opening.drop(cursor, ALL, generation)
        raise
    return Rebuilt(events, differences, not check)


def _fill(new: Projector, feed: Feed, report: Callable[[int], None]) -> int:
    while new.catch_up(feed, limit=_PAGE):
        report(new.applied)
    return new.applied


def _level(live: Projector, new: Projector, feed: Feed) -> None:
    """Both up to the same event: the new tables to where the live ones are at least, then the live ones after.

    Live tables that have another feed are left where they are.
    """
    while live.is_fed_by(feed):
        live.catch_up(feed)
        new.catch_up(feed)
        if all(live.standing(part) == new.standing(part) for part in feed.parts()):
            return


def _switch(cursor: Cursor, live: int, generation: int) -> None:
    """In one transaction; only if nobody else has switched meanwhile."""
    if not cursor.rows("SELECT 1 FROM generations WHERE generation = ? AND live = 1", (live,)):
        raise OtherStoreError("the views were rebuilt by somebody else meanwhile")
    opening.switch(cursor, generation)
    for old in opening.older(cursor, generation)[KEPT:]:
        opening.drop(cursor, ALL, old)


def _differences(
    database: Database,
    generations: tuple[int, int],
    recount: Recount,
    views: Sequence[str],
    *,
    at: int,
    most: int,
) -> list[Difference]:
    found: list[Difference] = []
    for view in views:
        question = Question(view, at, at)
        live, rebuilt = (_asking(database, one, recount, question) for one in generations)
        found += _unlike(view, live, rebuilt, most)
    tables = {table.name: table for view in views for table in _READS[view]}
    for name, table in tables.items():
        live, rebuilt = (_reading(database, table, one) for one in generations)
        found += _unlike(f"table {name}", live, rebuilt, most)
    return found


Rows = Callable[[], Iterator[Row]]


def _asking(database: Database, generation: int, recount: Recount, question: Question) -> Rows:
    return lambda: ask(database, generation, recount, question)


def _reading(database: Database, table: Table, generation: int) -> Rows:
    return lambda: _rows(database, table, generation)


def _unlike(where: str, live: Rows, rebuilt: Rows, most: int) -> list[Difference]:
    """The first rows that differ. What is kept in memory of each is its hash."""
    hashes = [array("q", map(_hash, rows())) for rows in (live, rebuilt)]
    if hashes[0] == hashes[1]:
        return []
    places = [n for n, (a, b) in enumerate(zip_longest(*hashes)) if a != b][:most]
    picked = [_pick(rows(), places) for rows in (live, rebuilt)]
    return [Difference(where, picked[0].get(n), picked[1].get(n)) for n in places]


def _hash(row: Row) -> int:
    return int.from_bytes(blake2b(msgspec.json.encode(row), digest_size=8).digest(), "little", signed=True)


def _pick(rows: Iterator[Row], places: Sequence[int]) -> dict[int, Row]:
    wanted = set(places)
    return {n: row for n, row in enumerate(islice(rows, places[-1] + 1)) if n in wanted}


def _rows(database: Database, table: Table, generation: int) -> Iterator[Row]:
    """Every version of every row, in order."""
    names = list(table.all_columns())
    columns = ", ".join(f'"{name}"' for name in names)
    key = ", ".join(f'"{name}"' for name in (*table.key, "recorded_from"))
    marks = ", ".join("?" * (len(table.key) + 1))
    name = table.named(generation)
    after: tuple[object, ...] = ()
    while True:
        where = f" WHERE ({key}) > ({marks})" if after else ""
        with database.reading() as cursor:
            rows = cursor.rows(f"SELECT {columns} FROM {name}{where} ORDER BY {key} LIMIT {_PAGE}", after)
        for row in rows:
            yield dict(zip(names, row, strict=True))
        if len(rows) < _PAGE:
            return
        last = dict(zip(names, rows[-1], strict=True))
        after = tuple(last[column] for column in (*table.key, "recorded_from"))
