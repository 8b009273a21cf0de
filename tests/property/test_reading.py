"""The second reading, sentence by sentence: facts that come in, and closing."""

from __future__ import annotations

from typing import Any

import pytest

from .tale import Tale, at, terms

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
    assert tale.show()["owner"] == {"team": "a", "person": "ann"}


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


# ---- may it be closed?


def test_all_that_hold_are_listed_already_ended_beside_the_others() -> None:
    tale = Tale(letters=terms(reply=True))
    tale.file(0, agreement="letters")
    tale.say(1, "part.ordered", order="o", part="psu")
    span: dict[str, Any] = {"from": "x", "to": "y"}
    tale.say(1, "visit.scheduled", visit="v", **span)
    tale.say(1, "remedy.granted", remedy="r", kind="refund")
    tale.say(1, "promise.made", promise="p", what="x", due=9)
    tale.say(2, "complaint.withdrawn", by="shop", proof="p")
    tale.down(3)
    tale.close(4)
    assert tale.objections() == [
        "already_ended",
        "customer_down",
        "part_outstanding",
        "promise_outstanding",
        "remedy_outstanding",
        "reply_missing",
        "visit_outstanding",
    ]


def test_an_override_needs_an_approver_and_never_sets_aside_that_the_customer_is_down() -> None:
    tale = Tale()
    tale.file(0)
    tale.say(1, "part.ordered", order="o", part="psu")
    tale.close(2, overrides=["part_outstanding"])
    assert tale.objections() == ["part_outstanding"]
    tale.down(3)
    tale.close(4, overrides=["part_outstanding", "customer_down"], approved_by="boss")
    assert tale.objections() == ["customer_down"]
    tale.up(5)
    tale.close(6, overrides=["part_outstanding"], approved_by="boss")
    assert tale.closings() == [("C", 6, False)]


def test_up_at_its_time_and_up_now() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.up(20)
    tale.close(10, now=30)
    assert tale.objections() == ["customer_down"]  # down at its time
    tale.down(40)
    tale.close(25, now=50)
    assert tale.objections() == ["customer_down"]  # down now
    tale.up(51, "technician")
    tale.close(10, now=60)
    assert tale.objections() == ["customer_down", "restoration_unconfirmed"]  # one each
    tale.up(70)
    tale.close(25, now=80)
    assert tale.closings() == [("C", 25, False)]


def test_the_other_objections_are_as_of_its_time_as_known_when_it_arrives() -> None:
    tale = Tale()
    tale.file(0)
    tale.say(10, "part.ordered", order="o", part="psu")
    tale.close(10, source="/a")  # ahead of the order in the order of facts, at the same instant
    assert tale.objections() == ["part_outstanding"]
    tale.say(20, "part.arrived", order="o")
    tale.close(15, now=30)
    assert len(tale.show()["refusals"]) == 2
    tale.close(9, now=31)
    assert tale.closings() == [("C", 9, False)]


def test_a_silence_that_lasted_to_the_request_lets_it_close() -> None:
    tale = Tale(silence=30)
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.ask(20, delivered=20)
    tale.close(50)
    assert tale.closings() == [("C", 50, False)]


@pytest.mark.parametrize("evidence", ["customer", "telemetry"])
@pytest.mark.parametrize("said, since", [(20, 5), (10, 10), (8, 8)])
def test_a_word_by_which_the_customer_was_not_up_proves_a_closing_false(evidence: str, said: int, since: int) -> None:
    tale = Tale()
    tale.file(0)
    tale.close(10)
    tale.down(said, evidence, since=since, now=30)
    shown = tale.show()
    assert tale.closings() == [("C", 10, True)]
    assert (shown["status"], shown["reopenings"], shown["false_closings"]) == ("open", 1, 1)
    # the reopening is at the word's time, not before the closing's
    assert tale.world.events["C"][-1].time == at(max(said, 10))
    assert shown["time_by_cause"].get("closed", 0) == (max(said, 10) - 10) * 60


def test_a_new_outage_after_the_closing_does_not_reopen() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(10)
    tale.down(11)
    assert tale.show()["status"] == "closed"
    assert tale.show()["customer_state"] == "down"
    assert tale.show()["outages"] == []


def test_false_is_for_good() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(10)
    wrong = tale.down(9, now=20)
    tale.correct(30, wrong, void=True)
    assert tale.outages() == []
    assert tale.closings() == [("C", 10, True)]
    assert tale.show()["status"] == "open"


def test_correcting_the_word_that_a_closing_rests_on_proves_it_false() -> None:
    tale = Tale()
    tale.file(0, down=True)
    word = tale.up(5)
    tale.close(10)
    tale.correct(20, word, void=True, proof="letter")
    assert tale.closings() == [("C", 10, True)]
    assert tale.outages() == [(0, None)]


def test_a_closing_that_was_reopened_meanwhile_is_counted_as_false_all_the_same() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(10)
    tale.say(20, "complaint.reopen_requested", by="desk", reason="x")
    tale.down(9, now=30)
    assert tale.closings() == [("C", 10, True)]
    assert tale.show()["reopenings"] == 1


