"""The second reading's calendars: days of a time change, closing times, holidays, worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.calendars import Calendar, Holidays
from contracts.calendars import Hours as Weekly

from .reading_hours import Hours, days_after, end_of_day, next_end_of_day, reach, worked
from .tale_clocks import office

HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def always(zone: str) -> Hours:
    return Hours(zone, None)


def daily(zone: str, *spans: tuple[int, int]) -> Hours:
    """The same hours on every day of the week, in minutes."""
    return Hours(zone, Calendar("c", zone, Weekly(*[spans] * 7)))


def hours(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


WARSAW = always("Europe/Warsaw")
MIDNIGHTS = {  # in Warsaw
    "2024-03-31": ("2024-03-30T23:00", "2024-03-31T22:00"),
    "2024-05-01": ("2024-04-30T22:00", "2024-05-01T22:00"),
    "2024-10-27": ("2024-10-26T22:00", "2024-10-27T23:00"),
}
WEEK = Hours("Europe/Warsaw", office("Europe/Warsaw"))


# ---- days


def test_a_day_later_at_a_time_that_does_not_exist_is_the_instant_of_the_change() -> None:
    assert days_after(WARSAW, utc("2024-03-30T01:30"), 1, end=False) == utc("2024-03-31T01:00")


def test_a_day_later_at_a_time_that_comes_twice_is_the_later() -> None:
    assert days_after(WARSAW, utc("2024-10-26T00:30"), 1, end=False) == utc("2024-10-27T01:30")


def test_a_day_later_at_the_same_wall_time_is_23_or_25_hours_later() -> None:
    assert days_after(WARSAW, utc("2024-03-30T09:00"), 1, end=False) == utc("2024-03-31T08:00")
    assert days_after(WARSAW, utc("2024-10-26T08:00"), 1, end=False) == utc("2024-10-27T09:00")


def test_the_end_of_a_day_of_25_hours_is_its_midnight() -> None:
    assert days_after(WARSAW, utc("2024-10-26T08:00"), 1, end=True) == utc("2024-10-27T23:00")
    assert days_after(WARSAW, utc("2024-10-25T08:00"), 1, end=True) == utc("2024-10-26T22:00")


def test_a_midnight_that_does_not_exist_is_the_instant_of_the_change() -> None:
    assert end_of_day(always("Asia/Beirut"), date(2024, 3, 30)) == utc("2024-03-30T22:00")


def test_a_midnight_that_comes_twice_ends_the_day_late() -> None:
    assert end_of_day(always("America/Havana"), date(2024, 11, 2)) == utc("2024-11-03T05:00")


def test_the_days_counted_are_those_after_the_starts_date_in_the_calendars_zone() -> None:
    late = utc("2024-05-01T23:30")  # 2 May in Warsaw
    assert days_after(WARSAW, late, 1, end=True) == utc("2024-05-03T22:00")
    assert days_after(always("UTC"), late, 1, end=True) == utc("2024-05-03T00:00")


def test_working_days_end_at_the_starts_time_of_day_even_outside_hours() -> None:
    friday_evening = utc("2024-05-10T19:00")
    assert days_after(WEEK, friday_evening, 1, end=False) == utc("2024-05-13T19:00")
    assert days_after(WEEK, friday_evening, 1, end=True) == utc("2024-05-13T14:00")


def test_a_holiday_is_no_working_day() -> None:
    plan = office("Europe/Warsaw", country="PL", add=(date(2024, 5, 2),))
    assert days_after(Hours("Europe/Warsaw", plan), utc("2024-04-30T08:00"), 1, end=False) == utc("2024-05-06T08:00")


def test_a_holiday_that_is_removed_is_one() -> None:
    plan = office("Europe/Warsaw", country="PL", remove=(date(2024, 5, 1),))
    assert days_after(Hours("Europe/Warsaw", plan), utc("2024-04-30T08:00"), 1, end=False) == utc("2024-05-01T08:00")


def test_a_calendar_without_hours_counts_every_moment_and_every_day() -> None:
    plan = Hours("UTC", Calendar("c", "UTC", None, Holidays(add=(date(2024, 5, 2),))))
    assert days_after(plan, utc("2024-05-01T08:00"), 1, end=False) == utc("2024-05-02T08:00")
    assert worked(plan, utc("2024-05-02T08:00"), utc("2024-05-02T10:00")) == 2 * HOUR


def test_the_next_end_of_a_day_is_that_day_s_own() -> None:
    assert next_end_of_day(always("UTC"), utc("2024-05-02T00:00")) == utc("2024-05-02T00:00")
    assert next_end_of_day(always("UTC"), utc("2024-05-02T00:01")) == utc("2024-05-03T00:00")
    assert next_end_of_day(WEEK, utc("2024-05-10T14:01")) == utc("2024-05-13T14:00")


# ---- hours


@pytest.mark.parametrize(
    "day, spans, count",
    [
        ("2024-03-31", [("02:30", "04:00")], 1.0),  # begins at the change, 03:00
        ("2024-03-31", [("01:00", "02:30")], 1.0),  # ends at it
        ("2024-03-31", [("02:00", "03:00")], 0.0),
        ("2024-03-31", [("00:00", "24:00")], 23.0),
        ("2024-10-27", [("02:30", "04:00")], 2.5),  # begins at the first 02:30
        ("2024-10-27", [("01:00", "02:30")], 2.5),  # ends at the second
        ("2024-10-27", [("00:00", "24:00")], 25.0),
        ("2024-10-27", [("02:15", "02:45")], 1.5),
        ("2024-05-01", [("08:00", "12:00"), ("10:00", "13:00")], 5.0),  # what overlaps counts once
    ],
)
def test_hours_on_a_day(day: str, spans: list[tuple[str, str]], count: float) -> None:
    plan = daily("Europe/Warsaw", *((hours(a), hours(b)) for a, b in spans))
    begin, end = map(utc, MIDNIGHTS[day])
    assert worked(plan, begin, end) / HOUR == count


def test_lord_howe_goes_back_by_half_an_hour() -> None:
    plan = daily("Australia/Lord_Howe", (0, 1440))
    assert worked(plan, utc("2024-04-06T13:00"), utc("2024-04-07T13:30")) == 24.5 * HOUR


def test_work_that_ends_at_closing_time_is_due_at_closing_time() -> None:
    assert reach(WEEK, utc("2024-05-10T06:00"), 8 * HOUR) == utc("2024-05-10T14:00")  # Friday, 08:00 to 16:00
    assert reach(WEEK, utc("2024-05-10T06:00"), 8 * HOUR + timedelta(seconds=1)) == utc("2024-05-13T06:00:01")


def test_microseconds_are_kept() -> None:
    start = utc("2024-05-10T13:59:59.400000")
    assert worked(WEEK, start, utc("2024-05-13T06:00:00.25")) == timedelta(seconds=0.85)
    assert reach(WEEK, start, timedelta(seconds=1)) == utc("2024-05-13T06:00:00.4")


def test_what_is_left_out_is_left_out_and_without_end_nothing_is_reached() -> None:
    begin = utc("2024-05-10T06:00")
    hole = (utc("2024-05-10T07:00"), utc("2024-05-10T09:00"))
    assert worked(WEEK, begin, utc("2024-05-10T10:00"), [hole]) == 2 * HOUR
    assert reach(WEEK, begin, 2 * HOUR, [hole]) == utc("2024-05-10T10:00")
    assert reach(WEEK, begin, 1 * HOUR, [(hole[0], None)]) == hole[0]
    assert reach(WEEK, begin, 2 * HOUR, [(hole[0], None)]) is None
