"""Handing on, waiting, and whose every second was (the domain page, section 7)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from .given import Story, Told, given, minute
from .telling import closing, confirmed, corrected, down, filed, reopening, said, up, withdrawn


def assigned(time: float, team: str | None = None, to: str | None = None, **more: Any) -> Told:
    return said(time, "complaint.assigned", team=team, to=to, **more)


def hands(*facts: Told, team: str | None = "a") -> tuple[Any, ...]:
    """Hand-overs, bounces, and who has it."""
    shown = given(filed(0, team=team), *facts).show()
    return shown["handovers"], shown["bounces"], shown["owner"]["team"], shown["owner"]["person"]


# ---- owners


def test_the_first_owner_is_no_hand_over() -> None:
    assert hands() == (0, 0, "a", None)
    assert hands(assigned(1, "a"), team=None) == (0, 0, "a", None)


def test_naming_a_person_in_the_team_that_has_it_is_none_either() -> None:
    assert hands(assigned(1, to="ann")) == (0, 0, "a", "ann")
    assert hands(assigned(1, "a", "ann")) == (0, 0, "a", "ann")


def test_from_one_team_to_another_is_one() -> None:
    assert hands(assigned(1, "b")) == (1, 0, "b", None)
    assert hands(assigned(1, "b", "bob")) == (1, 0, "b", "bob")


def test_from_one_person_to_another_in_the_same_team_is_one() -> None:
    assert hands(assigned(1, to="ann"), assigned(2, to="bob")) == (1, 0, "a", "bob")


def test_a_team_alone_takes_the_person_off() -> None:
    assert hands(assigned(1, to="ann"), assigned(2, "b")) == (1, 0, "b", None)
    assert hands(assigned(1, to="ann"), assigned(2, "a"), assigned(3, to="bob")) == (0, 0, "a", "bob")


def test_a_person_alone_keeps_the_team() -> None:
    assert hands(assigned(1, "b"), assigned(2, to="bob")) == (1, 0, "b", "bob")


def test_the_same_again_is_none() -> None:
    assert hands(assigned(1, "b", "bob"), assigned(2, "b", "bob"), assigned(3, to="bob")) == (1, 0, "b", "bob")


def test_a_bounce_is_a_hand_over_to_a_team_that_has_had_it() -> None:
    assert hands(assigned(1, "b"), assigned(2, "a"), assigned(3, "b"), assigned(4, "c")) == (4, 2, "c", None)


def test_from_person_to_person_never_bounces() -> None:
    assert hands(assigned(1, to="ann"), assigned(2, to="bob"), assigned(3, to="ann")) == (2, 0, "a", "ann")


def test_a_person_without_any_team_may_have_it() -> None:
    assert hands(assigned(1, to="ann"), assigned(2, to="bob"), team=None) == (1, 0, None, "bob")
    assert hands(assigned(1, to="ann"), assigned(2, "b"), team=None) == (0, 0, "b", None)


def test_it_follows_the_time_of_the_facts_not_their_arrival() -> None:
    late = assigned(1, "b").arriving(10)
    assert hands(assigned(2, "a"), assigned(3, "c"), late) == (3, 1, "c", None)


def test_what_is_dated_before_the_filing_comes_after_it() -> None:
    it = given(filed(10, team="a")).when(assigned(5, "b").arriving(20))
    assert it.show()["owner"]["team"] == "b"


# ---- contacts and diagnoses


def test_contacts_are_those_that_the_customer_had_to_make() -> None:
    it = given(filed(0), *(said(n, "complaint.contacted", by="x", direction="inbound") for n in (1, 2)))
    it.when(said(3, "complaint.contacted", by="x", direction="outbound"))
    assert it.show()["contacts"] == 2


@pytest.mark.parametrize(
    "reported, fault, on_site, repeats",
    [
        ("psu", "psu", True, 1),
        ("psu", "psu", False, 0),
        ("psu", "psu", None, 0),
        ("psu", "fan", True, 0),
        (None, "psu", True, 0),
    ],
)
def test_a_repeat_diagnosis_tells_on_site_what_the_customer_had_said(
    reported: str | None, fault: str, on_site: bool | None, repeats: int
) -> None:
    it = given(filed(0, reported_fault=reported))
    it.when(said(5, "complaint.diagnosed", by="kim", fault=fault, on_site=on_site))
    assert it.show()["repeat_diagnoses"] == repeats


# ---- time by cause and owner, in minutes


def minutes(it: Story, by: str = "cause") -> dict[str, float]:
    shares: dict[str, int] = it.show()[f"time_by_{by}"]
    return {name: seconds / 60 for name, seconds in shares.items()}


def wait(time: float, on: str = "parts") -> Told:
    return said(time, "complaint.wait_started", on=on)


def go_on(time: float) -> Told:
    return said(time, "complaint.wait_ended")


def test_with_nothing_else_it_is_worked_on_by_nobody() -> None:
    it = given(filed(0)).at(60)
    assert minutes(it) == {"working": 60}
    assert minutes(it, "owner") == {"-": 60}


@pytest.mark.parametrize("on", ["customer", "parts", "vendor", "access", "other"])
def test_a_wait_is_its_own_cause(on: str) -> None:
    assert minutes(given(filed(0), wait(10, on), go_on(30)).at(60)) == {"working": 40, f"waiting:{on}": 20}


def test_one_wait_at_a_time_a_new_one_ends_the_one_before() -> None:
    it = given(filed(0), wait(10, "parts"), wait(20, "vendor"), go_on(50)).at(60)
    assert minutes(it) == {"working": 20, "waiting:parts": 10, "waiting:vendor": 30}


def test_the_end_of_a_wait_that_is_none_is_nothing() -> None:
    assert minutes(given(filed(0), go_on(10), wait(20), go_on(30), go_on(40)).at(60)) == {
        "working": 50,
        "waiting:parts": 10,
    }


def test_an_end_of_the_complaint_ends_its_wait() -> None:
    it = given(filed(0), wait(10), closing(20), reopening(30)).at(60)
    assert minutes(it) == {"working": 40, "waiting:parts": 10, "closed": 10}


def test_closed_goes_before_unconfirmed_before_waiting() -> None:
    it = given(filed(0, down=True), wait(10), up(20, "technician"), confirmed(30), closing(40), reopening(50)).at(60)
    assert minutes(it) == {"working": 20, "waiting:parts": 20, "unconfirmed": 10, "closed": 10}


def test_unconfirmed_goes_from_a_claims_time_to_the_time_of_the_word_that_settled_it() -> None:
    it = given(filed(0, down=True), up(20, "technician", since=5), confirmed(30, up_since=10)).at(60)
    assert minutes(it) == {"working": 50, "unconfirmed": 10}
    it = given(filed(0, down=True), up(20, "technician"), down(35)).at(60)
    assert minutes(it) == {"working": 45, "unconfirmed": 15}


def test_two_claims_at_once_count_once() -> None:
    it = given(filed(0, down=True), up(20, "technician"), up(25, "operator"), confirmed(40)).at(60)
    assert minutes(it) == {"working": 40, "unconfirmed": 20}


def test_of_a_false_closing_the_time_was_closed_until_it_was_reopened() -> None:
    it = given(filed(0), closing(10), down(40, since=5)).at(60)
    assert minutes(it) == {"working": 30, "closed": 30}


def test_it_goes_to_the_last_end() -> None:
    assert minutes(given(filed(0), closing(10), reopening(20), closing(50)).at(90)) == {"working": 40, "closed": 10}
    assert minutes(given(filed(0), withdrawn(50)).at(90)) == {"working": 50}


def test_every_second_has_one_owner() -> None:
    it = given(filed(0, team="a"), assigned(10, to="ann"), assigned(25, "b"), assigned(30, "b", "bob")).at(60)
    assert minutes(it, "owner") == {"a": 10, "a/ann": 15, "b": 5, "b/bob": 30}


def test_an_owner_without_team_and_one_that_comes_back() -> None:
    it = given(filed(0), assigned(10, to="ann"), assigned(20, "a"), assigned(30, to="ann"), assigned(40, "a")).at(60)
    assert minutes(it, "owner") == {"-": 10, "-/ann": 10, "a": 30, "a/ann": 10}


def test_closed_time_has_an_owner_too() -> None:
    it = given(filed(0, team="a"), closing(10), reopening(30)).at(60)
    assert minutes(it, "owner") == {"a": 60}


def test_with_microseconds_the_parts_add_up_to_the_whole() -> None:
    """Each change lies within a second; none is lost, and none is counted twice."""
    for seed in range(30):
        r = Random(seed)
        times = sorted(r.uniform(0, 0.2) for _ in range(12))
        kinds = [wait(times[n]) if n % 2 else go_on(times[n]) for n in range(6)]
        owners = [assigned(times[n], r.choice("abc")) for n in range(6, 12)]
        it = given(filed(0.0000001), *sorted([*kinds, *owners], key=lambda told: told.time)).at(0.25)
        shown = it.show()
        whole = (it.now - it.events[0].time) // 1_000_000
        assert sum(shown["time_by_cause"].values()) == whole == 14
        assert sum(shown["time_by_owner"].values()) == whole


def test_a_correction_moves_the_time_with_it() -> None:
    wrong = wait(10)
    it = given(filed(0), wrong, go_on(30), corrected(40, wrong, data={"on": "vendor"}, time=20)).at(60)
    assert minutes(it) == {"working": 50, "waiting:vendor": 10}


def test_as_of_a_moment_it_goes_to_that_moment() -> None:
    it = given(filed(0), wait(10), go_on(30), closing(40)).at(60)
    assert it.show(at=20)["time_by_cause"] == {"working": 600, "waiting:parts": 600}
    assert minute(it.show(at=20)["at"]) == 20
