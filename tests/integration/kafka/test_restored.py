"""A store that was restored from a backup: what was sent of it comes back, and no position is used twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from contracts.topics import EVENTS_OUT
from engine.verify import verify
from ops import topics
from tests.integration import workload
from tests.integration.cli.running import Cli
from tests.integration.engines import engine
from tests.integration.facts import STANDARD, check_sound, down, everything, filed, log
from tests.integration.kafka.test_views import from_store, project, tables
from tests.integration.kafka.workers import Worker, last, offsets, relayed, until
from tests.integration.stores import Place, Stores, select, url_of
from tests.servers.kafka import Kafka, Record, events

Run = Callable[[Place], Worker]
TERMS = f"""{STANDARD}
[[agreement.standard.clock]]
name = "restore"
target = "PT4H"
calendar = "always"
starts = "down"
stops = "up"
warn = [0.5]

[[agreement.standard.clock]]
name = "reply"
target = "P9000D"
calendar = "always"
starts = "filed"
stops = "closed"
warn = [0.9]

[[agreement.trusting.clock]]
name = "resolve"
target = "PT90000H"
calendar = "always"
starts = "filed"
stops = "closed"
pauses = ["customer"]
"""
"""Clocks that are overdue by now, and others that will be in years."""


def produce(kafka: Kafka, bodies: Iterable[bytes]) -> None:
    kafka.produce(*(Record(body, partition=n % 16) for n, body in enumerate(bodies)))


def settled(kafka: Kafka, store: Place) -> bool:
    """All was taken, all that is due done, and all sent."""
    ends = asyncio.run(topics.ends(kafka.bootstrap))
    now = time.time_ns() // 1000
    return (
        all(offsets(store).get(part, 0) >= end for part, end in ends.items())
        and not select(store, "SELECT stream FROM work")
        and not select(store, "SELECT stream FROM timers WHERE due <= ?", now)
        and relayed(store) == last(store) == max(sent(kafka), default=0)
    )


def sent(kafka: Kafka) -> list[int]:
    """Positions on the topic as they are, also such as were not committed; in order."""
    return sorted(msgspec.json.decode(one.value or b"")["position"] for one in events(kafka, committed=False))


def work(kafka: Kafka, store: Place, run: Run, bodies: Iterable[bytes]) -> None:
    """An engine takes facts until there is nothing left to be done."""
    worker = run(store)
    produce(kafka, bodies)
    until(lambda: settled(kafka, store))
    assert worker.stop() == 0


def lost(store: Place) -> dict[str, list[Any]]:
    """All that a store holds, but for when the engine looked last."""
    found = everything(store)
    del found["clock"]
    found["held"] = [[*row[:5], row[6]] for row in found["held"]]
    return found


def lived(kafka: Kafka, stores: Stores, run: Run) -> tuple[Place, Place, list[bytes]]:
    """A store, its backup, and facts that nobody has taken yet."""
    store, cli = stores / "store.db", Cli(stores.folder)
    with engine(store, terms=TERMS):
        pass
    bodies = workload.mixed(5, 60)
    third = len(bodies) // 3
    work(kafka, store, run, bodies[:third])
    backup = stores.copy(store, "backup.db")
    named = ("--store", url_of(store))
    terms = stores.folder / "terms.toml"
    terms.write_text(TERMS.replace("2020-01-01", "2021-01-01"))
    cli.json("agreements", "apply", str(terms), *named)
    first = next(event.stream for event in log(store) if event.type == "complaint.filed")
    assert cli("close", first.partition(":")[2], "--by", "desk", *named).exit in {0, 3}
    work(kafka, store, run, bodies[third : 2 * third])
    return store, backup, bodies[2 * third :]


def test_what_was_lost_is_read_back_and_the_store_goes_on_behind_it(kafka: Kafka, stores: Stores, run: Run) -> None:
    store, restored, more = lived(kafka, stores, run)
    views = stores.folder / "views.db"
    project(kafka, views)
    had = lost(store)
    before = last(restored)
    assert 0 < before < last(store) - 100

    worker = run(restored)
    said = worker.says("the store is behind what was sent: it reads back")
    assert (said["store_at"], said["topic_at"]) == (before, last(store))
    until(lambda: settled(kafka, restored))
    assert worker.stop() == 0

    assert lost(restored) == had
    assert verify(url_of(restored)).problem is None
    assert sent(kafka) == list(range(1, last(store) + 1))

    work(kafka, restored, run, more)
    check_sound(restored)
    assert last(restored) > last(store)
    assert lost(restored)["events"][: last(store)] == had["events"]
    assert sent(kafka) == list(range(1, last(restored) + 1))
    project(kafka, views)
    assert not tables(views)["parked"]
    if isinstance(restored, Path):
        assert tables(views) == from_store(restored, stores.folder / "wanted.db")
