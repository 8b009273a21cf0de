"""The second reading, sentence by sentence: facts that come in, and corrections."""

from __future__ import annotations

from typing import Any

import pytest

from .tale import Tale, terms

# ---- facts in


def test_the_same_fact_again_does_nothing_and_with_other_content_it_is_dead() -> None:
    tale = Tale()
    tale.file(0)
    fact = tale.say(5, "complaint.contacted", by="shop", direction="inbound")
    tale.world.arrive(fact, tale.world.now)
    assert tale.show()["contacts"] == 1
    tale.world.arrive({**fact, "data": {**fact["data"], "by": "other"}}, tale.world.now)
    assert tale.show()["contacts"] == 1
    assert tale.buried() == ["the same source and id with other content"]


def test_a_dead_letter_may_be_sent_again() -> None:
    tale = Tale()
    tale.file(0)
    tale.say(5, "service.down", id="again")
    assert tale.buried() == ["evidence is missing"]
    tale.down(5, id="again")
    assert tale.outages() == [(5, None)]


@pytest.mark.parametrize("first", ["request", "order"])
def test_facts_ahead_of_their_filing_are_held_and_arrive_then_in_the_order_of_facts(first: str) -> None:
    tale = Tale()
    if first == "request":
        tale.close(20, now=30)
    tale.say(5, "part.ordered", order="o", part="psu", now=31)
    if first == "order":
        tale.close(20, now=31)
    assert not tale.world.refusals
    tale.file(0, now=32)
    assert tale.objections() == ["part_outstanding"]  # the order came before the request


def test_a_second_filing_is_dead_and_nothing_waits_for_it() -> None:
    tale = Tale()
    tale.file(0, team="a")
    tale.file(5, team="b")
    tale.say(6, "complaint.assigned", to="ann")
    assert tale.buried() == ["a second filing"]
    assert tale.show()["owner"] == {"team": "a", "person": "ann", "orphaned": False}


def test_an_agreement_that_nobody_published_is_dead() -> None:
    tale = Tale()
    tale.file(0, agreement="unheard-of")
    assert tale.buried() == ["no such agreement"]
    tale.file(1)
    assert tale.show()["status"] == "open"


def test_a_complaint_that_names_no_service_has_its_own() -> None:
    tale = Tale()
    tale.file(0, service=None, down=True)
    assert tale.show()["service"] == "complaint:C"
    assert tale.show()["customer_state"] == "down"


def test_a_correction_replaces_fields_time_or_the_whole() -> None:
    tale = Tale()
    tale.file(0)
    down = tale.down(10, since=5)
    tale.correct(20, down, data={"since": 7})
    assert tale.outages() == [(7, None)]
    tale.correct(21, down, time=8)
    assert tale.outages() == [(7, None)]
    tale.correct(22, down, void=True)
    assert tale.outages() == []
    assert not tale.world.dead


def test_corrections_of_one_fact_apply_in_the_order_of_facts() -> None:
    tale = Tale()
    tale.file(0)
    down = tale.down(10, since=5)
    tale.correct(22, down, data={"since": 9})
    tale.correct(21, down, data={"since": 7}, now=30)
    assert tale.outages() == [(9, None)]


def test_a_correction_that_is_itself_taken_back_does_nothing() -> None:
    tale = Tale()
    tale.file(0)
    down = tale.down(10)
    void = tale.correct(20, down, void=True)
    assert tale.outages() == []
    tale.correct(21, void, void=True)
    assert tale.outages() == [(10, None)]


def test_a_correction_of_what_is_not_known_is_held() -> None:
    tale = Tale()
    tale.file(0)
    tale.correct(6, {"source": "/t", "id": "later", "subject": "S"}, data={"since": 2})
    tale.down(5, id="later", now=9)
    assert tale.outages() == [(2, None)]


@pytest.mark.parametrize("how", [{"void": True}, {"time": 1}])
def test_what_began_or_ended_a_complaint_is_neither_void_nor_moved(how: dict[str, Any]) -> None:
    tale = Tale()
    filed = tale.file(2)
    closed = tale.close(10)
    reopened = tale.reject(20)
    withdrawn = tale.say(30, "complaint.withdrawn", by="shop", proof="p")
    ended_nothing = tale.say(40, "complaint.withdrawn", by="shop", proof="p")
    for fact in (filed, closed, reopened, withdrawn):
        tale.correct(50, fact, proof="p", **how)
    assert tale.buried() == ["it began or ended a complaint"] * 4
    tale.correct(51, ended_nothing, **how)
    assert len(tale.buried()) == 4


def test_a_refused_request_may_be_corrected_and_the_refusal_stays() -> None:
    tale = Tale()
    tale.file(0, down=True)
    request = tale.close(10)
    tale.correct(20, request, void=True)
    assert not tale.world.dead
    assert len(tale.show()["refusals"]) == 1
    assert tale.show()["downtime"]["hidden"] == 0


def test_a_filing_keeps_its_service_customer_and_agreement() -> None:
    tale = Tale(other=terms())
    filed = tale.file(0)
    for change in ({"service": "T"}, {"customer": "x"}, {"agreement": "other"}):
        tale.correct(5, filed, data=change, proof="p")
    tale.correct(5, filed, data={"team": "field", "customer": "shop"})
    assert len(tale.buried()) == 3
    assert tale.show()["owner"]["team"] == "field"


def test_what_the_customer_said_is_taken_away_only_with_the_customers_proof() -> None:
    tale = Tale()
    tale.file(0)
    word = tale.down(10, "customer")
    ways: list[dict[str, Any]] = [{"void": True}, {"data": {"evidence": "telemetry"}}, {"time": 9}]
    for how in ways:
        tale.correct(20, word, **how)
    assert tale.buried() == ["what the customer said needs the customer's proof"] * 3
    tale.correct(21, word, void=True, proof="letter")
    assert tale.outages() == []
