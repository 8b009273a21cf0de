"""What the second reading has to hold for any history, and that the histories are worth reading."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings

from .histories import History, histories, history, smaller
from .histories_writer import AGAIN, SERVICE
from .reading import World
from .reading_line import Account

SEEDS = range(300)
LIFE = ("complaint.close_requested", "complaint.reopen_requested", "complaint.withdrawn", "fact.corrected")


def shown(world: World) -> dict[str, Any]:
    return {c: world.complaint(c) for c in sorted(world.events)}


def holds(told: History) -> World:
    """The law, and that the parts add up to the whole."""
    world = told.world()
    for complaint, rows in shown(world).items():
        service = world.about(complaint)
        for event in world.events[complaint]:
            assert event.kind != "closed" or event.false or world.state_at(event.time, service) == "up"
        assert sum(rows["time_by_cause"].values()) == sum(rows["time_by_owner"].values())
        downtime = rows["downtime"]
        assert downtime["experienced"] == downtime["reported"] + downtime["hidden"]
        assert min(downtime.values()) >= 0
        assert rows["false_closings"] <= rows["reopenings"]
        assert (rows["customer_state"] == "up") == all(end is not None for _, end, _, _ in world.outages(service))
    return world


def state_by_the_sentence(account: Account, moment: datetime) -> str:
    """The last statement that speaks of a moment, but for others' of moments of which the customer spoke before."""
    state, spoken = "up", False
    for word in account.words:
        if word.since <= moment and (word.customer or not spoken):
            state = word.state
        spoken = spoken or (word.customer and word.since <= moment < word.time)
    return state


def test_any_history_keeps_the_law() -> None:
    for seed in SEEDS:
        holds(history(seed))


@given(histories())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_history_that_hypothesis_finds_keeps_the_law(told: History) -> None:
    holds(told)


def test_the_line_of_states_is_what_the_sentence_says_of_every_moment() -> None:
    for seed in SEEDS:
        told = history(seed)
        world = told.world()
        account = world.account(SERVICE)
        moment = min(datetime.fromisoformat(f["time"]) for f, _ in told.arrivals)
        while moment <= told.end:
            assert account.at(moment) == state_by_the_sentence(account, moment), seed
            moment += timedelta(minutes=15)


def test_what_is_said_twice_is_said_once() -> None:
    for seed in SEEDS[:100]:
        told = history(seed)
        twice = History(told.agreements, [a for a in told.arrivals for _ in range(2)], told.end)
        assert shown(told.world()) == shown(twice.world()), seed


def test_it_does_not_matter_how_often_time_is_looked_at() -> None:
    for seed in SEEDS[:100]:
        told = history(seed)
        world = World(told.agreements)
        for fact, now in told.arrivals:
            while world.facts and world.now < now:
                world.advance(min(now, world.now + timedelta(minutes=15)))
                shown(world)
            world.arrive(fact, now)
        world.advance(told.end)
        assert shown(world) == shown(told.world()), seed


def test_without_decisions_the_order_of_arrival_does_not_matter() -> None:
    for seed in SEEDS:
        told = history(seed)
        facts = [f for f, _ in told.arrivals if f["type"] not in LIFE and f["data"].get("summary") != AGAIN]
        unique = {(f["source"], f["id"]): f for f in reversed(facts)}
        facts = list(unique.values())
        worlds = [
            History(told.agreements, [(f, told.end) for f in order], told.end).world()
            for order in (facts, facts[::-1], sorted(facts, key=lambda f: f["id"]))
        ]
        assert shown(worlds[0]) == shown(worlds[1]) == shown(worlds[2]), seed
        assert len({str((w.outages(SERVICE), w.claims(SERVICE))) for w in worlds}) == 1


def test_the_same_closings_reopenings_and_withdrawals_end_in_the_same_line() -> None:
    """Two orders of arrival that came to the same decisions come to the same outages."""
    same = 0
    for seed in SEEDS:
        told = history(seed)
        facts = {(f["source"], f["id"]): f for f, _ in reversed(told.arrivals)}
        lived = sorted(facts.values(), key=lambda f: (datetime.fromisoformat(f["time"]), f["source"], f["id"]))
        one = told.world()
        two = History(told.agreements, [(f, max(f_time(f), told.arrivals[0][1])) for f in lived], told.end).world()
        if decisions(one) == decisions(two) and set(one.current()) == set(two.current()):
            same += 1
            assert (one.outages(SERVICE), one.claims(SERVICE)) == (two.outages(SERVICE), two.claims(SERVICE)), seed
    assert same > len(SEEDS) // 10


def f_time(fact: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(fact["time"])


def decisions(world: World) -> dict[str, list[tuple[Any, ...]]]:
    return {c: [(e.kind, e.place, e.false) for e in events if e.place] for c, events in sorted(world.events.items())}


def test_facts_come_when_they_may() -> None:
    for seed in SEEDS:
        told = history(seed)
        before = told.arrivals[0][1]
        for fact, now in told.arrivals:
            assert f_time(fact) <= now
            assert before <= now
            before = now
            for name in ("since", "down_since", "up_since"):
                assert fact["data"].get(name) is None or datetime.fromisoformat(fact["data"][name]) <= f_time(fact)
        assert before <= told.end
        assert 5 <= len({(f["source"], f["id"]) for f, _ in told.arrivals}) <= 40


def test_a_seed_is_a_history() -> None:
    assert history(7) == history(7)


def test_the_histories_are_worth_reading() -> None:
    came: Counter[str] = Counter()
    for seed in SEEDS:
        came.update({name for name, times in history(seed).world().seen.items() if times})
    least = {"silence": 20, "false closing": 20, "cascade": 2, "late": 80, "correction": 25, "correction dead": 8}
    least |= {"refusal": 50, "reopened": 10, "withdrawn": 5}
    for name, percent in least.items():
        assert came[name] * 100 >= percent * len(SEEDS), (name, came)


def test_a_history_is_made_smaller_as_long_as_it_still_fails() -> None:
    def fails(told: History) -> bool:
        return told.world().seen["false closing"] > 0

    found = next(told for told in map(history, SEEDS) if fails(told))
    least = smaller(found, fails)
    assert fails(least)
    assert len(least.arrivals) <= 4
