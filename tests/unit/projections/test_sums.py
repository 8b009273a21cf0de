"""Stretches cut into days and months, and what is behind 80 % of the failures."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from contracts.moments import SECOND, micros
from projections.views.base import in_order, month, overlap
from projections.views.downtime import _periods
from projections.views.parts import _rows


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_the_shares_of_a_stretch_add_up_to_its_whole_seconds() -> None:
    start, end = 1_600_000, 10_900_000
    cuts = [0, 2_100_000, 3_999_999, 4_000_000, 9_500_000, 20_000_000]
    shares = [overlap(start, end, low, high) for low, high in pairwise(cuts)]
    assert sum(shares) == (end - start) // SECOND


@pytest.mark.parametrize(
    "start, end, days",
    [
        ("2013-02-27T10:00", "2013-03-01T00:00", ["2013-02-27", "2013-02-28"]),
        ("2013-02-27T10:00", "2013-03-01T00:01", ["2013-02-27", "2013-02-28", "2013-03-01"]),
        ("2013-02-27T10:00", "2013-02-27T10:00", ["2013-02-27"]),
        ("2013-02-27T00:00", "2013-02-27T00:00", ["2013-02-27"]),
    ],
)
def test_a_stretch_touches_these_days(start: str, end: str, days: list[str]) -> None:
    assert [names["day"] for names, _, _ in _periods(at(start), at(end), "day")] == days


def test_a_stretch_touches_these_months() -> None:
    found = list(_periods(at("2012-12-31T23:00"), at("2013-02-01T00:01"), "month"))
    assert [names["month"] for names, _, _ in found] == ["2012-12", "2013-01", "2013-02"]
    assert [low for _, low, _ in found][1:] == [high for _, _, high in found][:-1]


def test_a_month_is_that_of_the_wall_clock() -> None:
    assert month(at("2013-01-31T23:30"), "Europe/Warsaw") == "2013-02"
    assert month(at("2013-01-31T23:30"), "UTC") == "2013-01"


def test_the_vital_parts_are_the_smallest_set_behind_four_fifths_of_the_failures() -> None:
    def vital(failures: dict[str, int]) -> set[str]:
        return {row["part"] for row in _rows(failures, {}, {}) if row["vital"]}

    assert vital({"a": 8, "b": 1, "c": 1}) == {"a"}
    assert vital({"a": 7, "b": 2, "c": 1}) == {"a", "b"}
    assert vital({"b": 1, "a": 1}) == {"a", "b"}
    assert vital({}) == set()


def test_a_part_that_never_failed_is_not_vital() -> None:
    assert list(_rows({}, {"fuse": 2}, {"fuse": 60})) == [
        {"part": "fuse", "failures": 0, "ordered": 2, "waited": 60, "share": 0.0, "vital": False}
    ]


def test_rows_come_in_order_of_numbers_and_names_with_nothing_first() -> None:
    assert in_order([("b", 10), ("b", 9), (None, 3), ("a", 1)]) == [(None, 3), ("a", 1), ("b", 9), ("b", 10)]
