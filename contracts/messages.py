"""JSON Schemas (2020-12) of the messages: each the whole CloudEvent, complete in itself (domain.md §3)."""

from __future__ import annotations

import inspect
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.decisions import DECISIONS
from contracts.facts import (
    COMPLAINT_ID,
    FACTS,
    SERVICE_ID,
    Attribute,
    ComplaintAssigned,
    FactCorrected,
    Moment,
    Name,
)
from contracts.personal import PERSONAL_SUBJECTS

Schema = dict[str, Any]
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
REQUIRED: Final = ("id", "source", "specversion", "subject", "time", "type")
"""Attributes that every event has."""

RFC3339: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})$"
"""What `format: date-time` says, for validators that take formats for notes."""

# What one field asks of another, where a schema can say it.
_RULES: Final[dict[str, Schema]] = {
    ComplaintAssigned.__name__: {
        "anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("to", "team")]
    },
    FactCorrected.__name__: {
        "anyOf": [
            {"required": ["data"], "properties": {"data": {"type": "object"}}},
            {"required": ["time"], "properties": {"time": {"type": "string"}}},
            {"required": ["void"], "properties": {"void": {"const": True}}},
        ]
    },
}


def fact_schema(name: str) -> Schema:
    """The whole CloudEvent of a type of fact, as upstream sends it."""
    cls = FACTS[name]
    defs = _components(cls)
    attribute = _schema(Attribute)
    in_base64 = {"required": ["data_base64"], "properties": {"data_base64": {"type": "string"}}}
    properties: Schema = {
        "specversion": {"const": "1.0"},
        "id": attribute,
        "source": attribute,
        "type": {"const": name},
        "subject": _subject(name),
        "time": _schema(Moment),
        "datacontenttype": {"anyOf": [{"type": "string", "pattern": _json_type()}, {"type": "null"}]},
        "data": {"$ref": f"#/$defs/{cls.__name__}"},
        "data_base64": {
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "contentEncoding": "base64",
            "contentMediaType": "application/json",
        },
    }
    schema = _head(name, cls) | {
        "required": list(REQUIRED),
        "not": in_base64 | {"required": ["data", "data_base64"]},
        "properties": properties,
        "$defs": defs,
    }
    if defs[cls.__name__]["required"] or cls.__name__ in _RULES:
        schema["anyOf"] = [{"required": ["data"]}, in_base64]
    else:
        properties["data"] = {"anyOf": [properties["data"], {"type": "null"}]}
    return schema


def decision_schema(name: str) -> Schema:
    """The whole CloudEvent of a type of decision, as `stilldown.events` has it."""
    cls = DECISIONS[name]
    properties = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"const": name},
        "subject": {"type": "string", "minLength": 1},
        "time": _schema(Moment),
        "datacontenttype": {"const": "application/json"},
        "data": {"$ref": f"#/$defs/{cls.__name__}"},
    }
    extensions = _extensions("decision")
    return (
        _head(name, cls)
        | extensions
        | {
            "required": sorted([*REQUIRED, "data", *_ALWAYS]),
            "properties": properties | extensions["properties"],
            "$defs": _components(cls),
        }
    )


def recorded_schema() -> Schema:
    """What a fact on `stilldown.events` has beside what upstream sent."""
    return {"$schema": DRAFT, "title": "recorded", "description": _RECORDED, "type": "object"} | _extensions("fact")


_ALWAYS: Final = ("kind", "position", "recordedat", "version")
_RECORDED: Final = "A fact as it was recorded: the extension attributes that it has on stilldown.events."


def _extensions(kind: str) -> Schema:
    properties: Schema = {
        "position": {
            "type": "integer",
            "minimum": 1,
            "description": "1, 2, 3 … without gaps. A reader that ignores any not above the last one it saw in that"
            " partition sees each event exactly once.",
        },
        "version": {"type": "integer", "minimum": 1, "description": "Its place in its stream."},
        "kind": {"const": kind},
        "recordedat": _schema(Moment) | {"description": "When the engine wrote it down; it never goes back."},
        "stream": {"type": "string", "minLength": 1, "description": "What it is a part of the history of: KIND:ID."},
    }
    if kind == "fact":
        properties["late"] = {"type": "boolean", "description": "Whether it came after what was recorded had gone on."}
        return {"properties": properties, "required": sorted(_ALWAYS)}
    for name in ("source", "id"):
        properties[f"cause{name}"] = {"type": "string", "description": f"The `{name}` of the fact behind it."}
    pair = {"causeid": ["causesource"], "causesource": ["causeid"]}
    return {"properties": properties, "required": sorted(_ALWAYS), "dependentRequired": pair}


def _head(name: str, cls: type[Struct]) -> Schema:
    return {"$schema": DRAFT, "title": name, "description": doc(cls), "type": "object"}


def doc(cls: type[Struct]) -> str:
    """What a type of message says of itself."""
    return inspect.cleandoc(cls.__doc__ or "")


def _components(cls: type[Struct]) -> dict[str, Schema]:
    """Give the schemas of the data and of all that it refers to."""
    _, found = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
    return {name: _portable(schema) | _RULES.get(name, {}) for name, schema in found.items()}


def _schema(kind: Any) -> Schema:  # noqa: ANN401 - any type
    made: Schema = _portable(msgspec.json.schema(kind))
    return made


def _portable(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Give a schema as validators in any language read it."""
    if isinstance(schema, list):
        return [_portable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _portable(part) for name, part in schema.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = made["pattern"].replace(r"$(?!\n)", "$")  # only Python lets `$` match before a last newline
    if isinstance(made.get("description"), str):
        made["description"] = inspect.cleandoc(made["description"])
    if made.get("format") == "date-time":
        made["pattern"] = RFC3339
    return made


def _subject(name: str) -> Schema:
    if name in {"person.absent", "fact.corrected"}:
        schema = _schema(Name)
    else:
        schema = _portable({"type": "string", "pattern": SERVICE_ID if name.startswith("service.") else COMPLAINT_ID})
    return schema | ({"x-personal": PERSONAL_SUBJECTS[name]} if name in PERSONAL_SUBJECTS else {})


def _json_type() -> str:
    """Give a pattern for JSON's media types; a schema's patterns know no "in any case"."""
    application, json_ = ("".join(f"[{c.upper()}{c}]" for c in word) for word in ("application", "json"))
    return rf"^{application}/([A-Za-z0-9.+-]+\+)?{json_}\s*(;|$)"
