"""Values of calendars and lengths: what is read, and what is refused with what advice."""

from __future__ import annotations

import contextlib
import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.agreements import AgreementError, parse
from contracts.calendars import (
    Calendar,
    CalendarError,
    Holidays,
    Hours,
    did_you_mean,
    read_country,
    read_date,
    read_span,
    read_zone,
    subdivision_of,
)
from contracts.lengths import LONGEST_DAYS, LONGEST_SECONDS, Days, LengthError, Seconds, read_seconds, read_target
from tests.unit.contracts.broken import BROKEN_CALENDARS, calendar

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.lists(st.text())


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("PT4H", 14_400),
        ("PT1H30M", 5_400),
        ("PT90S", 90),
        ("PT1M1S", 61),
        ("PT1H1S", 3_601),
        ("PT0H90M", 5_400),
        ("PT04H", 14_400),
        ("PT000000000000000000001S", 1),
        ("PT876600H", LONGEST_SECONDS),
    ],
)
def test_a_length_is_whole_seconds(text: str, seconds: int) -> None:
    assert read_seconds(text) == seconds
    assert read_target(text) == Seconds(seconds)


@pytest.mark.parametrize("text, days", [("P14D", 14), ("P1D", 1), ("P007D", 7), ("P36525D", LONGEST_DAYS)])
def test_a_target_may_be_days(text: str, days: int) -> None:
    assert read_target(text) == Days(days)


@pytest.mark.parametrize(
    "text, advice",
    [
        ("PT0.5H", "whole numbers"),
        ("PT0,5H", "whole numbers"),
        ("-PT4H", "never negative"),
        ("PT-4H", "never negative"),
        ("P-1D", "never negative"),
        ("P1DT4H", "do not mix"),
        ("P2W", "weeks"),
        ("P1M", "months"),
        ("P1Y2M3D", "years"),
        ("PT0S", "longer than nothing"),
        ("PT0H0M0S", "longer than nothing"),
        ("P0D", "longer than nothing"),
        ("PT876600H1S", "too long"),
        ("P36526D", "too long"),
        ("PT" + "9" * 5000 + "H", "too long"),
        ("P" + "9" * 5000 + "D", "too long"),
        *((text, "such as PT4H") for text in ("", "P", "PT", "4h", "pt4h", "PT4", "PT4M1H", " PT4H", "PT4H\n", "PT٤H")),
        (14_400, "must be text"),
        (None, "must be text"),
        (True, "must be text"),
    ],
)
def test_what_is_no_target_is_refused_with_advice(text: object, advice: str) -> None:
    with pytest.raises(LengthError, match=advice):
        read_target(text)


def test_a_length_without_a_calendar_has_no_days() -> None:
    with pytest.raises(LengthError, match="PT48H"):
        read_seconds("P2D")


def test_nothing_is_a_length_only_where_it_is_asked_for() -> None:
    assert read_seconds("PT0S", zero=True) == 0
    with pytest.raises(LengthError, match="longer than nothing"):
        read_seconds("PT0S")


@given(ANYTHING | st.from_regex(r"-?P[0-9.]*[DWMY]?T?([0-9.,]+[HMS])*", fullmatch=True))
def test_any_value_is_a_length_or_refused(value: object) -> None:
    try:
        length = read_target(value)
    except LengthError:
        return
    assert 0 < (length.seconds if isinstance(length, Seconds) else length.days) <= LONGEST_SECONDS


@pytest.mark.parametrize(
    "text, span",
    [("08:00-16:30", (480, 990)), ("00:00-24:00", (0, 1440)), ("23:59-24:00", (1439, 1440)), ("00:00-00:01", (0, 1))],
)
def test_a_span_is_minutes_since_midnight(text: str, span: tuple[int, int]) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize(
    "text, advice",
    [
        ("16:00-08:00", "end after it starts"),
        ("22:00-06:00", "two spans"),
        ("08:00-08:00", "end after it starts"),
        ("08:00-00:00", "end after it starts"),
        *(
            (text, 'such as "08:00-16:30"')
            for text in (
                "24:00-24:00",
                "8:00-16:00",
                "08:00-24:01",
                "08:00-25:00",
                "08:60-09:00",
                "08:00 - 16:00",
                "08:00\u201316:00",
                "0800-1600",
                "08:00-16:00\n",
                "٠٨:00-16:00",
                "",
                8,
                None,
                ["08:00", "16:00"],
            )
        ),
    ],
)
def test_what_is_no_span_is_refused_with_advice(text: object, advice: str) -> None:
    with pytest.raises(CalendarError, match=advice):
        read_span(text)


