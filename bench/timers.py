"""Timers: a hundred thousand of them armed, disarmed and fired, against the same facts under terms without clocks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from typing import Any

import orjson

from contracts.agreements import parse
from contracts.moments import rfc3339
from engine.intake import Engine

START = 1_700_000_000_000_000
MINUTE = 60_000_000
SIZE = 500
BARE = "effective = 2020-01-01\n[agreement.standard]\n"
CLOCKED = f"""{BARE}
[[agreement.standard.clock]]
name = "acknowledge"
target = "PT1H"
calendar = "always"
starts = "filed"
stops = "acknowledged"
"""


def main(count: int = 100_000) -> None:
    """Files `count` complaints and acknowledges them; with a clock each arms a timer, and each takes it away again."""
    with tempfile.TemporaryDirectory() as folder:
        bare = _lived(f"sqlite:///{folder}/bare.db", BARE, count, fires=False)
        stopped = _lived(f"sqlite:///{folder}/stopped.db", CLOCKED, count, fires=False)
        fired = _lived(f"sqlite:///{folder}/fired.db", CLOCKED, count, fires=True)
    print(f"timers: {count:,} of them, one for each complaint, in batches of {SIZE}")
    print(
        f"  arming     {count / stopped[0]:8,.0f} a second; a filing costs {stopped[0] / bare[0]:4.2f} of one without"
    )
    print(
        f"  disarming  {count / stopped[1]:8,.0f} a second; an answer costs {stopped[1] / bare[1]:4.2f} of one without"
    )
    print(
        f"  firing     {count / fired[1]:8,.0f} a second; a breach costs {fired[1] / bare[1]:4.2f} of an answer without"
    )


def _lived(url: str, terms: str, count: int, *, fires: bool) -> tuple[float, float]:
    """Seconds for filing, and for acknowledging in time, or for breaching all that is not."""
    now = START
    engine = Engine(url, clock=lambda: now)
    engine.publish(parse(terms))
    filed = {"customer": "shop", "channel": "web", "summary": "it is dead"}
    filing = _take(engine, _facts("complaint.filed", count, filed))
    now += MINUTE if not fires else 120 * MINUTE
    if not fires:
        after = _take(engine, _facts("complaint.acknowledged", count, {"by": "ann"}))
    else:
        began = time.perf_counter()
        breaches = engine.settle().decisions
        after = time.perf_counter() - began
        if breaches != count:
            raise AssertionError(breaches)
    engine.close()
    return filing, after


def _facts(kind: str, count: int, data: dict[str, Any]) -> Iterator[bytes]:
    envelope = {"specversion": "1.0", "source": "/t", "type": kind, "time": rfc3339(START), "data": data}
    return (orjson.dumps({**envelope, "id": f"{kind}-{n}", "subject": f"C-{n:06d}"}) for n in range(count))


def _take(engine: Engine, facts: Iterator[bytes]) -> float:
    batch: list[bytes] = []
    spent = 0.0
    for body in facts:
        batch.append(body)
        if len(batch) == SIZE:
            began = time.perf_counter()
            engine.take(batch)
            spent += time.perf_counter() - began
            batch = []
    began = time.perf_counter()
    engine.take(batch)
    return spent + time.perf_counter() - began
