"""What is owed for downtime (the domain page, section 8)."""

from __future__ import annotations

from .given import Story, Told, given, minute, us
from .telling import closing, confirmed, corrected, down, filed, reopening, up, withdrawn
from .timing import agreed, told

HOUR, DAY = 60, 1440
TERMS = agreed(terms='credit = { after = "PT24H", per = "day", amount = "10.00", currency = "PLN", cap = "25.00" }')
HOURLY = agreed(terms='credit = { after = "PT0S", per = "hour", amount = "1.5", currency = "EUR" }')


def owing(*facts: Told) -> Story:
    return given(filed(0), *facts, standard=TERMS)


def owed(it: Story) -> list[tuple[str, str]]:
    return [(row["amount"], row["currency"]) for row in it.show()["credits"]]


def changes(it: Story) -> list[tuple[float | None, str, str | None]]:
    """Of what is recorded: when, how much it is now, and by how much it changed if it was restated."""
    made = [e for e in it.events if e.type.startswith("credit.")]
    return [(minute(e.time), e.data.amount, getattr(e.data, "change", None)) for e in made]  # type: ignore[union-attr]


def test_nothing_is_owed_for_the_free_time() -> None:
    it = owing(down(0), up(DAY))
    assert (owed(it), told(it, "credit")) == ([], [])


def test_a_period_counts_once_it_has_begun() -> None:
    it = owing(down(0))
    assert owed(it.at(DAY - 1)) == []
    assert owed(it.at(DAY)) == [("10.00", "PLN")]
    assert owed(it.at(2 * DAY - 1)) == [("10.00", "PLN")]
    assert owed(it.at(2 * DAY)) == [("20.00", "PLN")]
    assert changes(it) == [(DAY, "10.00", None), (2 * DAY, "20.00", None)]


def test_an_outage_that_ends_when_a_period_would_begin_owes_none_for_it() -> None:
    assert owed(owing(down(0), up(2 * DAY))) == [("10.00", "PLN")]
    assert owed(owing(down(0), up(2 * DAY + 1))) == [("20.00", "PLN")]


def test_it_is_owed_up_to_the_cap_and_no_timer_goes_on_after_it() -> None:
    it = owing(down(0)).at(9 * DAY)
    assert owed(it) == [("25.00", "PLN")]
    assert changes(it)[-1] == (3 * DAY, "25.00", None)
    assert not it.dues


def test_each_outage_owes_for_itself() -> None:
    it = given(filed(0), down(0), up(90), down(100), up(101), standard=HOURLY)
    assert owed(it) == [("3.0", "EUR"), ("1.5", "EUR")]


def test_it_is_computed_from_the_outage_never_from_the_ticket() -> None:
    it = owing(down(0), confirmed(3 * HOUR), closing(4 * HOUR)).at(9 * DAY)
    assert owed(it) == []
    it = owing(down(0)).when(up(DAY + 60, since=60))
    assert owed(it) == [], "it was back when it was, not when that was said"


def test_a_restatement_says_by_how_much() -> None:
    word = down(0)
    it = owing(word).at(2 * DAY + 5).when(up(2 * DAY + 10, since=DAY + 10))
    assert changes(it)[-1] == (2 * DAY + 10, "10.00", "-10.00")
    it.when(corrected(3 * DAY, word, void=True))
    assert changes(it)[-1] == (3 * DAY, "0", "-10.00")
    assert owed(it) == []


def test_a_restatement_may_owe_more() -> None:
    it = owing(down(0), up(DAY + 5)).when(down(DAY * 2 + 30, since=1))
    assert owed(it) == [("20.00", "PLN")]
    assert [minute(e.time) for e in it.decided("credit.owed")] == [DAY * 2], "when the second period began"


def test_a_closing_stops_nothing_that_is_owed_and_a_withdrawal_does() -> None:
    it = owing(down(0), withdrawn(DAY + 60))
    assert owed(it.at(9 * DAY)) == [("10.00", "PLN")]
    assert not it.dues
    assert changes(it.when(up(9 * DAY + 1))) == [(DAY, "10.00", None)], "that it lasted longer changes nothing"
    it = owing(down(0), up(DAY + 60), closing(DAY + 90), reopening(2 * DAY), down(2 * DAY + 1)).at(3 * DAY + 1)
    assert owed(it) == [("10.00", "PLN"), ("10.00", "PLN")]


def test_each_period_is_recorded_with_the_time_at_which_it_began() -> None:
    it = owing(down(0)).at(DAY)
    [made] = it.decided("credit.owed")
    assert (made.time, made.recorded_at) == (us(DAY), us(DAY))
    it = owing(down(0).arriving(9 * DAY))
    assert [(e.time, e.recorded_at) for e in it.decided("credit.owed")] == [
        (us(day * DAY), us(9 * DAY)) for day in (1, 2, 3)
    ]
    assert changes(it) == [(DAY, "10.00", None), (2 * DAY, "20.00", None), (3 * DAY, "25.00", None)]


def test_of_an_outage_of_ten_thousand_periods_only_the_last_are_told_one_by_one() -> None:
    it = given(filed(0), down(0).arriving(10_000 * HOUR + 1), standard=HOURLY)
    made = changes(it)
    assert (len(made), made[-1]) == (1000, (10_000 * HOUR, "15001.5", None))
