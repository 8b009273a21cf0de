"""What each process does where several work on one store at once; the tests are in test_race.py."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Any

from contracts.agreements import parse
from contracts.errors import StilldownError
from engine.intake import Engine
from engine.reading import Reader
from engine.taken import Outcome
from tests.integration.facts import STANDARD

_LARGEST = 20
"""Facts in a batch."""
JITTERS = (0, 0.0004, 0.002, 0.006)
"""Seconds. Without any, whoever has the lock first wins; with more, either may be long done."""


def race(barrier: Barrier, url: str, side: str, seed: int, rounds: int) -> None:
    """One side of all rounds: `close` asks to close, `down` says that the service is down, at the same moment.

    In every round one of the two files the complaint, and the other says a word about the service: so both have the
    service in memory, and one of them as it was before the other's last word.
    """
    engine = Engine(url)
    shared, own = Random(seed), Random(f"{seed} {side}")
    for n in range(rounds):
        moment = datetime.now(UTC) - timedelta(milliseconds=5)
        same, kind, jitter = shared.random() < 0.1, shared.choice(("before", "now", "around")), shared.choice(JITTERS)
        if (n % 2 == 0) == (side == "close"):
            _take(engine, filing(n, moment))
            barrier.wait(60)
        else:
            barrier.wait(60)
            _take(engine, word(n, "service.up", "seen", moment, evidence="customer"))
        barrier.wait(60)
        _pause(own.uniform(0, jitter))
        said = datetime.now(UTC)
        if same:  # of the very same instant
            said = datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=n)
        if side == "close":
            _take(engine, message(n, "complaint.close_requested", "close", said, by="desk"))
        elif same or kind == "now":
            _take(engine, word(n, "service.down", "down", said, evidence="telemetry"))
        else:
            back = timedelta(hours=1) if kind == "before" else timedelta(seconds=own.uniform(0, 2 * jitter))
            since = (said - back).isoformat()
            _take(
                engine,
                word(n, "service.down", "down", said, evidence=own.choice(("telemetry", "customer")), since=since),
            )
        barrier.wait(60)
    engine.close()


def filing(n: int, moment: datetime) -> bytes:
    how = {"customer": "shop", "channel": "phone", "summary": "dead", "service": f"S{n}"}
    return message(n, "complaint.filed", "file", datetime(2024, 4, 1, tzinfo=UTC), **how)


def message(n: int, kind: str, name: str, moment: datetime, /, **data: Any) -> bytes:
    return _fact(f"C{n}", kind, f"{n}-{name}", moment, data)


def word(n: int, kind: str, name: str, moment: datetime, /, **data: Any) -> bytes:
    return _fact(f"S{n}", kind, f"{n}-{name}", moment, data)


def _fact(subject: str, kind: str, name: str, moment: datetime, data: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "source": "/race",
            "id": name,
            "type": kind,
            "subject": subject,
            "time": moment.isoformat(),
            "data": data,
        }
    ).encode()


def _take(engine: Engine, body: bytes) -> None:
    [result] = engine.take([body]).results
    if result.outcome is not Outcome.RECORDED:
        raise AssertionError(result)


def _pause(seconds: float) -> None:
    """Sleeping is too coarse here."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


# ---------------------------------------------------------------------- many at once


def work(barrier: Barrier, what: str, *arguments: Any) -> Any:
    """One of the following, by its name."""
    known: dict[str, Callable[..., Any]] = {"ingest": ingest, "look": look}
    return known[what](barrier, *arguments)


def ingest(barrier: Barrier, folder: str, url: str, bodies: list[bytes], seed: int) -> list[tuple[str, str]]:
    """Opens the store and takes all in at the same moment as the others; the facts that it recorded itself."""
    random = Random(seed)
    barrier.wait(60)
    engine = Engine(url)
    engine.publish(parse(STANDARD))
    recorded: list[tuple[str, str]] = []
    i = 0
    while i < len(bodies):
        size = random.randint(1, _LARGEST)
        taken = engine.take(bodies[i : i + size])
        results = taken.results + [result for _, result in taken.released]
        recorded += [r.ref for r in results if r.outcome is Outcome.RECORDED and r.ref is not None]
        i += size
        time.sleep(random.uniform(0, 0.005))  # who has the lock could have it again before others see that it was free
    engine.close()
    (Path(folder) / f"done-{seed}").touch()
    return recorded


def look(barrier: Barrier, folder: str, url: str, complaints: list[str], others: int) -> dict[str, int]:
    """Reads again and again what others are just writing, until they are done; how often it found what."""
    barrier.wait(60)
    found: Counter[str] = Counter()
    random = Random(0)
    now = time.time_ns() // 1000
    while len(list(Path(folder).glob("done-*"))) < others:
        try:
            reader = Reader(url)
        except StilldownError as error:  # until somebody has made it
            if "no store" not in str(error):
                raise
            found["not there"] += 1
            time.sleep(0.01)
            continue
        for complaint in random.sample(complaints, 20):
            try:
                shown = reader.show(complaint, at=now, known_at=now + 10**12)
            except StilldownError:
                found["unknown"] += 1
            else:
                found[shown["status"]] += 1
        reader.close()
        time.sleep(0.002)
    return dict(found)


def open_new(barrier: Barrier, urls: list[str], who: int) -> None:
    """In each round opens a store that nobody has opened before, with the others, and takes a fact in."""
    for url in urls:
        barrier.wait(60)
        engine = Engine(url)
        _take(engine, _fact(f"C{who}", "complaint.filed", f"{who}", datetime(2024, 4, 1, tzinfo=UTC), _FILED))
        engine.close()


def come_and_go(barrier: Barrier, url: str, who: int, rounds: int) -> None:
    """Opens and closes a store that others are writing to, as every command does."""
    barrier.wait(60)
    for n in range(rounds):
        engine = Engine(url)
        _take(engine, _fact(f"C{who}.{n}", "complaint.filed", f"{who}.{n}", datetime(2024, 4, 1, tzinfo=UTC), _FILED))
        engine.close()


_FILED = {"customer": "shop", "channel": "phone", "summary": "dead"}
