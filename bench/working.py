"""Working time: microseconds for a day and for ten years, and against stepping from day to day."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.agreements import parse
from contracts.calendars import WEEKDAYS, Calendar, days_off
from contracts.moments import micros, moment
from contracts.worktime import worktime

TERMS = """
effective = 2026-01-01
[calendar.office]
zone = "Europe/Warsaw"
hours = { mon = ["08:00-12:00", "12:30-16:30"], tue = ["08:00-16:00"], thu = ["08:00-16:00"], fri = ["08:00-14:00"] }
holidays = { country = "PL" }
[agreement.standard]
clock = [{ name = "c", target = "PT1H", calendar = "office", starts = "filed", stops = "closed" }]
"""
START = datetime(2026, 1, 8, 9, 17, tzinfo=UTC)  # a Thursday
DAY, TEN_YEARS = timedelta(days=1), timedelta(days=3_652)


class DayByDay:
    """The same calendar, plainly: one day after the other, each opening and closing by `zoneinfo`."""

    def __init__(self, calendar: Calendar) -> None:
        self._zone = ZoneInfo(calendar.zone)
        self._hours = [getattr(calendar.hours, day) for day in WEEKDAYS]
        self._off = set(days_off(calendar.holidays))

    def _openings(self, day: date) -> list[tuple[datetime, datetime]]:
        if day in self._off:
            return []
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return [
            ((midnight + timedelta(minutes=start)).astimezone(UTC), (midnight + timedelta(minutes=end)).astimezone(UTC))
            for start, end in self._hours[day.weekday()]
        ]

    def between(self, start: datetime, end: datetime) -> timedelta:
        day, total = start.astimezone(self._zone).date(), timedelta()
        while day <= end.astimezone(self._zone).date():
            for opening, closing in self._openings(day):
                total += max(min(end, closing) - max(start, opening), timedelta())
            day += DAY
        return total

    def after(self, start: datetime, length: timedelta) -> datetime:
        day = start.astimezone(self._zone).date()
        while True:
            for opening, closing in self._openings(day):
                here = max(start, opening)
                if closing - here >= length:
                    return here + length
                length -= max(closing - here, timedelta())
            day += DAY


def main() -> None:
    """A day and ten years, by both."""
    (calendar,) = parse(TERMS).agreements[0].calendars
    plain, ready = DayByDay(calendar), worktime(calendar, "UTC")
    start = micros(START)
    began = time.perf_counter()
    ready.between(start, micros(START + TEN_YEARS))
    laid_out = time.perf_counter() - began
    print("working time, µs a question (at most 10.0; ten years at most 1.50 of a day)")
    spans = (DAY, TEN_YEARS)
    lengths = [plain.between(START, START + span) for span in spans]
    for name, asked, told in (
        ("time between", ready.between, plain.between),
        ("deadline", ready.after, plain.after),
    ):
        ends = [START + span for span in spans] if name == "time between" else lengths
        day, years = _costs(asked, start, [_whole(end) for end in ends], 2_000)
        (stepped,) = _costs(told, START, ends[1:], 1)
        print(
            f"  {name:<13} a day {day:5.2f}   ten years {years:5.2f}   ratio {years / day:4.2f}   "
            f"day by day, ten years {stepped:8.0f}   ratio {stepped / years:7.0f}"
        )
    assert ready.between(start, _whole(START + TEN_YEARS)) == _whole(lengths[1])
    assert moment(ready.after(start, _whole(lengths[1]))) == plain.after(START, lengths[1])
    print(f"  both agree; laying out ten years, once: {laid_out * 1e3:.0f} ms")


def _whole(value: datetime | timedelta) -> int:
    return micros(value) if isinstance(value, datetime) else value // timedelta(microseconds=1)


def _costs(question: Callable[[Any, Any], object], start: object, others: list[Any], times: int) -> list[float]:
    """Microseconds a question, for each: the best of many rounds taken in turn, since others use the machine too."""
    best = [float("inf")] * len(others)
    for _ in range(60 if times > 1 else 9):
        for n, other in enumerate(others):
            began = time.perf_counter()
            for _ in range(times):
                question(start, other)
            best[n] = min(best[n], time.perf_counter() - began)
    return [seconds / times * 1e6 for seconds in best]
