"""Silence: the customer was asked, heard it, and said nothing (the domain page, section 4; 4)."""

from __future__ import annotations

import pytest

from .given import given, minute, terms, us
from .telling import (
    closing,
    confirmed,
    corrected,
    delivered,
    down,
    filed,
    proposed,
    rejected,
    reopening,
    said,
    sent,
    up,
    withdrawn,
)

CLAIMED = (filed(0, down=True), up(10, "technician", since=6))


def test_a_silence_that_has_lasted_confirms_what_was_claimed_from_the_moment_it_names() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60)
    assert it.silence_due() == 90
    it.at(89).then()
    assert it.state(89) == "unconfirmed"
    it.at(90).then("outage.ended")
    assert it.outages() == [(0, 6)]
    assert it.ended_by() == ["silence"]
    assert it.claims() == [("confirmed", 6)]


def test_its_word_is_said_when_it_has_lasted_and_its_cause_is_the_delivery() -> None:
    asked = delivered(30)
    it = given(*CLAIMED, sent(20), asked, silence=60).at(200)
    ended = it.decided("outage.ended")[0]
    assert (ended.source, ended.id) == (asked.source, asked.id)
    assert ended.recorded_at == us(90)
    (claim,) = it.memory.service("S").claims.values()
    assert minute(claim.settled_at) == 90


def test_it_never_protects_what_it_says() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).at(90)
    it.when(down(100, since=50))
    assert it.outages() == [(0, 6), (50, None)]


def test_sent_but_not_delivered_starts_nothing() -> None:
    it = given(*CLAIMED, sent(20), silence=60).at(1000)
    assert it.state(1000) == "unconfirmed"


def test_a_notice_that_failed_starts_nothing() -> None:
    it = given(*CLAIMED, sent(20), said(21, "notice.failed", notice="n", reason="550"), silence=60).at(1000)
    assert it.state(1000) == "unconfirmed"


@pytest.mark.parametrize("about", ["question", "progress", "reply", "extension"])
def test_a_notice_about_anything_else_starts_nothing(about: str) -> None:
    it = given(*CLAIMED, sent(20, about=about), delivered(30), silence=60)
    assert it.silence_due() is None


def test_without_a_silence_in_the_agreement_silence_proves_nothing() -> None:
    assert given(*CLAIMED, sent(20), delivered(30)).silence_due() is None


def test_where_nothing_is_claimed_a_silence_says_nothing() -> None:
    assert given(filed(0, down=True), sent(20), delivered(30), silence=60).silence_due() is None


def test_a_notice_sent_before_the_claim_is_none_about_it_even_if_delivered_after() -> None:
    it = given(filed(0, down=True), sent(5), up(10, "technician"), delivered(30), silence=60)
    assert it.silence_due() is None


def test_a_notice_at_the_claims_instant_came_after_it_if_the_order_of_facts_says_so() -> None:
    claim = up(10, "technician", id="b")
    assert given(filed(0, down=True), claim, sent(10, id="c"), delivered(30), silence=60).silence_due() == 90
    assert given(filed(0, down=True), claim, sent(10, id="a"), delivered(30), silence=60).silence_due() is None


def test_the_first_delivery_counts() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), delivered(50), silence=60)
    assert it.silence_due() == 90
    it.when(delivered(25).arriving(60)).then("complaint.restated")
    assert it.silence_due() == 85


def test_a_delivery_of_another_notice_or_complaint_is_none() -> None:
    it = given(*CLAIMED, filed(1, "D"), sent(20), silence=60)
    it.when(delivered(30, notice="m"), delivered(30, "D"))
    assert it.silence_due() is None


def test_delivered_before_it_was_sent_counts_as_delivered_then() -> None:
    it = given(*CLAIMED, delivered(12), sent(20), silence=60)
    assert it.silence_due() == 80


def test_a_notice_sent_again_after_the_claim_counts() -> None:
    it = given(filed(0, down=True), sent(5), delivered(6), up(10, "technician"), sent(20), silence=60)
    assert it.silence_due() == 80  # it was delivered before, and cannot have been heard of this before 20
    it = given(filed(0, down=True), sent(5), up(10, "technician"), sent(20), delivered(25), silence=60)
    assert it.silence_due() == 85


def test_a_notice_sent_again_answers_what_was_claimed_in_between_too() -> None:
    story = [filed(0, down=True), up(10, "technician"), sent(11), up(12, "technician", since=8), sent(13)]
    it = given(*story, delivered(14), silence=60).at(74)
    assert it.outages() == [(0, 8)]
    it = given(*story[:3], delivered(11), *story[3:], delivered(14), silence=60).at(74)
    assert it.outages() == [(0, 10)]  # the first had been heard, and speaks first
    assert it.claims() == [("confirmed", 10), ("confirmed", 8)]


def test_of_the_claims_made_before_the_notice_was_sent_the_earliest_moment_counts() -> None:
    it = given(
        filed(0, down=True), up(10, "technician"), up(12, "operator", since=4), sent(20), delivered(30), silence=60
    )
    it.when(up(40, "telemetry", since=1)).at(90)
    assert it.outages() == [(0, 4)]
    assert it.claims() == [("confirmed", 10), ("confirmed", 4), ("confirmed", 1)]


