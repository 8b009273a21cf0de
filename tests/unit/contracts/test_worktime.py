"""Working time where it is special: changes of time, days that are missing, the ends of time."""

from __future__ import annotations

import datetime as dt
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.calendars import Calendar, Holidays, Hours
from contracts.moments import SECOND, micros, rfc3339
from contracts.wallclock import EARLIEST, LATEST, BeyondTimeError
from contracts.worktime import ByHours, NeverOpensError, Worktime, worktime

HOUR = 3600 * SECOND
DAY = 24 * HOUR
OFFICE = ((480, 960),)
ROUND = ((0, 1440),)
NONE = Holidays()


def us(text: str) -> int:
    return micros(dt.datetime.fromisoformat(text))


def office(zone: str = "Europe/Warsaw", *, holidays: Holidays = NONE, **days: tuple[tuple[int, int], ...]) -> Worktime:
    hours = Hours(**days) if days else Hours(OFFICE, OFFICE, OFFICE, OFFICE, OFFICE)
    return worktime(Calendar("c", zone, hours, holidays), "UTC")


def test_work_that_ends_at_closing_time_is_due_then() -> None:
    friday = us("2026-01-09T15:00:00+01:00")
    assert office().after(friday, HOUR) == us("2026-01-09T16:00:00+01:00")
    assert office().after(friday, HOUR + 1) == us("2026-01-12T08:00:00.000001+01:00")
    assert office().after(friday, 0) == friday


def test_nothing_passes_outside_hours() -> None:
    saturday = us("2026-01-10T12:00:00+01:00")
    assert office().between(saturday, saturday + DAY) == 0
    assert office().after(saturday, 1) == us("2026-01-12T08:00:00.000001+01:00")
    assert not office().is_open(saturday)
    assert office().between(saturday + DAY, saturday) == 0


def test_closing_time_itself_is_not_open() -> None:
    assert office().is_open(us("2026-01-09T08:00:00+01:00"))
    assert not office().is_open(us("2026-01-09T16:00:00+01:00"))


