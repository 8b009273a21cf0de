"""Pauses, targets in hours and in days, and warnings (the domain page, section 6)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.agreements import Agreement

from .given import Story, Told, given, us
from .telling import closing, filed, reopening, said, withdrawn
from .timing import agreed, cycle, filed_clock, restore, state, told

HOUR, DAY = 60, 1440
OFFICE = """
[calendar.office]
zone = "UTC"
hours.mon = ["09:00-17:00"]
hours.tue = ["09:00-17:00"]
hours.wed = ["09:00-17:00"]
hours.thu = ["09:00-17:00"]
hours.fri = ["09:00-17:00"]
holidays = { add = [2024-05-03] }
"""
"""The first minute of all tests is the midnight before a Wednesday; the Friday after it is a holiday."""
PAUSED = agreed(filed_clock("PT1H", more='pauses = ["customer", "parts"]'))


def office(target: str, more: str = "") -> Agreement:
    return agreed(filed_clock(target, more=more, calendar="office"), calendars=OFFICE)


def wait(time: float, on: str = "parts", /, **data: Any) -> Told:
    return said(time, "complaint.wait_started", on=on, **data)


def resumed(time: float) -> Told:
    return said(time, "complaint.wait_ended")


def delivered(time: float, notice: str = "q") -> Told:
    return said(time, "notice.delivered", notice=notice, proof="250")


def acknowledged(time: float) -> Told:
    return said(time, "complaint.acknowledged", by="ann")


def extended(time: float, until: float, /, notice: str = "x") -> Told:
    return said(time, "complaint.extended", until=until, why="holidays", notice=notice)


def notice(time: float, name: str = "x") -> Told:
    return said(time, "notice.sent", notice=name, channel="mail", about="extension")


# ---- pauses


def test_while_paused_nothing_elapses_and_no_due_time_is_known() -> None:
    it = given(filed(0), wait(20, reason="screen"), standard=PAUSED)
    row = cycle(it, at=20)
    assert (row["state"], row["due_at"], row["elapsed"]) == ("paused", None, 20)
    row = cycle(it.at(500))
    assert (row["state"], row["elapsed"], row["paused"]) == ("paused", 20, 480)
    assert (row["paused_for"], row["paused_since"]) == ("parts", 20)
    it.when(resumed(600)).then("clock.resumed")
    row = cycle(it)
    assert (row["state"], row["due_at"], row["elapsed"], row["paused"]) == ("running", 640, 20, 580)


def test_a_wait_that_the_clock_does_not_name_is_the_providers_time() -> None:
    assert state(given(filed(0), wait(20, "vendor"), standard=PAUSED).at(60)) == "breached"


def test_a_pause_that_begins_at_the_due_instant_or_later_is_too_late() -> None:
    it = given(filed(0), standard=PAUSED).when(wait(60)).then("clock.paused")
    it.at(60).then("clock.breached")
    assert (state(it), cycle(it)["due_at"]) == ("breached", 60)
    it = given(filed(0), standard=PAUSED).when(wait(59))
    assert state(it.at(500)) == "paused"


def test_a_wait_on_the_customer_pauses_from_the_delivery_of_its_notice_or_its_start_whichever_is_later() -> None:
    it = given(filed(0), wait(10, "customer", notice="q"), standard=PAUSED)
    assert state(it.at(19)) == "running"
    it.when(delivered(20), delivered(30)).then("clock.paused")
    assert cycle(it.when(resumed(50)))["paused"] == 30
    it = given(filed(0), delivered(5), wait(10, "customer", notice="q"), resumed(50), standard=PAUSED)
    assert cycle(it)["paused"] == 40
    it = given(filed(0), wait(10, "customer"), delivered(20), standard=PAUSED)
    assert state(it) == "running", "with no notice it pauses nothing"
    other = [filed(0, "D"), wait(10, "customer", notice="q"), said(20, "notice.delivered", "D", notice="q", proof="x")]
    assert state(given(filed(0), *other, standard=PAUSED)) == "running", "of the same complaint"


def test_a_delivery_after_the_wait_pauses_nothing() -> None:
    it = given(filed(0), wait(10, "customer", notice="q"), resumed(20), delivered(30), standard=PAUSED)
    assert (state(it), cycle(it)["paused"]) == ("running", 0)


def test_a_new_wait_ends_the_one_before_as_does_the_end() -> None:
    it = given(filed(0), wait(10), wait(20, "vendor"), standard=PAUSED)
    assert (state(it), cycle(it)["paused"]) == ("running", 10)
    it = given(filed(0), wait(10), closing(30), reopening(50), standard=PAUSED)
    assert (state(it), cycle(it)["paused"], cycle(it)["elapsed"]) == ("running", 20, 10)


def test_a_pause_of_before_that_is_told_late_takes_a_breach_back() -> None:
    it = given(filed(0), standard=PAUSED).at(100)
    assert cycle(it)["breached_at"] == 60
    it.when(wait(50).arriving(110))
    assert it.decided("clock.restated")
    assert (state(it), cycle(it)["breached_at"]) == ("paused", None)
    it.when(resumed(120))
    assert (state(it), cycle(it)["due_at"]) == ("running", 130)
    assert told(it.at(200), "clock.breached") == [("clock.breached", 60), ("clock.breached", 130)]


def test_a_stopped_clock_keeps_what_it_had() -> None:
    it = given(filed(0), wait(20), acknowledged(30), resumed(90), standard=PAUSED)
    row = cycle(it.at(1000))
    assert (row["state"], row["due_at"], row["elapsed"], row["paused"]) == ("met", None, 20, 10)


def test_pauses_count_in_time_of_the_calendar() -> None:
    it = given(filed(9 * HOUR), standard=office("PT2H", 'pauses = ["parts"]'))
    it.when(wait(10 * HOUR), resumed(DAY + 10 * HOUR))  # seven hours until closing, one from opening on
    row = cycle(it)
    assert (row["paused"], row["elapsed"], row["due_at"]) == (8 * HOUR, HOUR, DAY + 11 * HOUR)


# ---- hours


def test_work_that_ends_exactly_at_closing_time_is_due_at_closing_time() -> None:
    assert cycle(given(filed(15 * HOUR), standard=office("PT2H")))["due_at"] == 17 * HOUR
    assert cycle(given(filed(15 * HOUR), standard=office("PT2H1S")))["due_at"] == DAY + 9 * HOUR + 1 / 60


def test_elapsed_is_time_inside_hours_and_holidays_have_none() -> None:
    it = given(filed(DAY + 16 * HOUR), standard=office("PT2H"))  # the Thursday; Friday is a holiday
    assert cycle(it)["due_at"] == 5 * DAY + 10 * HOUR
    assert cycle(it.at(5 * DAY))["elapsed"] == HOUR


# ---- days


def test_the_nth_working_day_after_the_start_at_its_time_of_day_even_outside_hours() -> None:
    assert cycle(given(filed(20 * HOUR), standard=office("P1D")))["due_at"] == DAY + 20 * HOUR
    assert cycle(given(filed(20 * HOUR), standard=office("P2D")))["due_at"] == 5 * DAY + 20 * HOUR


def test_or_at_the_last_closing_of_that_day() -> None:
    ends = 'until = "end_of_day"'
    assert cycle(given(filed(20 * HOUR), standard=office("P2D", ends)))["due_at"] == 5 * DAY + 17 * HOUR
    assert cycle(given(filed(20 * HOUR), standard=agreed(filed_clock("P2D", more=ends))))["due_at"] == 3 * DAY


def test_a_pause_before_it_moves_it_on_by_as_much_time_of_its_calendar() -> None:
    terms = office("P1D", 'pauses = ["parts"]')
    it = given(filed(9 * HOUR), wait(10 * HOUR), resumed(12 * HOUR), standard=terms)
    assert cycle(it)["due_at"] == DAY + 11 * HOUR
    it = given(filed(9 * HOUR), wait(20 * HOUR), resumed(22 * HOUR), standard=terms)
    assert cycle(it)["due_at"] == DAY + 9 * HOUR, "outside hours it took nothing"


def test_with_end_of_day_it_is_moved_to_the_end_of_that_day() -> None:
    terms = office("P1D", 'pauses = ["parts"], until = "end_of_day"')
    it = given(filed(9 * HOUR), wait(10 * HOUR), resumed(12 * HOUR), standard=terms)
    assert cycle(it)["due_at"] == 5 * DAY + 17 * HOUR


def test_a_gap_between_closing_and_reopening_moves_it_too() -> None:
    terms = agreed(filed_clock("P1D", "closed", 'reopen = "continue"'))
    assert cycle(given(filed(0), closing(60), reopening(160), standard=terms))["due_at"] == DAY + 100


# ---- warnings


def test_a_warning_is_due_when_its_fraction_has_elapsed_and_only_once() -> None:
    it = given(filed(0), standard=agreed(filed_clock("PT1H", more="warn = [0.5, 0.9]")))
    it.at(30).then("clock.warned")
    it.at(59).then("clock.warned")
    it.at(1000).then("clock.breached")
    assert cycle(it)["warned_at"] == [30, 54]
    assert [e.data.fraction for e in it.events if e.type == "clock.warned"] == [0.5, 0.9]  # type: ignore[union-attr]


def test_it_is_rounded_up_to_the_second() -> None:
    it = given(filed(0), standard=agreed(filed_clock("PT1H", more="warn = [0.33333]"))).at(60)
    assert cycle(it)["warned_at"] == [1200 / 60], "1199.988 seconds"
    it = given(filed(0), standard=agreed(filed_clock("PT100S", more="warn = [0.07]"))).at(60)
    assert cycle(it)["warned_at"] == [7 / 60], "seven seconds, though 0.07 is none in binary"


def test_a_stop_at_that_instant_prevents_it_once_passed_it_stands() -> None:
    terms = agreed(filed_clock("PT1H", more="warn = [0.5]"))
    given(filed(0), standard=terms).when(acknowledged(30)).then("clock.stopped")
    it = given(filed(0), standard=terms).when(acknowledged(30.5)).then("clock.warned", "clock.stopped")
    assert cycle(it)["warned_at"] == [30]


def test_a_pause_puts_it_off() -> None:
    terms = agreed(filed_clock("PT1H", more='warn = [0.5], pauses = ["parts"]'))
    it = given(filed(0), wait(20), resumed(100), standard=terms).at(300)
    assert cycle(it)["warned_at"] == [110]


def test_of_days_it_is_the_part_of_the_calendars_time_until_then() -> None:
    it = given(filed(9 * HOUR), standard=office("P1D", "warn = [0.5]")).at(5 * DAY)
    assert cycle(it)["warned_at"] == [13 * HOUR], "half of eight hours"


# ---- an answer that takes longer


def test_the_law_takes_an_unanswered_complaint_as_justified() -> None:
    terms = agreed(filed_clock("P1D", "replied", 'on_breach = "deem_upheld"'))
    it = given(filed(0), standard=terms).at(DAY).then("clock.breached", "complaint.deemed_upheld")
    assert it.show()["deemed_upheld_at"] == "2024-05-02T00:00:00Z"
    it.when(said(DAY - 5, "complaint.replied", by="ann", decision="rejected").arriving(DAY + 9))
    assert it.decided("clock.restated")
    assert (it.show()["deemed_upheld_at"], state(it)) == (None, "met"), "restated with its breach"


def test_the_first_extension_with_a_notice_sent_before_the_due_time_replaces_it() -> None:
    terms = agreed(filed_clock("P1D", "replied", 'on_breach = "deem_upheld", pauses = ["parts"]'))
    due = cycle(given(filed(0), notice(50), extended(60, 2 * DAY), extended(70, 3 * DAY), standard=terms))["due_at"]
    assert due == 2 * DAY
    assert cycle(given(filed(0), extended(60, 2 * DAY), standard=terms))["due_at"] == DAY, "no notice"
    late = given(filed(0), extended(60, 2 * DAY), notice(DAY), standard=terms)
    assert cycle(late)["due_at"] == DAY, "sent when it was due"
    assert cycle(given(filed(0), notice(5), extended(60, 70), standard=terms))["due_at"] == DAY, "an earlier `until`"
    plain = agreed(filed_clock("P1D", "replied"))
    assert cycle(given(filed(0), notice(5), extended(60, 2 * DAY), standard=plain))["due_at"] == DAY


def test_only_pauses_that_begin_after_it_move_it_further() -> None:
    terms = agreed(filed_clock("P1D", "replied", 'on_breach = "deem_upheld", pauses = ["parts"]'))
    before = given(filed(0), wait(10), resumed(40), notice(50), extended(60, 2 * DAY), standard=terms)
    assert cycle(before)["due_at"] == 2 * DAY
    after = given(filed(0), notice(50), extended(60, 2 * DAY), wait(70), resumed(100), standard=terms)
    assert cycle(after)["due_at"] == 2 * DAY + 30


# ---- terms that come later


def test_new_terms_are_reckoned_from_the_start_but_due_at_their_application_at_the_earliest() -> None:
    filing = filed(0)
    terms = {"standard": agreed(filed_clock("PT2H")), "standard 2": agreed(filed_clock("PT1H"))}
    it = Story(terms).when(filing).apply(30, 2)
    assert (cycle(it)["due_at"], cycle(it)["agreement_version"]) == (60, 2)
    filing = filed(0)
    it = Story(terms).when(filing).apply(90, 2)
    assert (cycle(it)["breached_at"], state(it)) == (90, "breached")


def test_breaches_and_stopped_cycles_stay_when_new_terms_come() -> None:
    filing = filed(0)
    terms = {"standard": agreed(filed_clock("PT1H")), "standard 2": agreed(filed_clock("PT9H"))}
    it = Story(terms).when(filing).apply(90, 2)
    assert (cycle(it)["breached_at"], state(it)) == (60, "breached")
    filing = filed(0)
    it = Story(terms).when(filing, acknowledged(61)).apply(90, 2)
    assert (state(it), cycle(it)["agreement_version"]) == ("late", 1)


def test_new_clocks_start_at_the_filing_and_those_that_are_gone_are_cancelled() -> None:
    filing = filed(0)
    terms = {
        "standard": agreed(filed_clock("PT9H")),
        "standard 2": agreed(restore("PT9H"), filed_clock("PT8H").replace('"c"', '"n"')),
    }
    it = Story(terms).when(filing).apply(90, 2)
    assert (state(it), cycle(it)["stopped_at"]) == ("cancelled", 90)
    assert (cycle(it, "n")["started_at"], cycle(it, "n")["due_at"]) == (0, 480)


# ---- the ends of the calendar

FIRST, LAST = -1_064_166_840, 4_194_792_720
"""Minutes: thirty hours after the first moment that can be written, and three days before the last."""


@pytest.mark.parametrize("target", ["P36525D", "PT876000H"])
def test_what_would_be_due_after_the_last_year_is_never_due(target: str) -> None:
    far = 4_192_000_000  # minutes: the year 9994
    for terms in (office(target, "warn = [0.5]"), agreed(filed_clock(target, more="warn = [0.5]"))):
        it = given(filed(far), standard=terms)
        assert (it.dead, state(it), cycle(it)["due_at"]) == ([], "running", None)
        it.when(acknowledged(far + 60)).then("clock.stopped")
        assert state(it.when(withdrawn(far + 90))) == "met"


@pytest.mark.parametrize("start", [FIRST, LAST])
@pytest.mark.parametrize("target", ["PT1H", "P1D"])
def test_in_the_first_and_the_last_days_of_all_no_calendar_reaches_and_nothing_fails(start: int, target: str) -> None:
    terms = office(target, 'warn = [0.5], pauses = ["parts"]')
    it = Story({"standard": terms})
    it.now = us(start)
    it.when(filed(start), wait(start + 60), resumed(start + 120), acknowledged(start + 180))
    assert (it.dead, it.held, state(it), cycle(it)["elapsed"]) == ([], [], "met", 0)
    assert cycle(it.when(closing(start + 300), reopening(start + 310)))["paused"] == 0
