"""The second reading, sentence by sentence: handing on, waiting, promising."""

from __future__ import annotations

from typing import Any

from .tale import Tale

# ---- handing on, waiting, promising


def test_hand_overs_and_bounces() -> None:
    tale = Tale()
    tale.file(0, team=None)
    hands: list[dict[str, Any]] = [
        {"team": "a"},  # the first owner is none
        {"to": "ann"},  # nor is naming a person in the team that has it
        {"to": "bob"},  # one: another person
        {"team": "a"},  # takes the person off
        {"to": "ann"},
        {"team": "b", "to": "cid"},  # two
        {"team": "a", "to": "cid"},  # three, and a bounce
    ]
    for i, who in enumerate(hands):
        tale.say(10 * i, "complaint.assigned", **who)
    tale.go(100)
    shown = tale.show()
    assert (shown["handovers"], shown["bounces"]) == (3, 1)
    assert shown["owner"] == {"team": "a", "person": "cid", "orphaned": False}
    assert shown["time_by_owner"] == {"a": 1200, "a/ann": 1200, "a/bob": 600, "b/cid": 600, "a/cid": 2400}


def test_owners_follow_time_not_arrival() -> None:
    tale = Tale()
    tale.file(0, team="a")
    tale.say(20, "complaint.assigned", team="a")
    tale.say(10, "complaint.assigned", team="b", now=30)
    assert tale.show()["handovers"] == 2
    assert tale.show()["bounces"] == 1
    assert tale.show()["time_by_owner"] == {"a": 1200, "b": 600}


def test_a_repeat_diagnosis_is_one_on_site_with_the_reported_fault() -> None:
    tale = Tale()
    tale.file(0, reported_fault="psu")
    tale.say(1, "complaint.diagnosed", by="ann", fault="psu")
    tale.say(2, "complaint.diagnosed", by="ann", fault="cable", on_site=True)
    tale.say(3, "complaint.diagnosed", by="ann", fault="psu", on_site=True)
    tale.say(4, "complaint.contacted", by="ann", direction="outbound")
    assert (tale.show()["repeat_diagnoses"], tale.show()["contacts"]) == (1, 0)


def test_every_second_has_one_cause_the_first_that_holds() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.say(10, "complaint.wait_started", on="parts")
    tale.up(20, "technician")
    tale.say(25, "complaint.wait_started", on="vendor")  # ends the one before
    tale.down(30)
    tale.say(35, "complaint.wait_ended")
    tale.up(40)
    tale.say(45, "complaint.wait_started", on="other")
    tale.close(50)  # ends it
    tale.reject(60)
    tale.go(70)
    assert tale.show()["time_by_cause"] == {
        "working": (10 + 10 + 10) * 60,
        "waiting:parts": 600,
        "unconfirmed": 600,
        "waiting:vendor": 300,
        "waiting:other": 300,
        "closed": 600,
    }


def test_promises() -> None:
    tale = Tale()
    tale.file(0)
    for name, due in (("a", 10), ("b", 20), ("c", 30), ("d", 40)):
        tale.say(1, "promise.made", promise=name, what="x", due=due)
    tale.say(10, "promise.kept", promise="a")
    tale.say(21, "promise.kept", promise="b")
    tale.say(22, "promise.released", promise="c")
    rows = [(p["promise"], p["state"], p["experience"]) for p in tale.show()["promises"]]
    assert rows == [("a", "kept", 0), ("b", "late", 60), ("c", "released", None), ("d", "open", None)]
