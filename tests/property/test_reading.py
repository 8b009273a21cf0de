"""The second reading, sentence by sentence: closing."""

from __future__ import annotations

from typing import Any

import pytest

from .tale import Tale, at, terms

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
