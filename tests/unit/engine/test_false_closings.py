"""A closing that a later word proves false (the domain page, section 5)."""

from __future__ import annotations

import pytest

from contracts.decisions import ComplaintReopened

from .given import Story, given, minute, terms
from .telling import (
    closing,
    confirmed,
    corrected,
    delivered,
    down,
    filed,
    rejected,
    reopening,
    sent,
    up,
    withdrawn,
)


def closed(*more: object) -> Story:
    return given(filed(0, down=True), confirmed(5), closing(10), *more)  # type: ignore[arg-type]


def standing(it: Story, complaint: str = "C") -> list[float | None]:
    """The times of the closings that stand."""
    state = it.memory.complaint(complaint)
    assert state is not None
    return [minute(turn.time) for turn in state.closings() if turn.ref not in state.false]


@pytest.mark.parametrize("evidence", ["customer", "telemetry", "technician", "operator"])
def test_a_word_after_the_closing_by_which_the_customer_was_down_at_it_proves_it_false(evidence: str) -> None:
    it = closed().when(down(20, evidence, since=8)).then("outage.started", "complaint.reopened")
    assert it.status() == "open"
    assert it.show()["false_closings"] == it.show()["reopenings"] == 1
    assert standing(it) == []


def test_the_engine_reopens_it_at_the_words_time() -> None:
    it = closed().when(down(20, since=8))
    (reopened,) = it.decided("complaint.reopened")
    assert isinstance(reopened.data, ComplaintReopened)
    assert (minute(reopened.time), reopened.data.because, reopened.data.by) == (20, "false_closing", None)


def test_but_not_before_the_closings() -> None:
    it = closed().when(down(7).arriving(20))
    (reopened,) = it.decided("complaint.reopened")
    assert minute(reopened.time) == 10


def test_a_word_of_the_same_instant_proves_it_false_too() -> None:
    assert closed().when(down(10)).then("outage.started", "complaint.reopened").status() == "open"
    assert closed().when(down(10, since=10, id="0")).status() == "open"


def test_a_new_outage_after_the_closing_does_not_reopen_it() -> None:
    it = closed().when(down(10.000001)).then("outage.started")
    assert (it.status(), it.show()["false_closings"]) == ("closed", 0)


def test_nor_does_an_outage_that_was_over_by_the_closing() -> None:
    it = closed().when(down(7).arriving(20), up(9).arriving(21))
    assert it.show()["false_closings"] == 1  # it was not over as known when the first word came: false is for good
    it = closed().when(up(9).arriving(20), down(7).arriving(21))
    assert (it.outages(), it.status()) == ([(0, 5), (7, 9)], "closed")


def test_false_is_for_good() -> None:
    it = closed().when(down(20, since=8), up(30, since=8))
    assert it.outages() == [(0, 5)]
    assert (it.status(), it.show()["false_closings"]) == ("open", 1)


def test_that_the_customer_was_unconfirmed_at_it_proves_it_false_too() -> None:
    """The word that had ended the outage never was; what is left is a claim, which D disputes."""
    word = confirmed(5)
    it = given(filed(0, down=True), filed(1, "D"), up(4, "technician"), word, closing(10))
    it.when(corrected(20, word, void=True, proof="letter")).then("outage.restated", "complaint.reopened")
    assert it.state(10) == "unconfirmed"
    assert it.show()["false_closings"] == 1


def test_a_claim_that_nobody_disputes_any_more_upholds_the_closing_with_which_the_last_one_left() -> None:
    """By the letter: from the closing on none leans, so what was pending is accepted from the moment that it names."""
    word = confirmed(5)
    it = given(filed(0, down=True), up(4, "technician"), word, closing(10))
    it.when(corrected(20, word, void=True, proof="letter")).then("outage.restated")
    assert (it.outages(), it.ended_by()) == ([(0, 4)], ["technician"])
    assert it.status() == "closed"


def test_a_correction_of_the_word_that_a_closing_rests_on_proves_it_false() -> None:
    word = up(5)
    it = given(filed(0), down(1), word, closing(10)).when(corrected(20, word, data={"since": 5}, time=15, proof="p"))
    assert it.outages() == [(1, 5)]
    assert it.status() == "closed"
    it.when(corrected(21, word, void=True, proof="p"))
    assert it.show()["false_closings"] == 1


