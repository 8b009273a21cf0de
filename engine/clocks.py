"""The clocks of a complaint: their cycles, what starts and stops them, what does not count (domain.md §6).

A function of what is known: facts, the service's outages, the terms applied, and the moment up to which it is asked.
Nothing is remembered that could differ from that. Moments are microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from contracts.agreements import Agreement, Clock
from contracts.envelope import Key
from contracts.facts import (
    ComplaintAcknowledged,
    ComplaintExtended,
    ComplaintReplied,
    ComplaintWaitEnded,
    ComplaintWaitStarted,
    FactData,
    NoticeDelivered,
    NoticeSent,
)
from engine.complaint import CLOSED, OPEN, Complaint, Stage
from engine.corrections import BEHIND, Ref
from engine.reckoning import Block, Clockwork, Extension, Kept, Stop, due_then
from engine.rows import Outage
from engine.runs import Applied, Found, Run, Span
from engine.waiting import TOLD, Wait

_MOST = 4_096
"""Agreements whose clocks are kept."""

Works = Sequence[tuple[Applied, Clockwork | None]]
"""A clock under one version of its terms after the other."""


class _Works(NamedTuple):
    """What is made of an agreement once: its clocks, and whether outages change anything under it."""

    terms: Agreement
    clocks: tuple[Clockwork, ...]
    named: dict[str, Clockwork]
    follows: bool
    told: dict[type[FactData], frozenset[str]]


_WORKS: dict[int, _Works] = {}


def _works(terms: Agreement) -> _Works:
    known = _WORKS.get(id(terms))
    if known is not None and known.terms is terms:
        return known
    if len(_WORKS) >= _MOST:
        del _WORKS[next(iter(_WORKS))]
    clocks = tuple(Clockwork(clock, terms) for clock in terms.clocks)
    follows = terms.credit is not None or any(clock.starts == "down" for clock in terms.clocks)
    told = {cls: frozenset(c.name for c in terms.clocks if cls in _told_by(c)) for cls in TOLD}
    made = _WORKS[id(terms)] = _Works(terms, clocks, {work.name: work for work in clocks}, follows, told)
    return made


def _told_by(clock: Clock) -> Iterator[type[FactData]]:
    """Facts that may move a clock of these terms, of those that `told` understands."""
    if clock.stops == "acknowledged":
        yield ComplaintAcknowledged
    elif clock.stops in {"replied", "reply_delivered"}:
        yield from (ComplaintReplied, NoticeDelivered)
    if clock.pauses:
        yield from (ComplaintWaitStarted, ComplaintWaitEnded, NoticeDelivered)
    if clock.on_breach is not None:
        yield from (ComplaintExtended, NoticeSent)


def moved_by(terms: Agreement, cls: type[FactData]) -> frozenset[str]:
    """The clocks that facts of a class of engine.waiting may move under these terms."""
    return _works(terms).told[cls]


def clockworks(terms: Agreement) -> tuple[Clockwork, ...]:
    """The clocks of an agreement, ready to reckon with. Made once for each."""
    return _works(terms).clocks


def follows_service(terms: Agreement) -> bool:
    """Whether outages change anything under these terms: a clock that starts with one, or a credit."""
    return _works(terms).follows


class Clocks:
    """The clocks of a complaint at `now`, by what is known: facts and outages with a later time are left out."""

    def __init__(
        self,
        complaint: Complaint,
        outages: Sequence[Outage],
        applied: Sequence[Applied],
        now: int,
        *,
        by: int | None = None,
        last: bool,
    ) -> None:
        """`applied`: the terms that the complaint has had, in order; `last`: nothing is known of a time after `now`.

        What falls due `by` then has done so (None: `now` itself).
        """
        self._filed = complaint.filing.us
        self._born = complaint.born
        self._steps, self._told = (complaint.beginnings, complaint.told) if last else complaint.as_told(now)
        self._outages = outages
        self._lived: tuple[tuple[int, int, int], ...] | None = None
        self._applied = applied
        self._now = now
        self._by = now if by is None else by

    def runs(self, since: int | None = None) -> Iterator[Run]:
        """What every cycle is reckoned from, for a complaint that has had one version of its terms; as `found`."""
        for work in clockworks(self._applied[0].terms):
            yield from self.runs_of(work, since)

    def runs_of(self, work: Clockwork, since: int | None) -> Iterator[Run]:
        """The same, of one of its clocks."""
        (applied,) = self._applied
        for span in self._spans(work, since):
            yield self._run(span, applied, work, self._now)

    def found(self, since: int | None = None) -> Iterator[Found]:
        """Every cycle, by name and number. Of those that follow outages, the ones from `since` on, if it is given."""
        if len(self._applied) == 1:
            yield from (run.found(self._now, self._by) for run in self.runs(since))
            return
        for name in sorted({clock.name for applied in self._applied for clock in applied.terms.clocks}):
            yield from self._under(name, since)

    def total(self, clock: str) -> int:
        """How many cycles a clock has."""
        if len(self._applied) == 1:
            work = _works(self._applied[0].terms).named.get(clock)
            return 0 if work is None else self._count(work)
        return sum(self._many(works) for works in by_start(self._works(clock)))

    def _count(self, work: Clockwork) -> int:
        if work.clock.starts == "down":
            return sum([high - low for _, low, high in self.lives])
        return (len(self._steps) + 1) // 2 if work.clock.reopen == "restart" else 1

    def _many(self, works: Works) -> int:
        """How many cycles a clock has that starts in one way."""
        work = works[-1][1]
        if work is not None and (len(works) == 1 or work.clock.starts == "down"):
            return self._count(work)
        return sum(1 for _ in self._begun(works, None))

    # ------------------------------------------------------------------ under one version after the other

    def _works(self, name: str) -> Works:
        """A clock under each of the terms; None where they have none of that name."""
        return [
            (a, _works(a.terms).named.get(name)) for n, a in enumerate(self._applied) if n == 0 or a.time <= self._now
        ]

    def _under(self, name: str, since: int | None) -> Iterator[Found]:
        """The cycles of a clock. Where it starts in one way and then in another it is two clocks: in order of start."""
        kinds = by_start(self._works(name))
        found = [
            (span.start, n, self._cycle(span, works))
            for n, of in enumerate(kinds)
            for span, works in self._begun(of, since if len(kinds) == 1 else None)
        ]
        if len(kinds) == 1 and found and found[0][2].run.span.outage is not None:
            yield from (cycle for *_, cycle in found)  # as many as there are outages: all, or those from `since` on
            return
        found.sort(key=lambda cycle: cycle[:2])
        for number, (*_, cycle) in enumerate(found, 1):
            run = cycle.run
            yield cycle._replace(run=run._replace(span=run.span._replace(number=number)))

    def _begun(self, works: Works, since: int | None) -> Iterator[tuple[Span, Works]]:
        """The cycles that begin, each with the terms under which it runs. None begins of a clock that is gone."""
        gone: int | None = None
        for applied, work in reversed(works):
            if work is not None:
                break
            gone = applied.time
        last = next(work for _, work in reversed(works) if work is not None)
        if last.clock.starts == "down":
            begun: Iterable[tuple[Span, Works]] = ((span, works) for span in self._outage_spans(since))
        else:
            begun = self._lives_begun(works)
        yield from ((span, of) for span, of in begun if gone is None or span.start <= gone)

    def _lives_begun(self, works: Works) -> Iterator[tuple[Span, Works]]:
        """One cycle from the filing on, and one from each reopening under terms that restart it.

        Terms that restart a clock that ran on reckon it anew from its start: so it stopped at the first end after that.
        """
        spans = [self._life(n) for n in range(0, len(self._steps), 2)]
        first: dict[int, int] = {}
        stopped: set[int] = set()
        for n, (applied, work) in enumerate(works):
            if work is None:
                continue
            until = works[n + 1][0].time if n + 1 < len(works) else None
            restarts = work.clock.reopen == "restart"
            new = n == 0 or works[n - 1][1] is None
            runs = min((k for k in first if k not in stopped), default=len(spans))
            for k in range(len(spans) if restarts else 1):
                begins = new or spans[k].start > applied.time or (restarts and k > runs)
                if begins and (until is None or spans[k].start <= until):
                    first.setdefault(k, n)
            for k in first.keys() - stopped:
                stop = self._own(spans[k], work).stop
                if until is not None and stop is not None and stop.time <= until:
                    stopped.add(k)
        for k, n in sorted(first.items()):
            yield spans[k], [(applied, work if m >= n else None) for m, (applied, work) in enumerate(works)]

    # ------------------------------------------------------------------ which cycles there are

    def _life(self, n: int) -> Span:
        """From the beginning at a step to the end that followed; numbered by lives."""
        end = self._steps[n + 1] if n + 1 < len(self._steps) else None
        begun = self._steps[n]
        stop = None if end is None else Stop(max(end.time, begun.time), end.status == CLOSED, fact_at(end.place))
        return Span(n // 2 + 1, begun.time, stop, begun.place)

    def _spans(self, work: Clockwork, since: int | None) -> Iterator[Span]:
        return self._outage_spans(since) if work.clock.starts == "down" else self._filed_spans(work)

    def _ended(self) -> Stage | None:
        last = self._steps[-1]
        return None if last.status == OPEN else last

    def _filed_spans(self, work: Clockwork) -> Iterator[Span]:
        """One cycle from the filing on; where a closing stops it and it restarts, one from each reopening too."""
        if work.clock.reopen != "restart":
            yield Span(1, self._filed, self._stop(work, self._filed), self._steps[0].place)
            return
        yield from map(self._life, range(0, len(self._steps), 2))

    def _stop(self, work: Clockwork, start: int) -> Stop | None:
        """What it waits for, whenever that happened; else the complaint's end, if it is ended now."""
        end = self._ended()
        if work.clock.stops == "closed":
            return None if end is None else Stop(end.time, end.status == CLOSED, fact_at(end.place))
        answer = self._told.answer(work.clock.stops)
        if answer is not None and (end is None or answer.us <= end.time):
            return Stop(max(answer.us, start), own=True, behind=answer.ref)
        return None if end is None else Stop(end.time, own=False, behind=fact_at(end.place))

    @property
    def lives(self) -> Sequence[tuple[int, int, int]]:
        """For each stretch of life: its start, and the outages in it, from one index to another."""
        if self._lived is None:
            self._lived = tuple(self._lives())
        return self._lived

    def _lives(self) -> Iterator[tuple[int, int, int]]:
        done = 0
        for n in range(0, len(self._steps), 2):
            start = self._steps[n].time
            end = self._steps[n + 1].time if n + 1 < len(self._steps) else None
            born = start if n else min(self._born, start)
            low = bisect_right(self._outages, born, key=_start)
            if low and ((until := self._outages[low - 1].end) is None or born < until):
                low -= 1
            high = len(self._outages) if end is None else max(bisect_left(self._outages, end, key=_start), low)
            yield start, max(low, done), max(high, done)
            done = max(high, done)

    def _outage_spans(self, since: int | None) -> Iterator[Span]:
        """A cycle for each outage that the complaint lived through, from `since` on."""
        first = 0 if since is None else max(bisect_right(self._outages, since, key=_start) - 1, 0)
        end = self._ended()
        number = 0
        for begun, low, high in self.lives:
            for i in range(max(low, first), high):
                outage = self._outages[i]
                if outage.start > self._now:
                    break
                start = max(outage.start, begun)
                stop: Stop | None = None
                if outage.end is not None and outage.end <= self._now and (end is None or outage.end <= end.time):
                    stop = Stop(max(outage.end, start), own=True)
                elif end is not None:
                    stop = Stop(max(end.time, start), own=False, behind=fact_at(end.place))
                yield Span(number + i - low + 1, start, stop, None, outage)
            number += high - low

    # ------------------------------------------------------------------ one cycle

    def _run(self, span: Span, applied: Applied, work: Clockwork, now: int) -> Run:
        waits = tuple(w for w in self._told.waits if w.on in work.pauses) if self._told.waits else ()
        blocks = self._blocks(span.start, waits, work)
        return Run(work, applied.version, span, blocks, waits, self._extension(work, span, blocks, now))

    def _blocks(self, start: int, waits: Sequence[Wait], work: Clockwork) -> tuple[Block, ...]:
        """The time that does not count: pauses, and where it goes on after a reopening, the time closed."""
        gaps: list[tuple[int, int]] = []
        if len(self._steps) > 2 and work.clock.reopen == "continue":  # noqa: PLR2004 - filed, ended, reopened
            pairs = zip(self._steps[1::2], self._steps[2::2], strict=False)
            gaps = [(ended.time, reopened.time) for ended, reopened in pairs if ended.time < reopened.time]
        if not waits and not gaps:
            return ()
        blocks = [Block(a, b, pause=False) for a, b in gaps if b > start]
        for wait in waits:
            blocks += _outside(max(wait.start, start), wait.end, gaps)
        return tuple(sorted(blocks, key=lambda block: block.start))

    def _extension(self, work: Clockwork, span: Span, blocks: Sequence[Block], now: int) -> Extension | None:
        """The first extension with a later time, and a notice that was sent before it was due, as it stood then."""
        if work.clock.on_breach is None:
            return None
        for extended in self._told.extended:
            said = max(extended.fact.us, span.start)
            sent = extended.sent
            if sent is None or max(said, sent) > (now if span.stop is None else span.stop.time):
                continue
            due = due_then(work, span.start, blocks, max(said, sent))
            if due is not None and extended.until > due and sent < due:
                return Extension(said, extended.until, extended.fact.ref, max(said, sent))
        return None

    def _cycle(self, span: Span, works: Works) -> Found:
        """A cycle of a complaint to which new terms were applied: reckoned by them from its start, until it stopped."""
        kept: Kept | None = None
        found: Found | None = None
        for n, (applied, work) in enumerate(works):
            until = works[n + 1][0].time if n + 1 < len(works) else None
            if work is None:
                if found is not None and all(w is None for _, w in works[n + 1 :]):
                    return _cancelled(found, applied.time)
                if until is not None and span.start <= until:
                    kept = Kept(until) if kept is None else kept._replace(floor=until)
                continue
            own = self._own(span, work)
            if until is None or (own.stop is not None and own.stop.time <= until):
                return self._run(own, applied, work, self._now).found(self._now, self._by, kept)
            found = self._run(own._replace(stop=None), applied, work, until).found(until, until, kept)
            if own.start <= until:
                kept = Kept(until, found.reckoned.warned, found.reckoned.breached_at, found.upholds)
        if found is None:  # pragma: no cover - a clock that is named is in some terms
            raise AssertionError(span)
        return found

    def _own(self, span: Span, work: Clockwork) -> Span:
        """Its stop by these terms: what a clock waits for may be another than in earlier ones."""
        if span.outage is not None:
            return span
        if work.clock.reopen == "restart":
            return self._life(2 * span.number - 2)
        return span._replace(stop=self._stop(work, span.start))


