"""Whatever falls due is recorded once, at its time: by both clocks, by several processes, killed, after a stop."""

from __future__ import annotations

import time
from collections import Counter
from multiprocessing.synchronize import Barrier
from multiprocessing.synchronize import Event as Begun
from random import Random
from typing import Any

import pytest

from engine import clocks
from engine.intake import Engine
from engine.portions import Size
from tests.integration.engines import Machine, engine, record, take
from tests.integration.facts import DAY, Event, check_sound, down, everything, fact, filed, log, one, rows, up, us, when
from tests.integration.processes import killed, together
from tests.integration.stores import Place, Stores, change, url_of

CLOCKS = """
[[agreement.standard.clock]]
name = "acknowledge"
target = "PT20M"
calendar = "always"
starts = "filed"
stops = "acknowledged"
warn = [0.5]

[[agreement.standard.clock]]
name = "restore"
target = "PT100M"
calendar = "always"
starts = "down"
stops = "up"
"""
TERMS = f"""
effective = 2020-01-01

[agreement.standard]
restoration = {{ silence = "PT24H" }}
credit = {{ after = "PT1H", per = "hour", amount = "1.00", currency = "PLN", cap = "3.00" }}
{CLOCKS}"""
DUE = {
    "clock.warned": [10],
    "clock.breached": [20, 100],
    "promise.broken": [45],
    "credit.owed": [60, 120, 180],
    "complaint.reassigned": [30],
}
"""What comes of `told`, in minutes after the filing."""
WEEK = 7 * DAY


def told(n: int, minute: float = 0) -> list[bytes]:
    """A complaint of a customer who is down, and for whom nothing is done: all that can fall due does."""
    away = {"from": when(minute + 30), "until": when(minute + 900), "deputy": f"bob-{n}"}
    return [
        filed(f"f{n}", f"C{n}", minute, service=f"S{n}", down=True),
        fact(f"a{n}", "complaint.assigned", f"C{n}", minute + 1, to=f"ann-{n}"),
        fact(f"p{n}", "promise.made", f"C{n}", minute + 2, promise="p", what="to call", due=when(minute + 45)),
        fact(f"x{n}", "person.absent", f"ann-{n}", minute + 3, **away),
    ]


def fell_due(path: Place) -> list[Event]:
    return [e for e in check_sound(path) if e.type in DUE]


def expected(*minutes: float) -> Counter[tuple[str, int]]:
    """Of complaints filed at these minutes: type, and time."""
    return Counter((kind, us(m + due)) for m in minutes for kind, dues in DUE.items() for due in dues)


def done(path: Place) -> Counter[tuple[str, int]]:
    return Counter((e.type, e.time) for e in fell_due(path))


# ---- by the clock of events


@pytest.mark.parametrize("batch", [1, 5, 1000])
def test_by_the_clock_of_events_all_is_done_between_the_facts_at_its_time(stores: Stores, batch: int) -> None:
    path, minutes = stores / "a.db", [n * 7 for n in range(12)]
    bodies = [body for n, minute in enumerate(minutes) for body in told(n, minute)]
    bodies = [*sorted(bodies, key=lambda body: body[body.index(b'"time"') :]), down("z", "S99", 4000)]
    with engine(path, terms=TERMS) as taking:
        for start in range(0, len(bodies), batch):
            record(taking, *bodies[start : start + batch], mode="event")
    assert done(path) == expected(*minutes)
    assert all(e.recorded_at == e.time for e in fell_due(path))


def test_at_one_instant_facts_come_before_what_falls_due(stores: Stores) -> None:
    path = stores / "a.db"
    kept = fact("k", "promise.kept", "C1", 45, promise="p")
    acknowledged = fact("y", "complaint.acknowledged", "C1", 20, by="ann")
    with engine(path, terms=TERMS) as taking:
        record(taking, *told(1), acknowledged, kept, up("u", "S1", 60), down("z", "S9", 900), mode="event")
    found = [(e.type, e.time) for e in fell_due(path)]
    assert found == [("clock.warned", us(10)), ("complaint.reassigned", us(30))]
    assert next(e.data["row"]["state"] for e in log(path) if e.type == "clock.stopped") == "met"


