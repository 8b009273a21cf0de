"""The second reading, sentence by sentence: clocks that run, pause, warn and stop. Times are minutes."""

from __future__ import annotations

import pytest

from .tale_clocks import Timed, clock, office

HOUR = 60
ROW = ("state", "due_at", "stopped_at", "elapsed", "paused", "breached_at")

# ---- running


def test_a_clock_runs_from_the_filing() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(5)
    tale.go(35)
    assert tale.row() == {
        "clock": "c",
        "cycle": 1,
        "state": "running",
        "target": "PT1H",
        "started_at": 5,
        "due_at": 65,
        "stopped_at": None,
        "elapsed": 30 * 60,
        "paused": 0,
        "warned_at": [],
        "breached_at": None,
        "agreement_version": 1,
    }


def test_rows_are_in_order_of_name_then_cycle() -> None:
    tale = Timed(clock("PT1H", name="b", reopen="restart"), clock("PT1H", "up", "a"), clock("P1D", name="A"))
    tale.file(0, down=True)
    tale.up(1)
    tale.close(2)
    tale.reopen(3)
    assert [(r["clock"], r["cycle"]) for r in tale.show()["clocks"]] == [("A", 1), ("a", 1), ("b", 1), ("b", 2)]


def test_it_is_breached_at_its_due_instant_and_elapsed_goes_on() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(0)
    tale.go(60)
    assert tale.cells(*ROW) == ("breached", 60, None, 3600, 0, 60)
    tale.go(90)
    assert tale.cells(*ROW) == ("breached", 60, None, 5400, 0, 60)
    tale.close(100)
    assert tale.cells(*ROW) == ("late", 60, 100, 6000, 0, 60)


def test_only_working_time_elapses() -> None:
    tale = Timed(clock("PT8H", calendar="office"), calendar=office())
    tale.file(14 * HOUR)  # Wednesday: two hours are left of the day
    tale.go(24 * HOUR)
    assert tale.cells("elapsed", "due_at") == (7200, (24 + 14) * HOUR)


@pytest.mark.parametrize("said, state, breached", [(59, "met", None), (60, "met", None), (61, "late", 60)])
def test_a_stop_at_the_due_instant_is_in_time(said: int, state: str, breached: int | None) -> None:
    tale = Timed(clock("PT1H", "acknowledged"))
    tale.file(0)
    tale.acknowledge(said)
    tale.go(90)
    assert tale.cells(*ROW) == (state, 60, said, said * 60, 0, breached)


def test_a_late_fact_takes_a_breach_away() -> None:
    tale = Timed(clock("PT1H", "acknowledged"))
    tale.file(0)
    tale.go(70)
    assert tale.cells("breached_at") == (60,)
    tale.acknowledge(30, now=80)
    assert tale.cells(*ROW) == ("met", 60, 30, 1800, 0, None)


def test_an_automatic_reply_stops_no_clock() -> None:
    tale = Timed(clock("PT1H", "acknowledged"))
    tale.file(0)
    tale.acknowledge(1, automatic=True)
    assert tale.cells("state") == ("running",)
    tale.acknowledge(3, automatic=False)
    tale.acknowledge(2, now=4)
    assert tale.cells("stopped_at") == (2,)


def test_what_came_before_the_start_counts_as_at_it() -> None:
    tale = Timed(clock("PT1H", "acknowledged"))
    tale.file(10)
    tale.acknowledge(5, now=20)
    assert tale.cells(*ROW) == ("met", 70, 10, 0, 0, None)


def test_an_answer_is_dispatched_at_its_time_and_delivered_with_its_notice() -> None:
    tale = Timed(clock("PT1H", "replied", "a"), clock("PT1H", "reply_delivered", "b"))
    tale.file(0)
    tale.deliver(5, "other")
    tale.reply(10)
    assert (tale.row("a")["stopped_at"], tale.row("b")["stopped_at"]) == (10, None)
    tale.reply(20, notice="n")
    tale.deliver(30, "n")
    tale.deliver(40, "n")
    assert (tale.row("a")["stopped_at"], tale.row("b")["stopped_at"]) == (10, 30)


# ---- pauses


def test_a_pause_leaves_no_due_time_and_puts_it_off_by_what_it_took() -> None:
    tale = Timed(clock("PT1H", pauses=("parts",)))
    tale.file(0)
    tale.wait(20)
    tale.go(50)
    assert tale.cells(*ROW) == ("paused", None, None, 1200, 1800, None)
    tale.on(55)
    tale.go(60)
    assert tale.cells(*ROW) == ("running", 95, None, 1500, 2100, None)


