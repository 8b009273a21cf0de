"""The clocks of a complaint: their cycles, what starts and stops them, what does not count (domain.md §6).

A function of what is known: facts, the service's outages, the terms applied, and the moment up to which it is asked.
Nothing is remembered that could differ from that. Moments are microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

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
from engine.reckoning import Block, Clockwork, Extension, Kept, Stop, due_then, reckon
from engine.rows import Outage
from engine.runs import Found, Run, Span
from engine.waiting import TOLD, Wait

_MOST = 512


class Applied(Struct, frozen=True, gc=False):
    """Terms, from a moment on."""

    time: int
    version: int
    terms: Agreement


class _Works(NamedTuple):
    """What is made of an agreement once: its clocks, and whether outages change anything under it."""

    terms: Agreement
    clocks: tuple[Clockwork, ...]
    named: dict[str, Clockwork]
    follows: bool
    told: frozenset[type[FactData]]


_WORKS: dict[int, _Works] = {}


def _works(terms: Agreement) -> _Works:
    known = _WORKS.get(id(terms))
    if known is not None and known.terms is terms:
        return known
    if len(_WORKS) >= _MOST:
        _WORKS.clear()
    clocks = tuple(Clockwork(clock, terms) for clock in terms.clocks)
    follows = terms.credit is not None or any(clock.starts == "down" for clock in terms.clocks)
    told_by = frozenset(cls for clock in terms.clocks for cls in _told_by(clock))
    made = _WORKS[id(terms)] = _Works(terms, clocks, {work.name: work for work in clocks}, follows, told_by)
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


def moves(terms: Agreement, cls: type[FactData]) -> bool:
    """Whether facts of a class may move a clock under these terms; only those of engine.waiting ever may not."""
    return cls not in TOLD or cls in _works(terms).told


def clockworks(terms: Agreement) -> tuple[Clockwork, ...]:
    """The clocks of an agreement, ready to reckon with. Made once for each."""
    return _works(terms).clocks


def follows_service(terms: Agreement) -> bool:
    """Whether outages change anything under these terms: a clock that starts with one, or a credit."""
    return _works(terms).follows


class Clocks:
    """The clocks of a complaint at `now`, by what is known: facts and outages with a later time are left out."""

    def __init__(
        self, complaint: Complaint, outages: Sequence[Outage], applied: Sequence[Applied], now: int, *, last: bool
    ) -> None:
        """`applied`: the terms that the complaint has had, in order; `last`: nothing is known of a time after `now`."""
        self._filed = complaint.filing.us
        self._born = complaint.born
        self._steps, self._told = (complaint.beginnings, complaint.told) if last else complaint.as_told(now)
        self._outages = outages
        self._lived: tuple[tuple[int, int, int], ...] | None = None
        self._applied = applied
        self._now = now

    def runs(self, since: int | None = None) -> Iterator[Run]:
        """What every cycle is reckoned from, for a complaint that has had one version of its terms; as `found`."""
        (applied,) = self._applied
        for work in clockworks(applied.terms):
            for span in self._spans(work, since):
                yield self._run(span, applied, work)

    def found(self, since: int | None = None) -> Iterator[Found]:
        """Every cycle, by name and number. Of those that follow outages, the ones from `since` on, if it is given."""
        if len(self._applied) == 1:
            yield from (run.found(self._now) for run in self.runs(since))
            return
        names = {clock.name for applied in self._applied for clock in applied.terms.clocks}
        for name in sorted(names):
            works = [(a, _works(a.terms).named.get(name)) for a in self._applied]
            last = next(work for _, work in reversed(works) if work is not None)
            gone = self._gone(name)
            for span in self._spans(last, since):
                if gone is None or span.start <= gone:
                    yield self._cycle(span, works)

    def total(self, clock: str) -> int:
        """How many cycles a clock has."""
        if len(self._applied) == 1:
            work = _works(self._applied[0].terms).named.get(clock)
            return 0 if work is None else self._count(work)
        works = (_works(applied.terms).named.get(clock) for applied in reversed(self._applied))
        work = next((work for work in works if work is not None), None)
        if work is None:
            return 0
        gone = self._gone(clock)
        return self._count(work) if gone is None else sum(span.start <= gone for span in self._spans(work, None))

    def _count(self, work: Clockwork) -> int:
        if work.clock.starts == "down":
            return sum([high - low for _, low, high in self.lives])
        return (len(self._steps) + 1) // 2 if work.clock.reopen == "restart" else 1

    def _gone(self, clock: str) -> int | None:
        """When new terms took a clock away that none gave back: no cycle begins after that."""
        gone: int | None = None
        for applied in reversed(self._applied):
            if clock in _works(applied.terms).named:
                return gone
            if applied.time <= self._now:
                gone = applied.time
        return gone

    # ------------------------------------------------------------------ which cycles there are

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
        for number, n in enumerate(range(0, len(self._steps), 2), 1):
            end = self._steps[n + 1] if n + 1 < len(self._steps) else None
            begun = self._steps[n]
            stop = None if end is None else Stop(max(end.time, begun.time), end.status == CLOSED, fact_at(end.place))
            yield Span(number, begun.time, stop, begun.place)

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

    def _run(self, span: Span, applied: Applied, work: Clockwork) -> Run:
        waits = tuple(w for w in self._told.waits if w.on in work.pauses) if self._told.waits else ()
        blocks = self._blocks(span.start, waits, work)
        return Run(work, applied.version, span, blocks, waits, self._extension(work, span, blocks))

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

    def _extension(self, work: Clockwork, span: Span, blocks: Sequence[Block]) -> Extension | None:
        """The first extension with a later time, and a notice that was sent before it was due, as it stood then."""
        if work.clock.on_breach is None:
            return None
        for extended in self._told.extended:
            said = max(extended.fact.us, span.start)
            sent = extended.sent
            if sent is None or (span.stop is not None and max(said, sent) > span.stop.time):
                continue
            due = due_then(work, span.start, blocks, max(said, sent))
            if due is not None and extended.until > due and sent < due:
                return Extension(said, extended.until, extended.fact.ref)
        return None

    def _cycle(self, span: Span, works: Sequence[tuple[Applied, Clockwork | None]]) -> Found:
        """A cycle of a complaint to which new terms were applied: reckoned by them from its start, until it stopped."""
        kept: Kept | None = None
        found: Found | None = None
        for n, (applied, work) in enumerate(works):
            if applied.time > self._now and found is not None:
                break
            until = works[n + 1][0].time if n + 1 < len(works) else None
            if work is None:
                back = any(w is not None and a.time <= self._now for a, w in works[n + 1 :])
                if found is not None and not back:
                    return _cancelled(found, applied.time, kept)
                warned, breached = ((), None) if kept is None else kept[1:]
                kept = Kept(applied.time if until is None else until, warned, breached)
                continue
            own = self._own(span, work)
            if until is None or until > self._now or (own.stop is not None and own.stop.time <= until):
                return self._run(own, applied, work).found(self._now, kept)
            found = self._run(own._replace(stop=None), applied, work).found(until, kept)
            if own.start <= until:
                kept = Kept(until, found.reckoned.warned, found.reckoned.breached_at)
        if found is None:  # pragma: no cover - a clock that is named is in some terms
            raise AssertionError(span)
        return found

    def _own(self, span: Span, work: Clockwork) -> Span:
        """Its stop by these terms: what a clock waits for may be another than in earlier ones."""
        if work.clock.starts == "down" or work.clock.reopen == "restart":
            return span
        return span._replace(stop=self._stop(work, span.start))


def fact_at(place: Key) -> Ref:
    """The fact in a place."""
    return place[1].removeprefix(BEHIND), place[2]


def as_of(complaint: Complaint, outages: Sequence[Outage], applied: Sequence[Applied], at: int) -> Clocks:
    """The clocks at any moment, by all that is known of the complaint."""
    return Clocks(complaint, outages, applied, at, last=False)


def _cancelled(found: Found, time: int, kept: Kept | None) -> Found:
    """A cycle of a clock that the new terms do not have."""
    span = found.span._replace(stop=Stop(max(time, found.span.start), own=False))
    reckoned = reckon(found.work, span.start, span.stop, found.blocks, time, extension=found.extension, kept=kept)
    return found._replace(span=span, reckoned=reckoned._replace(state="cancelled"), common=None)


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
