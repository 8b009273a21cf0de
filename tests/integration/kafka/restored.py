"""A store of which everything was sent, its backup, and what has to be the same again (test_restored.py)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from contracts.agreements import parse
from engine.intake import Engine
from engine.recovering import opened
from engine.verify import verify
from ops import topics
from tests.integration import workload
from tests.integration.engines import Machine, engine
from tests.integration.facts import STANDARD, check_sound, everything
from tests.integration.kafka.test_views import recorded, send
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
BODIES = workload.mixed(5, 60)
SIZE = 400
"""Events of a page, where there are to be many pages."""


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
        and relayed(store) == last(store) == max(told(kafka), default=0)
    )


def told(kafka: Kafka) -> list[int]:
    """Positions on the topic as they are, also such as were not committed; in order."""
    return sorted(msgspec.json.decode(one.value or b"")["position"] for one in events(kafka, committed=False))


def work(kafka: Kafka, store: Place, run: Run, bodies: Iterable[bytes]) -> None:
    """An engine takes facts until there is nothing left to be done."""
    worker = run(store)
    produce(kafka, bodies)
    until(lambda: settled(kafka, store))
    assert worker.stop() == 0


def content(store: Place) -> dict[str, list[Any]]:
    """All that a store holds, but for when the engine looked last and how it was fed."""
    found = everything(store)
    del found["clock"], found["intake"]
    found["held"] = [(*row[:5], row[6]) for row in found["held"]]
    return found


def lived(stores: Stores, kafka: Kafka) -> tuple[Place, Place]:
    """A store of which everything was sent, and its backup."""
    store, clock = stores / "store.db", Machine()
    third = len(BODIES) // 3
    with engine(store, terms=TERMS, clock=clock) as taking:
        lives(taking, clock, BODIES[:third])
    backup = stores.copy(store, "backup.db")
    with engine(store, terms="", clock=clock) as taking:
        lives(taking, clock, BODIES[third:])
        taking.publish(parse(TERMS.replace("2020-01-01", "2021-01-01")))
        taking.settle()
    send(kafka, recorded(store))
    assert last(backup) + 1_000 < last(store)
    return store, backup


def lives(taking: Engine, clock: Machine, bodies: list[bytes]) -> None:
    """Time goes by between batches."""
    for n in range(0, len(bodies), 20):
        taking.take(bodies[n : n + 20])
        taking.settle()
        clock.minute += 1


def recover(kafka: Kafka, store: Place) -> None:
    opened(url_of(store), kafka.bootstrap, lambda: False).close()


def settle(store: Place) -> None:
    with engine(store, terms="") as taking:
        taking.settle()


def check_same(restored: Place, store: Place) -> None:
    """Nothing is missing, but for what comes again from elsewhere: facts that wait, dead letters."""
    check_sound(restored)
    assert verify(url_of(restored)).problem is None
    assert relayed(restored) == last(store)
    settle(restored)
    found, wanted = content(restored), content(store)
    assert {name: found[name] for name in COMES_BACK} == {name: wanted[name] for name in COMES_BACK}


COMES_BACK = ("events", "facts", "timers", "work", "owned", "staged")


def position_of(message: Record) -> int:
    return int(msgspec.json.decode(message.value or b"")["position"])
