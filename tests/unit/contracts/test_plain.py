"""Control characters: looked for once in a fact that comes, not again in what was recorded."""

from __future__ import annotations

import base64

import msgspec
import orjson
import pytest

from contracts import plain
from contracts.envelope import parse
from contracts.errors import MalformedError
from contracts.facts import FACTS

from .examples import TABLE, body

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda c: f"{ord(c):02x}")
def test_no_writing_of_a_control_character_is_overlooked(control: str) -> None:
    escaped = f'"a\\u{ord(control):04x}b"'.encode()
    assert plain.may_be_rough(escaped)
    raw = f'"a{control}b"'.encode()
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return  # the decoder takes it only as an escape
    assert plain.may_be_rough(raw)


@pytest.mark.parametrize("text", ["Zoë", "«é»", "\u00a0", "漢字", "🙂", "ÂÃ"])
def test_other_text_is_not_looked_at_again(text: str) -> None:
    assert not plain.may_be_rough(orjson.dumps({"by": text}))


@pytest.mark.parametrize("type_", TABLE)
def test_every_text_of_a_fact_is_one_that_is_looked_at(type_: str) -> None:
    """`check` goes into structs, and into nothing else."""
    stack = [msgspec.inspect.type_info(FACTS[type_])]
    while stack:
        kind = stack.pop()
        if isinstance(kind, msgspec.inspect.StructType):
            stack.extend(field.type for field in kind.fields)
        elif isinstance(kind, msgspec.inspect.UnionType):
            stack.extend(kind.types)
        elif isinstance(kind, msgspec.inspect.Metadata):
            stack.append(kind.type)
        elif isinstance(kind, msgspec.inspect.VarTupleType):
            assert isinstance(kind.item_type, msgspec.inspect.LiteralType)


def test_a_text_within_a_struct_is_looked_at() -> None:
    data = {"fact": {"source": "/t\x7f", "id": "1"}, "by": "anna", "why": "wrong", "void": True}
    with pytest.raises(MalformedError, match=r"`data\.fact\.source` has control characters") as error:
        parse(body("fact.corrected", data))
    assert (error.value.field, error.value.value) == ("data.fact.source", "/t\x7f")


def test_what_comes_in_base64_is_looked_at() -> None:
    fact = {"specversion": "1.0", "id": "1", "source": "/t", "type": "complaint.acknowledged", "subject": "C-1"}
    data = base64.b64encode(b'{"by": "a\\u0007b"}').decode()
    with pytest.raises(MalformedError, match=r"`data\.by` has control characters"):
        parse(orjson.dumps({**fact, "time": "2026-01-01T00:00:00Z", "data_base64": data}))
