"""Whatever the order of arrival, the same facts end in the same outages (the domain page, section 4).

That is: with the same closings, the same of them proved false, and the same reopenings and withdrawals.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .comparing import Bench
from .folds import SMALL, Concluded, checkpoints
from .histories import History, histories, history
from .orders import LIFE, Decisions, arranged, decisions, facts_of, jostled

SEEDS = range(2_000, 2_200)
SERVICES = ("line-1", "line-2")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


def ends(bench: Bench, told: History) -> tuple[Decisions, list[Concluded]]:
    bench.run(told, batched=True)
    return decisions(bench.events()), [bench.concluded(service) for service in SERVICES]


def test_without_closings_reopenings_and_withdrawals_any_order_ends_in_the_same_outages_and_claims(
    bench: Bench,
) -> None:
    outages = 0
    for seed in SEEDS:
        told, r = history(seed), Random(seed)
        facts = facts_of(told, without=LIFE)
        with checkpoints(*SMALL[seed % len(SMALL)]):
            decided, lived = ends(bench, History(told.agreements, [(fact, told.end) for fact in facts], told.end))
            for _ in range(2):
                other, shuffled = ends(bench, arranged(told, facts, r))
                assert other.facts == decided.facts, seed
                assert shuffled == lived, seed
        outages += len(lived[0].outages)
    assert outages > len(SEEDS)


@given(told=histories(), r=st.randoms(use_true_random=True))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nor_does_hypothesis_find_an_order_that_ends_otherwise(bench: Bench, told: History, r: Random) -> None:
    facts = facts_of(told, without=LIFE)
    assert ends(bench, arranged(told, facts, r)) == ends(bench, arranged(told, facts, r))


def test_with_the_same_closings_false_ones_reopenings_and_withdrawals_any_order_ends_in_the_same_outages(
    bench: Bench,
) -> None:
    same = closings = false = 0
    for seed in SEEDS:
        told, r = history(seed), Random(seed)
        (one, lived), (two, shuffled) = (ends(bench, jostled(told, r)) for _ in range(2))
        if one.as_sets == two.as_sets:
            assert shuffled == lived, seed
            same += 1
            closings += any(decided[0] == "closed" for decided in one.granted)
            false += bool(one.false)
    assert same > len(SEEDS) // 4
    assert closings > len(SEEDS) // 4
    assert false > len(SEEDS) // 20


def test_nor_when_they_are_thoroughly_shuffled(bench: Bench) -> None:
    same = 0
    for seed in SEEDS:
        told, r = history(seed), Random(seed)
        facts = facts_of(told)
        (one, lived), (two, shuffled) = (ends(bench, arranged(told, facts, r)) for _ in range(2))
        if one.as_sets == two.as_sets and one.granted:
            assert shuffled == lived, seed
            same += 1
    assert same > len(SEEDS) // 20


def test_what_is_said_twice_is_said_once(bench: Bench) -> None:
    for seed in SEEDS[:60]:
        told = history(seed)
        bench.run(told)
        once = bench.events()
        bench.run(History(told.agreements, [a for a in told.arrivals for _ in range(2)], told.end))
        assert bench.events() == once, seed
