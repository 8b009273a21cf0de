"""Random histories of one service and up to three complaints about it, for tests that compare readings.

Times lie on a coarse grid, so that equal instants, ties on source and id, and silences that last exactly to a fact
come up often. Every fact's time is at or before the moment at which it arrives; every since is at or before its time.

    python -m tests.property.histories 2000     # how often what came up
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from .histories_grid import Entry, moment
from .histories_writer import AGAIN, BAG, Writer, terms
from .reading import Order, Terms, World

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class History:
    agreements: dict[str, Terms]
    arrivals: list[tuple[dict[str, Any], datetime]]
    end: datetime  # advance to here after the last arrival
    orders: tuple[Order, ...] = ()  # in order of their moments

    def world(self) -> World:
        world = World(self.agreements)
        for now, batch in batches(self):
            if isinstance(batch, Order):
                world.order(batch)
            else:
                for fact in batch:
                    world.arrive(fact, now)
        world.advance(self.end)
        return world


Batch = list[dict[str, Any]] | Order


def batches(told: History, *, batched: bool = True) -> Iterator[tuple[datetime, Batch]]:
    """What arrived together, with when: one by one, or all that arrived at one moment; and the orders in between."""
    orders = list(told.orders)
    for now, group in itertools.groupby(told.arrivals, key=lambda arrival: arrival[1]):
        while orders and (orders[0].now < now or (orders[0].now == now and not orders[0].behind)):
            yield orders[0].now, orders.pop(0)
        facts = [fact for fact, _ in group]
        yield from [(now, facts)] if batched else [(now, [fact]) for fact in facts]
    yield from ((order.now, order) for order in orders)


def build(
    r: Random,
    terms: Callable[[Writer], Terms] = terms,
    bag: Sequence[Callable[[Writer], None]] = BAG,
    *,
    patient: bool = False,
) -> History:
    """`terms` draws the terms of an agreement, `bag` is what may happen, `patient` whether requests may stand."""
    w = Writer(r, patient=patient)
    w.agreements = {name: terms(w) for name in ("standard", "home", "firm")}
    w.numbers = list(range(60))
    r.shuffle(w.numbers)
    size = r.randint(5, 40)
    if w.often(30):
        w.down()
        w.step()
    if w.often(20):
        w.falling_story()
    else:
        w.file()
    while len(w.entries) < size:
        w.step()
        w.pick(bag)(w)
    return History(w.agreements, *arrange(w, w.entries[:40]))


def arrange(w: Writer, entries: list[Entry]) -> tuple[list[tuple[dict[str, Any], datetime]], datetime]:
    """As written, mostly as written with some late, or thoroughly mixed up; some come twice, some again but changed."""
    manner, tardy, last = w.r.randrange(10), w.pick((5, 10, 20, 30)), max(e.slot + e.late for e in entries)
    coming: list[tuple[int, int, dict[str, Any]]] = []
    for i, entry in enumerate(entries):
        tie = i if w.often(70) else w.r.randrange(len(entries))
        at = entry.slot + entry.late
        if manner in (8, 9):
            at, tie = w.r.randint(entry.slot, last + 2) if manner == 8 else last, w.r.randrange(1000)
        elif manner > 1 and w.often(tardy):
            at += w.r.randint(1, 6)
        fact = entry.fact()
        coming.append((at, tie, fact))
        if w.often(6):
            coming.append((at + w.r.randrange(4), tie + 1, fact))
        elif w.often(1):
            coming.append((at + w.r.randrange(4), tie + 1, {**fact, "type": "complaint.wait_ended", "data": {}}))
    coming.sort(key=lambda c: c[:2])
    for i, (at, tie, fact) in enumerate(coming):  # a second filing does not come first
        rest = [j for j in range(i, len(coming)) if files(coming[j][2], fact["subject"])]
        if fact["data"].get("summary") == AGAIN and rest and not any(files(c[2], fact["subject"]) for c in coming[:i]):
            later = coming[rest[0]]
            coming[i], coming[rest[0]] = (at, tie, later[2]), (*later[:2], fact)
    end = coming[-1][0] + w.pick((0, 0, 1, 5))
    return [(fact, moment(at)) for at, _, fact in coming], moment(end)


def files(fact: dict[str, Any], complaint: str) -> bool:
    return bool(fact["type"] == "complaint.filed" and fact["subject"] == complaint and fact["data"]["summary"] != AGAIN)


def history(seed: int) -> History:
    return build(Random(seed))


def histories() -> SearchStrategy[History]:
    """The same for hypothesis, which then chooses (and shrinks) every choice made here."""
    from hypothesis import strategies as st  # noqa: PLC0415  # so that counting needs no hypothesis

    return st.randoms(use_true_random=False).map(build)


def smaller(found: History, fails: Callable[[History], bool]) -> History:
    """Takes away arrivals as long as it still fails: what is left is what to read."""
    tried = True
    while tried:
        tried = False
        for i in reversed(range(len(found.orders))):
            without = replace(found, orders=found.orders[:i] + found.orders[i + 1 :])
            if fails(without):
                found, tried = without, True
        for i in reversed(range(len(found.arrivals))):
            less = replace(found, arrivals=found.arrivals[:i] + found.arrivals[i + 1 :])
            if less.arrivals and fails(less):
                found, tried = less, True
    return found


def main(count: int) -> None:
    came: Counter[str] = Counter()
    facts, began = 0, time.perf_counter()
    for seed in range(count):
        told = history(seed)
        world = told.world()
        facts += len(told.arrivals)
        came.update({name for name, n in world.seen.items() if n and not name.startswith("odd: ")})
        came.update({f"odd: {name}" for name in world.odd()})
        shown = [world.complaint(c) for c in world.events]
        came["no complaint"] += not shown
        came["still held at the end"] += bool(world.held)
        came["a void claim"] += any(c["false_restorations"] for c in shown)
        came["a restated outage"] += any(o["restated"] for c in shown for o in c["outages"])
        came["hidden downtime"] += any(c["downtime"]["hidden"] for c in shown)
        came["two complaints or more"] += len(shown) > 1
    spent = time.perf_counter() - began
    print(f"{count} histories, {facts / count:.1f} arrivals each, {spent / count * 1000:.1f} ms each")
    for name, n in sorted(came.items()):
        print(f"{n / count:7.1%}  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
