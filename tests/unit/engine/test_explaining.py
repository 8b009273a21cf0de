"""Why a deadline is what it is: hours and days counted, what was skipped, what did not count, the fact behind each."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.counting import FEW

from .given import Told
from .lasting import Lasting, at, clock, lasting
from .telling import closing, confirmed, corrected, delivered, down, filed, reopening, said, sent, up, withdrawn

RESTORE = clock("restore", "PT40H", "down", "up", more='pauses = ["customer"]\nwarn = [0.5, 0.9]')
RESOLVE = clock("resolve", "P5D", "filed", "closed")
REPLY = clock("reply", "P14D", "filed", "replied", "always", 'until = "end_of_day"\non_breach = "deem_upheld"')


def waiting(time: float, on: str, /, **data: object) -> Told:
    return said(time, "complaint.wait_started", on=on, **data)


def over(time: float) -> Told:
    return said(time, "complaint.wait_ended")


def easter() -> Lasting:
    """Down from the Thursday before Easter 2024 on: a holiday and a day of 23 hours lie ahead."""
    it = lasting(RESTORE, RESOLVE, REPLY)
    it.when(filed(at("2024-03-28T10:00"), down=True, id="filing"))
    return it


def test_the_hours_of_each_day_add_up_to_the_target_and_end_at_the_due_time() -> None:
    cycle = easter().cycle("restore")

    assert [(day["date"], day["counted"] / 3600, day["sum"] / 3600) for day in cycle["days"]] == [
        ("2024-03-28", 6, 6),
        ("2024-03-29", 8, 14),
        ("2024-04-02", 8, 22),
        ("2024-04-03", 8, 30),
        ("2024-04-04", 8, 38),
        ("2024-04-05", 2, 40),
    ]
    assert cycle["days"][0]["spans"] == [["2024-03-28T10:00:00+01:00", "2024-03-28T16:00:00+01:00"]]
    assert cycle["days"][-1]["spans"] == [["2024-04-05T08:00:00+02:00", "2024-04-05T10:00:00+02:00"]]
    assert cycle["due_at"] == "2024-04-05T08:00:00Z"


def test_holidays_on_working_days_are_named_and_days_of_a_time_change_too() -> None:
    cycle = easter().cycle("restore")

    assert cycle["holidays"] == [{"date": "2024-04-01", "name": "Easter Monday"}], "Easter is a Sunday anyway"
    assert cycle["time_changes"] == [{"date": "2024-03-31", "length": 23 * 3600, "working": 0}]


def test_of_days_the_working_ones_are_numbered() -> None:
    cycle = easter().cycle("resolve")

    assert [(day["number"], day["date"]) for day in cycle["days"]] == [
        (1, "2024-03-29"),
        (2, "2024-04-02"),
        (3, "2024-04-03"),
        (4, "2024-04-04"),
        (5, "2024-04-05"),
    ]
    assert cycle["day_due_at"] == cycle["due_at"] == "2024-04-05T08:00:00Z"


def test_a_wait_for_the_customer_is_told_with_its_reason_its_notice_and_the_proof() -> None:
    it = easter()
    it.when(sent(at("2024-03-28T11:00"), notice="q", about="question"))
    it.when(waiting(at("2024-03-28T11:00"), "customer", notice="q", reason="which model?", id="wait"))
    it.when(delivered(at("2024-03-28T12:00"), notice="q", proof="250 ok", id="proof"))
    paused = it.cycle("restore")
    it.when(over(at("2024-04-02T09:00+02:00")))
    (pause,) = it.cycle("restore")["pauses"]

    assert (paused["state"], paused["due_at"], paused["paused_for"]) == ("paused", None, "customer")
    assert (pause["on"], pause["reason"], pause["notice"], pause["proof"]) == (
        "customer",
        "which model?",
        "q",
        "250 ok",
    )
    assert (pause["wait_started_at"], pause["start"]) == ("2024-03-28T10:00:00Z", "2024-03-28T11:00:00Z")
    assert pause["took"] == (4 + 8 + 1) * 3600, "Thursday from noon, Friday, an hour on Tuesday"
    assert (pause["fact"]["id"], pause["delivered_by"]["id"]) == ("wait", "proof")
    assert pause["ended_by"]["type"] == "complaint.wait_ended"
    assert it.cycle("restore")["due_at"] == "2024-04-08T13:00:00Z", "13 hours later"


def test_days_that_pass_in_a_pause_count_nothing_and_are_told() -> None:
    it = easter()
    it.when(delivered(at("2024-03-28T10:00"), notice="q"), waiting(at("2024-03-28T12:00"), "customer", notice="q"))
    it.when(over(at("2024-04-02T09:00+02:00")))
    days = {day["date"]: day for day in it.cycle("restore")["days"]}

    assert days["2024-03-28"]["spans"] == [["2024-03-28T10:00:00+01:00", "2024-03-28T12:00:00+01:00"]]
    assert (days["2024-03-29"]["spans"], days["2024-03-29"]["counted"]) == ([], 0)
    assert days["2024-04-02"]["spans"] == [["2024-04-02T09:00:00+02:00", "2024-04-02T16:00:00+02:00"]]


@pytest.mark.parametrize(
    "on, notice, arrives, why",
    [
        ("parts", None, None, "terms"),
        ("customer", None, None, "no_notice"),
        ("customer", "q", None, "not_delivered"),
        ("customer", "q", "2024-03-28T13:30", "delivered_too_late"),
    ],
)
def test_a_wait_that_stops_nothing_is_told_with_why(on: str, notice: str | None, arrives: str | None, why: str) -> None:
    it = easter()
    it.when(waiting(at("2024-03-28T11:00"), on, notice=notice), over(at("2024-03-28T13:00")))
    if arrives:
        it.when(delivered(at(arrives), notice=notice))
    cycle = it.cycle("restore")

    assert [(wait["on"], wait["why"]) for wait in cycle["waits_that_do_not_pause"]] == [(on, why)]
    assert cycle["pauses"] == []
    assert cycle["due_at"] == "2024-04-05T08:00:00Z"


def test_time_closed_does_not_count_and_has_the_facts_behind_it() -> None:
    it = lasting(clock("resolve", "PT16H", "filed", "closed"))
    it.when(filed(at("2024-03-04T08:00")), closing(at("2024-03-04T10:00"), id="end"))
    it.when(reopening(at("2024-03-05T10:00"), id="again"))
    cycle = it.cycle("resolve")

    (gap,) = cycle["gaps"]
    assert (gap["took"], gap["ended_by"]["id"], gap["reopened_by"]["id"]) == (8 * 3600, "end", "again")
    assert cycle["due_at"] == "2024-03-06T15:00:00Z"


def test_an_extension_is_told_with_its_reason_and_what_it_replaced() -> None:
    it = lasting(REPLY)
    it.when(filed(at("2024-03-04T08:00")), sent(at("2024-03-10T08:00"), notice="x", about="extension"))
    it.when(
        said(
            at("2024-03-11T08:00"),
            "complaint.extended",
            until=at("2024-05-03T00:00"),
            why="an expert is asked",
            notice="x",
            id="longer",
        )
    )
    cycle = it.cycle("reply")

    assert cycle["extension"]["why"] == "an expert is asked"
    assert (cycle["extension"]["fact"]["id"], cycle["due_at"]) == ("longer", cycle["extension"]["until"])
    assert cycle["day_due_at"] == "2024-03-18T23:00:00Z", "the end of the 14th day"


def test_the_words_that_began_and_ended_an_outage_are_behind_its_cycle() -> None:
    it = lasting(RESTORE)
    it.when(filed(at("2024-03-04T08:00")), down(at("2024-03-04T09:00"), id="alarm"))
    it.when(up(at("2024-03-04T12:00"), id="back", by="shop"))
    cycle = it.cycle("restore")

    assert (cycle["start"]["why"], cycle["start"]["fact"]["id"]) == ("down", "alarm")
    assert (cycle["stop"]["why"], cycle["stop"]["ended_by"], cycle["stop"]["fact"]["id"]) == ("up", "customer", "back")
    it.when(down(at("2024-03-04T13:00"), since=at("2024-03-04T08:30"), id="earlier"))
    it.when(up(at("2024-03-04T14:00"), id="again"))
    later = it.cycle("restore")
    assert later["stop"]["fact"]["id"] == "again"
    assert later["start"]["outage_started_at"] == "2024-03-04T07:30:00Z"
    assert later["start"]["fact"]["id"] == "earlier"


def test_where_outages_merge_what_began_the_first_and_ended_the_last_stays_behind_them() -> None:
    it = lasting(RESTORE)
    it.when(filed(at("2024-03-04T08:00")), down(at("2024-03-04T09:00"), id="first"), up(at("2024-03-04T10:00")))
    it.when(down(at("2024-03-04T11:00"), id="second"), up(at("2024-03-04T12:00"), id="last"))
    between = down(at("2024-03-04T10:30"), "customer", since=at("2024-03-04T10:00"), id="between")
    it.when(between.arriving(at("2024-03-04T13:00")))
    cycles = it.explain("restore")["cycles"]

    assert [(c["start"]["fact"]["id"], c["stop"]["fact"]["id"]) for c in cycles] == [("first", "last")]


def test_a_stop_that_came_with_the_complaints_end_is_told_as_that() -> None:
    it = lasting(RESTORE, REPLY)
    it.when(filed(at("2024-03-04T08:00"), down=True), withdrawn(at("2024-03-04T09:00"), id="letter"))

    stop = it.cycle("reply")["stop"]
    assert (stop["why"], stop["own"], stop["fact"]["id"]) == ("withdrawn", False, "letter")
    assert it.cycle("restore")["state"] == "cancelled"


def test_a_fact_is_told_as_corrected() -> None:
    wait = waiting(at("2024-03-28T11:00"), "customer", notice="q", reason="wrong")
    it = easter()
    it.when(delivered(at("2024-03-28T10:30"), notice="q"), wait)
    it.when(corrected(at("2024-03-28T12:00"), wait, data={"reason": "right"}))

    (pause,) = it.cycle("restore")["pauses"]
    assert (pause["reason"], pause["fact"]["data"]["reason"]) == ("right", "right")


def test_breaches_warnings_and_how_much_has_passed_are_told() -> None:
    it = easter()
    it.at(at("2024-04-08T12:00+02:00"))
    cycle = it.cycle("restore")

    assert (cycle["state"], cycle["breached_at"]) == ("breached", cycle["due_at"])
    assert [(w["fraction"], w["warned"], w["due_at"]) for w in cycle["warnings"]] == [
        (0.5, True, "2024-04-02T12:00:00Z"),
        (0.9, True, "2024-04-04T12:00:00Z"),
    ]
    assert cycle["elapsed"] == (40 + 6 + 4) * 3600


def test_as_of_an_earlier_moment_nothing_later_is_told() -> None:
    it = easter()
    it.when(delivered(at("2024-03-28T11:00"), notice="q"), waiting(at("2024-03-28T12:00"), "customer", notice="q"))
    it.when(confirmed(at("2024-04-02T10:00+02:00")))

    before = it.cycle("restore", time="2024-03-28T11:30:00+01:00")
    assert (before["state"], before["pauses"], before["stop"]) == ("running", [], None)
    assert [w["warned"] for w in before["warnings"]] == [False, False]


@pytest.mark.parametrize(
    "target, calendar", [("P3650D", "always"), ("P3000D", "office"), ("PT20000H", "office"), ("PT87600H", "always")]
)
def test_a_clock_of_ten_years_is_told_shortly(target: str, calendar: str) -> None:
    it = lasting(clock("long", target, "filed", "closed", calendar))
    it.when(filed(at("2024-03-04T08:00")))
    cycle = it.cycle("long")

    assert len(cycle["days"]) <= FEW
    assert len(json.dumps(cycle)) < 16_000
    (between,) = [row for row in cycle["days"] if "from" in row]
    assert between["days"] > 2_000
    assert cycle["time_changes_left_out"] > 0
    if calendar == "office":
        assert cycle["holidays_left_out"] > 50
    if target.startswith("PT"):
        assert cycle["days"][-1]["sum"] == int(target[2:-1]) * 3600
        assert sum(row["counted"] for row in cycle["days"]) == cycle["days"][-1]["sum"]


def test_of_many_pauses_and_cycles_the_first_and_the_last_are_told() -> None:
    it = lasting(RESTORE)
    it.when(filed(at("2024-03-04T08:00")), delivered(at("2024-03-04T08:00"), notice="q"))
    for n in range(60):
        it.when(down(at("2024-03-04T08:00") + 10 * n), up(at("2024-03-04T08:00") + 10 * n + 5))
    told = it.explain("restore")

    assert (len(told["cycles"]), told["cycles_left_out"]) == (40, 20)
    assert [told["cycles"][0]["cycle"], told["cycles"][-1]["cycle"]] == [1, 60]

    it = easter()
    it.when(delivered(at("2024-03-28T10:00"), notice="q"))
    for n in range(60):
        start = at("2024-03-28T11:00") + 4 * n
        it.when(waiting(start, "customer", notice="q"), over(start + 2))
    cycle = it.cycle("restore")
    assert (len(cycle["pauses"]), cycle["blocks_left_out"]) == (40, 20)


def test_a_deadline_before_new_terms_were_applied_is_their_application() -> None:
    short = clock("restore", "PT4H", "down", "up")
    it = Lasting(lasting(RESTORE).memory.terms("", 1), lasting(short).memory.terms("", 1))
    it.when(filed(at("2024-03-04T08:00"), down=True)).at(at("2024-03-05T12:00"))
    it.renew(2)
    cycle = it.cycle("restore")

    assert cycle["due_at"] == cycle["kept"]["applied_at"] == "2024-03-05T11:00:00Z"
    assert cycle["kept"]["reckoned_due_at"] == "2024-03-04T11:00:00Z"
    assert [t["version"] for t in it.explain("restore")["terms"]] == [1, 2]


def test_a_clock_that_new_terms_do_not_have_is_told_as_theirs() -> None:
    it = Lasting(lasting(RESTORE, REPLY).memory.terms("", 1), lasting(REPLY).memory.terms("", 1))
    it.when(filed(at("2024-03-04T08:00"), down=True))
    it.renew(2)

    stop = it.cycle("restore")["stop"]
    assert (stop["why"], stop["own"], stop["fact"]) == ("terms", False, None)


def test_there_is_no_explanation_of_a_clock_that_nobody_has() -> None:
    with pytest.raises(AssertionError):
        easter().explain("nothing")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(5, 60 * 60), min_size=0, max_size=8), st.integers(1, 60))
def test_whatever_pauses_it_the_hours_told_are_the_target_and_the_last_ends_when_it_is_due(
    lengths: list[int], hours: int
) -> None:
    it = lasting(clock("restore", f"PT{hours}H", "down", "up", more='pauses = ["vendor"]'))
    time = at("2024-03-28T10:00")
    it.when(filed(time, down=True))
    for n, length in enumerate(lengths):
        time += length
        it.when(waiting(time, "vendor") if n % 2 == 0 else over(time))
    if len(lengths) % 2:
        it.when(over(time + 30))
    cycle = it.cycle("restore")

    assert sum(row["counted"] for row in cycle["days"]) == hours * 3600
    assert cycle["days"][-1]["sum"] == hours * 3600
    used = [span for row in cycle["days"] for span in row.get("spans", ())]
    assert datetime.fromisoformat(used[-1][1]) == datetime.fromisoformat(cycle["due_at"])
