"""Views caught up from a store and from Kafka, against the library's own way of projecting: each event a commit, with
its tracking.

All write the same rows by the same handlers. From Kafka it is one projector as `stilldown project --kafka` has it, from
joining its group to the last commit, into PostgreSQL. The library's loop is fed from memory, without its subscription,
which only makes it quicker than its runner is.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from contracts.topics import EVENTS_OUT
from engine.ahead import ahead
from engine.intake import Engine
from engine.patience import pause
from engine.relay import Relay
from ops import topics
from ops.feeding import StoreFeed
from ops.following import Follower, is_up_to
from projections.folding import Fold, Sheets
from projections.projector import Poison, Projector
from projections.store import opening
from projections.store.database import Database
from projections.store.opening import open_database
from projections.store.postgres import PostgresCursor
from projections.store.sqlite import SQLiteCursor
from projections.tables import ALL
from tools.broker import Broker
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


class Way(NamedTuple):
    """How a fresh generation is filled; it ends when all is applied."""

    name: str
    fill: Callable[[Database, int], None]


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
        feed = StoreFeed(url)
        pages = Way("from the store", lambda database, generation: _by_pages(database, generation, feed))
        with _file(folder) as beside:
            _run(feed, beside, [pages])
        with _server(folder) as beside, _kafka(folder, url, feed.last()) as messages:
            _run(feed, beside, [pages, messages])
        feed.close()
    finally:
        shutil.rmtree(folder)


@contextmanager
def _kafka(folder: Path, url: str, last: int) -> Iterator[Way]:
    """A broker to which a relay has sent all that is recorded."""
    broker = Broker(folder / "kafka")
    broker.start()
    try:
        asyncio.run(_relay(url, broker.bootstrap, last))
        ends = asyncio.run(topics.ends(broker.bootstrap, EVENTS_OUT))
        yield Way("from Kafka", lambda database, generation: _by_follower(database, generation, broker.bootstrap, ends))
    finally:
        broker.kill()


async def _relay(url: str, bootstrap: str, last: int) -> None:
    await topics.make(bootstrap)
    relay, stop = Relay(url, bootstrap, holder="bench", session=10.0), asyncio.Event()
    sending = asyncio.create_task(relay.run(stop))
    while relay.sent < last:
        await pause(stop, 0.1)
    stop.set()
    await sending


def _record(folder: Path, url: str, facts: int) -> None:
    write_log(folder / "log.jsonl")
    engine = Engine(url)
    engine.publish(parse(AGREEMENTS.read_text()))
    with (folder / "log.jsonl").open("rb") as lines:
        for batch in ahead(batches(islice(lines, facts), 200)):
            engine.take(batch.bodies, mode="event", facts=batch.facts, meanwhile=batch.meanwhile)
    engine.close()


def _run(feed: StoreFeed, beside: Beside, ways: Sequence[Way]) -> None:
    first = _first(feed)
    theirs: list[float] = []
    ours: list[list[float]] = [[] for _ in ways]
    for n in range(ROUNDS):
        theirs.append(len(first) / _timed(lambda n=n: _by_library(beside, n, first)))  # type: ignore[misc]
        for way, found in zip(ways, ours, strict=True):
            generation = _fresh(beside.database)
            found.append(feed.last() / _timed(lambda w=way, g=generation: w.fill(beside.database, g)))  # type: ignore[misc]
    print(f"views on {beside.name}: {feed.last():,} events of the log, pages of {PAGE:,}; {ROUNDS} rounds, medians")
    print(f"  the library's way, events per second {statistics.median(theirs):10,.0f}")
    for way, found in zip(ways, ours, strict=True):
        ratio = statistics.median(own / their for own, their in zip(found, theirs, strict=True))
        print(f"  {way.name:<36} {statistics.median(found):10,.0f}   ratio {ratio:6.1f}   (at least 20)")


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


def _by_pages(database: Database, generation: int, feed: StoreFeed) -> None:
    Projector(database, generation=generation, strict=True).catch_up(feed, limit=PAGE)


def _by_follower(database: Database, generation: int, bootstrap: str, ends: Mapping[int, int]) -> None:
    poisons: list[Poison] = []
    projector = Projector(database, generation=generation, alarm=poisons.append)

    async def work() -> None:
        stop = asyncio.Event()
        follower = Follower(projector, bootstrap, views=str(generation), session=10.0)
        following = asyncio.create_task(follower.run(stop))
        while not await follower.do(lambda projector: is_up_to(projector, ends)):
            await pause(stop, 0.05)
        stop.set()
        await following
        follower.close()

    asyncio.run(work())
    if poisons:
        sys.exit(f"not everything was applied: {poisons[0]}")


def _by_library(beside: Beside, n: int, events: Sequence[tuple[int, Recorded]]) -> None:
    generation = _fresh(beside.database)
    for position, event in events:
        beside.library(generation, position + n * 10_000_000, event)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