@pytest.mark.parametrize(
    "zone", ["Europe/Warsaw", "UTC", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Etc/GMT+5"]
)
def test_a_zone_is_an_iana_name(zone: str) -> None:
    assert read_zone(zone) == zone


@pytest.mark.parametrize(
    "zone",
    [
        "Europe",
        "Europe/Nowhere",
        "../etc/passwd",
        "/usr/share/zoneinfo/UTC",
        "Europe/../Europe/Warsaw",
        "",
        "Europe/Warsaw\0",
        "Europe/Warsaw\n",
        "x" * 10_000,
        "\udc80",
        "+01:00",
        "localtime",
        "Factory",
        "posixrules",
        1,
        None,
        ["UTC"],
    ],
)
def test_what_is_no_zone_is_refused(zone: object) -> None:
    with pytest.raises(CalendarError, match="Europe/Warsaw"):
        read_zone(zone)


def test_a_near_miss_is_named() -> None:
    with pytest.raises(CalendarError, match=r'did you mean "Europe/Warsaw"\?'):
        read_zone("Europe/Warszaw")
    with pytest.raises(CalendarError, match=r'did you mean "Europe/Warsaw"\?'):
        read_zone("EUROPE/WARSAW")
    with pytest.raises(CalendarError, match=r'did you mean "PL"\?'):
        read_country("pl")
    assert did_you_mean("zzzzzz", ["name", "target"]) == ""


def test_countries_and_subdivisions_are_those_whose_holidays_are_known() -> None:
    assert read_country("PL") == "PL"
    assert subdivision_of("DE")("BY") == "BY"
    with pytest.raises(CalendarError, match=r"no such subdivision of DE.*BW, BY"):
        subdivision_of("DE")("Bayern")
    with pytest.raises(CalendarError, match="needs the country"):
        subdivision_of(None)("BY")
    with pytest.raises(CalendarError, match="no subdivisions are known of HK"):
        subdivision_of("HK")("X")
    with pytest.raises(CalendarError, match="no such subdivision of DE"):
        subdivision_of("DE")(["BY"])


@pytest.mark.parametrize("country", ["POL", "Poland", "XX", "", "P L", "NYSE", 48, None, ["PL"]])
def test_a_country_has_one_name_only(country: object) -> None:
    with pytest.raises(CalendarError, match="PL"):
        read_country(country)


def test_a_date_has_no_time_of_day() -> None:
    assert read_date(dt.date(2026, 5, 2)) == dt.date(2026, 5, 2)
    for value in (dt.datetime(2026, 5, 2, tzinfo=dt.UTC), "2026-05-02", 20260502, None):
        with pytest.raises(CalendarError, match="must be a date"):
            read_date(value)


@settings(deadline=None)  # the first country loads the library
@given(ANYTHING)
def test_any_value_is_read_or_refused(value: object) -> None:
    for read in (read_zone, read_span, read_country, read_date, subdivision_of("DE"), subdivision_of(None)):
        with contextlib.suppress(CalendarError):
            assert read(value)


def test_a_calendar_survives_json() -> None:
    calendar = Calendar(
        "office",
        "Europe/Warsaw",
        Hours(mon=((480, 720), (750, 990)), sun=((0, 1440),)),
        Holidays("PL", None, (dt.date(2026, 5, 2),), (dt.date(2026, 1, 6),)),
    )
    assert msgspec.json.decode(msgspec.json.encode(calendar), type=Calendar) == calendar
    assert len({calendar, msgspec.json.decode(msgspec.json.encode(calendar), type=Calendar)}) == 1


# ---------------------------------------------------------------------------------------------------------------------
# The tables [calendar.NAME] of a file


def only(text: str) -> Calendar:
    (agreement,) = parse(text).agreements
    (one,) = agreement.calendars
    return one


def test_a_calendar_may_be_open_around_the_clock() -> None:
    assert only(calendar("")).hours is None
    spans = only(calendar('hours = { sun = ["00:00-24:00"] }')).hours
    assert spans == Hours(sun=((0, 1440),))


def test_own_holidays_need_no_country() -> None:
    text = calendar('hours = { mon = ["08:00-16:00"] }\nholidays = { add = [2026-05-02] }')
    assert only(text).holidays == Holidays(add=(dt.date(2026, 5, 2),))


@pytest.mark.parametrize("text, place, right", BROKEN_CALENDARS)
def test_what_is_wrong_in_a_calendar_is_refused_with_its_place(text: str, place: str, right: str) -> None:
    with pytest.raises(AgreementError) as caught:
        parse(text)
    assert [problem.place for problem in caught.value.problems] == [place]
    assert right in caught.value.problems[0].right
