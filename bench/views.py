"""Views caught up from a store, against the library's own way of projecting: each event a commit, with its tracking.

Both write the same rows by the same handlers. The library's loop is fed from memory, without its subscription, which
only makes it quicker than its runner is.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import psycopg
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder
from psycopg.rows import tuple_row

from bench.intake import AGREEMENTS
from bench.workload import batches, write_log
from contracts.agreements import parse
from contracts.recorded import Recorded
from engine.ahead import Ahead
from engine.intake import Engine
from ops.feeding import StoreFeed
from projections.folding import Fold, Sheets
from projections.projector import Projector
from projections.store import opening
from projections.store.database import Database
from projections.store.opening import open_database
from projections.store.postgres import PostgresCursor
from projections.store.sqlite import SQLiteCursor
from projections.tables import ALL
from tools.postgres import temporary

ROUNDS = 3
PAGE = 2_000
ALONE = 3_000
"""Events that the library projects in a round."""


class Beside(NamedTuple):
    """A read store, and how the library projects one event into one of its generations."""

    name: str
    database: Database
    library: Callable[[int, int, Recorded], None]


class _OnFile(SQLiteTrackingRecorder):
    def process(self, generation: int, position: int, event: Recorded) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, Tracking("engine", position))
            _one(SQLiteCursor(cast("Any", cursor.sqlite_cursor)), generation, position, event)


class _OnDatabase(PostgresTrackingRecorder):
    def process(self, generation: int, position: int, event: Recorded) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, Tracking("engine", position))
            cursor.row_factory = tuple_row  # type: ignore[assignment] # our statements want tuples
            _one(PostgresCursor(cast("Any", cursor)), generation, position, event)


def _one(cursor: Any, generation: int, position: int, event: Recorded) -> None:
    fold = Fold(Sheets(cursor, generation))
    fold.load([(position, event)])
    fold.apply(position, event)
    fold.flush()


@contextmanager
def _file(folder: Path) -> Iterator[Beside]:
    database = open_database(f"sqlite:///{folder}/views.db")
    opening.live(database, ALL)
    datastore = SQLiteDatastore(f"{folder}/views.db", originator_id_type="text")
    recorder = _OnFile(datastore)
    recorder.create_table()
    with datastore.get_connection(commit=True) as connection:  # it keeps one to write with; as durable as ours
        connection.cursor().execute("PRAGMA synchronous = NORMAL")
    yield Beside("SQLite", database, recorder.process)
    datastore.close()
    database.close()


@contextmanager
def _server(_folder: Path) -> Iterator[Beside]:
    with temporary(settings=("-c", "max_wal_size=4GB", "-c", "shared_buffers=256MB")) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(b"CREATE DATABASE views")
            connection.execute(b"ALTER DATABASE views SET search_path = stilldown_views, public")
        url = server.url("views")
        database = open_database(url)
        opening.live(database, ALL)
        parts = psycopg.conninfo.conninfo_to_dict(url)
        datastore = PostgresDatastore(
            dbname=str(parts["dbname"]),
            host=str(parts["host"]),
            port=str(parts.get("port", "5432")),
            user=str(parts["user"]),
            password=str(parts.get("password", "")),
            schema="stilldown_views",
            originator_id_type="text",
        )
        recorder = _OnDatabase(datastore, tracking_table_name="tracking")
        recorder.create_table()
        yield Beside("PostgreSQL", database, recorder.process)
        datastore.close()
        database.close()


def main(facts: int = 40_000) -> None:
    """`facts` of the log, recorded once; projected `ROUNDS` times each way on each database."""
    folder = Path(tempfile.mkdtemp(prefix="stilldown-bench-"))
    try:
        url = f"sqlite:///{folder}/engine.db"
        _record(folder, url, facts)
        for place in (_file, _server):
            with place(folder) as beside:
                _run(url, beside)
    finally:
        shutil.rmtree(folder)


def _record(folder: Path, url: str, facts: int) -> None:
    write_log(folder / "log.jsonl")
    engine = Engine(url)
    engine.publish(parse(AGREEMENTS.read_text()))
    with (folder / "log.jsonl").open("rb") as lines:
        for _ in engine.stream(Ahead(batches(islice(lines, facts), 200)), mode="event"):
            pass
    engine.close()


def _run(url: str, beside: Beside) -> None:
    feed = StoreFeed(url)
    first = _first(feed)
    ratios, ours, theirs = [], [], []
    for n in range(ROUNDS):
        theirs.append(len(first) / _timed(lambda n=n: _by_library(beside, n, first)))  # type: ignore[misc]
        ours.append(feed.last() / _timed(lambda: _by_pages(beside.database, feed)))
        ratios.append(ours[-1] / theirs[-1])
    print(f"views on {beside.name}: {feed.last():,} events of the log, pages of {PAGE:,}; {ROUNDS} rounds, medians")
    print(f"  events per second                  {statistics.median(ours):10,.0f}")
    print(f"  the library's way                  {statistics.median(theirs):10,.0f}")
    print(f"  ratio                              {statistics.median(ratios):10.1f}   (at least 20)")
    feed.close()


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _first(feed: StoreFeed) -> Sequence[tuple[int, Recorded]]:
    page = feed.page(0, 0, ALONE)
    if page is None:
        sys.exit("nothing was recorded")
    return [(event.position, event.what) for event in page.events if isinstance(event.what, Recorded)]


def _fresh(database: Database) -> int:
    with database.writing() as cursor:
        return opening.make(cursor, ALL)


def _by_pages(database: Database, feed: StoreFeed) -> None:
    Projector(database, generation=_fresh(database), strict=True).catch_up(feed, limit=PAGE)


def _by_library(beside: Beside, n: int, events: Sequence[tuple[int, Recorded]]) -> None:
    generation = _fresh(beside.database)
    for position, event in events:
        beside.library(generation, position + n * 10_000_000, event)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
