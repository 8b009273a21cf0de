"""A second reading of `agreement.applied` (the domain page, section 6): a running complaint is moved to new terms.

"The new terms are reckoned from the start of each cycle not yet stopped; a due time that would lie before the
application is the application's `time`; stopped cycles and breaches stay; new clocks start at the filing, those that
are gone are cancelled." Where the page leaves something open, this is how it is read:

1.  A cycle that was stopped at the application stays under the old terms for good, also once it is reopened; cycles
    that begin later are under the new ones, and none begin any more of a clock that is gone.
2.  "Breaches stay" with the due moment at which they were breached; elapsed, pauses and the stop are by the new terms.
3.  A warning that had passed stays, and is not given again for the same fraction; one of the new terms whose moment is
    not after the application is not given, for at its moment nothing was due.
4.  A clock that is gone is cancelled at the application, past due or not; a breach of it stays.
5.  A new due moment before the application is moved to it, and the cycle is breached at it unless it has stopped by
    then.
6.  A new clock has a cycle for every outage since the filing (`starts = "down"`), and stops at what came before it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts.agreements import Clock

from .reading_clocks import Reckoned, reckon, row, stopped, terms_of
from .reading_course import Course, courses
from .reading_facts import Terms
from .reading_hours import hours_of

if TYPE_CHECKING:
    from .reading import World


def applied(world: World, complaint: str, new: Terms, moment: datetime) -> list[dict[str, Any]]:
    """The rows of a complaint now, moved to new terms at `moment`."""
    old, rows = terms_of(world, complaint), []
    for name in sorted({clock.name for clock in (*old.all_clocks, *new.all_clocks)}):
        was, comes = named(old, name), named(new, name)
        known = courses(world, complaint, was, moment) if was else []
        before = {c.start: reckon(was, hours_of(old, was.calendar), c) for c in known if was}
        latest = {c.start: c for clock in (was, comes) if clock for c in courses(world, complaint, clock, world.now)}
        begun = [start for start in latest if start in before or (comes and (start > moment or was is None))]
        for cycle, start in enumerate(sorted(begun), 1):
            then, course = before.get(start), latest[start]
            if was and then and then.stop is not None:
                kept, found = was, reckon(was, hours_of(old, was.calendar), course)
            elif comes:
                kept, found = comes, moved(comes, new, course, then, moment)
            else:
                assert was
                assert then
                kept, found = was, replace(then, state="cancelled", stop=moment)
            rows.append(row(kept, cycle, found))
    return rows


def named(terms: Terms, name: str) -> Clock | None:
    return next((clock for clock in terms.all_clocks if clock.name == name), None)


def moved(clock: Clock, terms: Terms, course: Course, then: Reckoned | None, moment: datetime) -> Reckoned:
    """A cycle under the new terms; `then`: how it was under the old ones when they were applied."""
    found = reckon(clock, hours_of(terms, clock.calendar), course)
    if course.start > moment:
        return found
    due, breached = found.due, found.breached
    if then is not None and then.breached:
        due = breached = then.breached
    elif due is not None and due < moment:
        due = moment
        breached = moment if found.stop is None or moment < found.stop else None
    later = {f: m for f, m in found.warned.items() if m > moment}
    _, own = stopped(clock, course)
    state = ("late" if breached else "met" if own else "cancelled") if found.stop else found.state
    if found.stop is None and breached:
        state = "breached"
    warned = later | (then.warned if then else {})
    return replace(found, state=state, due=due, breached=breached, warned=warned)
