"""A second reading of who has a complaint (the domain page, section 7), with absences and deputies.

Where the page leaves something open, this is how it is read:

1.  "Everything here follows `time`, not arrival": a complaint goes to the deputy at the latest of the absence's start,
    the `time` at which it was told, the assignment to the person, and the reopening.
2.  It stays in its team ("with a `to` alone it keeps the team"), and the hand-over counts like any other
    ("`complaint.assigned` by the engine").
3.  "Go to the deputy": a deputy who is absent too passes it on to the own deputy, which is another hand-over; one who
    has none keeps it, and it is orphaned. Where deputies name each other (or themselves) it stays, orphaned, until one
    of them is back.
4.  Nothing comes back by itself when the absence ends.
5.  "The open complaints": one that is closed or withdrawn neither goes to a deputy nor is orphaned; a closing proved
    false is none here either.
6.  `until` is the first moment of being back. Of several absences at a moment the last in the order of facts counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .reading_facts import Fact

if TYPE_CHECKING:
    from .reading import World

Owner = tuple[str | None, str | None]


def owners(world: World, complaint: str) -> list[tuple[datetime, Owner]]:
    """Who has it from when. A team alone takes the person off; a person alone keeps the team."""
    filing = world.filing(complaint)
    owner: Owner = (filing.data.get("team"), None)
    assigned = world.of(complaint, "complaint.assigned")
    found = [(filing.time, owner)]
    for moment in moments(world, complaint, assigned):
        for f in assigned:
            if f.time == moment:
                owner = (f.data.get("team") or owner[0], f.data.get("to"))
                found.append((moment, owner))
        if moment >= filing.time and is_open(world, complaint, moment):
            for deputy in deputies(world, owner[1], moment):
                owner = (owner[0], deputy)
                found.append((moment, owner))
    return found


def moments(world: World, complaint: str, assigned: list[Fact]) -> list[datetime]:
    """At which something may change who has it."""
    cuts = {f.time for f in assigned} | {e.time for e in world.events[complaint]}
    for f in absences(world):
        begin, end = stretch(f)
        cuts |= {max(begin, f.time), end}
    return sorted(m for m in cuts if m <= world.now)


def absences(world: World) -> list[Fact]:
    return sorted((f for f in world.current().values() if f.type == "person.absent"), key=lambda f: f.place)


def stretch(absence: Fact) -> tuple[datetime, datetime]:
    begin, end = absence.moment("from"), absence.moment("until")
    assert begin is not None
    assert end is not None
    return begin, end


def absence_of(world: World, person: str, moment: datetime) -> Fact | None:
    """As told by then."""
    for f in reversed(absences(world)):
        begin, end = stretch(f)
        if f.subject == person and f.time <= moment and begin <= moment < end:
            return f
    return None


def deputies(world: World, person: str | None, moment: datetime) -> list[str]:
    """To whom it goes from a person, one after the other; nobody, if that would go in circles."""
    found: list[str] = []
    while person is not None:
        absence = absence_of(world, person, moment)
        deputy = None if absence is None else absence.data.get("deputy")
        if deputy is None:
            return found
        if deputy == person or deputy in found or len(found) > len(absences(world)):
            return []
        found.append(deputy)
        person = deputy
    return found


def is_open(world: World, complaint: str, moment: datetime) -> bool:
    """By its life as it is known now, in which no end lies before what was recorded ahead of it."""
    known = [step for step in world.steps(complaint) if step.time <= moment]
    return bool(known) and known[-1].on


def orphaned(world: World, complaint: str, owner: Owner) -> bool:
    return (
        owner[1] is not None
        and is_open(world, complaint, world.now)
        and absence_of(world, owner[1], world.now) is not None
    )