def test_deadlines_hold_with_more_terms_than_are_kept(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "_MOST", 1)
    monkeypatch.setattr(clocks, "_WORKS", {})
    path = stores / "a.db"
    facts = [
        filed("f1", "C1", 0, service="S1", down=True),
        filed("f2", "C2", 1, service="S2", down=True, agreement="other"),  # its terms take the place of the others
        fact("a1", "complaint.acknowledged", "C1", 2, by="ann"),  # moves one clock of two
        fact("a2", "complaint.acknowledged", "C2", 3, by="ann"),
        down("z", "S9", 900),
    ]
    with engine(path, terms=TERMS + CLOCKS.replace("standard", "other")) as taking:
        for body in facts:
            record(taking, body, mode="event")
    assert len(clocks._WORKS) == 1
    breached = [(e.stream, e.time) for e in fell_due(path) if e.type == "clock.breached"]
    assert breached == [("complaint:C1", us(100)), ("complaint:C2", us(101))]


def test_more_than_a_portion_due_between_two_facts_of_a_batch_is_done_before_the_second(stores: Stores) -> None:
    path, many = stores / "a.db", 1100
    bodies = [filed(f"f{n}", f"C{n}", 0) for n in range(many)]
    with engine(path, terms=TERMS) as taking:
        record(taking, *bodies, mode="event")
        record(taking, down("y", "S1", 15), down("z", "S1", 500), mode="event")
    warned, breached = (
        [(e.time, e.recorded_at) for e in log(path) if e.type == kind] for kind in ("clock.warned", "clock.breached")
    )
    assert (warned, breached) == ([(us(10), us(10))] * many, [(us(20), us(20))] * many)
    places = {e.id: e.position for e in log(path) if e.is_fact}
    last = [max(e.position for e in log(path) if e.type == kind) for kind in ("clock.warned", "clock.breached")]
    assert last[0] < places["y"] < last[1] < places["z"]


# ---- by the machine's


@pytest.mark.parametrize("fact_first", [False, True], ids=["tick", "a fact"])
def test_after_a_stop_of_a_week_each_is_recorded_once_with_the_time_at_which_it_was_due(
    stores: Stores, fact_first: bool
) -> None:
    path, machine = stores / "a.db", Machine(10)
    with engine(path, terms=TERMS, clock=machine) as taking:
        record(taking, *told(1, 2), *told(2, 5))
    machine.minute = WEEK
    with engine(path, terms=TERMS, clock=machine) as taking:
        if fact_first:
            record(taking, fact("k", "promise.kept", "C1", 40, promise="p"))
        taking.settle()
        assert not taking.settle().events
    wanted = expected(2, 5)
    if fact_first:
        wanted -= Counter([("promise.broken", us(47))])
    assert done(path) == wanted
    assert {e.recorded_at for e in fell_due(path)} == {us(WEEK)}
    assert not rows(path, "SELECT * FROM timers")


