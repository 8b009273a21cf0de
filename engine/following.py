"""What of a complaint follows from facts, outages and time: clocks, promises that break, credits (domain.md §§6 to 8).

All of it is reckoned again from what is known, and only what differs from what was recorded is decided. Firing late,
twice, or by two processes therefore does nothing. Moments are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from contracts.agreements import Agreement, Credit
from contracts.decisions import (
    ClockBreached,
    ClockCancelled,
    ClockPaused,
    ClockRestated,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    ComplaintDeemedUpheld,
    CreditOwed,
    CreditRestated,
    DecisionData,
    PromiseBroken,
)
from contracts.facts import (
    ComplaintCloseRequested,
    ComplaintFiled,
    ComplaintReopenRequested,
    ComplaintWithdrawn,
    FactCorrected,
    FactData,
    PartArrived,
    PartCancelled,
    PromiseKept,
    PromiseMade,
    PromiseReleased,
    RemedyCancelled,
    RemedyDelivered,
    ResolutionRejected,
    VisitCancelled,
    VisitMade,
)
from contracts.moments import micros, moment
from contracts.rows import ClockRow
from engine import dealings
from engine.clocks import Clocks, clockworks, follows_service
from engine.complaint import OPEN, WITHDRAWN, Complaint
from engine.credits import begun, owed
from engine.cycles import Seen, made
from engine.reckoning import Warned
from engine.rows import Cycle, Outage, clock_row
from engine.runs import Applied, Found, Looked, Owing, Run, recorded
from engine.service import Service
from engine.waiting import TOLD

Decided = tuple[int, DecisionData]
"""A decision and its time."""
_PROMISES: frozenset[type[FactData]] = frozenset({PromiseMade, PromiseKept, PromiseReleased})
MOVES: frozenset[type[FactData]] = frozenset(
    {
        ComplaintCloseRequested,
        ComplaintFiled,
        ComplaintReopenRequested,
        ComplaintWithdrawn,
        FactCorrected,
        ResolutionRejected,
        *TOLD,
        *_PROMISES,
    }
)
"""Facts after which clocks or promises may stand otherwise."""
LIFTS: frozenset[type[FactData]] = frozenset(
    {PartArrived, PartCancelled, RemedyCancelled, RemedyDelivered, VisitCancelled, VisitMade, *_PROMISES, *TOLD}
)
"""Facts after which less may object to a closing."""


class Versions(Protocol):
    """Where the terms of a complaint are found."""

    def terms(self, agreement: str, version: int) -> Agreement:
        """An agreement's version."""


def applied(complaint: Complaint, versions: Versions, at: int | None = None) -> list[Applied]:
    """The terms that a complaint has had (up to a moment), in order."""
    had = complaint.applied if at is None else [a for a in complaint.applied if a[0] <= at] or complaint.applied[:1]
    return [Applied(time, version, versions.terms(complaint.agreement, version)) for time, version in had]


def needs_service(terms: list[Applied]) -> bool:
    """Whether the service's outages have to be known."""
    return any(follows_service(a.terms) for a in terms)


