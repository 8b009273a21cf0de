"""The second reading, sentence by sentence: is the customer down (words and claims)?"""

from __future__ import annotations

from typing import Any

import pytest

from .tale import Tale

# ---- the last word counts, about each moment


def test_until_someone_speaks_it_is_up() -> None:
    tale = Tale()
    tale.file(10)
    assert tale.state(0) == tale.state(10) == "up"
    assert tale.outages() == []


def test_a_word_speaks_from_its_since_on_and_the_state_at_a_moment_holds_from_it_on() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(10, since=5)
    tale.up(20)
    assert tale.outages() == [(5, 20)]
    assert [tale.state(m) for m in (4, 5, 19, 20)] == ["up", "down", "down", "up"]


def test_words_are_folded_by_time_whatever_the_order_of_arrival() -> None:
    tale = Tale()
    tale.file(0)
    tale.up(20)
    tale.down(30, now=40)
    tale.down(10, since=5, now=41)
    assert tale.outages() == [(5, 20), (30, None)]


def test_at_one_instant_words_are_folded_by_source_then_id() -> None:
    tale = Tale()
    tale.file(0)
    tale.up(10, source="/a", id="9")
    tale.down(10, source="/b", id="1")
    assert tale.outages() == [(10, None)]
    other = Tale()
    other.file(0)
    other.up(10, source="/b", id="9")
    other.down(10, source="/a", id="9")
    assert other.outages() == []


def test_nobody_but_the_customer_overwrites_what_the_customer_spoke_of() -> None:
    # from since up to, not including, time: telemetry takes the time itself
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(20, since=10)
    tale.down(30, since=0)
    assert tale.outages() == [(0, 10), (20, None)]


def test_the_customer_overwrites_the_customer() -> None:
    tale = Tale()
    tale.file(0)
    tale.up(20, since=10)
    tale.down(30, "customer", since=5)
    assert tale.outages() == [(5, None)]


def test_a_customers_word_without_a_since_protects_nothing() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(20)
    tale.down(30, since=1)
    assert tale.outages() == [(1, None)]


def test_a_word_of_others_that_came_first_in_the_order_is_overwritten_by_the_customers() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(15, since=5)
    tale.up(20, since=8)
    assert tale.outages() == [(5, 8)]


# ---- 1. down words


def test_still_down_while_up_says_that_it_never_came_back() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0)
    tale.down(5)
    tale.up(10, "telemetry")
    tale.reject(30, still_down=True)
    assert tale.outages() == [(5, None)]
    assert tale.restated() == [True]
    assert tale.claims() == [("void", 10)]


def test_still_down_while_up_goes_back_to_the_last_outage_only() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(10)
    tale.down(15)
    tale.up(20)
    tale.reject(30, still_down=True)
    assert tale.outages() == [(5, 10), (15, None)]


def test_still_down_while_up_without_an_outage_before_speaks_from_its_time() -> None:
    tale = Tale()
    tale.file(0)
    tale.reject(30, still_down=True)
    assert tale.outages() == [(30, None)]


def test_still_down_while_not_up_speaks_from_its_time_and_voids() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(10, "technician")
    tale.reject(30, still_down=True)
    assert [tale.state(m) for m in (5, 10, 29, 30)] == ["down", "unconfirmed", "unconfirmed", "down"]
    assert tale.claims() == [("void", 10)]
    # it protects nothing before its time
    tale.down(40, since=2)
    assert tale.outages() == [(2, None)]


def test_still_down_with_a_since_speaks_from_there() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0)
    tale.down(5)
    tale.up(10, "telemetry")
    tale.reject(30, still_down=True, down_since=20)
    assert tale.outages() == [(5, 10), (20, None)]


def test_a_filing_with_down_is_the_customers_word() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(10, down=True, down_since=5)
    tale.up(15, "telemetry", since=2)  # not before the outage's start, and 5 to 10 are the customer's
    assert tale.outages() == [(5, 10)]
    assert tale.claims() == [("confirmed", 5)]


