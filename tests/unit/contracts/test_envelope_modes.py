"""Batches and binary mode say the same as structured mode (interfaces.md §2)."""

from __future__ import annotations

import json

import pytest

from contracts.envelope import Fact, parse, parse_batch, structured
from contracts.errors import MalformedError

from .examples import TIME, full, refused, written

HEADERS = {
    "ce_specversion": "1.0",
    "ce_id": "1",
    "ce_source": "/desk",
    "ce_type": "service.down",
    "ce_subject": "register-3",
    "ce_time": TIME,
    "content-type": "application/json",
}
DATA = b'{"evidence":"customer"}'


def binary(headers: dict[str, str], data: bytes = DATA) -> Fact:
    return parse(structured(headers, data))


def not_structured(headers: dict[str, str], data: bytes = DATA) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        structured(headers, data)
    return caught.value


# ------------------------------------------------------------------ batches


def test_a_batch_is_taken_apart_and_one_bad_fact_costs_no_other() -> None:
    members = [written(id="1"), b'{"bad":  1}', written(id="3"), b"null", b"[]", b'"x"']
    assert parse_batch(b"[" + b" , ".join(members) + b"]") == members
    assert parse_batch(b" [] ") == []


@pytest.mark.parametrize("raw", [b"{}", b"null", b'"x"', b"1"], ids=repr)
def test_a_batch_is_a_list(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="a batch has to be a JSON array of facts"):
        parse_batch(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"[", b"[1,]", b"[1] 2", b"[" * 100_000], ids=["none", "open", "comma", "two", "deep"]
)
def test_a_batch_is_json(raw: bytes) -> None:
    with pytest.raises(MalformedError, match="not JSON"):
        parse_batch(raw)


# ------------------------------------------------------------------ binary mode


def test_binary_mode_says_the_same_as_structured_mode() -> None:
    same = parse(written())
    assert binary(HEADERS) == same
    assert binary({name.replace("_", "-"): value for name, value in HEADERS.items()}) == same
    assert binary({name.upper(): value for name, value in HEADERS.items()}) == same
    assert binary({name: value for name, value in HEADERS.items() if name != "content-type"}) == same
    assert binary(HEADERS, b"\xef\xbb\xbf \n" + DATA + b"\n") == same


def test_headers_that_name_no_attribute_are_ignored() -> None:
    odd = {
        "": "x",
        "ce_": "x",
        "ce-": "x",
        "ce": "x",
        "cex": "x",
        "x-ce-id": "2",
        "ce_data": "{}",
        "CE-Data": "{}",
        "ce_data_base64": "e30=",
        "ce_étrange": "x",
        "ce_a b": "x",
        "ce_unknown": "x",
        "authorization": "Bearer",
        "ce_datacontenttype": "text/plain",
    }
    assert binary(HEADERS | odd) == parse(written())


def test_headers_that_contradict_each_other_are_refused() -> None:
    error = not_structured(HEADERS | {"ce-id": "2"})
    assert (error.reason, error.field, error.value) == ('`id` is given twice: "2"', "id", "2")
    assert binary(HEADERS | {"CE-ID": "1"}) == parse(written())


def test_http_headers_are_percent_encoded_and_kafkas_are_not() -> None:
    def subject(prefix: str, value: str) -> str:
        headers = {name: value for name, value in HEADERS.items() if name != "ce_subject"}
        absent = {"ce_type": "person.absent", f"ce{prefix}subject": value}
        return binary(headers | absent, json.dumps(full("person.absent")).encode()).subject

    assert subject("-", "%C5%81ukasz%20%F0%9F%98%80") == "Łukasz 😀"
    assert subject("-", '"ann%20lee"') == "ann lee"
    assert subject("-", r'"a\"b\\c"') == r'a"b\c'
    assert subject("-", "50%25") == "50%"
    assert subject("-", "50%") == "50%"
    assert subject("_", "50%25") == "50%25"
    assert subject("_", "Łukasz 😀") == "Łukasz 😀"
    assert subject("_", '"ann"') == '"ann"'
    error = not_structured({"ce-id": "%FF"})
    assert (error.reason, error.field) == ('`id` is not UTF-8, percent-encoded: "%FF"', "id")


def test_a_missing_header_is_named() -> None:
    for name in ("specversion", "id", "source", "type", "subject", "time"):
        headers = {header: value for header, value in HEADERS.items() if header != f"ce_{name}"}
        error = refused(structured(headers, DATA))
        assert (error.reason, error.field) == (f"`{name}` is missing", name)
    assert refused(structured({}, b"")).field == "specversion"


def test_a_body_of_another_kind_is_refused() -> None:
    for header in ("content-type", "ce_datacontenttype"):
        headers = {name: value for name, value in HEADERS.items() if name != "content-type"}
        assert not_structured(headers | {header: "text/xml"}, b"<x/>").field == "datacontenttype"
    for data in (b"<x/>", b"\xff", b'{"a":}', b"{} {}"):
        error = not_structured(HEADERS, data)
        assert error.field == "data"
        assert error.reason.startswith("`data` is not JSON: ")
    assert not_structured(HEADERS, b"[" * 1_000).reason == "`data` is nested more than 256 deep"


def test_a_body_may_be_empty_only_where_nothing_is_required() -> None:
    for data in (b"", b" \n"):
        assert binary(HEADERS | {"ce_type": "complaint.wait_ended", "ce_subject": "C-1"}, data).subject == "C-1"
        assert refused(structured(HEADERS, data)).field == "data.evidence"


def test_headers_that_are_no_text_are_refused() -> None:
    assert not_structured(HEADERS | {"ce_id": "\udcff"}).reason == "a header is not UTF-8"
