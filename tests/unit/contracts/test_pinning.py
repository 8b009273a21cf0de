"""Holidays are pinned into a version: whole, compact, the same everywhere, and read without any holiday data."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import holidays
import msgspec
import pytest

from contracts import pinning
from contracts.agreements import LARGEST, Agreement, AgreementError, parse
from contracts.calendars import Calendar, Holidays, Hours, days_off, idle_from
from contracts.moments import micros, rfc3339
from contracts.pinning import FIRST_YEAR, LAST_YEAR, Holiday, Pinned, pinned, unfolded
from contracts.worktime import worktime

TERMS = """
effective = 2026-01-01
[calendar.office]
zone = "Europe/Warsaw"
hours = { mon = ["08:00-16:00"], tue = ["08:00-16:00"], wed = ["08:00-16:00"], thu = ["08:00-16:00"], fri = ["08:00-16:00"] }
holidays = { country = "PL", add = [2026-05-02], remove = [2026-01-06] }
[agreement.standard]
[[agreement.standard.clock]]
name = "resolve"
target = "PT16H"
calendar = "office"
starts = "filed"
stops = "closed"
"""  # noqa: E501
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)


@pytest.mark.parametrize(
    "country, part", [("PL", None), ("DE", "BY"), ("US", None), ("JP", None), ("IR", None), ("AU", "VIC")]
)
def test_every_day_and_name_of_a_country_is_there(country: str, part: str | None) -> None:
    language = "en_US" if "en_US" in holidays.country_holidays(country).supported_languages else None
    known = holidays.country_holidays(country, subdiv=part, years=YEARS, language=language)
    assert unfolded(pinned(country, part)) == {day: name for day, name in known.items() if day.year in YEARS}


@pytest.mark.parametrize("country", ["PL", "IR", "MV", "MM", "CN", "US"])
def test_they_are_far_smaller_than_an_event_may_be(country: str) -> None:
    assert len(msgspec.json.encode(pinned(country))) < 40_000


def test_they_do_not_depend_on_the_machines_language() -> None:
    code = (
        "import msgspec; from contracts.pinning import pinned; print(hash(msgspec.json.encode(pinned('DE')).decode()))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"LANGUAGE": language, "PYTHONHASHSEED": "0"},
            capture_output=True,
            check=True,
        ).stdout
        for language in ("de", "uk", "C")
    }
    assert len(told) == 1


def test_a_country_whose_days_are_known_for_some_years_only_is_pinned_for_those(recwarn: Any) -> None:
    days = unfolded(pinned("AF"))
    assert days
    assert not recwarn.list


def test_days_are_written_as_runs_of_years() -> None:
    days = [dt.date(year, 12, 25) for year in (1999, 2000, 2001, 2005)] + [dt.date(2000, 2, 29)]
    text = pinning._folded(days)
    assert text == "1999/2001-12-25 2000-02-29 2005-12-25"
    assert sorted(unfolded(Pinned(1999, 2005, (Holiday("x", text),)))) == sorted(days)


def test_a_calendar_has_its_days_with_their_names() -> None:
    (calendar,) = parse(TERMS).agreements[0].calendars
    off = days_off(calendar.holidays)
    assert off[dt.date(2026, 12, 25)] == "Christmas Day"
    assert off[dt.date(2026, 5, 2)] == "added"
    assert dt.date(2026, 1, 6) not in off
    assert dt.date(2025, 12, 24) in off  # since 2025
    assert dt.date(2024, 12, 24) not in off
    assert list(off) == sorted(off)


def test_recorded_terms_are_reckoned_with_without_holiday_data() -> None:
    recorded = msgspec.json.encode(parse(TERMS).agreements[0])
    code = f"""
import sys
sys.modules["holidays"] = None  # importing it fails
import msgspec
from contracts.agreements import Agreement
from contracts.worktime import worktime
agreement = msgspec.json.decode({recorded!r}, type=Agreement)
print(worktime(agreement.calendars[0], agreement.zone).after({micros(dt.datetime(2026, 12, 24, 14, tzinfo=dt.UTC))}, 1))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert rfc3339(int(said)) == "2026-12-28T07:00:00.000001Z"


def test_a_newer_release_moves_nothing_that_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    old = msgspec.json.decode(msgspec.json.encode(parse(TERMS).agreements[0]), type=Agreement)
    newer = msgspec.structs.replace(pinned("PL"), days=(Holiday("Day of Rest", "2026-03-02"),))
    monkeypatch.setattr("contracts.calendars.pinned", lambda *_: newer)
    new = parse(TERMS).agreements[0]
    start = micros(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    due = [rfc3339(worktime(terms.calendars[0], "UTC").after(start, 1)) for terms in (old, new)]
    assert due == ["2026-03-02T07:00:00.000001Z", "2026-03-03T07:00:00.000001Z"]
    assert old != new


def test_an_agreement_that_no_event_could_hold_is_refused() -> None:
    texts, clocks = [], []
    for n in range(8):
        texts.append(f'[calendar.c{n}]\nzone = "UTC"\nhours.mon = ["08:00-16:00"]\nholidays.country = "IR"\n')
        clocks.append(
            f'[[agreement.a.clock]]\nname = "n{n}"\ntarget = "P1D"\ncalendar = "c{n}"\n'
            'starts = "filed"\nstops = "closed"\n'
        )
    head = "effective = 2026-01-01\n"
    with pytest.raises(AgreementError, match=rf"agreement\.a: .*at most {LARGEST // 1024} KB"):
        parse(head + "".join(texts) + "[agreement.a]\n" + "".join(clocks))
    assert len(parse(head + "".join(texts) + "[agreement.a]\n" + "".join(clocks[:4])).agreements) == 1


def test_a_calendar_that_does_not_open_for_ten_years_is_idle_from_the_first_of_them() -> None:
    sundays = Hours(sun=((480, 960),))
    every = " ".join(
        day.isoformat() for day in (dt.date(2030, 1, 6) + dt.timedelta(weeks=n) for n in range(523)) if day.year < 2041
    )
    calendar = Calendar("c", "UTC", sundays, Holidays("PL", pinned=Pinned(1950, 2100, (Holiday("Sunday", every),))))
    assert idle_from(calendar, dt.date(2026, 1, 1)) == dt.date(2029, 12, 31)
    assert idle_from(calendar, dt.date(2031, 1, 1)) is None
    assert idle_from(Calendar("c", "UTC", sundays), dt.date(9999, 1, 1)) is None
    assert idle_from(Calendar("c", "UTC"), dt.date(2026, 1, 1)) is None
