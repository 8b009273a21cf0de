"""Clocks: what starts and stops them, and what an end and a reopening do to them (the domain page, section 6)."""

from __future__ import annotations

import pytest

from contracts.decisions import ClockChanged

from .given import Story, Told, given, minute, us
from .telling import closing, corrected, down, filed, proposed, reopening, said, sent, up, withdrawn
from .timing import agreed, cycle, cycles, filed_clock, restore, state, told

ACKNOWLEDGE = agreed(filed_clock("PT1H"))
CLOSE = agreed(filed_clock("PT1H", "closed", 'reopen = "continue"'))
RESTORE = agreed(restore("PT1H"))


def acknowledged(time: float, /, **data: object) -> Told:
    return said(time, "complaint.acknowledged", **{"by": "ann"} | data)


def replied(time: float, /, **data: object) -> Told:
    return said(time, "complaint.replied", **{"by": "ann", "decision": "upheld"} | data)


def delivered(time: float, notice: str) -> Told:
    return said(time, "notice.delivered", notice=notice, proof="250")


# ---- what stops them


def test_a_clock_runs_from_the_filing_until_it_is_stopped_in_time() -> None:
    it = given(filed(10), standard=ACKNOWLEDGE)
    assert (state(it), cycle(it)["started_at"], cycle(it)["due_at"]) == ("running", 10, 70)
    it.when(acknowledged(30)).then("clock.stopped")
    assert (state(it), cycle(it)["stopped_at"], cycle(it)["elapsed"]) == ("met", 30, 20)
    assert not it.at(1000).decided()


def test_an_automatic_reply_stops_no_clock() -> None:
    it = given(filed(0), acknowledged(5, automatic=True), standard=ACKNOWLEDGE)
    assert state(it) == "running"
    assert cycle(it.when(acknowledged(9, automatic=False), acknowledged(20)))["stopped_at"] == 9, "the first counts"


def test_a_stop_at_the_due_instant_is_in_time_one_after_it_is_late() -> None:
    it = given(filed(0), standard=ACKNOWLEDGE).when(acknowledged(60)).then("clock.stopped")
    assert (state(it), cycle(it)["breached_at"]) == ("met", None)
    it = given(filed(0), standard=ACKNOWLEDGE).when(acknowledged(60.5)).then("clock.breached", "clock.stopped")
    assert (state(it), cycle(it)["breached_at"], cycle(it)["elapsed"]) == ("late", 60, 60.5)
    assert told(it, "clock.breached") == [("clock.breached", 60)]


def test_past_due_and_not_stopped_it_is_breached_and_goes_on() -> None:
    it = given(filed(0), standard=ACKNOWLEDGE).at(60).then("clock.breached")
    assert (state(it), cycle(it.at(90))["elapsed"]) == ("breached", 90)


def test_the_formal_answer_stops_with_its_dispatch_or_with_its_first_delivery() -> None:
    terms = agreed(filed_clock("P1D", "replied"), filed_clock("P1D", "reply_delivered").replace('"c"', '"d"'))
    it = given(filed(0), replied(10, notice="n1"), standard=terms)
    assert (cycle(it, "c")["stopped_at"], state(it, "d")) == (10, "running")
    it.when(replied(20, notice="n2"), delivered(30, "other"))
    assert (cycle(it, "c")["stopped_at"], state(it, "d")) == (10, "running")
    it.when(delivered(40, "n2"), delivered(50, "n1"))
    assert cycle(it, "d")["stopped_at"] == 40
    it.when(delivered(35, "n1").arriving(60))
    assert cycle(it, "d")["stopped_at"] == 35


def test_a_moment_before_its_start_counts_as_at_it() -> None:
    it = given(filed(10), acknowledged(5).arriving(20), standard=ACKNOWLEDGE)
    assert (state(it), cycle(it)["stopped_at"], cycle(it)["elapsed"]) == ("met", 10, 0)


# ---- ends


