"""What a change of the contracts would break (docs/decisions/0014): today's messages against the last published ones.

Facts may get wider: what upstream sends today is understood tomorrow. Decisions stay as they are but for new fields:
the topic is kept for ever, so that today's readers meet tomorrow's messages, and tomorrow's readers today's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from contracts.shapes import Field, Shape
from contracts.topics import FACTS_IN


class Published(Struct, frozen=True):
    """A version of the contracts, as it was published."""

    version: str
    messages: dict[str, Shape]


class Break(NamedTuple):
    """Something that others lean on, and that is not as it was."""

    file: str
    field: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field or 'the message'} {self.what}; {self.do}"


def write(published: Published) -> bytes:
    """A published version as a file: a line for each field, so that a change is a line too."""
    files = []
    for file, fields in sorted(published.messages.items()):
        lines = [f"  {json.dumps(path)}: {_line(field)}" for path, field in sorted(fields.items())]
        files.append(f" {json.dumps(file)}: {{\n" + ",\n".join(lines) + "\n }")
    head = f'{{"version": {json.dumps(published.version)}, "messages": {{\n'
    return (head + ",\n".join(files) + "\n}}\n").encode()


def read(text: bytes) -> Published:
    """The published version of a file."""
    return msgspec.json.decode(text, type=Published)


def _line(field: Field) -> str:
    return json.dumps(msgspec.to_builtins(field), sort_keys=True, ensure_ascii=False)


def breaks(before: Mapping[str, Shape], today: Mapping[str, Shape]) -> Iterator[Break]:
    """What of the messages as they were published no longer holds."""
    for file, fields in sorted(before.items()):
        if file not in today:
            yield Break(file, "", "is gone", "keep it: it was sent, is recorded, and is read again")
        else:
            yield from _of_message(file, fields, today[file])


_KEEP: Final = "keep it as it was, and say what is new in an optional field beside it or in a new type of message"


def _of_message(file: str, before: Shape, today: Shape) -> Iterator[Break]:
    fact = file.startswith(("facts/", f"asyncapi.json#{FACTS_IN}"))
    for path, old in sorted(before.items()):
        new = today.get(path)
        if new is not None:
            yield from (Break(file, path, what, _KEEP) for what in _of_field(old, new, fact=fact))
        elif _above(path) in today or _above(path) not in before:
            yield Break(file, path, "is gone", "keep it, even if it is always empty from now on")
    for path in sorted(today.keys() - before.keys()):
        if today[path].required and _above(path) in before:
            yield Break(file, path, "is new and required", "make it optional: what was sent before has none")


def _above(path: str) -> str:
    """The path of what a field is in."""
    for mark in ("[]", "{}"):
        if path.endswith(mark):
            return path.removesuffix(mark)
    above = path.rpartition(".")[0]
    return above[: above.rindex("(")] if above.endswith(")") else above


def _of_field(old: Field, new: Field, *, fact: bool) -> Iterator[str]:
    gone, come = sorted({*old.types} - {*new.types}), sorted({*new.types} - {*old.types})
    if gone or (come and not (fact and come == ["null"])):
        yield f"was {_or(old.types)}, and is {_or(new.types)}"
    if new.required != old.required and (new.required or not fact):
        yield "is required now" if new.required else "may be missing now"
    yield from _of_values(old.values, new.values, fact=fact)
    for word in sorted(old.limits.keys() | new.limits.keys()):
        was, now = old.limits.get(word), new.limits.get(word)
        if was != now and not (fact and _is_wider(word, was, now)):
            yield f"has another `{word}` ({_said(was)}, now {_said(now)})"


def _of_values(old: list[Any] | None, new: list[Any] | None, *, fact: bool) -> Iterator[str]:
    if old is None and new is not None:
        yield f"takes only {_or(new)} now"
    elif old is not None and new is None and not fact:
        yield f"may be anything now, not only {_or(old)}"
    elif old is not None and new is not None:
        gone, come = [word for word in old if word not in new], [word for word in new if word not in old]
        if gone:
            yield f"no longer takes {_or(gone)}"
        if come and not fact:
            yield f"may be {_or(come)} now, which no reader knows"


_NO_MORE_THAN: Final = {"maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum", "max.message.bytes"}
_NO_LESS_THAN: Final = {"minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"}


def _is_wider(word: str, was: Any, now: Any) -> bool:  # noqa: ANN401 - what a schema says
    if word in _NO_MORE_THAN:
        return now is None or (was is not None and now > was)
    if word in _NO_LESS_THAN:
        return now is None or (was is not None and now < was)
    return word in {"pattern", "format"} and now is None


def _or(words: list[Any]) -> str:
    return " or ".join(map(str, words))


def _said(value: Any) -> str:  # noqa: ANN401 - what a schema says
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
