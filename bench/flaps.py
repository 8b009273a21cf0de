"""A service that flaps: what a fact costs after 10,000 of them against after 100, in time and in bytes."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from pathlib import Path

import orjson

from contracts.agreements import parse
from contracts.moments import rfc3339
from engine.intake import Engine

START = 1_700_000_000_000_000
MINUTE = 60_000_000
TERMS = 'effective = 2020-01-01\n[agreement.standard]\nrestoration = {{ accepts = [{0}], silence = "PT1H" }}\n'
SIZE = 100


def flaps(count: int, *, late: bool, seed: int = 1) -> list[bytes]:
    """Down, up, down, up … by telemetry, a minute apart; `late`: every hundredth comes at a random later place."""
    r = random.Random(seed)
    facts = []
    for n in range(count):
        word = "service.down" if n % 2 == 0 else "service.up"
        fact = {"specversion": "1.0", "id": f"f{n:06d}", "source": "/m", "type": word, "subject": "line-1"}
        facts.append({**fact, "time": rfc3339(START + n * MINUTE), "data": {"evidence": "telemetry"}})
    if late:
        places = [(float(n), fact) for n, fact in enumerate(facts)]
        for n in range(0, count, 100):
            places[n] = (r.uniform(n, count), facts[n])
        facts = [fact for _, fact in sorted(places, key=lambda place: place[0])]
    return [orjson.dumps(fact) for fact in facts]


def main() -> None:
    """Every way of flapping: with claims accepted at once, and with a customer who has to confirm."""
    print("flaps of one service, 10,000 against 100: cost of a fact (at most 2.00)")
    for accepts, name in (('"telemetry"', "claims accepted"), ("", "claims not accepted")):
        for late in (False, True):
            small = [_cost(100, accepts, late=late) for _ in range(20)]
            large = [_cost(10_000, accepts, late=late) for _ in range(2)]
            slow = min(t for t, _ in large) / sorted(t for t, _ in small)[len(small) // 2]
            wide = large[0][1] / small[0][1]
            order = "every hundredth late" if late else "in order"
            print(f"  {name}, {order:<22} time {slow:5.2f}   bytes {wide:5.2f}   ({large[0][0] * 1e6:.0f} µs a fact)")


def _cost(count: int, accepts: str, *, late: bool) -> tuple[float, float]:
    """Seconds and recorded bytes a fact."""
    filing = {
        "specversion": "1.0", "id": "filed", "source": "/m", "type": "complaint.filed", "subject": "C-1",
        "time": rfc3339(START - MINUTE),
        "data": {"customer": "shop", "channel": "web", "summary": "it flaps", "service": "line-1"},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        now = START + 1_000_000 * MINUTE
        engine = Engine(f"sqlite:///{folder}/flaps.db", clock=lambda: now)
        engine.publish(parse(TERMS.format(accepts)))
        engine.take([orjson.dumps(filing)])
        facts = flaps(count, late=late)
        began = time.perf_counter()
        for n in range(0, count, SIZE):
            engine.take(facts[n : n + SIZE])
        spent = time.perf_counter() - began
        engine.close()
        store = sqlite3.connect(Path(folder) / "flaps.db")
        size = store.execute("SELECT SUM(LENGTH(state)) FROM stored_events").fetchone()[0]
        store.close()
    return spent / count, size / count