@pytest.mark.parametrize(
    "end, at, expected",
    [
        (closing, 30, "met"),
        (closing, 60, "met"),
        (closing, 61, "late"),
        (withdrawn, 30, "cancelled"),
        (withdrawn, 61, "late"),
    ],
)
def test_a_closing_stops_what_stops_at_it_and_a_withdrawal_does_not(end: object, at: float, expected: str) -> None:
    assert callable(end)
    it = given(filed(0), end(at), standard=CLOSE)
    assert (state(it), cycle(it)["stopped_at"]) == (expected, at)


@pytest.mark.parametrize("at, expected", [(30, "cancelled"), (60, "cancelled"), (61, "late")])
def test_all_others_are_late_if_past_due_else_cancelled(at: float, expected: str) -> None:
    it = given(filed(0), standard=ACKNOWLEDGE).when(closing(at))
    assert (state(it), it.decided("clock.cancelled") != []) == (expected, expected == "cancelled")


def test_at_one_instant_its_own_stop_goes_before_the_complaints_end() -> None:
    it = given(filed(0), closing(30), acknowledged(30), standard=ACKNOWLEDGE)
    assert state(it) == "met"
    it = given(filed(0), down(10), up(30), closing(30), standard=RESTORE)
    assert state(it, "restore") == "met"


def test_what_came_while_the_complaint_was_ended_is_shown_by_a_reopening() -> None:
    it = given(filed(0), closing(30), acknowledged(40), standard=ACKNOWLEDGE)
    assert (state(it), cycle(it)["stopped_at"]) == ("cancelled", 30)
    it.when(reopening(90))
    assert (state(it), cycle(it)["stopped_at"], cycle(it)["elapsed"]) == ("met", 40, 30)


# ---- reopenings


def test_a_reopened_clock_continues_and_the_time_closed_does_not_count() -> None:
    it = given(filed(0), closing(20), standard=CLOSE).when(reopening(500)).then("complaint.reopened", "clock.resumed")
    assert (state(it), cycle(it)["due_at"], cycle(it)["elapsed"]) == ("running", 540, 20)
    assert state(it.at(540)) == "breached"


def test_or_it_counts_the_time_closed_and_what_was_due_then_is_breached_then_once_reopened() -> None:
    terms = agreed(filed_clock("PT1H", "closed", 'reopen = "count"'))
    it = given(filed(0), closing(20), standard=terms)
    assert state(it.at(300)) == "met"
    it.when(reopening(500)).then("complaint.reopened", "clock.breached")
    assert (cycle(it)["breached_at"], cycle(it)["elapsed"]) == (60, 500)
    assert [(e.time, e.recorded_at) for e in it.decided("clock.breached")] == [(us(60), us(500))]


def test_or_it_restarts_beside_the_old_cycle() -> None:
    terms = agreed(filed_clock("PT1H", "closed", 'reopen = "restart"'))
    it = given(filed(0), closing(20), standard=terms).when(reopening(500)).then("complaint.reopened", "clock.started")
    one, two = cycles(it)
    assert (one["state"], one["stopped_at"], two["state"], two["started_at"], two["due_at"]) == (
        "met", 20, "running", 500, 560,
    )  # fmt: skip
    assert [row["state"] for row in cycles(it.when(closing(600)))] == ["met", "late"]


def test_a_clock_that_does_not_stop_at_the_closing_does_not_restart() -> None:
    terms = agreed(filed_clock("PT1H", "acknowledged", 'reopen = "count"'))
    assert len(cycles(given(filed(0), closing(20), reopening(30), standard=terms))) == 1


@pytest.mark.parametrize("reopen", ["continue", "count", "restart"])
def test_after_a_false_closing_it_runs_on_as_if_there_had_been_none(reopen: str) -> None:
    terms = agreed(filed_clock("PT1H", "closed", f'reopen = "{reopen}"'))
    it = given(filed(0), closing(20), standard=terms)
    it.when(down(15).arriving(30)).then("outage.started", "complaint.reopened", "clock.restated")
    assert (state(it), cycle(it)["due_at"], cycle(it)["elapsed"]) == ("running", 60, 30)


