"""The second reading, sentence by sentence: clocks and the end of a complaint, its reopening, its outages, the law's
answer. Times are minutes.
"""

from __future__ import annotations

from typing import Any

import pytest

from .tale_clocks import Timed, clock, office

HOUR = 60
ROW = ("state", "due_at", "stopped_at", "elapsed", "paused", "breached_at")

# ---- ends


def test_a_closing_stops_those_that_wait_for_it_and_cancels_the_others() -> None:
    tale = Timed(clock("PT1H", name="a"), clock("PT1H", "acknowledged", "b"))
    tale.file(0)
    tale.close(30)
    tale.go(90)
    assert [(r["state"], r["elapsed"], r["breached_at"]) for r in tale.show()["clocks"]] == [
        ("met", 1800, None),
        ("cancelled", 1800, None),
    ]


def test_what_is_past_due_at_the_end_is_late() -> None:
    tale = Timed(clock("PT1H", "acknowledged"))
    tale.file(0)
    tale.close(61)
    assert tale.cells(*ROW) == ("late", 60, 61, 3660, 0, 60)


def test_an_end_at_the_due_instant_cancels_and_a_closing_then_is_in_time() -> None:
    tale = Timed(clock("PT1H", "acknowledged", "a"), clock("PT1H", name="b"))
    tale.file(0)
    tale.close(60)
    assert [(r["state"], r["breached_at"]) for r in tale.show()["clocks"]] == [("cancelled", None), ("met", None)]


def test_a_withdrawal_meets_nothing() -> None:
    for time, state, breached in ((30, "cancelled", None), (60, "cancelled", None), (70, "late", 60)):
        tale = Timed(clock("PT1H"))
        tale.file(0)
        tale.withdraw(time)
        tale.go(90)
        assert tale.cells("state", "stopped_at", "breached_at") == (state, time, breached)


@pytest.mark.parametrize("source", ["/a", "/z"])
def test_at_one_instant_a_clock_s_own_stop_goes_before_the_end(source: str) -> None:
    tale = Timed(clock("PT1H", "acknowledged"))
    tale.file(0)
    tale.close(30, source="/m")
    tale.acknowledge(30, source=source)
    assert tale.cells("state", "stopped_at") == ("met", 30)


# ---- reopenings


def again(reopen: str, closed: int, reopened: int, target: str = "PT1H", **how: Any) -> Timed:
    tale = Timed(clock(target, reopen=reopen, warn=(0.5,), **how))
    tale.file(0)
    tale.close(closed)
    tale.reopen(reopened)
    return tale


def test_reopened_it_runs_on_and_time_closed_does_not_count() -> None:
    tale = again("continue", 20, 100)
    tale.go(110)
    assert tale.cells(*ROW, "warned_at") == ("running", 140, None, 1800, 0, None, [110])
    tale.close(120)
    assert tale.cells(*ROW) == ("met", 140, 120, 2400, 0, None)


def test_a_gap_that_does_not_count_moves_days() -> None:
    assert again("continue", 20, 100, "P1D").cells("due_at") == (24 * HOUR + 80,)
    assert again("continue", 20, 100, "P1D", until="end_of_day").cells("due_at") == (72 * HOUR,)
    assert again("count", 20, 100, "P1D").cells("due_at") == (24 * HOUR,)


def test_time_closed_counts_where_it_shall_and_what_was_due_is_breached_then_once_reopened() -> None:
    tale = again("count", 20, 100)
    assert tale.cells(*ROW, "warned_at") == ("breached", 60, None, 6000, 0, 60, [30])
    tale = Timed(clock("PT1H", reopen="count", warn=(0.5,)))
    tale.file(0)
    tale.close(20)
    tale.go(90)
    assert tale.cells(*ROW, "warned_at") == ("met", 60, 20, 1200, 0, None, [])


def test_a_restart_is_a_new_cycle_beside_the_old() -> None:
    tale = again("restart", 20, 100)
    tale.go(130)
    assert tale.cells(*ROW, "warned_at") == ("met", 60, 20, 1200, 0, None, [])
    assert tale.cells(*ROW, "warned_at", cycle=2) == ("running", 160, None, 1800, 0, None, [130])
    tale.close(170)
    assert tale.cells("state", "breached_at", cycle=2) == ("late", 160)
    tale.reopen(180)
    assert tale.cycles() == [1, 2, 3]


def test_a_wait_from_before_a_cycle_pauses_it_from_its_start() -> None:
    tale = Timed(clock("PT1H", reopen="restart", pauses=("parts",)))
    tale.file(0)
    tale.close(20)
    tale.wait(50)
    tale.reopen(100)
    tale.on(110)
    tale.go(120)
    assert tale.cells("elapsed", "paused", "due_at", cycle=2) == (600, 600, 170)


