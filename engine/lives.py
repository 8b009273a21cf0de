"""What a complaint lived through: its life, the outages in it, the claims about them (domain.md §4, interfaces.md §3).

From conclusions alone. Moments are microseconds; `at` leaves out what has a later time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from contracts.facts import ComplaintCloseRequested
from engine.absences import Interval
from engine.claims import VOID, Claim
from engine.complaint import CLOSED, OPEN, WITHDRAWN, Complaint, Turn
from engine.rows import Outage
from engine.service import Service


class Lived(NamedTuple):
    """An outage that a complaint lived through, as of a moment: `end` is None while it lasts."""

    start: int
    end: int | None
    reported_end: int | None
    ended_by: str | None
    restated: bool
    claims: list[Claim]


class Downtime(NamedTuple):
    """Whole seconds: what the customer experienced, what a ticket system would have said, the difference."""

    experienced: int
    reported: int
    hidden: int


def turns(complaint: Complaint, at: int) -> list[Turn]:
    """Changes of status up to a moment, in the order recorded."""
    return [turn for turn in complaint.turns if turn.time <= at]


def life(complaint: Complaint, at: int) -> list[Interval]:
    """From the filing (or its `down_since`) to the end, and again from a reopening on; false closings end nothing."""
    lives: list[Interval] = []
    for step in complaint.steps(at):
        if step.status == OPEN:
            lives.append((step.time, None))
        else:
            lives[-1] = (lives[-1][0], step.time)
    lives[0] = (min(complaint.born, lives[0][0]), lives[0][1])
    return lives


def last_end(complaint: Complaint, at: int) -> int | None:
    """When it ended, if it has; not before what was recorded ahead of that."""
    step = complaint.steps(at)[-1]
    return None if step.status == OPEN else step.time


def closed(complaint: Complaint, at: int) -> list[Interval]:
    """When it was closed, by the status that it had."""
    intervals: list[Interval] = []
    since: int | None = None
    for turn in turns(complaint, at):
        if since is not None:
            intervals.append((since, max(turn.time, since)))
            since = None
        if turn.status == CLOSED:
            since = turn.time
    if since is not None:
        intervals.append((since, None))
    return intervals


def lived(complaint: Complaint, service: Service, at: int) -> list[Lived]:
    """The outages that overlap its life, whole, in order."""
    lives = life(complaint, at)
    asked = [f.us for f in complaint.until(at) if isinstance(f.data, ComplaintCloseRequested)]
    outages = [o for o in service.outages if o.start <= at and any(_meets(o, born, end) for born, end in lives)]
    return _told(service, outages, at, asked)


def all_outages(service: Service, at: int, asked: Iterable[int]) -> list[Lived]:
    """All outages of a service, in order. `asked`: when closing of any of its complaints was requested."""
    return _told(service, [o for o in service.outages if o.start <= at], at, sorted(t for t in asked if t <= at))


def _told(service: Service, outages: list[Outage], at: int, asked: list[int]) -> list[Lived]:
    claims = [claim for claim in service.claims.values() if claim.place[0] <= at]
    about = _claims_by_outage(service, claims)
    named = sorted(claim.since for claim in claims)
    return [_as_of(outage, at, sorted(about.get(outage.start, ())), named, asked) for outage in outages]


def _meets(outage: Outage, born: int, end: int | None) -> bool:
    """Whether an outage lies in a stretch of life, whose beginning belongs to it and whose end does not.

    A life that ended as it began takes up none that begins with it.
    """
    return (outage.end is None or born < outage.end) and (end is None or outage.start < end)


def _as_of(outage: Outage, at: int, claims: list[Claim], named: list[int], asked: list[int]) -> Lived:
    end = outage.end if outage.end is not None and outage.end <= at else None
    reported = end
    for moments in (named, asked):
        i = _first_from(moments, outage.start)
        if (
            i < len(moments)
            and (outage.end is None or moments[i] < outage.end)
            and (reported is None or moments[i] < reported)
        ):
            reported = moments[i]
    return Lived(outage.start, end, reported, None if end is None else outage.ended_by, outage.restated, claims)


def _first_from(moments: list[int], start: int) -> int:
    return bisect_right(moments, start - 1)


def _claims_by_outage(service: Service, claims: list[Claim]) -> dict[int, list[Claim]]:
    """Claims by the outage that each is about.

    Of those that overlap the stretch in which it was made: the last that began by the moment it names, else the first.
    """
    starts = [outage.start for outage in service.outages]
    about: dict[int, list[Claim]] = {}
    for claim in claims:
        first: int | None = None
        i = bisect_right(starts, claim.place[0]) - 1
        while i >= 0:
            outage = service.outages[i]
            if outage.end is not None and outage.end <= claim.outage_from:
                break
            first = outage.start
            if outage.start <= claim.since:
                break
            i -= 1
        if first is not None:
            about.setdefault(first, []).append(claim)
    return about


def downtime(complaint: Complaint, outages: list[Lived], at: int) -> Downtime:
    """Summed over the outages, to `at`, and to its withdrawal at most; microseconds are cut from the sums."""
    last = complaint.steps(at)[-1]
    until = last.time if last.status == WITHDRAWN else at
    whole = said = 0
    for outage in outages:
        end = until if outage.end is None else min(outage.end, until)
        reported = end if outage.reported_end is None else min(outage.reported_end, end)
        whole += max(end - outage.start, 0)
        said += max(reported - outage.start, 0)
    experienced, reported_seconds = whole // 1_000_000, said // 1_000_000
    return Downtime(experienced, reported_seconds, experienced - reported_seconds)


def false_restorations(outages: list[Lived]) -> int:
    """Claims about these outages that a down word made void."""
    return sum(claim.state == VOID for outage in outages for claim in outage.claims)
