"""Corrections: what they change, and what none may (the domain page, section 3)."""

from __future__ import annotations

import pytest

from .given import Told, given, minute
from .telling import (
    closing,
    confirmed,
    corrected,
    down,
    filed,
    granted,
    proposed,
    rejected,
    remedied,
    reopening,
    said,
    up,
    visited,
    withdrawn,
)

PROOF = {"proof": "letter"}


# ---- what they change


def test_a_correction_replaces_fields() -> None:
    wrong = down(10, since=5)
    it = given(filed(0), wrong).when(corrected(20, wrong, data={"since": 7})).then("outage.restated")
    assert it.outages() == [(7, None)]


def test_or_the_time() -> None:
    wrong = down(10)
    it = given(filed(0), wrong).when(corrected(20, wrong, time=4))
    assert it.outages() == [(4, None)]


def test_or_says_that_it_never_happened() -> None:
    wrong = down(10)
    it = given(filed(0), wrong).when(corrected(20, wrong, void=True)).then("outage.restated")
    assert it.outages() == []


def test_a_field_may_be_taken_away() -> None:
    wrong = down(10, since=5)
    given_ = given(filed(0), wrong).when(corrected(20, wrong, data={"since": None}))
    assert given_.outages() == [(10, None)]


def test_decisions_taken_meanwhile_stay_in_the_history() -> None:
    wrong = down(10)
    it = given(filed(0), wrong, closing(15)).when(corrected(20, wrong, void=True))
    assert it.objections() == ["customer_down"]
    assert it.status() == "open"
    assert "closure.refused" in [event.type for event in it.events]


def test_corrections_of_one_fact_count_in_the_order_of_facts_whatever_the_order_of_arrival() -> None:
    wrong = down(10)
    first, second = corrected(20, wrong, data={"since": 5}), corrected(21, wrong, data={"since": 7})
    assert given(filed(0), wrong, first, second).outages() == [(7, None)]
    assert given(filed(0), wrong, second, first.arriving(30)).outages() == [(7, None)]


def test_a_correction_may_be_corrected() -> None:
    wrong = down(10)
    void = corrected(20, wrong, void=True)
    it = given(filed(0), wrong, void).when(corrected(30, void, void=True)).then("outage.started")
    assert it.outages() == [(10, None)]


def test_owners_counts_and_waits_follow_the_corrected_fact() -> None:
    contact = said(5, "complaint.contacted", by="shop", direction="outbound")
    it = given(filed(0, team="a"), contact, said(6, "complaint.assigned", team="b"))
    wrong = said(7, "complaint.assigned", team="c")
    it.when(wrong, corrected(10, contact, data={"direction": "inbound"})).then("complaint.restated")
    assert it.show()["contacts"] == 1
    it.when(corrected(11, wrong, void=True)).then("complaint.restated")
    assert (it.show()["owner"]["team"], it.show()["handovers"]) == ("b", 1)


def test_a_part_that_was_never_ordered_is_not_outstanding() -> None:
    wrong = said(5, "part.ordered", order="o", part="psu")
    it = given(filed(0), wrong, corrected(6, wrong, void=True)).when(closing(10)).then("complaint.closed")
    assert it.show()["parts"] == []


def test_a_visit_that_did_not_fix_it_after_all_claims_nothing() -> None:
    wrong = visited(5)
    it = given(filed(0, down=True), wrong).when(corrected(10, wrong, data={"outcome": "diagnosed"}))
    assert it.claims() == []
    assert it.state(10) == "down"


def test_a_remedy_that_was_something_else_claims_as_that() -> None:
    wrong = granted(3, kind="refund")
    it = given(filed(0, down=True), wrong, remedied(5)).when(corrected(10, wrong, data={"kind": "loaner"}))
    assert it.claims() == [("pending", 5)]


def test_whose_word_it_was_may_be_corrected() -> None:
    wrong = up(10, "telemetry", since=5)
    it = given(filed(0, down=True), wrong).when(corrected(20, wrong, data={"evidence": "customer"}))
    assert (it.outages(), it.ended_by(), it.claims()) == ([(0, 5)], ["customer"], [])


# ---- what none may: beginnings and ends


def begins_and_ends() -> dict[str, tuple[list[Told], Told]]:
    filing, close, again = filed(0), closing(10), reopening(20)
    return {
        "filing": ([filing], filing),
        "closing": ([filed(0), close], close),
        "reopening": ([filed(0), closing(10), again], again),
        "rejection": ([filed(0), closing(10), (no := rejected(20))], no),
        "withdrawal": ([filed(0), (off := withdrawn(10))], off),
    }


@pytest.mark.parametrize("what", begins_and_ends())
def test_what_began_or_ended_a_complaint_cannot_be_made_void_or_moved(what: str) -> None:
    story, wrong = begins_and_ends()[what]
    it = given(*story).when(corrected(30, wrong, void=True, **PROOF)).then()
    assert it.dead == ["data.void"]
    it.when(corrected(31, wrong, time=wrong.time + 1, **PROOF)).then()
    assert it.dead == ["data.void", "data.time"]
    it.when(corrected(32, wrong, data={"reason": "typo", "summary": "typo"}, **PROOF))
    assert len(it.dead) == 2  # its other fields may be corrected


def test_a_correction_that_keeps_its_time_moves_nothing() -> None:
    request = closing(10)
    it = given(filed(0), request).when(corrected(30, request, time=10, data={"by": "mel"}))
    assert it.dead == []


