"""Absences, deputies, promises that break (the domain page, section 7)."""

from __future__ import annotations

from typing import Any

from .given import Story, Told, fact, given, minute
from .telling import closing, corrected, filed, reopening, said
from .timing import told


def absent(told_at: float, person: str, start: float, end: float, /, deputy: str | None = None) -> Told:
    return fact("person.absent", person, told_at, from_=start, until=end, deputy=deputy)


def assigned(time: float, to: str | None, complaint: str = "C", /, **data: Any) -> Told:
    return said(time, "complaint.assigned", complaint, to=to, **data)


def owner(it: Story) -> tuple[str | None, bool]:
    shown = it.show()["owner"]
    return shown["person"], shown["orphaned"]


def made(time: float, due: float, name: str = "p") -> Told:
    return said(time, "promise.made", promise=name, what="to call", due=due, by="ann")


# ---- deputies


def test_the_open_complaints_of_an_absent_person_go_to_the_deputy_when_the_absence_begins() -> None:
    it = given(filed(0, team="a"), assigned(1, "ann"), absent(5, "ann", 60, 200, deputy="bob"))
    assert owner(it) == ("ann", False)
    it.at(60).then("complaint.reassigned")
    assert (owner(it), it.show()["owner"]["team"], it.show()["handovers"]) == (("bob", False), "a", 1)
    assert told(it) == [("complaint.reassigned", 60)]
    assert owner(it.at(500)) == ("bob", False), "nothing comes back by itself"


def test_an_absence_told_late_holds_from_when_it_was_told() -> None:
    it = given(filed(0), assigned(1, "ann"), absent(100, "ann", 60, 200, deputy="bob")).at(100)
    assert (told(it), owner(it)) == ([("complaint.reassigned", 100)], ("bob", False))


def test_what_is_assigned_to_somebody_absent_goes_to_the_deputy_at_once() -> None:
    it = given(filed(0), absent(5, "ann", 60, 200, deputy="bob")).when(assigned(70, "ann")).then("complaint.reassigned")
    assert owner(it) == ("bob", False)


def test_what_is_assigned_when_the_absence_is_over_stays() -> None:
    it = given(filed(0), absent(5, "ann", 60, 200, deputy="bob")).when(assigned(200, "ann")).then()
    assert owner(it) == ("ann", False)


def test_without_a_deputy_it_shows_as_orphaned_while_the_absence_lasts() -> None:
    it = given(filed(0), assigned(1, "ann"), absent(5, "ann", 60, 200))
    assert owner(it.at(59)) == ("ann", False)
    assert owner(it.at(60)) == ("ann", True)
    assert owner(it.at(199)) == ("ann", True)
    assert owner(it.at(200)) == ("ann", False)


def test_a_deputy_who_is_absent_too_passes_it_on() -> None:
    it = given(filed(0), absent(1, "bob", 10, 300, "cid"), absent(5, "ann", 60, 200, "bob"), assigned(7, "ann")).at(70)
    assert (owner(it), len(told(it))) == (("cid", False), 2)


def test_a_deputy_who_is_absent_later_passes_it_on_then() -> None:
    it = given(filed(0), assigned(1, "ann"), absent(5, "ann", 60, 200, "bob"), absent(70, "bob", 90, 300, "cid"))
    assert owner(it.at(89)) == ("bob", False)
    assert owner(it.at(90)) == ("cid", False)


def test_two_who_stand_in_for_each_other_pass_nothing_on_for_ever() -> None:
    it = given(filed(0), assigned(1, "ann"), absent(5, "ann", 60, 200, "bob"), absent(6, "bob", 60, 200, "ann")).at(70)
    assert owner(it)[1]


def test_a_closed_complaint_stays_and_goes_when_it_is_reopened() -> None:
    it = given(filed(0), assigned(1, "ann"), closing(50), absent(55, "ann", 60, 200, deputy="bob")).at(70)
    assert (owner(it), told(it)) == (("ann", False), [])
    it.when(reopening(80))
    assert (owner(it), told(it)) == (("bob", False), [("complaint.reassigned", 80)])


def test_an_absence_corrected_away_gives_the_complaint_back() -> None:
    word = absent(5, "ann", 60, 200, deputy="bob")
    it = given(filed(0), assigned(1, "ann"), word).at(70)
    it.when(corrected(80, word, void=True)).then("complaint.restated")
    assert owner(it) == ("ann", False)


def test_of_several_absences_at_one_moment_the_last_word_counts() -> None:
    it = given(filed(0), assigned(1, "ann"), absent(5, "ann", 60, 200, "bob"), absent(6, "ann", 60, 200, "cid")).at(60)
    assert owner(it) == ("cid", False)


# ---- promises that break


def test_a_promise_breaks_when_it_is_due_and_not_kept() -> None:
    it = given(filed(0), made(5, 60))
    it.at(59).then()
    it.at(60).then("promise.broken")
    assert [minute(e.time) for e in it.decided()] == [60]
    it.at(500).then()
    assert it.show()["promises"][0]["state"] == "broken"


def test_one_kept_at_its_due_instant_or_released_before_is_not_broken() -> None:
    given(filed(0), made(5, 60)).when(said(60, "promise.kept", promise="p")).at(500).then()
    given(filed(0), made(5, 60)).when(said(59, "promise.released", promise="p")).at(500).then()


def test_kept_after_all_it_is_late_and_its_breaking_stays_in_the_history() -> None:
    it = given(filed(0), made(5, 60)).at(61).when(said(90, "promise.kept", promise="p"))
    assert it.show()["promises"][0]["state"] == "late"
    assert told(it, "promise") == [("promise.broken", 60)]


def test_one_that_was_due_before_it_was_told_is_broken_at_its_time() -> None:
    it = given(filed(0)).when(made(5, 60).arriving(100)).then("promise.broken")
    assert [minute(e.time) for e in it.decided()] == [60]


def test_a_promise_breaks_though_the_complaint_is_closed() -> None:
    it = given(filed(0), made(5, 60), closing(50, overrides=["promise_outstanding"], approved_by="boss"))
    assert it.status() == "closed"
    assert told(it.at(60), "promise") == [("promise.broken", 60)]