def test_a_notice_to_any_complaint_about_the_service_counts_ended_or_not() -> None:
    assert given(*CLAIMED, filed(1, "D"), sent(20, "D"), delivered(30, "D"), silence=60).silence_due() == 90
    it = given(*CLAIMED, filed(1, "D"), withdrawn(2, "D"), sent(20, "D"), delivered(30, "D"), silence=60)
    assert it.silence_due() == 90


def test_a_notice_of_a_complaint_about_another_service_counts_for_nothing() -> None:
    it = given(*CLAIMED, filed(1, "D", service="T"), sent(20, "D"), delivered(30, "D"), silence=60)
    assert it.silence_due() is None


# ---- broken


def test_a_rejection_breaks_the_silence_of_every_notice_sent_before() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), sent(31, notice="m"), silence=60)
    it.when(rejected(40), delivered(41, notice="m"))
    assert it.silence_due() is None
    assert it.state(1000) == "unconfirmed"


def test_after_a_rejection_a_new_notice_may_be_answered_by_silence() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), rejected(40), sent(50), delivered(51), silence=60)
    assert it.silence_due() == 110  # sent anew, though by the same name: it was delivered before that


def test_a_down_word_ends_the_silence_with_the_claims() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).when(down(40))
    assert it.silence_due() is None


def test_a_reopening_without_still_down_breaks_no_silence() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).when(reopening(40))
    assert it.silence_due() == 90


def test_a_proposal_in_between_does_not_start_it_anew() -> None:
    assert given(*CLAIMED, sent(20), delivered(30), proposed(40), silence=60).silence_due() == 90


# ---- at one and the same instant, and late


def test_a_silence_that_has_lasted_speaks_before_facts_of_that_instant() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).when(rejected(90, id="0")).then("outage.ended")
    assert it.outages() == [(0, 6)]
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).when(closing(90)).then("outage.ended", "complaint.closed")
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).when(down(90))
    assert it.outages() == [(0, 6), (90, None)]


def test_a_word_that_comes_late_takes_back_what_silence_said() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).at(100)
    assert it.outages() == [(0, 6)]
    it.when(rejected(60).arriving(110)).then("outage.restated")
    assert it.outages() == [(0, None)]


def test_a_delivery_that_comes_late_may_have_lasted_already() -> None:
    it = given(*CLAIMED, sent(20), silence=60).when(delivered(30).arriving(200)).then("outage.ended")
    (claim,) = it.memory.service("S").claims.values()
    assert minute(claim.settled_at) == 90


def test_a_delivery_that_never_happened_is_no_silence() -> None:
    wrong = delivered(30)
    it = given(*CLAIMED, sent(20), wrong, silence=60).at(100)
    it.when(corrected(110, wrong, void=True)).then("outage.restated", "complaint.restated")
    assert it.outages() == [(0, None)]
    assert it.claims() == [("pending", 6)]


def test_a_notice_that_was_about_something_else_is_no_silence() -> None:
    wrong = sent(20)
    it = given(*CLAIMED, wrong, delivered(30), silence=60).at(100)
    it.when(corrected(110, wrong, data={"about": "question"}))
    assert it.outages() == [(0, None)]


# ---- the strictest of those who lean


def test_the_longest_silence_of_those_who_lean_counts() -> None:
    it = given(*CLAIMED, filed(1, "D", agreement="long"), sent(20), delivered(30), silence=60, long=terms(silence=90))
    assert it.silence_due() == 120


def test_none_if_one_of_them_has_none() -> None:
    it = given(*CLAIMED, filed(1, "D", agreement="never"), sent(20), delivered(30), silence=60, never=terms())
    assert it.silence_due() is None


def test_when_the_patient_one_leaves_a_silence_long_enough_for_the_rest_speaks_then_never_earlier() -> None:
    it = given(*CLAIMED, filed(1, "D", agreement="never"), sent(20), delivered(30), silence=60, never=terms())
    it.when(withdrawn(200, "D")).then("complaint.withdrawn_recorded", "outage.ended")
    (claim,) = it.memory.service("S").claims.values()
    assert (it.ended_by(), minute(claim.settled_at)) == (["silence"], 200)
    it = given(*CLAIMED, filed(1, "D", agreement="never"), sent(20), delivered(30), silence=60, never=terms())
    assert it.when(withdrawn(50, "D")).silence_due() == 90


def test_who_comes_while_it_lasts_makes_it_longer() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60, long=terms(silence=90))
    it.when(filed(80, "D", agreement="long"))
    assert it.silence_due() == 120


def test_the_customer_speaking_first_leaves_nothing_for_silence() -> None:
    it = given(*CLAIMED, sent(20), delivered(30), silence=60).when(confirmed(40))
    assert it.silence_due() is None
    assert it.at(200).ended_by() == ["customer"]