# ---- 2. the customer's up word


def test_the_customers_up_word_speaks_from_the_earliest_moment_that_a_pending_claim_names() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(20, "telemetry", since=18)
    tale.up(21, "technician", since=12)
    tale.say(30, "resolution.confirmed", by="shop")
    assert tale.outages() == [(5, 12)]
    assert tale.ends() == ["customer"]
    assert tale.claims() == [("confirmed", 18), ("confirmed", 12)]
    tale.down(40, since=11)  # 12 to 30 are protected
    assert tale.outages() == [(5, 12), (30, None)]


def test_a_void_claim_names_nothing_for_the_customer() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(10, "telemetry")
    tale.down(15)
    tale.up(30)
    assert tale.outages() == [(5, 30)]


# ---- 3. claims


def test_a_claim_makes_it_unconfirmed_and_the_outage_goes_on() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(5)
    tale.up(20, "telemetry", since=10)
    assert tale.outages() == [(5, None)]
    assert [tale.state(m) for m in (5, 19, 20)] == ["down", "down", "unconfirmed"]  # from its time, not its since


def test_a_claim_names_no_moment_before_the_outage() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0)
    tale.down(10)
    tale.up(20, "telemetry", since=3)
    assert tale.outages() == []  # up from the start: it never was
    assert tale.claims() == [("confirmed", 10)]


def test_while_up_a_claim_says_nothing_and_a_late_down_word_lets_it_speak() -> None:
    tale = Tale()
    tale.file(0)
    tale.up(10, "telemetry")
    assert tale.claims() == []
    tale.down(5, now=20)
    assert tale.claims() == [("pending", 10)]
    assert tale.state(20) == "unconfirmed"


@pytest.mark.parametrize(
    "kind, data, evidence",
    [
        ("visit.made", {"visit": "v", "by": "bob", "outcome": "fixed"}, "technician"),
        ("resolution.proposed", {"by": "bob", "summary": "try"}, "operator"),
        ("remedy.delivered", {"remedy": "r"}, "technician"),
    ],
)
def test_what_else_is_a_claim(kind: str, data: dict[str, Any], evidence: str) -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.say(5, "remedy.granted", remedy="r", kind="loaner")
    tale.say(10, kind, **data)
    assert [(c["evidence"], c["by"]) for c in tale.world.claims()] == [(evidence, data.get("by"))]


@pytest.mark.parametrize(
    "kind, data",
    [
        ("visit.made", {"visit": "v", "by": "bob", "outcome": "diagnosed"}),
        ("remedy.delivered", {"remedy": "money"}),
        ("remedy.delivered", {"remedy": "unknown"}),
    ],
)
def test_what_is_none(kind: str, data: dict[str, Any]) -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.say(5, "remedy.granted", remedy="money", kind="refund")
    tale.say(10, kind, **data)
    assert tale.claims() == []


# ---- 4. when a claim becomes a word


def test_accepted_evidence_is_a_word_at_once_and_protects_nothing() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0)
    tale.down(5)
    tale.up(20, "telemetry", since=10)
    assert tale.outages() == [(5, 10)]
    assert tale.ends() == ["telemetry"]
    tale.down(30, since=12)
    assert tale.outages() == [(5, 10), (12, None)]


def test_silence_speaks_when_it_has_lasted_since_the_first_delivery() -> None:
    tale = Tale(silence=60)
    tale.file(0, down=True)
    tale.up(10, "technician", since=8)
    tale.ask(12, delivered=20)
    tale.say(25, "notice.delivered", notice="n", proof="again")
    tale.go(79.99)
    assert tale.state(79) == "unconfirmed"
    tale.go(80)
    assert tale.outages() == [(0, 8)]
    assert tale.ends() == ["silence"]
    assert tale.show()["time_by_cause"] == {"working": 10 * 60 + 0, "unconfirmed": 70 * 60}


