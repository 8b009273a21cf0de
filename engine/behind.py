"""The facts behind a service's outages: what began each, and what ended it (domain.md §4).

From what was recorded, in its order: a row that begins or ends at a moment at which none did before has the cause of
the decision that first said so. Moments are microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from contracts.decisions import Outages
from contracts.moments import micros
from engine.corrections import Ref


class Causes:
    """By the moments at which outages begin and end, the fact behind each."""

    def __init__(self) -> None:
        self.starts: dict[int, Ref] = {}
        self.ends: dict[int, Ref] = {}
        self._starts: list[int] = []
        self._ends: list[int] = []

    def tell(self, data: Outages, cause: Ref) -> None:
        """The next decision about the service's outages."""
        if data.from_ is None:
            return
        low = micros(data.from_)
        high = None if data.until is None else micros(data.until)
        starts = [micros(row.started_at) for row in data.outages]
        ends = [micros(row.ended_at) for row in data.outages if row.ended_at is not None]
        first = bisect_left(self._starts, low)
        last = len(self._starts) if high is None else bisect_left(self._starts, high)
        _replace(self.starts, self._starts, slice(first, last), starts, cause)
        # Outages lie apart: an end in the stretch that is replaced belongs to an outage in it.
        first = bisect_right(self._ends, low)
        last = len(self._ends) if high is None else bisect_right(self._ends, high)
        _replace(self.ends, self._ends, slice(first, last), ends, cause)


def _replace(causes: dict[int, Ref], line: list[int], stretch: slice, moments: list[int], cause: Ref) -> None:
    """In a stretch of the line; a moment that stays keeps its cause."""
    before = {moment: causes.pop(moment) for moment in line[stretch]}
    line[stretch] = moments
    causes.update((moment, before.get(moment, cause)) for moment in moments)
