"""Wall clocks: what a clock on the wall of a zone shows at an instant, and when it shows that (domain.md §6).

Instants are microseconds since 1970 UTC (`contracts.moments`); a day is a date's ordinal, as `date.toordinal` gives it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contracts.errors import StilldownError
from contracts.moments import EPOCH, SECOND, micros

DAY: Final = 86_400 * SECOND
"""Microseconds in a day of 24 hours."""
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
FIRST_DAY: Final = date(1, 1, 3).toordinal()
LAST_DAY: Final = date(9999, 12, 29).toordinal()
EARLIEST: Final = micros(datetime(1, 1, 3, tzinfo=UTC))
"""The first instant that can be reckoned with: whatever the zone, its wall clock is inside what `datetime` holds."""
LATEST: Final = micros(datetime(9999, 12, 29, tzinfo=UTC))
"""The last one."""

_LOCAL_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the wall's reading is what it stands for
_MICROSECOND: Final = timedelta(microseconds=1)


class BeyondTimeError(StilldownError):
    """This lies before the year 1 or after the year 9999: no calendar reaches that far."""

    def __str__(self) -> str:
        return str(type(self).__doc__).removesuffix(".")


def check(instant: int) -> int:
    """Give the instant back. Raises BeyondTimeError if it cannot be reckoned with."""
    if EARLIEST <= instant <= LATEST:
        return instant
    raise BeyondTimeError


class WallClock:
    """The wall clock of an IANA zone."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def reading(self, instant: int) -> tuple[int, int]:
        """Give the day and the microseconds since midnight that it shows. Raises BeyondTimeError."""
        local = (EPOCH + check(instant) * _MICROSECOND).astimezone(self._zone)
        time = ((local.hour * 60 + local.minute) * 60 + local.second) * SECOND + local.microsecond
        return local.toordinal(), time

    def offset(self, day: int) -> int:
        """Give the microseconds that it is ahead of UTC at midnight: the first, where there are two, else before it.

        Where a day and the next have the same, nothing changes between: no zone changes twice within a day.
        """
        return self._offset(datetime.fromordinal(day))

    def instant(self, day: int, time: int, *, late: bool) -> int:
        """Give the instant at which it shows `time` microseconds since midnight, 24:00 included, of a day.

        A time that it shows twice is the first, or with `late` the second; one that it never shows is the instant
        of the change that leaves it out. Raises BeyondTimeError.
        """
        if not FIRST_DAY <= day <= LAST_DAY:
            raise BeyondTimeError
        shown = (day - EPOCH_DAY) * DAY + time
        local = _LOCAL_EPOCH + timedelta(microseconds=shown)
        before, after = self._offset(local), self._offset(local.replace(fold=1))
        if before == after:
            return shown - before
        if before > after:  # set back: shown once before, and once after
            return shown - (after if late else before)
        return self._change(shown - after, shown - before)

    def _change(self, start: int, end: int) -> int:
        """Find the change of the zone's offset between two instants, which is at a whole second."""
        low, high = start // SECOND, -(-end // SECOND)
        before = self._offset_at(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset_at(middle) == before:
                low = middle
            else:
                high = middle
        return high * SECOND

    def _offset_at(self, seconds: int) -> timedelta | None:
        return (EPOCH + timedelta(seconds=seconds)).astimezone(self._zone).utcoffset()

    def _offset(self, local: datetime) -> int:
        """Microseconds of the zone's offset at a reading of its clock."""
        offset = self._zone.utcoffset(local)
        return 0 if offset is None else (offset.days * 86_400 + offset.seconds) * SECOND