def test_at_one_instant_a_silence_speaks_before_facts() -> None:
    tale = Tale(silence=60)
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.ask(20, delivered=20)
    tale.down(80)  # the silence has ended the outage, this is the next one
    assert tale.outages() == [(0, 10), (80, None)]
    assert tale.claims() == [("confirmed", 10)]


def test_a_notice_before_the_claim_or_never_delivered_starts_nothing() -> None:
    tale = Tale(silence=10)
    tale.file(0, down=True)
    tale.ask(5, notice="before", delivered=15)
    tale.up(10, "technician")
    tale.ask(20, notice="lost")
    tale.say(21, "notice.sent", notice="other", channel="mail", about="question")
    tale.say(22, "notice.delivered", notice="other", proof="read")
    tale.go(500)
    assert tale.claims() == [("pending", 10)]


def test_a_delivery_dated_before_its_notice_counts_as_at_it() -> None:
    tale = Tale(silence=10)
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.say(15, "notice.delivered", notice="n", proof="read")
    tale.ask(20)
    tale.go(29)
    assert tale.claims() == [("pending", 10)]
    tale.go(30)
    assert tale.claims() == [("confirmed", 10)]


def test_at_one_instant_the_order_of_facts_says_what_came_after_the_claim() -> None:
    for claim, notice, state in (("1", "2", "confirmed"), ("2", "1", "pending")):
        tale = Tale(silence=10)
        tale.file(0, down=True)
        tale.up(10, "technician", source="/x", id=claim)
        tale.say(10, "notice.sent", source="/x", id=notice, notice="n", channel="mail", about="confirmation")
        tale.say(11, "notice.delivered", notice="n", proof="read")
        tale.go(100)
        assert tale.claims() == [(state, 10)]


def test_a_delivery_that_is_heard_of_late_lets_silence_speak_when_it_had_lasted() -> None:
    tale = Tale(silence=10)
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.ask(12)
    tale.down(30)
    assert tale.outages() == [(0, None)]
    tale.say(13, "notice.delivered", notice="n", proof="read", now=50)
    assert tale.outages() == [(0, 10), (30, None)]


def test_a_silence_answers_the_claims_before_its_notice() -> None:
    tale = Tale(silence=30)
    tale.file(0, down=True)
    tale.up(20, "technician", since=15)
    tale.up(21, "operator", since=12)
    tale.ask(25, delivered=25)
    tale.up(26, "telemetry", since=5)  # confirmed as well, but not answered: its moment does not count
    tale.go(60)
    assert tale.outages() == [(0, 12)]
    assert tale.claims() == [("confirmed", 15), ("confirmed", 12), ("confirmed", 5)]


def test_without_a_silence_in_the_agreement_silence_proves_nothing() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.ask(12, delivered=12)
    tale.go(10_000)
    assert tale.state(10_000) == "unconfirmed"


def test_a_rejection_without_still_down_breaks_every_silence_and_no_claim() -> None:
    tale = Tale(silence=30)
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.ask(12, notice="a", delivered=12)
    tale.ask(13, notice="late")
    tale.reject(20)
    tale.say(21, "notice.delivered", notice="late", proof="read")
    tale.go(100)
    assert tale.claims() == [("pending", 10)]
    tale.ask(110, notice="b", delivered=110)
    tale.go(140)
    assert tale.claims() == [("confirmed", 10)]
    assert tale.outages() == [(0, 10)]


def test_a_notice_to_the_customer_of_any_complaint_about_the_service_counts_ended_or_not() -> None:
    tale = Tale(silence=30)
    tale.file(0, "ended")
    tale.close(1, "ended")
    tale.file(5, down=True)
    tale.up(10, "technician")
    tale.ask(12, "ended", delivered=12)
    tale.go(42)
    assert tale.ends() == ["silence"]
