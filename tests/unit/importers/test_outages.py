"""Outage feeds: when a place was without supply."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
import pytest

from contracts import envelope
from ops.importers import BadRow, MappingError
from tests.unit.importers.builders import OUTAGE, Fact, brief, in_order, table, take_feed

PLACE = "Sooke::1700_block_WHIFFIN_SPIT_RD"


def row(off: str, on: str, **cells: str) -> dict[str, str]:
    """An outage of one day, by its times of day."""
    times = {"dateOff": f"2024-01-02 {off}:00+00:00", "dateOn": f"2024-01-02 {on}:00+00:00" if on else ""}
    return OUTAGE | times | cells


def said(*rows: Mapping[str, str]) -> list[Fact]:
    facts, bad = take_feed(table(rows))
    assert bad == []
    return facts


def state_after(facts: list[Fact]) -> list[tuple[str, str]]:
    """When the place goes down and comes up, if every word counts at once, in the order of facts."""
    changes: list[tuple[str, str]] = []
    state = "service.up"
    for kind, time in brief(in_order(facts)):
        if changes and changes[-1][1] == time and kind != changes[-1][0]:
            changes.pop()  # taken back at the same instant: it never was
        elif kind != state:
            changes.append((kind, time))
        state = kind
    return changes


def test_a_row_is_down_at_its_beginning_and_up_at_its_end() -> None:
    down, up = said(OUTAGE)
    assert down == {
        "specversion": "1.0",
        "id": f"1:77:2024-01-02T17:40:37Z:{PLACE}",
        "source": "/import/outages",
        "type": "service.down",
        "subject": PLACE,
        "time": "2024-01-02T17:40:37Z",
        "datacontenttype": "application/json",
        "data": {"evidence": "telemetry", "by": "outage-feed"},
    }
    assert up == down | {
        "id": f"0:77:2024-01-02T19:06:15Z:{PLACE}",
        "type": "service.up",
        "time": "2024-01-02T19:06:15Z",
    }
    for fact in (down, up):
        assert envelope.parse(msgspec.json.encode(fact)).subject == PLACE


def test_estimates_change_nothing() -> None:
    assert said(OUTAGE | {"estDateOn": "1999-01-01 00:00:00+00:00", "lastUpdated": "never"}) == said(OUTAGE)


def test_an_outage_that_has_no_end_yet_is_down() -> None:
    assert brief(said(row("10:00", ""))) == [("service.down", "10:00")]


def test_a_place_that_was_out_twice_was_up_between() -> None:
    facts = said(row("10:00", "12:00", id="1"), row("14:00", "15:00", id="2"))
    assert brief(facts) == [
        ("service.down", "10:00"),
        ("service.up", "12:00"),
        ("service.down", "14:00"),
        ("service.up", "15:00"),
    ]


def test_a_place_is_up_when_the_last_of_its_rows_ends() -> None:
    facts = said(row("10:00", "12:00", id="1"), row("11:00", "13:00", id="2"), row("11:30", "11:45", id="3"))
    assert state_after(facts) == [("service.down", "10:00"), ("service.up", "13:00")]


def test_an_outage_that_came_back_under_its_id_never_ended() -> None:
    facts = said(row("10:00", "12:00"), row("10:00", "15:00"))
    assert state_after(facts) == [("service.down", "10:00"), ("service.up", "15:00")]


def test_where_one_ends_as_another_begins_the_place_stays_down() -> None:
    facts = said(row("10:00", "12:00", id="9"), row("12:00", "13:00", id="1"))
    assert len(facts) == 4
    assert state_after(facts) == [("service.down", "10:00"), ("service.up", "13:00")]


def test_one_without_end_keeps_the_place_down() -> None:
    facts = said(row("10:00", "", id="1"), row("11:00", "12:00", id="2"))
    assert state_after(facts) == [("service.down", "10:00")]


def test_an_outage_elsewhere_is_another_places() -> None:
    facts = said(row("10:00", "12:00"), row("10:00", "13:00", area="1800 block"))
    assert len({fact["subject"] for fact in facts}) == 2
    assert len({fact["id"] for fact in facts}) == 4


def test_a_later_file_only_adds_facts() -> None:
    rows = [row(f"{10 + at}:00", f"{12 + at}:30", id=str(at % 4)) for at in range(8)]
    for cut in range(1, 8):
        before, after = said(*rows[:cut]), said(*rows)
        assert [fact for fact in before if fact not in after] == []


def test_the_same_feed_gives_the_same_facts_in_whatever_order_its_rows_stand() -> None:
    rows = [row(f"{10 + at}:00", f"{11 + at}:30", id=str(at), area=str(at % 3)) for at in range(9)]
    facts = said(*rows)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert said(*rows, *rows) == facts


@pytest.mark.parametrize(
    "column, value, reason",
    [
        ("dateOff", "", "is missing"),
        ("dateOff", "2024-13-01 00:00:00+00:00", "is no time: "),
        ("dateOn", "soon", "is no time: "),
        ("dateOn", "2024-01-02 17:40:37+00:00", "does not lie after dateOff"),
        ("dateOn", "2024-01-02 17:40:36+00:00", "does not lie after dateOff"),
        ("id", "", "is missing"),
        ("area", "Unavailable", "does not say what is down"),
        ("municipality", "", "does not say what is down"),
    ],
)
def test_a_bad_row_says_where_it_is_and_costs_no_other(column: str, value: str, reason: str) -> None:
    other = row("10:00", "11:00", id="1")
    facts, bad = take_feed(table([other, OUTAGE | {column: value}, row("20:00", "21:00", id="2")]))
    assert facts == said(other, row("20:00", "21:00", id="2"))
    (one,) = bad
    assert (one.line, one.column, one.value) == (3, column, value)
    assert one.reason.startswith(reason)


def test_a_missing_column_is_named() -> None:
    rows = [{name: cell for name, cell in OUTAGE.items() if name != "dateOff"}]
    with pytest.raises(MappingError, match=r"`columns\.off`: the file has no column 'dateOff'"):
        take_feed(table(rows))


def test_a_row_cut_short_is_bad() -> None:
    assert take_feed(table([OUTAGE]) + "78,1.0\n")[1] == [
        BadRow(3, None, "78,1.0", f"has 2 columns where the header has {len(OUTAGE)}")
    ]
