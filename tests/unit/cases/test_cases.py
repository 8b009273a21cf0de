"""Cases beyond what peers say, and cases that cannot be read: an error each, and never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.calendars import WEEKDAYS
from ops.cases import KINDS, answered

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
FRIDAY = "2026-01-09T16:00:00Z"
DEADLINE = {"id": "x", "kind": "deadline", "hours": WEEK, "start": FRIDAY, "seconds": 7200}
ELAPSED = {"id": "x", "kind": "elapsed", "hours": WEEK, "start": FRIDAY, "end": "2026-01-12T12:00:00Z"}
DAYS = {"id": "x", "kind": "deadline_days", "hours": WEEK, "start": FRIDAY, "days": 1}


def value(case: dict[str, Any], **changes: object) -> object:
    return told(case, **changes)["value"]


def told(case: dict[str, Any], **changes: object) -> dict[str, Any]:
    return answered(json.dumps({**case, **changes}).encode())


@pytest.mark.parametrize(
    "case, changes, expected",
    [
        (ELAPSED, {}, 4 * 3600),
        (ELAPSED, {"end": FRIDAY}, 0),
        (ELAPSED, {"end": "2026-01-01T00:00:00Z"}, 0),
        (ELAPSED, {"start": "2026-01-09T16:00:00.6Z", "end": "2026-01-09T16:00:02.5Z"}, 1),
        (ELAPSED, {"hours": None}, 68 * 3600),
        (ELAPSED, {"hours": {}}, 0),
        (ELAPSED, {"pauses": [["2026-01-09T16:30:00Z", "2026-01-12T10:00:00Z"]]}, 2 * 3600 + 1800),
        (ELAPSED, {"pauses": [["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]]}, 0),
        # pauses that overlap are one
        (ELAPSED, {"pauses": [["2026-01-12T10:00:00Z", "2026-01-12T11:00:00Z"]] * 2}, 3 * 3600),
        (ELAPSED, {"pauses": [["2026-01-12T11:00:00Z", "2026-01-12T10:00:00Z"]]}, 4 * 3600),
        (ELAPSED, {"holidays": ["2026-01-12"]}, 3600),
        (ELAPSED, {"holidays_yearly": ["01-12"]}, 3600),
        # that date's hours instead, also on a holiday
        (ELAPSED, {"holidays": ["2026-01-12"], "overrides": {"2026-01-12": [["11:00", "13:00"]]}}, 2 * 3600),
        (ELAPSED, {"overrides": {"2026-01-10": [["10:00", "11:00"]], "2026-01-12": []}}, 2 * 3600),
        (ELAPSED, {"breaks": {"2026-01-12": [["08:00", "09:30"], ["11:50", "11:55"], ["10:00", "10:10"]]}}, 11_700),
        (
            ELAPSED,
            {"overrides": {"2026-01-12": [["08:00", "18:00"]]}, "breaks": {"2026-01-12": [["09:00", "10:00"]]}},
            14_400,
        ),
        # without hours the rest is open round the clock
        (ELAPSED, {"hours": None, "holidays": ["2026-01-10"]}, 44 * 3600),
        (DEADLINE, {}, "2026-01-12T10:00:00Z"),
        (DEADLINE, {"seconds": 3600}, "2026-01-09T17:00:00Z"),
        (DEADLINE, {"seconds": 0}, FRIDAY),
        (DEADLINE, {"start": "2026-01-09T16:00:00.25Z"}, "2026-01-12T10:00:00.250000Z"),
        (DEADLINE, {"hours": None}, "2026-01-09T18:00:00Z"),
        (DEADLINE, {"pauses": [["2026-01-09T16:30:00Z", "2026-01-12T09:15:00Z"]]}, "2026-01-12T10:45:00Z"),
        (DEADLINE, {"pauses": [["2026-01-12T10:00:00Z", "2026-01-12T11:00:00Z"]]}, "2026-01-12T10:00:00Z"),
        (DEADLINE, {"pauses": [["2026-01-01T10:00:00Z", "2026-01-09T15:00:00Z"]]}, "2026-01-12T10:00:00Z"),
        (DEADLINE, {"hours": {**WEEK, "fri": [["09:00:30", "17:00:30"]]}}, "2026-01-12T09:59:30Z"),
        (DAYS, {}, "2026-01-12T16:00:00Z"),
        (DAYS, {"days": 0}, FRIDAY),
        (DAYS, {"end_of_day": True}, "2026-01-12T17:00:00Z"),
        (DAYS, {"days": 0, "end_of_day": True}, "2026-01-09T17:00:00Z"),
        (DAYS, {"hours": None}, "2026-01-10T16:00:00Z"),
        (DAYS, {"hours": None, "end_of_day": True, "tz": "Europe/Warsaw"}, "2026-01-10T23:00:00Z"),
        (DAYS, {"breaks": {"2026-01-12": [["00:00", "24:00"]]}}, "2026-01-13T16:00:00Z"),
        (DAYS, {"pauses": [["2026-01-12T09:00:00Z", "2026-01-12T11:00:00Z"]]}, "2026-01-13T10:00:00Z"),
        (
            DAYS,
            {"end_of_day": True, "pauses": [["2026-01-12T09:00:00Z", "2026-01-12T11:00:00Z"]]},
            "2026-01-13T17:00:00Z",
        ),
    ],
)  # fmt: skip
def test_a_case_is_answered(case: dict[str, Any], changes: dict[str, object], expected: object) -> None:
    assert value(case, **changes) == expected


@pytest.mark.parametrize(
    "start, closing",
    [
        ("2026-01-09T16:00:00Z", "2026-01-09T17:00:00Z"),
        ("2026-01-09T17:00:00Z", "2026-01-09T17:00:00Z"),  # from then on, then included
        ("2026-01-09T17:00:00.000001Z", "2026-01-12T17:00:00Z"),
        ("2026-01-09T09:00:00Z", "2026-01-09T17:00:00Z"),
    ],
)
def test_the_next_closing_is_from_the_start_on(start: str, closing: str) -> None:
    assert value({"id": 1, "kind": "next_closing_instant", "hours": WEEK}, start=start) == closing


def test_days_round_the_clock_that_follow_each_other_have_no_closing_between() -> None:
    hours = {"mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]]}
    case = {"id": 1, "kind": "next_closing_instant", "hours": hours, "start": "2026-01-13T00:00:00Z"}
    assert value(case) == "2026-01-14T00:00:00Z"
    assert value({**case, "kind": "intervals", "take": 1}) == [("2026-01-13T00:00:00Z", "2026-01-14T00:00:00Z")]


@pytest.mark.parametrize("hours", [None, {day: [["00:00", "24:00"]] for day in WEEKDAYS}])
def test_what_never_closes_says_so(hours: object) -> None:
    assert "never closes" in told({"id": 1, "kind": "next_closing_instant", "start": FRIDAY}, hours=hours)["error"]


def test_what_never_opens_says_so() -> None:
    assert "never opens" in told({"id": 1, "kind": "next_working_instant", "start": FRIDAY}, hours={})["error"]
    assert "no hours for ten years" in told(DEADLINE, hours={})["error"]
    assert "no hours for ten years" in told(DAYS, hours={"mon": []})["error"]
    assert value({"id": 1, "kind": "intervals", "take": 2, "start": FRIDAY}, hours={}) == []


def test_holidays_are_those_of_the_country_and_of_its_part() -> None:
    epiphany = {"id": 1, "kind": "holiday", "country": "DE", "date": "2026-01-06"}
    assert value(epiphany) is False
    assert value(epiphany, subdivision="BY") is True


@pytest.mark.parametrize(
    "case, changes, field",
    [
        (DEADLINE, {"kind": None}, "kind"),
        (DEADLINE, {"kind": 5}, "kind"),
        (DEADLINE, {"start": None}, "start"),
        (DEADLINE, {"start": "2026-01-09T16:00:00"}, "start"),
        (DEADLINE, {"start": "2026-01-09"}, "start"),
        (DEADLINE, {"start": "2026-02-30T16:00:00Z"}, "start"),
        (DEADLINE, {"start": 1_700_000_000}, "start"),
        (DEADLINE, {"start": "0001-01-01T00:00:00+14:00"}, "before the year 1"),
        (DEADLINE, {"start": "9999-12-31T23:00:00Z"}, "after the year 9999"),
        (DEADLINE, {"start": "9999-12-20T23:00:00Z", "seconds": 604_800}, "after the year 9999"),
        (DEADLINE, {"seconds": None}, "seconds"),
        (DEADLINE, {"seconds": -1}, "seconds"),
        (DEADLINE, {"seconds": 1.5}, "seconds"),
        (DEADLINE, {"seconds": True}, "seconds"),
        (DEADLINE, {"seconds": "60"}, "seconds"),
        (DEADLINE, {"seconds": 10**12}, "seconds"),
        (DEADLINE, {"tz": "Europe/Warsow"}, "tz"),
        (DEADLINE, {"tz": 1}, "tz"),
        (DEADLINE, {"hours": []}, "hours"),
        (DEADLINE, {"hours": {"monday": [["09:00", "17:00"]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": "09:00-17:00"}}, "hours"),
        (DEADLINE, {"hours": {"mon": ["09:00", "17:00"]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [["09:00"]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [["09:00", "17:00", "18:00"]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [[9, 17]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [["9:00", "17:00"]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [["09:00", "24:01"]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [["22:00", "06:00"]]}}, "hours"),
        (DEADLINE, {"hours": {"mon": [["09:00", "09:00"]]}}, "hours"),
        (DEADLINE, {"holidays": "2026-01-12"}, "holidays"),
        (DEADLINE, {"holidays": ["2026-1-12"]}, "holidays"),
        (DEADLINE, {"holidays": ["2026-02-30"]}, "holidays"),
        (DEADLINE, {"holidays": [20260112]}, "holidays"),
        (DEADLINE, {"holidays_yearly": ["2026-12-25"]}, "holidays_yearly"),
        (DEADLINE, {"holidays_yearly": ["13-01"]}, "holidays_yearly"),
        (DEADLINE, {"overrides": [["2026-01-12", []]]}, "overrides"),
        (DEADLINE, {"overrides": {"monday": []}}, "overrides"),
        (DEADLINE, {"overrides": {"2026-01-12": None}}, "overrides"),
        (DEADLINE, {"breaks": {"2026-01-12": [["12:00", "11:00"]]}}, "breaks"),
        (DEADLINE, {"pauses": [["2026-01-12T10:00:00Z"]]}, "pauses"),
        (DEADLINE, {"pauses": [["2026-01-12T10:00:00Z", "later"]]}, "pauses"),
        (DEADLINE, {"pauses": {"start": FRIDAY}}, "pauses"),
        (ELAPSED, {"end": "soon"}, "end"),
        (DAYS, {"days": -1}, "days"),
        (DAYS, {"days": 40_000}, "days"),
        (DAYS, {"end_of_day": "yes"}, "end_of_day"),
        (DAYS, {"start": "9999-12-28T00:00:00Z", "days": 5}, "after the year 9999"),
        (DEADLINE, {"kind": "intervals"}, "take"),
        (DEADLINE, {"kind": "intervals", "take": 10**6}, "take"),
        (DEADLINE, {"kind": "holiday"}, "country"),
        (DEADLINE, {"kind": "holiday", "country": "XX", "date": "2026-01-01"}, "country"),
        (DEADLINE, {"kind": "holiday", "country": "PL"}, "date"),
        (DEADLINE, {"kind": "holiday", "country": "PL", "date": "1492-10-12"}, "date"),
        (DEADLINE, {"kind": "holiday", "country": "DE", "subdivision": "XX", "date": "2026-01-01"}, "subdivision"),
    ],
)
def test_a_case_that_cannot_be_read_says_which_field_is_wrong(
    case: dict[str, Any], changes: dict[str, object], field: str
) -> None:
    answer = told(case, **changes)
    assert answer.keys() == {"id", "error"}
    assert answer["id"] == "x"
    assert field in answer["error"]


@pytest.mark.parametrize(
    "line", [b"{", b"nonsense", b"\xff\xfe", b'{"id": NaN}', b"[" * 10_000, b"[]", b"3", b'"x"', b"null"]
)
def test_a_line_that_is_no_case_has_no_id(line: bytes) -> None:
    answer = answered(line)
    assert answer["id"] is None
    assert answer["error"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (*DEADLINE, *ELAPSED, *DAYS, "tz", "holidays", "holidays_yearly", "overrides", "breaks", "pauses",
          "end_of_day", "take", "country", "subdivision", "date")  # fmt: skip


@given(kind=st.sampled_from(sorted(KINDS)), field=st.sampled_from(sorted({*FIELDS} - {"id"})), wrong=JSON)
@settings(max_examples=300, deadline=None)
def test_whatever_a_field_holds_there_is_an_answer(kind: str, field: str, wrong: object) -> None:
    case = {**DEADLINE, "kind": kind, "end": FRIDAY, "days": 1, "take": 1, "country": "PL", "date": "2026-01-01"}
    assert len(told(case, **{field: wrong}).keys() & {"value", "error", "unsupported"}) == 1
