"""Batch after batch, each decided on while the one before is written: the same as one after the other."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from engine.ahead import Ahead, Batch
from engine.store.errors import ConflictError
from engine.store.unit import Unit
from engine.streaming import Streaming, _Writer
from engine.taken import Saving, Taken
from tests.integration import workload
from tests.integration.engines import Broken, Machine, engine, outcomes, record
from tests.integration.facts import STANDARD, check_sound, dead, down, everything, fact, filed, ids
from tests.integration.ingesting import in_order
from tests.integration.stores import Place, Stores
from tests.integration.test_deadlines import CLOCKS

CLOCKED = STANDARD + CLOCKS


def parts(bodies: list[bytes], *sizes: int) -> Iterator[list[bytes]]:
    rest = iter(bodies)
    for size in itertools.cycle(sizes):
        part = list(itertools.islice(rest, size))
        if not part:
            return
        yield part


@contextmanager
def streamed(
    place: Place, bodies: list[bytes], *sizes: int, patient: bool = True, **how: Any
) -> Iterator[tuple[Any, Generator[Taken, None, None]]]:
    """An engine that takes them in; `patient`: the next batch is always there."""
    with engine(place, **how) as taking, closing(Ahead(parts(bodies, *sizes))) as made:
        if patient:
            soon = made.soon
            made.soon = lambda seconds: soon(max(seconds, 10.0))  # type: ignore[method-assign]
        with closing(taking.stream(made, mode="event")) as stream:
            yield taking, stream


@pytest.fixture
def departed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a batch was written while the next was decided on (`_Flight`), or not (`Taken`)."""
    seen: Counter[str] = Counter()
    depart = Streaming._depart

    def watched(self: Streaming, *given: Any) -> Any:
        left = depart(self, *given)
        seen[type(left).__name__] += 1
        return left

    monkeypatch.setattr(Streaming, "_depart", watched)
    return seen


@pytest.mark.parametrize("cached", [0, 20, 10_000])
@pytest.mark.parametrize("terms", [STANDARD, CLOCKED], ids=["plain", "clocked"])
def test_what_is_recorded_is_the_same_as_batch_by_batch(
    stores: Stores, departed: Counter[str], terms: str, cached: int
) -> None:
    bodies = in_order(workload.mixed(3, 60))
    sizes = (1, 40, 7, 90)
    with engine(stores / "a.db", terms=terms) as taking:
        expected = [taking.take(part, mode="event") for part in parts(bodies, *sizes)]
    with streamed(stores / "b.db", bodies, *sizes, terms=terms, cached=cached) as (_, stream):
        taken = list(stream)
    assert departed["_Flight"] > 10
    assert [outcomes(one) for one in taken] == [outcomes(one) for one in expected]
    assert taken == expected
    assert everything(stores / "a.db") == everything(stores / "b.db")
    check_sound(stores / "b.db")


def test_what_is_given_is_durable_and_nothing_else_is_when_one_stops(stores: Stores) -> None:
    bodies = [filed(f"f{n}", f"C{n}", n) for n in range(200)]
    with streamed(stores / "a.db", bodies, 10) as (taking, stream):
        given = sum(len(next(stream).results) for _ in range(5))
        assert ids(stores / "a.db") == [f"f{n}" for n in range(given)]
        stream.close()
        assert ids(stores / "a.db") == [f"f{n}" for n in range(given)]
        record(taking, *bodies[given:], mode="event")
    assert ids(stores / "a.db") == [f"f{n}" for n in range(200)]
    check_sound(stores / "a.db")


