"""The second reading, sentence by sentence: a running complaint is moved to new terms."""

from __future__ import annotations

from typing import Any

from contracts.agreements import Clock

from .reading import Terms
from .reading_applied import applied
from .tale import at, minute
from .tale_clocks import Timed, clock


def under(*clocks: Clock) -> Terms:
    return Terms(frozenset(), None, clocks=clocks)


def rows(tale: Timed, when: float, *clocks: Clock) -> list[tuple[Any, ...]]:
    """Name, cycle, state, due, breached, by the new clocks applied at a minute."""
    return [
        (r["clock"], r["cycle"], r["state"], minute(r["due_at"]), minute(r["breached_at"]))
        for r in applied(tale.world, "C", under(*clocks), at(when))
    ]


def test_new_terms_are_reckoned_from_the_start_of_a_cycle_not_yet_stopped() -> None:
    tale = Timed(clock("PT2H"))
    tale.file(10)
    tale.go(30)
    assert rows(tale, 30, clock("PT1H")) == [("c", 1, "running", 70, None)]
    tale.go(100)
    assert rows(tale, 30, clock("PT3H")) == [("c", 1, "running", 190, None)]


def test_a_due_time_that_would_lie_before_is_the_application() -> None:
    tale = Timed(clock("PT2H"))
    tale.file(10)
    tale.go(90)
    assert rows(tale, 90, clock("PT1H")) == [("c", 1, "breached", 90, 90)]
    tale.close(95)
    assert rows(tale, 90, clock("PT1H")) == [("c", 1, "late", 90, 90)]


def test_stopped_cycles_and_breaches_stay() -> None:
    tale = Timed(clock("PT1H", reopen="restart"))
    tale.file(0)
    tale.close(30)
    tale.reopen(40)
    tale.go(110)
    assert rows(tale, 110, clock("PT5H", reopen="restart")) == [
        ("c", 1, "met", 60, None),
        ("c", 2, "breached", 100, 100),
    ]


def test_later_cycles_are_under_the_new_terms() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(0, down=True)
    tale.up(10)
    tale.down(200)
    tale.go(210)
    assert rows(tale, 100, clock("PT2H", "up")) == [("c", 1, "met", 60, None), ("c", 2, "running", 320, None)]


def test_new_clocks_start_at_the_filing_and_those_that_are_gone_are_cancelled() -> None:
    tale = Timed(clock("PT1H", name="old"))
    tale.file(10)
    tale.go(50)
    assert rows(tale, 40, clock("PT2H", name="new")) == [
        ("new", 1, "running", 130, None),
        ("old", 1, "cancelled", 70, None),
    ]


def test_a_warning_that_had_passed_stays_and_is_not_given_again() -> None:
    tale = Timed(clock("PT1H", warn=(0.5,)))
    tale.file(0)
    tale.go(100)
    new = clock("PT3H", warn=(0.5,))
    assert [minute(m) for m in applied(tale.world, "C", under(new), at(40))[0]["warned_at"]] == [30]
    assert [minute(m) for m in applied(tale.world, "C", under(new), at(20))[0]["warned_at"]] == [90]
