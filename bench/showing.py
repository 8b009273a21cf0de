"""`show` of a complaint with a thousand events, once the program runs."""

from __future__ import annotations

import tempfile
import time

import orjson

from contracts.moments import rfc3339
from engine.intake import Engine
from engine.reading import Reader

START = 1_700_000_000_000_000
MINUTE = 60_000_000


def main(count: int = 1000) -> None:
    """Facts of one complaint until it has `count` events with its service's."""
    data = {"customer": "shop", "channel": "web", "summary": "it is dead", "service": "line-1", "down": True}
    kinds = [
        ("complaint.assigned", {"team": "north", "by": "ann"}),
        ("resolution.proposed", {"by": "ann", "summary": "try again"}),
        ("complaint.assigned", {"to": "bob", "by": "ann"}),
        ("complaint.contacted", {"by": "shop", "direction": "inbound"}),
        ("complaint.wait_started", {"on": "parts"}),
        ("resolution.rejected", {"by": "shop", "reason": "no", "still_down": True}),
        ("complaint.wait_ended", {}),
        ("complaint.close_requested", {"by": "ann"}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/show.db"
        engine = Engine(url, clock=lambda: START + 10**6 * MINUTE)
        facts = [("complaint.filed", data), *(kinds[n % len(kinds)] for n in range(count))]
        events = 0
        for n, (kind, said) in enumerate(facts):
            fact = {"specversion": "1.0", "id": f"f{n:05d}", "source": "/d", "type": kind, "subject": "C-1"}
            events += engine.take([orjson.dumps({**fact, "time": rfc3339(START + n * MINUTE), "data": said})]).events
            if events >= count:
                break
        engine.close()
        reader = Reader(url)
        clock = reader.clock().recorded_at
        times = []
        for _ in range(50):
            began = time.perf_counter()
            reader.show("C-1", at=clock, known_at=clock)
            times.append(time.perf_counter() - began)
        history = time.perf_counter()
        list(reader.history("C-1"))
        history = time.perf_counter() - history
        reader.close()
    times.sort()
    print(f"show of a complaint with {events} events: {times[len(times) // 2] * 1000:.1f} ms   (at most 10)")
    print(f"history of it: {history * 1000:.1f} ms")
