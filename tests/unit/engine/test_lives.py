"""What a complaint lived through: its outages, its downtime, what was reported and what was hidden (section 4)."""

from __future__ import annotations

from typing import Any

from .given import Story, given, minute, pairs
from .telling import closing, confirmed, down, filed, rejected, reopening, up, withdrawn


def lived(it: Story, complaint: str = "C", *, at: float | None = None) -> list[tuple[float | None, float | None]]:
    return pairs(it.show(complaint, at=at)["outages"], "started_at", "ended_at")


def downtime(it: Story, complaint: str = "C", *, at: float | None = None) -> tuple[float, float, float]:
    """Experienced, reported and hidden, in minutes."""
    shown: dict[str, Any] = it.show(complaint, at=at)["downtime"]
    return shown["experienced"] / 60, shown["reported"] / 60, shown["hidden"] / 60


# ---- which outages


def test_outages_that_overlap_its_life_are_shown_whole() -> None:
    it = given(down(5), filed(10), up(20))
    assert lived(it) == [(5, 20)]
    assert downtime(it) == (15, 15, 0)


def test_what_was_over_before_the_filing_is_not_its() -> None:
    assert lived(given(down(5), up(8, id="0"), filed(10))) == []
    assert lived(given(down(5), up(10, id="0"), filed(10, id="1"))) == []


def test_unless_the_filing_says_that_it_was_down_since_before() -> None:
    it = given(down(2), up(4), filed(10, down=True, down_since=3))
    assert lived(it) == [(2, None)]
    it = given(down(2), up(4), down(6, since=5), filed(10, down=True, down_since=4.5))
    assert lived(it) == [(4.5, None)]


def test_nor_what_came_between_its_end_and_its_reopening() -> None:
    it = given(filed(0), down(1), up(2), closing(10), down(12), up(14), reopening(20), down(25), up(26))
    assert lived(it) == [(1, 2), (25, 26)]


def test_an_outage_that_lasts_over_the_reopening_is_its() -> None:
    it = given(filed(0), closing(10), down(15), reopening(20))
    assert lived(it) == [(15, None)]


def test_a_beginning_belongs_to_its_life_an_end_does_not() -> None:
    assert lived(given(down(10, id="0"), filed(10, id="1"))) == [(10, None)]
    assert lived(given(filed(0), withdrawn(10), down(10))) == []


def test_a_false_closing_ends_no_life() -> None:
    it = given(filed(0), closing(10), down(20, since=10), up(30), down(40), up(41))
    assert lived(it) == [(10, 30), (40, 41)]


def test_an_outage_is_a_recurrence_if_the_complaint_had_one_before() -> None:
    it = given(down(1), up(2), filed(5), down(10), up(11), down(20))
    assert [row["recurrence"] for row in it.show()["outages"]] == [False, True]
    assert [row["restated"] for row in it.show()["outages"]] == [False, False]


def test_an_outage_is_restated_if_a_word_that_had_ended_it_was_overridden() -> None:
    it = given(filed(0, down=True), up(10, "telemetry"), accepts=["telemetry"])
    assert it.restated() == [False]
    it.when(down(20, since=9))
    assert it.restated() == [True]
    it.when(confirmed(30, up_since=10))
    assert (it.outages(), it.restated()) == ([(0, 10)], [True])


def test_a_void_claim_alone_restates_nothing() -> None:
    assert given(filed(0, down=True), up(10, "telemetry"), down(20)).restated() == [False]


# ---- reported and hidden


def test_without_a_claim_or_a_request_all_downtime_is_reported() -> None:
    it = given(filed(0, down=True), confirmed(60))
    assert minute(it.show()["outages"][0]["reported_end"]) == 60
    assert downtime(it) == (60, 60, 0)


def test_while_it_lasts_the_reported_end_is_none_and_downtime_goes_to_now() -> None:
    it = given(filed(0, down=True)).at(60)
    assert it.show()["outages"][0]["reported_end"] is None
    assert downtime(it) == (60, 60, 0)


def test_a_claim_void_or_not_ends_what_is_reported() -> None:
    it = given(filed(0, down=True), up(20, "technician", since=15)).at(60)
    assert downtime(it) == (60, 15, 45)
    it = given(filed(0, down=True), up(20, "technician", since=15), down(30)).at(60)
    assert downtime(it) == (60, 15, 45)


