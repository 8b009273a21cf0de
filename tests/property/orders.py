"""The same facts in another order of arrival, and what was decided on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from contracts.decisions import ComplaintClosed, ComplaintReopened, ComplaintRestated, ComplaintWithdrawnRecorded
from contracts.recorded import Recorded

from .histories import History
from .histories_writer import AGAIN

LIFE = ("complaint.close_requested", "complaint.reopen_requested", "complaint.withdrawn")
Decided = tuple[str, str, str, str]
_TURNS: dict[type, str] = {
    ComplaintClosed: "closed",
    ComplaintReopened: "reopened",
    ComplaintWithdrawnRecorded: "withdrawn",
}


class Decisions(NamedTuple):
    """What began and ended complaints: what, of which complaint, by which fact; and which closings proved false."""

    granted: tuple[Decided, ...]
    false: frozenset[Decided]
    facts: frozenset[tuple[str, str]]

    @property
    def as_sets(self) -> tuple[frozenset[Decided], frozenset[Decided], frozenset[tuple[str, str]]]:
        return frozenset(self.granted), self.false, self.facts


def decisions(events: list[Recorded]) -> Decisions:
    """As recorded: what was asked for and granted, by complaint in the order recorded; and what proved false."""
    granted, false = [], set()
    for event in events:
        complaint = event.stream.partition(":")[2]
        data = event.data
        if isinstance(data, ComplaintReopened) and data.because == "false_closing":
            false.add(("closed", complaint, data.closing.source, data.closing.id))
        elif isinstance(data, ComplaintRestated):
            rows = data.closings or ()
            false |= {("closed", complaint, row.fact.source, row.fact.id) for row in rows if row.false}
        elif (name := _TURNS.get(type(data))) is not None:
            granted.append((name, complaint, event.source, event.id))
    granted.sort(key=lambda decided: decided[1])
    facts = frozenset((event.source, event.id) for event in events if event.kind == "fact")
    return Decisions(tuple(granted), frozenset(false), facts)


def facts_of(told: History, *, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Each fact once, as it came first."""
    once: dict[tuple[str, str], dict[str, Any]] = {}
    for fact, _ in told.arrivals:
        once.setdefault((fact["source"], fact["id"]), fact)
    return [f for f in once.values() if f["type"] not in without and f["data"].get("summary") != AGAIN]


def arranged(told: History, facts: list[dict[str, Any]], r: Random) -> History:
    """Shuffled and some of them doubled: all at the end, or each at any time from its own on."""
    facts = [fact for fact in facts for _ in range(r.choice((1, 1, 2)))]
    r.shuffle(facts)
    if r.random() < 0.5:
        return replace(told, arrivals=[(fact, told.end) for fact in facts])
    coming = []
    for fact in facts:
        least = datetime.fromisoformat(fact["time"]).astimezone(told.end.tzinfo)
        steps = (told.end - least) // timedelta(minutes=30)
        coming.append((least + timedelta(minutes=30) * r.randint(0, steps), fact))
    coming.sort(key=lambda c: c[0])
    return replace(told, arrivals=[(fact, now) for now, fact in coming])


def jostled(told: History, r: Random) -> History:
    """As it arrived, but for facts that overtake others or come twice; nothing comes before its own time."""
    seen: set[tuple[str, str]] = set()
    coming = []
    for n, (fact, now) in enumerate(told.arrivals):
        if (fact["source"], fact["id"]) not in seen:
            seen.add((fact["source"], fact["id"]))
            coming += [(n + r.uniform(0, 3), fact, now) for _ in range(r.choice((1, 1, 2)))]
    coming.sort(key=lambda c: c[0])
    arrivals, last = [], told.arrivals[0][1]
    for _, fact, now in coming:
        last = max(last, now)
        arrivals.append((fact, last))
    return replace(told, arrivals=arrivals, end=max(last, told.end))