def test_a_word_is_taken_before_its_request_so_a_false_closing_is_reopened_once() -> None:
    tale = Tale(accepts=("technician",))
    tale.file(0, down=True)
    tale.up(5, "technician")
    tale.close(10)
    tale.reject(20, still_down=True)  # it never came back
    assert tale.closings() == [("C", 10, True)]
    assert tale.show()["reopenings"] == 1
    assert tale.world.events["C"][-1].place is None  # by the engine; the request then found it open
    assert tale.show()["false_restorations"] == 1


@pytest.mark.parametrize("lawful", [False, True])
def test_a_closing_upheld_by_itself(lawful: bool) -> None:
    # The silence it rests on never was. By the letter it stands: nobody leans at it, so the pending claim is accepted.
    tale = Tale(silence=10, lawful=lawful)
    tale.file(0, down=True)
    tale.up(5, "technician")
    tale.ask(6, delivered=6)
    tale.close(20)
    assert tale.closings() == [("C", 20, False)]
    tale.reject(10, now=30)
    assert tale.closings() == [("C", 20, lawful)]
    assert tale.show()["reopenings"] == 1
    assert tale.world.odd() == ([] if lawful else ["a closing upheld by itself"])


@pytest.mark.parametrize("lawful", [False, True])
def test_a_closing_upheld_by_itself_once_the_customer_takes_the_word_back(lawful: bool) -> None:
    tale = Tale(lawful=lawful)
    tale.file(0, down=True)
    tale.up(3, "technician")
    word = tale.up(5)
    tale.close(10)
    tale.correct(20, word, void=True, proof="letter")
    assert tale.closings() == [("C", 10, lawful)]


def test_a_closing_dated_before_the_customers_word_takes_its_claim_by_the_letter() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.up(8, "technician")
    tale.up(12)  # from 8, as the claim says; the customer's
    assert tale.ends() == ["customer"]
    tale.close(10, now=13)  # up at 10 and now
    assert tale.closings() == [("C", 10, False)]
    assert tale.outages() == [(0, 8)]
    assert tale.ends() == ["technician"]  # at 10 the claim was pending and nobody leant any more


def test_a_late_filing_with_stricter_terms_shows_a_closing_false_too() -> None:
    tale = Tale(easy=terms("telemetry"))
    tale.file(0, "A", agreement="easy", down=True)
    tale.up(5, "telemetry")
    tale.close(10, "A")
    tale.file(4, "B", now=20)
    assert tale.closings() == [("A", 10, True)]


def test_closings_fall_one_after_the_other_when_those_who_lean_again_are_stricter() -> None:
    tale = Tale(easy=terms("telemetry"))
    tale.file(0, "A")
    tale.close(5, "A")
    tale.file(6, "B", agreement="easy")
    tale.down(7)
    tale.up(8, "telemetry")
    tale.close(9, "B")
    assert tale.closings() == [("A", 5, False), ("B", 9, False)]
    tale.down(5, now=20)  # at the closing's own instant
    assert tale.closings() == [("A", 5, True), ("B", 9, True)]
    assert tale.world.seen["cascade"] == 1
    assert tale.state(20) == "unconfirmed"


def test_a_false_closing_is_none_for_those_who_lean() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(5)
    tale.down(10)
    tale.up(12, "operator")  # none leans: accepted
    assert tale.outages() == [(10, 12)]
    tale.down(4, now=20)
    tale.up(6, now=21)
    assert tale.outages() == [(4, 6), (10, None)]
    assert [r["started_at"][14:16] for r in tale.show()["outages"]] == ["04", "10"]


def test_reopening_is_judged_by_the_status_at_its_arrival_and_not_before_the_closing() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(10)
    tale.say(5, "complaint.reopen_requested", by="desk", reason="x", now=20)
    assert tale.show()["status"] == "open"
    assert tale.world.events["C"][-1].time == at(10)
    tale.go(30)
    assert tale.show()["time_by_cause"] == {"working": 30 * 60}
    tale.say(31, "complaint.reopen_requested", by="desk", reason="x")
    assert tale.show()["reopenings"] == 1  # an open one is not reopened


def test_a_rejection_reopens_and_there_is_no_limit() -> None:
    tale = Tale()
    tale.file(0)
    for i in (10, 20, 30):
        tale.close(i)
        tale.reject(i + 5)
    assert tale.show()["reopenings"] == 3
    assert tale.show()["false_closings"] == 0


def test_withdrawn_is_never_closed_and_reopened_by_nothing() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(10)
    tale.say(11, "complaint.withdrawn", by="shop", proof="p")
    assert tale.show()["status"] == "closed"  # of an ended complaint it changes nothing
    tale.reject(12)
    tale.say(13, "complaint.withdrawn", by="shop", proof="p")
    tale.reject(14, still_down=True)
    tale.down(9, now=20)  # the closing is false all the same
    shown = tale.show()
    assert (shown["status"], shown["closed_at"]) == ("withdrawn", None)
    assert (shown["false_closings"], shown["reopenings"]) == (1, 1)
