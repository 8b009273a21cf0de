"""Silence that has lasted speaks at its time: by the clock of events, after a stop, after a restart, and only once."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier
from typing import Any

import pytest

from engine.decide import Step
from engine.intake import Engine
from engine.portions import Size
from engine.service import Service
from tests.integration.engines import Machine, engine, outcomes, record, take
from tests.integration.facts import DAY, Event, check_sound, close, down, everything, fact, filed, ids, micros, up, us
from tests.integration.processes import together
from tests.integration.stores import Place, Stores, url_of

DUE = 3 + DAY
"""When the silence of `asked` has lasted, in minutes."""


def asked(n: int = 1, minute: float = 0) -> list[bytes]:
    """The customer is down, the desk says that it is back and asks, and nobody answers."""
    return [
        filed(f"f{n}", f"C{n}", minute, service=f"S{n}", down=True),
        fact(f"p{n}", "resolution.proposed", f"C{n}", minute + 1, by="desk", summary="restarted"),
        fact(f"s{n}", "notice.sent", f"C{n}", minute + 2, notice="n", channel="mail", about="confirmation"),
        fact(f"d{n}", "notice.delivered", f"C{n}", minute + 3, notice="n", proof="read"),
    ]


def ends(path: Place, n: int = 1) -> list[Event]:
    return [e for e in check_sound(path) if e.type == "outage.ended" and e.stream == f"service:S{n}"]


def settled(event: Event) -> list[int]:
    """When the word was said that settled the claims of this event."""
    return [micros(claim["settled_at"]) for claim in event.data["claims"]]


def timers(path: Place) -> list[tuple[Any, ...]]:
    return everything(path)["timers"]


def test_by_the_clock_of_events_a_silence_speaks_at_its_time_between_the_facts(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(
            taking, *asked(), down("x", "S2", DUE), up("y", "S2", DUE + 10), close("c", "C1", DUE + 20), mode="event"
        )
    [ended] = ends(path)
    assert (ended.time, ended.recorded_at, settled(ended)) == (us(1), us(DUE), [us(DUE)])
    assert (ended.source, ended.id) == ("/test", "d1"), "the delivery is behind it"
    events = check_sound(path)
    [before, after] = [e.position for e in events if e.id in {"x", "y"} and e.is_fact]
    assert ended.position < before < after, "at one instant silence speaks first, then facts"
    assert [e.type for e in events if e.stream == "complaint:C1"][-1] == "complaint.closed"
    assert not timers(path)


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_at_one_instant_all_silences_speak_before_its_facts_though_there_are_more_than_are_done_at_once(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("engine.timers.LOADING", Size(most, most))
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, *(body for n in range(7) for body in asked(n)), mode="event")
        record(taking, down("x", "S99", DUE), mode="event")
    [fact_at] = [e.position for e in check_sound(path) if e.id == "x" and e.is_fact]
    for n in range(7):
        [ended] = ends(path, n)
        assert ended.position < fact_at


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_a_silence_armed_and_lasted_within_a_batch_speaks_as_if_there_were_none(stores: Stores, batch: int) -> None:
    path = stores / "a.db"
    bodies = [body for n in range(1, 6) for body in asked(n, n * 700)]
    bodies.append(fact("r", "resolution.rejected", "C3", 2200, by="shop", reason="no"))
    bodies = [*sorted(bodies, key=lambda body: body[body.index(b'"time"') :]), down("z", "S9", 9000)]
    with engine(path) as taking:
        for start in range(0, len(bodies), batch):
            record(taking, *bodies[start : start + batch], mode="event")
    for n in (1, 2, 4, 5):
        [ended] = ends(path, n)
        assert ended.recorded_at == us(DUE + n * 700)
    assert not ends(path, 3), "the customer did not agree"


@pytest.mark.parametrize("fact_first", [False, True], ids=["tick", "a fact"])
def test_after_a_stop_of_a_week_what_fell_due_is_done_first_as_of_its_time(stores: Stores, fact_first: bool) -> None:
    path, machine = stores / "a.db", Machine(10)
    with engine(path, clock=machine) as taking:
        record(taking, *asked())
        assert [due for _, due in timers(path)] == [us(DUE)]
        machine.minute = DUE - 1
        assert not taking.tick().decisions
    machine.minute = 10 + 7 * DAY
    with engine(path, clock=machine) as taking:
        if fact_first:
            record(taking, down("late", "S2", 0), close("c", "C1", DUE))
        else:
            assert taking.tick().decisions == 1
        assert not taking.tick().events
    [ended] = ends(path)
    assert (ended.time, ended.recorded_at, settled(ended)) == (us(1), us(10 + 7 * DAY), [us(DUE)])
    assert not timers(path)
    if fact_first:
        late = next(e for e in check_sound(path) if e.id == "late")
        assert ended.position < late.position
        assert [e.type for e in check_sound(path) if e.stream == "complaint:C1"][-1] == "complaint.closed"


def test_a_fact_of_before_the_silence_had_lasted_that_comes_after_it_takes_it_back(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(10)
    with engine(path, clock=machine) as taking:
        record(taking, *asked())
    machine.minute = DUE + DAY
    with engine(path, clock=machine) as taking:
        record(taking, fact("r", "resolution.rejected", "C1", DUE - 1, by="shop", reason="no", still_down=True))
    events = [e for e in check_sound(path) if e.stream == "service:S1" and e.type.startswith("outage.")]
    assert [e.type for e in events][-2:] == ["outage.ended", "outage.restated"]
    assert "ended_at" not in events[-1].data["outages"][-1]
    assert not timers(path)


def test_of_two_engines_one_lets_a_silence_speak(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(10)
    with engine(path, clock=machine) as first, engine(path, clock=machine) as second:
        record(first, *asked(1))
        record(second, *asked(2, 1), *asked(3, 2))
        record(first, down("w1", "S2", -1), down("w2", "S3", -2))
        machine.minute = DUE + 1
        assert first.tick().decisions == 2
        assert second.tick().decisions == 0
        machine.minute = DUE + 2
        assert second.tick().decisions == 1
        assert first.tick().decisions == 0
    assert [len(ends(path, n)) for n in (1, 2, 3)] == [1, 1, 1]


def tick_at_once(barrier: Barrier, url: str, rounds: int) -> int:
    """Each round another batch of silences has lasted; how many of them this process let speak."""
    machine = Machine(10)
    done = 0
    ticking = Engine(url, clock=machine)
    for n in range(rounds):
        machine.minute = DUE + n * 10 + 5
        barrier.wait(60)
        done += ticking.tick().decisions
    ticking.close()
    return done


def test_two_processes_that_tick_at_once_let_every_silence_speak_once(stores: Stores) -> None:
    path, rounds = stores / "a.db", 60
    with engine(path, clock=Machine(rounds * 10 + 10)) as taking:
        record(taking, *[body for n in range(rounds * 3) for body in asked(n, n // 3 * 10)])
    found = together(tick_at_once, (url_of(path), rounds), (url_of(path), rounds))
    assert sum(found) == rounds * 3
    assert min(found) > 0
    assert all(len(ends(path, n)) == 1 for n in range(0, rounds * 3, 20))
    assert not timers(path)


def test_a_silence_on_which_the_engine_fails_stops_nothing_else(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, machine = stores / "a.db", Machine(10)
    whole = Step.silence

    def failing(step: Step, service: Service, due: int) -> None:
        whole(step, service, due)
        if service.name == "S2":
            raise RuntimeError("a fault")

    with engine(path, clock=machine) as taking:
        record(taking, *asked(1), *asked(2), *asked(3))
        machine.minute = DUE + DAY
        monkeypatch.setattr(Step, "silence", failing)
        assert take(taking, down("x", "S9", 0), down("y", "S9", 1)) == ["recorded", "recorded"]
        assert outcomes(taking.tick()) == []
        assert [len(ends(path, n)) for n in (1, 2, 3)] == [1, 0, 1]
        assert len(timers(path)) == 1
        monkeypatch.undo()
    with engine(path, clock=machine) as taking:
        assert taking.tick().decisions == 1
    assert [len(ends(path, n)) for n in (1, 2, 3)] == [1, 1, 1]
    assert ids(path)[-2:] == ["x", "y"]