def test_a_pause_is_counted_in_time_of_the_calendar() -> None:
    tale = Timed(clock("PT8H", calendar="office", pauses=("parts",)), calendar=office())
    tale.file(8 * HOUR)
    tale.wait(15 * HOUR)
    tale.on((24 + 9) * HOUR)
    assert tale.cells("elapsed", "paused", "due_at") == (7 * 3600, 2 * 3600, (24 + 10) * HOUR)


def test_the_provider_s_own_waiting_pauses_nothing() -> None:
    tale = Timed(clock("PT1H", pauses=("vendor",)))
    tale.file(0)
    tale.wait(20)
    tale.go(30)
    assert tale.cells("state", "paused") == ("running", 0)


def test_a_pause_that_begins_at_the_due_instant_is_too_late() -> None:
    tale = Timed(clock("PT1H", pauses=("parts",)))
    tale.file(0)
    tale.wait(60)
    tale.go(70)
    assert tale.cells(*ROW) == ("breached", 60, None, 3600, 600, 60)
    tale.on(80)
    tale.go(90)
    assert tale.cells(*ROW) == ("breached", 60, None, 70 * 60, 1200, 60)


def test_a_new_wait_ends_the_one_before() -> None:
    tale = Timed(clock("PT1H", pauses=("parts",)))
    tale.file(0)
    tale.wait(10)
    tale.wait(20, "vendor")
    tale.go(30)
    assert tale.cells("state", "elapsed", "paused") == ("running", 1200, 600)


def test_a_wait_on_the_customer_pauses_from_the_first_delivery_of_its_notice() -> None:
    tale = Timed(clock("PT2H", pauses=("customer",)))
    tale.file(0)
    tale.wait(10, "customer", notice="q")
    tale.go(20)
    assert tale.cells("state", "paused") == ("running", 0)
    tale.deliver(30, "q")
    tale.deliver(35, "q")
    tale.go(40)
    assert tale.cells("state", "elapsed", "paused") == ("paused", 1800, 600)


def test_a_notice_delivered_before_the_wait_pauses_from_the_wait_on() -> None:
    tale = Timed(clock("PT2H", pauses=("customer",)))
    tale.file(0)
    tale.deliver(5, "q")
    tale.wait(10, "customer", notice="q")
    tale.go(20)
    assert tale.cells("elapsed", "paused") == (600, 600)


def test_a_wait_on_the_customer_without_a_delivered_notice_of_this_complaint_pauses_nothing() -> None:
    tale = Timed(clock("PT2H", pauses=("customer",)))
    tale.file(0)
    tale.file(0, "D")
    tale.wait(10, "customer")
    tale.wait(20, "customer", notice="q")
    tale.say(25, "notice.delivered", "D", notice="q", proof="250")
    tale.on(30)
    tale.deliver(31, "q")
    tale.go(40)
    assert tale.cells("state", "paused") == ("running", 0)


def test_stopped_within_a_pause_it_has_no_due_time_unless_it_had_passed() -> None:
    tale = Timed(clock("PT1H", "acknowledged", pauses=("parts",)))
    tale.file(0)
    tale.wait(30)
    tale.acknowledge(40)
    tale.go(90)
    assert tale.cells(*ROW) == ("met", None, 40, 1800, 600, None)
    tale = Timed(clock("PT1H", "acknowledged", pauses=("parts",)))
    tale.file(0)
    tale.wait(70)
    tale.acknowledge(80)
    assert tale.cells(*ROW) == ("late", 60, 80, 4200, 600, 60)


def test_a_closing_ends_the_wait_so_that_the_clock_has_a_due_time() -> None:
    tale = Timed(clock("PT1H", pauses=("parts",)))
    tale.file(0)
    tale.wait(30)
    tale.close(40)
    assert tale.cells(*ROW) == ("met", 70, 40, 1800, 600, None)


# ---- warnings


def test_it_warns_when_elapsed_reaches_a_fraction_of_the_target_once() -> None:
    tale = Timed(clock("PT1H", warn=(0.5, 0.9), pauses=("parts",)))
    tale.file(0)
    tale.go(29)
    assert tale.cells("warned_at") == ([],)
    tale.go(30)
    assert tale.cells("warned_at") == ([30],)
    tale.wait(40)
    tale.on(50)
    tale.go(64)
    assert tale.cells("warned_at") == ([30, 64],)
    tale.close(65)
    assert tale.cells("warned_at") == ([30, 64],)