@pytest.mark.parametrize("sunday, hours", [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-18", 24)])
def test_a_day_of_a_time_change_has_an_hour_less_or_more(sunday: str, hours: int) -> None:
    noon = us(f"{sunday}T12:00:00Z")
    assert office(sun=ROUND).between(noon - DAY, noon + DAY) == hours * HOUR
    opens = office(sun=ROUND).after(noon - DAY, 1) - 1
    assert office(sun=ROUND).after(opens, hours * HOUR) == office(sun=ROUND).end_of_day(noon) == opens + hours * HOUR


def test_hours_in_the_hour_that_is_left_out_take_no_time_and_the_day_still_works() -> None:
    w = office(sun=((120, 180),), mon=OFFICE)
    change = us("2026-03-29T01:00:00+00:00")
    assert w.between(change - DAY, change + DAY // 4) == 0
    assert w.day(change - DAY, 1, end_of_day=True) == change


def test_an_ambiguous_opening_is_early_and_a_closing_late() -> None:
    w = office(sun=((150, 170),))
    (first, last), *_ = itertools.islice(w.intervals(us("2026-10-24T00:00:00+00:00")), 1)
    assert (rfc3339(first), rfc3339(last)) == ("2026-10-25T00:30:00Z", "2026-10-25T01:50:00Z")


def test_hours_that_overlap_count_once_also_where_only_the_change_makes_them_overlap() -> None:
    assert (
        office(mon=((480, 720), (600, 960))).between(us("2026-01-05T00:00:00Z"), us("2026-01-06T00:00:00Z")) == 8 * HOUR
    )
    # closing 2:15, the second one, comes after opening 2:45, the first one
    w = office(sun=((60, 135), (165, 240)))
    assert w.between(us("2026-10-25T00:00:00+02:00"), us("2026-10-25T12:00:00+01:00")) == 4 * HOUR


def test_the_start_of_days_at_a_time_that_comes_twice_is_the_later_one() -> None:
    always = worktime(None, "Europe/Warsaw")
    assert always.day(us("2026-10-24T02:30:00+02:00"), 1) == us("2026-10-25T02:30:00+01:00")
    assert always.day(us("2026-03-28T02:30:00+01:00"), 1) == us("2026-03-29T01:00:00Z")


def test_days_are_those_of_the_wall_clock() -> None:
    always = worktime(None, "Asia/Kathmandu")
    evening = us("2026-01-07T18:20:00Z")  # five past midnight there
    assert always.day(evening, 1, end_of_day=True) == us("2026-01-10T00:00:00+05:45")
    assert worktime(None, "UTC").day(evening, 1, end_of_day=True) == us("2026-01-09T00:00:00Z")


def test_a_named_calendar_without_hours_is_always_on_its_own_wall_clock() -> None:
    named = worktime(Calendar("c", "Asia/Tokyo"), "Europe/Warsaw")
    moment = us("2026-01-07T20:00:00Z")
    assert named.always
    assert named.end_of_day(moment) == us("2026-01-09T00:00:00+09:00")
    assert named.between(moment, moment + 5) == 5
    assert worktime(None, "Europe/Warsaw").end_of_day(moment) == us("2026-01-08T00:00:00+01:00")


def test_a_date_that_a_zone_skipped_counts_and_is_the_instant_of_the_change() -> None:
    change = us("2011-12-30T10:00:00Z")
    thursday = us("2011-12-29T12:00:00-10:00")
    assert worktime(None, "Pacific/Apia").day(thursday, 1) == change
    assert worktime(None, "Pacific/Apia").day(thursday, 2) == us("2011-12-31T12:00:00+14:00")
    assert office("Pacific/Apia").between(thursday, thursday + 2 * DAY) == 4 * HOUR
    assert office("Pacific/Apia").day(thursday, 1) == change


def test_holidays_are_no_working_days() -> None:
    w = office(holidays=Holidays(add=(dt.date(2026, 1, 12),)))
    friday = us("2026-01-09T15:00:00+01:00")
    assert w.day(friday, 1) == us("2026-01-13T15:00:00+01:00")
    assert w.after(friday, 2 * HOUR) == us("2026-01-13T09:00:00+01:00")


@pytest.mark.parametrize(
    "moment, end",
    [
        ("2026-01-09T12:00:00+01:00", "2026-01-09T16:00:00+01:00"),
        ("2026-01-09T16:00:00+01:00", "2026-01-09T16:00:00+01:00"),
        ("2026-01-09T00:00:00+01:00", "2026-01-09T16:00:00+01:00"),
        ("2026-01-09T16:00:01+01:00", "2026-01-12T16:00:00+01:00"),
        ("2026-01-10T12:00:00+01:00", "2026-01-12T16:00:00+01:00"),
    ],
)
def test_a_day_ends_at_its_last_closing(moment: str, end: str) -> None:
    assert office().end_of_day(us(moment)) == us(end)


def test_midnight_is_the_end_of_the_day_before() -> None:
    midnight = us("2026-01-10T00:00:00+01:00")
    assert worktime(None, "Europe/Warsaw").end_of_day(midnight) == midnight
    assert worktime(None, "Europe/Warsaw").end_of_day(midnight + 1) == midnight + DAY
    assert office(fri=ROUND, sat=OFFICE).end_of_day(midnight) == midnight
    assert office(fri=OFFICE, sat=OFFICE).end_of_day(midnight) == midnight + 16 * HOUR


def test_what_was_asked_first_does_not_matter() -> None:
    """Years are laid out as they are asked for, on either side."""
    moments = [us(f"{year}-06-03T12:00:00Z") for year in (2026, 1969, 2041, 2024)]
    fresh = {a: {b: office("Asia/Tokyo", mon=OFFICE).between(a, b) for b in moments} for a in moments}
    for order in itertools.permutations(moments, 3):
        worktime.cache_clear()
        w = office("Asia/Tokyo", mon=OFFICE)
        for a, b in itertools.pairwise(order):
            assert w.between(a, b) == fresh[a][b]
            assert w.after(a, w.between(a, max(order))) <= max(order)


def test_leap_days_and_years_before_1970_are_days() -> None:
    assert (
        office().between(us("1924-02-25T00:00:00Z"), us("1924-03-02T00:00:00Z")) == 5 * 8 * HOUR
    )  # Monday to Saturday
    assert worktime(None, "UTC").day(us("1968-02-28T10:00:00Z"), 1) == us("1968-02-29T10:00:00Z")


@pytest.mark.parametrize("w", [worktime(None, "Europe/Warsaw"), office()])
def test_near_the_ends_of_time_there_is_a_clear_error(w: Worktime) -> None:
    with pytest.raises(BeyondTimeError, match="year 9999"):
        w.after(LATEST - DAY, 10**18)
    with pytest.raises(BeyondTimeError):
        w.after(us("2026-01-01T00:00:00Z"), 10**18)
    with pytest.raises(BeyondTimeError):
        w.day(us("9999-12-27T00:00:00Z"), 5)
    with pytest.raises(BeyondTimeError):
        w.end_of_day(us("9999-12-31T23:00:00Z"))
    with pytest.raises(BeyondTimeError):
        w.day(us("0001-01-01T00:00:00Z"), 1)
    with pytest.raises(BeyondTimeError):
        next(w.intervals(us("0001-01-01T00:00:00Z")))
    assert w.after(EARLIEST, HOUR) < EARLIEST + 7 * DAY


def test_a_calendar_that_does_not_open_for_ten_years_is_not_waited_for() -> None:
    opened = dt.date(2026, 1, 5).toordinal()
    w = ByHours(lambda day: ((0, HOUR),) if day == opened else (), worktime(None, "UTC").wall)
    start = us("2026-01-01T00:00:00Z")
    assert w.after(start, HOUR) == us("2026-01-05T01:00:00Z")
    with pytest.raises(NeverOpensError):
        w.after(start, HOUR + 1)
    assert w.day(start, 1) == us("2026-01-05T00:00:00Z")
    with pytest.raises(NeverOpensError):
        w.day(start, 2)
    assert list(w.intervals(start)) == [(us("2026-01-05T00:00:00Z"), us("2026-01-05T01:00:00Z"))]


def test_hours_round_the_clock_come_in_pieces_of_years_and_miss_nothing() -> None:
    w = office("Europe/Warsaw", mon=ROUND, tue=ROUND, wed=ROUND, thu=ROUND, fri=ROUND, sat=ROUND, sun=ROUND)
    start = us("2026-01-01T00:00:00Z")
    pieces = list(itertools.islice(w.intervals(start), 3))
    assert pieces[0][0] == start
    assert all(a[1] == b[0] for a, b in itertools.pairwise(pieces))
    assert w.between(start, pieces[-1][1]) == pieces[-1][1] - start


def test_the_same_calendar_is_made_ready_once() -> None:
    assert office("Asia/Tokyo") is office("Asia/Tokyo")


def test_threads_may_ask_the_same_calendar_about_different_times() -> None:
    starts = [us(f"{year}-06-03T12:00:00Z") for year in (1975, 2026, 1990, 2050, 2010, 2035, 2300, 1700)]
    lengths = [hours * HOUR for hours in (1, 100, 10_000)]
    asked = list(itertools.product(starts, lengths))
    alone = [office("Asia/Tokyo").after(start, length) for start, length in asked]
    for _ in range(5):
        worktime.cache_clear()
        w = office("Asia/Tokyo")
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(w.after, *zip(*asked, strict=True))) == alone
