"""A broker for the session, topics for each test, and engines that do not outlive it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.engines import engine
from tests.integration.kafka.workers import Worker
from tests.integration.stores import Place
from tests.servers.kafka import Kafka, running

Start = Callable[[], Worker]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A real broker."""
    with running(tmp_path_factory.mktemp("kafka") / "broker") as kafka:
        yield kafka


@pytest.fixture
def kafka(broker: Kafka) -> Kafka:
    """A real broker, with new topics."""
    broker.renew()
    return broker


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with agreements, and nothing else."""
    path = tmp_path / "store.db"
    with engine(path):
        pass
    return path


@pytest.fixture
def run(kafka: Kafka, tmp_path: Path) -> Iterator[Callable[[Place], Worker]]:
    """Starts engines on a store, each with a log of its own."""
    workers: list[Worker] = []

    def started(store: Place) -> Worker:
        workers.append(Worker(kafka, store, tmp_path / f"{len(workers)}.log"))
        return workers[-1]

    yield started
    for worker in workers:
        if worker.process.poll() is None:
            worker.kill()


@pytest.fixture
def start(run: Callable[[Place], Worker], store: Path) -> Start:
    """Starts engines on the store."""
    return lambda: run(store)