class Following:
    """One look at a complaint at `now`: what is to be decided, and when something falls due next.

    What falls due `by` then has done so. What follows outages is looked at from `since` on (None: all of it). `time` is
    that of what brings the look about.
    """

    def __init__(
        self,
        complaint: Complaint,
        service: Service | None,
        terms: list[Applied],
        now: int,
        *,
        by: int,
        since: int | None,
    ) -> None:
        self._complaint = complaint
        self._service = service
        self._outages: list[Outage] = [] if service is None else service.outages
        self._terms = terms
        self._now = now
        self._by = by
        self._since = since
        self._due: list[int] = []
        self._live: list[tuple[int, Run]] = []
        self._credit: Owing | None = None

    @cached_property
    def _all(self) -> Clocks:
        return Clocks(self._complaint, self._outages, self._terms, self._now, by=self._by, last=True)

    def decisions(self, time: int) -> Iterator[Decided]:
        """What differs from what is recorded; it is recorded as it comes, or the complaint is not used any more."""
        if any(a.terms.clocks for a in self._terms) or self._complaint.cycles:
            yield from self._clocks(time)
        if self._complaint.promised:
            yield from self._promises()
        yield from self._credits(time)

    def come(self, looked: Looked, moved: frozenset[str], time: int) -> Iterator[Decided]:
        """The same, where since it was looked at only the clocks `moved`: those, and what has come of itself."""
        if moved:
            yield from self._under_one(self._runs(looked, moved), time)
        else:
            for at, run in looked.live:
                if at > self._by:
                    self._live.append((at, run))
                else:
                    yield from self._under_one((run,), time)
        if self._complaint.promised:
            yield from self._promises()
        self._credit, credit = looked.credit, self._terms[-1].terms.credit
        if self._credit is not None and credit is not None and self._credit[0] <= self._by:
            _, outage = self._credit
            self._credit = None
            yield from self._owe(credit, outage, outage.end, time)

    @property
    def due(self) -> int | None:
        """When something falls due next; asked after `decisions`."""
        due = [*self._due, *[at for at, _ in self._live]]
        if self._credit is not None:
            due.append(self._credit[0])
        return min(due, default=None)

    @property
    def looked(self) -> Looked | None:
        """How it stands, for the next look; None where that has to reckon everything. Asked after `decisions`."""
        if len(self._terms) > 1:
            return None
        return Looked(self._terms, 0 if self._service is None else self._service.version, self._live, self._credit)

    # ------------------------------------------------------------------ clocks

    def _runs(self, looked: Looked, moved: frozenset[str]) -> Iterator[Run]:
        """What cycles are reckoned from, in the order of their clocks, as in `Clocks.runs`."""
        for work in clockworks(self._terms[0].terms):
            if work.name in moved:
                yield from self._all.runs_of(work, self._since)
            else:
                # By name: the clocks of terms are made anew where there are more terms than are kept.
                yield from (run for _, run in looked.live if run.work.name == work.name)

    def _clocks(self, time: int) -> Iterator[Decided]:
        complaint, clocks = self._complaint, self._all
        if len(self._terms) == 1:
            yield from self._under_one(clocks.runs(self._since), time)
        else:
            for found in clocks.found(self._since):
                cycles = complaint.cycles.get(found.run.work.name)
                old = None if cycles is None else cycles.get(found.run.span.number)
                if found.reckoned.next is not None:
                    self._due.append(found.reckoned.next)
                yield from changes(old, found, time, complaint)
        for name, cycles in complaint.cycles.items():
            total = clocks.total(name)
            if len(cycles) > total:
                for cycle in reversed(cycles.behind(total)):
                    yield time, ClockRestated(row=clock_row(cycle), gone=True)

    def _under_one(self, runs: Iterable[Run], time: int) -> Iterator[Decided]:
        """A cycle is reckoned unless nothing of it can differ from what was recorded when it was last."""
        complaint, by, live = self._complaint, self._by, self._live
        for run in runs:
            name, number = run.work.name, run.span.number
            cycles = complaint.cycles.get(name)
            row = seen = None
            if cycles is not None:
                row, seen = cycles.row(number), cycles.seen(number)
            if seen is not None and seen.holds(run, by):
                if seen.next is not None:
                    live.append((seen.next, run))
                continue
            found = run.found(self._now, by)
            coming = found.reckoned.next
            if coming is not None:
                live.append((coming, run))
            decided = changes(None if row is None else row.cycle, found, time, complaint)
            if decided:
                yield from decided
                cycles = complaint.cycles.get(name)
            if cycles is not None:
                cycles.note(number, Seen(run, coming))

    # ------------------------------------------------------------------ promises

    def _promises(self) -> Iterator[Decided]:
        broken = self._complaint.broken
        for row in dealings.promises(self._complaint.log, self._by):
            if row.due is None or row.state not in {"open", "broken"}:
                continue
            due = micros(row.due)
            if row.state == "open":
                self._due.append(due)
            elif (row.promise, due) not in broken:
                yield due, PromiseBroken(promise=row.promise, due=row.due)

    # ------------------------------------------------------------------ credits

    def _credits(self, time: int) -> Iterator[Decided]:
        credit = self._terms[-1].terms.credit
        if credit is None and not self._complaint.credits:
            return
        last = self._complaint.beginnings[-1]
        until = last.time if last.status == WITHDRAWN else None
        found = set()
        for outage in self._lived():
            if credit is None:  # by the terms that were applied, nothing
                continue
            found.add(outage.start)
            end = outage.end if until is None or (outage.end is not None and outage.end < until) else until
            yield from self._owe(credit, outage, end, time)
        yield from self._gone_credits(found, credit, time)

    def _owe(self, credit: Credit, outage: Outage, end: int | None, time: int) -> Iterator[Decided]:
        """What is owed for an outage that the complaint lives through until `end`, where that is not recorded."""
        recorded = self._complaint.credits
        now = owed(credit, outage.start, end, self._by)
        if now.next is not None and self._complaint.beginnings[-1].status == OPEN:
            self._credit = (now.next, outage)  # one outage lasts at most
        before = recorded.get(outage.start, "0")
        if before == now.amount or Decimal(before) == Decimal(now.amount):
            return
        at = moment(outage.start)
        if (Decimal(before) < Decimal(now.amount) and end is None) or outage.start not in recorded:
            for due, amount, why in begun(credit, outage.start, now.periods, before):
                yield due, CreditOwed(outage=at, amount=amount, currency=credit.currency, why=why)
        else:
            change = f"{Decimal(now.amount) - Decimal(before):+f}"
            yield (
                time,
                CreditRestated(outage=at, amount=now.amount, change=change, currency=credit.currency, why=now.why),
            )

    def _gone_credits(self, found: set[int], credit: Credit | None, time: int) -> Iterator[Decided]:
        for start, amount in list(self._complaint.credits.items()):
            if start in found or Decimal(amount) == 0 or (self._since is not None and start < self._since):
                continue
            yield (
                time,
                CreditRestated(
                    outage=moment(start),
                    amount="0",
                    change=f"{-Decimal(amount):+f}",
                    currency=self._currency(),
                    why="that outage is none any more" if credit is not None else "the terms applied owe no credit",
                ),
            )

    def _currency(self) -> str:
        """Of what is recorded as owed: that of the last terms that owe anything."""
        return next((a.terms.credit.currency for a in reversed(self._terms) if a.terms.credit is not None), "")

    def _lived(self) -> Iterator[Outage]:
        for _, low, high in self._all.lives:
            yield from (
                o for o in self._outages[low:high] if self._since is None or o.end is None or o.end >= self._since
            )


