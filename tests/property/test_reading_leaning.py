"""The second reading, sentence by sentence: is the customer down (outages, those who lean, downtime)?"""

from __future__ import annotations

from .tale import Tale, at, terms

# ---- 5. void claims


def test_a_down_word_voids_confirmed_claims_whose_effect_it_takes_away_and_no_others() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0)
    tale.down(5)
    tale.up(10, "telemetry")
    tale.down(15)
    tale.up(20, "telemetry")
    tale.down(30, since=20)
    assert tale.claims() == [("confirmed", 10), ("void", 20)]
    assert tale.outages() == [(5, 10), (15, None)]


def test_the_effect_is_the_first_moment_that_was_up_when_it_was_confirmed() -> None:
    # 5 to 10 are the customer's, so the claim (named 5) took effect at 10; a word about 10 on voids it
    tale = Tale(accepts=("telemetry",))
    tale.file(10, down=True, down_since=5)
    tale.up(15, "telemetry", since=5)
    assert tale.outages() == [(5, 10)]
    tale.down(20, since=11)
    assert tale.claims() == [("confirmed", 5)]
    tale.down(21, since=10)
    assert tale.claims() == [("void", 5)]
    assert tale.restated() == [True]


def test_no_later_word_revives_a_void_claim_but_correcting_the_down_word_does() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0)
    tale.down(5)
    tale.up(10, "telemetry")
    wrong = tale.down(15, since=9)
    tale.up(20, since=10)
    assert tale.claims() == [("void", 10)]
    assert tale.outages() == [(5, 10)]
    tale.correct(30, wrong, void=True)
    assert tale.claims() == [("confirmed", 10)]


# ---- 6. outages


def test_an_outage_that_begins_anew_is_a_recurrence_and_not_restated() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.up(10)
    tale.down(11)
    rows = tale.show()["outages"]
    assert [(r["recurrence"], r["restated"]) for r in rows] == [(False, False), (True, False)]


def test_a_word_right_at_the_end_of_an_outage_resumes_it() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.up(10)
    tale.down(12, since=10)
    assert tale.outages() == [(0, None)]
    assert tale.restated() == [True]


def test_an_end_that_the_customer_moves_ahead_is_not_overridden() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0, down=True)
    tale.up(10, "telemetry")
    tale.up(20, since=6)
    assert tale.outages() == [(0, 6)]
    assert tale.ends() == ["customer"]
    assert tale.restated() == [False]


def test_an_end_overridden_once_stays_restated_when_the_customer_brings_it_back() -> None:
    tale = Tale(accepts=("telemetry",))
    tale.file(0, down=True)
    tale.up(10, "telemetry")
    tale.reject(20, still_down=True)
    tale.up(30, since=10)
    assert tale.outages() == [(0, 10)]
    assert tale.restated() == [True]
    assert tale.show()["false_restorations"] == 1


def test_a_claim_belongs_to_what_is_left_of_its_outage() -> None:
    tale = Tale()
    tale.file(0)
    tale.down(2)
    tale.up(4)
    tale.down(10)
    tale.up(20, "technician")
    tale.up(30, since=15)  # the claim names a moment after what is now the end
    assert [len(r["claims"]) for r in tale.show()["outages"]] == [0, 1]
    tale.up(40, since=10)  # now that outage never was
    assert tale.outages() == [(2, 4)]
    assert [len(r["claims"]) for r in tale.show()["outages"]] == [0]
    assert tale.claims() == [("confirmed", 20)]


# ---- those who lean


def test_accepted_only_if_all_who_lean_accept() -> None:
    tale = Tale(easy=terms("telemetry"))
    tale.file(0, "A", agreement="easy", down=True)
    tale.up(5, "telemetry")
    assert tale.outages() == [(0, 5)]
    tale.file(6, "B")
    assert tale.outages() == [(0, 5)]  # what was accepted stays
    tale.down(7)
    tale.up(8, "telemetry")
    assert tale.state(8) == "unconfirmed"


def test_the_longest_silence_and_none_if_one_has_none() -> None:
    tale = Tale(short=terms(silence=10), long=terms(silence=40))
    tale.file(0, "A", agreement="short", down=True)
    tale.file(0, "B", agreement="long")
    tale.file(0, "C")
    tale.up(5, "technician")
    tale.ask(6, "A", delivered=6)
    tale.go(30)
    assert tale.state(30) == "unconfirmed"
    tale.say(31, "complaint.withdrawn", "C", by="shop", proof="p")
    assert tale.state(31) == "unconfirmed"
    tale.go(46)
    assert tale.claims() == [("confirmed", 5)]
    word = tale.world.account().words[-1]
    assert (word.time, word.by) == (at(46), "silence")


def test_a_silence_long_enough_for_those_who_are_left_speaks_then_and_never_earlier() -> None:
    tale = Tale(short=terms(silence=10))
    tale.file(0, "A", agreement="short", down=True)
    tale.file(0, "C")
    tale.up(5, "technician")
    tale.ask(6, "A", delivered=6)
    tale.say(30, "complaint.withdrawn", "C", by="shop", proof="p")
    word = tale.world.account().words[-1]
    assert (word.time, word.since, word.by) == (at(30), at(5), "silence")


