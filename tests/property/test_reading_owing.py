"""The second reading, sentence by sentence: credits, promises, absences. Times are minutes."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.agreements import Credit

from .tale_clocks import Timed

# ---- credits


def owed(tale: Timed) -> list[str]:
    return [credit["amount"] for credit in tale.show()["credits"]]


def credit(after: int = 60, per: Any = "hour", amount: str = "1.50", cap: str | None = None) -> Credit:
    """The free time in minutes."""
    return Credit(after * 60, per, amount, "PLN", cap)


@pytest.mark.parametrize("length, amount", [(60, []), (61, ["1.50"]), (120, ["1.50"]), (121, ["3.00"])])
def test_each_hour_begun_beyond_the_free_time_is_owed(length: int, amount: list[str]) -> None:
    tale = Timed(credit=credit())
    tale.file(0, down=True)
    tale.up(length)
    tale.go(1000)
    assert owed(tale) == amount


def test_an_outage_that_lasts_counts_to_now() -> None:
    tale = Timed(credit=credit())
    tale.file(0, down=True)
    tale.go(59)
    assert tale.show()["credits"] == []
    tale.go(60)
    assert tale.show()["credits"] == [{"amount": "1.50", "currency": "PLN"}]
    tale.go(130)
    assert tale.show()["credits"] == [{"amount": "3.00", "currency": "PLN"}]


def test_it_is_owed_up_to_the_cap_for_each_outage() -> None:
    tale = Timed(credit=credit(after=0, cap="2.00"))
    tale.file(0, down=True)
    tale.up(200)
    tale.down(300)
    tale.up(310)
    tale.down(400)
    tale.go(700)
    assert owed(tale) == ["2.00", "1.50", "2.00"]


def test_a_day_is_24_hours() -> None:
    tale = Timed(credit=credit(after=0, per="day", amount="10"))
    tale.file(0, down=True)
    tale.go(24 * 60 + 1)
    assert owed(tale) == ["20"]


def test_a_restatement_changes_it() -> None:
    tale = Timed(credit=credit())
    tale.file(0, down=True)
    tale.up(90)
    assert owed(tale) == ["1.50"]
    tale.down(200, "customer", since=50)
    assert owed(tale) == ["4.50"]


def test_what_was_down_before_the_filing_counts_and_after_the_withdrawal_it_does_not() -> None:
    tale = Timed(credit=credit())
    tale.file(50, down=True, down_since=0)
    tale.withdraw(100)
    tale.go(400)
    assert owed(tale) == ["1.50"]


# ---- promises


@pytest.mark.parametrize(
    "said, when, state, experience",
    [
        (None, 0, "broken", None),
        ("kept", 9, "kept", -60),
        ("kept", 10, "kept", 0),
        ("kept", 11, "late", 60),
        ("released", 9, "released", None),
        ("released", 12, "released", None),
    ],
)
def test_a_promise(said: str | None, when: int, state: str, experience: int | None) -> None:
    tale = Timed()
    tale.file(0)
    tale.say(1, "promise.made", promise="p", what="x", due=10)
    if said:
        tale.say(when, f"promise.{said}", promise="p")
    tale.go(20)
    row = tale.show()["promises"][0]
    assert (row["state"], row["experience"]) == (state, experience)


def test_a_promise_is_open_until_it_is_due_and_broken_at_it() -> None:
    tale = Timed()
    tale.file(0)
    tale.say(1, "promise.made", promise="p", what="x", due=10)
    tale.go(9)
    assert tale.show()["promises"][0]["state"] == "open"
    tale.go(10)
    assert tale.show()["promises"][0]["state"] == "broken"


# ---- absences


def away(tale: Timed, time: int, person: str, span: tuple[int, int], deputy: str | None = None, **how: Any) -> None:
    stretch: dict[str, Any] = {"from": span[0], "until": span[1]}
    tale.say(time, "person.absent", person, deputy=deputy, **stretch, **how)


def owned(person: str = "ann", time: int = 1) -> Timed:
    tale = Timed()
    tale.file(0)
    tale.say(time, "complaint.assigned", to=person)
    return tale


def owner(tale: Timed) -> tuple[Any, ...]:
    return tuple(tale.show()["owner"].values())


def test_a_complaint_goes_to_the_deputy_when_the_absence_begins_and_does_not_come_back() -> None:
    tale = owned()
    away(tale, 2, "ann", (10, 20), "bob")
    assert owner(tale) == ("desk", "ann", False)
    tale.go(10)
    assert owner(tale) == ("desk", "bob", False)
    tale.go(30)
    assert owner(tale) == ("desk", "bob", False)
    assert tale.show()["time_by_owner"] == {"desk": 60, "desk/ann": 540, "desk/bob": 1200}
    assert tale.show()["handovers"] == 1


def test_told_late_it_goes_there_when_it_was_told() -> None:
    tale = owned()
    away(tale, 15, "ann", (10, 40), "bob", now=20)
    tale.go(30)
    assert tale.show()["time_by_owner"] == {"desk": 60, "desk/ann": 840, "desk/bob": 900}


def test_without_a_deputy_it_is_orphaned_while_the_absence_lasts() -> None:
    tale = owned()
    away(tale, 2, "ann", (10, 20))
    for time, orphaned in ((9, False), (10, True), (19, True), (20, False)):
        tale.go(time)
        assert owner(tale) == ("desk", "ann", orphaned)


def test_a_deputy_who_is_absent_passes_it_on() -> None:
    tale = owned()
    away(tale, 2, "bob", (5, 40), "cid")
    away(tale, 3, "ann", (10, 30), "bob")
    tale.go(10)
    assert owner(tale) == ("desk", "cid", False)
    assert tale.show()["handovers"] == 2


def test_a_deputy_who_is_absent_and_has_none_keeps_it_orphaned() -> None:
    tale = owned()
    away(tale, 2, "bob", (5, 40))
    away(tale, 3, "ann", (10, 30), "bob")
    tale.go(10)
    assert owner(tale) == ("desk", "bob", True)


def test_deputies_of_each_other_leave_it_orphaned_until_one_is_back() -> None:
    tale = owned()
    away(tale, 2, "bob", (5, 20), "ann")
    away(tale, 3, "ann", (10, 30), "bob")
    tale.go(19)
    assert owner(tale) == ("desk", "ann", True)
    tale.go(20)
    assert owner(tale) == ("desk", "bob", False)


def test_what_is_assigned_to_somebody_absent_goes_to_the_deputy_at_once() -> None:
    tale = owned("cid")
    away(tale, 2, "ann", (5, 30), "bob")
    tale.say(10, "complaint.assigned", to="ann", team="field")
    assert owner(tale) == ("field", "bob", False)


def test_a_closed_complaint_stays_and_goes_to_the_deputy_once_reopened() -> None:
    tale = owned()
    away(tale, 2, "ann", (10, 30), "bob")
    tale.close(5)
    tale.go(15)
    assert owner(tale) == ("desk", "ann", False)
    tale.reopen(20)
    assert owner(tale) == ("desk", "bob", False)
    assert tale.show()["time_by_owner"] == {"desk": 60, "desk/ann": 1140}
