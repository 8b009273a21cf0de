"""At one instant: first a silence that has lasted, then all facts, then what falls due (domain.md §2)."""

from __future__ import annotations

import pytest

from contracts.agreements import parse
from tests.integration.engines import engine, record
from tests.integration.facts import corrected, down, fact, filed, log, up, us, when
from tests.integration.stores import Place, Stores
from tests.integration.test_deadlines import TERMS, fell_due, told


@pytest.mark.parametrize("batch", [1, 3])
def test_what_falls_due_at_an_instant_waits_for_all_facts_of_it(stores: Stores, batch: int) -> None:
    path = stores / "a.db"
    facts = [
        *told(1),
        fact("b1", "complaint.wait_started", "C1", 20, on="parts"),  # each looks at all that is due at its instant
        fact("b2", "complaint.acknowledged", "C1", 20, by="ann"),
        fact("c1", "complaint.wait_ended", "C1", 30),
        fact("c2", "complaint.assigned", "C1", 30, to="eve"),
        fact("d1", "complaint.wait_started", "C1", 45, on="parts"),
        fact("d2", "promise.kept", "C1", 45, promise="p"),
        fact("e1", "complaint.wait_ended", "C1", 60),
        up("e2", "S1", 60),
        down("z", "S9", 900),
    ]
    with engine(path, terms=TERMS) as taking:
        for start in range(0, len(facts), batch):
            record(taking, *facts[start : start + batch], mode="event")
    assert [(e.type, e.time) for e in fell_due(path)] == [("clock.warned", us(10))]


def test_a_promise_waits_for_the_facts_of_its_instant(stores: Stores) -> None:
    path = stores / "a.db"
    another = fact("d1", "promise.made", "C1", 45, promise="q", what="to call again", due=when(2000))
    with engine(path, terms=TERMS) as taking:
        record(taking, *told(1), another, fact("d2", "promise.kept", "C1", 45, promise="p"), mode="event")
        record(taking, down("z", "S9", 900), mode="event")
    assert [e for e in fell_due(path) if e.type == "promise.broken"] == []


def test_a_promise_that_is_corrected_at_its_due_instant_is_open_still(stores: Stores) -> None:
    path = stores / "a.db"
    other = corrected("d1", "C1", 45, "p1", data={"what": "to write"})
    with engine(path, terms=TERMS) as taking:
        record(taking, *told(1), other, fact("d2", "promise.kept", "C1", 45, promise="p"), mode="event")
    (restated,) = [e.data["promises"] for e in log(path) if e.type == "complaint.restated"]
    assert [(row["what"], row["state"]) for row in restated] == [("to write", "open")]


def test_a_credit_waits_for_the_facts_of_its_instant(stores: Stores) -> None:
    path = stores / "a.db"
    another = fact("d1", "promise.made", "C1", 60, promise="q", what="to call again", due=when(2000))
    with engine(path, terms=TERMS) as taking:
        record(taking, *told(1), another, up("d2", "S1", 60), down("z", "S9", 900), mode="event")
    assert [e for e in fell_due(path) if e.type == "credit.owed"] == []


@pytest.mark.parametrize("answered", [True, False])
def test_what_falls_due_at_the_instant_of_a_silence_waits_for_its_facts(stores: Stores, answered: bool) -> None:
    path = stores / "a.db"
    heard = [
        fact("b", "resolution.proposed", "C1", 5, by="desk", summary="done"),
        fact("c", "notice.sent", "C1", 6, notice="n", channel="mail", about="confirmation"),
        fact("d", "notice.delivered", "C1", 10, notice="n", proof="250"),
    ]
    at = 10 + 24 * 60
    answer = [fact("k", "complaint.acknowledged", "C1", at, by="ann")] if answered else []
    with engine(path, terms=TERMS.replace("PT20M", f"PT{at}M").replace("warn = [0.5]", "")) as taking:
        record(taking, filed("f", "C1", 0, service="S1", down=True), *heard, mode="event")
        record(taking, *answer, down("z", "S9", at + 60), mode="event")
    ended = [e for e in log(path) if e.type == "outage.ended"]
    assert [(e.time, e.recorded_at) for e in ended] == [(us(5), us(at))], "the silence has spoken at that instant"
    breached = [e.time for e in log(path) if e.type == "clock.breached" and e.data["row"]["clock"] == "acknowledge"]
    assert breached == ([] if answered else [us(at)])


