"""Views from Kafka: the same rows as from the store, whoever joins, leaves, dies, or sends what twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.agreements import parse
from contracts.recorded import Recorded
from contracts.topics import EVENTS_OUT, TOPICS
from engine.intake import Engine
from engine.outbox import message
from ops import topics
from ops.feeding import StoreFeed
from ops.following import follow
from ops.importers import load, open_text, servicenow
from projections.feed import Event
from projections.projector import Projector
from projections.store.opening import live_one, open_database
from projections.store.tables import POSITIONS
from projections.tables import ALL
from tests.integration import workload
from tests.integration.cli.running import Cli
from tests.integration.engines import engine
from tests.integration.kafka.workers import Worker, last, offsets, relayed, until
from tests.integration.stores import Database, Place, url_of
from tests.servers.kafka import Kafka, Record
from tests.servers.postgres import Databases
from tests.stories.compare import stories

Project = Callable[[Place], Worker]
DEMO = Path(__file__).parents[3] / "ops" / "demo"
LOG = 500
"""Facts of the bundled log."""


def lived(store: Path, seed: int = 7, complaints: int = 40) -> None:
    """Records a mixed history."""
    with engine(store) as taking:
        bodies = workload.arrivals(seed, workload.lives(seed, complaints))
        for n in range(0, len(bodies), 50):
            taking.take(bodies[n : n + 50], mode="wall")


def told(store: Path, name: str) -> None:
    """Records a story, or a part of the log."""
    found = {folder.name: folder for folder in stories()}
    if name in found:
        agreements = (found[name] / "agreement.toml").read_text()
        bodies = (found[name] / "facts.jsonl").read_bytes().splitlines()
    else:
        mapping = load(None, "servicenow")
        with open_text(DEMO / "incidents.csv.gz", mapping.encoding) as lines:
            facts = list(islice(servicenow.facts(lines, mapping, bad=print), LOG))
        agreements = (DEMO / "agreements.toml").read_text()
        bodies = [body for _, body in sorted((fact["time"], orjson.dumps(fact)) for fact in facts)]
    with closing(Engine(url_of(store))) as taking:
        taking.publish(parse(agreements))
        for n in range(0, len(bodies), 200):
            taking.take(bodies[n : n + 200], mode="event")
        taking.settle()


def recorded(store: Place) -> Sequence[Event]:
    with closing(StoreFeed(url_of(store))) as feed:
        page = feed.page(0, 0, 1_000_000)
    assert page is not None
    return page.events


def send(kafka: Kafka, events: Iterable[Event]) -> None:
    """As a relay does, into the same partitions."""
    kafka.produce(*map(sent, events), topic=EVENTS_OUT)


def sent(event: Event) -> Record:
    assert isinstance(event.what, Recorded)
    return Record(*message(event.position, event.what)[:0:-1])


def project(kafka: Kafka, views: Place) -> tuple[int, int]:
    return asyncio.run(follow(url_of(views), kafka.bootstrap, session=1.5, once=True))


def tables(views: Place) -> dict[str, list[str]]:
    """All rows of all tables, but for the places of each feed."""
    with closing(open_database(url_of(views))) as database, database.reading() as cursor:
        generation = live_one(cursor)
        assert generation is not None
        return {
            table.name: sorted(map(_plain, cursor.rows(f"SELECT * FROM {table.named(generation)}")))
            for table in ALL
            if table is not POSITIONS
        }


def _plain(row: tuple[Any, ...]) -> str:
    """One database has numbers where the other has truth."""
    return repr([int(value) if isinstance(value, bool) else value for value in row])


def from_store(store: Place, views: Path) -> dict[str, list[str]]:
    """What the tables have to be."""
    with closing(open_database(url_of(views))) as database, closing(StoreFeed(url_of(store))) as feed:
        Projector(database, strict=True).catch_up(feed)
    return tables(views)


@pytest.fixture
def empty(databases: Databases) -> Iterator[Database]:
    """A database without any table."""
    made = Database(databases.empty())
    yield made
    databases.drop(made.url)


@pytest.fixture
def projecting(kafka: Kafka, tmp_path: Path) -> Iterator[Project]:
    """Starts projectors, each with a log of its own."""
    workers: list[Worker] = []

    def started(views: Place) -> Worker:
        workers.append(Worker(kafka, views, tmp_path / f"project-{len(workers)}.log", what="project"))
        return workers[-1]

    yield started
    for worker in workers:
        if worker.process.poll() is None:
            worker.kill()


@pytest.mark.parametrize("name", [*(folder.name for folder in stories()), "log"])
def test_the_rows_are_those_from_the_store(name: str, kafka: Kafka, tmp_path: Path, empty: Database) -> None:
    store = tmp_path / "store.db"
    told(store, name)
    send(kafka, recorded(store))
    wanted = from_store(store, tmp_path / "wanted.db")
    assert wanted["events"]
    assert wanted["outages"]
    for views in (tmp_path / "views.db", empty):
        assert project(kafka, views) == (last(store), last(store))
        assert tables(views) == wanted
    assert project(kafka, empty)[0] == 0


@pytest.mark.slow
def test_projectors_that_join_leave_freeze_and_die_leave_no_hole_and_double_nothing(  # noqa: PLR0917 - fixtures
    kafka: Kafka, store: Path, tmp_path: Path, run: Callable[[Place], Worker], projecting: Project, empty: Database
) -> None:
    bodies = workload.arrivals(3, workload.lives(3, 120))
    parts = [bodies[n::4] for n in range(4)]
    worker = run(store)
    first = projecting(empty)
    first.listens()
    kafka.produce(*map(Record, parts[0]))
    second = projecting(empty)
    second.listens()
    kafka.produce(*map(Record, parts[1]))
    first.says("partitions assigned", times=2)
    first.kill()
    kafka.produce(*map(Record, parts[2]))
    second.says("partitions assigned", times=2)
    second.freeze()
    third = projecting(empty)
    until(lambda: [n for said in third.said("partitions assigned") for n in said["partitions"]])
    kafka.produce(*map(Record, parts[3]))
    second.thaw()
    assert third.stop() == 0
    until(lambda: len(second.said("partitions assigned")[-1]["partitions"]) == 16)
    worker.says("this relay sends now")
    _settled(kafka, store, worker)
    project(kafka, empty)
    assert second.stop() == 0
    assert not [*second.said("ALARM"), *third.said("ALARM")]
    assert tables(empty) == from_store(store, tmp_path / "wanted.db")


def _settled(kafka: Kafka, store: Path, worker: Worker) -> None:
    """Waits until all facts are taken in and all is sent on, and stops the engine."""
    ends = asyncio.run(topics.ends(kafka.bootstrap))
    until(lambda: all(offsets(store).get(part, 0) >= end for part, end in ends.items()))
    assert worker.stop() == 0
    send(kafka, recorded(store)[relayed(store) :])


def test_what_comes_twice_is_applied_once_and_a_store_hands_its_views_over(
    kafka: Kafka, tmp_path: Path, empty: Database
) -> None:
    store, cli = tmp_path / "store.db", Cli(tmp_path)
    lived(store)
    events = recorded(store)
    half = len(events) // 2
    send(kafka, [*events[:half], *events[half - 200 : half]])
    named = ("--store", url_of(store), "--views", url_of(empty))
    assert cli.json("project", "--once", *named)["applied"] == len(events)
    assert project(kafka, empty) == (half, len(events))
    send(kafka, [*events[half - 100 :], *events[-50:]])
    assert project(kafka, empty)[0] == len(events) - half
    wanted = from_store(store, tmp_path / "wanted.db")
    assert tables(empty) == wanted

    refused = cli("project", "--once", *named)
    assert refused.exit != 0
    assert "Kafka feeds these views" in refused.stderr
    assert len(cli.lines("view", "complaints", *named)) == len(wanted["filed"])
    views = cli.json("status", "--kafka", kafka.bootstrap, *named)["views"]
    assert (views["feed"], views["behind"], views["parked"]) == ("kafka", 0, 0)
    assert [part["lag"] for part in views["parts"]] == [0] * 16
    for feed in ((), ("--kafka", kafka.bootstrap)):
        rebuilt = cli.json("rebuild", "complaints", "downtime", *named, *feed)
        assert (rebuilt["differences"], rebuilt["switched"]) == ([], True)


def test_a_gap_and_messages_that_cannot_be_read_are_told_and_park_their_own_services_alone(
    kafka: Kafka, tmp_path: Path, projecting: Project
) -> None:
    store, views = tmp_path / "store.db", tmp_path / "views.db"
    lived(store)
    events = recorded(store)
    ours = [event for event in events if event.what.stream.startswith("complaint:")]
    missing = next(event for event in ours if event.what.version == 2)
    other = next(event for event in ours if event.what.service != missing.what.service)
    send(kafka, [event for event in events if event not in (missing, other)][: len(events) // 3])
    kafka.produce(
        Record(b"{", b"a stranger", partition=3),
        Record((sent(other).value or b"").replace(b'"data":{', b'"data":7,"x":{'), sent(other).key),
        topic=EVENTS_OUT,
    )
    send(kafka, [event for event in events if event not in (missing, other)][len(events) // 3 :])
    worker = projecting(views)
    until(lambda: len(worker.said("ALARM")) == 3)
    project(kafka, views)
    assert worker.stop() == 0
    alarms = {line["service"]: line["reason"] for line in worker.said("ALARM")}
    assert " is next" in alarms[str(missing.what.service)]
    assert str(other.what.service) in alarms
    stranger = next(service for service in alarms if service.startswith(f"{EVENTS_OUT}, partition 3, offset "))
    assert alarms[stranger].startswith(stranger)
    assert len(tables(views)["parked"]) == 3
    left_out = {str(missing.what.service), str(other.what.service)}
    wanted = from_store(store, tmp_path / "wanted.db")["filed"]
    kept = [row for row in wanted if not any(repr(service) in row for service in left_out)]
    assert set(kept) < set(wanted)
    assert [row for row in tables(views)["filed"] if row in kept] == kept


@pytest.mark.slow
def test_a_broker_and_topics_that_are_not_there_are_waited_for(
    kafka: Kafka, tmp_path: Path, projecting: Project
) -> None:
    store, views = tmp_path / "store.db", tmp_path / "views.db"
    lived(store)
    events = recorded(store)
    kafka.delete(*TOPICS)
    worker = projecting(views)
    worker.says("waiting for the broker and its topics")
    kafka.renew()
    worker.listens()
    send(kafka, events[: len(events) // 2])
    until(lambda: tables(views)["events"])
    kafka.broker.kill()
    kafka.broker.start()
    send(kafka, events[len(events) // 2 :])
    wanted = from_store(store, tmp_path / "wanted.db")
    until(lambda: tables(views) == wanted)
    assert worker.stop() == 0
