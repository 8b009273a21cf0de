"""Which states stay in memory, and what goes with a row that is recorded anew."""

from __future__ import annotations

from typing import Any, cast

from contracts.rows import ClockRow
from engine.cache import Cache
from engine.complaint import CLOSED, Complaint, Turn
from engine.cycles import Cycles, Kept, Seen
from engine.service import Service
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


def test_what_has_ended_goes_first() -> None:
    ended = complaint("b", None)
    ended.turns.append(Turn(0, CLOSED, ("crm", "1")))
    assert kept(Cache(3), complaint("a", None), ended, complaint("c", 20)) == {"a", "c"}


def test_a_service_is_needed_when_its_complaint_is() -> None:
    about = complaint("b", 20)
    about.service = "pos-7"
    cache = Cache(3)
    cache.put(Service("pos-7"))
    assert kept(cache, complaint("a", None), about) == {"b"}
    assert cache.get("service:pos-7") is not None
    about.armed = None
    cache.put(about)
    cache.trim()
    assert kept(cache, complaint("d", 30), about) == {"d", "b"}
    assert cache.get("service:pos-7") is None


def test_what_is_forgotten_and_read_again_is_weighed_again() -> None:
    long = complaint("b", 40, version=80)
    cache = Cache(3)
    for _ in range(3):
        cache.put(long)
        cache.trim()
        cache.drop(long.stream)
        long = complaint("b", 40, version=80)
    cache.put(complaint("a", 50))
    cache.put(complaint("c", 50))
    cache.trim()
    assert cache.get("complaint:a") is not None
    assert cache.get("complaint:c") is not None


def test_a_state_in_the_place_of_another_of_its_stream_counts_once() -> None:
    cache = Cache(3)
    for _ in range(3):
        cache.put(complaint("b", 40, version=60))
        cache.trim()
    assert cache.get("complaint:b") is not None


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
