"""Moments: aware UTC datetimes outside, whole microseconds since 1970 inside (domain.md §3).

Integers compare and subtract exactly and fast; nothing below a microsecond is kept, and years
before 1970 are negative numbers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""Microseconds in a second."""

_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:)([0-9]{2})(\.[0-9]{1,6})?[0-9]*([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)


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
    """A length of `us` microseconds, cut to whole seconds; a negative one is not rounded down."""
    return us // SECOND if us >= 0 else -(-us // SECOND)


def exact(text: str) -> str:
    """An RFC 3339 moment in a form that decoders read without loss; any other text as it is.

    Digits below the microsecond are cut, since decoders round them. A leap second (23:59:60 UTC at a month's
    end), which they do not know, is the second after it, as in POSIX time.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return text
    minute, second, fraction, zone = match.groups(default="")
    if second != "60":
        return f"{minute}{second}{fraction}{zone}"
    try:
        after = datetime.fromisoformat(f"{minute}59{fraction}{zone}".upper()).astimezone(UTC) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return text
    return after.isoformat() if (after.day, after.hour, after.minute) == (1, 0, 0) else text