def test_of_several_that_speak_at_a_change_the_earliest_moment_counts() -> None:
    tale = Tale(short=terms("telemetry", silence=10))
    tale.file(0, "A", agreement="short", down=True)
    tale.file(0, "C")
    tale.up(8, "technician", since=4)
    tale.up(9, "telemetry", since=6)
    tale.ask(10, "A", delivered=10)
    tale.say(30, "complaint.withdrawn", "C", by="shop", proof="p")
    assert tale.outages() == [(0, 4)]
    assert tale.ends() == ["silence"]


def test_while_none_leans_every_claim_is_accepted() -> None:
    tale = Tale()
    tale.down(1)
    tale.up(2, "operator")
    assert tale.outages() == [(1, 2)]
    assert tale.ends() == ["operator"]
    tale.file(5)
    tale.close(6)
    tale.down(7)
    tale.up(8, "operator")
    assert tale.outages() == [(1, 2), (7, 8)]


def test_the_last_one_who_leans_leaving_accepts_what_is_pending() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.up(5, "operator")
    tale.say(9, "complaint.withdrawn", by="shop", proof="p")
    assert tale.outages() == [(0, 5)]
    assert tale.show()["downtime"]["experienced"] == 5 * 60


# ---- downtime


def test_the_reported_end_is_the_first_moment_claimed_or_asked_to_close_void_or_refused_all_the_same() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.close(20)
    assert tale.objections() == ["customer_down"]
    tale.up(30, "telemetry", since=15)
    tale.down(40)
    tale.up(100)
    row = tale.show()["outages"][0]
    assert row["reported_end"] == "2024-05-01T00:15:00Z"
    assert tale.show()["downtime"] == {"experienced": 6000, "reported": 900, "hidden": 5100}


def test_a_complaints_rows_take_its_own_requests() -> None:
    tale = Tale()
    tale.file(0, "A", down=True)
    tale.file(0, "B")
    tale.close(20, "B")
    tale.go(60)
    assert tale.show("A")["downtime"] == {"experienced": 3600, "reported": 3600, "hidden": 0}
    assert tale.show("B")["downtime"] == {"experienced": 3600, "reported": 1200, "hidden": 2400}


def test_outages_lived_through_are_whole_and_those_between_an_end_and_a_reopening_are_not_its() -> None:
    tale = Tale()
    tale.down(0)
    tale.up(5)  # over before it was filed
    tale.down(8)
    tale.file(10)
    tale.up(12)
    tale.close(15)
    tale.down(20)
    tale.up(25)
    tale.say(30, "complaint.reopen_requested", by="desk", reason="x")
    tale.down(40)
    tale.up(41)
    assert [(r["started_at"][14:16], r["recurrence"]) for r in tale.show()["outages"]] == [("08", False), ("40", True)]


def test_downtime_goes_to_the_withdrawal_at_most() -> None:
    tale = Tale()
    tale.file(0, down=True)
    tale.say(10, "complaint.withdrawn", by="shop", proof="p")
    tale.go(60)
    shown = tale.show()
    assert shown["downtime"] == {"experienced": 600, "reported": 600, "hidden": 0}
    assert (shown["status"], shown["customer_state"], shown["closed_at"]) == ("withdrawn", "down", None)


def test_an_outage_from_the_moment_of_the_end_on_was_not_lived_through() -> None:
    tale = Tale()
    tale.file(0)
    tale.say(10, "complaint.withdrawn", by="shop", proof="p")
    tale.down(10)
    assert tale.outages() == [(10, None)]
    assert tale.show()["outages"] == []


def test_an_outage_over_at_the_filing_was_not_lived_through_but_one_that_begins_there_was() -> None:
    tale = Tale()
    tale.down(0)
    tale.up(10)
    tale.file(10, id="~")
    assert tale.show()["outages"] == []
    tale.down(12, since=10)
    assert [r["ended_at"] for r in tale.show()["outages"]] == [None]


def test_an_end_dated_before_its_beginning_counts_as_right_after_it() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(5)
    tale.say(9, "complaint.reopen_requested", by="desk", reason="x")
    tale.close(8, now=20)  # granted: it was up at 8 and is now, and the complaint is open
    assert tale.show()["closed_at"] == "2024-05-01T00:08:00Z"
    tale.down(30)
    tale.up(31, "operator")
    assert tale.outages() == [(30, 31)]  # none leans
    assert tale.world.odd() == ["an end dated before its beginning"]


def test_a_reopening_dated_before_the_closing_counts_as_right_after_it() -> None:
    tale = Tale()
    tale.file(0)
    tale.close(5)
    tale.say(3, "complaint.reopen_requested", by="desk", reason="x", now=6)
    tale.down(10)
    tale.up(11, "operator")
    assert tale.state(11) == "unconfirmed"  # it leans
