"""Moments as exports write them: mostly a wall clock's time without an offset, in a zone that somebody has to know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

ISO: Final = "iso"
"""The format of a mapping whose moments are ISO 8601, such as `2024-05-17 03:25:00+00:00`."""

_SAMPLE: Final = datetime(2013, 11, 27, 22, 45, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_DISTINCT: Final = 65_536


def usable(style: str) -> str | None:
    """Say why `style` is no format that gives day and minute; None where it is one."""
    if style == ISO:
        return None
    try:
        back = datetime.strptime(_SAMPLE.strftime(style), style)  # noqa: DTZ007 - only whether it comes back counts
    except ValueError as error:
        return f"is no format of times: {error}"
    if back.replace(tzinfo=UTC) != _SAMPLE:
        return f'must be "{ISO}", or a format with day and time such as "%d/%m/%Y %H:%M"'
    return None


def reader(style: str, zone: str) -> Callable[[str], datetime]:
    """Give the reader of moments in `style`, without an offset on the wall clock of `zone`.

    It returns aware UTC, and raises ValueError for what it cannot read. It remembers what it has read: an export
    repeats its moments in row after row.
    """
    place = ZoneInfo(zone)

    @lru_cache(maxsize=_DISTINCT)
    def read(text: str) -> datetime:
        local = datetime.fromisoformat(text) if style == ISO else datetime.strptime(text, style)  # noqa: DTZ007
        try:
            return instant(local, place) if local.tzinfo is None else local.astimezone(UTC)
        except OverflowError:
            raise ValueError("is out of range") from None

    return read


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Give the moment (aware UTC) at which the wall clock of `zone` shows the naive `local`.

    Of an ambiguous time the earlier; for one that does not exist, the instant of the change (domain.md §6).
    """
    after = local.replace(tzinfo=zone).astimezone(UTC)
    if after.astimezone(zone).replace(tzinfo=None) == local:
        return after
    # In a gap, fold 0 reads the clock as before the change and so lands after it, and fold 1 the other way round.
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
