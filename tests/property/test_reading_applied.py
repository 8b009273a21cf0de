"""The second reading, sentence by sentence: a running complaint is moved to new terms."""

from __future__ import annotations

from datetime import date
from typing import Any

from contracts.agreements import Clock

from .reading import Terms
from .tale import minute
from .tale_clocks import Timed, clock


def under(*clocks: Clock) -> Terms:
    return Terms(frozenset(), None, clocks=clocks)


def rows(tale: Timed) -> list[tuple[Any, ...]]:
    """Name, cycle, state, due, breached."""
    return [
        (r["clock"], r["cycle"], r["state"], minute(r["due_at"]), minute(r["breached_at"]))
        for r in tale.show()["clocks"]
    ]


def test_new_terms_are_reckoned_from_the_start_of_a_cycle_not_yet_stopped() -> None:
    for when, target, then in ((30, "PT1H", (70, None)), (100, "PT3H", (190, None))):
        tale = Timed(clock("PT2H"))
        tale.file(10)
        tale.apply(when, under(clock(target)))
        assert rows(tale) == [("c", 1, "running", *then)]
        assert tale.show()["agreement_version"] == 2


def test_a_due_time_that_would_lie_before_is_the_application() -> None:
    tale = Timed(clock("PT2H"))
    tale.file(10)
    tale.apply(90, under(clock("PT1H", warn=(0.5,))))
    assert rows(tale) == [("c", 1, "breached", 90, 90)]
    assert tale.row()["warned_at"] == [90]
    tale.close(95)
    assert rows(tale) == [("c", 1, "late", 90, 90)]


def test_stopped_cycles_and_breaches_stay() -> None:
    tale = Timed(clock("PT1H", reopen="restart"))
    tale.file(0)
    tale.close(30)
    tale.reopen(40)
    tale.apply(110, under(clock("PT5H", reopen="restart")))
    assert rows(tale) == [("c", 1, "met", 60, None), ("c", 2, "breached", 100, 100)]


def test_a_breach_stays_also_where_the_new_terms_would_have_stopped_before_it() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(0)
    tale.acknowledge(20)
    tale.apply(90, under(clock("PT1H", "acknowledged")))
    assert rows(tale) == [("c", 1, "late", 60, 60)]
    assert tale.row()["stopped_at"] == 20


def test_a_due_time_that_has_passed_is_shown_also_where_the_new_terms_stopped_it_in_a_pause() -> None:
    for target, then in (("P2D", (60, 60)), ("PT10M", (60, 60))):
        tale = Timed(clock("PT1H", "replied"))
        tale.file(0)
        tale.wait(15)
        tale.acknowledge(20)
        tale.apply(90, under(clock(target, "acknowledged", pauses=("parts",))))
        assert rows(tale) == [("c", 1, "late", *then)]
    for target, due in (("PT10M", 50), ("PT30M", None)):
        tale = Timed()
        tale.file(0)
        tale.wait(15)
        tale.acknowledge(20)
        tale.apply(50, under(clock(target, "acknowledged", pauses=("parts",))))
        assert rows(tale) == [("c", 1, "met", due, None)]


def test_later_cycles_are_under_the_new_terms() -> None:
    tale = Timed(clock("PT1H", "up"))
    tale.file(0, down=True)
    tale.up(10)
    tale.apply(100, under(clock("PT2H", "up")))
    tale.down(200)
    assert rows(tale) == [("c", 1, "met", 60, None), ("c", 2, "running", 320, None)]


def test_new_clocks_start_at_the_filing_and_those_that_are_gone_are_cancelled() -> None:
    tale = Timed(clock("PT1H", name="old"))
    tale.file(10)
    tale.apply(40, under(clock("PT2H", name="new")))
    tale.go(50)
    assert rows(tale) == [("new", 1, "running", 130, None), ("old", 1, "cancelled", 70, None)]


