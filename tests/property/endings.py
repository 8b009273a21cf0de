"""What a history with clocks ends in, as shown and as recorded: what must not hang on the order of arrival."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from contracts.decisions import AgreementApplied, ComplaintClosed

from .clock_ledger import ClockLedger
from .comparing import Bench, differences
from .histories import History
from .orders import Decisions, arranged, decisions, facts_of, jostled


class Ending(NamedTuple):
    """`kept`: by complaint what has to be the same wherever all else is.

    `closed`: closings with their times, for a request that stands may be granted at another. `applied`: which version a
    complaint had from when, for one that has ended gets no other.
    """

    decided: Decisions
    closed: set[tuple[str, str, str, int]]
    applied: set[tuple[str, int, int]]
    kept: dict[str, Any]


def ending(bench: Bench, told: History, *, batched: bool = True, closings: bool = True) -> Ending:
    """Runs a history. Where there are `closings`, clocks that stop at one are left out."""
    bench.run(told, batched=batched)
    events, ledger = bench.events(), ClockLedger()
    ledger.take(events)
    kept = {}
    for fact in facts_of(told):
        if fact["type"] != "complaint.filed" or (shown := bench.show(name := fact["subject"])) is None:
            continue
        named = fact["data"].get("agreement") or "standard"
        had = [told.agreements[named], *(o.published[named] for o in told.orders if named in o.published)]
        left_out = {c.name for terms in had for c in terms.clocks if closings and c.stops == "closed"}
        kept[name] = {key: shown[key] for key in ("credits", "promises")} | {
            "shown": [row for row in shown["clocks"] if row["clock"] not in left_out],
            "recorded": [row for row in ledger.clocks(name) if row["clock"] not in left_out],
            "owed": ledger.credits_(name),
        }
    closed = {(e.stream, e.source, e.id, e.time) for e in events if isinstance(e.data, ComplaintClosed)}
    applied = {(e.stream, e.data.version, e.time) for e in events if isinstance(e.data, AgreementApplied)}
    return Ending(decisions(events), closed, applied, kept)


def as_recorded(bench: Bench, came: Any = None) -> list[str]:
    """Where what was recorded of clocks and credits, event by event, differs from what is shown; counts into `came`."""
    ledger = ClockLedger()
    ledger.take(bench.events())
    if came is not None:
        came.update(ledger.came)
    found: list[str] = []
    for name in sorted({name for name, _, _ in ledger.rows}):
        shown = bench.show(name)
        assert shown is not None
        owed = [(row["outage"], row["amount"]) for row in shown["credits"]]
        found += differences(ledger.clocks(name), shown["clocks"], f"{name}, recorded")
        found += differences(ledger.credits_(name), owed, f"{name}, recorded as owed")
    return found


def shuffled(bench: Bench, told: History, r: Random, *, thoroughly: bool) -> tuple[bool, list[str]]:
    """Two other orders of arrival: whether the same was decided in both, and if so what they end in otherwise."""
    facts = facts_of(told)
    one, two = (ending(bench, arranged(told, facts, r) if thoroughly else jostled(told, r)) for _ in range(2))
    same = one[:-1] == two[:-1]
    return same, list(differences(one.kept, two.kept, "other order")) if same else []
