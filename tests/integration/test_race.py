"""Several processes on one store: a closing against a word that the service is down, and everybody at once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from tests.integration import racing, workload
from tests.integration.facts import Event, check_sound, dead, held, micros
from tests.integration.processes import together
from tests.integration.stores import Database, Stores, change, url_of

ROUNDS = {"sqlite": 1000, "postgres": 300}
"""Each takes longer on a database."""


class Customer:
    """Replays the recorded outages of a service, from the raw rows."""

    def __init__(self) -> None:
        self.outages: dict[int, int | None] = {}
        self.rows: dict[int, dict[str, Any]] = {}
        """The same, each whole."""

    def evolve(self, data: dict[str, Any]) -> None:
        if (first := data.get("from")) is not None:
            until = data.get("until")
            for start in list(self.outages):
                if micros(first) <= start and (until is None or start < micros(until)):
                    del self.outages[start], self.rows[start]
        for row in data.get("outages", ()):
            start, ended = micros(row["started_at"]), row.get("ended_at")
            self.outages[start] = None if ended is None else micros(ended)
            self.rows[start] = row

    def is_up(self, moment: int) -> bool:
        return not any(start <= moment and (end is None or moment < end) for start, end in self.outages.items())


def check_law(events: Iterable[Event]) -> int:
    """No closing was recorded at a moment at which the customer was not up, and none stands at one.

    Events come in the order recorded. Gives how many closings there were.
    """
    customers: dict[str, Customer] = defaultdict(Customer)
    services: dict[str, str] = {}
    standing: dict[tuple[str, str], Event] = {}
    closings = 0
    for event in events:
        if event.type == "complaint.filed":
            services[event.stream] = event.data.get("service", event.stream)
        elif event.type.startswith("outage."):
            customers[event.stream].evolve(event.data)
        elif event.type == "complaint.closed":
            customer = customers[f"service:{services[event.stream]}"]
            assert customer.is_up(event.time), f"closed while down: {event}"
            assert customer.is_up(event.recorded_at), f"closed by an engine that knew better: {event}"
            standing[event.source, event.id] = event
            closings += 1
        elif event.type == "complaint.reopened" and event.data["because"] == "false_closing":
            closing = event.data["closing"]
            del standing[closing["source"], closing["id"]]
        elif event.type == "complaint.restated":  # one that was reopened meanwhile
            false = [row["fact"] for row in event.data.get("closings", ()) if row.get("false")]
            for closing in false:
                standing.pop((closing["source"], closing["id"]), None)
    for event in standing.values():
        assert customers[f"service:{services[event.stream]}"].is_up(event.time), (
            f"a closing stands that is false: {event}"
        )
    return closings


def outcome(own: list[Event]) -> str:
    """How a round ended; its events in the order recorded."""
    first, second = (e for e in own if e.id.endswith(("-close", "-down")) and e.is_fact)
    closing = first if first.type == "complaint.close_requested" else second
    decided = [e for e in own if e.type in {"complaint.closed", "closure.refused"}]
    assert [(e.id, e.time) for e in decided] == [(closing.id, closing.time)], "a request is answered once"
    reopened = [e for e in own if e.type == "complaint.reopened"]
    down = second if closing is first else first
    since = micros(down.data["since"]) if "since" in down.data else down.time
    if closing is second:
        assert decided[0].type == "closure.refused"
        assert decided[0].data["objections"] == ["customer_down"]
        assert not reopened
        return "refused"
    assert decided[0].type == "complaint.closed", "nothing objected that was known"
    assert decided[0].position < down.position
    if since > closing.time:
        assert not reopened, "a new outage reopens nothing"
        return "closed, then a new outage"
    assert [(e.data["because"], e.id) for e in reopened] == [("false_closing", down.id)]
    assert reopened[0].position > down.position
    return "closed, then proved false"


@pytest.mark.slow
def test_a_closing_that_races_with_a_down_word_comes_before_the_engine_knew_or_is_refused(stores: Stores) -> None:
    path = stores / "race.db"
    url = url_of(path)
    rounds = ROUNDS[stores.kind]
    together(racing.race, (url, "close", 3, rounds), (url, "down", 3, rounds))
    events = check_sound(path)
    check_law(events)
    own: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        own[event.stream.partition(":")[2][1:]].append(event)
    outcomes = Counter(map(outcome, own.values()))
    print(outcomes)
    assert outcomes.total() == rounds
    assert (
        min(outcomes[o] for o in ("refused", "closed, then a new outage", "closed, then proved false")) >= rounds // 20
    )
    assert outcomes["refused"] < rounds * 4 // 5


@pytest.mark.slow
def test_four_processes_and_a_reader_at_once_record_every_fact_once(stores: Stores) -> None:
    path = stores / "shared.db"
    url = url_of(path)
    shared = workload.lives(1, 30, source="/shared", prefix="shared-")
    own = [workload.lives(who, 30, source=f"/own-{who}", prefix=f"own-{who}-") for who in range(4)]
    work = [workload.arrivals(who, interleaved(who, shared, own[who]), late=40) for who in range(4)]
    jobs = [(str(stores.folder), url, bodies, who) for who, bodies in enumerate(work)]
    complaints = [f"shared-{n}" for n in range(30)] + [f"own-{n % 4}-{n}" for n in range(30)]
    looking = ("look", str(stores.folder), url, complaints, 4)
    *found, looked = together(racing.work, *[("ingest", *job) for job in jobs], looking)
    print(looked)

    events = check_sound(path)
    check_law(events)
    recorded = [(event.source, event.id) for event in events if event.is_fact]
    assert sorted(ref for refs in found for ref in refs) == sorted(recorded), "recorded once, and by one of them"
    assert sum(any(source == "/shared" for source, _ in refs) for refs in found) >= 2, "they were at it at once"
    letters = dead(path)
    buried = {ref_of(body) for _, _, body in letters}
    assert {ref_of(body) for bodies in (shared, *own) for body in bodies} == {*recorded, *buried}, "nothing is lost"
    assert not {reason for reason, _, _ in letters if "nobody has published" in reason or "the engine failed" in reason}
    assert not held(path)
    published = sorted((e.stream, e.version) for e in events if e.type == "agreement.published")
    assert published == [(f"agreement:{name}", 1) for name in ("standard", "trusting", "wary")], (
        "each had the same file"
    )
    assert looked["open"] + looked["closed"] > 100


def ref_of(body: bytes) -> tuple[str, str]:
    fact = json.loads(body)
    return (fact["source"], fact["id"])


def interleaved(seed: int, *lists: list[bytes]) -> list[bytes]:
    """Each list in its own order."""
    random, turns = Random(seed), [n for n, one in enumerate(lists) for _ in one]
    random.shuffle(turns)
    ahead = [iter(one) for one in lists]
    return [next(ahead[n]) for n in turns]


def test_a_new_store_may_be_opened_by_several_at_the_same_moment(stores: Stores) -> None:
    places = [stores / f"{n}.db" for n in range({"sqlite": 40, "postgres": 8}[stores.kind])]
    for place in places:
        if isinstance(place, Database):
            change(place, "DROP SCHEMA public CASCADE")
            change(place, "CREATE SCHEMA public")
    together(racing.open_new, *[(list(map(url_of, places)), who) for who in range(4)])
    for place in places:
        assert sorted(e.id for e in check_sound(place) if e.is_fact) == ["0", "1", "2", "3"]


def test_a_store_that_others_write_to_may_be_opened_and_closed(stores: Stores) -> None:
    path = stores / "busy.db"
    together(racing.come_and_go, *[(url_of(path), who, 75) for who in range(4)])
    assert sum(event.is_fact for event in check_sound(path)) == 300
