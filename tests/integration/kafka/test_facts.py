"""Facts by Kafka: every mode, once; what cannot be understood goes to its topic."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from contracts.topics import DEAD_OUT
from tests.integration.engines import engine, take
from tests.integration.facts import check_sound, dead, event, filed, ids
from tests.integration.kafka.conftest import Start
from tests.integration.kafka.workers import ROOT, Worker, last, offsets, recorded, relayed, until
from tests.integration.stores import Place, Stores
from tests.servers.kafka import Kafka, Record, events, positions

CASES = Record(b"nonsense", b"key", [("content-type", b"application/cloudevents+json"), ("traceparent", b"00-1")])


def binary(name: str, complaint: str) -> Record:
    whole = event(name, "complaint.filed", complaint, 0, customer="Zoë", channel="phone", summary="dead")
    data = json.dumps(whole.pop("data")).encode()
    headers = [(f"ce_{key}", str(value).encode()) for key, value in whole.items()]
    return Record(data, b"any", [*headers, ("content-type", b"application/json")])


def batch(*bodies: bytes) -> Record:
    return Record(b"[" + b",".join(bodies) + b"]", None, [("content-type", b"application/cloudevents-batch+json")])


def test_facts_in_structured_binary_and_batched_mode_are_recorded_once(
    kafka: Kafka, stores: Stores, run: Callable[[Place], Worker]
) -> None:
    store = stores / "store.db"
    with engine(store):
        pass
    sent = [
        Record(filed("s", "C1", 0), b"C1"),
        Record(filed("bare", "C2", 0), None, ()),
        binary("b", "C3"),
        batch(filed("m1", "C4", 0), filed("m2", "C5", 0)),
    ]
    kafka.produce(*sent)
    worker = run(store)
    until(lambda: recorded(store) == 5)
    kafka.produce(*sent, Record(filed("end", "C6", 0)))
    until(lambda: recorded(store) == 6)

    assert worker.stop() == 0
    assert sorted(ids(store)) == ["b", "bare", "end", "m1", "m2", "s"]
    assert dead(store) == []
    assert sum(offsets(store).values()) == 9
    assert len(positions(events(kafka))) >= relayed(store)
    check_sound(store)


def test_the_example_of_the_documentation_sends_a_fact(kafka: Kafka, store: Path, start: Start) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "upstream.md").read_text(), re.DOTALL)
    assert "broker:9092" in example
    subprocess.run([sys.executable, "-c", example.replace("broker:9092", kafka.bootstrap)], check=True, timeout=60)
    worker = start()
    until(lambda: recorded(store) == 1)
    assert worker.stop() == 0
    assert ids(store) == ["4711"]


def test_what_cannot_be_understood_is_told_with_its_own_bytes_and_headers(
    kafka: Kafka, store: Path, start: Start
) -> None:
    unnamed = Record(b'{"by": "anna"}', b"k", [("ce_specversion", b"1.0"), ("ce_type", b"no.such"), ("ce_id", b"7")])
    broken = Record(b"{}", None, [("ce_id", b"\xff\xfe"), ("ce_source", b"/erp")])
    many = batch(filed("m", "C1", 0), b'{"id": 1}')
    kafka.produce(CASES, unnamed, broken, many, Record(b"[", None, many.headers))
    worker = start()
    told = until(lambda: len(found := kafka.read(DEAD_OUT)) == 5 and found)

    assert worker.stop() == 0
    assert ids(store) == ["m"]
    by_value = {record.value: record for record in told}
    for sent in (CASES, unnamed, broken):
        came = by_value[sent.value]
        assert came.key == sent.key
        assert list(came.headers)[: len(sent.headers)] == list(sent.headers)
    reasons = {record.value: dict(record.headers)["reason"].decode() for record in told}
    assert reasons[b"nonsense"].startswith("not JSON")
    assert "`source` is missing" in reasons[unnamed.value or b""] or "`subject`" in reasons[unnamed.value or b""]
    assert "ce_id is not UTF-8" in reasons[b"{}"]
    assert dict(by_value[b'{"id": 1}'].headers)["content-type"] == b"application/cloudevents+json"
    assert b"[" in reasons
    assert [body for _, _, body in dead(store)].count(b"nonsense") == 1


def test_a_dead_letter_of_any_door_is_told_when_an_engine_runs_again(kafka: Kafka, store: Path, start: Start) -> None:
    with engine(store) as opened:  # it recorded the dead letter and died before it could tell
        assert take(opened, b"nonsense") == ["dead"]
    worker = start()
    until(lambda: [record.value for record in kafka.read(DEAD_OUT)] == [b"nonsense"])
    assert worker.stop() == 0
    again = start()
    again.listens()
    kafka.produce(Record(b"nonsense"))
    until(lambda: [record.value for record in kafka.read(DEAD_OUT)] == [b"nonsense"] * 2)
    assert again.stop() == 0


def test_facts_of_an_aborted_transaction_are_no_facts(kafka: Kafka, store: Path, start: Start) -> None:
    kafka.produce(Record(filed("never", "C1", 0), partition=3), abort=True)
    kafka.produce(Record(filed("ever", "C2", 0), partition=3))
    worker = start()
    until(lambda: recorded(store) == 1)
    assert worker.stop() == 0
    assert ids(store) == ["ever"]
    assert relayed(store) in {0, last(store)}


def test_an_engine_that_is_told_to_stop_leaves_its_partitions_to_the_next_at_once(
    kafka: Kafka, store: Path, start: Start
) -> None:
    first = start()
    first.listens()
    assert first.stop() == 0
    assert first.said("stopped")
    kafka.produce(Record(filed("f", "C1", 0)))
    second = start()
    until(lambda: recorded(store) == 1)
    assert second.stop() == 0
