"""CloudEvents' attributes and data are read, or refused with a reason (domain.md §3)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from contracts.envelope import Fact, make, parse
from contracts.errors import MalformedError, StilldownError
from contracts.facts import ServiceDown
from contracts.moments import micros

from .examples import TABLE, TIME, body, event, full, refused, written

DOWN = {"evidence": "customer"}


# ------------------------------------------------------------------ attributes


def test_a_fact_has_its_attributes_its_moment_and_its_place_in_the_order_of_facts() -> None:
    fact = parse(written(time="2026-03-01T12:00:00.5+01:00"))
    us = micros(datetime(2026, 3, 1, 11, 0, 0, 500_000, UTC))
    assert fact == Fact(("/desk", "1"), "service.down", "register-3", us, ServiceDown(evidence="customer"))
    assert fact.time == datetime(2026, 3, 1, 11, 0, 0, 500_000, UTC)
    assert fact.time.tzinfo is UTC
    assert fact.key == (us, "/desk", "1")
    assert fact.ref == ("/desk", "1")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time"])
def test_an_attribute_that_is_missing_null_or_no_text_is_named(name: str) -> None:
    error = refused(written(**{name: ...}))
    assert (error.reason, error.field, error.value) == (f"`{name}` is missing", name, None)
    error = refused(written(**{name: None}))
    assert error.reason.startswith(f"`{name}` has to be ")
    assert error.reason.endswith(", not null")
    error = refused(written(**{name: 5}))
    assert error.reason.endswith("not a whole number: 5")
    assert (error.field, error.value) == (name, 5)


@pytest.mark.parametrize("name", ["id", "source"])
def test_what_identifies_a_fact_is_any_text_up_to_1024_characters(name: str) -> None:
    for good in ("x", "é" * 1024, "a b/c?d#e", "2026-01-01T00:00:00.1234567Z", "\u00a0"):
        assert getattr(parse(written(**{name: good})), name) == good
    assert refused(written(**{name: ""})).reason == f'`{name}` is empty: ""'
    assert refused(written(**{name: "x" * 1025})).reason.startswith(f"`{name}` is longer than 1024 characters: ")
    for control in ("a\nb", "a\n", "\x00", "\x7f"):
        assert refused(written(**{name: control})).reason.startswith(f"`{name}` has control characters: ")


def test_only_version_1_0_is_understood() -> None:
    for version in ("0.3", "1", "1.0.0", "2.0", "", "1.0\n"):
        error = refused(written(specversion=version))
        assert error.reason == f'`specversion` has to be "1.0": {json.dumps(version)}'
        assert (error.field, error.value) == ("specversion", version)


def test_an_unknown_type_is_named_with_the_nearest_known() -> None:
    error = refused(written(type="service.dwn"))
    assert error.reason == '`type` is no type of fact (did you mean "service.down"?): "service.dwn"'
    assert (error.field, error.value) == ("type", "service.dwn")
    for type_ in ("", "outage.started", "complaint.closed", "x" * 100_000, "service.down\n"):
        assert refused(written(type=type_)).field == "type"


def test_unknown_attributes_are_ignored() -> None:
    more = written(dataschema="urn:x", traceparent="00-…", position=5, specVersion="2", extra={"a": [None]})
    assert parse(more) == parse(written())


IDS = ["C-17", "a", "A.b_c:d-9", "...", "x" * 118]
NO_IDS = ["", " ", "a b", "ü", "a/b", "a\n", "\n", "C-17\x00", "\u0421-17", "\uff11", "a,b", "x" * 129]


@pytest.mark.parametrize("type_", [type_ for type_ in TABLE if type_ not in {"person.absent", "fact.corrected"}])
def test_a_subject_is_an_id_of_what_the_fact_speaks_of(type_: str) -> None:
    longest, what = (128, "service") if type_.startswith("service.") else (118, "complaint")
    for good in (*IDS, "y" * longest):
        assert parse(body(type_, subject=good)).subject == good
    for bad in (*NO_IDS, "y" * (longest + 1)):
        error = refused(body(type_, subject=bad))
        assert error.reason.startswith(
            f"`subject` is no id of a {what}: A-Z a-z 0-9 . _ : -, 1 to {longest} characters: "
        )
        assert (error.field, error.value) == ("subject", bad)


@pytest.mark.parametrize("type_", ["person.absent", "fact.corrected"])
def test_a_person_or_a_wrong_facts_subject_is_any_name(type_: str) -> None:
    for good in ("Łukasz Żółć", "kowalski", "x" * 256, "😀" * 256, "C-17"):
        assert parse(body(type_, subject=good)).subject == good
    for bad in ("", "x" * 257, "a\nb", "a\n", "\x00"):
        error = refused(body(type_, subject=bad))
        assert error.reason.startswith("`subject` is no name: 1 to 256 characters, none of them a control character: ")
        assert (error.field, error.value) == ("subject", bad)


# ------------------------------------------------------------------ content


def test_the_same_content_is_the_same_however_it_was_written() -> None:
    data = {
        "customer": "Żabka",
        "channel": "phone",
        "summary": "dead",
        "down": True,
        "down_since": "2026-03-01T11:00:00Z",
    }
    one = parse(body("complaint.filed", data))
    turned: dict[str, Any] = dict(reversed(event("complaint.filed", dict(reversed(data.items()))).items()))
    spaced = json.dumps(turned, indent=4).encode()  # escapes what is not ASCII, too
    other = parse(
        body("complaint.filed", data | {"down_since": "2026-03-01t16:45:00.0000004+05:45", "team": None, "x": 1})
    )
    later = parse(body("complaint.filed", data, time="2026-03-01T13:00:00+01:00", datacontenttype="application/json"))
    for again in (parse(spaced), other, later, parse(b"\xef\xbb\xbf \r\n" + spaced + b"\n")):
        assert again == one
        assert again.digest() == one.digest()
    assert len(one.digest()) == 16


def test_other_content_is_other_content() -> None:
    base = event("service.down", {"evidence": "customer", "by": "ann"})
    others = [
        base,
        base | {"type": "service.up"},
        base | {"subject": "register-4"},
        base | {"time": "2026-03-01T12:00:00.000001Z"},
        base | {"data": {"evidence": "customer"}},
        base | {"data": {"evidence": "operator", "by": "ann"}},
        base | {"data": {"evidence": "customer", "by": "Ann"}},
        base | {"data": {"evidence": "customer", "by": "ann", "since": TIME}},
    ]
    digests = {parse(json.dumps(one).encode()).digest() for one in others}
    assert len(digests) == len(others)


def test_who_sent_it_and_under_which_id_is_not_its_content() -> None:
    assert parse(written(id="2", source="/else")).digest() == parse(written()).digest()


@pytest.mark.parametrize("one, other", [(5, 5.0), (100, 1e2), (0, -0.0)], ids=repr)
def test_a_number_is_the_same_however_it_was_written(one: float, other: float) -> None:
    facts = [
        parse(body("remedy.granted", {"remedy": "r", "kind": "credit", "amount": amount})) for amount in (one, other)
    ]
    assert facts[0] == facts[1]
    assert facts[0].digest() == facts[1].digest()


def test_a_corrections_content_is_the_same_however_it_was_written() -> None:
    data = {"fact": {"source": "/desk", "id": "17"}, "by": "ann", "why": "typo"}
    one = parse(body("fact.corrected", data | {"data": {"since": "2026-03-01T11:00:00Z", "by": "x"}}))
    again = parse(
        body("fact.corrected", data | {"data": {"by": "x", "new": 1, "since": "2026-03-01T12:00:00.0+01:00"}})
    )
    assert again.digest() == one.digest()
    other = parse(body("fact.corrected", data | {"data": {"since": "2026-03-01T11:00:01Z", "by": "x"}}))
    assert other.digest() != one.digest()


def test_a_digest_stays_what_it_was() -> None:
    """Digests are stored: another way to reckon them would make every fact that is sent again a dead letter."""
    assert parse(body("complaint.filed", full("complaint.filed"))).digest().hex() == "f944e0651ea0973cd08d47780d565ac1"
    assert parse(written()).digest().hex() == "a7f54382848c5541063b3fc404f06c29"


# ------------------------------------------------------------------ data


def test_data_may_be_left_out_only_where_nothing_is_required() -> None:
    nothing: list[object] = [..., None, {}]
    for absent in nothing:
        parse(body("complaint.wait_ended", data=absent))
        error = refused(written(data=absent))
        assert (error.reason, error.field) == ("`data.evidence` is missing", "data.evidence")


def test_data_is_an_object() -> None:
    for data, what in (([], "a list: []"), ("x", 'text: "x"'), (5, "a whole number: 5"), (True, "true or false: true")):
        error = refused(written(data=data))
        assert (error.reason, error.field) == (f"`data` has to be an object, not {what}", "data")


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON; charset=utf-8", "application/vnd.desk+json", "application/json ;x=1", None],
)
def test_data_is_json_by_any_of_its_names(kind: str | None) -> None:
    assert parse(written(datacontenttype=kind)) == parse(written())


@pytest.mark.parametrize(
    "kind", ["", "json", "text/plain", "application/jsonp", "application/json-seq", "application/xml"]
)
def test_data_of_another_kind_is_refused(kind: str) -> None:
    error = refused(written(datacontenttype=kind))
    assert error.reason == f'`datacontenttype` has to be JSON, such as application/json: "{kind}"'
    assert (error.field, error.value) == ("datacontenttype", kind)


def in_base64(data: bytes) -> bytes:
    return written(data_base64=base64.b64encode(data).decode(), data=...)


def test_data_may_come_in_base64() -> None:
    for data in (b'{"evidence": "customer"}', b'\xef\xbb\xbf {"evidence": "customer"}\n'):
        assert parse(in_base64(data)) == parse(written())
    fine = parse(in_base64(b'{"evidence": "customer", "since": "2026-03-01T11:00:00.1234567Z"}'))
    assert isinstance(fine.data, ServiceDown)
    assert fine.data.since == datetime(2026, 3, 1, 11, 0, 0, 123456, UTC)
    assert parse(written(data_base64=None)) == parse(written())


def test_data_in_base64_is_checked_as_any_other() -> None:
    assert refused(in_base64(b"{}")).reason == "`data.evidence` is missing"
    assert refused(in_base64(b"null")).reason == "`data.evidence` is missing"
    assert refused(in_base64(b"")).reason == "`data` is not JSON: it ends too early"
    assert refused(in_base64(b"\xff")).reason == "`data_base64` is not JSON: not UTF-8"
    assert refused(in_base64(b"[" * 1_000)).reason == "`data_base64` is nested more than 256 deep"
    for bad in ("!", "e30", "e30=\n", "é", "e30=e30="):
        error = refused(written(data_base64=bad, data=...))
        assert error.reason.startswith("`data_base64` is not base64: ")
        assert (error.field, error.value) == ("data_base64", bad)
    assert refused(written(data_base64="e30=")).reason == "there can be `data` or `data_base64`, not both"


# ------------------------------------------------------------------ parts


def test_a_fact_made_of_parts_is_checked_as_one_that_arrived() -> None:
    noon = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    fact = make("/desk", "1", "service.down", "register-3", noon, ServiceDown(evidence="customer", since=noon))
    assert fact == parse(body("service.down", DOWN | {"since": TIME}))
    with pytest.raises(MalformedError, match="lies after the fact's time"):
        make(
            "/desk", "1", "service.down", "s", noon, ServiceDown(evidence="customer", since=noon + timedelta(seconds=1))
        )
    with pytest.raises(MalformedError, match="is no id of a service"):
        make("/desk", "1", "service.down", "a b", noon, ServiceDown(evidence="customer"))


def test_an_error_is_of_the_one_root_and_trying_again_does_not_help() -> None:
    error = refused(b"")
    assert isinstance(error, StilldownError)
    assert not error.retriable
