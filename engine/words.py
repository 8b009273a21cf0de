"""Is the customer down? The last word counts, about each moment (domain.md §4).

`Timeline` is the fold of the statements about one service, in the order of facts. It can be cut
off at a `base` (the start of an outage): what lies before is settled, and a word that reaches
further back raises `EarlierNeededError`, upon which the caller folds from an earlier place.

All moments are microseconds since 1970 (contracts.moments).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct, field

from contracts.errors import StilldownError

BEGINNING = -(10**18)
"""Before any moment that a fact can name."""
NOBODY = "-"
"""Who says that a service is up of which nobody has spoken."""
_BY: Final[list[str | None]] = [NOBODY]


class EarlierNeededError(StilldownError):
    """A word reaches back before what this fold still holds."""

    def __init__(self, reach: int) -> None:
        self.reach = reach
        super().__init__(f"a word reaches back to {reach}")


class Span(NamedTuple):
    """An outage as folded: `end` is None while it lasts, `ended_by` whose word ended it."""

    start: int
    end: int | None
    ended_by: str | None
    restated: bool


class Timeline(Struct, eq=False, gc=False, kw_only=True):
    """For each moment: up (and by whose word) or not.

    `starts[i]` is where segment i begins, `by[i]` who says that it is up, None where it is not.
    `shields` are moments of which the customer spoke. `ends` are the outages that an up word ended, from
    start to end as they were then; `overridden` those of them whose end a later down word took away.
    """

    base: int = BEGINNING
    starts: list[int] = field(default_factory=[BEGINNING].copy)
    by: list[str | None] = field(default_factory=_BY.copy)
    shields: list[tuple[int, int]] = []
    ends: list[tuple[int, int]] = []
    overridden: list[tuple[int, int]] = []
    low: int | None = None
    """The earliest moment written since somebody last set this to None."""
    dropped: list[Span] = []
    """Outages that were cut off since somebody last emptied this."""

    # reading

    def lowest(self) -> int | None:
        """The earliest moment written; see `low`."""
        return self.low

    @property
    def is_up(self) -> bool:
        """Whether the service is up from the last word on."""
        return self.by[-1] is not None

    def up_at(self, moment: int) -> bool:
        """Whether the service is up at `moment` (not before the base)."""
        return self.by[max(bisect_right(self.starts, moment) - 1, 0)] is not None

    def first_up(self, moment: int) -> int:
        """The first moment at or after `moment` at which the service is up. It has to be up at the end."""
        i = max(bisect_right(self.starts, moment) - 1, 0)
        if self.by[i] is not None:
            return moment
        while self.by[i] is None:
            i += 1
        return self.starts[i]

    def outage_start(self) -> int:
        """Where the outage that lasts now began."""
        i = len(self.by) - 1
        while i and self.by[i - 1] is None:
            i -= 1
        return self.starts[i]

    def last_end(self) -> int | None:
        """The end of the last outage, for a service that is up; None if it never had one."""
        i = len(self.by) - 1
        while i >= 0 and self.by[i] is not None:
            i -= 1
        if i >= 0:
            return self.starts[i + 1]
        if self.base != BEGINNING:
            raise EarlierNeededError(self.base - 1)
        return None

    def spans(self, since: int) -> Iterator[Span]:
        """The outages that end at or after `since`, in order; one that merely touches it is included."""
        i = max(bisect_right(self.starts, since) - 1, 0)
        if self.by[i] is not None and i and self.starts[i] == since:
            i -= 1  # an outage that ends at `since`
        while i and self.by[i] is None and self.by[i - 1] is None:
            i -= 1
        count = len(self.by)
        while i < count:
            if self.by[i] is None:
                start = self.starts[i]
                while i < count and self.by[i] is None:
                    i += 1
                end = self.starts[i] if i < count else None
                yield Span(start, end, self.by[i] if i < count else None, self._is_restated(start, end))
            i += 1

    def _is_restated(self, start: int, end: int | None) -> bool:
        return any(b > start and (end is None or a < end) for a, b in self.overridden)

    # writing

    def write(self, since: int, by: str | None, time: int, *, customer: bool) -> list[int]:
        """A word said at `time`: from `since` on it is up by `by`, or (None) down. Where its pieces begin.

        Nobody but the customer overwrites a moment of which the customer spoke.
        """
        if since < self.base:
            raise EarlierNeededError(since)
        if self.low is None or since < self.low:
            self.low = since
        if not customer and self.shields and self.shields[-1][1] > since:
            return self._around_shields(since, by)
        self._overwrite(since, [(since, by)])
        if customer and since < time:
            self._shield(since, time)
        return [since]

    def _overwrite(self, since: int, pieces: list[tuple[int, str | None]]) -> None:
        starts, said = self.starts, self.by
        i = bisect_left(starts, since)
        del starts[i:], said[i:]
        for start, by in pieces:
            if not said or said[-1] != by:
                starts.append(start)
                said.append(by)

    def _around_shields(self, since: int, by: str | None) -> list[int]:
        """The new tail from `since`: `by`, and what the customer said where the customer spoke."""
        pieces: list[tuple[int, str | None]] = []
        ours: list[int] = []
        first = bisect_right(self.shields, since, key=_until)
        cursor = since
        for shield_from, shield_until in self.shields[first:]:
            start = max(shield_from, since)
            if cursor < start:
                pieces.append((cursor, by))
                ours.append(cursor)
            i = bisect_right(self.starts, start) - 1
            pieces.append((start, self.by[i]))
            i += 1
            while i < len(self.starts) and self.starts[i] < shield_until:
                pieces.append((self.starts[i], self.by[i]))
                i += 1
            cursor = shield_until
        pieces.append((cursor, by))
        ours.append(cursor)
        self._overwrite(since, pieces)
        return ours

    def _shield(self, since: int, time: int) -> None:
        while self.shields and self.shields[-1][1] >= since:
            since = min(since, self.shields.pop()[0])
        self.shields.append((since, time))

    def say_up(self, since: int, time: int, by: str, *, customer: bool) -> None:
        """An up word; notes the outages that it ended."""
        for start in self.write(since, by, time, customer=customer):
            i = bisect_left(self.starts, start)
            if (
                0 < i < len(self.starts)
                and self.starts[i] == start
                and self.by[i] is not None
                and self.by[i - 1] is None
            ):
                j = i - 1
                while j and self.by[j - 1] is None:
                    j -= 1
                self.ends.append((self.starts[j], start))

    def say_down(self, since: int, time: int, *, customer: bool) -> None:
        """A down word; notes the ends of outages that it takes away."""
        for start, end in self.ends:
            if end >= since and start < self.base:
                raise EarlierNeededError(start)
        self.write(since, None, time, customer=customer)
        if self.ends:
            kept = []
            for outage in self.ends:
                if outage[1] < since or self.up_at(outage[1]):
                    kept.append(outage)
                elif outage not in self.overridden:
                    self.overridden.append(outage)
                    self.low = min(outage[0], since if self.low is None else self.low)
            self.ends = kept

    # keeping

    def cut(self, outages: int) -> None:
        """Forget what lies before the last `outages` outages; those forgotten are added to `dropped`."""
        left = outages
        i = len(self.by) - 1
        while i > 0:
            if self.by[i] is None and self.by[i - 1] is not None:
                left -= 1
                if not left:
                    base = self.starts[i]
                    self.dropped += [span for span in self.spans(self.base) if span.start < base]
                    self._cut_at(i)
                    return
            i -= 1

    def _cut_at(self, i: int) -> None:
        base = self.starts[i]
        del self.starts[:i], self.by[:i]
        self.base = base
        self.shields = [s for s in self.shields if s[1] > base]
        self.ends = [o for o in self.ends if o[1] >= base]
        self.overridden = [o for o in self.overridden if o[1] > base]

    def same_from(self, base: int, old: Timeline) -> bool:
        """Whether it says the same as `old`, whose base is `base`, from there on."""
        i = 0
        if self.base != base:
            i = bisect_left(self.starts, base)
            if self.base > base or i >= len(self.starts) or self.starts[i] != base or self.by[i] is not None:
                return False
            if i and self.by[i - 1] is None:
                return False
        return (
            self.starts[i:] == old.starts
            and self.by[i:] == old.by
            and [s for s in self.shields if s[1] > base] == old.shields
            and [o for o in self.ends if o[1] >= base] == old.ends
            and [o for o in self.overridden if o[1] > base] == old.overridden
        )


def _until(shield: tuple[int, int]) -> int:
    return shield[1]