def test_what_was_refused_began_and_ended_nothing() -> None:
    request, again = closing(10), reopening(5)
    it = given(filed(0, down=True), again, request)
    it.when(corrected(30, request, void=True), corrected(31, again, time=6))
    assert it.dead == []
    assert it.show()["refusals"] != []  # the refusal was decided, and stays


def test_a_closing_proved_false_cannot_be_moved_either() -> None:
    request = closing(10)
    it = given(filed(0), request, down(20, since=5)).when(corrected(30, request, void=True))
    assert it.dead == ["data.void"]


@pytest.mark.parametrize("field", ["service", "customer", "agreement"])
def test_a_filing_keeps_its_service_customer_and_agreement(field: str) -> None:
    wrong = filed(0)
    it = given(wrong).when(corrected(10, wrong, data={field: "other"}, **PROOF))
    assert it.dead == [f"data.data.{field}"]
    same = {"service": "S", "customer": "shop", "agreement": None}[field]
    assert given(wrong).when(corrected(10, wrong, data={field: same, "summary": "dead as a stone"})).dead == []


# ---- what none may: what the customer said


def customers() -> dict[str, tuple[list[Told], Told]]:
    filing = filed(0, down=True)
    words = {
        "down": down(5, "customer", since=4),
        "up": up(5, since=4),
        "confirmed": confirmed(5, up_since=4),
        "rejected": rejected(5, still_down=True),
        "reopening": reopening(5, still_down=True),
        "plain rejection": rejected(5),
    }
    return {"filing": ([filing], filing)} | {name: ([filed(0), word], word) for name, word in words.items()}


@pytest.mark.parametrize("what", [name for name in customers() if name != "filing"])
def test_it_takes_away_what_the_customer_said_only_with_the_customers_proof(what: str) -> None:
    story, wrong = customers()[what]
    for change in ({"void": True}, {"time": 4.5}):
        assert given(*story).when(corrected(30, wrong, **change)).dead == ["data.proof"]
        assert given(*story).when(corrected(30, wrong, **change, **PROOF)).dead == []


@pytest.mark.parametrize(
    "wrong, change",
    [
        (filed(0, down=True), {"down": False}),
        (filed(2, down=True), {"down_since": 1}),
        (down(5, "customer"), {"evidence": "telemetry"}),
        (down(5, "customer"), {"since": 3}),
        (up(5), {"evidence": "technician"}),
        (confirmed(5), {"up_since": 4}),
        (rejected(5, still_down=True), {"still_down": False}),
        (reopening(5, still_down=True), {"down_since": 3}),
    ],
    ids=lambda value: value.kind if isinstance(value, Told) else str(value),
)
def test_nor_may_its_fields_be_changed_without_it(wrong: Told, change: dict[str, object]) -> None:
    story = [wrong] if wrong.kind == "complaint.filed" else [filed(0), wrong]
    assert given(*story).when(corrected(30, wrong, data=change)).dead == ["data.proof"]
    assert given(*story).when(corrected(30, wrong, data=change, **PROOF)).dead == []


def test_what_does_not_touch_the_customers_word_needs_no_proof() -> None:
    filing = filed(0, down=True)
    word = confirmed(5, up_since=4)
    it = given(filing, word)
    it.when(corrected(10, filing, data={"team": "b"}), corrected(11, word, data={"by": "the shop"}))
    it.when(corrected(12, word, data={"up_since": 4}))
    assert it.dead == []


def test_what_the_customer_did_not_say_yet_may_be_added() -> None:
    filing = filed(0)
    it = given(filing).when(corrected(10, filing, data={"down": True}))
    assert (it.dead, it.outages()) == ([], [(0, None)])


# ---- what cannot be understood


@pytest.mark.parametrize(
    "change, field",
    [
        ({"evidence": "hearsay"}, "data.data.evidence"),
        ({"evidence": None}, "data.data.evidence"),
        ({"since": 20}, "data.data.since"),
        ({"by": "a\nb"}, "data.data.by"),
    ],
)
def test_a_correction_that_makes_it_something_nobody_understands_is_a_dead_letter(
    change: dict[str, object], field: str
) -> None:
    wrong = down(10)
    it = given(filed(0), wrong).when(corrected(30, wrong, data=change))
    assert it.dead == [field]
    assert it.outages() == [(10, None)]


def test_a_time_that_makes_it_something_nobody_understands_is_named() -> None:
    wrong = down(10, since=8)
    it = given(filed(0), wrong).when(corrected(30, wrong, time=5))
    assert (it.dead, it.outages()) == (["data.time"], [(8, None)])


def test_a_correction_speaks_of_the_complaint_of_its_fact() -> None:
    wrong = proposed(5)
    it = given(filed(0), filed(1, "D"), wrong)
    other = Told("fact.corrected", "D", 10, corrected(10, wrong, void=True).data, "/t", "elsewhere")
    assert it.when(other).dead == ["subject"]


def test_a_time_that_is_moved_ahead_of_the_clock_waits_or_is_a_dead_letter() -> None:
    wrong = down(5)
    it = given(filed(0), wrong).when(corrected(10, wrong, time=12), corrected(10, wrong, time=16))
    assert (it.held, it.dead) == (["time"], ["data.time"])
    assert minute(it.memory.service("S").outages[0].start) == 5
