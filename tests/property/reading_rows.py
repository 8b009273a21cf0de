"""What a complaint shows, by the second reading (the domain page, sections 4 and 7; the interfaces page, section 3)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .reading_absences import Owner, orphaned, owners
from .reading_facts import Place
from .reading_line import Account, Outage

if TYPE_CHECKING:
    from .reading import World

Span = tuple[datetime, datetime]


def z(moment: datetime | None) -> str | None:
    """UTC, with a Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def show(world: World, complaint: str) -> dict[str, Any]:
    """The complaint now, with all that is known now."""
    account = world.account(world.about(complaint))
    events, status = world.events[complaint], world.status(complaint)
    rows = outages(world, complaint)
    replies = world.of(complaint, "complaint.replied")
    handovers, bounces, owner = hands(owners(world, complaint))
    causes, holders = times(world, complaint)
    reported = world.filing(complaint).data.get("reported_fault")
    return {
        "complaint": complaint,
        "service": world.about(complaint),
        "agreement": world.agreement(complaint),
        "agreement_version": world.applied[complaint][-1].version.number,
        "customer": world.filing(complaint).data["customer"],
        "status": status,
        "customer_state": account.at(world.now),
        "filed_at": z(world.filing(complaint).time),
        "closed_at": z(events[-1].time) if status == "closed" else None,
        "withdrawn_at": z(events[-1].time) if status == "withdrawn" else None,
        "owner": {"team": owner[0], "person": owner[1], "orphaned": orphaned(world, complaint, owner)},
        "handovers": handovers,
        "bounces": bounces,
        "contacts": sum(f.data["direction"] == "inbound" for f in world.of(complaint, "complaint.contacted")),
        "repeat_diagnoses": sum(
            bool(f.data.get("on_site")) and reported is not None and f.data["fault"] == reported
            for f in world.of(complaint, "complaint.diagnosed")
        ),
        "reopenings": sum(e.kind == "reopened" for e in events),
        "false_closings": sum(e.false for e in events),
        "false_restorations": sum(c["state"] == "void" for row in rows for c in row["claims"]),
        "refusals": [{**r, "time": z(r["time"])} for r in sorted(world.refusals[complaint], key=lambda r: r["time"])],
        "downtime": downtime(world, complaint),
        "outages": rows,
        "promises": promises(world, complaint),
        "time_by_cause": causes,
        "time_by_owner": holders,
        "decision": replies[-1].data["decision"] if replies else None,
    }


# ---- outages


def lived(world: World, complaint: str) -> list[Outage]:
    """Whole outages that overlap the complaint's life: from its filing (or that filing's down_since, if earlier) to
    its end, and again from a reopening. A beginning belongs to the life, an end does not.
    """
    spans: list[tuple[datetime, datetime | None]] = []
    for step in world.steps(complaint):
        if step.on:
            spans.append((step.time, None))
        else:
            spans[-1] = (spans[-1][0], step.time)
    filing = world.filing(complaint)
    since = filing.moment("down_since") if filing.data.get("down") else None
    spans[0] = (min(spans[0][0], since or spans[0][0]), spans[0][1])

    def meets(o: Outage, begin: datetime, end: datetime | None) -> bool:
        return (o.end is None or begin < o.end) and (end is None or o.start < end)

    return [o for o in world.account(world.about(complaint)).outages() if any(meets(o, *span) for span in spans)]


def reported_end(world: World, complaint: str, outage: Outage) -> datetime | None:
    """The earliest moment in the outage that a claim names or at which this complaint's closing was requested; else
    its end.
    """
    moments = [c.moment for c in world.account(world.about(complaint)).claims]
    moments += [f.time for f in world.of(complaint, "complaint.close_requested")]
    inside = [m for m in moments if outage.start <= m and (outage.end is None or m < outage.end)]
    return min(inside, default=outage.end)


