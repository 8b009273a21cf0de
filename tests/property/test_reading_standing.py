"""The second reading, sentence by sentence: requests that stand until nothing objects."""

from __future__ import annotations

from .tale import Tale


def asked(tale: Tale, time: int, **data: object) -> None:
    tale.close(time, when_confirmed=True, **data)


def test_the_first_moment_at_which_nothing_objects_closes_it() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.say(1, "part.ordered", order="o", part="psu")
    asked(tale, 5)
    assert tale.objections() == ["customer_down", "part_outstanding"]
    tale.up(10)
    assert tale.show()["status"] == "open"
    tale.say(20, "part.arrived", order="o")
    assert tale.closings() == [("C", 20, False)]
    assert tale.show()["closed_at"] == "2024-05-01T00:20:00Z"
    assert len(tale.show()["refusals"]) == 1


def test_a_word_that_speaks_of_earlier_moments_closes_when_it_was_said() -> None:
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.up(20, since=10)
    assert tale.closings() == [("C", 20, False)]


def test_a_silence_closes_it_when_it_has_lasted_not_when_somebody_looks() -> None:
    tale = Tale(silence=30)
    tale.file(0, down=True)
    tale.up(10, "technician")
    asked(tale, 15)
    assert tale.objections() == ["restoration_unconfirmed"]
    tale.ask(20, delivered=20)
    tale.go(49)
    assert tale.show()["status"] == "open"
    tale.go(90)
    assert tale.closings() == [("C", 50, False)]


def test_a_silence_speaks_before_the_facts_of_its_instant_and_lets_close_what_they_prove_false() -> None:
    tale = Tale(silence=30)
    tale.file(0, down=True)
    tale.up(10, "technician")
    asked(tale, 15)
    tale.ask(20, delivered=20)
    tale.down(50)
    tale.go(90)
    assert tale.closings() == [("C", 50, True)]


def test_a_late_fact_closes_it_at_its_own_time() -> None:
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.up(20, now=40)
    assert tale.closings() == [("C", 20, False)]


def test_up_at_that_moment_and_up_now() -> None:
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.down(30)
    tale.up(20, now=40)
    assert tale.closings() == []
    tale.up(50)
    assert tale.closings() == [("C", 20, False)]


def test_a_reopening_a_withdrawal_or_a_new_request_takes_its_place() -> None:
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.close(6)
    tale.up(10)
    assert tale.closings() == []
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.say(6, "complaint.withdrawn", by="shop", proof="letter")
    tale.up(10)
    assert tale.closings() == []
    tale = Tale()
    tale.file(0)
    tale.close(1)
    asked(tale, 2)
    assert tale.objections() == ["already_ended"]
    tale.say(3, "complaint.reopen_requested", by="shop", reason="x")
    tale.up(10)
    assert tale.closings() == [("C", 1, False)]


def test_a_rejection_that_reopens_nothing_lets_it_stand() -> None:
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.reject(6)
    tale.up(10)
    assert tale.closings() == [("C", 10, False)]


def test_what_was_overridden_stays_overridden() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.say(1, "part.ordered", order="o", part="psu")
    asked(tale, 5, overrides=["part_outstanding"], approved_by="boss")
    assert tale.objections() == ["customer_down"]
    tale.up(10)
    assert tale.closings() == [("C", 10, False)]


def test_it_can_be_made_void_until_it_was_granted() -> None:
    for corrected, closings in ((8, []), (12, [("C", 10, False)])):
        tale = Tale()
        tale.file(0, down=True)
        request = tale.close(5, when_confirmed=True)
        if corrected == 8:
            tale.correct(8, request, void=True)
        tale.up(10)
        if corrected == 12:
            tale.correct(12, request, void=True)
            assert tale.buried() == ["it began or ended a complaint"]
        assert tale.closings() == closings


def test_a_closing_that_was_waited_for_is_proved_false_like_any_other() -> None:
    tale = Tale()
    tale.file(0, down=True)
    asked(tale, 5)
    tale.up(10)
    tale.down(30, "customer", since=8)
    assert tale.closings() == [("C", 10, True)]
    assert tale.show()["status"] == "open"
