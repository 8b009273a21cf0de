"""What comparing the engine with the second reading has found, each as small as it gets. Times are minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from contracts.agreements import Credit

from .comparing import Bench, compare, earlier
from .histories import History
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
