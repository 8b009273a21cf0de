"""What comparing the engine with the second reading has found, each as small as it gets. Times are minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from contracts.agreements import Credit
from contracts.moments import micros

from .comparing import Bench, compare, earlier
from .endings import as_recorded
from .histories import History
from .reading import EVER, Order, Terms
from .reading_credits import credits_
from .reading_facts import Version
from .tale import at
from .tale_clocks import Timed, clock


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("found"))
    yield made
    made.close()


def told(tale: Timed, end: float) -> History:
    """The tale as a history of the service that is compared."""
    facts: list[tuple[dict[str, Any], datetime]] = []
    for fact, now in tale.facts:
        named = {"service": "line-1"} if fact["type"] == "complaint.filed" else {}
        subject = "line-1" if fact["subject"] == "S" else fact["subject"]
        whole = {"specversion": "1.0", "datacontenttype": "application/json", **fact}
        facts.append((whole | {"subject": subject, "data": fact["data"] | named}, now))
    return History(tale.world.agreements, facts, at(end), tuple(tale.orders))


def down(*clocks: Any) -> Timed:
    tale = Timed(*clocks)
    tale.file(0, down=True)
    return tale


def test_a_request_that_arrives_late_and_is_refused_closes_if_nothing_objects_any_more(bench: Bench) -> None:
    tale = down()
    tale.up(30)
    tale.close(10, now=40, when_confirmed=True)
    assert compare(bench, told(tale, 60)) == []


def test_a_request_that_stands_is_not_granted_when_some_clock_happens_to_warn(bench: Bench) -> None:
    tale = down(clock("PT8H", warn=(0.5,)))
    tale.up(30)
    tale.close(0, now=40, when_confirmed=True)
    assert compare(bench, told(tale, 300)) == []


def test_a_closing_that_was_waited_for_comes_after_the_word_that_let_it(bench: Bench) -> None:
    tale = down()
    tale.up(10, "technician")
    tale.close(20, source="/a", when_confirmed=True)
    tale.say(30, "resolution.confirmed", source="/b", by="shop")
    assert compare(bench, told(tale, 60)) == []  # the customer's word ended the outage, no technician's


def test_a_late_fact_that_removes_the_last_objection_closes_it(bench: Bench) -> None:
    tale = down()
    tale.say(5, "part.ordered", order="o", part="psu")
    tale.close(10, when_confirmed=True)
    tale.up(30)
    tale.say(20, "part.arrived", order="o", now=40)
    assert compare(bench, told(tale, 60)) == []


def test_a_person_named_as_the_own_deputy_goes_to_the_next_absence_s_deputy(bench: Bench) -> None:
    tale = down()
    tale.say(1, "complaint.assigned", to="bob")
    spans: list[dict[str, Any]] = [{"from": 10, "until": 20}, {"from": 20, "until": 40}]
    tale.say(2, "person.absent", "bob", deputy="bob", **spans[0])
    tale.say(3, "person.absent", "bob", deputy="ann", **spans[1])
    assert compare(bench, told(tale, 60)) == []


def test_deputies_who_name_each_other_do_not_hand_it_to_and_fro(bench: Bench) -> None:
    tale = down()
    tale.say(1, "complaint.assigned", to="bob")
    span: dict[str, Any] = {"from": 10, "until": 40}
    tale.say(2, "person.absent", "ann", deputy="bob", **span)
    tale.say(3, "person.absent", "bob", deputy="ann", **span)
    assert compare(bench, told(tale, 30)) == []


def test_an_extension_whose_notice_was_sent_after_the_stop_is_none(bench: Bench) -> None:
    tale = down(clock("P1D", "replied", on_breach="deem_upheld"))
    tale.extend(10, 3000)
    tale.reply(20)
    tale.send(30, "e")
    assert compare(bench, told(tale, 60)) == []


def test_an_extension_counts_against_the_due_time_as_it_stood_when_its_notice_was_sent(bench: Bench) -> None:
    tale = down(clock("PT4H", "replied", on_breach="deem_upheld", pauses=("other",)))
    tale.wait(60, "other")
    tale.extend(90, 300)  # it would be due at 270
    tale.send(150, "e")  # at 330
    tale.on(160)
    assert compare(bench, told(tale, 400)) == []


def test_a_request_that_stands_closes_at_its_own_time_if_only_what_came_later_objected(bench: Bench) -> None:
    tale = Timed()
    tale.file(0)
    tale.down(30)
    tale.close(20, now=40, when_confirmed=True)
    tale.up(50)
    assert compare(bench, told(tale, 60)) == []


def test_before_a_request_that_stood_was_granted_the_clocks_ran(bench: Bench) -> None:
    tale = down(clock("PT8H"))
    tale.close(20, when_confirmed=True)
    tale.up(30)  # the last that was said of the complaint itself is its request
    history = told(tale, 60)
    bench.run(history)
    assert earlier(bench, history.world(), at(25)) == []


def test_a_period_of_which_not_even_a_second_was_lived_is_owed(bench: Bench) -> None:
    tale = Timed(credit=Credit(3600, "day", "5.00", "PLN", None))
    tale.file(0, down=True)
    tale.withdraw(60 + 0.9 / 60)
    history = told(tale, 100)
    assert compare(bench, history) == []
    assert credits_(history.world(), "C") == [{"amount": "5.00", "currency": "PLN"}]


def test_a_life_that_ended_as_it_began_takes_up_no_outage_of_that_instant(bench: Bench) -> None:
    tale = Timed(credit=Credit(0, "hour", "5.00", "PLN", None))
    tale.file(0)
    tale.close(20)
    tale.reopen(60)
    tale.close(40, now=70)  # counts as right after the reopening
    tale.down(60)
    assert compare(bench, told(tale, 100)) == []


def test_it_goes_to_a_deputy_as_long_as_it_was_open_by_what_was_recorded_first(bench: Bench) -> None:
    tale = down()
    tale.up(70)
    tale.say(50, "complaint.assigned", to="bob", now=70)
    tale.say(55, "person.absent", "bob", deputy="cid", **{"from": 80, "until": 200}, now=70)
    tale.close(90)
    tale.reopen(95)
    tale.close(10, now=100, when_confirmed=True)  # was granted at 70, which counts as right after 95
    assert compare(bench, told(tale, 120)) == []


def test_a_silence_lets_close_before_the_facts_of_its_instant_are_taken(bench: Bench) -> None:
    tale = Timed(silence=30)
    tale.file(0, down=True)
    tale.up(10, "technician")
    tale.close(15, when_confirmed=True)
    tale.ask(20, delivered=20)
    tale.close(50)
    assert compare(bench, told(tale, 60)) == []


def test_a_warning_waits_until_its_part_of_a_time_with_microseconds_has_passed(bench: Bench) -> None:
    tale = Timed(clock("P1D", until="end_of_day", warn=(0.5,)))
    tale.file(0.123457 / 60)
    assert compare(bench, told(tale, 3000)) == []


# ---- versions that are applied to complaints that run


def under(*clocks: Any, accepts: tuple[str, ...] = (), credit: Credit | None = None) -> Terms:
    return Terms(frozenset(accepts), None, clocks=clocks, credit=credit)


def recorded_and_shown(bench: Bench, history: History, *earlier_: float) -> list[str]:
    """Where the engine and the second reading differ, also at earlier moments, and as recorded event by event."""
    found = compare(bench, history) + as_recorded(bench)
    return found + [row for minute in earlier_ for row in earlier(bench, history.world(), at(minute))]


def test_new_terms_settle_no_pending_claim(bench: Bench) -> None:
    tale = down(clock("PT8H"))
    tale.up(10, "technician")
    tale.apply(20, under(clock("PT4H")))
    assert tale.state(20) == "unconfirmed"
    assert compare(bench, told(tale, 60)) == []


def test_terms_are_held_to_all_that_are_applied_at_once(bench: Bench) -> None:
    tale = Timed()
    tale.world.versions["firm"] = [Version(1, EVER, under(accepts=("technician",)))]
    tale.world.agreements["firm"] = under(accepts=("technician",))
    tale.file(0, down=True)
    tale.file(5, "D", agreement="firm")
    tale.up(10, "technician")
    published = {"standard": under(accepts=("technician",)), "firm": under()}
    order = Order(at(20), behind=True, effective=EVER, published=published, complaints=("C", "D"))
    tale.orders.append(order)
    tale.world.order(order)
    assert tale.state(20) == "unconfirmed"
    assert compare(bench, told(tale, 60)) == []


def test_new_terms_count_behind_facts_of_their_moment_whatever_their_source(bench: Bench) -> None:
    tale = down()
    tale.up(20, "technician", source="urn:z")
    tale.apply(20, under(accepts=("technician",)))
    assert compare(bench, told(tale, 60)) == []


def test_a_closing_told_after_new_terms_and_dated_before_them_ends_leaning_at_its_own_time(bench: Bench) -> None:
    tale = down(clock("PT8H"))
    tale.up(10)
    tale.apply(50, under(clock("PT4H")))
    tale.close(20, now=60)
    tale.down(30, now=60)
    tale.up(40, "technician", now=60)
    assert tale.state(40) == "up"
    assert compare(bench, told(tale, 90)) == []


def test_a_complaint_reopened_before_new_terms_told_after_them_leans_with_them(bench: Bench) -> None:
    tale = down()
    tale.up(10)
    tale.apply(50, under(accepts=("technician",)))
    tale.close(20, now=60)
    tale.reopen(30, now=61)
    tale.down(70)
    tale.up(80, "technician")
    assert tale.state(80) == "up"
    assert compare(bench, told(tale, 90)) == []


def test_a_correction_of_the_filing_leaves_the_terms_that_were_applied(bench: Bench) -> None:
    tale = Timed(credit=None)
    filing = tale.file(0, down=True)
    tale.apply(10, under(accepts=("technician",), credit=Credit(0, "hour", "5.00", "PLN", None)))
    tale.correct(20, filing, data={"team": "care"})
    tale.up(30, "technician")
    assert recorded_and_shown(bench, told(tale, 90)) == []


def test_outages_are_followed_by_a_complaint_whose_earlier_terms_did(bench: Bench) -> None:
    tale = down(clock("PT1H", "up"))
    tale.apply(50, under())
    tale.up(20, now=60)
    assert recorded_and_shown(bench, told(tale, 90)) == []


def test_what_a_clock_had_breached_stays_when_it_is_gone(bench: Bench) -> None:
    for when in (60, 70):
        tale = down(clock("PT1H", warn=(0.5,)))
        tale.apply(when, under())
        history = told(tale, 90)
        assert bench.run(history) == []
        assert recorded_and_shown(bench, history, 60, 65) == []


def test_a_breach_stays_where_new_terms_had_stopped_it_before(bench: Bench) -> None:
    tale = down(clock("PT1H", "replied"))
    tale.acknowledge(20)
    tale.apply(90, under(clock("PT1H", "acknowledged")))
    assert recorded_and_shown(bench, told(tale, 100)) == []


def test_a_due_time_that_has_passed_stays_where_new_terms_stopped_it_in_a_pause(bench: Bench) -> None:
    for target in ("P2D", "PT10M"):
        for first in (clock("PT1H", "replied"), clock("PT1H", "replied", name="other")):
            tale = down(first)
            tale.wait(15)
            tale.acknowledge(20)
            tale.apply(90, under(clock(target, "acknowledged", pauses=("parts",))))
            assert recorded_and_shown(bench, told(tale, 100), 80) == []


@pytest.mark.parametrize("sent", [11, 12, 13])
def test_a_warning_stands_that_had_passed_before_the_notice_of_an_extension(bench: Bench, sent: int) -> None:
    tale = down(clock("P1D", "replied", on_breach="deem_upheld", warn=(0.5,)))
    tale.extend(2 * 60, 70 * 60)
    tale.send(sent * 60, "e")
    assert recorded_and_shown(bench, told(tale, 80 * 60), 12 * 60, 40 * 60) == []
    warned = [e for e in bench.events() if e.type == "clock.warned"]
    assert [e.time for e in warned] == [micros(at(12 * 60 if sent > 12 else 35 * 60))]


def test_what_a_breach_brings_about_is_told_by_the_terms_under_which_it_came(bench: Bench) -> None:
    deeming, not_so = clock("PT1H", "replied", on_breach="deem_upheld"), clock("PT1H", "replied")
    for old, new in ((deeming, not_so), (not_so, deeming)):
        tale = down(old)
        tale.apply(90, under(new))
        assert recorded_and_shown(bench, told(tale, 100), 80) == []


def test_an_extension_said_after_new_terms_changes_no_breach_before_them(bench: Bench) -> None:
    tale = down(clock("PT1H", "replied", on_breach="deem_upheld"))
    tale.send(30, "e")
    tale.apply(90, under(clock("PT2H", "replied", on_breach="deem_upheld")))
    tale.extend(100, 300)
    assert recorded_and_shown(bench, told(tale, 110)) == []


def test_a_clock_that_starts_otherwise_under_new_terms_is_another_one(bench: Bench) -> None:
    for old, new in ((clock("PT1H"), clock("PT2H", "up")), (clock("PT2H", "up"), clock("PT1H"))):
        tale = down(old)
        tale.up(20)
        tale.apply(30, under(new))
        tale.down(40)
        assert recorded_and_shown(bench, told(tale, 100), 25, 35) == []


def test_a_clock_that_is_to_restart_and_one_that_is_not_to_any_more(bench: Bench) -> None:
    for one, two in (("count", "restart"), ("restart", "continue")):
        tale = Timed(clock("PT2H", reopen=one))
        tale.file(0)
        tale.close(30)
        tale.reopen(40)
        tale.apply(50, under(clock("PT3H", reopen=two)))
        tale.close(60)
        tale.reopen(70)
        assert recorded_and_shown(bench, told(tale, 100), 35, 45, 65) == []


def test_credits_that_new_terms_do_not_owe_are_restated(bench: Bench) -> None:
    tale = Timed(credit=Credit(0, "hour", "5.00", "PLN", None))
    tale.file(0, down=True)
    tale.apply(90, under())
    assert recorded_and_shown(bench, told(tale, 100), 80) == []


def test_an_answer_is_missing_by_the_terms_of_the_request_s_time(bench: Bench) -> None:
    tale = Timed(clock("PT1H", "replied"))
    tale.file(0)
    tale.apply(20, under())
    tale.close(10, now=30, when_confirmed=True)
    assert compare(bench, told(tale, 60)) == []  # closed at 20, and not at 10


def test_the_version_is_the_one_of_the_moment_that_is_asked_about(bench: Bench) -> None:
    tale = down(clock("PT1H"))
    tale.apply(20, under(clock("PT2H")))
    assert recorded_and_shown(bench, told(tale, 60), 10, 20) == []
