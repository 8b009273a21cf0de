"""contracts.kafka: what messages bring, and what recorded events and dead letters look like as messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import pytest

from contracts import kafka
from contracts.decisions import OutageStarted
from contracts.envelope import parse
from contracts.facts import PersonAbsent, ServiceDown, VisitMade
from contracts.moments import micros
from contracts.publish import documents
from contracts.recorded import Recorded
from tests.unit.contracts import examples

STRUCTURED = ("content-type", b"application/cloudevents+json; charset=UTF-8")
PLAIN = ("content-type", b"application/cloudevents+json")
FACT = json.dumps(
    {
        "specversion": "1.0", "id": "1", "source": "/desk", "type": "service.down", "subject": "register-3",
        "time": examples.TIME, "data": {"evidence": "customer"},
    }
).encode()  # fmt: skip
ATTRIBUTES = [(f"ce_{k}", str(v).encode()) for k, v in json.loads(FACT).items() if k != "data"]
NOON = micros(datetime(2026, 3, 1, 12, tzinfo=UTC))
ABSENT = PersonAbsent(from_=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 2, tzinfo=UTC))


def test_a_structured_message_is_its_fact() -> None:
    assert kafka.brought(None, FACT, [PLAIN]) == [kafka.Brought(FACT, None, None)]
    for headers in ([], [STRUCTURED], [PLAIN, ("traceparent", b"00")], [("Content-Type", PLAIN[1])]):
        (one,) = kafka.brought(None, FACT, headers)
        assert (one.body, one.error) == (FACT, None)
        assert one.origin is not None


def test_a_content_type_of_cloudevents_says_more_than_headers_of_attributes() -> None:
    (one,) = kafka.brought(None, FACT, [STRUCTURED, ("ce_id", b"another")])

    assert parse(one.body).id == "1"


def test_a_binary_message_is_the_same_fact_as_a_structured_one() -> None:
    data = b'{"evidence": "customer"}'
    for headers in (
        ATTRIBUTES,
        [*ATTRIBUTES, ("content-type", b"application/json")],
        [(k.upper(), v) for k, v in ATTRIBUTES],
    ):
        (one,) = kafka.brought(b"key", data, headers)
        assert one.error is None
        assert parse(one.body) == parse(FACT)


def test_a_batch_is_its_members_each_by_itself() -> None:
    brought = kafka.brought(None, b"[" + FACT + b', "bad"]', [("content-type", kafka.BATCH.encode())])

    assert [one.body for one in brought] == [FACT, b'"bad"']
    assert kafka.brought(None, b"[]", [("content-type", kafka.BATCH.encode())]) == []


@pytest.mark.parametrize(
    "value, headers, reason",
    [
        (b"{}", [("content-type", kafka.BATCH.encode())], "a batch has to be"),
        (b"{}", [("ce_id", b"\xff")], "the header ce_id is not UTF-8"),
        (b"{}", [("ce_id", b"1"), ("ce_id", b"2")], "the header ce_id is given twice"),
        (b"<a/>", [("ce_id", b"1"), ("content-type", b"text/xml")], "has to be JSON"),
        (b"{", [("ce_id", b"1")], "`data` is not JSON"),
    ],
)
def test_what_makes_no_fact_is_given_with_the_reason_and_as_it_came(
    value: bytes, headers: list[tuple[str, bytes | None]], reason: str
) -> None:
    (one,) = kafka.brought(b"k", value, headers)

    assert one.error is not None
    assert reason in one.error.reason
    key, sent, told = kafka.dead(one.body, one.origin, one.error.reason, one.error.field)
    assert (key, sent) == (b"k", value)
    assert told[: len(headers)] == headers
    assert dict(told)["reason"] == one.error.reason.encode()


def test_two_messages_that_make_no_facts_are_two_dead_letters_though_their_data_are_the_same() -> None:
    bodies = {kafka.brought(None, b"{", [("ce_id", name)])[0].body for name in (b"1", b"2")}

    assert len(bodies) == 2


def test_a_message_without_a_value_brings_no_fact_that_can_be_read() -> None:
    (one,) = kafka.brought(b"k", None, [])

    assert one.body == b""


def test_a_dead_letter_that_is_sent_again_and_dies_again_has_one_reason() -> None:
    (one,) = kafka.brought(None, b"x", [PLAIN, ("reason", b"the first"), ("field", b"id"), ("mine", b"1")])

    _, _, headers = kafka.dead(one.body, one.origin, "the second", None)

    assert headers == [PLAIN, ("mine", b"1"), ("reason", b"the second")]
    assert kafka.dead(b"x", None, "no other door has headers", "time")[2] == [
        PLAIN, ("reason", b"no other door has headers"), ("field", b"time")
    ]  # fmt: skip


def test_a_recorded_fact_is_what_upstream_sent_with_its_place() -> None:
    data = ServiceDown(evidence="customer")

    key, value = kafka.event(
        7, Recorded("service:register-3", 2, "service.down", NOON, NOON + 1, "/desk", "1", data, "register-3")
    )

    assert key == b"register-3"
    told = json.loads(value)
    assert told == json.loads(FACT) | {
        "time": "2026-03-01T12:00:00Z", "datacontenttype": "application/json", "position": 7, "version": 2,
        "kind": "fact", "recordedat": "2026-03-01T12:00:00.000001Z", "stream": "service:register-3",
    }  # fmt: skip
    check(told, "facts/service.down.json")
    check(told, "recorded.json")


def test_a_decision_names_the_fact_behind_it_and_is_identified_by_its_position() -> None:
    data = OutageStarted()

    key, value = kafka.event(
        8, Recorded("service:register-3", 3, "outage.started", NOON, NOON, "/desk", "1", data, "register-3")
    )

    told = json.loads(value)
    assert key == b"register-3"
    assert (told["source"], told["id"], told["kind"]) == ("/stilldown", "8", "decision")
    assert (told["causesource"], told["causeid"]) == ("/desk", "1")
    check(told, "decisions/outage.started.json")


@pytest.mark.parametrize(
    "event",
    [
        Recorded("service:s", 2, "service.down", NOON, NOON + 1, "/desk", "1", ServiceDown(evidence="customer"), "s"),
        Recorded("service:s", 3, "outage.started", NOON, NOON, "/desk", "1", OutageStarted(), "s"),
        Recorded(
            "complaint:C",
            4,
            "visit.made",
            -1,
            NOON,
            "/é",
            "2",
            VisitMade(visit="v", by="k", outcome="fixed"),
            "s",
            late=True,
        ),
        Recorded("person:k", 1, "person.absent", NOON, NOON, "/hr", "3", ABSENT),
    ],
)
def test_what_is_read_from_a_message_is_what_was_recorded(event: Recorded) -> None:
    assert kafka.recorded(*kafka.event(9, event)) == (9, event.stream, event.version, event.type, event)


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"data": 7}, "Expected `object`"),
        ({"type": "service.gone"}, "KeyError"),
        ({"time": "noon"}, "time"),
    ],
)
def test_of_an_event_that_cannot_be_read_its_place_is_known(changed: dict[str, object], reason: str) -> None:
    key, value = kafka.event(9, Recorded("service:s", 2, "outage.started", 0, 0, "/a", "1", OutageStarted(), "s"))

    placed = kafka.recorded(key, json.dumps(json.loads(value) | changed).encode())

    assert placed[:3] == (9, "service:s", 2)
    assert reason in str(placed.what)


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"\xff", b'{"position": 1}', b"[" * 2000])
def test_of_a_message_that_is_no_event_nothing_is_known_but_the_reason(value: bytes | None) -> None:
    placed = kafka.recorded(b"s", value)

    assert placed.stream is None
    assert isinstance(placed.what, str)


def test_a_message_about_a_service_that_does_not_name_it_is_not_read() -> None:
    _, value = kafka.event(9, Recorded("service:s", 2, "outage.started", 0, 0, "/a", "1", OutageStarted(), "s"))

    assert "key" in str(kafka.recorded(None, value).what)


def check(told: object, schema: str) -> None:
    jsonschema.validate(told, json.loads(documents()[schema]), cls=jsonschema.Draft202012Validator)