# ---- clocks that follow outages


def test_restore_has_a_cycle_for_each_outage_and_stops_at_its_end_not_when_that_was_said() -> None:
    it = given(filed(0), down(10), up(40, since=30), down(100), standard=RESTORE)
    rows = [(r["cycle"], r["started_at"], r["stopped_at"], r["state"]) for r in cycles(it, "restore")]
    assert rows == [(1, 10, 30, "met"), (2, 100, None, "running")]


def test_it_starts_with_the_outage_but_not_before_the_filing_or_the_reopening() -> None:
    it = given(down(0), filed(10, down=True), up(20), closing(30), down(40), reopening(50), standard=RESTORE)
    rows = [(r["started_at"], r["due_at"], r["stopped_at"]) for r in cycles(it, "restore")]
    assert rows == [(10, 70, 20), (50, 110, None)]


def test_an_outage_said_late_breaches_at_the_time_at_which_it_was_due() -> None:
    it = given(filed(0), standard=RESTORE).when(down(10).arriving(200))
    it.then("outage.started", "clock.started", "clock.breached")
    assert [(e.time, e.recorded_at) for e in it.decided("clock.breached")] == [(us(70), us(200))]


def test_a_pending_claim_does_not_stop_it() -> None:
    it = given(filed(0), down(10), proposed(20), standard=RESTORE)
    assert state(it.at(69), "restore") == "running"
    assert state(it.at(70), "restore") == "breached"


def test_a_restated_outage_takes_a_met_back() -> None:
    it = given(filed(0), down(10), up(30), standard=RESTORE)
    assert state(it, "restore") == "met"
    it.when(said(90, "resolution.rejected", by="shop", reason="no", still_down=True, down_since=15))
    assert "clock.restated" in [e.type for e in it.decided()]
    row = cycle(it, "restore")
    assert (row["state"], row["stopped_at"], row["breached_at"]) == ("breached", None, 70)


def test_what_was_recorded_about_an_outage_that_vanished_is_restated() -> None:
    first, second = down(10), down(100)
    it = given(filed(0), first, up(30), second, standard=RESTORE)
    it.when(corrected(110, first, void=True))
    rows = [(r["cycle"], r["started_at"]) for r in cycles(it, "restore")]
    assert rows == [(1, 100)]
    gone = [e.data for e in it.decided("clock.restated")]
    assert [(g.row.cycle, g.gone) for g in gone] == [(1, False), (2, True)]  # type: ignore[union-attr]


def test_an_end_cancels_it_and_a_withdrawal_while_down_past_due_is_late() -> None:
    assert state(given(filed(0), down(10), withdrawn(30), standard=RESTORE), "restore") == "cancelled"
    assert state(given(filed(0), down(10), withdrawn(90), standard=RESTORE), "restore") == "late"


def test_a_notice_about_anything_else_does_nothing() -> None:
    it = given(filed(0), standard=ACKNOWLEDGE).when(sent(5, about="progress"), acknowledged(6))
    it.then("clock.stopped")


def test_of_acknowledgements_the_first_that_holds_is_recorded_whatever_is_corrected() -> None:
    first, second = acknowledged(10), acknowledged(20)
    it = given(filed(0), first, second, standard=ACKNOWLEDGE)
    assert recorded_stop(it) == 10
    assert recorded_stop(it.when(corrected(30, first, void=True))) == 20
    assert recorded_stop(it.when(corrected(31, second, void=True))) is None
    assert recorded_stop(it.when(acknowledged(40))) == 40
    assert recorded_stop(it.when(acknowledged(15).arriving(50))) == 15
    assert recorded_stop(it.when(acknowledged(60))) == 15


def recorded_stop(it: Story) -> float | None:
    """When the clock stopped, by the last that was recorded of it: `show` reckons anew."""
    rows = [event.data.row for event in it.events if isinstance(event.data, ClockChanged)]
    return minute(rows[-1].stopped_at)