def test_a_fraction_is_rounded_up_to_the_second() -> None:
    tale = Timed(clock("PT100S", warn=(0.07, 0.333)))
    tale.file(0)
    tale.go(2)
    assert tale.cells("warned_at") == ([7 / 60, 34 / 60],)


def test_a_stop_at_that_instant_prevents_a_warning() -> None:
    tale = Timed(clock("PT1H", "acknowledged", warn=(0.5,)))
    tale.file(0)
    tale.acknowledge(30)
    tale.go(40)
    assert tale.cells("warned_at", "state") == ([], "met")


def test_a_pause_at_that_instant_does_not() -> None:
    tale = Timed(clock("PT1H", warn=(0.5,), pauses=("parts",)))
    tale.file(0)
    tale.wait(30)
    tale.go(40)
    assert tale.cells("warned_at", "state") == ([30], "paused")


def test_a_late_pause_puts_a_warning_off() -> None:
    tale = Timed(clock("PT1H", warn=(0.5,), pauses=("parts",)))
    tale.file(0)
    tale.go(35)
    tale.wait(20, now=36)
    tale.on(30)
    assert tale.cells("warned_at") == ([],)
    tale.go(40)
    assert tale.cells("warned_at") == ([40],)


# ---- days


def test_days_end_at_the_same_time_of_day_and_pauses_move_them() -> None:
    tale = Timed(clock("P1D", pauses=("parts",)))
    tale.file(90)
    tale.wait(100)
    tale.go(120)
    assert tale.cells("state", "due_at") == ("paused", None)
    tale.on(160)
    assert tale.cells("state", "due_at", "elapsed", "paused") == ("running", 24 * HOUR + 150, 600, 3600)


def test_an_end_of_day_that_a_pause_has_moved_is_the_end_of_that_day() -> None:
    tale = Timed(clock("P1D", until="end_of_day", pauses=("parts",)))
    tale.file(90)
    assert tale.cells("due_at") == (48 * HOUR,)
    tale.wait(100)
    tale.on(101)
    assert tale.cells("due_at") == (72 * HOUR,)
    tale.wait(200)
    tale.on(260)
    assert tale.cells("due_at") == (72 * HOUR,)


def test_working_days_are_moved_by_working_time() -> None:
    tale = Timed(clock("P1D", calendar="office", until="end_of_day", pauses=("parts",)), calendar=office())
    tale.file(48 * HOUR)  # Friday: due Monday at 16:00
    assert tale.cells("due_at") == ((5 * 24 + 16) * HOUR,)
    tale.wait(60 * HOUR)  # Friday at 12:00
    tale.on((5 * 24 + 9) * HOUR)  # Monday at 9:00: five hours of work, so Tuesday at 13:00, so its end
    assert tale.cells("due_at", "paused") == ((6 * 24 + 16) * HOUR, 5 * 3600)


def test_a_pause_at_the_due_moment_or_later_moves_no_day() -> None:
    tale = Timed(clock("P1D", pauses=("parts",)))
    tale.file(0)
    tale.wait(24 * HOUR)
    tale.go(25 * HOUR)
    assert tale.cells(*ROW) == ("breached", 24 * HOUR, None, 86400, 3600, 24 * HOUR)


def test_a_pause_outside_hours_moves_nothing_and_the_breach_is_known_once_it_is_over() -> None:
    tale = Timed(clock("P1D", calendar="office", pauses=("parts",)), calendar=office())
    tale.file(18 * HOUR)  # due Thursday at 18:00
    tale.wait((24 + 17) * HOUR)
    tale.go((24 + 20) * HOUR)
    assert tale.cells("state", "due_at") == ("paused", None)
    tale.on((24 + 21) * HOUR)
    assert tale.cells("state", "due_at", "breached_at") == ("breached", 42 * HOUR, 42 * HOUR)


def test_days_warn_by_the_calendar_s_time_to_the_due_moment() -> None:
    tale = Timed(clock("P1D", calendar="office", warn=(0.5,)), calendar=office())
    tale.file(12 * HOUR)  # to Thursday at 12:00 there are eight hours of work
    tale.go(3 * 24 * HOUR)
    assert tale.cells("warned_at", "breached_at") == ([16 * HOUR], 36 * HOUR)
