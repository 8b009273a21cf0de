"""The log of a service, folded from checkpoints (kernel of domain.md §4).

In order, an entry costs one step. A late one is folded from the checkpoint before its place, until
the fold is again what it was there; what lies behind stays as it is. An entry that reaches back
further than the fold holds is remembered as *deep*: nothing before it can end a fold early.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from contracts.heard import Delivered, Noticed
from engine.claims import Claim, Delivery, Entry, Fold, NoticeId, Place
from engine.words import BEGINNING, EarlierNeededError, Span

CHECKPOINT_EVERY = 64
"""Entries of the log between two checkpoints."""
OUTAGES_KEPT = 4
"""Outages that a fold still holds after a checkpoint."""
FIRST: Place = (BEGINNING, "", "", 0)
_LAST = "\U0010ffff" * 2
"""Behind any source."""


class Checkpoint(NamedTuple):
    """The fold as it was after the entry at `place`."""

    place: Place
    fold: Fold


class Folded(Struct, frozen=True, gc=False):
    """What a fold went through: nothing outside of it has changed.

    `spans` are the outages that end from `low` on and begin before `until` (None: no end); `claims`
    those made or settled; `after` and `before` bound the places folded again (None: in order, or
    to the end); `alive` are claims that were still open where the fold agreed with what had been.
    """

    low: int | None
    until: int | None
    spans: list[Span]
    claims: list[Claim]
    after: Place | None
    before: Place | None
    alive: frozenset[Place]


class Log(Struct, eq=False, gc=False):
    """Entries in the order of facts, and the fold of them."""

    entries: list[Entry] = []
    deliveries: dict[NoticeId, tuple[Delivery, ...]] = {}
    _sent: dict[NoticeId, set[Place]] = {}
    tail: Fold | None = None
    """The fold of all entries; None until the first fold."""
    _tail_place: Place = FIRST
    _count: int = 0
    _checkpoints: list[Checkpoint] = []
    _deep: dict[Place, int] = {}
    _dirty: Place | None = None
    _dirty_last: Place = FIRST
    _reach: int | None = None
    _settled: bool = False
    _due: int | None = None

    def settle(self, due: int | None) -> None:
        """What is in the log was folded and concluded before, and the next silence has lasted at `due`.

        Until something new is said, or that silence speaks, nothing needs to be folded.
        """
        self._settled, self._due = True, due

    def unsettle(self) -> None:
        """What was concluded has changed, and not by this log."""
        self._settled = False

    def insert(self, entry: Entry) -> None:
        """Puts an entry into its place."""
        entries = self.entries
        if not entries or entry.place > entries[-1].place:
            entries.append(entry)
        else:
            insort(entries, entry, key=_place)
        item = entry.item
        if isinstance(item, Delivered):
            notice = (entry.complaint, item.notice)
            self.deliveries[notice] = (*self.deliveries.get(notice, ()), entry.place[:3])
            self._soil_sent(notice, entry.place)
        elif isinstance(item, Noticed):
            self._sent.setdefault((entry.complaint, item.notice), set()).add(entry.place)
        self._soil(entry.place)

    def remove(self, place: Place) -> None:
        """Takes the entry at `place` out."""
        entry = self.entries.pop(bisect_left(self.entries, place, key=_place))
        item = entry.item
        if isinstance(item, Delivered):
            notice = (entry.complaint, item.notice)
            self.deliveries[notice] = tuple(d for d in self.deliveries[notice] if d != place[:3])
            self._soil_sent(notice, place)
        elif isinstance(item, Noticed):
            self._sent[entry.complaint, item.notice].discard(place)
        reach = self._deep.pop(place, None)
        if reach is not None:
            self._reach = reach if self._reach is None else min(self._reach, reach)
        self._soil(place)

    def _soil_sent(self, notice: NoticeId, place: Place) -> None:
        """A notice that was sent after its delivery at `place` looks back at it."""
        for sent in self._sent.get(notice, ()):
            if sent > place:
                self._soil(sent)

    def _soil(self, place: Place) -> None:
        self._settled = False
        if self._dirty is None:
            self._dirty = self._dirty_last = place
        else:
            self._dirty = min(self._dirty, place)
            self._dirty_last = max(self._dirty_last, place)

    @property
    def spoke(self) -> tuple[str, str]:
        """The delivery behind the last silence that spoke."""
        return ("stilldown", "silence") if self.tail is None or self.tail.spoke is None else self.tail.spoke

    def silence_due(self) -> int | None:
        """When the next silence has lasted, in microseconds; None if none runs."""
        if self._settled:
            return self._due
        return self.tail.silence_due() if self.tail is not None and self.tail.notices else None

    def lived(self, moments: Iterable[int]) -> Iterator[tuple[int, str]]:
        """What the service was at moments, in order, by what had been said by then. Folds everything anew."""
        fold = Fold(self.deliveries)
        done = 0
        for moment in moments:
            until = bisect_right(self.entries, (moment, _LAST, "", 0), key=_place)
            for entry in self.entries[done:until]:
                fold.take(entry)
            done = until
            fold.until(moment)
            yield moment, "up" if fold.is_up else "unconfirmed" if fold.pending else "down"

    def fold(self, now: int) -> Folded | None:
        """Brings the fold up to the entries and to `now`; None if there was nothing to do."""
        if self._settled:
            if self._due is None or self._due > now:
                return None
            self._settled = False
        tail, dirty = self.tail, self._dirty
        if tail is None or (dirty is not None and (dirty <= self._tail_place or dirty[0] < tail.frontier)):
            folded = self._refold(dirty or FIRST, now)
        elif dirty is not None or tail.notices:
            folded = self._append(tail, now)
        else:
            folded = None
        self._dirty = self._reach = None
        return folded

    def _append(self, tail: Fold, now: int) -> Folded:
        """In order: one step an entry."""
        tail.low, tail.changed, tail.lost, tail.dropped = None, set(), {}, []
        if self._dirty is not None:
            for entry in self.entries[bisect_right(self.entries, self._tail_place, key=_place) :]:
                try:
                    tail.take(entry)
                except EarlierNeededError as error:
                    self._deep[entry.place] = error.reach
                    return self._refold(self._dirty, now)
                self._tail_place = entry.place
                self._count += 1
                if self._count >= CHECKPOINT_EVERY:
                    self._mark(tail, entry.place)
        tail.until(now)
        low = tail.lowest()
        spans: list[Span] = (
            [] if low is None else [s for s in tail.dropped if s.end is None or s.end >= low] + list(tail.spans(low))
        )
        return Folded(low, None, spans, _changed(tail), None, None, frozenset())

    def _mark(self, fold: Fold, place: Place) -> None:
        fold.cut(OUTAGES_KEPT)
        self._checkpoints.append(Checkpoint(place, fold.snapshot()))
        self._count = 0

    def _refold(self, dirty: Place, now: int) -> Folded:
        while True:
            j = self._start(dirty)
            after = self._checkpoints[j].place if j >= 0 else FIRST
            past = max([self._dirty_last, dirty, *(place for place in self._deep if place > after)])
            folded = self._run(j, past, now)
            if folded is not None:
                return folded

    def _start(self, dirty: Place) -> int:
        """The last checkpoint before `dirty` that holds what all behind it reach back to; -1 for none."""
        points = self._checkpoints
        j = bisect_left(points, dirty, key=_place) - 1
        while j >= 0:
            limit = points[j].fold.limit
            if (self._reach is None or limit <= self._reach) and all(
                limit <= reach for place, reach in self._deep.items() if place > points[j].place
            ):
                return j
            j -= 1
        return j

    def _run(self, j: int, past: Place, now: int) -> Folded | None:
        """Folds from checkpoint `j`; None where an entry reached back further than it holds.

        Before the place `past` nothing is cut off, and the fold does not end early.
        """
        points = self._checkpoints
        after = points[j].place if j >= 0 else FIRST
        fold = points[j].fold.snapshot() if j >= 0 else Fold(self.deliveries)
        fold.changed = set(fold.claims)
        low = fold.base
        k, count = j + 1, 0
        for entry in self.entries[bisect_right(self.entries, after, key=_place) :]:
            while k < len(points) and points[k].place < entry.place:
                if self._agrees(fold, k, past, now):
                    return self._early(fold, low, after, points[k])
                k, count = k + 1, 0
            if not self._take(fold, entry):
                return None
            count += 1
            if k >= len(points) and count >= CHECKPOINT_EVERY:
                if entry.place >= past:
                    fold.cut(OUTAGES_KEPT)
                points.append(Checkpoint(entry.place, fold.snapshot()))
                k, count = k + 1, 0
        while k < len(points):
            if self._agrees(fold, k, past, now):
                return self._early(fold, low, after, points[k])
            k, count = k + 1, 0
        self.tail, self._count = fold, count
        # A checkpoint may stand where an entry was taken out, behind the last one that is left.
        self._tail_place = max([FIRST, *(e.place for e in self.entries[-1:]), *(p.place for p in points[-1:])])
        fold.until(now)
        spans = fold.dropped + list(fold.spans(max(low, fold.base)))
        fold.dropped = []
        return Folded(low, None, spans, _changed(fold), after, None, frozenset())

    def _take(self, fold: Fold, entry: Entry) -> bool:
        """Takes one entry, noting how far a deep one reaches; whether the fold held enough."""
        known = self._deep.get(entry.place)
        fold.low = None
        try:
            fold.take(entry)
        except EarlierNeededError as error:
            self._deep[entry.place] = error.reach if known is None else min(error.reach, known)
            return False
        low = fold.lowest()
        if known is not None and low is not None:
            self._deep[entry.place] = min(low, known)
        return True

    def _agrees(self, fold: Fold, k: int, past: Place, now: int) -> bool:
        """At an old checkpoint: whether all that follows stays as it is; if not, it is replaced.

        Each that is passed is, also those before what is new: so none holds less than one behind it, and an entry
        that is not deep reaches back no further than any checkpoint before it holds.
        """
        point = self._checkpoints[k]
        if point.place >= past:
            due = self.silence_due()
            if self.tail is not None and (due is None or due > now) and fold.agrees(point.fold):
                return True
            fold.cut(OUTAGES_KEPT)
        self._checkpoints[k] = Checkpoint(point.place, fold.snapshot())
        return False

    @staticmethod
    def _early(fold: Fold, low: int, after: Place, point: Checkpoint) -> Folded:
        until = point.fold.base
        spans = [s for s in (*fold.dropped, *fold.spans(fold.base)) if s.start < until]
        alive = frozenset(point.fold.claims)
        claims = [claim for claim in _changed(fold) if claim.place not in alive]
        return Folded(low, until, spans, claims, after, point.place, alive)


def _changed(fold: Fold) -> list[Claim]:
    return [fold.claims[place] if place in fold.claims else fold.lost[place] for place in sorted(fold.changed)]


def _place(entry: Entry | Checkpoint) -> Place:
    return entry.place