def test_a_breach_stands_when_it_is_closed_late_and_reopened() -> None:
    tale = again("continue", 70, 100)
    assert tale.cells("state", "due_at", "breached_at", "elapsed") == ("breached", 60, 60, 4200)


@pytest.mark.parametrize("reopen, elapsed", [("continue", 1200), ("count", 3000)])
def test_what_came_while_it_was_closed_stops_the_clock_then_once_reopened(reopen: str, elapsed: int) -> None:
    tale = Timed(clock("PT1H", "acknowledged", reopen=reopen))
    tale.file(0)
    tale.close(20)
    tale.acknowledge(50)
    assert tale.cells("state", "stopped_at") == ("cancelled", 20)
    tale.reopen(100)
    assert tale.cells("state", "stopped_at", "elapsed") == ("met", 50, elapsed)


@pytest.mark.parametrize("reopen", ["continue", "count", "restart"])
def test_after_a_false_closing_it_runs_on_as_if_there_had_been_none(reopen: str) -> None:
    tale = Timed(clock("PT1H", reopen=reopen))
    tale.file(0)
    tale.close(20)
    tale.down(40, since=15)
    tale.go(50)
    assert tale.show()["false_closings"] == 1
    assert tale.cycles() == [1]
    assert tale.cells(*ROW) == ("running", 60, None, 3000, 0, None)


def test_a_closing_proved_false_after_its_reopening_takes_the_new_cycle_back() -> None:
    tale = Timed(clock("PT1H", reopen="restart"))
    tale.file(0)
    tale.close(20)
    tale.reopen(30)
    assert tale.cycles() == [1, 2]
    tale.down(40, since=15)
    assert tale.cycles() == [1]
    assert tale.cells("state", "elapsed") == ("running", 2400)


# ---- outages


def test_each_outage_is_a_cycle_and_stops_at_its_end_not_when_that_was_said() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(10, down=True, down_since=0)
    tale.up(50, since=30)
    tale.down(100)
    tale.go(110)
    assert tale.cells("started_at", *ROW) == (10, "met", 70, 30, 1200, 0, None)
    assert tale.cells("started_at", *ROW, cycle=2) == (100, "running", 160, None, 600, 0, None)


def test_a_pending_claim_does_not_stop_it_and_a_confirmed_one_does_at_its_moment() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(0, down=True)
    tale.up(20, "technician")
    tale.go(70)
    assert tale.cells("state", "breached_at") == ("breached", 60)
    tale.up(80)
    assert tale.cells(*ROW) == ("met", 60, 20, 1200, 0, None)


def test_a_restated_outage_takes_a_met_back() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(0, down=True)
    tale.up(20)
    assert tale.cells("state") == ("met",)
    tale.down(80, "customer", since=10)
    assert tale.cells(*ROW) == ("breached", 60, None, 4800, 0, 60)


def test_merged_outages_are_one_cycle_and_split_ones_two() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(0, down=True)
    tale.up(20)
    tale.down(40)
    assert tale.cycles() == [1, 2]
    wrong = tale.down(50, "customer", since=10)
    assert tale.cycles() == [1]
    tale.correct(60, wrong, void=True, proof="letter")
    assert tale.cycles() == [1, 2]
    assert tale.cells("started_at", "stopped_at") == (0, 20)
    assert tale.cells("started_at", "stopped_at", cycle=2) == (40, None)


def test_a_withdrawal_while_down_is_cancelled_or_late() -> None:
    for time, state in ((60, "cancelled"), (61, "late")):
        tale = Timed(clock("PT1H", "up"))
        tale.file(0, down=True)
        tale.withdraw(time)
        tale.go(90)
        assert tale.cells("state", "stopped_at") == (state, time)


def test_an_outage_taken_up_by_a_reopening_starts_there() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(0)
    tale.close(10)
    tale.down(20)
    assert tale.cycles() == []
    tale.reopen(50)
    tale.go(60)
    assert tale.cells("started_at", "due_at", "elapsed") == (50, 110, 600)


def test_an_outage_that_was_over_before_the_filing_starts_and_stops_at_it() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(50, down=True, down_since=10)
    tale.up(60, since=30)
    assert tale.cells("started_at", *ROW) == (50, "met", 110, 50, 0, 0, None)


# ---- the law's answer


def deemed(target: str = "P1D", **how: Any) -> Timed:
    tale = Timed(clock(target, "replied", on_breach="deem_upheld", **how))
    tale.file(0)
    return tale


