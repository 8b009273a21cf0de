"""Why a deadline is what it is, cycle by cycle, with the fact behind everything (domain.md §6, interfaces.md §1).

From what the clocks were reckoned from (engine.clocks), as JSON values: moments are RFC 3339 in UTC, those of days on
the calendar's wall clock, lengths whole seconds. However long a clock runs, the answer stays short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from contracts.calendars import WEEKDAYS, Span
from contracts.envelope import Fact
from contracts.facts import ComplaintExtended, ComplaintWaitStarted, NoticeDelivered
from contracts.lengths import Days
from contracts.moments import SECOND, rfc3339
from engine.behind import Causes
from engine.clocks import as_of, fact_at
from engine.complaint import OPEN, Complaint, Stage
from engine.corrections import Ref
from engine.counting import Counted, counted
from engine.reckoning import Block, due_warnings, reckon
from engine.rows import Cycle, Outage
from engine.runs import Applied, Found, as_concluded, cycle_of
from engine.waiting import Wait, idle_waits

MANY: Final = 40
"""Pauses, waits and gaps of a cycle that are told; of more, the first and the last."""
Lookup = Callable[[Ref], Fact | None]
"""Where a fact is found, as corrected; None where it is none any more, or was not known then."""
Values = dict[str, Any]


class Asked(NamedTuple):
    """What is asked about: a complaint by what was known at `known_at`, at a moment.

    `causes` are the facts behind the outages; `lookup` finds any fact.
    """

    complaint: Complaint
    outages: Sequence[Outage]
    terms: Sequence[Applied]
    at: int
    known_at: int
    causes: Causes
    lookup: Lookup


def clock_names(terms: Sequence[Applied]) -> list[str]:
    """The clocks that a complaint has, or had under earlier terms, in order."""
    return sorted({clock.name for applied in terms for clock in applied.terms.clocks})


def explain(asked: Asked, clock: str) -> Values | None:
    """Everything about a clock of a complaint; None where it has none of that name."""
    if clock not in clock_names(asked.terms):
        return None
    complaint, at = asked.complaint, asked.at
    steps = complaint.steps(at)
    found = [f for f in as_of(complaint, asked.outages, asked.terms, at).found() if f.run.work.name == clock]
    cycles = [_Explained(asked, f, steps).values() for f in _some(found)]
    return {
        "complaint": complaint.name,
        "clock": clock,
        "agreement": complaint.agreement,
        "status": steps[-1].status,
        "terms": [
            {
                "version": applied.version,
                "applied_at": rfc3339(applied.time),
                "has_clock": any(c.name == clock for c in applied.terms.clocks),
            }
            for applied in asked.terms
        ],
        "cycles": cycles,
        "cycles_left_out": len(found) - len(cycles),
        "at": rfc3339(at),
        "known_at": rfc3339(asked.known_at),
    }


class _Explained:
    """One cycle."""

    def __init__(self, asked: Asked, found: Found, steps: Sequence[Stage]) -> None:
        self._asked = asked
        self._found = found
        self._run = run = found.run
        self._steps = steps
        self._work = run.work
        self._edge = asked.at if run.span.stop is None else run.span.stop.time
        self._cycle: Cycle = as_concluded(
            cycle_of(found, asked.complaint.agreement, at=asked.at), min(asked.at, asked.complaint.recorded_at)
        )
        # By these terms alone: what earlier ones had brought about is told beside it.
        span = run.span
        self._plain = reckon(self._work, span.start, span.stop, run.blocks, asked.at, extension=run.extension)
        self._blocks = [b for b in run.blocks if b.start < self._edge]

    def _counting(self) -> list[Block]:
        """The time that does not count, up to its stop: that it lasted longer moves nothing any more."""
        if self._run.span.stop is None:
            return self._blocks
        edge = self._edge
        return [b if b.end is not None and b.end <= edge else b._replace(end=edge) for b in self._blocks]

    def values(self) -> Values:
        """As JSON values."""
        run, cycle, work = self._run, self._cycle, self._work
        length = work.clock.length
        days = isinstance(length, Days)
        # Reckoned days are those to the due moment before pauses move it.
        until = run.span.start if days else self._edge if self._plain.due is None else self._plain.due
        told: Counted = counted(work, run.span.start, until, self._counting())
        return {
            "cycle": cycle.number,
            "state": cycle.state,
            "agreement_version": cycle.version,
            "target": cycle.target,
            "target_days": length.days if isinstance(length, Days) else None,
            "target_seconds": None if isinstance(length, Days) else length.seconds,
            "until": work.clock.until,
            "calendar": self._calendar(),
            "start": self._start(),
            "day_due_at": _moment(told.day_due),
            "days": told.days,
            "holidays": told.holidays,
            "holidays_left_out": told.holidays_left_out,
            "time_changes": told.changes,
            "time_changes_left_out": told.changes_left_out,
            "pauses": self._some_of([b for b in self._blocks if b.pause], self._pause),
            "gaps": self._some_of([b for b in self._blocks if not b.pause], self._gap),
            "blocks_left_out": sum(_left_out([b for b in self._blocks if b.pause is pause]) for pause in (True, False)),
            "waits_that_do_not_pause": self._idle(),
            "extension": self._extension(),
            "kept": self._kept(),
            "due_at": _moment(cycle.due_at),
            "warnings": self._warnings(),
            "breached_at": _moment(cycle.breached_at),
            "on_breach": work.clock.on_breach,
            "stop": self._stop(),
            "stops": work.clock.stops,
            "elapsed": cycle.elapsed,
            "paused": cycle.paused,
            "paused_for": cycle.paused_for,
            "paused_since": _moment(cycle.paused_since),
        }

    # ------------------------------------------------------------------ what it is

    def _calendar(self) -> Values:
        calendar = self._work.calendar
        hours = None if calendar is None or calendar.hours is None else calendar.hours
        holidays = None if calendar is None or hours is None else calendar.holidays
        return {
            "name": self._work.clock.calendar,
            "zone": self._work.zone,
            "hours": None if hours is None else dict(zip(WEEKDAYS, map(_spans, hours.week), strict=True)),
            "country": None if holidays is None else holidays.country,
            "subdivision": None if holidays is None else holidays.subdivision,
        }

    def _start(self) -> Values:
        span = self._run.span
        if span.outage is not None:
            began = span.outage.start
            return {
                "time": rfc3339(span.start),
                "why": "down",
                "outage_started_at": rfc3339(began),
                "fact": self._fact(self._asked.causes.starts.get(began)),
            }
        place = span.begun
        first = place is None or place == self._steps[0].place
        return {
            "time": rfc3339(span.start),
            "why": "filed" if first else "reopened",
            "outage_started_at": None,
            "fact": None if place is None else self._fact(fact_at(place)),
        }

    def _stop(self) -> Values | None:
        stop, outage = self._run.span.stop, self._run.span.outage
        if stop is None:
            return None
        ended_by, behind = None, stop.behind
        why: str = self._work.clock.stops if stop.own else "terms"
        if stop.own and outage is not None:
            ended_by = outage.ended_by
            behind = None if outage.end is None else self._asked.causes.ends.get(outage.end)
        elif not stop.own and stop.behind is not None:
            why = next(
                (s.status for s in reversed(self._steps) if s.status != OPEN and fact_at(s.place) == stop.behind), why
            )
        return {
            "time": rfc3339(stop.time),
            "why": why,
            "own": stop.own,
            "ended_by": ended_by,
            "fact": self._fact(behind),
        }

    # ------------------------------------------------------------------ what does not count

    def _pause(self, block: Block) -> Values:
        wait = next(w for w in self._run.waits if w.start <= block.start and (w.end is None or block.start < w.end))
        data = wait.fact.data
        reason, notice = (data.reason, data.notice) if isinstance(data, ComplaintWaitStarted) else (None, None)
        proof = wait.delivered
        return {
            "on": wait.on,
            "reason": reason,
            "start": rfc3339(block.start),
            "end": self._end(block),
            "took": self._took(block),
            "wait_started_at": rfc3339(wait.fact.us),
            "notice": notice if wait.on == "customer" else None,
            "delivered_at": None if proof is None else rfc3339(proof.us),
            "proof": proof.data.proof if proof is not None and isinstance(proof.data, NoticeDelivered) else None,
            "fact": self._fact(wait.fact.ref),
            "delivered_by": None if proof is None else self._fact(proof.ref),
            "ended_by": self._ended(wait, block),
        }

    def _ended(self, wait: Wait, block: Block) -> Values | None:
        if wait.behind is None or block.end is None or block.end != wait.end:
            return None
        return self._fact(wait.behind[1:])

    def _gap(self, block: Block) -> Values:
        pairs = zip(self._steps[1::2], self._steps[2::2], strict=False)
        ended, again = next((e, r) for e, r in pairs if e.time == block.start and r.time == block.end)
        return {
            "start": rfc3339(block.start),
            "end": self._end(block),
            "took": self._took(block),
            "ended_by": self._fact(fact_at(ended.place)),
            "reopened_by": self._fact(fact_at(again.place)),
        }

    def _idle(self) -> list[Values]:
        """Waits in this cycle that pause nothing: what people ask about first."""
        complaint, at = self._asked.complaint, self._asked.at
        span = self._run.span
        rows = []
        for idle in idle_waits(complaint.until(at), complaint.ends(at), self._work.pauses):
            if idle.fact.us >= self._edge or (idle.behind is not None and idle.behind[0] <= span.start):
                continue
            rows.append(
                {
                    "on": idle.data.on,
                    "reason": idle.data.reason,
                    "start": rfc3339(idle.fact.us),
                    "end": None if idle.behind is None else rfc3339(idle.behind[0]),
                    "notice": idle.data.notice,
                    "delivered_at": None if idle.delivered is None else rfc3339(idle.delivered.us),
                    "why": idle.why,
                    "fact": self._fact(idle.fact.ref),
                }
            )
        return _some(rows)

    def _end(self, block: Block) -> str | None:
        return None if block.end is None or block.end > self._edge else rfc3339(block.end)

    def _took(self, block: Block) -> int:
        end = self._edge if block.end is None else min(block.end, self._edge)
        return self._work.time.between(block.start, end) // SECOND

    def _some_of(self, blocks: Sequence[Block], tell: Callable[[Block], Values]) -> list[Values]:
        return [tell(block) for block in _some(blocks)]

    # ------------------------------------------------------------------ what became of it

    def _extension(self) -> Values | None:
        extension = self._run.extension
        if extension is None:
            return None
        fact = self._asked.lookup(extension.behind)
        data = None if fact is None else fact.data
        return {
            "time": rfc3339(extension.time),
            "until": rfc3339(extension.until),
            "why": data.why if isinstance(data, ComplaintExtended) else None,
            "notice": data.notice if isinstance(data, ComplaintExtended) else None,
            "fact": self._fact(extension.behind),
        }

    def _kept(self) -> Values | None:
        """What earlier terms had brought about, and when new ones came."""
        kept = self._found.kept
        if kept is None:
            return None
        return {
            "applied_at": rfc3339(kept.floor),
            "breached_at": _moment(kept.breached),
            "reckoned_due_at": _moment(self._plain.due),
        }

    def _warnings(self) -> list[Values]:
        """Each that was given; and of those that were not, when they are due."""
        found, run, cycle = self._found, self._run, self._cycle
        given = {fraction: at for fraction, at in found.reckoned.warned if at in cycle.warned_at}
        coming = due_warnings(self._work, run.span.start, run.blocks, self._edge, run.extension)
        rows = []
        for fraction, at in sorted({**dict(coming), **given}.items()):
            due = at if fraction in given or at is None or found.kept is None else max(at, found.kept.floor)
            rows.append({"fraction": float(fraction), "due_at": _moment(due), "warned": fraction in given})
        return rows

    def _fact(self, ref: Ref | None) -> Values | None:
        """A fact as corrected: what it says and where it comes from."""
        if ref is None:
            return None
        fact = self._asked.lookup(ref)
        values: Values = {"source": ref[0], "id": ref[1]}
        if fact is None:
            return values | {"type": None, "subject": None, "time": None, "data": None}
        return values | {
            "type": fact.type,
            "subject": fact.subject,
            "time": rfc3339(fact.us),
            "data": msgspec.to_builtins(fact.data),
        }


def _some(things: Sequence[Any]) -> list[Any]:
    """All of few, the first and the last of many."""
    if len(things) <= MANY:
        return [*things]
    return [*things[: MANY // 2], *things[-(MANY // 2) :]]


def _spans(day: Sequence[Span]) -> list[str]:
    return [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in day]


def _left_out(things: Sequence[Any]) -> int:
    return max(len(things) - MANY, 0)


def _moment(us: int | None) -> str | None:
    return None if us is None else rfc3339(us)
