"""Random histories under agreements with clocks, credits and calendars: acknowledgements, answers, extensions, waits,
promises, absences, closings and reopenings beside the words about the service; in half of them, further versions of
the agreements, which complaints that run are given. They are written as if they began
hours before the clocks of Europe (and, at midnight, of Beirut) go forward, with deadlines that reach to when those of
Sydney, Lord Howe and Santiago go back; half of them are then moved to another time, some off the grid, and some to
where zones did odd things.

    python -m tests.property.histories_clocks 500     # what the clocks of so many came to
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from .histories import History, build
from .histories_elsewhere import elsewhere, moved
from .histories_grid import START, Slot
from .histories_terms import WAITS, clocked, renewing
from .histories_writer import ACTS, CODES, PEOPLE, Writer
from .reading import World
from .reading_rows import z

STARTS = (
    datetime(2024, 2, 27, 20, 0, tzinfo=UTC),  # a day that there is every four years
    datetime(2024, 9, 6, 20, 0, tzinfo=UTC),  # Santiago goes forward at midnight
    datetime(2025, 9, 26, 9, 0, tzinfo=UTC),  # Chatham at 2:45
    datetime(2025, 10, 4, 4, 0, tzinfo=UTC),  # Lord Howe by half an hour, Sydney by an hour
    datetime(2025, 10, 24, 22, 0, tzinfo=UTC),  # Europe back, Beirut at midnight, Troll by two hours
    datetime(2025, 11, 1, 12, 0, tzinfo=UTC),  # New York and, so that midnight comes twice, Havana
    datetime(2026, 12, 30, 20, 0, tzinfo=UTC),  # a year ends
)
OFF_GRID = timedelta(minutes=7, seconds=23, microseconds=123_457)


# ---- what may happen


def acknowledge(w: Writer) -> None:
    w.write("complaint.acknowledged", w.which(), by="ann", automatic=w.pick((None, None, True, False)))


def reply(w: Writer) -> None:
    """An answer; of its notice some are delivered, now, later, or before."""
    complaint, notice = w.which(), w.pick((None, "a1", "a2", "a3"))
    if notice and w.often(10):
        w.write("notice.delivered", complaint, notice=notice, proof="250")
    w.write("complaint.replied", complaint, by="ann", decision=w.pick(("upheld", "rejected")), notice=notice)
    if notice and w.often(70):
        w.write("notice.sent", complaint, notice=notice, channel="mail", about="reply")
        w.now += w.pick((0, 0, 1, 4))
        if w.often(70):
            w.write("notice.delivered", complaint, notice=notice, proof="250")


def extend(w: Writer) -> None:
    complaint, notice = w.which(), f"e{w.r.randrange(3)}"
    sending = w.r.randrange(4)
    if sending < 2:
        w.write("notice.sent", complaint, notice=notice, channel="mail", about="extension")
        w.now += w.pick((0, 0, 1))
    until = Slot(w.now + w.pick((-1, 1, 4, 20, 60, 96, 150, 300, 300, 500)))
    w.write("complaint.extended", complaint, until=until, why="much to read", notice=notice)
    if sending == 2:
        w.now += w.pick((0, 1, 6))
        w.write("notice.sent", complaint, notice=notice, channel="mail", about="extension")


def wait(w: Writer) -> None:
    complaint, on = w.which(), w.pick((*WAITS, "customer"))
    notice = w.pick((None, "w1", "w2", "w3")) if on == "customer" else None
    if notice and w.often(30):
        w.write("notice.delivered", complaint, notice=notice, proof="250")
        w.now += w.pick((0, 1))
    w.write("complaint.wait_started", complaint, on=on, notice=notice)
    w.now += w.pick((0, 1, 2, 5))
    if notice and w.often(60):
        w.write("notice.delivered", complaint, notice=notice, proof="250", late=w.pick((0, 0, 3)))
        w.now += w.pick((0, 1, 2, 5))
    if w.often(60):
        w.now += w.pick((0, 1, 3, 20))
        w.write("complaint.wait_ended", complaint)


def promise(w: Writer) -> None:
    complaint, name = w.which(), f"p{len(w.entries)}"
    due = Slot(w.now + w.pick((0, 1, 2, 5, 20)))
    w.write("promise.made", complaint, promise=name, what="an answer", due=due, by="ann")
    w.now += w.pick((0, 1, 2, 5))
    if w.often(50):
        w.write(w.pick(("promise.kept", "promise.kept", "promise.released")), complaint, promise=name)


def absent(w: Writer) -> None:
    begin = w.now + w.pick((-5, -1, 0, 1, 4))
    deputies = (None, None, "ann", "bob", "cid", "cid")
    stretch: Any = {"from": Slot(begin), "until": Slot(begin + w.pick((1, 3, 10, 40, 200)))}
    w.write("person.absent", w.pick((*PEOPLE, *PEOPLE, "cid")), **stretch, deputy=w.pick(deputies))


def assign(w: Writer) -> None:
    w.write("complaint.assigned", w.which(), to=w.pick((*PEOPLE, "cid")), team=w.pick((None, "care")), by="ann")


def close_and_reopen(w: Writer) -> None:
    if not w.up:
        w.customer_up()
        w.now += w.pick((0, 0, 1))
    complaint = w.which()
    w.write("complaint.close_requested", complaint, by="ann", overrides=CODES, approved_by="boss")
    w.ended[complaint] = w.now
    w.now += w.pick((0, 1, 2, 8, 30))
    if w.often(20):
        w.pick((acknowledge, reply, wait))(w)
    if w.often(70):
        still = w.pick((True, None, None))
        if w.often(50):
            w.write("complaint.reopen_requested", complaint, by="shop", reason="again", still_down=still)
        else:
            w.write("resolution.rejected", complaint, by="shop", reason="again", still_down=still)
        w.ended.pop(complaint, None)
        w.up = w.up and not still


def stand(w: Writer) -> None:
    """A request that is refused and stands, until the customer is up and what is outstanding is done."""
    if not w.patient:
        return
    if w.up:
        w.down()
    complaint, order = w.which(), f"o{len(w.entries)}"
    outstanding, late = w.often(30), w.pick((0, 0, 0, 2, 5))
    if outstanding:
        w.write("part.ordered", complaint, order=order, part="psu")
    codes = None if outstanding else w.pick((CODES, CODES, None))
    approved = None if codes is None else "boss"
    w.write(
        "complaint.close_requested",
        complaint,
        late=late,
        by="ann",
        overrides=codes,
        approved_by=approved,
        when_confirmed=True,
    )
    w.now += w.pick((0, 1, 3))
    w.customer_up()
    if outstanding:
        w.now += w.pick((0, 1, 3))
        w.write("part.arrived", complaint, order=order, late=w.pick((0, 0, 2)))
    w.ended[complaint] = w.now


def pass_time(w: Writer) -> None:
    w.now += w.pick((3, 7, 12, 24, 48, 60))


CLOCK_ACTS: tuple[tuple[int, Callable[[Writer], None]], ...] = (
    (7, acknowledge),
    (8, reply),
    (12, extend),
    (16, wait),
    (6, promise),
    (8, stand),
    (12, close_and_reopen),
    (14, pass_time),
)
ABSENT_ACTS: tuple[tuple[int, Callable[[Writer], None]], ...] = ((12, absent), (16, assign))
_LESS: dict[Callable[[Writer], None], int] = {
    Writer.silent_story: 5,
    Writer.claim: 6,
    Writer.ask: 4,
    Writer.correct: 8,
    Writer.withdraw: 2,
}


def bag(*acts: tuple[tuple[int, Callable[[Writer], None]], ...]) -> list[Callable[[Writer], None]]:
    usual = tuple((_LESS.get(act, weight), act) for weight, act in ACTS)
    return [act for weight, act in sum(acts, usual) for _ in range(weight)]


CLOCK_BAG = bag(CLOCK_ACTS)
ABSENT_BAG = bag(CLOCK_ACTS, ABSENT_ACTS)


RENEWED = 0.5
"""How many of them have further versions of their agreements, which are applied."""


def clock_history(seed: int, *, absences: bool = False, patient: bool = False) -> History:
    """`absences`: people are away. `patient`: requests to close stand until nothing objects."""
    r = Random(seed)
    told = build(r, clocked, ABSENT_BAG if absences else CLOCK_BAG, patient=patient)
    renewal = Random(f"terms of {seed}")
    if renewal.random() < RENEWED:
        told = renewing(told, renewal)
    by = r.choice(STARTS) - START if r.random() < 0.5 else timedelta()
    by += r.choice((timedelta(), timedelta(), OFF_GRID))
    told = moved(told, lambda moment: moment + by, by.days)
    return elsewhere(told, r) if r.random() < 0.3 else told


def clocks_of(world: World) -> Counter[str]:
    """What the clocks of a history came to."""
    came: Counter[str] = Counter()
    for complaint in world.events:
        shown = world.complaint(complaint)
        longer = {z(f.moment("until")) for f in world.of(complaint, "complaint.extended")}
        for row in shown["clocks"]:
            came[f"clock, {row['state']}"] += 1
            came["clock, cycles"] += 1
            came["clock, a second cycle"] += row["cycle"] > 1
            came["clock, paused for a while"] += row["paused"] > 0
            came["clock, warned"] += bool(row["warned_at"])
            came["clock, no due moment"] += row["due_at"] is None
            came["clock, extended"] += row["due_at"] in longer
            came["applied, a cycle under new terms"] += (
                row["agreement_version"] > world.applied[complaint][0].version.number
            )
            came["applied, a cycle under earlier terms"] += row["agreement_version"] < shown["agreement_version"]
            came["applied, due at the application"] += row["due_at"] in [
                z(a.time) for a in world.applied[complaint][1:]
            ]
        came["applied, a complaint twice or more"] += len(world.applied[complaint]) > 2
        came["credit"] += len(shown["credits"])
        came["deemed upheld"] += shown["deemed_upheld_at"] is not None
        came["orphaned"] += shown["owner"]["orphaned"]
        came["promise, broken"] += sum(row["state"] == "broken" for row in shown["promises"])
        came["promise, late"] += sum(row["state"] == "late" for row in shown["promises"])
    came.update(world.seen)
    return came


def main(count: int) -> None:
    came: Counter[str] = Counter()
    began = time.perf_counter()
    for seed in range(count):
        came.update(clocks_of(clock_history(seed, absences=seed % 2 == 1, patient=seed % 3 == 1).world()))
    spent = time.perf_counter() - began
    print(f"{count} histories, {spent / count * 1000:.1f} ms each")
    for name, n in sorted(came.items()):
        print(f"{n:7,}  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
