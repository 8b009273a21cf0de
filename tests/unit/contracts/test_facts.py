"""Every type of fact is understood as domain.md §3 says, and refused with the field, the value and the reason."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, get_args

import msgspec
import pytest

from contracts.envelope import Fact, parse
from contracts.errors import MalformedError
from contracts.facts import FACTS, FactCorrected, Moment, Objection
from contracts.personal import PERSONAL_SUBJECTS, Whose, personal_fields, personal_in_corrections

from . import examples
from .examples import CHOICES, FLAGS, OBJECTIONS, TABLE, TEXTS, body, full, is_text, minimal, names

OPTIONAL = [(type_, name) for type_ in TABLE for name in names(type_) if name not in names(type_, required=True)]
TEXT_FIELDS = [(type_, name) for type_ in TABLE for name in names(type_) if is_text(type_, name)]
SINCE = [(type_, name) for type_ in TABLE for name in names(type_) if name in {"since", "down_since", "up_since"}]


def refused(type_: str, data: object, **attributes: object) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        parse(body(type_, data, **attributes))
    return caught.value


def said(fact: Fact) -> dict[str, Any]:
    """The data as it goes out again."""
    made: dict[str, Any] = json.loads(msgspec.json.encode(fact.data))
    return made


def test_the_types_of_facts_are_those_of_the_domain() -> None:
    assert list(FACTS) == list(TABLE)


@pytest.mark.parametrize("type_", TABLE)
def test_a_type_has_the_fields_of_the_domain(type_: str) -> None:
    declared = {field.encode_name: field.required for field in msgspec.structs.fields(FACTS[type_])}
    assert declared == {name: name in names(type_, required=True) for name in names(type_)}


@pytest.mark.parametrize("type_", TABLE)
def test_the_least_is_understood(type_: str) -> None:
    fact = parse(body(type_, minimal(type_)))
    assert fact.type == type_
    assert isinstance(fact.data, FACTS[type_])
    assert said(fact).keys() == minimal(type_).keys()


@pytest.mark.parametrize("type_", TABLE)
def test_everything_that_can_be_said_is_understood(type_: str) -> None:
    fact = parse(body(type_, full(type_)))
    for name, value in full(type_).items():
        found = said(fact)[name]
        if examples.is_moment(type_, name):
            assert datetime.fromisoformat(found) == datetime.fromisoformat(value)
        else:
            assert found == value


@pytest.mark.parametrize("type_", TABLE)
def test_what_is_wrong_is_named_with_its_field_and_its_value(type_: str) -> None:
    for wrong in examples.all_wrong(type_):
        error = refused(wrong.type, wrong.data)
        assert error.field == wrong.field
        assert error.reason.startswith(f"`{wrong.field}` {wrong.words}" if "null" not in wrong.words else "`data.")
        assert wrong.words in error.reason
        assert "regex" not in error.reason
        assert str(error) == error.reason
        value = wrong.data.get(wrong.field.removeprefix("data."))
        if isinstance(value, str | int | float) and "after" not in wrong.words:  # which shows the moment in UTC
            assert error.value == value
            assert type(error.value) is type(value)


@pytest.mark.parametrize("control", ["\x00", "\n", "\x1b[31m", "\x7f", "\x85", "\u009b"])
def test_a_reason_can_be_printed_anywhere(control: str) -> None:
    error = refused("complaint.acknowledged", {"by": f"Zoë{control}"})
    assert error.reason.isprintable()
    assert error.reason.startswith('`data.by` has control characters: "Zoë\\')
    assert error.value == f"Zoë{control}"


def test_a_long_value_is_cut_in_the_reason_only() -> None:
    error = refused("complaint.acknowledged", {"by": "x" * 5_000})
    assert len(error.reason) < 300
    assert error.reason.endswith("x…")
    assert error.value == "x" * 5_000


@pytest.mark.parametrize("type_, name", OPTIONAL)
def test_null_means_absent(type_: str, name: str) -> None:
    least = minimal(type_)
    if name in least:  # one of several that are required
        least = full(type_) | {name: None}
        assert name not in said(parse(body(type_, least)))
        return
    with_null = parse(body(type_, least | {name: None}))
    assert with_null == parse(body(type_, least))
    assert with_null.digest() == parse(body(type_, least)).digest()


@pytest.mark.parametrize("type_", TABLE)
def test_unknown_fields_are_ignored(type_: str) -> None:
    more = minimal(type_) | {"unknown": {"deep": [1, "\n", None]}, "": 1, "Customer": 1e300}
    assert parse(body(type_, more)) == parse(body(type_, minimal(type_)))


@pytest.mark.parametrize("type_, name", TEXT_FIELDS)
def test_a_text_may_be_as_long_as_the_domain_says_in_any_script(type_: str, name: str) -> None:
    longest = "😀" * (10_000 if name in TEXTS else 256)
    assert said(parse(body(type_, full(type_) | {name: longest})))[name] == longest
    for script in ("Łódź", "東京", "a\u0301", "\u202eabc", "שלום", "a  b", " ", "'; DROP TABLE", "<b>", "\u2028"):
        assert said(parse(body(type_, full(type_) | {name: script})))[name] == script


@pytest.mark.parametrize("type_, name", [(t, n) for t, n in TEXT_FIELDS if n in TEXTS - {"proof"}])
def test_a_text_may_be_empty(type_: str, name: str) -> None:
    assert not said(parse(body(type_, full(type_) | {name: ""})))[name]


@pytest.mark.parametrize("type_, name", CHOICES)
def test_every_word_of_a_choice_is_understood(type_: str, name: str) -> None:
    for word in CHOICES[type_, name].split():
        assert said(parse(body(type_, full(type_) | {name: word})))[name] == word


@pytest.mark.parametrize("type_, name", [(t, n) for t in TABLE for n in names(t) if n in FLAGS - {"void"}])
def test_a_flag_may_be_true_or_false(type_: str, name: str) -> None:
    for flag in (True, False):
        assert getattr(parse(body(type_, full(type_) | {name: flag})).data, name) is flag


def test_the_objections_are_those_of_the_domain() -> None:
    assert list(get_args(Objection)) == OBJECTIONS
    fact = parse(body("complaint.close_requested", {"by": "a", "overrides": OBJECTIONS}))
    assert said(fact)["overrides"] == OBJECTIONS


def test_a_wrong_override_is_named_by_its_place() -> None:
    error = refused("complaint.close_requested", {"by": "a", "overrides": ["part_outstanding", "all"]})
    assert (error.field, error.value) == ("data.overrides[1]", "all")
    assert error.reason == f'`data.overrides[1]` has to be one of {", ".join(OBJECTIONS)}: "all"'
    error = refused("complaint.close_requested", {"by": "a", "overrides": [["part_outstanding"]]})
    assert (error.field, error.value) == ("data.overrides[0]", '["part_outstanding"]')


@pytest.mark.parametrize(
    "amount", ["0", "12", "12.5", "12.50", "0.000001", "123456789012345.123456", 0, 12, 12.5], ids=repr
)
def test_an_amount_is_kept_as_it_was_written(amount: object) -> None:
    fact = parse(body("remedy.granted", full("remedy.granted") | {"amount": amount}))
    assert said(fact)["amount"] == amount


@pytest.mark.parametrize("type_, name", SINCE)
def test_a_since_may_lie_before_the_time_or_at_it_never_after(type_: str, name: str) -> None:
    for since in (
        "0001-01-01T00:00:00Z",
        "2026-03-01T12:00:00Z",
        "2026-03-01T17:45:00+05:45",
        "2026-03-01T11:59:59.999999Z",
    ):
        parse(body(type_, full(type_) | {name: since}))
    for since in ("2026-03-01T12:00:00.000001Z", "2026-03-01T12:00:00-00:01", "9999-12-31T23:59:59Z"):
        error = refused(type_, full(type_) | {name: since})
        assert error.field == f"data.{name}"
        assert error.reason.startswith(f"`data.{name}` lies after the fact's time: ")


def test_an_assignment_needs_somebody() -> None:
    for data in ({}, {"by": "a", "note": "b"}, {"to": None, "team": None}):
        error = refused("complaint.assigned", data)
        assert error.reason == "one of `data.to` and `data.team` is required"
        assert error.field == "data.to"
    for data in ({"to": "a"}, {"team": "b"}, {"to": "a", "team": "b"}):
        parse(body("complaint.assigned", data))


def test_a_visit_does_not_end_before_it_begins() -> None:
    visit = {"visit": "v", "from": "2026-03-01T12:00:00Z"}
    parse(body("visit.scheduled", visit | {"to": "2026-03-01T13:00:00+01:00"}))
    error = refused("visit.scheduled", visit | {"to": "2026-03-01T12:59:59+01:00"})
    assert (error.field, error.value) == ("data.to", "2026-03-01T11:59:59+00:00")


def test_an_absence_lasts() -> None:
    for until in ("2026-03-01T12:00:00Z", "2026-02-01T12:00:00Z"):
        assert refused("person.absent", {"from": "2026-03-01T12:00:00Z", "until": until}).field == "data.until"


def correction(**data: object) -> dict[str, Any]:
    return {"fact": {"source": "/desk", "id": "17"}, "by": "ann", "why": "typo"} | data


def test_a_correction_says_what_is_right() -> None:
    for data in ({}, {"void": False}, {"data": None, "time": None, "void": None}, {"proof": "letter"}):
        assert refused("fact.corrected", correction() | data).field == "data.data"
    goods: list[dict[str, object]] = [{"void": True}, {"time": "2026-03-01T12:00:00Z"}, {"data": {}}]
    for good in goods:
        parse(body("fact.corrected", correction() | good))


def test_a_correction_names_a_fact_and_not_itself() -> None:
    assert refused("fact.corrected", correction(void=True) | {"fact": {"source": "/desk"}}).field == "data.fact.id"
    error = refused("fact.corrected", correction(void=True) | {"fact": {"source": "/desk", "id": ""}})
    assert error.reason == '`data.fact.id` is empty: ""'
    error = refused("fact.corrected", correction(void=True), id="17")
    assert error.reason == '`data.fact` names the correction itself: "17"'


def corrected(data: dict[str, Any]) -> object:
    fact = parse(body("fact.corrected", correction(data=data)))
    assert isinstance(fact.data, FactCorrected)
    return fact.data.data


def test_a_correction_carries_what_other_facts_carry() -> None:
    assert corrected({"by": "x", "unknown": 1, "since": None}) == {"by": "x", "since": None}
    moments = {
        "since": "2026-03-01T12:00:00.1234569+01:00",
        "to": "2026-03-01t12:00:00z",
        "until": "2016-12-31T23:59:60Z",
        "due": "soon",
        "eta": 5,
    }
    assert corrected(moments) == {
        "since": "2026-03-01T11:00:00.123456Z",
        "to": "2026-03-01T12:00:00Z",
        "until": "2017-01-01T00:00:00Z",
        "due": "soon",
        "eta": 5,
    }
    again = {"data": {"since": "2026-03-01T12:00:00+01:00", "unknown": 1}, "void": False}
    assert corrected(again) == {"data": {"since": "2026-03-01T11:00:00Z"}, "void": False}


def test_numbers_in_a_correction_can_be_written_by_any_encoder() -> None:
    assert corrected({"amount": 2**63 - 1}) == {"amount": 2**63 - 1}
    for data in ({"amount": 2**63}, {"overrides": [[-(2**63)]]}, {"fact": {"x": 10**400}}, {"data": {"amount": 2**64}}):
        assert "is a number that is too large" in refused("fact.corrected", correction(data=data)).reason


# ------------------------------------------------------------------ personal data

NOT_PERSONAL = {
    "agreement",
    "amount",
    "channel",
    "currency",
    "fact.id",
    "fact.source",
    "fault",
    "notice",
    "order",
    "part",
    "promise",
    "remedy",
    "reported_fault",
    "service",
    "team",
    "visit",
}
"""Texts of facts that name no person and hold no customer's words, by any type."""


