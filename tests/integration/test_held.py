"""Facts that wait: for their complaint, their original, or their time; each is recorded once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.integration.engines import Machine, engine, outcomes, released, take
from tests.integration.facts import (
    MINUTE,
    START,
    check_sound,
    close,
    corrected,
    dead,
    down,
    event,
    fact,
    filed,
    held,
    ids,
    log,
    one,
    types,
    up,
    us,
)
from tests.integration.stores import Stores, change


def acknowledged(name: str, complaint: str, minute: float) -> bytes:
    return fact(name, "complaint.acknowledged", complaint, minute, by="anna")


# ---------------------------------------------------------------------- for their complaint


def test_facts_of_a_complaint_wait_for_its_filing_and_are_recorded_with_it_in_their_order(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        assert (
            take(taking, close("c", "C1", 30), acknowledged("a", "C1", 10), acknowledged("x", "C2", 5)) == ["held"] * 3
        )
        assert held(path) == [("a", "complaint:C1"), ("c", "complaint:C1"), ("x", "complaint:C2")]
        assert not ids(path)
    with engine(path) as taking:
        taken = taking.take([down("d", "S9", 1), filed("f", "C1", 0), down("e", "S9", 2)])
        assert outcomes(taken) == ["recorded"] * 3
        assert released(taken) == [("a", "recorded"), ("c", "recorded")]
        assert take(taking, close("c", "C1", 30), acknowledged("a", "C1", 10)) == ["duplicate", "duplicate"]
    assert ids(path) == ["d", "f", "a", "c", "e"]
    assert "complaint.closed" in types(path, "complaint:C1")
    assert held(path) == [("x", "complaint:C2")]
    check_sound(path)


def test_a_held_fact_that_comes_again_is_a_duplicate_and_with_other_content_a_dead_letter(stores: Stores) -> None:
    path, other = stores / "a.db", acknowledged("a", "C1", 11)
    with engine(path) as taking:
        again = json.dumps(json.loads(acknowledged("a", "C1", 10)), indent=1).encode()
        assert take(taking, acknowledged("a", "C1", 10), again) == ["held", "duplicate"]
    with engine(path) as taking:
        assert take(taking, acknowledged("a", "C1", 10), other) == ["duplicate", "dead"]
        assert take(taking, filed("f", "C1", 0)) == ["recorded"]
        assert take(taking, acknowledged("a", "C1", 10), other) == ["duplicate", "dead"]
    assert ids(path) == ["f", "a"]
    assert log(path)[-1].time == us(10)
    [(reason, field, body)] = dead(path)
    assert (reason, field, body) == ("the same source and id were taken with other content", "id", other)


def test_what_waits_for_a_filing_waits_on_when_that_filing_is_a_dead_letter(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        assert take(taking, acknowledged("a", "C1", 10), filed("f", "C1", 0, agreement="unknown")) == ["held", "dead"]
        assert held(path) == [("a", "complaint:C1")]
        assert take(taking, filed("f", "C1", 0)) == ["recorded"]
    assert ids(path) == ["f", "a"]


def test_what_was_held_may_turn_out_to_be_a_dead_letter_and_is_kept_whole(stores: Stores) -> None:
    path = stores / "a.db"
    wrong = corrected("k", "C2", 20, wrong="a", void=True)
    with engine(path) as taking:
        assert take(taking, wrong) == ["held"]
        taken = taking.take([filed("f", "C1", 0), acknowledged("a", "C1", 10)])
        assert released(taken) == [("k", "dead")]
    assert not held(path)
    assert [(field, body) for _, field, body in dead(path)] == [("subject", wrong)]
    assert ids(path) == ["f", "a"]


# ---------------------------------------------------------------------- for their original


def test_a_correction_waits_for_the_fact_that_it_corrects_and_one_of_the_correction_for_that(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        assert (
            take(
                taking,
                corrected("k3", "S1", 30, wrong="k2", void=True),
                corrected("k2", "S1", 20, wrong="d", void=True),
                corrected("k1", "S1", 10, wrong="d", data={"evidence": "technician"}),
            )
            == ["held"] * 3
        )
    with engine(path) as taking:
        taken = taking.take([down("d", "S1", 0)])
        assert released(taken) == [("k1", "recorded"), ("k2", "recorded"), ("k3", "recorded")]
    assert ids(path) == ["d", "k1", "k2", "k3"]
    concluded = [kind for kind in types(path, "service:S1") if kind.startswith("outage.")]
    assert concluded == ["outage.started", "outage.restated", "outage.started"], "down, never so, and down after all"
    check_sound(path)


def test_a_correction_of_a_fact_that_waits_for_its_complaint_waits_for_that_fact(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        assert take(taking, acknowledged("a", "C1", 10), corrected("k", "C1", 20, wrong="a", void=True)) == [
            "held",
            "held",
        ]
        taken = taking.take([filed("f", "C1", 0)])
        assert released(taken) == [("a", "recorded"), ("k", "recorded")]
    assert not held(path)


# ---------------------------------------------------------------------- for their time


def test_a_fact_of_up_to_five_minutes_ahead_waits_until_its_time_and_no_longer(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(0)
    late = fact("late", "service.down", "S1", 5, evidence="telemetry")
    beyond = json.dumps(
        event("z", "service.down", "S1", 5, evidence="customer")
        | {"time": str(START + timedelta(minutes=5, microseconds=1))}
    ).encode()
    with engine(path, clock=machine) as taking:
        assert take(taking, late, beyond, down("now", "S1", 0)) == ["held", "dead", "recorded"]
        assert [(field, body) for _, field, body in dead(path)] == [("time", beyond)]
        machine.minute = 5 - 1 / MINUTE
        assert not released(taking.tick())
        machine.minute = 5
        assert released(taking.tick()) == [("late", "recorded")]
        assert not released(taking.tick())
        assert take(taking, late) == ["duplicate"]
    assert [(e.id, e.recorded_at) for e in check_sound(path) if e.is_fact] == [("now", us(0)), ("late", us(5))]


def test_facts_whose_time_has_come_are_taken_before_those_that_come_after_a_restart(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(0)
    with engine(path, clock=machine) as taking:
        assert take(taking, up("u", "S1", 4), down("d", "S1", 2), close("c", "C1", 4)) == ["held"] * 3
    machine.minute = 60
    with engine(path, clock=machine) as taking:
        taken = taking.take([down("e", "S1", 50)])
        assert released(taken) == [("d", "recorded"), ("c", "held"), ("u", "recorded")]
        assert held(path) == [("c", "complaint:C1")], "now it waits for its complaint"
        assert released(taking.take([filed("f", "C1", 1)])) == [("c", "recorded")]
    assert ids(path) == ["d", "u", "e", "f", "c"]
    check_sound(path)


def test_a_filing_that_waited_for_its_time_sets_free_what_waited_for_it(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(0)
    with engine(path, clock=machine) as taking:
        assert (
            take(
                taking, acknowledged("a", "C1", -1), filed("f", "C1", 3), corrected("k", "C1", 0, wrong="a", void=True)
            )
            == ["held"] * 3
        )
        machine.minute = 3
        assert released(taking.tick()) == [("f", "recorded"), ("a", "recorded"), ("k", "recorded")]
    assert not held(path)
    check_sound(path)


def test_a_filing_that_waits_for_its_time_dies_if_another_comes_before_it(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(0)
    with engine(path, clock=machine) as taking:
        assert take(taking, filed("f2", "C1", 3), filed("f1", "C1", 0)) == ["held", "recorded"]
        machine.minute = 3
        assert released(taking.tick()) == [("f2", "dead")]
    assert [(field, body) for _, field, body in dead(path)] == [("subject", filed("f2", "C1", 3))]


def test_a_correction_that_moves_a_fact_ahead_waits_until_that_time(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(0)
    ahead = corrected("k", "S1", 0, wrong="d", time="2024-05-01T00:04:00Z")
    too_far = corrected("far", "S1", 0, wrong="d", time="2024-05-01T00:06:00Z")
    with engine(path, clock=machine) as taking:
        assert take(taking, down("d", "S1", -10), ahead, too_far) == ["recorded", "held", "dead"]
        machine.minute = 4
        assert released(taking.tick()) == [("k", "recorded")]
    assert [(field, body) for _, field, body in dead(path)] == [("data.time", too_far)]


@pytest.mark.parametrize("sizes", [[9], [1] * 9, [4, 5]], ids=["one batch", "one by one", "two batches"])
def test_by_the_clock_of_events_what_waits_for_its_time_is_taken_just_then(stores: Stores, sizes: list[int]) -> None:
    """Wherever a batch ends."""
    path = stores / "a.db"
    story = [
        filed("f", "C1", 0, service="S1", down=True),
        fact("p", "resolution.proposed", "C1", 1, by="desk", summary="restarted"),
        fact("s", "notice.sent", "C1", 2, notice="n", channel="mail", about="confirmation"),
        fact("n", "notice.delivered", "C1", 3, notice="n", proof="read"),
        down("d", "S2", 1440),
        corrected("k", "S2", 1440, wrong="d", time="2024-05-02T00:04:00Z"),
        down("e", "S3", 1443),
        down("g", "S3", 1445),
        down("h", "S3", 1446),
    ]
    with engine(path) as taking:
        while sizes:
            taking.take(story[: sizes[0]], mode="event")
            story, sizes = story[sizes[0] :], sizes[1:]
    assert ids(path) == ["f", "p", "s", "n", "d", "e", "k", "g", "h"]
    moments = {e.id: e.recorded_at for e in check_sound(path) if e.is_fact}
    assert moments["k"] == us(1444)
    [ended] = [e for e in log(path) if e.type == "outage.ended" and e.stream == "service:S1"]
    assert (ended.time, ended.recorded_at) == (us(1), us(1443))


def test_a_held_fact_that_the_contracts_take_no_more_costs_nobody_else(stores: Stores) -> None:
    """A later version may be stricter than the one that held it."""
    path, machine = stores / "a.db", Machine(0)
    with engine(path, clock=machine) as taking:
        assert (
            take(taking, acknowledged("a", "C1", -2), acknowledged("b", "C1", -1), down("d", "S1", 3)) == ["held"] * 3
        )
        for name, old in (("a", b"complaint.greeted"), ("d", b"service.gone")):
            body = one(path, "SELECT body FROM held WHERE id = ?", name)
            older = body.replace(b"complaint.acknowledged", old).replace(b"service.down", old)
            change(path, "UPDATE held SET body = ? WHERE id = ?", older, name)
        assert sorted(released(taking.take([filed("f", "C1", -5)]))) == [("a", "dead"), ("b", "recorded")]
        machine.minute = 3
        assert released(taking.tick()) == [("d", "dead")]
    assert [field for _, field, _ in dead(path)] == ["type", "type"]
    assert ids(path) == ["f", "b"]
    assert not held(path)
