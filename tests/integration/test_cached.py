"""What is kept in memory bounds memory and nothing else: whoever forgets everything records the same."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from engine.intake import Engine
from tests.integration import workload
from tests.integration.engines import Machine, engine
from tests.integration.facts import check_sound, everything, fact, filed, log, us
from tests.integration.stores import Place, Stores


def live(path: Place, bodies: list[bytes], cached: int, *, mode: str = "wall", seed: int = 1) -> Engine:
    """Takes all in, in batches of a few, while the machine's clock goes on; silences are looked after in between."""
    random, machine = Random(seed), Machine(90 * 24 * 60)
    with engine(path, clock=machine, cached=cached) as taking:
        start = 0
        while start < len(bodies):
            size = random.choice((1, 2, 5, 30))
            taking.take(bodies[start : start + size], mode=mode)
            start += size
            machine.minute += random.choice((0, 1, 60, 700))
            if random.random() < 0.2:
                taking.tick()
        kept: Engine = taking
    return kept


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("mode", ["wall", "event"])
def test_an_engine_that_keeps_three_streams_records_what_one_that_keeps_all_does(
    stores: Stores, mode: str, seed: int
) -> None:
    facts = workload.arrivals(seed, workload.lives(seed, 40, days=7), late=30)
    few = live(stores / "few.db", facts, 3, mode=mode)
    all_ = live(stores / "all.db", facts, 10_000, mode=mode)
    assert few.loads > 3 * all_.loads
    assert len(few._cache._states) <= 3
    events = check_sound(stores / "few.db")
    assert len({event.stream for event in events}) > 50
    assert everything(stores / "few.db") == everything(stores / "all.db")
    kinds = Counter(event.type for event in events)
    assert kinds["complaint.closed"] > 5
    assert kinds["outage.restated"] > 5
    assert kinds["outage.ended"] > 20


def test_an_engine_started_anew_for_every_fact_records_what_one_that_goes_on_does(stores: Stores) -> None:
    facts = workload.arrivals(7, workload.lives(7, 12), late=30)
    machine = Machine(90 * 24 * 60)
    with engine(stores / "on.db", clock=machine) as on:
        for n, body in enumerate(facts):
            machine.minute = 90 * 24 * 60 + n
            on.take([body])
    for n, body in enumerate(facts):
        machine.minute = 90 * 24 * 60 + n
        with engine(stores / "anew.db", clock=machine) as anew:
            anew.take([body])
    assert everything(stores / "anew.db") == everything(stores / "on.db")


def test_a_fact_that_moves_one_clock_while_others_are_due_is_followed_in_the_order_of_all(stores: Stores) -> None:
    terms = "effective = 2020-01-01\n[agreement.standard]\n" + "".join(
        f'[[agreement.standard.clock]]\nname = "{name}"\ntarget = "PT60M"\ncalendar = "always"\n'
        f'starts = "filed"\nstops = "{stops}"\nwarn = [0.5]\n'
        for name, stops in (("a", "closed"), ("b", "acknowledged"), ("c", "closed"))
    )
    first = filed("f", "C1", 0)
    then = fact("k", "complaint.acknowledged", "C1", 70, by="desk")
    machine = Machine(1)
    with engine(stores / "on.db", terms=terms, clock=machine) as on:
        with engine(stores / "anew.db", terms=terms, clock=machine) as anew:
            on.take([first])
            anew.take([first])
        machine.minute = 100
        with engine(stores / "anew.db", terms=terms, clock=machine) as anew:
            on.take([then])
            anew.take([then])
    assert everything(stores / "on.db") == everything(stores / "anew.db")
    assert [e.data["row"]["clock"] for e in log(stores / "on.db") if e.type == "clock.breached"] == ["a", "b", "c"]


def test_two_engines_that_take_turns_record_what_one_does(stores: Stores) -> None:
    facts, random = workload.arrivals(8, workload.lives(8, 25), late=30), Random(8)
    machine = Machine(90 * 24 * 60)
    with (
        engine(stores / "one.db", clock=machine) as one,
        engine(stores / "two.db", clock=machine) as first,
        engine(stores / "two.db", clock=machine, cached=20) as second,
    ):
        while facts:
            machine.minute += random.choice((0, 1, 300))
            size = random.choice((1, 3, 10))
            one.take(facts[:size])
            random.choice((first, second)).take(facts[:size])
            facts = facts[size:]
            machine.minute += random.choice((0, 2000))
            one.tick()
            random.choice((first, second)).tick()
    check_sound(stores / "two.db")
    assert everything(stores / "two.db") == everything(stores / "one.db")


@pytest.mark.parametrize("late", [0, 5, 40])
def test_a_service_with_three_hundred_flaps_is_the_same_from_memory_and_from_the_store(
    stores: Stores, late: int
) -> None:
    flaps = workload.flapping("S1", 300)
    others = workload.lives(2, 15, days=2)  # S1 is one of their services too
    random = Random(late)
    facts = workload.arrivals(
        3, sorted(flaps + others, key=lambda _: random.random()) if late > 30 else flaps + others, late=late
    )
    few = live(stores / "few.db", facts, 3)
    live(stores / "all.db", facts, 10_000)
    assert few.loads > 50
    assert everything(stores / "few.db") == everything(stores / "all.db")
    check_sound(stores / "few.db")


def test_one_batch_or_a_batch_for_each_fact_the_history_is_the_same(stores: Stores) -> None:
    facts = workload.arrivals(9, workload.lives(9, 30), late=30)
    with engine(stores / "one.db") as one, engine(stores / "each.db", cached=5) as each:
        one.take(facts)
        for body in facts:
            each.take([body])
    assert everything(stores / "one.db") == everything(stores / "each.db")
    assert check_sound(stores / "one.db")[-1].recorded_at == us(100 * 24 * 60)


def test_what_another_process_has_recorded_is_found_by_its_positions_however_large_the_store(stores: Stores) -> None:
    path = stores / "a.db"
    asked: list[str] = []
    with engine(path) as one, engine(path) as other:
        one.take(workload.lives(3, 5)[:20])
        other.take(workload.lives(4, 5)[:20])
        if hasattr(one._store, "connection") and hasattr(one._store.connection, "set_trace_callback"):
            one._store.connection.set_trace_callback(asked.append)
        one.take([])
        if not asked:
            return  # a database plans by statistics, and says so to nobody here
        one._store.connection.set_trace_callback(None)
        plans = [one._store.connection.execute(f"EXPLAIN QUERY PLAN {s}").fetchall() for s in asked if "SELECT" in s]
    steps = [step[3] for plan in plans for step in map(tuple, plan)]
    assert not [step for step in steps if step.startswith("SCAN stored_events")]