def texts(cls: type[msgspec.Struct], path: str = "") -> set[str]:
    """The fields of a struct that hold text of somebody's choice."""
    found = set()
    for field in msgspec.inspect.type_info(cls).fields:  # type: ignore[attr-defined] # of a struct's type
        stack = [field.type]
        while stack:
            kind = stack.pop()
            if isinstance(kind, msgspec.inspect.Metadata):
                stack.append(kind.type)
            elif isinstance(kind, msgspec.inspect.UnionType):
                stack.extend(kind.types)
            elif isinstance(kind, msgspec.inspect.StrType):
                found.add(path + field.encode_name)
            elif isinstance(kind, msgspec.inspect.StructType):
                found |= texts(kind.cls, f"{path}{field.encode_name}.")
    return found


@pytest.mark.parametrize("type_", TABLE)
def test_every_text_of_a_fact_is_declared_personal_or_known_not_to_be(type_: str) -> None:
    personal = set(personal_fields(type_))
    assert texts(FACTS[type_]) - personal <= NOT_PERSONAL
    assert not personal & NOT_PERSONAL


def test_personal_fields_say_whose_they_are() -> None:
    assert personal_fields("complaint.filed") == {"customer": "customer", "summary": "customer"}
    assert personal_fields("complaint.assigned") == {"to": "named", "by": "named", "note": "customer"}
    assert personal_fields("visit.scheduled") == {}
    assert personal_fields("fact.corrected") == {"by": "named", "why": "customer", "proof": "customer"}
    assert PERSONAL_SUBJECTS == {"person.absent": "named"}
    with pytest.raises(KeyError):
        personal_fields("complaint.imagined")


def test_a_field_that_may_be_corrected_is_personal_to_one_and_the_same() -> None:
    whose: dict[str, set[Whose]] = {}
    for type_ in TABLE:
        for name, one in personal_fields(type_).items():
            whose.setdefault(name, set()).add(one)
    assert {name: {one} for name, one in personal_in_corrections().items()} == whose


def test_a_moment_is_declared_as_one() -> None:
    for type_, cls in FACTS.items():
        for field in msgspec.structs.fields(cls):
            moment = field.type in (Moment, Moment | None)
            assert moment == examples.is_moment(type_, field.encode_name)