def test_an_unanswered_complaint_is_justified_at_the_due_moment() -> None:
    tale = deemed()
    tale.go(24 * HOUR - 1)
    assert tale.show()["deemed_upheld_at"] is None
    tale.go(24 * HOUR)
    assert tale.show()["deemed_upheld_at"] == "2024-05-02T00:00:00Z"
    tale.reply(25 * HOUR)
    assert tale.show()["deemed_upheld_at"] == "2024-05-02T00:00:00Z"
    tale.reply(20 * HOUR, now=26 * HOUR)
    assert tale.show()["deemed_upheld_at"] is None


def test_an_extension_with_a_notice_sent_before_the_due_time_replaces_it() -> None:
    tale = deemed()
    tale.send(10 * HOUR, "e")
    tale.extend(10 * HOUR, 70 * HOUR)
    assert tale.cells("due_at") == (70 * HOUR,)
    tale.send(11 * HOUR, "f")
    tale.extend(11 * HOUR, 90 * HOUR, "f")
    assert tale.cells("due_at") == (70 * HOUR,)  # once


@pytest.mark.parametrize(
    "sent, until, due", [(None, 70, 24), (23, 24, 24), (23, 20, 24), (24, 70, 24), (25, 70, 24), (23, 25, 25)]
)
def test_an_extension_needs_a_later_moment_and_a_notice_sent_before(sent: int | None, until: int, due: int) -> None:
    tale = deemed()
    tale.extend(2 * HOUR, until * HOUR)
    if sent is not None:
        tale.send(sent * HOUR, "e")
    tale.go(26 * HOUR)
    assert tale.cells("due_at") == (due * HOUR,)


def test_an_extension_is_for_the_clock_that_deems_only() -> None:
    tale = Timed(clock("P1D", "replied"))
    tale.file(0)
    tale.send(1, "e")
    tale.extend(1, 70 * HOUR)
    assert tale.cells("due_at") == (24 * HOUR,)


def test_only_pauses_that_begin_after_an_extension_move_it_further() -> None:
    tale = deemed(pauses=("parts",))
    tale.wait(1 * HOUR)
    tale.send(2 * HOUR, "e")
    tale.extend(2 * HOUR, 70 * HOUR)
    tale.on(5 * HOUR)
    assert tale.cells("due_at", "paused") == (70 * HOUR, 4 * 3600)
    tale.wait(6 * HOUR)
    tale.on(8 * HOUR)
    assert tale.cells("due_at", "paused") == (72 * HOUR, 6 * 3600)


@pytest.mark.parametrize("sent, warned", [(13, 12), (12, 35), (11, 35)])
def test_a_warning_stands_that_had_passed_before_an_extension_and_its_notice_were_there(sent: int, warned: int) -> None:
    tale = deemed(warn=(0.5,))
    tale.extend(2 * HOUR, 70 * HOUR)
    tale.send(sent * HOUR, "e")
    tale.go(60 * HOUR)
    assert tale.row()["warned_at"] == [warned * HOUR]


def test_the_due_time_that_an_extension_has_to_be_later_than_is_the_one_of_then() -> None:
    tale = deemed(pauses=("parts",))
    tale.wait(1 * HOUR)
    tale.on(11 * HOUR)  # due at 34:00
    tale.send(12 * HOUR, "e")
    tale.extend(12 * HOUR, 30 * HOUR)
    assert tale.cells("due_at") == (34 * HOUR,)


def test_an_extension_said_after_the_breach_with_a_notice_sent_before_takes_it_back() -> None:
    tale = deemed()
    tale.send(20 * HOUR, "e")
    tale.go(25 * HOUR)
    assert tale.show()["deemed_upheld_at"] is not None
    tale.extend(26 * HOUR, 70 * HOUR)
    assert tale.show()["deemed_upheld_at"] is None
    assert tale.cells("due_at", "state") == (70 * HOUR, "running")


def test_an_extended_day_warns_by_the_time_to_the_new_due_moment_but_what_had_passed_stands() -> None:
    tale = deemed(warn=(0.25, 0.5))
    tale.send(7 * HOUR, "e")
    tale.extend(7 * HOUR, 48 * HOUR)
    tale.go(30 * HOUR)
    assert tale.cells("warned_at") == ([6 * HOUR, 24 * HOUR],)


def test_the_law_takes_nothing_as_justified_that_ended_before() -> None:
    tale = Timed(clock("P1D", "replied", on_breach="deem_upheld", calendar="office"), calendar=office())
    tale.file(10 * HOUR)
    tale.withdraw(34 * HOUR)
    tale.go(72 * HOUR)
    assert tale.cells("state", "due_at") == ("cancelled", 34 * HOUR)
    assert tale.show()["deemed_upheld_at"] is None
