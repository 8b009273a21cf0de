"""The engine's clock: it never goes back, whatever the machine's does; and agreements that wait for the first fact."""

from __future__ import annotations

from contracts.agreements import parse
from tests.integration.engines import Broken, Machine, engine, record, take
from tests.integration.facts import (
    STANDARD,
    check_sound,
    dead,
    down,
    fact,
    filed,
    held,
    ids,
    log,
    one,
    rows,
    types,
    up,
    us,
)
from tests.integration.stores import Place, Stores


def recorded_at(path: Place) -> dict[str, int]:
    return {e.id: e.recorded_at for e in check_sound(path) if e.is_fact}


# ---------------------------------------------------------------------- the machine's clock


def test_recorded_at_never_goes_back_when_the_machines_clock_does(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(600)
    with engine(path, clock=machine) as taking:
        record(taking, down("d1", "S1", 0))
        machine.minute = 300
        record(
            taking, up("u1", "S1", 10), down("d2", "S1", 590)
        )  # it is ahead of the machine's clock, not the engine's
        assert take(taking, down("h", "S1", 604), down("x", "S1", 606)) == ["held", "dead"]
    with engine(path, clock=machine) as taking:
        taking.tick()
        record(taking, up("u2", "S1", 20))
        machine.minute = 604
        taking.tick()
    assert recorded_at(path) == {"d1": us(600), "u1": us(600), "d2": us(600), "u2": us(600), "h": us(604)}


def test_of_two_engines_whose_machines_clocks_differ_neither_takes_recorded_at_back(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path, clock=Machine(60)) as ahead, engine(path, clock=Machine(0)) as behind:
        for n in range(6):
            record(behind if n % 2 else ahead, down(f"d{n}", "S1", -n), down(f"e{n}", f"S{n}", -n))
    assert set(recorded_at(path).values()) == {us(60)}


def test_time_does_not_pass_for_a_store_while_its_dead_letters_come(stores: Stores) -> None:
    """When dead letters were received the machine's clock says; the engine's is for what is recorded."""
    path, machine = stores / "a.db", Machine(10)
    with engine(path, clock=machine) as taking:
        take(taking, b"first")
        machine.minute = 5
        take(taking, b"second")
        record(taking, down("d", "S1", 0))
    assert rows(path, "SELECT body, first_at FROM dead ORDER BY number") == [(b"first", us(10)), (b"second", us(5))]
    assert recorded_at(path) == {"d": us(5)}


# ---------------------------------------------------------------------- events and the wall


def test_by_the_clock_of_events_a_fact_is_recorded_at_its_time_and_a_late_one_at_the_clocks(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, down("d1", "S1", 10), up("u1", "S1", 30), down("late", "S2", 20), mode="event")
        record(taking, up("later", "S2", 25), down("d2", "S1", 40), mode="event")
        assert not taking.tick().events
    assert recorded_at(path) == {"d1": us(10), "u1": us(30), "late": us(30), "later": us(30), "d2": us(40)}


def test_a_store_loaded_by_the_clock_of_events_may_be_lived_in_afterwards_but_not_the_other_way_round(
    stores: Stores,
) -> None:
    path, machine = stores / "a.db", Machine(1000)
    with engine(path, clock=machine) as taking:
        record(taking, down("d1", "S1", 10), mode="event")
        record(taking, up("u1", "S1", 20), mode=None)
        record(taking, down("d2", "S1", 30), mode="wall")
        machine.minute = 1001
        record(taking, up("u2", "S1", 40), mode="event")
        assert take(taking, down("ahead", "S1", 1003), mode="event") == ["held"]
        machine.minute = 1002
        record(taking, down("d3", "S1", 50), mode=None)
    assert recorded_at(path) == {"d1": us(10), "u1": us(20), "d2": us(1000), "u2": us(1001), "d3": us(1002)}


def test_a_store_loaded_with_a_future_is_never_recorded_in_before_it(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path, clock=Machine(0)) as taking:
        record(taking, down("d1", "S1", 500), mode="event")
        record(taking, up("u1", "S1", 100), mode="wall")
        assert take(taking, down("d2", "S1", 504), down("x", "S1", 506), mode="wall") == ["held", "dead"]
    assert recorded_at(path) == {"d1": us(500), "u1": us(500)}


# ---------------------------------------------------------------------- agreements before the first fact


def published(path: Place) -> list[tuple[str, int, int]]:
    return [(e.stream, e.version, e.recorded_at) for e in log(path) if e.type == "agreement.published"]


def test_agreements_applied_to_a_new_store_survive_a_restart_and_are_published_with_the_first_fact(
    stores: Stores,
) -> None:
    path = stores / "a.db"
    with engine(path, terms="") as taking:
        assert len(taking.publish(parse(STANDARD))) == 3
        assert not taking.publish(parse(STANDARD))
        assert not log(path)
    with engine(path, terms="") as taking:
        assert not taking.publish(parse(STANDARD))
        longer = parse(STANDARD.replace("PT24H", "PT48H"))
        assert [data.version for data in taking.publish(longer)] == [2]
        assert take(taking, b"nonsense", b"{}") == ["dead", "dead"]
        assert not log(path), "what nobody understands is no first fact"
        assert take(taking, fact("a", "complaint.acknowledged", "C1", 5, by="anna"), mode="event") == ["held"]
    with engine(path, terms="") as taking:
        record(taking, filed("f", "C1", 0, agreement="trusting"), filed("g", "C2", 0), mode="event")
    names = ["standard", "standard", "trusting", "wary"]
    assert [stream for stream, _, _ in sorted(published(path))] == [f"agreement:{name}" for name in names]
    assert not one(path, "SELECT COUNT(*) FROM staged")
    applied = {e.stream: (e.data["agreement"], e.data["version"]) for e in log(path) if e.type == "agreement.applied"}
    assert applied == {"complaint:C1": ("trusting", 1), "complaint:C2": ("standard", 2)}
    assert ids(path) == ["f", "a", "g"]
    check_sound(path)


def test_a_history_of_long_ago_has_its_agreements_from_its_beginning(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path, clock=Machine(10**6)) as taking:
        record(taking, filed("f", "C1", -20), down("d", "S1", -30), mode="event")
    assert {moment for _, _, moment in published(path)} == {us(-30)}, "the first of its batch"
    check_sound(path)


def test_agreements_wait_on_when_the_batch_of_the_first_fact_fails(stores: Stores) -> None:
    path = stores / "a.db"
    kind = type("Broken", (Broken,), {"failing": frozenset({"f"})})
    with engine(path, kind=kind) as taking:
        assert take(taking, filed("f", "C1", 0, agreement="wary")) == ["dead"]
    with engine(path, terms="") as taking:
        assert take(taking, filed("f", "C1", 0, agreement="wary")) == ["recorded"]
    assert len(published(path)) == 3
    assert not dead(path)
    check_sound(path)


def test_agreements_published_by_one_engine_are_known_to_the_other(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path, terms="") as first, engine(path, terms="") as second:
        assert take(second, filed("f1", "C1", 0, agreement="wary"), filed("f2", "C2", 0)) == ["dead", "recorded"]
        first.publish(parse(STANDARD))
        assert take(second, filed("f1", "C1", 0, agreement="wary")) == ["recorded"]
        assert not second.publish(parse(STANDARD))
    assert len(published(path)) == 3
    assert not held(path)
    assert types(path, "complaint:C1") == ["complaint.filed", "agreement.applied"]
