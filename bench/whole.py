"""The half-year log as views: from store and Kafka, on SQLite and PostgreSQL, row by row; and as was known then.

What was known at a moment is what the tables would be if nothing after it had ever been recorded. So tables are filled
up to one moment after another, and compared with what the complete ones say of that moment.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from bench.intake import AGREEMENTS
from bench.workload import LOG, batches
from contracts.agreements import parse
from contracts.recorded import Recorded
from engine.ahead import Ahead
from engine.intake import Engine
from engine.relay import Relay
from ops import topics
from ops.feeding import StoreFeed
from ops.following import follow
from ops.importers import load, open_text, servicenow
from projections.feed import STORE, Page
from projections.projector import Projector, Standing
from projections.store.database import Database
from projections.store.opening import live_one, open_database
from projections.store.tables import POSITIONS, Table
from projections.tables import ALL
from tools.broker import Broker
from tools.postgres import temporary

MOMENTS = 200
_SESSION = 10.0
_PAGE = 2_000
_VERSIONED = [table for table in ALL if table.versioned]


def main(log: Path = LOG) -> None:
    """Fills views in four ways from an incident log, and tells whether they are the same; exit code 1 where not."""
    folder = Path(tempfile.mkdtemp(prefix="stilldown-bench-"))
    try:
        with ExitStack() as stack:
            _run(log, folder, stack)
    finally:
        shutil.rmtree(folder)


def _run(log: Path, folder: Path, stack: ExitStack) -> None:
    store = f"sqlite:///{folder}/store.db"
    _record(log, store)
    feed = stack.enter_context(closing(StoreFeed(store)))
    print(f"{feed.last():,} events of {log.name}", flush=True)
    server = stack.enter_context(temporary(settings=("-c", "max_wal_size=4GB", "-c", "shared_buffers=256MB")))
    broker = Broker(folder / "kafka")
    broker.start()
    stack.callback(broker.kill)
    asyncio.run(topics.make(broker.bootstrap))
    _told("sent to Kafka", feed.last(), lambda: asyncio.run(_send(store, broker.bootstrap, feed.last())))
    places = {}
    for name, url in (("SQLite", f"sqlite:///{folder}/{{}}.db"), ("PostgreSQL", None)):
        for source in ("store", "Kafka"):
            there = _made(server, source) if url is None else url.format(source)
            places[f"from {source}, {name}"] = there
            if source == "store":
                _told(f"from {source}, {name}", feed.last(), partial(_from_store, there, feed))
            else:
                work = follow(there, broker.bootstrap, session=_SESSION, once=True)
                _told(f"from {source}, {name}", feed.last(), partial(asyncio.run, work))
    broken = _compare(places) + _known(places["from Kafka, PostgreSQL"], feed, f"sqlite:///{folder}/then.db")
    sys.exit(1 if broken else 0)


def _record(log: Path, url: str) -> None:
    mapping = load(None, "servicenow")
    with open_text(log, mapping.encoding) as lines:
        facts = list(servicenow.facts(lines, mapping, bad=lambda row: print(row, file=sys.stderr)))
    facts.sort(key=lambda fact: (fact["time"], fact["source"], fact["id"]))
    engine = Engine(url)
    engine.publish(parse(AGREEMENTS.read_text()))
    for _ in engine.stream(Ahead(batches(map(orjson.dumps, facts), 200)), mode="event"):
        pass
    engine.settle()
    engine.close()


async def _send(store: str, bootstrap: str, last: int) -> None:
    relay, stop = Relay(store, bootstrap, holder="bench", session=_SESSION), asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    while relay.sent < last:  # noqa: ASYNC110 - the relay tells nobody
        await asyncio.sleep(0.05)
    stop.set()
    await task


def _made(server: Any, name: str) -> str:
    import psycopg  # noqa: PLC0415

    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name.lower()}".encode())
    return str(server.url(name.lower()))


def _from_store(url: str, feed: StoreFeed) -> None:
    with closing(open_database(url)) as database:
        Projector(database, strict=True).catch_up(feed, limit=_PAGE)


def _told(what: str, events: int, work: Any) -> None:
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    print(f"  {what:<24} {took:8.1f} s {events / took:10,.0f} events per second", flush=True)


def _compare(places: dict[str, str]) -> int:
    """How many tables differ."""
    with ExitStack() as stack:
        databases = {name: stack.enter_context(closing(open_database(url))) for name, url in places.items()}
        first, *others = databases
        rows = differ = 0
        for table in ALL:
            if table is POSITIONS:
                continue
            wanted = list(_rows(databases[first], table))
            rows += len(wanted)
            for other in others:
                if list(_rows(databases[other], table)) != wanted:
                    differ += 1
                    print(f"  DIFFERS: {table.name}, {other}")
    print(f"  {rows:,} rows of {len(ALL) - 1} tables in each of {len(places)}: {differ} tables differ", flush=True)
    return differ


def _rows(database: Database, table: Table, where: str = "", params: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
    key = ", ".join(f'"{name}"' for name in (*table.key, *(("recorded_from",) if table.versioned else ())))
    with database.reading() as cursor:
        name = table.named(live_one(cursor) or 0)
        for row in cursor.rows(f"SELECT * FROM {name}{where} ORDER BY {key}", params):
            yield tuple(int(value) if isinstance(value, bool) else value for value in row)


def _known(complete: str, feed: StoreFeed, url: str) -> int:
    """At how many moments what was known differs from tables that were filled up to then."""
    page = feed.page(STORE, 0, feed.last())
    if page is None:
        sys.exit("nothing was recorded")
    times = [event.what.recorded_at for event in page.events if isinstance(event.what, Recorded)]
    moments = sorted(random.Random(1).sample(range(times[0], times[-1]), MOMENTS))
    done = differ = rows = 0
    with closing(open_database(complete)) as whole, closing(open_database(url)) as then:
        projector, standing = Projector(then, strict=True), Standing()
        for moment in moments:
            upto = done
            while upto < len(times) and times[upto] <= moment:
                upto += 1
            if upto > done:
                standing = projector.take(Page(STORE, upto, page.events[done:upto]), standing)
                done = upto
            alike = True
            for table in _VERSIONED:
                where = " WHERE recorded_from <= ? AND (recorded_to IS NULL OR recorded_to > ?)"
                known = [row[:-1] for row in _rows(whole, table, where, (moment, moment))]
                rows += len(known)
                alike &= known == [row[:-1] for row in _rows(then, table, " WHERE recorded_to IS NULL")]
            differ += not alike
    print(f"  {MOMENTS} moments of known_at, {rows:,} rows: {differ} differ from tables that end there")
    return differ


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