def test_where_the_machines_clock_is_set_back_nothing_is_done_twice_and_no_time_goes_back(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(10)
    with engine(path, terms=TERMS, clock=machine) as taking:
        record(taking, *told(1, 2))
        for minute in (25, 3, 24, 50, 0, 51, 110, 70, 400, 12, WEEK):
            machine.minute = minute
            taking.settle()
            take(taking, down(f"w{minute}", "S9", 0))
    assert done(path) == expected(2)
    made = {(e.type, e.time): e.recorded_at for e in fell_due(path)}
    assert made["clock.breached", us(22)] == us(25)
    assert made["complaint.reassigned", us(32)] == us(50), "51 comes later"


# ---- several processes


def tick_at_once(barrier: Barrier, url: str, minutes: list[float]) -> int:
    machine = Machine(10)
    ticking = Engine(url, clock=machine)
    made = 0
    for minute in minutes:
        machine.minute = minute
        barrier.wait(60)
        made += ticking.settle().decisions
    ticking.close()
    return made


def test_of_two_processes_one_does_what_is_due(stores: Stores) -> None:
    path, filings = stores / "a.db", [n * 3 for n in range(40)]
    with engine(path, terms=TERMS, clock=Machine(200)) as taking:
        record(taking, *[body for n, minute in enumerate(filings) for body in told(n, 50 + minute)])
    looks: list[float] = [200 + n * 5 for n in range(1, 60)]
    found = together(tick_at_once, (url_of(path), looks), (url_of(path), looks))
    assert sum(found) > 0
    assert done(path) == expected(*[50 + minute for minute in filings])
    each = Counter((e.stream, e.type, e.time) for e in fell_due(path))
    assert set(each.values()) == {1}


def tick_slowly(begun: Begun, url: str, minute: float) -> None:
    """Portion by portion, until it is killed."""
    ticking = Engine(url, clock=Machine(minute))
    begun.set()
    while ticking.tick().more:
        pass
    ticking.close()


@pytest.mark.slow
def test_killed_again_and_again_while_it_catches_up_nothing_is_lost_or_doubled(stores: Stores) -> None:
    whole, path, many = stores / "whole.db", stores / "a.db", 400
    for place in (whole, path):
        with engine(place, terms=TERMS, clock=Machine(10)) as taking:
            for start in range(0, many, 50):
                record(taking, *[body for n in range(start, start + 50) for body in told(n, 1)])
    with engine(whole, terms=TERMS, clock=Machine(WEEK)) as taking:
        began = time.monotonic()
        taking.settle()
        lasted = time.monotonic() - began
    random, midway = Random(3), 0
    ended = one(whole, "SELECT COUNT(*) FROM stored_events")
    for _ in range(8):
        before = one(path, "SELECT COUNT(*) FROM stored_events")
        killed(tick_slowly, (url_of(path), WEEK), random.uniform(0.05, 0.5) * lasted)
        midway += before < one(path, "SELECT COUNT(*) FROM stored_events") < ended
    with engine(path, terms=TERMS, clock=Machine(WEEK)) as taking:
        taking.settle()
    assert sorted((e.stream, e.type, e.time) for e in fell_due(path)) == sorted(
        (e.stream, e.type, e.time) for e in fell_due(whole)
    )
    assert everything(path)["timers"] == everything(whole)["timers"] == []
    assert midway


@pytest.mark.slow
def test_work_killed_in_the_middle_is_taken_over_nothing_lost_or_doubled(stores: Stores) -> None:
    path, many = stores / "a.db", 600
    with engine(path, terms=TERMS, clock=Machine(10)) as taking:
        for start in range(0, many, 100):
            record(taking, *[filed(f"f{n}", f"C{n}", 1, service="cell") for n in range(start, start + 100)])
        taking.settle()
        record(taking, down("d", "cell", 5))
    assert len(rows(path, "SELECT * FROM work")) == 1
    random = Random(4)
    for _ in range(4):
        killed(tick_slowly, (url_of(path), 12), random.uniform(0.02, 0.2))
    with engine(path, terms=TERMS, clock=Machine(13)) as taking:
        taking.settle()
    started = Counter(
        (e.stream, e.time)
        for e in check_sound(path)
        if e.type == "clock.started" and e.data["row"]["clock"] == "restore"
    )
    assert started == Counter({(f"complaint:C{n}", us(5)): 1 for n in range(many)})
    assert not rows(path, "SELECT * FROM work")


# ---- the index


WRONG = {
    "emptied": "DELETE FROM timers",
    "too early": f"UPDATE timers SET due = {us(5)}",
    "too late": f"UPDATE timers SET due = {us(90 * DAY)}",
    "of strangers": "INSERT INTO timers VALUES ('complaint:nobody', 1), ('service:none', 1), ('person:none', 1)",
}


def asked(n: int) -> list[bytes]:
    """Beside what falls due, a silence that speaks after a day."""
    return [
        *told(n, 1),
        fact(f"r{n}", "resolution.proposed", f"C{n}", 6, by="desk", summary="restarted"),
        fact(f"s{n}", "notice.sent", f"C{n}", 7, notice="n", channel="mail", about="confirmation"),
        fact(f"d{n}", "notice.delivered", f"C{n}", 8, notice="n", proof="read"),
    ]


@pytest.mark.parametrize("wrong", WRONG)
def test_an_index_that_is_wrong_is_made_again_from_the_streams_and_all_that_is_due_is_done(
    stores: Stores, wrong: str
) -> None:
    right, path = stores / "right.db", stores / "a.db"
    for place in (right, path):
        with engine(place, terms=TERMS, clock=Machine(10)) as taking:
            record(taking, *asked(1), *asked(2), filed("g", "C9", 9, service="S1"))
    change(path, WRONG[wrong])
    change(path, "DELETE FROM owned")
    with engine(path, terms=TERMS, clock=Machine(11)) as taking:
        assert taking.rearm()[1] is None
        assert everything(path)["timers"] == everything(right)["timers"]
        assert everything(path)["owned"] == everything(right)["owned"]
    for place in (right, path):
        with engine(place, terms=TERMS, clock=Machine(WEEK)) as taking:
            taking.settle()
    assert sorted((e.stream, e.type, e.time) for e in check_sound(path)) == sorted(
        (e.stream, e.type, e.time) for e in check_sound(right)
    )


@pytest.mark.parametrize("wrong", WRONG)
def test_with_an_index_that_is_wrong_nothing_wrong_is_recorded(stores: Stores, wrong: str) -> None:
    path = stores / "a.db"
    with engine(path, terms=TERMS, clock=Machine(9)) as taking:
        record(taking, *asked(1), *asked(2))
    change(path, WRONG[wrong])
    with engine(path, terms=TERMS, clock=Machine(12)) as taking:
        taking.settle()
        record(taking, fact("k", "complaint.acknowledged", "C1", 11, by="ann"))
    with engine(path, terms=TERMS, clock=Machine(WEEK)) as taking:
        taking.settle()
    right = expected(1)
    assert all((e.type, e.time) in right or e.type == "credit.owed" for e in fell_due(path))
    assert set(Counter((e.stream, e.type, e.time) for e in fell_due(path)).values()) <= {1}


def test_work_that_was_lost_is_done_again(stores: Stores) -> None:
    path, many = stores / "a.db", 40
    with engine(path, terms=TERMS, clock=Machine(10)) as taking:
        record(taking, *[filed(f"f{n}", f"C{n}", 1, service="cell") for n in range(many)])
        taking._budget = 0
    with engine(path, terms=TERMS, clock=Machine(11)) as taking:
        record(taking, *[down("d", "cell", 5)])
    change(path, "DELETE FROM work")
    with engine(path, terms=TERMS, clock=Machine(12)) as taking:
        taking.rearm()
        taking.settle()
    started = [e.stream for e in log(path) if e.type == "clock.started" and e.data["row"]["clock"] == "restore"]
    assert sorted(started) == sorted(f"complaint:C{n}" for n in range(many))


class NowhereError(BaseException):
    """No fact's fault: it is not to be tried fact by fact."""


class Bounded(Engine):
    """An engine that gives up where it goes on and on without getting anywhere."""

    transactions = 0

    def _batch(self, *given: Any) -> Any:
        self.transactions += 1
        if self.transactions > 100:
            raise NowhereError
        return super()._batch(*given)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("minute", [10, 20])
def test_more_falls_due_at_the_very_moment_of_a_fact_than_is_done_at_once(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, most: int, minute: int
) -> None:
    monkeypatch.setattr("engine.timers.LOADING", Size(most, most))
    path = stores / "a.db"
    with engine(path, terms=TERMS, kind=Bounded) as taking:
        record(taking, *(filed(f"f{n}", f"C{n}", 0, service=f"S{n}") for n in range(7)), mode="event")
        answered = [fact(f"k{n}", "complaint.acknowledged", f"C{n}", minute, by="desk") for n in range(7)]
        record(taking, *answered, down("z", "S99", 9000), mode="event")
    events = check_sound(path)
    assert sum(e.type == "clock.warned" for e in events) == (7 if minute > 10 else 0)
    assert not [e for e in events if e.type == "clock.breached"], "what comes at the due time is in time"


@pytest.mark.parametrize("most", [1, 3, 4, 1000])
def test_what_falls_due_behind_what_is_on_hand_waits_for_what_is_not(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("engine.timers.LOADING", Size(most, most))
    path = stores / "a.db"
    with engine(path, terms=TERMS) as taking:
        record(taking, *(filed(f"f{n}", f"C{n}", n, service=f"S{n}", down=True) for n in range(5)), mode="event")
        answered = [fact(f"k{n}", "complaint.acknowledged", f"C{n}", 6 + n / 4, by="desk") for n in range(3)]
        record(taking, *answered, down("z", "S99", 9000), mode="event")
    events = fell_due(path)
    assert len(events) == 2 * 2 + 5 + 5 * 3  # who was not answered is warned and breached; all are down; all are owed
    assert [e for e in events if e.recorded_at != e.time] == []


def test_what_falls_due_at_one_moment_is_recorded_in_the_order_of_the_clocks(stores: Stores) -> None:
    clocks = "".join(
        f'[[agreement.standard.clock]]\nname = "{name}"\ntarget = "PT60M"\ncalendar = "always"\n'
        f'starts = "filed"\nstops = "closed"\nwarn = [{warn}]\n'
        for name, warn in (("b", 0.75), ("a", 0.5), ("c", 0.6))
    )
    path = stores / "a.db"
    with engine(path, terms=f"effective = 2020-01-01\n[agreement.standard]\n{clocks}") as taking:
        record(taking, filed("f", "C1", 0), down("z", "S9", 90), mode="event")
    breached = [e.data["row"]["clock"] for e in log(path) if e.type == "clock.breached"]
    assert breached == ["a", "b", "c"]
