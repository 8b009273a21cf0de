"""Decisions go out and come back as they were, and say which of their fields are personal (interfaces.md §2)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from contracts.decisions import DECISIONS, DecisionData
from contracts.facts import FACTS
from contracts.heard import Item
from contracts.personal import personal_fields

from .decided import TYPES, decided


def read(type_: str, data: object) -> DecisionData:
    return msgspec.json.decode(json.dumps(data), type=DECISIONS[type_])


def test_the_types_of_decisions_are_those_of_the_interfaces() -> None:
    assert sorted(DECISIONS) == sorted(TYPES)
    assert not DECISIONS.keys() & FACTS.keys()


@pytest.mark.parametrize("type_", TYPES)
def test_a_decision_comes_back_as_it_went_out(type_: str) -> None:
    for full in (False, True):
        data = read(type_, decided(type_, full=full))
        assert type_ == data.TYPE
        assert read(type_, json.loads(msgspec.json.encode(data))) == data


@pytest.mark.parametrize("type_", TYPES)
def test_what_is_not_said_is_not_written(type_: str) -> None:
    for full in (False, True):
        said = decided(type_, full=full)
        assert json.loads(msgspec.json.encode(read(type_, said))).keys() == said.keys()


@pytest.mark.parametrize("type_", TYPES)
def test_a_reader_ignores_what_it_does_not_know_yet(type_: str) -> None:
    least = decided(type_, full=False)
    assert read(type_, least | {"new": {"row": [1]}}) == read(type_, least)


@pytest.mark.parametrize("type_", TYPES)
def test_what_a_decision_has_to_have_is_not_left_out(type_: str) -> None:
    least = decided(type_, full=False)
    for name in least:
        with pytest.raises(msgspec.ValidationError, match="missing required field"):
            read(type_, {other: value for other, value in least.items() if other != name})


def test_everything_that_a_service_hears_says_what_it_is() -> None:
    heard = [item["heard"] for item in decided("service.heard", full=True)["items"]]
    assert heard == ["said", "claimed", "rejected", "noticed", "delivered", "requested", "leans", "left"]
    with pytest.raises(msgspec.ValidationError, match="Invalid value"):
        msgspec.json.decode(b'{"heard": "rumour"}', type=Item)


def kinds(kind: inspect.Type, path: str = "") -> dict[str, inspect.Type]:
    """Every plain field of a struct by its path, those in rows as `rows[].field`."""
    match kind:
        case inspect.Metadata():
            return kinds(kind.type, path)
        case inspect.UnionType():
            return {name: one for part in kind.types for name, one in kinds(part, path).items()}
        case inspect.VarTupleType():
            return kinds(kind.item_type, f"{path}[]")
        case inspect.StructType():
            found: dict[str, Any] = {}
            for field in kind.fields:
                found |= kinds(field.type, f"{path}.{field.encode_name}".removeprefix("."))
            return found
        case inspect.NoneType():
            return {}
        case _:
            return {path: kind}


@pytest.mark.parametrize("type_", TYPES)
def test_every_moment_has_an_offset(type_: str) -> None:
    for name, kind in kinds(inspect.type_info(DECISIONS[type_])).items():
        if isinstance(kind, inspect.DateTimeType):
            assert kind.tz is True, name


NOT_PERSONAL = {
    *("agreement", "agreement_version", "complaint", "zone", "clock", "target", "paused_for", "amount", "change"),
    *("currency", "team", "promise", "visit", "order", "part", "remedy", "notice", "kind", "about", "channel"),
    *("decision", "outcome", "on", "evidence", "ended_by", "source", "id", "accepts[]"),
}
"""Texts in decisions, by the last part of their path, that name no person and hold no customer's words."""
EXPLAINED = {"credit.owed": {"why"}, "credit.restated": {"why"}, "customer.forgotten": {"why"}}
"""Texts that the engine writes itself, or that have to outlast the customer."""


@pytest.mark.parametrize("type_", TYPES)
def test_every_text_of_a_decision_is_declared_personal_or_known_not_to_be(type_: str) -> None:
    personal = personal_fields(type_)
    for name, kind in kinds(inspect.type_info(DECISIONS[type_])).items():
        if not isinstance(kind, inspect.StrType) or name.startswith("agreement."):  # terms, which are nobody's
            continue
        known = name.rpartition(".")[2] in NOT_PERSONAL or name in EXPLAINED.get(type_, ())
        assert (name in personal) != known, name


def test_personal_fields_in_rows_say_where_they_are() -> None:
    assert personal_fields("outage.restated") == {"claims[].by": "named"}
    assert personal_fields("service.heard") == {"items[].by": "named"}
    assert personal_fields("complaint.restated") == {
        "owners[].deputy_of": "named",
        "owners[].person": "named",
        "waits[].reason": "customer",
        "visits[].by": "named",
        "promises[].what": "customer",
        "promises[].by": "named",
        "notices[].proof": "customer",
    }
    assert personal_fields("complaint.closed") == {"by": "named", "reason": "customer", "approved_by": "named"}