def changes(old: Cycle | None, found: Found, time: int, complaint: Complaint) -> Sequence[Decided]:
    """The decisions that record a cycle as it is now, each with its time."""
    new, row = recorded(found, complaint.agreement)
    if new == old:
        return ()
    made(row, new)
    decided: list[Decided] = []
    if old is None:
        decided.append((new.started_at, ClockStarted(row=row)))
    elif _taken_back(old, new, complaint):
        decided.append((time, ClockRestated(row=row)))
    given = [] if old is None else [*old.warned_at]
    for fraction, at in _in_turn(found):
        if at in given:
            given.remove(at)
        else:
            decided.append((at, ClockWarned(row=row, fraction=float(fraction))))
    if new.breached_at is not None and (old is None or old.breached_at != new.breached_at):
        decided.append((new.breached_at, ClockBreached(row=row)))
        if found.upholds:
            decided.append((new.breached_at, ComplaintDeemedUpheld(clock=new.clock, cycle=new.number)))
    turned = _turned(old, new, row, time)
    if turned is not None and not (decided and isinstance(turned[1], ClockResumed)):
        decided.append(turned)
    return decided or [(time, ClockRestated(row=row))]


def _in_turn(found: Found) -> Sequence[Warned]:
    """Its warnings: those of earlier terms first, for one of the new ones may be of the same moment."""
    if found.kept is None:
        return found.reckoned.warned
    return sorted(found.reckoned.warned, key=found.kept.warned.__contains__, reverse=True)


def _turned(old: Cycle | None, new: Cycle, row: ClockRow, time: int) -> Decided | None:
    """It stopped, was paused, or runs again; None where none of that has changed."""
    if new.stopped_at is not None:
        if old is not None and old.stopped_at is not None:
            return None
        return new.stopped_at, ClockCancelled(row=row) if new.state == "cancelled" else ClockStopped(row=row)
    if new.paused_for is not None:
        if old is not None and old.paused_since == new.paused_since:
            return None
        return new.paused_since or time, ClockPaused(row=row)
    if old is not None and (old.paused_for is not None or old.stopped_at is not None):
        return time, ClockResumed(row=row)
    return None


def _taken_back(old: Cycle, new: Cycle, complaint: Complaint) -> bool:
    """Whether something that was recorded does not hold any more."""
    if old.started_at != new.started_at or not set(old.warned_at) <= set(new.warned_at):
        return True
    if old.breached_at is not None and old.breached_at != new.breached_at:
        return True
    if old.stopped_at is None or old.stopped_at == new.stopped_at:
        return False
    if new.stopped_at is not None:
        return True
    # It runs again: after a reopening that is no news about the past.
    return all(step.time != old.stopped_at for step in complaint.beginnings if step.status != OPEN)