def outages(world: World, complaint: str) -> list[dict[str, Any]]:
    account = world.account(world.about(complaint))
    return [
        {
            "started_at": z(o.start),
            "ended_at": z(o.end),
            "reported_end": z(reported_end(world, complaint, o)),
            "ended_by": o.ender.by if o.ender else None,
            "restated": o.restated,
            "recurrence": i > 0,
            "claims": [
                {"time": z(c.time), "evidence": c.evidence, "by": c.by, "state": c.state}
                for c in account.claims
                if account.home(c) == o.start
            ],
        }
        for i, o in enumerate(lived(world, complaint))
    ]


def downtime(world: World, complaint: str) -> dict[str, int]:
    """The sum of its outages to now, to its withdrawal at most; to the reported end it is reported, the rest hidden."""
    last = world.steps(complaint)[-1]
    until = last.time if world.status(complaint) == "withdrawn" else world.now
    experienced = reported = timedelta()
    for o in lived(world, complaint):
        stop = min(o.end or until, until)
        experienced += max(stop - o.start, timedelta())
        reported += max(min(reported_end(world, complaint, o) or stop, stop) - o.start, timedelta())
    whole, said = seconds(experienced), seconds(reported)
    return {"experienced": whole, "reported": said, "hidden": whole - said}  # the rest, to the second


def seconds(length: timedelta) -> int:
    whole = abs(length) // timedelta(seconds=1)
    return whole if length >= timedelta() else -whole


# ---- owners, causes, promises


def hands(history: list[tuple[datetime, Owner]]) -> tuple[int, int, Owner]:
    """Hand-overs (team to another team, or person to another person in the same team), those of them that are
    bounces (to a team that has had it before), and the owner now.
    """
    handovers = bounces = 0
    team, person = history[0][1]
    had = {team}
    for _, (new_team, new_person) in history[1:]:
        if new_team != team:
            handovers += team is not None
            bounces += team is not None and new_team in had
        elif person is not None and new_person is not None and new_person != person:
            handovers += 1
        team, person = new_team, new_person
        had.add(team)
    return handovers, bounces, (team, person)


def waits(
    world: World, complaint: str, at: datetime | None = None
) -> list[tuple[datetime, datetime | None, str, str | None]]:
    """One at a time: a new one ends the one before, as does an end of the complaint. With the wait's notice."""
    started = world.of(complaint, "complaint.wait_started")
    marks: list[tuple[Place, datetime, str | None, str | None]] = []
    marks += [(f.place, f.time, f.data["on"], f.data.get("notice")) for f in started]
    marks += [(f.place, f.time, None, None) for f in world.of(complaint, "complaint.wait_ended")]
    marks += [(step.place, step.time, None, None) for step in world.steps(complaint, until=at) if not step.on]
    marks = sorted((m for m in marks if at is None or m[1] <= at), key=lambda m: m[0])
    found = []
    for i, (_, time, on, notice) in enumerate(marks):
        if on is not None:
            found.append((time, marks[i + 1][1] if i + 1 < len(marks) else None, on, notice))
    return found


def closed_spans(world: World, complaint: str) -> list[tuple[datetime, datetime | None]]:
    """When it was closed: from each closing (also one proved false) to the reopening that followed."""
    found: list[tuple[datetime, datetime | None]] = []
    for event in world.events[complaint]:
        if event.kind == "closed":
            found.append((event.time, None))
        elif event.kind == "reopened":
            found[-1] = (found[-1][0], event.time)
    return found


