"""Which states stay in memory, and what goes with a row that is recorded anew."""

from __future__ import annotations

from typing import Any, cast

from contracts.rows import ClockRow
from engine.cache import Cache
from engine.complaint import Complaint
from engine.cycles import Cycles, Kept, Seen
from tests.unit.engine.given import us


def complaint(name: str, due: int | None, version: int = 1) -> Complaint:
    made = Complaint(name)
    made.armed, made.version = due, version
    return made


def kept(cache: Cache, *states: Complaint) -> set[str]:
    """Which of these are left once others have come in a batch of their own."""
    for state in states:
        cache.put(state)
    cache.trim()
    cache.put(complaint("new", 1))
    cache.trim()
    return {state.name for state in states if cache.get(state.stream) is not None}


def test_what_waits_longest_for_its_timer_goes_and_before_it_what_waits_for_none() -> None:
    assert kept(Cache(3), complaint("a", 30), complaint("b", None), complaint("c", 20)) == {"a", "c"}
    assert kept(Cache(3), complaint("a", 30), complaint("b", 40), complaint("c", 20)) == {"a", "c"}


def test_long_histories_count_for_more() -> None:
    assert kept(Cache(3), complaint("a", 30), complaint("b", 40)) == {"a", "b"}
    assert kept(Cache(3), complaint("a", 30), complaint("b", 40, version=90)) == {"a"}


def test_what_a_cycle_was_reckoned_from_goes_with_its_row() -> None:
    row: Any = {"agreement": "standard", "agreement_version": 1, "state": "running", "target": "PT1H"}
    first = ClockRow(clock="restore", cycle=1, started_at=cast("Any", us(0)), **row)
    cycles = Cycles()
    cycles.put(Kept(first))
    cycles.note(1, cast("Seen", "this"))
    assert cycles.seen(1) is not None
    cycles.put(Kept(first))
    assert cycles.seen(1) is None
