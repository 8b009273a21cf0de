"""What a clock looks at, by the second reading (the domain page, section 6): the lives of a complaint, what it waits
for, its pauses and extensions, as they were at a moment, by all that is known now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from contracts.agreements import Clock

from .reading_facts import Fact
from .reading_hours import Stretch
from .reading_line import Outage
from .reading_rows import waits

if TYPE_CHECKING:
    from .reading import World


@dataclass(frozen=True)
class Life:
    """From a filing or a reopening to the end that followed; `closed`: that was a closing, not a withdrawal."""

    begin: datetime
    end: datetime | None = None
    closed: bool = True


@dataclass(frozen=True)
class Extension:
    """The formal answer may take longer. `sent`: when its notice was first sent."""

    time: datetime
    until: datetime
    sent: datetime | None


@dataclass(frozen=True)
class Course:
    """What happened by `at` to one cycle of a clock.

    `lives`: from the one in which it started. `came`: when that came for which it waits (not used where that is the
    closing). `pauses`: the stretches in which a wait stops it.
    """

    at: datetime
    start: datetime
    lives: tuple[Life, ...]
    came: datetime | None = None
    pauses: tuple[Stretch, ...] = ()
    extensions: tuple[Extension, ...] = ()


def facts(world: World, complaint: str, at: datetime, *types: str) -> list[Fact]:
    """The complaint's facts by `at`, in order."""
    return [f for f in world.of(complaint, *types) if f.time <= at]


def lives(world: World, complaint: str, at: datetime) -> list[Life]:
    """A closing proved false ends none."""
    found: list[Life] = []
    steps, withdrawn = world.steps(complaint, until=at), world.status(complaint) == "withdrawn"
    last = world.events[complaint][-1]
    for step in steps:
        if step.on:
            found.append(Life(step.time))
        else:
            takes_back = withdrawn and step is steps[-1] and last.time <= at
            found[-1] = Life(found[-1].begin, step.time, not takes_back)
    return found


def outages(world: World, complaint: str, at: datetime) -> list[tuple[Outage, int]]:
    """The outages it lived through by `at`, each with the number of the life that took it up. One that ends later
    lasts.
    """
    filing = world.filing(complaint)
    since = filing.moment("down_since") if filing.data.get("down") else None
    found = []
    for o in world.account(world.about(complaint)).outages():
        if o.start > at:
            continue
        for i, life in enumerate(lives(world, complaint, at)):
            begin = min(life.begin, since) if i == 0 and since is not None else life.begin
            if (o.end is None or begin < o.end) and (life.end is None or o.start < life.end):
                lasts = o.end is None or o.end > at
                found.append((Outage(o.start, None if lasts else o.end, None if lasts else o.ender), i))
                break
    return found


def awaited(world: World, complaint: str, clock: Clock, at: datetime) -> datetime | None:
    """When that came at which the clock stops, if that is something about the complaint."""
    replies = facts(world, complaint, at, "complaint.replied")
    match clock.stops:
        case "acknowledged":
            acknowledged = facts(world, complaint, at, "complaint.acknowledged")
            times = [f.time for f in acknowledged if not f.data.get("automatic")]
        case "replied":
            times = [f.time for f in replies]
        case "reply_delivered":
            notices = {f.data["notice"] for f in replies if f.data.get("notice")}
            times = [f.time for f in facts(world, complaint, at, "notice.delivered") if f.data["notice"] in notices]
        case _:
            times = []
    return min(times, default=None)


def pauses(world: World, complaint: str, clock: Clock, at: datetime) -> list[Stretch]:
    """The waits that stop the clock. One on the customer does from the first delivery of its notice on, not before
    its own start; without a notice, or undelivered, it does not.
    """
    found: list[Stretch] = []
    for begun, end, on, notice in waits(world, complaint, at):
        begin = begun
        if on not in clock.pauses:
            continue
        if on == "customer":
            deliveries = facts(world, complaint, at, "notice.delivered")
            heard = [f.time for f in deliveries if notice is not None and f.data["notice"] == notice]
            if not heard:
                continue
            begin = max(begun, min(heard))
        if end is None or begin < end:
            found.append((begin, end))
    return found


def extensions(world: World, complaint: str, at: datetime) -> list[Extension]:
    found = []
    for f in facts(world, complaint, at, "complaint.extended"):
        until = f.moment("until")
        assert until is not None
        notices = facts(world, complaint, at, "notice.sent")
        sent = min((n.time for n in notices if n.data["notice"] == f.data["notice"]), default=None)
        found.append(Extension(f.time, until, sent))
    return found


def courses(world: World, complaint: str, clock: Clock, at: datetime) -> list[Course]:
    """The cycles of a clock, in order."""
    spans, stops = lives(world, complaint, at), tuple(pauses(world, complaint, clock, at))
    if clock.starts == "down":
        return [
            Course(at, max(o.start, spans[i].begin), tuple(spans[i:]), o.end, stops)
            for o, i in outages(world, complaint, at)
        ]
    came, longer = awaited(world, complaint, clock, at), tuple(extensions(world, complaint, at))
    if clock.reopen == "restart":
        return [Course(at, life.begin, (life,), came, stops, longer) for life in spans]
    return [Course(at, life.begin, tuple(spans), came, stops, longer) for life in spans[:1]]
