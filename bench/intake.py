"""Intake: facts to recorded decisions, against a bare batch append of as many events by the library."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from bench.workload import batches, copies, write_log
from contracts.agreements import AgreementFile, parse
from engine.ahead import Ahead
from engine.intake import Engine
from engine.store.postgres import Datastore
from ops.taking import BATCH
from tools.postgres import temporary


class Place(NamedTuple):
    """Where the engine's store is, how to read it, and the library's recorder beside it."""

    url: str
    durable: str
    rows: Callable[[str], Iterator[Any]]
    bare: ApplicationRecorder


@contextmanager
def _file(folder: Path) -> Iterator[Place]:
    datastore = SQLiteDatastore(f"{folder}/bare.db", originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()

    def rows(select: str) -> Iterator[Any]:
        with closing(sqlite3.connect(f"{folder}/engine.db")) as file:
            yield from file.execute(select)

    yield Place(f"sqlite:///{folder}/engine.db", "synchronous=FULL", rows, recorder)
    datastore.close()


@contextmanager
def _database(_folder: Path) -> Iterator[Place]:
    with temporary(settings=("-c", "max_wal_size=4GB", "-c", "shared_buffers=256MB")) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for name in ("engine", "bare"):
                connection.execute(f"CREATE DATABASE {name}".encode())
        datastore = Datastore(server.url("bare"), "public")
        recorder = PostgresApplicationRecorder(datastore)
        PostgresDatastore.register_type_adapters(datastore)
        recorder.create_table()
        PostgresDatastore.register_type_adapters(datastore)

        def rows(select: str) -> Iterator[Any]:
            with psycopg.connect(server.url("engine")) as database, database.cursor("rows") as cursor:
                cursor.itersize = 10_000
                yield from cursor.execute(select.encode())

        yield Place(server.url("engine"), "fsync=on", rows, recorder)
        datastore.close()


_PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {"sqlite": _file, "postgres": _database}
AGREEMENTS = Path(__file__).parent.parent / "ops" / "demo" / "agreements.toml"
_EVERY = Path(__file__).with_name("agreements.toml")
PLAIN, CLOCKS, RULES = "without clocks", "with their clocks", "with every rule"
"""Under the demo's terms, with or without their clocks: how long a customer may be down, by priority. Or under terms in
which every rule is at work: four clocks for each complaint, with office hours, holidays, pauses, warnings, credits."""
CACHED = 10_000
"""States in memory, at most."""
TURN = 50_000
"""Facts that the engine takes in before the bare append has its turn."""


def main(count: int = 17, size: int = BATCH, store: str = "sqlite", *, terms: str = PLAIN) -> None:
    """`count` copies of the log, in batches of `size` facts, into an SQLite file or (`postgres`) a database."""
    folder = Path(tempfile.mkdtemp(prefix="stilldown-bench-"))
    try:
        write_log(folder / "log.jsonl")
        with (folder / "log.jsonl").open("rb") as facts, (folder / "facts.jsonl").open("wb") as copied:
            copied.writelines(copies(facts, count))
        with (folder / "facts.jsonl").open("rb") as facts, _PLACES[store](folder) as place:
            print(f"terms {terms}")
            _run(facts, size, place, agreements(terms))
    finally:
        shutil.rmtree(folder)


def agreements(terms: str) -> AgreementFile:
    """The terms of a workload."""
    file = parse((_EVERY if terms == RULES else AGREEMENTS).read_text())
    return without_clocks(file) if terms == PLAIN else file


def without_clocks(file: AgreementFile) -> AgreementFile:
    plain = tuple(msgspec.structs.replace(a, clocks=(), calendars=()) for a in file.agreements)
    return msgspec.structs.replace(file, agreements=plain)


def _run(facts: Iterable[bytes], size: int, place: Place, agreements: AgreementFile) -> None:
    engine = Engine(place.url, cached=CACHED)
    engine.publish(agreements)
    bare = Bare(place)
    total = events = 0
    peaks: list[int] = []
    spent = 0.0
    stream = engine.stream(Ahead(batches(facts, size)), mode="event")
    while True:
        began = time.perf_counter()
        taken = next(stream, None)
        spent += time.perf_counter() - began
        if taken is not None:
            total += len(taken.results)
            events += taken.events
        if taken is None or total >= TURN * (len(peaks) + 1):
            peaks.append(_resident())
            _say(f"\r  {total:,} facts, {total / spent:,.0f}/s, {peaks[-1]} MB ")
            bare.append(events - bare.done, round(size * events / total))
        if taken is None:
            break
    _say("\r")
    cold = engine.loads / engine.touches
    engine.close()
    filed = next(iter(place.rows("SELECT COUNT(*) FROM stored_events WHERE topic = 'complaint.filed'")))[0]
    half = len(peaks) // 2
    print(f"intake: {total:,} facts of {filed:,} complaints, in batches of {size}")
    print(f"  {CACHED:,} streams cached, {place.durable}")
    print(f"  events per fact                    {events / total:6.2f}")
    print(f"  cold streams (share of those asked for) {cold:6.1%}")
    print(f"  facts per second                   {total / spent:10,.0f}")
    print(f"  events per second                  {events / spent:10,.0f}")
    print(f"  bare append, events per second     {bare.done / bare.spent:10,.0f}")
    print(f"  ratio                              {events / spent / (bare.done / bare.spent):6.3f}   (at least 0.25)")
    print(f"  memory: half way {peaks[half]} MB, at the end {peaks[-1]} MB, most {max(peaks)} MB   (below 500)")


class Bare:
    """The library's own recorder, appending the same events in as many batches: in turns with the engine.

    What the machine does meanwhile is then the same for both.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.done = 0
        """Events that it has appended."""
        self.spent = 0.0
        """Seconds that it took."""

    def append(self, events: int, size: int) -> None:
        """Appends the next so many of the engine's events, in batches of `size`."""
        rows = self._place.rows(
            "SELECT originator_id, originator_version, topic, state FROM stored_events"
            f" WHERE notification_id > {self.done} ORDER BY notification_id LIMIT {events}"
        )
        while batch := [StoredEvent(*row) for row in islice(rows, size)]:
            began = time.perf_counter()
            self._place.bare.insert_events(batch)
            self.spent += time.perf_counter() - began
            self.done += len(batch)


def _resident() -> int:
    """Megabytes of this process in memory now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_048_576


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
