"""Asking a store about now, or about another moment (interfaces.md §1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from contracts.moments import micros, rfc3339
from engine.keeping import Keeper
from ops.errors import MomentError

WALL = "wall"
_LEFT = (
    "note: what has fallen due is left to the next engine: those of this store did not stop in good order, or it is a"
    " copy of theirs (docs/backup.md)"
)


class Moments(NamedTuple):
    """What was so `at`, by what was known at `known_at`; `now` is the engine's clock. Microseconds."""

    at: int
    known_at: int
    now: int


def read_moment(option: str, text: str) -> int:
    """Read an RFC 3339 moment, in microseconds since 1970. Raises MomentError; it has to say its offset."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MomentError(f"{option}: write a moment such as 2013-02-07T18:00:00+01:00, got {text!r}") from None
    if read.tzinfo is None:
        hint = f"{read.isoformat()}Z"
        raise MomentError(f"{option}: say the offset too, such as {hint} for UTC, got {text!r}")
    us = micros(read)
    try:
        rfc3339(us)
    except OverflowError:
        raise MomentError(f"{option}: lies outside the calendar in UTC, got {text!r}") from None
    return us


def moments(url: str, at: str | None, known_at: str | None, tell: Callable[[str], None]) -> Moments:
    """Give the moments that are asked for, each by default the other's, or now: then, what is due is done first.

    Where it is not, `tell` is told why. See `up_to_date`.

    Raises MomentError where one cannot be read, NoStoreError where there is no store.
    """
    wanted_at = None if at is None else read_moment("--at", at)
    wanted_known = None if known_at is None else read_moment("--known-at", known_at)
    now = up_to_date(url, tell) if wanted_known is None else standing_now(url)
    known = now if wanted_known is None else wanted_known
    return Moments(known if wanted_at is None else wanted_at, known, now)


def up_to_date(url: str, tell: Callable[[str], None] | None) -> int:
    """Do what is due, and give the engine's now.

    A store that engines on Kafka did not let go of may be a copy that is behind what they have sent: whatever is
    recorded in it before an engine has read that back is a second history. There what is due is left to the engine,
    and `tell` is told. None: something is going to be recorded in any case.
    """
    with Keeper(url) as keeper:
        now = _now(keeper)
        due = keeper.is_due(now)
        left = due and tell is not None and keeper.is_left()
    if left and tell is not None:
        tell(_LEFT)
    elif due:
        from ops.opening import engine  # noqa: PLC0415 - most of the time nothing is due, and this takes its time

        with engine(url) as opened:
            opened.settle()
        return standing_now(url)
    return now


def standing_now(url: str) -> int:
    """Give the engine's now: the machine's clock, but never before what was recorded; or where its clock stands."""
    with Keeper(url) as keeper:
        return _now(keeper)


def _now(keeper: Keeper) -> int:
    clock, machine = keeper.clock(), keeper.now()
    if clock.mode == WALL:
        return max(machine, clock.recorded_at)
    return clock.recorded_at if clock.recorded_at >= _OLDEST else machine


_OLDEST = micros(datetime(1, 1, 2, tzinfo=UTC))
"""A clock before that has never been set: nothing is recorded yet."""
