"""Moments are RFC 3339 with an offset, and keep their microseconds (domain.md §3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import parse
from contracts.facts import ServiceDown, VisitScheduled
from contracts.moments import exact, micros, moment, rfc3339

from .examples import TIME, body, refused, written

DOWN = {"evidence": "customer"}


def at(time: str) -> str:
    """The time as it is understood."""
    return rfc3339(parse(written(time=time)).us)


@pytest.mark.parametrize(
    "time, understood",
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01t12:00:00z", "2026-03-01T12:00:00Z"),
        ("2026-03-01 12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:00:00+05:45", "2026-03-01T06:15:00Z"),
        ("2026-03-01T12:00:00-09:30", "2026-03-01T21:30:00Z"),
        ("2026-03-01T12:00:00+14:00", "2026-02-28T22:00:00Z"),
        ("2026-03-01T12:00:00+23:59", "2026-02-28T12:01:00Z"),
        ("2026-03-01T12:00:00-00:00", "2026-03-01T12:00:00Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T05:45:00+05:45", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T22:59:59-01:00", "9999-12-31T23:59:59Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        # fractions: to the microsecond, cut
        ("2026-03-01T12:00:00.5Z", "2026-03-01T12:00:00.500000Z"),
        ("2026-03-01T12:00:00.000001Z", "2026-03-01T12:00:00.000001Z"),
        ("2026-03-01T12:00:00.123456Z", "2026-03-01T12:00:00.123456Z"),
        ("2026-03-01T12:00:00.1234567Z", "2026-03-01T12:00:00.123456Z"),
        ("2026-03-01T12:00:00.123456999999999999999Z", "2026-03-01T12:00:00.123456Z"),
        ("2026-03-01T12:00:00.9999999Z", "2026-03-01T12:00:00.999999Z"),
        ("2026-03-01T12:00:00.0000005+01:00", "2026-03-01T11:00:00Z"),
        ("2026-12-31t23:59:59.9999999z", "2026-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
        # leap seconds: the second after
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2016-12-31T23:59:60.75Z", "2017-01-01T00:00:00.750000Z"),
        ("2016-12-31T23:59:60.1234567Z", "2017-01-01T00:00:00.123456Z"),
        ("2016-12-31t15:59:60-08:00", "2017-01-01T00:00:00Z"),
        ("2015-07-01T05:44:60+05:45", "2015-07-01T00:00:00Z"),
    ],
)
def test_a_moment_is_rfc_3339_and_keeps_its_microseconds(time: str, understood: str) -> None:
    assert at(time) == understood
    visit = parse(body("visit.scheduled", {"visit": "v", "from": "0001-01-01T00:00:00Z", "to": time}))
    assert isinstance(visit.data, VisitScheduled)
    assert rfc3339(micros(visit.data.to)) == understood
    assert visit.data.to.tzinfo is UTC


@pytest.mark.parametrize(
    "time, why",
    [
        ("2026-03-01T12:00:00", "has no offset: a moment ends in Z or in an offset such as +01:00"),
        ("2026-03-01T12:00:00.1234567", "has no offset: a moment ends in Z or in an offset such as +01:00"),
        ("0001-01-01T00:00:00+05:45", "lies outside the years 1 to 9999"),
        ("9999-12-31T23:59:59.999999-00:01", "lies outside the years 1 to 9999"),
        *(
            (bad, "is no moment in RFC 3339, such as 2026-01-31T09:30:00+01:00")
            for bad in (
                "",
                "now",
                "1772366400",
                "2026-03-01",
                "12:00:00Z",
                "2026-03-01T12:00Z",
                "2026-03-01T24:00:00Z",
                "2026-03-01T12:60:00Z",
                "2026-02-29T12:00:00Z",
                "2026-13-01T12:00:00Z",
                "0000-01-01T00:00:00Z",
                "10000-01-01T00:00:00Z",
                "-2026-03-01T12:00:00Z",
                "2026-3-1T12:00:00Z",
                "2026-03-01T12:00:00.Z",
                "2026-03-01T12:00:00,5Z",
                "2026-03-01T12:00:00+24:00",
                "2026-03-01T12:00:00+00:60",
                "2026-03-01T12:00:00+05",
                "2026-03-01T12:00:00 +01:00",
                " 2026-03-01T12:00:00Z",
                "2026-03-01T12:00:00Z\n",
                "2026-03-01T12:00:00Zulu",
                "20260301T120000Z",
                "2026-W09-7T12:00:00Z",
                "\uff12026-03-01T12:00:00Z",
                # leap seconds are at the end of a month in UTC, and of years that there are
                "2026-03-01T12:00:60Z",
                "2016-12-31T23:59:61Z",
                "2016-12-30T23:59:60Z",
                "2016-12-31T23:59:60+01:00",
                "9999-12-31T23:59:60Z",
                "2026-02-29T23:59:60Z",
            )
        ),
    ],
)
def test_what_is_no_moment_is_refused_as_it_was_written(time: str, why: str) -> None:
    error = refused(written(time=time))
    assert error.reason.startswith(f"`time` {why}")
    assert error.field == "time"
    late = refused(body("visit.scheduled", {"visit": "v", "from": TIME, "to": time}))
    assert late.reason.startswith(f"`data.to` {why}")
    if "outside" not in why:  # which is shown as it was understood
        assert error.value == late.value == time


def test_a_moment_finer_than_a_microsecond_changes_nothing_else() -> None:
    same = "2026-03-01T11:00:00.12345678Z"
    data = {"customer": same, "channel": "x", "summary": f'at "{same}", {same}', "down_since": same}
    fact = parse(body("complaint.filed", data, id=same, source=same, time="2026-03-01T12:00:00.1234567Z"))
    assert (fact.source, fact.id) == (same, same)
    kept = json.loads(msgspec.json.encode(fact.data))
    assert kept == data | {"down_since": "2026-03-01T11:00:00.123456Z"}


def test_a_since_of_the_same_instant_is_not_after_it_for_being_finer() -> None:
    time = "2026-03-01T12:00:00.123456Z"
    for since in ("2026-03-01T12:00:00.1234569Z", "2026-03-01T13:00:00.12345600000001+01:00"):
        fact = parse(body("service.down", DOWN | {"since": since}, time=time))
        assert isinstance(fact.data, ServiceDown)
        assert fact.data.since == fact.time


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),  # noqa: DTZ001 - a zone is drawn
    st.integers(-23 * 60, 23 * 60),
    st.text("0123456789", max_size=12),
)
def test_any_moment_is_understood_to_the_microsecond(local: datetime, offset: int, digits: str) -> None:
    aware = local.replace(tzinfo=timezone(timedelta(minutes=offset)))
    whole = aware.replace(microsecond=int(f"{digits}000000"[:6]))
    text = aware.replace(microsecond=0).isoformat()
    text = f"{text[:19]}{f'.{digits}' if digits else ''}{text[19:]}"
    fact = parse(written(time=text))
    assert fact.us == micros(whole)
    assert fact.time == whole == moment(fact.us)


def test_any_other_text_is_left_as_it_is() -> None:
    for text in ("", "x", "2026-03-01T12:00:00", "2026-03-01T12:00:00.1234567", "2026-03-01T12:00:00.1234567Z."):
        assert exact(text) == text
