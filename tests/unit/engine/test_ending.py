"""Beginnings and ends: reopening, withdrawing, services, agreements, who leans (the domain page, sections 2 to 5)."""

from __future__ import annotations

import pytest

from contracts.decisions import ComplaintReopened, ComplaintWithdrawnRecorded

from .given import Story, given, minute, terms
from .telling import closing, confirmed, corrected, down, filed, proposed, rejected, reopening, up, withdrawn


def closed() -> Story:
    return given(filed(0), closing(10))


# ---- reopening


def test_a_request_reopens_a_closed_complaint() -> None:
    it = closed().when(reopening(20, by="mel", reason="again")).then("complaint.reopened")
    data = it.decided()[0].data
    assert isinstance(data, ComplaintReopened)
    assert (data.because, data.by, data.reason) == ("requested", "mel", "again")
    assert (it.status(), it.show()["closed_at"], it.show()["reopenings"]) == ("open", None, 1)


def test_the_customers_rejection_reopens_it_too() -> None:
    it = closed().when(rejected(20)).then("complaint.reopened")
    data = it.decided()[0].data
    assert isinstance(data, ComplaintReopened)
    assert data.because == "rejected"


def test_there_is_no_limit() -> None:
    it = closed()
    for n in range(20, 60, 2):
        it.when(reopening(n), closing(n + 1))
    assert it.show()["reopenings"] == 20
    assert (it.status(), minute(it.show()["closed_at"])) == ("closed", 59)


def test_its_time_is_its_own_not_before_the_closings() -> None:
    assert minute(closed().when(reopening(20).arriving(30)).decided()[0].time) == 20
    assert minute(closed().when(reopening(5).arriving(30)).decided()[0].time) == 10


def test_an_open_complaint_is_not_reopened() -> None:
    given(filed(0)).when(reopening(20)).then()
    given(filed(0)).when(rejected(20)).then()


def test_a_reopening_is_judged_by_the_status_at_its_arrival() -> None:
    it = given(filed(0), reopening(20)).when(closing(10).arriving(30)).then("complaint.closed")
    assert it.status() == "closed"


def test_its_word_is_taken_before_its_request() -> None:
    it = closed().when(reopening(20, still_down=True)).then("outage.started", "complaint.reopened")
    assert it.outages() == [(20, None)]
    it = closed().when(reopening(20, still_down=True, down_since=8)).then("outage.started", "complaint.reopened")
    data = it.decided("complaint.reopened")[0].data
    assert isinstance(data, ComplaintReopened)
    assert data.because == "false_closing"


def test_a_new_outage_after_the_closing_does_not_reopen_it() -> None:
    it = closed().when(down(20), down(30, "customer")).then("outage.started")
    assert it.status() == "closed"
    assert it.show()["customer_state"] == "down"  # of the service, also when the complaint has ended


# ---- withdrawing


def test_a_withdrawal_ends_it_but_is_never_counted_as_closed() -> None:
    it = given(filed(0)).when(withdrawn(10)).then("complaint.withdrawn_recorded")
    shown = it.show()
    assert (shown["status"], shown["closed_at"], minute(shown["withdrawn_at"])) == ("withdrawn", None, 10)


@pytest.mark.parametrize(
    "story, state",
    [([filed(0)], "up"), ([filed(0, down=True)], "down"), ([filed(0, down=True), up(5, "operator")], "unconfirmed")],
)
def test_it_says_so_when_the_customer_was_down(story: list, state: str) -> None:  # type: ignore[type-arg]
    it = given(*story).when(withdrawn(10))
    data = it.decided("complaint.withdrawn_recorded")[0].data
    assert isinstance(data, ComplaintWithdrawnRecorded)
    assert data.customer_state == state


def test_a_withdrawal_of_an_ended_complaint_changes_nothing() -> None:
    assert closed().when(withdrawn(20)).then().status() == "closed"
    it = given(filed(0), withdrawn(10)).when(withdrawn(20)).then()
    assert minute(it.show()["withdrawn_at"]) == 10


def test_a_withdrawn_one_is_reopened_by_nothing() -> None:
    it = given(filed(0), withdrawn(10))
    it.when(reopening(20), rejected(21), reopening(22, still_down=True), down(5).arriving(30))
    assert (it.status(), it.show()["reopenings"]) == ("withdrawn", 0)


def test_a_withdrawal_while_a_claim_is_pending_leaves_nobody_who_disputes_it() -> None:
    it = given(filed(0, down=True), up(5, "technician")).when(withdrawn(10))
    it.then("complaint.withdrawn_recorded", "outage.ended")
    assert (it.outages(), it.claims()) == ([(0, 5)], [("confirmed", 5)])


