"""Whatever the order of arrival, the same facts end in the same clocks: those that do not stop at a closing
(the domain page, section 4), as shown and as recorded. That is: with the same closings, reopenings and withdrawals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from .comparing import Bench
from .endings import as_recorded, ending, shuffled
from .histories_clocks import clock_history
from .orders import LIFE, arranged, facts_of

SEEDS = range(2_400, 2_425)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


def test_without_closings_reopenings_and_withdrawals_any_order_ends_in_the_same_clocks(bench: Bench) -> None:
    breached = warned = restated = 0
    for seed in SEEDS:
        told, r = clock_history(seed, absences=seed % 3 == 0), Random(seed)
        facts = facts_of(told, without=LIFE)
        # Which version a complaint gets hangs on whether it was filed by then: orders are left out.
        told = replace(told, arrivals=[(fact, told.end) for fact in facts], orders=())
        at_once = ending(bench, told, closings=False)
        other = ending(bench, arranged(told, facts, r), batched=seed % 2 == 0, closings=False)
        assert other == at_once, seed
        rows = [row for complaint in at_once.kept.values() for row in complaint["shown"]]
        breached += sum(row["breached_at"] is not None for row in rows)
        warned += sum(bool(row["warned_at"]) for row in rows)
        restated += any(event.type == "clock.restated" for event in bench.events())
    assert min(breached, warned) > len(SEEDS)
    assert restated > len(SEEDS) // 4


def test_with_the_same_closings_reopenings_and_withdrawals_any_order_ends_in_the_same_clocks(bench: Bench) -> None:
    alike = 0
    for seed in SEEDS:
        told, r = clock_history(seed), Random(seed)
        same, found = shuffled(bench, told, r, thoroughly=seed % 4 == 0)
        assert found == [], seed
        alike += same
    assert alike > len(SEEDS) // 4


def test_what_is_recorded_of_clocks_and_credits_event_by_event_comes_to_what_is_shown(bench: Bench) -> None:
    for seed in SEEDS:
        bench.run(clock_history(seed, absences=seed % 2 == 0, patient=seed % 3 == 0), watched=seed % 4 == 0)
        assert as_recorded(bench) == [], seed


def test_facts_that_come_twice_move_no_clock(bench: Bench) -> None:
    for seed in SEEDS[:12]:
        told = clock_history(seed)
        bench.run(told)
        once = bench.events()
        bench.run(replace(told, arrivals=[a for a in told.arrivals for _ in range(2)]))
        assert bench.events() == once, seed
