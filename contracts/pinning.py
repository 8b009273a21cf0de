"""Public holidays, pinned: which days were known when an agreement was read, kept in its version (domain.md §6).

What countries celebrate is decided anew each year, and a release of `holidays` may know better than the one before.
A deadline does not move by that: a version carries the days that it was reckoned with, and who reads it needs no
holiday data. They are written compactly, since a version is one event.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

FIRST_YEAR: Final = 1950
LAST_YEAR: Final = 2100
"""History from decades ago and deadlines decades ahead. The data of some countries begins later or ends earlier."""

_ENGLISH: Final = "en_US"
_RUN: Final = re.compile(r"(?:([0-9]{4})/)?([0-9]{4})-([0-9]{2})-([0-9]{2})")


class Holiday(msgspec.Struct, frozen=True):
    """A holiday and the days on which it is."""

    name: str
    """In English where it is known; where several fall together, all of them."""
    days: str
    """In order, divided by spaces: `2026-04-06`, or `1951/2100-12-25` for that day of each year from 1951 to 2100."""


class Pinned(msgspec.Struct, frozen=True, cache_hash=True):
    """The holidays of a country (and subdivision) from the year `first` to the year `last`, in order of name."""

    first: int
    last: int
    days: tuple[Holiday, ...]


@lru_cache(maxsize=64)
def pinned(country: str, subdivision: str | None = None) -> Pinned:
    """Give the holidays as they are known today, weekends included; the codes must be known (`countries`)."""
    import holidays  # noqa: PLC0415 - see `countries`

    years = range(FIRST_YEAR, LAST_YEAR + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which years it has no data for; so does the documentation of ours
        known = holidays.country_holidays(country, subdiv=subdivision, years=years, language=_language(country))
    named: defaultdict[str, list[dt.date]] = defaultdict(list)
    for day, name in known.items():
        if day.year in years:  # substitutes of a new year's day may lie in the year before
            named[name].append(day)
    return Pinned(FIRST_YEAR, LAST_YEAR, tuple(Holiday(name, _folded(days)) for name, days in sorted(named.items())))


def unfolded(days: Pinned) -> dict[dt.date, str]:
    """Give each day's name, in no particular order."""
    return {day: holiday.name for holiday in days.days for day in _days(holiday.days)}


@lru_cache(maxsize=1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """Countries whose holidays are known, by ISO 3166 code, each with the codes of its parts."""
    # Imported here: loading `holidays` and its list takes about half a second, and most commands need neither.
    import holidays  # noqa: PLC0415

    # No aliases: one country has one name, so that the same terms are the same bytes.
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(sorted(parts)) for code, parts in known.items()}


def _language(country: str) -> str | None:
    """Give the language of the names. Left out, it would be that of the environment, and the bytes with it."""
    import holidays  # noqa: PLC0415 - see `countries`

    bare = holidays.country_holidays(country)
    return _ENGLISH if _ENGLISH in bare.supported_languages else bare.default_language


def _folded(days: Sequence[dt.date]) -> str:
    """Write days as `Holiday.days` has them."""
    runs: dict[tuple[int, int], list[list[int]]] = defaultdict(list)
    for day in sorted(days):
        before = runs[day.month, day.day]
        if before and before[-1][1] == day.year - 1:
            before[-1][1] = day.year
        else:
            before.append([day.year, day.year])
    written = sorted((first, last, *at) for at, years in runs.items() for first, last in years)
    return " ".join(
        f"{first if first == last else f'{first}/{last}'}-{month:02}-{day:02}" for first, last, month, day in written
    )


def _days(text: str) -> Iterator[dt.date]:
    for first, last, month, day in _RUN.findall(text):
        for year in range(int(first or last), int(last) + 1):
            yield dt.date(year, int(month), int(day))