def test_a_clock_that_is_there_again_is_new_and_what_it_had_breached_stays() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(0)
    tale.apply(70, under())
    assert rows(tale) == [("c", 1, "cancelled", 60, 60)]
    tale.apply(80, under(clock("PT3H")))
    assert rows(tale) == [("c", 1, "breached", 60, 60)]


def test_a_warning_that_had_passed_stays_and_is_not_given_again() -> None:
    for when, warned in ((40, [30]), (20, [90])):
        tale = Timed(clock("PT1H", warn=(0.5,)))
        tale.file(0)
        tale.apply(when, under(clock("PT3H", warn=(0.5,))))
        tale.go(100)
        assert tale.row()["warned_at"] == warned


def test_a_clock_that_starts_otherwise_is_another_one() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(0, down=True)
    tale.apply(30, under(clock("PT2H", "up")))
    assert rows(tale) == [("c", 1, "cancelled", 60, None), ("c", 2, "running", 120, None)]


def test_one_that_is_to_restart_has_done_so_at_every_reopening() -> None:
    tale = Timed(clock("PT2H"))
    tale.file(0)
    tale.close(30)
    tale.reopen(40)
    tale.apply(50, under(clock("PT2H", reopen="restart")))
    assert rows(tale) == [("c", 1, "met", 120, None), ("c", 2, "running", 160, None)]


def test_one_that_is_to_restart_no_more_runs_on_from_its_reopening() -> None:
    tale = Timed(clock("PT2H", reopen="restart"))
    tale.file(0)
    tale.close(30)
    tale.reopen(40)
    tale.apply(50, under(clock("PT3H", reopen="count")))
    tale.close(60)
    tale.reopen(70)
    assert rows(tale) == [("c", 1, "met", 120, None), ("c", 2, "running", 220, None)]


def test_a_breach_is_deemed_by_the_terms_under_which_it_came() -> None:
    deeming, not_so = clock("PT1H", "replied", on_breach="deem_upheld"), clock("PT1H", "replied")
    for old, new, deemed in ((deeming, not_so, "2024-05-01T01:00:00Z"), (not_so, deeming, None)):
        tale = Timed(old)
        tale.file(0)
        tale.apply(90, under(new))
        assert tale.show()["deemed_upheld_at"] == deemed


def test_a_complaint_that_has_ended_or_is_not_known_gets_no_terms() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(0)
    tale.close(10)
    tale.apply(20, under(clock("PT2H")), "C", "D")
    assert (tale.show()["agreement_version"], rows(tale)) == (1, [("c", 1, "met", 60, None)])
    tale.file(30, "D")
    assert tale.show("D")["agreement_version"] == 2


def test_a_version_that_is_effective_later_is_none_for_what_is_filed_before() -> None:
    tale = Timed(clock("PT1H"))
    tale.file(0)
    tale.apply(10, under(clock("PT2H")), "C", effective=date(2024, 5, 2))
    tale.file(20, "D")
    tale.file(24 * 60, "E")
    assert [tale.show(name)["agreement_version"] for name in ("C", "D", "E")] == [2, 1, 2]


def test_new_terms_settle_no_claim_but_what_they_accept() -> None:
    for accepts, state in ((frozenset[str](), "unconfirmed"), (frozenset({"technician"}), "up")):
        tale = Timed()
        tale.file(0, down=True)
        tale.up(10, "technician")
        tale.apply(20, Terms(accepts, None))
        assert tale.show()["customer_state"] == state


def test_an_answer_is_missing_by_the_terms_of_the_request_s_time() -> None:
    tale = Timed(clock("PT1H", "replied"))
    tale.file(0)
    tale.apply(20, under())
    tale.close(10, now=30)
    assert tale.objections() == ["reply_missing"]
    tale.close(25, now=30)
    assert tale.closings() == [("C", 25, False)]


def test_a_request_that_stands_is_granted_when_new_terms_want_no_answer() -> None:
    tale = Timed(clock("PT1H", "replied"))
    tale.file(0)
    tale.close(10, when_confirmed=True)
    tale.apply(20, under())
    assert tale.closings() == [("C", 20, False)]
