"""What of the published messages others lean on: each message as a flat table of its fields.

A field is named by its path (`data.row.due_at`, `[]` for the members of an array, `{}` for the values of a map, a word
in brackets for what differs by that word), the message itself by the empty one. What a schema says for people
(titles, descriptions) is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from contracts.messages import Schema


class Field(Struct, frozen=True, omit_defaults=True):
    """What may stand in a field."""

    types: list[str]
    """JSON's, and `any`."""
    required: bool = False
    values: list[Any] | None = None
    """Those of an enumeration."""
    limits: dict[str, Any] = {}
    """Every other word of the schema, from `maxLength` to what one field asks of another."""


Shape = dict[str, Field]
"""A message: its fields by their paths."""

_FOR_PEOPLE: Final = {"$defs", "$schema", "description", "title", "x-personal"}
_READ: Final = {"$ref", "type", "enum", "const", "properties", "required", "items", "additionalProperties"}
_KINDS: Final = ({"$ref", "type", "enum", "const"}, {"properties"})


def shapes(files: Mapping[str, bytes]) -> dict[str, Shape]:
    """Every message of the schemas, by its file, and the topics with what is in them, by `asyncapi.json#…`."""
    made: dict[str, Shape] = {}
    for name, text in files.items():
        document = json.loads(text)
        if name == "asyncapi.json":
            made |= _topics(document)
        else:
            made[name] = shape(document)
    return made


def shape(document: Schema) -> Shape:
    """A message's schema, flat."""
    found: Shape = {}
    _walk(document, document.get("$defs", {}), "", found, required=True, within=())
    return dict(sorted(found.items()))


def _walk(
    schema: Schema | bool, defs: Schema, path: str, found: Shape, *, required: bool, within: tuple[str, ...]
) -> None:
    types: set[str] = set()
    values: list[Any] | None = []
    limits: dict[str, Any] = {}
    for part, names in _alternatives({} if isinstance(schema, bool) else schema, defs, within):
        kinds, words = _types(part), part.get("enum", [part["const"]] if "const" in part else None)
        types |= kinds
        if kinds != {"null"}:
            values = None if words is None or values is None else [*values, *words]
        for word, said in part.items():
            if word in _READ | _FOR_PEOPLE:
                continue
            if word == "pattern" and part.get("format") == "date-time":
                continue  # it says the same once more
            if word == "discriminator":
                said = sorted(said["mapping"])  # noqa: PLW2901 - names of classes are nobody's business
            other = word in limits and limits[word] != said
            limits[f"{word} of {'/'.join(sorted(kinds))}" if other else word] = said
        always, place = set(part.get("required", ())), path
        if "discriminator" in part:
            place = f"{path}({part['properties'][part['discriminator']['propertyName']]['enum'][0]})"
        for name, inner in part.get("properties", {}).items():
            _walk(inner, defs, f"{place}.{name}".removeprefix("."), found, required=name in always, within=names)
        for word, mark in (("items", "[]"), ("additionalProperties", "{}")):
            if word in part and part[word] is not False:
                _walk(part[word], defs, f"{path}{mark}", found, required=False, within=names)
    known = found.get(path)
    if known is not None:  # one of several alternatives that have a field of that name
        types |= set(known.types)
        values = None if values is None or known.values is None else [*known.values, *values]
        required = required and known.required
        limits = known.limits | limits
    words = None if not values else sorted({json.dumps(value) for value in values})
    found[path] = Field(sorted(types), required, words and [json.loads(word) for word in words], limits)


def _alternatives(schema: Schema, defs: Schema, within: tuple[str, ...]) -> Iterator[tuple[Schema, tuple[str, ...]]]:
    """Whatever may stand there, references followed (each once on a path), and the names that were followed."""
    choices = schema.get("anyOf", ())
    if choices and all(any(kind & choice.keys() for kind in _KINDS[:1]) for choice in choices):
        rest = {word: said for word, said in schema.items() if word != "anyOf"}
        for choice in choices:
            yield from _alternatives(rest | choice, defs, within)
        return
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    if name and name in defs and name not in within:
        rest = {word: said for word, said in schema.items() if word != "$ref"}
        yield from _alternatives(defs[name] | rest, defs, (*within, name))
        return
    yield schema, within


def _types(part: Schema) -> set[str]:
    if "type" in part:
        return {part["type"]} if isinstance(part["type"], str) else set(part["type"])
    words = part.get("enum", [part["const"]] if "const" in part else [])
    if words:
        return {_OF_PYTHON[type(word)] for word in words}
    return {"object"} if "$ref" in part or "properties" in part else {"any"}


_OF_PYTHON: Final[dict[type, str]] = {
    str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null",
}  # fmt: skip


def _topics(document: Schema) -> dict[str, Shape]:
    """Topics, each with its messages as fields, and the messages that have no file of their own."""
    made: dict[str, Shape] = {}
    for topic, channel in document["channels"].items():
        kafka = channel["bindings"]["kafka"]
        table = {"": Field(["topic"], limits={"partitions": kafka["partitions"]})}
        for name, setting in kafka["topicConfiguration"].items():
            table[""].limits[name] = setting
        for name in sorted(channel["messages"]):
            message = document["components"]["messages"][name]
            limits = {"contentType": message["contentType"]}
            key = message.get("bindings", {}).get("kafka", {}).get("key")
            if key:
                limits["key"] = key["description"]
            table[name] = Field(["message"], limits=limits)
            for header, field in shape(message.get("headers", {"type": "object"})).items():
                if header:
                    table[f"{name}.{header}"] = field
        made[f"asyncapi.json#{topic}"] = table
    return made
