"""What has to hold at the end, whatever happened. Each check gives a line of figures, or fails."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.agreements import parse
from contracts.topics import EVENTS_OUT, PARTITIONS
from engine.intake import Engine
from engine.outbox import Outbox
from engine.relay import partition
from engine.verify import verify
from ops.recounting import Recounter
from ops.viewing import opened
from projections.projector import Projector
from projections.rebuild import _differences
from projections.store import opening
from projections.store.tables import PARKED
from projections.tables import ALL
from projections.views import VIEWS
from tests.chaos.arena import TERMS, Arena
from tests.integration.facts import Event, event_of, micros, one, rows
from tests.integration.stores import Database, Place
from tests.integration.test_race import Customer, check_law

_NOW = micros("2026-01-01T00:00:00+00:00")
"""A moment after all that is told."""


def everything(arena: Arena, folder: Path) -> Iterator[str]:
    """All checks, one after another."""
    place = arena.servers.behind
    yield facts_recorded_once(arena, place)
    yield history_whole(place)
    yield from outbound_topic(arena.servers.kafka, place)
    yield views_as_rebuilt(arena, place)
    yield law_kept(place)
    yield outages_as_undisturbed(arena, place, folder / "undisturbed.db")


def events(place: Place) -> Iterator[Event]:
    """Every recorded event in the order recorded, a few at a time in memory."""
    assert isinstance(place, Database)
    with psycopg.connect(place.url) as connection, connection.cursor("events") as cursor:
        cursor.itersize = 2_000
        yield from map(event_of, cursor.execute(b"SELECT * FROM stored_events ORDER BY notification_id"))


def facts_recorded_once(arena: Arena, place: Place) -> str:
    """Every fact that was sent, once; the history's facts are the identities'; nothing is left aside unsaid."""
    recorded = Counter((event.source, event.id) for event in events(place) if event.is_fact)
    assert set(recorded.values()) == {1}, "a fact was recorded twice"
    identities = {tuple(row) for row in rows(place, "SELECT source, id FROM facts")}
    assert recorded.keys() == identities, "identities"
    letters = rows(place, "SELECT source, id, reason FROM dead")
    dead = {(source, name) for source, name, _ in letters}
    assert recorded.keys() | dead == arena.flow.sent.keys(), "a fact was lost, or made up"
    assert not [reason for *_, reason in letters if "the engine failed" in reason or "nobody has published" in reason]
    assert rows(place, "SELECT source, id FROM held") == []
    assert one(place, "SELECT count(*) FROM dead WHERE untold = 1") == 0, "a dead letter was not told"
    return (
        f"every fact once: {len(arena.flow.sent):,} sent, {arena.flow.copies:,} of them twice;"
        f" {len(recorded):,} recorded, {len(dead - recorded.keys()):,} dead letters, each for a reason of its own"
    )


def history_whole(place: Database) -> str:
    """`stilldown verify`."""
    found = verify(place.url)
    assert found.problem is None, found.problem
    return f"history whole: {found.positions:,} positions without a gap, {found.streams:,} streams"


def outbound_topic(kafka: str, place: Database) -> Iterator[str]:
    """Every position once for a reader who looks at positions, and what is there is what was recorded."""
    recorded = list(_recorded(place))
    for level in ("read_committed", "read_uncommitted"):
        seen, copies = asyncio.run(_read(kafka, level))
        assert len(seen) == len(recorded), f"{level}: {len(recorded) - len(seen)} positions are missing"
        wrong = [position for position, what in enumerate(recorded, 1) if seen[position] != what]
        assert not wrong, f"{level}: other content at {wrong[:5]}"
        yield f"outbound topic without a hole, in order per key ({level}): {len(seen):,} events, {copies:,} copies"


def views_as_rebuilt(arena: Arena, place: Database) -> str:
    """Row by row as tables that are filled from the store, from its beginning, by one projector."""
    with opened(place.url) as views:
        live = views.projector.generation
        with views.database.writing() as cursor:
            anew = opening.make(cursor, ALL)
        rebuilt = Projector(views.database, generation=anew, strict=True)
        rebuilt.catch_up(views.feed, limit=2_000)
        differences = _differences(views.database, (live, anew), Recounter, list(VIEWS), at=_NOW, most=5)
        with views.database.reading() as cursor:
            assert cursor.rows(f"SELECT * FROM {PARKED.named(live)}") == [], "events were left out"
    assert not differences, str(differences)[:3_000]
    return (
        f"views as rebuilt, row by row: {len(VIEWS)} views and their tables, {rebuilt.applied:,} events applied anew;"
        f" they were fed by {'Kafka' if arena.plan.feed == 'kafka' else 'the store'}"
    )


def law_kept(place: Place) -> str:
    """No closing was recorded while the customer was down, and none stands that is false."""
    closings = check_law(events(place))
    assert closings
    refused = one(place, "SELECT count(*) FROM stored_events WHERE topic = 'closure.refused'")
    return f"the law: {closings:,} closings, none while the customer was down; {refused:,} refused"


def outages_as_undisturbed(arena: Arena, place: Place, file: Path) -> str:
    """One engine that nobody disturbs takes the same facts in the same order, at the same moments."""
    moment = 0
    with closing(Engine(f"sqlite:///{file}", clock=lambda: moment)) as engine:
        engine.publish(parse(TERMS))
        for recorded_at, batch in groupby(events(place), lambda event: event.recorded_at):
            moment = recorded_at
            engine.take([arena.flow.sent[event.source, event.id] for event in batch if event.is_fact])
        engine.settle()
    disturbed, undisturbed = _outages(events(place)), _outages(_on_file(file))
    assert disturbed.keys() == undisturbed.keys()
    differing = [service for service, outages in disturbed.items() if outages != undisturbed[service]]
    assert not differing, f"{len(differing)} services, the first of them {differing[:3]}"
    total = sum(map(len, disturbed.values()))
    return f"outages as those of one undisturbed engine: {total:,} of {len(disturbed):,} services"


def _on_file(file: Path) -> Iterator[Event]:
    yield from map(event_of, rows(file, "SELECT * FROM stored_events ORDER BY notification_id"))


def _outages(told: Iterator[Event]) -> dict[str, dict[int, Any]]:
    """Of each service, as last concluded: every outage, whole."""
    customers: dict[str, Customer] = defaultdict(Customer)
    for event in told:
        if event.type.startswith("outage."):
            customers[event.stream].evolve(event.data)
    return {service: customer.rows for service, customer in customers.items()}


def _recorded(place: Database) -> Iterator[bytes]:
    """What should be in the topic, position by position."""
    with closing(Outbox(place.url, "a check", 1)) as outbox:
        position = 0
        while page := outbox.page(position):
            yield from (_digest(partition(message.key), message.key, message.value) for message in page)
            position = page[-1].position


async def _read(kafka: str, level: str) -> tuple[dict[int, bytes], int]:
    """What a reader sees who ignores positions not above the last one of that partition; how many he ignores."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level=level, max_poll_records=5_000)
    await consumer.start()
    seen: dict[int, bytes] = {}
    last: Counter[int] = Counter()
    copies = 0
    try:
        parts = [TopicPartition(EVENTS_OUT, n) for n in range(PARTITIONS)]
        consumer.assign(parts)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(parts)
        while [part for part in parts if await consumer.position(part) < ends[part]]:
            for part, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    position = json.loads(record.value)["position"]
                    what = _digest(part.partition, record.key, record.value)
                    if position > last[part.partition]:
                        last[part.partition] = position
                        assert position not in seen, f"position {position} is in two partitions"
                        seen[position] = what
                    else:
                        assert seen.get(position) == what, f"position {position} came too late, or otherwise"
                        copies += 1
    finally:
        await consumer.stop()
    return seen, copies


def _digest(part: int, key: bytes | None, value: bytes | None) -> bytes:
    return hashlib.blake2b(b"%d %d %b%b" % (part, len(key or b""), key or b"", value or b""), digest_size=12).digest()