def test_a_withdrawal_while_another_leans_leaves_the_claim_pending() -> None:
    it = given(filed(0, down=True), filed(1, "D"), up(5, "technician")).when(withdrawn(10))
    it.then("complaint.withdrawn_recorded")
    assert it.claims() == [("pending", 5)]


# ---- the service


def test_a_complaint_that_names_no_service_has_its_own() -> None:
    it = given(filed(0, service=None, down=True), filed(0, "D", service=None))
    assert it.show()["service"] == "complaint:C"
    assert (it.outages("complaint:C"), it.outages("complaint:D"), it.outages("S")) == ([(0, None)], [], [])
    it.when(down(5, service="S"), confirmed(10)).then("outage.started", "outage.ended")
    assert it.when(closing(20)).status() == "closed"


def test_a_complaints_own_service_may_be_spoken_of_by_its_name() -> None:
    it = given(filed(0, service=None)).when(down(5, service="complaint:C"))
    assert it.show()["customer_state"] == "down"
    assert it.when(closing(10)).objections() == ["customer_down"]


def test_what_one_complaint_says_holds_for_all_about_the_service() -> None:
    it = given(filed(0, down=True), filed(1, "D"))
    assert it.show("D")["customer_state"] == "down"
    assert it.when(closing(5, "D")).objections("D") == ["customer_down"]
    it.when(confirmed(10, "D"))
    assert it.show("C")["customer_state"] == "up"


def test_a_complaint_filed_late_learns_what_was_said_before_it() -> None:
    it = given(down(5)).when(filed(0).arriving(20))
    assert it.when(closing(21)).objections() == ["customer_down"]


# ---- the agreement


def test_its_agreement_governs_the_service_while_it_leans() -> None:
    easy = terms("telemetry")
    it = given(filed(0, agreement="easy"), down(5), up(6, "telemetry"), easy=easy)
    assert it.outages() == [(5, 6)]
    it.when(filed(10, "D"), down(15), up(16, "telemetry"))
    assert it.state(16) == "unconfirmed"
    it.when(withdrawn(20, "D"))
    assert it.outages() == [(5, 6), (15, 16)]


def test_a_closed_complaint_leans_no_more_and_a_reopened_one_again() -> None:
    it = given(filed(0), closing(10), down(20), up(21, "operator"), reopening(30), down(40), up(41, "operator"))
    assert it.outages() == [(20, 21), (40, None)]


def test_each_in_its_place_in_the_order_of_facts() -> None:
    """The reopening comes late: from its time on it leaned, so what was claimed after it is disputed."""
    it = given(filed(0), closing(10), down(40), up(41, "operator"))
    assert it.outages() == [(40, 41)]
    it.when(reopening(30).arriving(50)).then("complaint.reopened", "outage.restated")
    assert it.outages() == [(40, None)]


def test_at_one_instant_what_a_fact_says_comes_before_who_leans_after_it() -> None:
    it = given(filed(0, down=True), proposed(9), withdrawn(10, id="b"), up(10, "operator", id="c"))
    assert it.outages() == [(0, 9)]
    it = given(filed(0, down=True), up(10, "operator", id="a"), withdrawn(10, id="b"))
    assert it.outages() == [(0, 10)]


def test_an_agreement_that_nobody_published_is_a_dead_letter() -> None:
    it = given(filed(0, agreement="unheard"))
    assert it.dead == ["data.agreement"]
    assert it.when(filed(1)).status() == "open"


def test_a_second_filing_is_a_dead_letter_and_changes_nothing() -> None:
    it = given(filed(0)).when(filed(5, down=True))
    assert it.dead == ["subject"]
    assert it.show()["customer_state"] == "up"


# ---- what waits


def test_a_fact_that_comes_before_its_complaint_is_held() -> None:
    it = given(closing(5))
    assert it.held == ["complaint:C"]
    assert it.events == []


def test_a_correction_of_a_fact_that_nobody_knows_is_held() -> None:
    wrong = down(5)
    it = given(filed(0)).when(corrected(10, wrong, void=True))
    assert it.held == [f"fact:/t {wrong.id}"]


def test_a_fact_ahead_of_the_engines_clock_is_held_five_minutes_ahead_at_most() -> None:
    it = given(filed(0)).when(down(15).arriving(10), down(15.001).arriving(10))
    assert it.held == ["time"]
    assert it.dead == ["time"]
