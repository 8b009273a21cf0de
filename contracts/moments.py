"""Moments: aware UTC datetimes outside, whole microseconds since 1970 inside (domain.md §3).

Integers compare and subtract exactly and fast; nothing below a microsecond is kept, and years
before 1970 are negative numbers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""Microseconds in a second."""

_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware `moment`."""
    past = moment - EPOCH
    return (past.days * 86_400 + past.seconds) * SECOND + past.microseconds


def moment(us: int) -> datetime:
    """The aware UTC datetime of `us` microseconds since 1970."""
    return EPOCH + us * _MICROSECOND


def rfc3339(us: int) -> str:
    """`us` as RFC 3339 in UTC with `Z`; microseconds only where there are any."""
    return moment(us).isoformat().replace("+00:00", "Z")


def seconds(us: int) -> int:
    """A length of `us` microseconds, cut to whole seconds."""
    return us // SECOND
