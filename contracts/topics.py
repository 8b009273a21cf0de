"""The topics and the messages in them, as an AsyncAPI 3.0 document (interfaces.md §2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from contracts.decisions import DECISIONS
from contracts.facts import FACTS
from contracts.messages import REQUIRED, Schema, doc

FORMAT: Final = "application/schema+json;version=2020-12"
CLOUDEVENT: Final = "application/cloudevents+json"
VERSION: Final = "0.1.0"
PARTITIONS: Final = 16
"""Of every topic. Another number is another generation of topics, with rebuilt views."""
FACTS_IN: Final = "stilldown.facts"
EVENTS_OUT: Final = "stilldown.events"
DEAD_OUT: Final = "stilldown.dead"
TOPICS: Final[dict[str, dict[str, int]]] = {
    FACTS_IN: {"max.message.bytes": 2 * 1_048_576},
    EVENTS_OUT: {"max.message.bytes": 2 * 1_048_576, "retention.ms": -1},
    DEAD_OUT: {"max.message.bytes": 4 * 1_048_576},
}
"""Every topic, and what it has to be set to: the largest fact has 1 MiB, and has to fit with all that is said of it."""


def asyncapi() -> Schema:
    """The topics and the messages in them."""
    incoming = {name: _message(name, FACTS[name], {"$ref": f"facts/{name}.json"}) for name in FACTS}
    recorded = {
        f"recorded.{name}": _message(
            name, FACTS[name], {"allOf": [{"$ref": f"facts/{name}.json"}, {"$ref": "recorded.json"}]}, key=_SERVICE_KEY
        )
        for name in FACTS
    }
    decisions = {
        name: _message(name, DECISIONS[name], {"$ref": f"decisions/{name}.json"}, key=_SERVICE_KEY)
        for name in DECISIONS
    }
    outgoing = recorded | decisions
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "stilldown",
            "version": VERSION,
            "description": "Facts in, recorded facts and decisions out, as CloudEvents 1.0 in JSON.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CLOUDEVENT,
        "channels": {
            FACTS_IN: _channel(FACTS_IN, _FACTS_TOPIC, [*incoming, "binary", "batch"]),
            EVENTS_OUT: _channel(EVENTS_OUT, _EVENTS_TOPIC, outgoing),
            DEAD_OUT: _channel(DEAD_OUT, _DEAD_TOPIC, ["dead"]),
        },
        "operations": {
            "takeFacts": _operation("receive", FACTS_IN, "Takes facts in."),
            "tellEvents": _operation("send", EVENTS_OUT, "Tells what was recorded."),
            "buryDeadLetters": _operation("send", DEAD_OUT, "Puts aside what could not be understood."),
        },
        "components": {"messages": incoming | outgoing | {"batch": _batch(), "binary": _binary(), "dead": _dead()}},
    }


_FACTS_TOPIC: Final = (
    "Facts from upstream, in structured, batched or binary mode, with any key. May come late, twice, in any order."
)
_EVENTS_TOPIC: Final = (
    "Every recorded fact and decision, at least once, in order per key, never with a hole. Kept for ever."
)
_DEAD_TOPIC: Final = "Facts that could not be understood: the original bytes, with the reason in headers."
_SERVICE_KEY: Final = "The service's id; without a service, the subject."


def _channel(topic: str, description: str, messages: Iterable[str]) -> Schema:
    kafka: Schema = {"topic": topic, "partitions": PARTITIONS, "bindingVersion": "0.5.0"}
    kafka["topicConfiguration"] = dict(TOPICS[topic])
    return {
        "address": topic,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": kafka},
    }


def _operation(action: str, channel: str, summary: str) -> Schema:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(name: str, cls: type[Struct], schema: Schema, *, key: str | None = None) -> Schema:
    message: Schema = {
        "name": name,
        "title": cls.__name__,
        "summary": doc(cls),
        "contentType": CLOUDEVENT,
        "payload": {"schemaFormat": FORMAT, "schema": schema},
    }
    if key:
        message["headers"] = {
            "type": "object",
            "properties": {"content-type": {"const": CLOUDEVENT}},
            "required": ["content-type"],
        }
        message["bindings"] = {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}}
    return message


def _binary() -> Schema:
    return {
        "name": "binary",
        "title": "Binary mode",
        "summary": "Any fact, its attributes in headers, its data alone in the body.",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {f"ce_{name}": {"type": "string"} for name in REQUIRED},
            "required": [f"ce_{name}" for name in REQUIRED],
        },
        "payload": {
            "schemaFormat": FORMAT,
            "schema": {"type": "object", "description": "As `data` in the fact's type."},
        },
    }


def _batch() -> Schema:
    return {
        "name": "batch",
        "title": "Batched mode",
        "summary": "Several facts in one message: each is taken, or a dead letter, by itself.",
        "contentType": "application/cloudevents-batch+json",
        "payload": {"schemaFormat": FORMAT, "schema": {"type": "array", "items": {"type": "object"}}},
    }


def _dead() -> Schema:
    texts = {"reason": "Why it could not be understood.", "field": "The field at fault, where there is one."}
    return {
        "name": "dead",
        "title": "Dead letter",
        "summary": "A fact that could not be understood: its message as it came, with its own headers beside these.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string", "description": text} for name, text in texts.items()},
            "required": ["reason"],
        },
        "payload": {"schemaFormat": FORMAT, "schema": {"description": "The original bytes, whole."}},
    }