def test_a_request_to_close_does_too_granted_or_not() -> None:
    it = given(filed(0, down=True), closing(20)).at(60)
    assert downtime(it) == (60, 20, 40)


def test_the_earliest_of_them_counts() -> None:
    it = given(filed(0, down=True), closing(20), up(30, "technician", since=25), up(40, "operator", since=18)).at(60)
    assert downtime(it) == (60, 18, 42)


def test_a_claim_is_limited_by_the_outages_start() -> None:
    it = given(filed(0), down(10), up(20, "technician", since=5)).at(60)
    assert minute(it.show()["outages"][0]["reported_end"]) == 10
    assert downtime(it) == (50, 0, 50)


def test_a_complaints_own_rows_take_its_own_requests_the_services_those_of_any() -> None:
    it = given(filed(0, down=True), filed(1, "D"), closing(20, "D"), closing(30, "C")).at(60)
    assert (downtime(it, "C"), downtime(it, "D")) == ((60, 30, 30), (60, 20, 40))
    assert minute(it.memory.service("S").outages[0].reported_end) == 20


def test_a_request_after_the_outage_reports_nothing() -> None:
    it = given(filed(0, down=True), confirmed(10), closing(20)).at(60)
    assert downtime(it) == (10, 10, 0)


def test_what_a_ticket_system_believed_stays_when_it_was_closed_on_a_customer_still_down() -> None:
    """The story of the page's beginning: claimed, closed, and never back."""
    it = given(filed(0, down=True), up(30, "telemetry"), closing(40), accepts=["telemetry"])
    it.when(rejected(100, still_down=True)).at(200)
    assert lived(it) == [(0, None)]
    assert downtime(it) == (200, 30, 170)
    assert (it.status(), it.show()["false_closings"]) == ("open", 1)


def test_downtime_adds_up_its_outages() -> None:
    it = given(filed(0), down(10), up(20), down(30), closing(32), up(50)).at(60)
    assert downtime(it) == (30, 12, 18)


def test_downtime_goes_to_the_withdrawal_at_most() -> None:
    it = given(filed(0, down=True), withdrawn(20)).at(60)
    assert downtime(it) == (20, 20, 0)


def test_but_beyond_a_closing() -> None:
    it = given(filed(0), closing(10), down(5).arriving(20), up(30)).at(60)
    assert downtime(it) == (25, 5, 20)


def test_microseconds_are_cut_from_the_sum() -> None:
    story = [fact for n in range(4) for fact in (down(n), up(n + 0.01))]
    it = given(filed(0), *story)
    assert it.show()["downtime"]["experienced"] == 2  # 4 times 0.6 s


# ---- as of a moment


def test_at_a_moment_facts_and_decisions_with_a_later_time_are_left_out() -> None:
    it = given(filed(0), down(10), up(20), closing(30), reopening(40)).at(60)
    assert [it.show(at=time)["status"] for time in (29, 30, 39, 40)] == ["open", "closed", "closed", "open"]
    assert [it.show(at=time)["customer_state"] for time in (9, 10, 19, 20)] == ["up", "down", "down", "up"]
    assert lived(it, at=15) == [(10, None)]
    assert downtime(it, at=15) == (5, 5, 0)
    assert minute(it.show(at=35)["closed_at"]) == 30


def test_words_count_for_the_moments_they_speak_of_also_when_said_later() -> None:
    it = given(filed(0), down(30, since=10))
    assert it.show(at=15)["customer_state"] == "down"
    it.when(up(40, since=20))
    assert lived(it, at=15) == [(10, None)]
    assert lived(it, at=25) == [(10, 20)]


def test_a_claim_said_later_does_not_show() -> None:
    it = given(filed(0, down=True), up(30, "technician", since=10))
    assert it.show(at=20)["outages"][0]["claims"] == []
    assert it.show(at=20)["customer_state"] == "down"


def test_a_closing_that_proved_false_had_the_status_closed_then() -> None:
    it = given(filed(0), closing(10), down(30, since=5))
    assert [it.show(at=time)["status"] for time in (9, 20, 30)] == ["open", "closed", "open"]
    assert [it.show(at=time)["false_closings"] for time in (20, 30)] == [0, 1]
