"""Working time is what somebody finds who looks at every minute, in any zone (the domain page, section 6)."""

from __future__ import annotations

import itertools
import zoneinfo
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from contracts.calendars import WEEKDAYS, Calendar, Holidays, Hours
from contracts.moments import micros, moment
from contracts.worktime import Worktime, worktime

from .plain_time import PlainTime, Week, tick

SPECIAL = [
    ("Pacific/Apia", date(2011, 12, 30)),  # a Friday that never was
    ("Pacific/Kwajalein", date(1993, 8, 21)),  # a Saturday that never was
    ("Pacific/Kwajalein", date(1969, 9, 30)),  # 23 hours twice
    ("Asia/Kathmandu", date(1986, 1, 1)),  # from 5:30 to 5:45
    ("Pacific/Chatham", date(2026, 4, 5)),  # 12:45 and 13:45
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Caracas", date(2016, 5, 1)),
    ("Asia/Pyongyang", date(2018, 5, 5)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # no midnight
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Havana", date(2026, 11, 1)),  # two midnights
    ("America/Havana", date(2026, 3, 8)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("Antarctica/Troll", date(2026, 10, 25)),
    ("Europe/London", date(1947, 4, 13)),  # double summer time
    ("Europe/London", date(1968, 2, 18)),
    ("Europe/Warsaw", date(1944, 10, 4)),
    ("Europe/Warsaw", date(2026, 3, 29)),
    ("Europe/Warsaw", date(2026, 10, 25)),
    ("America/New_York", date(2087, 11, 2)),  # beyond what zone files list
    ("Asia/Gaza", date(2026, 3, 28)),
    ("UTC", date(2024, 2, 29)),
    ("UTC", date(1969, 12, 31)),
    ("Asia/Almaty", date(2024, 2, 29)),  # an hour of the leap day twice
    ("Australia/Eucla", date(2009, 3, 29)),  # 8:45 and 9:45
    ("Pacific/Chatham", date(2023, 9, 24)),
    ("Asia/Beirut", date(2026, 3, 29)),  # no midnight
    ("Asia/Tehran", date(1979, 9, 18)),
    ("America/Scoresbysund", date(2024, 3, 31)),  # another zone and summer time at once: as before
    ("Africa/Monrovia", date(1972, 1, 7)),  # 44 minutes and a half
    ("Europe/Amsterdam", date(1937, 7, 1)),  # 28 seconds
]
DAYS, LEAD = 16, 7
EXAMPLES = 90
YEAR = timedelta(days=364)  # what is laid out at once begins at a whole number of them from 1970 on


def test_working_time_is_what_the_minutes_say() -> None:
    zones, came = sorted(zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"}), Counter[str]()
    for seed in range(EXAMPLES):
        r = Random(seed)
        zone, day = SPECIAL[seed] if seed < len(SPECIAL) else somewhere(r, zones)
        begin = day - timedelta(days=LEAD)
        week, off = a_week(r), some_days(r, day)
        plain = PlainTime(zone, week, off, begin, DAYS)
        came["a change"] += bool(plain.changes)
        came["a change on a holiday"] += any(plain.shown[n - 1][0] in off for n in plain.changes)
        same(r, ready(zone, week, off), plain, (seed, zone, day, week, off), came)
    assert came["a change"] > EXAMPLES // 2
    assert min(came[what] for what in ("a change on a holiday", "days to a time shown twice", "never shown")) > 9, came


def same(r: Random, reckoned: Worktime, plain: PlainTime, told: object, came: Counter[str]) -> None:
    for far in r.choice([(), (), (1,), (-1,), (-2, 3), (300,)]):  # laid out from there on, or anew
        reckoned.is_open(micros(plain.ticks[0] + far * YEAR))
    for _ in range(6):
        start = instant(r, plain, 3, 9)
        end = instant(r, plain, 3, 12)
        assert us(reckoned.between(micros(start), micros(end))) == plain.between(start, end), (told, start, end)
        length = r.choice([plain.between(start, end), timedelta(hours=r.randint(0, 30), microseconds=r.randint(0, 5))])
        if (due := plain.after(start, length)) is not None:
            assert moment(reckoned.after(micros(start), micros_of(length))) == due, (told, start, length)
        n = (start - plain.ticks[0]) // plain.tick
        assert reckoned.is_open(micros(start)) is plain.open[n], (told, start)
    if all(not hours for hours in (plain.week or {0: [(0, 1)]}).values()):
        return
    for _ in range(6):
        (start, days), ends = days_on(r, plain), r.random() < 0.3
        if sum(plain.works(day) for day in {day for day, _ in plain.shown} if day > start.date()) > days + 3:
            due = plain.day(start, days, end_of_day=ends)
            times = plain.times_shown(*plain.wall_after(start, days))
            came["days to a time shown twice" if times > 1 else "never shown" if not times else ""] += not ends
            assert moment(reckoned.day(micros(start), days, end_of_day=ends)) == due, (told, start, days, ends)
            start = r.choice([start, due])
            assert moment(reckoned.end_of_day(micros(start))) == plain.end_of_day(start), (told, start)
    start = instant(r, plain, 3, 9)
    runs = list(plain.intervals(start))
    found = itertools.islice(reckoned.intervals(micros(start)), len(runs))
    assert [(moment(first), moment(last)) for first, last in found] == runs, (told, start)


@pytest.mark.parametrize("seed", range(15))
def test_a_deadline_and_the_time_to_it_agree_over_years(seed: int) -> None:
    """For spans that nobody wants to walk through: the two ways to reckon have to fit, and parts make the whole."""
    r = Random(seed)
    zone, _ = somewhere(r, sorted(zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"}))
    reckoned = ready(zone, a_week(r), some_days(r, date(2020, 1, 1)))
    moments = sorted(micros(datetime(1930, 1, 1, tzinfo=UTC)) + r.randrange(4 * 10**15) for _ in range(12))
    r.shuffle(moments)
    for three in zip(moments, moments[1:], moments[2:], strict=False):
        a, b, c = sorted(three)
        assert reckoned.between(a, b) + reckoned.between(b, c) == reckoned.between(a, c)
        due = reckoned.after(a, reckoned.between(a, c))
        assert due <= c
        assert reckoned.between(a, due) == reckoned.between(a, c)
        assert due == a or reckoned.between(a, due - 1) < reckoned.between(a, c)


def ready(zone: str, week: Week | None, off: set[date]) -> Worktime:
    hours = None if week is None else Hours(**{day: tuple(week.get(n, ())) for n, day in enumerate(WEEKDAYS)})
    return worktime(Calendar("c", zone, hours, Holidays(add=tuple(sorted(off)))), "UTC")


def a_week(r: Random) -> Week | None:
    if r.random() < 0.15:
        return None
    week: Week = {}
    for day in range(7):
        if r.random() < 0.8:
            kind = r.random()
            if kind < 0.2:
                week[day] = [(0, 1440)]
            elif kind < 0.3:  # at and between the hours at which clocks are changed
                edges = sorted(r.sample((0, 30, 60, 90, 119, 120, 121, 150, 180, 240, 1380, 1410, 1440), 4))
                week[day] = [(edges[0], edges[1]), (edges[r.choice((1, 2))], edges[3])]
            elif kind < 0.4:
                week[day] = [(0, r.randint(1, 240))]
            elif kind < 0.5:
                week[day] = [(r.randint(1200, 1439), 1440)]
            else:
                week[day] = [tuple(sorted(r.sample(range(1441), 2))) for _ in range(r.randint(1, 3))]  # type: ignore[misc]
    return week or {0: [(60, 180)]}


def some_days(r: Random, around: date) -> set[date]:
    """Sometimes the day itself: then mostly one of a change."""
    return {around + timedelta(days=r.choice([0, r.randint(-4, 6)])) for _ in range(r.choice([0, 0, 1, 3]))}


def somewhere(r: Random, zones: list[str]) -> tuple[str, date]:
    """A zone, and mostly a day on which its offset changes; not where offsets have seconds."""
    while True:
        zone = r.choice(zones)
        begin = date(r.choice([r.randint(1890, 2100), r.randint(2000, 2030)]), r.randint(1, 12), r.randint(1, 28))
        if r.random() < 0.1:
            day = date(1970, 1, 1) + (begin - date(1970, 1, 1)) // YEAR * YEAR
            if whole(zone, day):
                return zone, day
        for n in range(300):
            day = begin + timedelta(days=n)
            if len(set(offsets(zone, day, 2))) > 1 and whole(zone, day):
                return zone, day


def whole(zone: str, day: date) -> bool:
    """Whether all offsets around it are whole minutes."""
    return tick(zone, day - timedelta(days=LEAD), DAYS) == timedelta(minutes=1)


def offsets(zone: str, begin: date, days: int) -> list[timedelta | None]:
    first = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    return [(first + timedelta(days=n)).astimezone(ZoneInfo(zone)).utcoffset() for n in range(days)]


def instant(r: Random, plain: PlainTime, first: int, last: int) -> datetime:
    """Some instant in these days: a whole minute (often one at which hours begin or end), or any microsecond."""
    day = timedelta(days=1) // plain.tick
    n = r.randrange(first * day, last * day)
    if r.random() < 0.4:
        n = next((m for m in range(n, last * day) if plain.open[m] != plain.open[m - 1]), n)
    return plain.ticks[n] + timedelta(microseconds=r.choice([0, 0, r.randrange(plain.tick // us(1))]))


def days_on(r: Random, plain: PlainTime) -> tuple[datetime, int]:
    """An instant and so many working days: often to the day of a change, to about the time of it."""
    if not plain.changes or r.random() < 0.3:
        return instant(r, plain, 2, 8), r.randint(1, 2)
    n = r.choice(plain.changes)
    start = plain.ticks[n] - timedelta(days=r.choice([1, 1, 2, 3]), minutes=r.choice([r.randint(-70, 70), -30, 0, 30]))
    start = max(start, plain.ticks[0] + timedelta(days=2)) + us(r.choice([0, 0, 1, 59_999_999]))
    first, _ = plain.shown[(start - plain.ticks[0]) // plain.tick]
    last, _ = plain.shown[n]
    days = sum(plain.works(first + timedelta(days=k)) for k in range(1, (last - first).days + 1))
    return start, days or 1


def us(length: int) -> timedelta:
    return timedelta(microseconds=length)


def micros_of(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
