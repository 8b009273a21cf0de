"""Is the customer down? The last word counts, about each moment (the domain page, section 4; 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .given import Told, given
from .telling import closing, confirmed, down, filed, rejected, reopening, up


def test_until_someone_speaks_a_service_is_up() -> None:
    it = given(filed(0)).then()
    assert it.state(0) == "up"
    assert it.outages() == []


@pytest.mark.parametrize("evidence", ["customer", "telemetry", "technician", "operator"])
def test_anyone_may_say_that_it_is_down(evidence: str) -> None:
    it = given(filed(0)).when(down(5, evidence)).then("outage.started")
    assert it.outages() == [(5, None)]
    assert (it.state(4.9), it.state(5)) == ("up", "down")


def test_a_filing_with_down_is_the_customers_word() -> None:
    it = given(filed(10, down=True, down_since=4), down(12), up(9, "telemetry"), accepts=["telemetry"])
    assert it.outages() == [(4, None)]  # nobody else speaks of what is before its time


def test_a_word_speaks_of_every_moment_from_its_since() -> None:
    it = given(filed(0)).when(down(10, since=4)).then("outage.started")
    assert it.outages() == [(4, None)]
    assert it.decided()[0].time == it.events[0].time + 4 * 60_000_000


def test_a_word_speaks_of_what_follows_until_someone_speaks_again() -> None:
    it = given(filed(0), down(5), up(8), down(20), up(21))
    assert it.outages() == [(5, 8), (20, 21)]
    assert it.ended_by() == ["customer", "customer"]


def test_a_down_word_while_it_is_down_changes_nothing() -> None:
    given(filed(0), down(5)).when(down(8)).then()


def test_a_down_word_that_reaches_further_back_makes_the_outage_longer() -> None:
    it = given(filed(0), down(5)).when(down(8, since=2)).then("outage.restated")
    assert it.outages() == [(2, None)]


def test_a_down_word_within_what_was_up_makes_one_outage_of_two() -> None:
    it = given(filed(0), down(5), up(8, "telemetry"), down(20), accepts=["telemetry"])
    assert it.outages() == [(5, 8), (20, None)]
    it.when(down(21, since=6)).then("outage.restated")
    assert it.outages() == [(5, None)]
    assert it.restated() == [True]


# ---- what the customer said


def test_nobody_else_overwrites_a_moment_of_which_the_customer_spoke() -> None:
    it = given(filed(0), down(5), up(10, since=6)).when(down(20, since=4))
    assert it.outages() == [(4, 6), (10, None)]


def test_the_customer_spoke_from_the_since_up_to_the_time_without_it() -> None:
    it = given(filed(0), up(10, since=6)).when(down(10, since=10, id="z"))
    assert it.outages() == [(10, None)]
    it = given(filed(0), up(10, since=6)).when(down(11, since=9))
    assert it.outages() == [(10, None)]


def test_a_word_that_changes_no_outage_protects_the_moments_all_the_same() -> None:
    it = given(filed(0)).when(up(10, since=2)).then()
    it.when(down(12, since=3)).then("outage.started")
    assert it.outages() == [(10, None)]


def test_the_customer_overwrites_what_the_customer_said() -> None:
    it = given(filed(0), up(10, since=6)).when(down(20, "customer", since=7))
    assert it.outages() == [(7, None)]


def test_what_others_say_is_set_anew_by_anyone() -> None:
    it = given(filed(0), down(10, since=6)).when(up(20, since=5)).then("outage.restated")
    assert it.outages() == []


def test_between_two_things_that_the_customer_said_others_may_speak() -> None:
    it = given(filed(0), up(10, since=5), up(30, since=20)).when(down(40, since=8))
    assert it.outages() == [(10, 20), (30, None)]


def test_others_speak_around_all_that_the_customer_said() -> None:
    customer = [up(10, since=5), down(14, "customer", since=10)]
    it = given(*customer).when(down(30, since=2))
    assert it.outages() == [(2, 5), (10, None)]
    it = given(down(1), *customer).when(up(30, "telemetry", since=11))
    assert (it.outages(), it.ended_by()) == ([(1, 5), (10, 14)], ["customer", "telemetry"])


def test_what_the_customer_said_at_several_times_is_protected_from_the_earliest_on() -> None:
    assert given(up(10, since=5), up(12, since=3), down(20, since=1)).outages() == [(1, 3), (12, None)]
    assert given(up(10, since=3), up(12, since=5), down(20, since=1)).outages() == [(1, 3), (12, None)]
    assert given(up(10, since=3), up(12, since=10), down(20, since=1)).outages() == [(1, 3), (12, None)]


def test_an_end_that_others_put_around_what_the_customer_said_is_theirs_and_may_be_overridden() -> None:
    it = given(filed(0), down(1), down(10, "customer", since=8), up(20, "telemetry", since=5), accepts=["telemetry"])
    assert (it.outages(), it.ended_by()) == ([(1, 5), (8, 10)], ["telemetry", "telemetry"])
    it.when(down(30, since=9))
    assert (it.outages(), it.restated()) == ([(1, 5), (8, None)], [False, True])
    it.when(down(40, since=4))
    assert (it.outages(), it.restated()) == ([(1, None)], [True])


def test_an_end_before_what_the_customer_said_may_be_overridden_by_itself() -> None:
    it = given(filed(0), down(1), down(10, "customer", since=8), up(20, "telemetry", since=5), accepts=["telemetry"])
    it.when(up(25, since=6))  # from 6 on it was up: what is left is the first end
    assert (it.outages(), it.restated()) == ([(1, 5)], [False])
    it.when(down(30, since=4))
    assert (it.outages(), it.restated()) == ([(1, 6), (25, None)], [True, False])


def test_a_claim_that_was_accepted_protects_nothing() -> None:
    it = given(filed(0), down(5), up(20, "telemetry", since=10), accepts=["telemetry"])
    assert it.outages() == [(5, 10)]
    it.when(down(30, since=12)).then("outage.started")
    assert it.outages() == [(5, 10), (12, None)]


# ---- the order of facts, and of arrival


def test_facts_count_in_the_order_of_their_time_whatever_the_order_of_arrival() -> None:
    in_order = given(filed(0), down(5), up(10), down(15, since=12))
    late = given(filed(0), up(10), down(15, since=12)).when(down(5).arriving(20)).then("outage.restated")
    assert late.outages() == in_order.outages() == [(5, 10), (12, None)]


def test_at_one_instant_source_and_then_id_decide_who_spoke_last() -> None:
    assert given(filed(0), up(5, source="/b", id="1"), down(5, source="/a", id="2").arriving(5)).outages() == []
    assert given(filed(0), up(5, source="/a", id="2"), down(5, source="/a", id="3")).outages() == [(5, None)]
    assert given(filed(0), down(5, source="/a", id="3"), up(5, source="/a", id="2").arriving(6)).outages() == [
        (5, None)
    ]


def test_of_two_words_that_say_the_opposite_at_one_instant_the_later_in_order_holds_from_then_on() -> None:
    it = given(filed(0), down(1), up(5, id="a"), down(5, id="b"))
    assert it.outages() == [(1, None)]
    assert it.restated() == [True]


# ---- the customer's up word


def test_the_customers_up_word_ends_an_outage_from_when_it_says() -> None:
    it = given(filed(0), down(5)).when(up(20, since=12)).then("outage.ended")
    assert it.outages() == [(5, 12)]
    assert it.ended_by() == ["customer"]


def test_with_no_since_it_speaks_from_the_earliest_moment_that_a_pending_claim_names() -> None:
    it = given(filed(0), down(5), up(15, "technician", since=9), up(16, "operator"))
    it.when(confirmed(30)).then("outage.ended")
    assert it.outages() == [(5, 9)]


def test_with_no_since_and_no_claim_it_speaks_from_its_time() -> None:
    assert given(filed(0), down(5), confirmed(30)).outages() == [(5, 30)]
    assert given(filed(0), down(5), up(30)).outages() == [(5, 30)]


def test_up_since_wins_over_what_a_claim_names() -> None:
    assert given(filed(0), down(5), up(15, "technician"), confirmed(30, up_since=20)).outages() == [(5, 20)]


# ---- still down


@pytest.mark.parametrize("still", [rejected, reopening])
def test_still_down_while_it_is_up_says_that_it_never_came_back(still: Callable[..., Told]) -> None:
    it = given(filed(0, down=True), up(10, "telemetry"), accepts=["telemetry"])
    it.when(still(20, still_down=True)).then("outage.restated")
    assert it.outages() == [(0, None)]
    assert it.restated() == [True]


def test_still_down_speaks_from_the_end_of_the_last_outage() -> None:
    it = given(filed(0), down(2), up(4), down(8), up(10)).when(rejected(20, still_down=True))
    assert it.outages() == [(2, 4), (8, None)]


def test_still_down_where_there_was_no_outage_speaks_from_its_time() -> None:
    assert given(filed(0)).when(rejected(20, still_down=True)).then("outage.started").outages() == [(20, None)]


def test_still_down_while_it_is_not_up_speaks_from_its_time() -> None:
    it = given(filed(0, down=True), up(10, "technician", since=5)).when(rejected(20, still_down=True))
    it.when(up(30, since=6), down(31, since=1))
    assert it.outages() == [(0, 6), (30, None)]
    it = given(filed(0), down(5)).when(rejected(20, still_down=True), down(30, since=2))
    assert it.outages() == [(2, None)]  # of what is before its time the rejection did not speak


def test_still_down_with_down_since_says_from_when() -> None:
    it = given(filed(0), down(5), up(10)).when(rejected(20, still_down=True, down_since=15))
    assert it.outages() == [(5, 10), (15, None)]


def test_still_down_speaks_of_what_the_customer_had_said_before() -> None:
    it = given(filed(0), down(5), confirmed(10)).when(rejected(20, still_down=True))
    assert it.outages() == [(5, None)]


def test_a_rejection_without_still_down_says_nothing_about_the_service() -> None:
    it = given(filed(0), down(5), up(10)).when(rejected(20)).then()
    assert it.outages() == [(5, 10)]


# ---- outages


def test_an_outage_is_a_maximal_stretch() -> None:
    it = given(filed(0), down(5), up(10)).when(down(20, since=10)).then("outage.restated")
    assert it.outages() == [(5, None)]


def test_an_outage_that_a_word_empties_is_none() -> None:
    it = given(filed(0), down(5)).when(up(20, since=5)).then("outage.restated")
    assert it.outages() == []


def test_a_word_for_one_service_says_nothing_of_another() -> None:
    it = given(filed(0), filed(0, "D", service="T")).when(down(5, service="T")).then("outage.started")
    assert (it.outages("S"), it.outages("T")) == ([], [(5, None)])


def test_a_service_nobody_complains_about_has_its_outages_too() -> None:
    assert given(down(5), up(10)).outages() == [(5, 10)]


def test_a_closing_says_nothing_about_the_service() -> None:
    it = given(filed(0), down(5)).when(closing(10)).then("closure.refused", "outage.claimed")
    assert it.outages() == [(5, None)]
