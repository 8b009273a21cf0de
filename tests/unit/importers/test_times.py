"""Wall clocks: what an export's times mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.importers.times import instant, reader, usable

DAY_FIRST = "%d/%m/%Y %H:%M"


@pytest.mark.parametrize(
    "zone, text, utc",
    [
        ("UTC", "2/3/2016 04:05", "2016-03-02T04:05:00"),
        ("Europe/Warsaw", "2/3/2016 04:05", "2016-03-02T03:05:00"),
        ("Europe/Warsaw", "27/3/2016 01:59", "2016-03-27T00:59:00"),
        # does not exist: the instant of the change
        ("Europe/Warsaw", "27/3/2016 02:00", "2016-03-27T01:00:00"),
        ("Europe/Warsaw", "27/3/2016 02:30", "2016-03-27T01:00:00"),
        ("Europe/Warsaw", "27/3/2016 02:59", "2016-03-27T01:00:00"),
        ("Europe/Warsaw", "27/3/2016 03:00", "2016-03-27T01:00:00"),
        # ambiguous: the earlier
        ("Europe/Warsaw", "30/10/2016 02:30", "2016-10-30T00:30:00"),
        # a change of half an hour, and a whole day that does not exist
        ("Australia/Lord_Howe", "2/10/2016 02:15", "2016-10-01T15:30:00"),
        ("Pacific/Apia", "30/12/2011 12:00", "2011-12-30T10:00:00"),
    ],
)
def test_a_wall_time_is_a_moment(zone: str, text: str, utc: str) -> None:
    assert reader(DAY_FIRST, zone)(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_an_offset_in_the_text_goes_before_the_zone() -> None:
    assert reader("iso", "Europe/Warsaw")("2024-05-17 03:25:00-07:00") == datetime(2024, 5, 17, 10, 25, tzinfo=UTC)
    assert reader("%Y-%m-%d %H:%M %z", "Europe/Warsaw")("2024-05-17 03:25 -0700") == datetime(
        2024, 5, 17, 10, 25, tzinfo=UTC
    )
    assert reader("iso", "Europe/Warsaw")("2024-05-17T03:25") == datetime(2024, 5, 17, 1, 25, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "1/1/2016", "13:00", "1/13/2016 10:00", "1/1/2016 24:00", "1/1/2016 10:00 x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time data|unconverted"):
        reader(DAY_FIRST, "UTC")(text)


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="out of range"):
        reader(DAY_FIRST, "Asia/Tokyo")("1/1/0001 00:00")


@pytest.mark.parametrize("style", ["iso", DAY_FIRST, "%Y-%m-%dT%H:%M:%S%z", "%m/%d/%y %I:%M %p"])
def test_a_format_that_gives_day_and_minute_can_be_used(style: str) -> None:
    assert usable(style) is None


@pytest.mark.parametrize("style", ["", "dd/MM/yyyy", "%d/%m/%Y", "%H:%M", "%Q", "%d/%m/%Y %I:%M"])
def test_another_cannot(style: str) -> None:
    assert usable(style)


@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2030-01-01")),
    st.sampled_from(["America/Sao_Paulo", "Europe/London"]),
)
def test_the_clock_shows_that_time_at_that_moment_or_jumps_over_it(local: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    at = instant(local, zone)
    shown = at.astimezone(zone).replace(tzinfo=None)
    if shown != local:  # it jumped over it: this is the first moment after the jump
        assert local < shown
        assert at.timestamp() % 60 == 0
        just_before = datetime.fromtimestamp(at.timestamp() - 1, tz=zone).replace(tzinfo=None)
        assert just_before < local
