"""A second reading of clocks (the domain page, section 6): walks through each cycle of each clock, plainly.

Where the page leaves something open, this is how it is read, each with the sentence it rests on:

1.  "A clock not stopped at its due instant is breached at it": past due includes the due instant itself, as seen at it.
2.  "A stop at `due_at` is in time", and for an end: one at the due instant finds the clock not past due: cancelled.
3.  "While paused it is null (unless it has passed)" holds for `P…D` too, and for a `P…D` whose pause began before the
    due moment, while that pause lasts, nothing has passed: "a pause that began before it … moves it on".
4.  "For a stopped clock, now is its stop": stopped within a pause it has no due moment. A pause holds from its start up
    to, not including, its end; so a closing, which ends the wait, finds the clock no longer paused. One that begins at
    the stop finds a stopped clock and pauses nothing.
5.  With `end_of_day` the due moment is the first end of a (working) day at or after the moment to which all pauses and
    gaps that began before it lead: two waits in a row move it as far as one that is as long. Nothing taken, nothing
    moved.
6.  A gap "that does not count" is no pause: it is in neither `elapsed` nor `paused`, and a wait within it pauses
    nothing there. If what a clock waits for came in the gap, the gap ends there: "a reopening shows the clock stopped
    then".
7.  A gap that begins at the very due instant moves nothing: a `PT…` has then elapsed, and a `P…D` is treated alike;
    both are breached at that instant once reopened, though the end had kept them from it.
8.  "Rounded up to the second" is the fraction of the target, in seconds of elapsed time. Of a `P…D` it is a fraction of
    all the time to its due moment, microseconds too: cut to seconds first, it would warn before it is reached.
9.  "An end stops every clock": a warning due at the instant of an end is prevented as by any stop; once reopened the
    stop is gone, and what was due in a gap that counts, or at its first instant, is shown as then.
10. An extension counts from when both it and its notice were there. "A later `until`" and "before the due time": than
    the due moment as it stood then, a pause that lasted taken as far as it had gone. "Only pauses that begin after it":
    after the extension's `time`, not at it; a gap after it moves the due moment likewise.
11. An extended `P…D`: the fractions are of the time from the start to the new due moment ("the due moment without
    pauses"); one that had passed before both the extension and its notice were there stands.
12. A withdrawal or closing at the instant of the clock's own stop comes after it, whatever the order of facts.
13. A delivery of an answer's notice counts at its own time, also if the answer's time is later.
14. A cycle of an outage that began and ended before the filing (its `down_since` made it part of the complaint's life)
    starts and stops at the filing.
15. `end_of_day` at midnight: the later of two ("ends late").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from contracts.agreements import Clock
from contracts.lengths import Seconds

from .reading_course import Course, Extension
from .reading_hours import Hours, Stretch, days_after, inside, next_end_of_day, reach, worked
from .reading_rows import seconds, z

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Before:
    """What terms had brought about by the moment at which others were applied: it stays."""

    time: datetime
    warned: dict[Fraction, datetime] = field(default_factory=dict)
    breached: datetime | None = None
    deems: bool = False  # that breach


@dataclass(frozen=True)
class Reckoned:
    """A cycle as it is at `at`."""

    state: str
    start: datetime
    due: datetime | None
    stop: datetime | None
    elapsed: timedelta
    paused: timedelta
    warned: dict[Fraction, datetime]
    breached: datetime | None


def row(clock: Clock, version: int, cycle: int, found: Reckoned) -> dict[str, Any]:
    return {
        "clock": clock.name,
        "cycle": cycle,
        "state": found.state,
        "target": clock.target,
        "started_at": z(found.start),
        "due_at": z(found.due),
        "stopped_at": z(found.stop),
        "elapsed": seconds(found.elapsed),
        "paused": seconds(found.paused),
        "warned_at": [z(moment) for moment in sorted(found.warned.values())],
        "breached_at": z(found.breached),
        "agreement_version": version,
    }


# ---- one cycle


def reckon(clock: Clock, hours: Hours, course: Course, before: Before | None = None) -> Reckoned:
    """`before`: what earlier terms had brought about when those of this clock were applied."""
    stop, own = stopped(clock, course)
    now = course.at if stop is None else stop
    gaps = uncounted(clock, course, now)
    pauses = [(a, b) for a, b in pieces(course, now, gaps) if stop is None or a < stop]
    walked = Walk(clock, hours, course.start, pauses, gaps, now)
    due = reached_due = extended(walked, course.extensions)
    if before is not None:
        due = before.breached or (due and max(due, before.time))
    is_paused, stays = inside(now, pauses), before is not None and before.breached is not None
    if is_paused and not stays and reached_due is not None and reached_due > now:
        due = None
    breached = due if due is not None and (due <= course.at if stop is None else due < stop) else None
    reached = warnings(walked, course.extensions)
    if before is not None:
        breached = before.breached or breached
        reached = {f: max(moment, before.time) for f, moment in reached.items() if f not in before.warned}
    passed = {f: moment for f, moment in reached.items() if moment < now or (moment == now and stop is None)}
    if before is not None:
        passed |= before.warned
    stood = [(a, min(b or now, now)) for a, b in pauses]
    return Reckoned(
        state=state_of(stop, own=own, is_paused=is_paused, breached=breached is not None),
        start=course.start,
        due=due,
        stop=stop,
        elapsed=worked(hours, course.start, now, [*pauses, *gaps]),
        paused=sum((worked(hours, a, b) for a, b in stood), timedelta()),
        warned=passed,
        breached=breached,
    )


def state_of(stop: datetime | None, *, own: bool, is_paused: bool, breached: bool) -> str:
    if stop is not None:
        return "late" if breached else "met" if own else "cancelled"
    return "breached" if breached else "paused" if is_paused else "running"


def stopped(clock: Clock, course: Course) -> tuple[datetime | None, bool]:
    """When the cycle stopped, and whether that was its own stop. What a clock waits for counts whenever it happens,
    but an end that still holds came first if it came first. A moment before the start counts as at it.
    """
    last = course.lives[-1]
    if clock.stops == "closed":
        return (None, False) if last.end is None else (last.end, last.closed)
    came = None if course.came is None else max(course.came, course.start)
    if last.end is not None and (came is None or last.end < came):
        return last.end, False
    return came, came is not None


def uncounted(clock: Clock, course: Course, now: datetime) -> list[Stretch]:
    """The gaps between an end and a reopening, where the clock then runs on as if they had not been."""
    if clock.reopen != "continue":
        return []
    edges = [(one.end, two.begin) for one, two in zip(course.lives, course.lives[1:], strict=False)]
    return [(a, min(b, now)) for a, b in edges if a is not None and a < min(b, now)]


def pieces(course: Course, now: datetime, gaps: Sequence[Stretch]) -> list[Stretch]:
    """The pauses since the start, but for what lies in gaps. One that lasts at `now` has no end."""
    found = [(max(a, course.start), None if b is not None and b > now else b) for a, b in course.pauses if a <= now]
    for begin, end in gaps:
        assert end is not None
        parts: list[Stretch] = []
        for a, b in found:
            parts += [(a, begin if b is None else min(b, begin)), (max(a, end), b)]
        found = parts
    return sorted((a, b) for a, b in found if b is None or a < b)


@dataclass(frozen=True)
class Walk:
    """A cycle from its start to `now`."""

    clock: Clock
    hours: Hours
    start: datetime
    pauses: Sequence[Stretch]
    gaps: Sequence[Stretch]
    now: datetime

    def until(self, now: datetime) -> Walk:
        """The same as it was at an earlier moment, with what lasted then cut off there."""
        pauses, gaps = (
            [(a, min(b or now, now)) for a, b in stretches if a < now] for stretches in (self.pauses, self.gaps)
        )
        return replace(self, pauses=pauses, gaps=gaps, now=now)

    def first_due(self) -> datetime:
        """Without pauses and gaps; of `P…D` only."""
        length = self.clock.length
        assert not isinstance(length, Seconds)
        return days_after(self.hours, self.start, length.days, end=self.clock.until is not None)

    def due(self) -> datetime | None:
        """None: not known, for a pause lasts."""
        length = self.clock.length
        if isinstance(length, Seconds):
            return reach(self.hours, self.start, timedelta(seconds=length.seconds), [*self.pauses, *self.gaps])
        return self.moved(self.first_due(), [*self.pauses, *self.gaps])

    def moved(self, first: datetime, stretches: Sequence[Stretch]) -> datetime | None:
        """A due moment, moved on by every pause and gap that began before it."""
        due, taken = first, timedelta(0)
        for a, b in sorted(stretches, key=lambda stretch: stretch[0]):
            if a >= due:
                break
            if b is None:
                return None
            taken += worked(self.hours, a, b)
            if taken:
                moved = reach(self.hours, first, taken)
                assert moved is not None
                due = next_end_of_day(self.hours, moved) if self.clock.until else moved
        return due


# ---- extensions


def extension(walked: Walk, candidates: Sequence[Extension]) -> Extension | None:
    """The first with a later `until` and a notice sent before the due time."""
    if walked.clock.on_breach != "deem_upheld":
        return None
    for one in candidates:
        if one.sent is None or max(one.time, one.sent) > walked.now:
            continue
        due = walked.until(max(one.time, one.sent)).due()
        assert due is not None
        if one.sent < due < one.until:
            return one
    return None


def extended(walked: Walk, candidates: Sequence[Extension]) -> datetime | None:
    one = extension(walked, candidates)
    if one is None:
        return walked.due()
    return walked.moved(one.until, [(a, b) for a, b in [*walked.pauses, *walked.gaps] if a > one.time])


# ---- warnings


def warnings(walked: Walk, candidates: Sequence[Extension]) -> dict[Fraction, datetime]:
    """When elapsed reaches each fraction that it reaches."""
    one, length = extension(walked, candidates), walked.clock.length
    if isinstance(length, Seconds):
        reached = {f: passes(walked, f * length.seconds) for f in walked.clock.fractions}
        return {f: moment for f, moment in reached.items() if moment is not None}
    found = {}
    first = exactly(walked, walked.first_due())
    for fraction in walked.clock.fractions:
        moment = passes(walked, fraction * first)
        if one is not None and one.sent is not None and (moment is None or moment >= max(one.time, one.sent)):
            moment = passes(walked, fraction * exactly(walked, one.until))
        if moment is not None:
            found[fraction] = moment
    return found


def exactly(walked: Walk, end: datetime) -> Fraction:
    """The seconds of the calendar's time from its start to a moment."""
    return Fraction(worked(walked.hours, walked.start, end) // MICROSECOND, 1_000_000)


def passes(walked: Walk, amount: Any) -> datetime | None:
    """When so many seconds, rounded up, have elapsed."""
    return reach(walked.hours, walked.start, math.ceil(amount) * SECOND, [*walked.pauses, *walked.gaps])