def late(path: Place, *then: bytes) -> list[tuple[int, str]]:
    """An absence that is told late begins when it is told; what comes of it, with other facts of that instant."""
    away = {"from": when(10), "until": when(900), "deputy": "bob"}
    with engine(path) as taking:
        record(taking, filed("f", "C1", 0), fact("a", "complaint.assigned", "C1", 1, to="ann"), mode="event")
        record(taking, fact("x", "person.absent", "ann", 30, **away), *then, down("z", "S9", 60), mode="event")
    return [(e.time, e.data["deputy"]) for e in log(path) if e.type == "complaint.reassigned"]


def test_an_absence_waits_for_the_facts_of_the_instant_at_which_it_is_told(stores: Stores) -> None:
    assert late(stores / "stays.db") == [(us(30), "bob")]
    assert late(stores / "given.db", fact("y", "complaint.assigned", "C1", 30, to="eve")) == []


@pytest.mark.parametrize("started_anew", [False, True])
@pytest.mark.parametrize("minute", [10, 20, 30, 45, 60, 100, 120])
def test_what_fell_due_at_the_instant_at_which_the_clock_stands_is_not_taken_back(
    stores: Stores, minute: float, *, started_anew: bool
) -> None:
    path = stores / "a.db"
    last = fact("c1", "complaint.contacted", "C1", minute, by="eve", direction="outbound")
    late = [
        fact("w", "complaint.wait_ended", "C1", 5),
        fact("v", "complaint.contacted", "C1", 6, by="eve", direction="outbound"),
        corrected("u", "C1", 7, "f1", data={"summary": "another"}),
    ]
    with engine(path, terms=TERMS) as taking:
        record(taking, *told(1), last, mode="event")
        taking.settle()
        assert fell_due(path)[-1].time == us(minute)
        before = len(log(path))
        if not started_anew:
            record(taking, *late, mode="event")
            taking.settle()
    if started_anew:
        with engine(path, terms="") as taking:
            record(taking, *late, mode="event")
            taking.settle()
    came = ["complaint.wait_ended", "complaint.contacted", "fact.corrected"]
    assert [e.type for e in log(path)[before:]] == came


def test_a_promise_that_was_broken_at_the_instant_at_which_the_clock_stands_is_broken_in_what_is_restated(
    stores: Stores,
) -> None:
    path = stores / "a.db"
    another = fact("p9", "promise.made", "C1", 4, promise="q", what="to write", due=when(2000))
    with engine(path, terms=TERMS) as taking:
        record(taking, *told(1), fact("c1", "complaint.acknowledged", "C1", 45, by="eve"), mode="event")
        taking.settle()
        record(taking, another, mode="event")
    (restated,) = [e.data["promises"] for e in log(path) if e.type == "complaint.restated"]
    assert [(row["promise"], row["state"]) for row in restated] == [("p", "broken"), ("q", "open")]


def test_terms_applied_at_the_instant_at_which_the_clock_stands_are_not_taken_back(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path, terms=TERMS) as taking:
        record(taking, filed("f1", "C1", 0, service="S1", down=True), down("z", "S9", 55), mode="event")
        taking.settle()
        taking.publish(parse(TERMS.replace("PT100M", "PT40M").replace("2020-01-01", "2020-01-02")))
        list(taking.apply(["C1"]))
        before = len(log(path))
        assert [e.time for e in fell_due(path) if e.type == "clock.breached"] == [us(20), us(55)]
        record(taking, fact("w", "complaint.wait_ended", "C1", 5), mode="event")
        taking.settle()
    assert [e.type for e in log(path)[before:]] == ["complaint.wait_ended"]
