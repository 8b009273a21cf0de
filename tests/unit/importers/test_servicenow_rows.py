"""Rows that cannot be used, rows without an order, and files that are none."""

from __future__ import annotations

import pytest

from ops.importers import BadRow, InputError, MappingError
from tests.unit.importers.builders import INCIDENT, states, story, table, take, told, types

LONG = "x" * 300


@pytest.mark.parametrize(
    "column, value, reason",
    [
        ("number", "?", "is missing"),
        ("number", "", "is missing"),
        ("number", "I" * 119, "is no id: more than 118 characters"),
        ("sys_mod_count", "two", "is no whole number from 0 to 99999"),
        ("sys_mod_count", "-1", "is no whole number from 0 to 99999"),
        ("sys_mod_count", "100000", "is no whole number from 0 to 99999"),
        ("sys_mod_count", "٣", "is no whole number from 0 to 99999"),
        ("reopen_count", "1.0", "is no whole number from 0 to 99999"),
        ("sys_updated_at", "?", "is missing"),
        ("sys_updated_at", "31/2/2016 10:00", "is no time: "),
        ("sys_updated_at", "3/31/2016 10:00", "is no time: time data"),
        ("opened_at", "yesterday", "is no time: time data"),
        ("incident_state", "Pending", "is a state that the mapping does not name"),
        ("cmdb_ci", "c" * 129, "is no id: more than 128 characters"),
        ("caller_id", LONG, "is no name: more than 256 characters, or control characters"),
        ("assigned_to", "a\x00b", "is no name: more than 256 characters, or control characters"),
        ("category", "a\x07b", "is no text: more than 10000 characters, or control characters"),
    ],
)
def test_a_bad_row_says_where_it_is_and_costs_no_other(column: str, value: str, reason: str) -> None:
    rows = states("New", "Active", "Resolved", "Closed")
    good = told([rows[0], rows[1], rows[3]])
    facts, bad = take(table([rows[0], rows[1], rows[2] | {column: value}, rows[3]]))
    assert facts == good
    (row,) = bad
    assert (row.line, row.column) == (4, column)
    assert row.reason.startswith(reason)
    assert row.value.startswith(value[:2])


def test_the_next_row_files_the_complaint_where_the_first_is_bad() -> None:
    rows = states("New", "Active")
    facts, bad = take(table([rows[0] | {"sys_updated_at": "soon"}, rows[1]]))
    assert types(facts) == ["complaint.filed", "complaint.acknowledged"]
    assert (facts[0]["id"], facts[0]["time"], len(bad)) == ("INC1:00001:00", "2016-03-01T08:00:00Z", 1)


@pytest.mark.parametrize("cells, count", [("INC9,New", 2), (",".join("abcdefghijklmnopqrstu"), 21)])
def test_a_row_with_another_number_of_columns_is_bad(cells: str, count: int) -> None:
    rows = states("New", "Active")
    lines = table(rows).splitlines()
    facts, bad = take("\n".join([lines[0], lines[1], cells, lines[2], ""]))
    assert facts == told(rows)
    assert bad == [BadRow(3, None, cells, f"has {count} columns where the header has {len(INCIDENT)}")]


def test_the_order_of_rows_is_their_count_not_their_time() -> None:
    first, second = states("New", "Active")
    rows = [first | {"sys_updated_at": "1/3/2016 11:10"}, second | {"sys_updated_at": "1/3/2016 11:03"}]
    assert types(told(rows)) == ["complaint.filed", "complaint.acknowledged"]


def test_counts_are_numbers_not_texts() -> None:
    rows = states(*["New"] * 9, "Active", "Resolved")
    assert [row["sys_mod_count"] for row in rows][-2:] == ["9", "10"]
    assert types(told(list(reversed(rows))))[1:] == ["complaint.acknowledged", "resolution.proposed", "notice.sent"]


def test_a_first_row_whose_count_was_overwritten_is_still_the_first() -> None:
    """Five incidents of the public log are like this, INC0000130 among them."""
    rows = story(
        {"assignment_group": "Group 72", "sys_mod_count": "2", "sys_updated_at": "1/3/2016 07:27"},
        {"assignment_group": "Group 73", "sys_mod_count": "1", "sys_updated_at": "1/3/2016 09:59"},
        {"incident_state": "Active", "sys_mod_count": "2", "sys_updated_at": "1/3/2016 14:13"},
        {"incident_state": "Resolved", "sys_mod_count": "3", "sys_updated_at": "3/3/2016 10:16"},
    )
    facts = told(rows)
    assert [(fact["id"], fact["type"]) for fact in facts] == [
        ("INC1:00000:00", "complaint.filed"),
        ("INC1:00001:03", "complaint.assigned"),
        ("INC1:00002:04", "complaint.acknowledged"),
        ("INC1:00003:06", "resolution.proposed"),
        ("INC1:00003:07", "notice.sent"),
    ]
    assert facts[0]["data"]["team"] == "Group 72"
    assert told(list(reversed(rows))) == facts


def test_a_later_pair_with_one_count_stays_where_it_is() -> None:
    rows = states("New", "Resolved", "Closed")
    rows = [row | {"sys_mod_count": count} for row, count in zip(rows, ("1", "2", "2"), strict=True)]
    facts = told(rows)
    assert types(facts)[1:] == ["resolution.proposed", "notice.sent", "complaint.close_requested"]
    assert [fact["id"] for fact in facts] == ["INC1:00001:00", "INC1:00002:06", "INC1:00002:07", "INC1:00002:19"]


def test_a_doubled_row_is_one_row() -> None:
    rows = states("New", "Active", "Resolved", "Active", "Resolved", "Closed")
    assert told(rows * 12) == told(rows)
    assert told(rows[1:] + rows[1:2]) == told(rows[1:])


def test_more_different_rows_than_ids_have_room_for_are_reported() -> None:
    rows = [row | {"sys_mod_count": "0"} for row in states(*["New", "Active"] * 6)]
    facts, bad = take(table(rows))
    assert len({fact["id"] for fact in facts}) == len(facts)
    assert [(row.line, row.column, row.value) for row in bad] == [
        (12, "sys_mod_count", "0"),
        (13, "sys_mod_count", "0"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "\r\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="empty"):
        take(text)


@pytest.mark.parametrize("text", ["\x1f\x00\x08garbage\n", '{"incidents": []}\n', "PK\x03\x04\n"])
def test_a_file_that_is_no_table_is_refused_with_the_column_it_lacks(text: str) -> None:
    with pytest.raises(MappingError, match=r"`columns\.number`: the file has no column 'number'"):
        take(text)


@pytest.mark.parametrize("column", ["sys_updated_at", "cmdb_ci", "subcategory"])
def test_a_missing_column_is_named(column: str) -> None:
    rows = [{name: cell for name, cell in INCIDENT.items() if name != column}]
    with pytest.raises(MappingError, match=f"the file has no column '{column}'; its columns are number, "):
        take(table(rows))


def test_a_column_that_stands_twice_is_refused() -> None:
    text = "\n".join(line + ",x" for line in table([INCIDENT]).splitlines()).replace(",x", ",number", 1)
    with pytest.raises(MappingError, match="the file has two columns 'number'"):
        take(text)


def test_a_header_alone_gives_no_facts() -> None:
    assert take(table([INCIDENT]).splitlines()[0]) == ([], [])