def test_a_silence_that_is_taken_back_proves_false_what_rested_on_it() -> None:
    it = given(filed(0, down=True), filed(1, "D"), up(5, "technician"), sent(6), delivered(7), closing(70), silence=60)
    assert it.status() == "closed"
    it.when(rejected(50).arriving(80))
    assert it.show()["false_closings"] == 1
    assert it.status() == "open"


def test_a_closing_that_was_reopened_meanwhile_is_counted_as_false_all_the_same() -> None:
    it = closed(reopening(15)).when(down(20, since=8)).then("outage.started", "complaint.restated")
    shown = it.show()
    assert (shown["status"], shown["false_closings"], shown["reopenings"]) == ("open", 1, 1)
    assert standing(it) == []


def test_an_older_closing_proved_false_leaves_a_newer_one_that_stands() -> None:
    it = closed(reopening(15), closing(20)).when(down(30, since=9), up(31, since=12))
    it = closed(reopening(15), closing(20)).when(up(31, since=12), down(30, since=9).arriving(40))
    assert it.outages() == [(0, 5), (9, 12)]
    assert (it.status(), it.show()["false_closings"], standing(it)) == ("closed", 1, [20])


def test_several_closings_of_one_complaint_are_false_at_once() -> None:
    it = closed(reopening(15), closing(20)).when(down(30, since=9))
    shown = it.show()
    assert (shown["status"], shown["false_closings"], shown["reopenings"]) == ("open", 2, 2)


def test_all_closings_about_the_service_are_false_at_once() -> None:
    it = closed(filed(11, "D"), closing(12, "D"), filed(13, "E", service="T"), closing(14, "E"))
    it.when(down(30, since=9))
    assert [it.show(name)["false_closings"] for name in "CDE"] == [1, 1, 0]
    assert {minute(event.time) for event in it.decided("complaint.reopened")} == {30}


def test_a_word_that_reopens_by_itself_reopens_a_false_closing_once() -> None:
    it = closed().when(rejected(20, still_down=True)).then("outage.restated", "complaint.reopened")
    shown = it.show()
    assert (shown["reopenings"], shown["false_closings"]) == (1, 1)
    assert it.outages() == [(0, None)]


def test_a_withdrawal_is_never_proved_false() -> None:
    it = given(filed(0), withdrawn(10)).when(down(20, since=5)).then("outage.started")
    assert (it.status(), it.show()["false_closings"]) == ("withdrawn", 0)


def test_a_withdrawn_complaint_is_not_reopened_by_an_older_closing_that_proves_false() -> None:
    it = closed(reopening(15), withdrawn(20)).when(down(30, since=9))
    shown = it.show()
    assert (shown["status"], shown["false_closings"], shown["reopenings"]) == ("withdrawn", 1, 1)


# ---- one proves the next


def falling(late: float = 10) -> Story:
    """C is strict and closes at 10; then D, which takes telemetry's word, closes at 40 on an outage that C disputes."""
    strict, easy = filed(0, "C"), filed(11, "D", agreement="easy")
    story = [strict, closing(10), easy, down(20), up(30, "telemetry"), closing(40, "D")]
    return given(*story, easy=terms("telemetry")).when(down(late, since=late).arriving(50))


def test_with_those_complaints_leaning_again_more_closings_show_false() -> None:
    it = falling()
    assert [it.show(name)["false_closings"] for name in "CD"] == [1, 1]
    assert [event.stream for event in it.decided("complaint.reopened")] == ["complaint:C", "complaint:D"]
    assert it.claims() == [("pending", 30)]  # C disputes it: it had leaned all the time
    assert it.outages() == [(10, None)]


def test_where_nothing_was_false_the_next_one_stands() -> None:
    it = falling(late=10.5)
    assert [it.show(name)["false_closings"] for name in "CD"] == [0, 0]
    assert it.outages() == [(10.5, 30)]


def test_a_closing_proved_false_is_none_its_complaint_leaned_all_the_time() -> None:
    """While nobody leaned the claim was accepted; the closing proved false, it is decided again."""
    it = given(filed(0), closing(10), down(20), up(30, "operator"))
    assert it.outages() == [(20, 30)]
    it.when(down(9).arriving(40))
    assert it.outages() == [(9, None)]
    assert it.claims() == [("pending", 30)]
    assert it.state(40) == "unconfirmed"


def test_a_closing_is_judged_without_what_only_its_own_leaving_would_say() -> None:
    """With C gone nobody disputes the claim; but the closing is refused, since the customer had not said so."""
    it = given(filed(0, down=True), up(5, "operator")).when(closing(10))
    assert it.objections() == ["restoration_unconfirmed"]
