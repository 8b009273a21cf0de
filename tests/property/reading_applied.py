"""A second reading of the clocks of a complaint under the versions of its agreement that it has had (the domain page,
section 6): version by version, what becomes of each cycle.

"The new terms are reckoned from the start of each cycle not yet stopped; a due time that would lie before the
application is the application's `time`; stopped cycles and breaches stay; new clocks start at the filing, those that
are gone are cancelled." Where the page leaves something open, this is how it is read:

1.  What lies at the moment of the application, facts and what falls due, comes before it.
2.  A cycle that has stopped by the application stays under the old terms; cycles that begin later are under the new
    ones. One that a closing had stopped (told later, for an ended complaint gets no terms) runs on under the new ones.
3.  "Breaches stay", with the due moment at which they were breached and with what follows on them, also if by the new
    terms the cycle had stopped before. How it stood at the application is judged by what lies up to it: an extension
    said later changes no breach any more.
4.  A warning that had passed stays, and is not given again for the same fraction. A warning is due too: one of the new
    terms that would lie before the application is given at it.
5.  A clock that is gone is cancelled at the application, past due or not; what it had breached stays, and none of its
    cycles begin any more. If later terms have it again it is a new one, which starts at the filing: what was cancelled
    runs on.
6.  A new clock has a cycle for every outage (reopening, if it is to `restart`) since the filing; it stops at what came
    before it.
7.  A clock that starts otherwise (`filed`, `down`) is another one: that of the old terms is gone, that of the new ones
    is new. Cycles of both are numbered by their starts, the older clock ahead.
8.  One that did not `restart` and is to: its cycle is reckoned anew from its start, so it stopped at the first closing
    since, and a cycle begins at each reopening. One that is to restart no more runs on from the reopening at which its
    cycle began.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts.agreements import Clock

from .reading_clocks import Before, Reckoned, reckon, row
from .reading_course import Course, Life, courses, extensions, lives
from .reading_facts import Applied, Terms
from .reading_hours import hours_of
from .reading_rows import z

if TYPE_CHECKING:
    from .reading import World


@dataclass(frozen=True)
class Cycle:
    """A cycle under the last terms that were reckoned with. `goes_on`: the next ones are too. `by_terms`: it was
    cancelled by them, for they have no such clock.
    """

    clock: Clock
    version: int
    found: Reckoned
    deems: bool = False
    goes_on: bool = False
    by_terms: bool = False


Key = tuple[int, str, int]
"""The version with which a clock was new, where it starts, and the number of its outage or life."""


def told(world: World, complaint: str, at: datetime | None = None) -> dict[str, Any]:
    """The rows of a complaint, by name of clock, then cycle, and when the law took it as justified: the first breach
    of a clock that says so. At `at` (default: now), by all that is known now.
    """
    rows, deemed = [], []
    had = world.had(complaint, at)
    for name in sorted({clock.name for applied in had for clock in applied.terms.all_clocks}):
        for number, cycle in enumerate(cycles(world, complaint, name, at or world.now), 1):
            rows.append(row(cycle.clock, cycle.version, number, cycle.found))
            if cycle.deems and cycle.found.breached is not None:
                deemed.append(cycle.found.breached)
    return {"clocks": rows, "deemed_upheld_at": z(min(deemed, default=None))}


def cycles(world: World, complaint: str, name: str, at: datetime) -> list[Cycle]:
    """The cycles of a clock, in order."""
    had = world.had(complaint, at)
    known: dict[Key, Cycle] = {}
    was: Clock | None = None
    new: dict[str, int] = {}  # by where it starts, with which version the clock was so first
    for n, applied in enumerate(had):
        clock = named(applied.terms, name)
        for key, cycle in known.items():
            if cycle.goes_on and (clock is None or clock.starts != cycle.clock.starts):
                known[key] = cancelled(cycle, applied.time)
        if clock is not None:
            order = new.setdefault(clock.starts, n)
            until = had[n + 1].time if n + 1 < len(had) else None
            every: dict[Key, Course] = {
                (order, clock.starts, k): c for k, c in every_course(world, complaint, clock, at).items()
            }
            going = [key for key, cycle in known.items() if cycle.goes_on]
            if was is None or was.starts != clock.starts:
                begin: list[Key] = [key for key in every if key not in known]
                begin += [key for key, cycle in known.items() if cycle.by_terms and key[1] == clock.starts]
            else:
                begin = [key for key, course in every.items() if key not in known and course.start > applied.time]
                if clock.reopen == "restart" and going:
                    begin += [key for key in every if key not in known and key > min(going)]
            for key in sorted({*going, *begin}):
                course = every[key] if key in every else from_life(world, complaint, clock, at, key[2])
                if until is None or course.start <= until:
                    before = before_it(known.get(key), applied) if n and course.start <= applied.time else None
                    known[key] = under(applied, clock, course, before, until)
        was = clock
    return [known[key] for key in sorted(known, key=lambda key: (known[key].found.start, key))]


def named(terms: Terms, name: str) -> Clock | None:
    return next((clock for clock in terms.all_clocks if clock.name == name), None)


def under(applied: Applied, clock: Clock, course: Course, before: Before | None, until: datetime | None) -> Cycle:
    """A cycle under the terms that were applied; `until`: when others were."""
    hours, number = hours_of(applied.terms, clock.calendar), applied.version.number
    found = reckon(clock, hours, course, before)
    goes_on = until is not None and (found.stop is None or found.stop > until)
    if until is not None and goes_on:
        found = reckon(clock, hours, as_of(course, until), before)
    earlier = before is not None and before.breached is not None
    deems = before.deems if before is not None and earlier else clock.on_breach == "deem_upheld"
    return Cycle(clock, number, found, deems, goes_on)


def before_it(cycle: Cycle | None, applied: Applied) -> Before:
    if cycle is None:
        return Before(applied.time)
    return Before(applied.time, cycle.found.warned, cycle.found.breached, cycle.deems)


def cancelled(cycle: Cycle, moment: datetime) -> Cycle:
    return replace(cycle, found=replace(cycle.found, state="cancelled", stop=moment), goes_on=False, by_terms=True)


# ---- courses


def every_course(world: World, complaint: str, clock: Clock, at: datetime) -> dict[int, Course]:
    """By the number of the outage or of the life, for a clock that has been there since the filing."""
    return dict(enumerate(courses(world, complaint, clock, at)))


def from_life(world: World, complaint: str, clock: Clock, at: datetime, number: int) -> Course:
    """Of a clock that runs on from a reopening, as another does from the filing."""
    spans = tuple(lives(world, complaint, at)[number:])
    (whole,) = courses(world, complaint, clock, at)
    return replace(whole, start=spans[0].begin, lives=spans, extensions=tuple(extensions(world, complaint, at)))


def as_of(course: Course, moment: datetime) -> Course:
    """What had happened by then to a cycle that did not stop by then, or not for good."""
    return replace(
        course,
        at=moment,
        lives=tuple(lives_by(course.lives, moment)),
        came=None if course.came is None or course.came > moment else course.came,
        pauses=tuple((a, None if b is None or b > moment else b) for a, b in course.pauses if a <= moment),
        extensions=tuple(
            replace(one, sent=None if one.sent is None or one.sent > moment else one.sent)
            for one in course.extensions
            if one.time <= moment
        ),
    )


def lives_by(spans: tuple[Life, ...], moment: datetime) -> Iterator[Life]:
    """Up to the one that began by then; or to the one after it, if it had ended by then."""
    for life in spans:
        lasts = life.end is None or life.end > moment
        yield replace(life, end=None) if lasts else life
        if lasts:
            return
