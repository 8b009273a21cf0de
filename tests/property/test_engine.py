"""The engine against the second reading and against itself: cold and warm, one by one and at once, then and now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.moments import SECOND, micros
from contracts.recorded import Recorded
from engine.reading import Reader, UnknownError
from engine.verify import verify

from .comparing import Bench, against, compare, unfolded
from .folds import SMALL, checkpoints
from .histories import History, histories, history
from .reading import World

MANY = settings(deadline=None, suppress_health_check=list(HealthCheck))
SEEDS = range(1_000, 1_400)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """An engine that keeps one stream in memory, so that it reads every other one anew each time."""
    made = Bench(tmp_path_factory.mktemp("cold"), cached=1)
    yield made
    made.close()


# ---- against the second reading


@given(told=histories(), small=st.booleans(), batched=st.booleans())
@settings(MANY, max_examples=200)
def test_any_history_that_hypothesis_finds_is_read_as_the_second_reading_does(
    bench: Bench, told: History, small: bool, batched: bool
) -> None:
    with checkpoints(*(SMALL[1] if small else (64, 4, 8))):
        assert compare(bench, told, batched=batched) == []
        assert unfolded(bench) == []


def test_many_histories_are_read_as_the_second_reading_does_and_are_worth_it(bench: Bench) -> None:
    came: Counter[str] = Counter()
    for seed in SEEDS:
        told = history(seed)
        with checkpoints(*(SMALL[seed // 2 % len(SMALL)] if seed % 2 else (64, 4, 8))):
            dead = bench.run(told, batched=seed % 3 == 0)
            world = told.world()
            assert against(bench, world, dead) == [], seed
            assert unfolded(bench) == [], seed
        came.update({name for name, times in world.seen.items() if times})
    least = {"silence": 100, "false closing": 80, "cascade": 8, "late": 300, "correction": 100, "correction dead": 30}
    least |= {"refusal": 200, "closed": 200, "reopened": 40, "withdrawn": 20}
    assert {name: came[name] for name, n in least.items() if came[name] < n} == {}


def test_with_the_clock_of_the_facts_and_all_in_one_batch_it_is_the_same(bench: Bench) -> None:
    for seed in SEEDS[:100]:
        told = history(seed)
        bench.begin(told.agreements)
        dead = bench.take([fact for fact, _ in told.arrivals], told.end, mode="event")
        world, now = World(told.agreements), datetime.fromisoformat(told.arrivals[0][0]["time"])
        for fact, _ in told.arrivals:
            now = max(now, datetime.fromisoformat(fact["time"]))
            world.arrive(fact, now)
        bench.now = micros(now)
        assert against(bench, world, dead) == [], seed


# ---- against itself


def event_by_event(bench: Bench, told: History, *, batched: bool = False) -> list[Recorded]:
    bench.run(told, batched=batched, watched=True)
    return bench.events()


def test_an_engine_that_keeps_one_stream_in_memory_records_event_by_event_the_same(bench: Bench, cold: Bench) -> None:
    for seed in SEEDS[:80]:
        told = history(seed)
        with checkpoints(*SMALL[seed % len(SMALL)]):
            assert event_by_event(cold, told) == event_by_event(bench, told), seed


def test_what_arrives_at_one_moment_may_be_taken_at_once(bench: Bench, cold: Bench) -> None:
    for seed in SEEDS[80:160]:
        told = history(seed)
        one_by_one = event_by_event(bench, told)
        assert event_by_event(bench, told, batched=True) == one_by_one, seed
        assert event_by_event(cold, told, batched=True) == one_by_one, seed


def test_a_store_read_anew_holds_what_was_recorded_and_a_fold_from_nothing_adds_nothing(bench: Bench) -> None:
    for seed in SEEDS[160:240]:
        with checkpoints(*SMALL[seed % len(SMALL)]):
            bench.run(history(seed))
            warm, events = bench.concluded(), bench.events()
            bench.engine._forget()
            assert bench.concluded() == warm, seed
            assert unfolded(bench) == [], seed
            bench.engine.tick()
            assert bench.events() == events, seed


def test_every_store_is_whole(bench: Bench) -> None:
    for seed in SEEDS[240:280]:
        bench.run(history(seed))
        verified = verify(bench.url)
        assert verified.problem is None, (seed, verified)
        assert verified.positions == len(bench.events())


# ---- as it was known then


def known(url: str, moments: list[tuple[int, int]], names: list[str]) -> list[dict[str, Any] | None]:
    """What `show` says of each complaint at each moment, as known at another; None where there was none."""
    shown: list[dict[str, Any] | None] = []
    reader = Reader(url)
    try:
        for at, known_at in moments:
            for name in names:
                try:
                    shown.append(reader.show(name, at=at, known_at=known_at))
                except UnknownError:
                    shown.append(None)
    finally:
        reader.close()
    return shown


def test_as_known_then_is_what_a_store_shows_that_took_in_no_more(bench: Bench) -> None:
    names, some, none = ["C-1", "C-2", "C-3"], 0, 0
    for seed in SEEDS[280:340]:
        told, r = history(seed), Random(seed)
        until = told.arrivals[r.randrange(len(told.arrivals))][1]
        then = micros(until) + r.choice((0, 0, 1, 600 * SECOND))
        moments = [(then, then), (then - r.randrange(20) * 1800 * SECOND, then), (micros(told.end) + SECOND, then)]
        bench.run(told)
        later = known(bench.url, moments, names)
        bench.run(History(told.agreements, [a for a in told.arrivals if a[1] <= until], until))
        assert known(bench.url, moments, names) == later, seed
        some += sum(shown is not None for shown in later)
        none += sum(shown is None for shown in later)
    assert some > 100
    assert none > 50


def test_nothing_that_was_known_then_is_ever_changed(bench: Bench) -> None:
    """What `show` says as known at a moment is said for good, whatever arrives later."""
    for seed in SEEDS[340:360]:
        told = history(seed)
        seen: dict[int, list[dict[str, Any] | None]] = {}
        moments = sorted({micros(now) for _, now in told.arrivals})

        def remember(seen: dict[int, list[dict[str, Any] | None]] = seen) -> None:
            seen[bench.now] = known(bench.url, [(bench.now, bench.now)], ["C-1", "C-2"])

        bench.run(told, after=remember)
        for moment in moments:
            assert known(bench.url, [(moment, moment)], ["C-1", "C-2"]) == seen[moment], seed
