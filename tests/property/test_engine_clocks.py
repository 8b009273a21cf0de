"""The engine against the second reading: clocks, credits, promises, absences, requests that stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.moments import SECOND, micros, rfc3339
from engine.reading import Reader
from tests.integration.stores import file_of

from . import comparing
from .comparing import Bench, against, compare, earlier
from .histories import History, batches, build
from .histories_clocks import CLOCK_BAG, clock_history
from .histories_terms import clocked, renewing
from .reading import Order, World

pytestmark = pytest.mark.skipif(not comparing.CLOCKS, reason="the engine has no clocks yet")
MANY = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("clocks"))
    yield made
    made.close()


def any_history(r: Random) -> History:
    return renewing(build(r, clocked, CLOCK_BAG), r)


@given(told=st.randoms(use_true_random=False).map(any_history), batched=st.booleans())
@settings(MANY, max_examples=60)
def test_any_history_that_hypothesis_finds_is_read_alike(bench: Bench, told: History, batched: bool) -> None:
    assert compare(bench, told, batched=batched) == []


def test_many_histories_with_clocks_are_read_alike(bench: Bench) -> None:
    for seed in range(2_000, 2_150):
        assert compare(bench, clock_history(seed), batched=seed % 3 == 0) == [], seed


def test_clocks_and_credits_as_they_were_are_read_alike(bench: Bench) -> None:
    for seed in range(2_150, 2_200):
        told, r = clock_history(seed), Random(seed)
        bench.run(told)
        world, first = told.world(), min(datetime.fromisoformat(f["time"]) for f, _ in told.arrivals).astimezone(UTC)
        for _ in range(5):
            at = first + timedelta(minutes=15 * r.randint(0, (told.end - first) // timedelta(minutes=15)))
            assert earlier(bench, world, at) == [], (seed, at)


def test_histories_with_absences_are_read_alike(bench: Bench) -> None:
    for seed in range(2_200, 2_260):
        assert compare(bench, clock_history(seed, absences=True), batched=seed % 3 == 0) == [], seed


def test_histories_in_which_requests_stand_are_read_alike(bench: Bench) -> None:
    for seed in range(2_260, 2_320):
        assert compare(bench, clock_history(seed, patient=True), batched=seed % 3 == 0) == [], seed


def test_with_the_clock_of_the_facts_clocks_are_read_alike(bench: Bench) -> None:
    for seed in range(2_320, 2_350):
        told = clock_history(seed, absences=seed % 3 == 0, patient=seed % 4 == 0)
        facts = sorted((f for f, _ in told.arrivals), key=lambda f: (moment_of(f), f["source"], f["id"]))
        bench.begin(told.agreements)
        world, now, dead = World(told.agreements), moment_of(facts[0]).astimezone(UTC), []
        for _, batch in batches(replace(told, arrivals=[(fact, moment_of(fact)) for fact in facts])):
            if isinstance(batch, Order):
                order = replace(batch, now=now)  # the clock stands where the facts before it have left it
                bench.order(order)
                world.order(order)
                continue
            now = max(now, *map(moment_of, batch))
            dead += bench.take(batch, now, mode="event")
            bench.engine.settle()
            for fact in batch:
                world.arrive(fact, now)
        bench.now = micros(now)
        assert against(bench, world, dead) == [], seed


def test_what_was_known_at_a_moment_is_what_was_shown_then(bench: Bench) -> None:
    for seed in range(2_350, 2_360):
        told = clock_history(seed, absences=seed % 3 == 0, patient=seed % 4 == 0)
        names = sorted({f["subject"] for f, _ in told.arrivals if f["type"] == "complaint.filed"})
        then: dict[int, dict[str, Any]] = {}
        bench.begin(told.agreements)
        for now, batch in batches(told):
            if isinstance(batch, Order):
                bench.order(batch)
            else:
                bench.take(batch, now)
            bench.engine.settle()
            then[bench.now] = {name: shown for name in names if (shown := bench.show(name)) is not None}
        reader = Reader(bench.url)
        for moment, shown in then.items():
            for name, row in shown.items():
                assert reader.show(name, at=moment, known_at=moment) == row, (seed, name)
        reader.close()


def moment_of(fact: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(fact["time"])


def test_a_word_that_means_nothing_takes_nothing_back_of_the_instant_at_which_the_clock_stands(bench: Bench) -> None:
    stood: set[str] = set()
    for seed in range(2_300, 2_380):
        told = clock_history(seed)
        bench.begin(told.agreements)
        for now, batch in batches(told):
            if not isinstance(batch, Order):
                bench.take(batch, now, mode="event")
        bench.engine.settle()
        filings = {f["subject"]: f for f, _ in told.arrivals if f["type"] == "complaint.filed"}
        for n in range(6):
            due = file_of(bench.engine).execute("SELECT MIN(due) FROM timers").fetchone()[0]
            if due is None:
                break
            told_of = bench.events()
            names = [name for name in filings if any(e.stream == f"complaint:{name}" for e in told_of)]
            bench.take([nothing(name, due, f"{n}") for name in names[:1]], told.end, mode="event")
            bench.engine.settle()
            stands = bench.events()
            bench.take([nothing(name, due - 60 * SECOND, f"{n} late") for name in names], told.end, mode="event")
            bench.take([retold(filings[name], due, f"{n}") for name in names], told.end, mode="event")
            bench.engine.settle()
            came = {event.type for event in bench.events()[len(stands) :]}
            assert came <= {"complaint.contacted", "fact.corrected"}, (seed, n, due)
            stood |= {event.type for event in stands[len(told_of) :] if event.time == due}
    assert stood >= {"clock.breached", "clock.warned", "credit.owed", "promise.broken"}


def nothing(name: str, time: int, word: str) -> dict[str, Any]:
    """A contact that changes nothing."""
    data = {"by": "ann", "direction": "outbound"}
    told = {"specversion": "1.0", "source": "/nothing", "id": f"{name} {word}", "type": "complaint.contacted"}
    return told | {"subject": name, "time": rfc3339(time), "data": data}


def retold(filing: dict[str, Any], time: int, word: str) -> dict[str, Any]:
    """A correction of what a filing says, not of what it means: all of the complaint is looked at."""
    wrong = {"source": filing["source"], "id": filing["id"]}
    data = {"fact": wrong, "by": "ann", "why": "told better", "data": {"summary": f"told better {word}"}}
    return nothing(filing["subject"], time, f"{word} retold") | {"type": "fact.corrected", "data": data}