def fact_at(place: Key) -> Ref:
    """The fact in a place."""
    return place[1].removeprefix(BEHIND), place[2]


def as_of(complaint: Complaint, outages: Sequence[Outage], applied: Sequence[Applied], at: int) -> Clocks:
    """The clocks at any moment, by all that is known of the complaint."""
    return Clocks(complaint, outages, applied, at, last=False)


def by_start(works: Works) -> list[Works]:
    """A clock that starts in one way and then in another is two: the new terms do not have that of the old ones."""
    kinds = dict.fromkeys(work.clock.starts for _, work in works if work is not None)
    if len(kinds) == 1:
        return [works]
    return [[(a, w if w is not None and w.clock.starts == kind else None) for a, w in works] for kind in kinds]


def _cancelled(found: Found, time: int) -> Found:
    """A cycle of a clock that the new terms do not have, as it stood when they came."""
    run = found.run._replace(span=found.run.span._replace(stop=Stop(time, own=False)))
    reckoned = found.reckoned._replace(state="cancelled", stopped_at=time, next=None)
    return found._replace(run=run, reckoned=reckoned, common=None)


def _outside(start: int, end: int | None, gaps: Sequence[tuple[int, int]]) -> list[Block]:
    """What of a wait lies outside of the gaps."""
    parts: list[Block] = []
    for a, b in gaps:
        if end is not None and a >= end:
            break
        if start < a:
            parts.append(Block(start, a))
        start = max(start, b)
    if end is None or start < end:
        parts.append(Block(start, end))
    return parts


def _start(outage: Outage) -> int:
    return outage.start