def times(world: World, complaint: str) -> tuple[dict[str, int], dict[str, int]]:
    """Every stretch from the filing to the last end (or to now) has one cause and one owner. The first cause that
    holds counts: closed; unconfirmed (from a claim's time to the time of the word that settled it); a wait; work.
    Every second belongs to one alone: to that at its end, so that the parts add up to the whole.
    """
    begin = world.filing(complaint).time
    end = world.now if world.status(complaint) == "open" else max(world.steps(complaint)[-1].time, begin)
    account, history = world.account(world.about(complaint)), owners(world, complaint)
    causes: list[tuple[datetime, datetime | None, str]] = [(*s, "closed") for s in closed_spans(world, complaint)]
    causes += [(c.time, c.settled, "unconfirmed") for c in account.claims]
    causes += [(a, b, f"waiting:{on}") for a, b, on, _ in waits(world, complaint)]
    cuts = {begin, end, *(time for time, _ in history)}
    cuts |= {m for a, b, _ in causes for m in (a, b) if m is not None}
    inside = sorted(m for m in cuts if begin <= m <= end)
    by_cause: Counter[str] = Counter()
    by_owner: Counter[str] = Counter()
    for a, b in itertools.pairwise(inside):
        cause = next((name for x, y, name in causes if x <= a and (y is None or a < y)), "working")
        team, person = [owner for i, (time, owner) in enumerate(history) if i == 0 or time <= a][-1]
        name = f"{team or '-'}/{person}" if person else team or "-"
        length = seconds(b - begin) - seconds(a - begin)
        by_cause[cause] += length
        by_owner[name] += length
    return dict(+by_cause), dict(+by_owner)


def promises(world: World, complaint: str) -> list[dict[str, Any]]:
    """Open, kept, late (kept after due), released, or broken (due, and neither; at the due moment already).
    Experience is what happened less what was promised.
    """
    rows = []
    for f in sorted(world.of(complaint, "promise.made"), key=lambda f: str(f.data["promise"])):
        name, due = f.data["promise"], f.moment("due")
        assert due is not None
        kept = [k.time for k in world.of(complaint, "promise.kept") if k.data["promise"] == name]
        released = any(r.data["promise"] == name for r in world.of(complaint, "promise.released"))
        state = ("kept" if kept[0] <= due else "late") if kept else "released" if released else "open"
        if state == "open" and due <= world.now:
            state = "broken"
        rows.append(
            {
                "promise": name,
                "what": f.data["what"],
                "due": z(due),
                "state": state,
                "kept_at": z(kept[0]) if kept else None,
                "experience": seconds(kept[0] - due) if kept else None,
            }
        )
    return rows


# ---- what the page leaves open


def odd(world: World) -> list[str]:
    """Which cases that the page leaves open came up: where an engine differs, look at these first."""
    found = {name.removeprefix("odd: ") for name in world.seen if name.startswith("odd: ")}
    for service in {world.about(c) for c in world.events}:
        found |= set(odd_line(world.account(service)))
    for complaint, events in world.events.items():
        if any(e.kind == "closed" and not e.false and not world.upheld(complaint, e) for e in events):
            found.add("a closing upheld by itself")
        for early, late, name in (
            ("remedy.granted", "remedy.delivered", "remedy"),
            ("notice.sent", "notice.delivered", "notice"),
        ):
            begun = {f.data[name]: f for f in world.of(complaint, early)}
            for f in world.of(complaint, late):
                first = begun.get(f.data[name], f)
                if f.time < first.time:
                    found.add(f"{late} before {early}")
                elif f.place < first.place and name == "remedy":
                    found.add("remedy.delivered ahead of remedy.granted, at one instant")
    return sorted(found)


def odd_line(account: Account) -> Iterator[str]:
    lines = account.outages()
    for c in account.claims:
        home = next((o for o in lines if o.start == account.home(c)), None)
        if home is None:
            yield "the outage of a claim is gone"
        elif c.moment < home.start or (home.end is not None and c.moment > home.end):
            yield "a claim names a moment outside its outage"
        if any(o.start < c.began == c.moment and (o.end is None or c.moment < o.end) for o in lines):
            yield "a claim names a start that moved"
    for o in lines:
        if o.restated and all(account.at(e.moment) == "up" for e in account.ends_of(o)):
            yield "the overridden end is up again"
