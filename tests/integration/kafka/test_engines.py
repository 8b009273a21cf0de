"""Several engines on one topic: killed, frozen, together."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.integration.facts import check_sound, filed, ids
from tests.integration.kafka.conftest import Start
from tests.integration.kafka.workers import last, locked, offsets, recorded, relayed, until
from tests.servers.kafka import Kafka, Record, events, positions


def many(first: int, after: int) -> list[Record]:
    """Facts over all partitions."""
    return [Record(filed(f"f{n}", f"C{n}", 0), partition=n % 16) for n in range(first, after)]


def all_sent(kafka: Kafka, store: Path) -> bool:
    return relayed(store) == last(store) and positions(events(kafka)) == list(range(1, last(store) + 1))


def check_whole(kafka: Kafka, store: Path, facts: int) -> None:
    """Every fact once, every partition to its end, every position on its way."""
    assert sorted(ids(store)) == sorted(f"f{n}" for n in range(facts))
    assert offsets(store) == dict.fromkeys(range(16), facts // 16)
    assert positions(events(kafka, committed=False)) == list(range(1, last(store) + 1))
    check_sound(store)


def test_an_engine_killed_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing(
    kafka: Kafka, store: Path, start: Start
) -> None:
    first = start()
    first.listens()
    kafka.produce(*many(0, 160))
    until(lambda: recorded(store) == 160)
    with locked(store):  # it has a batch in hand, and waits
        kafka.produce(*many(160, 800))
        until(lambda: len(kafka.read("stilldown.facts")) == 800)
        first.kill()
    second, third = start(), start()
    until(lambda: recorded(store) == 800)
    second.listens()
    third.listens()
    kafka.produce(*many(800, 1_600))
    until(lambda: recorded(store) == 1_600 and all_sent(kafka, store))

    check_whole(kafka, store, 1_600)
    assert (second.stop(), third.stop()) == (0, 0)


def test_an_engine_that_was_taken_for_dead_and_wakes_up_moves_nothing_back(
    kafka: Kafka, store: Path, start: Start
) -> None:
    frozen = start()
    kafka.produce(*many(0, 32))
    until(lambda: recorded(store) == 32)  # it has found its places
    with locked(store):
        kafka.produce(*many(32, 320))
        until(lambda: len(kafka.read("stilldown.facts")) == 320)
        time.sleep(1)  # it has a batch in hand by now
        frozen.freeze()
    other = start()
    until(lambda: recorded(store) == 320)
    kafka.produce(*many(320, 640))
    until(lambda: recorded(store) == 640)
    reached = offsets(store)
    assert reached == dict.fromkeys(range(16), 40)

    frozen.thaw()
    frozen.says("the batch is dropped")
    kafka.produce(*many(640, 960))
    seen: list[dict[int, int]] = []

    def all_of_them() -> bool:
        seen.append(offsets(store))
        return recorded(store) == 960

    until(all_of_them)
    assert all(now[part] >= reached[part] for now in seen for part in range(16))
    until(lambda: all_sent(kafka, store))

    check_whole(kafka, store, 960)
    assert (frozen.stop(), other.stop()) == (0, 0)


def test_a_store_that_cannot_be_written_is_waited_for_and_no_fact_is_skipped(
    kafka: Kafka, store: Path, start: Start
) -> None:
    worker = start()
    worker.listens()
    with closing(sqlite3.connect(store, timeout=60)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON intake BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        kafka.produce(*many(0, 16))
        first = worker.says("facts wait", times=1)
        again = worker.says("facts wait", times=3)
        assert "disk is full" in first["error"]
        assert again["retry_in"] > first["retry_in"]
        assert recorded(store) == 0
        connection.execute("DROP TRIGGER full")
    until(lambda: recorded(store) == 16)
    assert worker.stop() == 0
    check_sound(store)