def test_what_another_engine_records_in_between_is_seen(stores: Stores, departed: Counter[str]) -> None:
    # the shop is down, says the other, just before each closing is asked for
    bodies, words = [], []
    for n in range(40):
        bodies += [
            filed(f"f{n}", f"C{n}", 10 * n, service=f"S{n}"),
            fact(f"a{n}", "complaint.acknowledged", f"C{n}", 10 * n + 1, by="anna"),
        ]
        words.append(down(f"d{n}", f"S{n}", 10 * n + 2))
        bodies.append(fact(f"c{n}", "complaint.close_requested", f"C{n}", 10 * n + 5, by="desk", reason="solved"))
    with engine(stores / "a.db") as other, streamed(stores / "a.db", bodies, 1) as (_, stream):
        taken = 0
        for one in stream:
            taken += len(one.results)
            if taken % 3 == 2:
                record(other, words[taken // 3], mode="event")
    assert taken == 120
    told = check_sound(stores / "a.db")
    states = Counter(event.type for event in told if event.type in {"complaint.closed", "closure.refused"})
    assert states == {"closure.refused": 40}
    assert departed["_Flight"]


def test_a_fact_on_which_the_engine_fails_costs_no_other(stores: Stores) -> None:
    bodies = [filed(f"f{n}", f"C{n}", n) for n in range(60)]
    faulty = type("Faulty", (Broken,), {"failing": frozenset({"f13", "f37", "f38", "f59"})})
    with streamed(stores / "a.db", bodies, 5, kind=faulty) as (_, stream):
        became = [outcome for one in stream for outcome in outcomes(one)]
    assert [n for n, outcome in enumerate(became) if outcome == "dead"] == [13, 37, 38, 59]
    assert len(ids(stores / "a.db")) == 56
    assert len(dead(stores / "a.db")) == 4
    check_sound(stores / "a.db")


@pytest.mark.parametrize("failing", [2, 3, 7])
def test_a_batch_that_cannot_be_written_ends_it_and_what_was_given_is_all_that_is_recorded(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    bodies = [filed(f"f{n}", f"C{n}", n) for n in range(60)]
    write, written = Saving.write, itertools.count(1)

    def broken(self: Saving, unit: Unit) -> None:
        write(self, unit)
        if next(written) == failing:
            raise ConflictError("somebody was there")

    with streamed(stores / "a.db", bodies, 5) as (taking, stream):
        monkeypatch.setattr(Saving, "write", broken)
        given = 5 * (failing - 1)
        assert [len(next(stream).results) for _ in range(failing - 1)] == [5] * (failing - 1)
        with pytest.raises(ConflictError):
            next(stream)
        assert ids(stores / "a.db") == [f"f{n}" for n in range(given)]
        record(taking, *bodies[given:], mode="event")
    assert len(ids(stores / "a.db")) == 60
    check_sound(stores / "a.db")


def test_what_is_being_written_when_it_is_interrupted_is_taken_back(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [filed(f"f{n}", f"C{n}", n) for n in range(20)]
    abandoned = threading.Event()
    write, abandon, decide = Saving.write, _Writer.abandon, Streaming._decide_on

    def slowly(self: Saving, unit: Unit) -> None:
        write(self, unit)
        if any(name == "f5" for _, name, _, _ in self.identities):
            abandoned.wait(10)

    def told(self: _Writer) -> None:
        abandon(self)
        abandoned.set()

    def interrupted(self: Streaming, batch: Batch, *given: Any) -> Any:
        if bodies[10] in batch.bodies:
            raise KeyboardInterrupt
        return decide(self, batch, *given)

    monkeypatch.setattr(Saving, "write", slowly)
    monkeypatch.setattr(_Writer, "abandon", told)
    monkeypatch.setattr(Streaming, "_decide_on", interrupted)
    with streamed(stores / "a.db", bodies, 5) as (taking, stream):
        assert len(next(stream).results) == 5
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        assert ids(stores / "a.db") == [f"f{n}" for n in range(5)]
        record(taking, *bodies[5:], mode="event")
    check_sound(stores / "a.db")


def test_what_cannot_be_written_for_a_facts_fault_is_taken_fact_by_fact(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [filed(f"f{n}", f"C{n}", n) for n in range(60)]
    write = Saving.write

    def broken(self: Saving, unit: Unit) -> None:
        if any(name == "f23" for _, name, _, _ in self.identities):
            raise ValueError("no text that the store can hold")
        write(self, unit)

    monkeypatch.setattr(Saving, "write", broken)
    with streamed(stores / "a.db", bodies, 5) as (_, stream):
        became = [outcome for one in stream for outcome in outcomes(one)]
    assert [n for n, outcome in enumerate(became) if outcome != "recorded"] == [23]
    assert len(ids(stores / "a.db")) == 59
    check_sound(stores / "a.db")


def test_a_source_that_is_slow_holds_nobody_up(stores: Stores) -> None:
    def slowly() -> Iterator[list[bytes]]:
        for n in range(4):
            yield [filed(f"f{n}", f"C{n}", n)]
            time.sleep(0.3)

    with engine(stores / "a.db") as taking, engine(stores / "a.db") as other, closing(Ahead(slowly())) as made:
        for n, _ in enumerate(taking.stream(made, mode="event")):
            assert f"f{n}" in ids(stores / "a.db")
            record(other, filed(f"o{n}", f"O{n}", n), mode="event")  # the lock is free while the source is waited for
    assert len(ids(stores / "a.db")) == 8


def test_by_the_clock_on_the_wall_each_is_taken_when_the_one_before_is_durable(
    stores: Stores, departed: Counter[str]
) -> None:
    bodies = [filed(f"f{n}", f"C{n}", n) for n in range(20)]
    with engine(stores / "a.db", clock=Machine()) as taking, closing(Ahead(parts(bodies, 5))) as made:
        became = [outcome for one in taking.stream(made) for outcome in outcomes(one)]
    assert became == ["recorded"] * 20
    assert departed == {"Taken": 4}
