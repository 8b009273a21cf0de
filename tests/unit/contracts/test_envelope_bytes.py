"""Whatever the bytes, they are understood or malformed, and nothing else happens (domain.md §3)."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.decoding import DEEPEST
from contracts.envelope import MAX_BYTES, Fact, glance, parse, parse_batch, structured
from contracts.errors import MalformedError
from contracts.moments import micros, rfc3339

from .examples import TABLE, TIME, body, event, full, is_moment, minimal, names, refused, written
from .test_envelope_modes import DATA, HEADERS


@pytest.mark.parametrize(
    "raw, why",
    [
        (b"", "not JSON: it ends too early"),
        (b"  ", "not JSON: it ends too early"),
        (b"{", "not JSON: it ends too early"),
        (b"x", "not JSON: invalid character (byte 0)"),
        (b"{'a': 1}", "not JSON: object keys must be strings (byte 1)"),
        (b'{"a": NaN}', "not JSON: invalid character (byte 6)"),
        (b'{"a": -Infinity}', "not JSON: invalid character (byte 7)"),
        (b'{"a": 01}', "not JSON: invalid number (byte 7)"),
        (b'{"a": 1,}', "not JSON: trailing comma in object (byte 8)"),
        (b'{"a": "\x01"}', "not JSON: invalid character (byte 7)"),
        ("{}".encode("utf-16"), "not JSON: not UTF-8"),
        (b"\xff", "not JSON: not UTF-8"),
        (b"[]", "a fact has to be an object, not a list: []"),
        (b"null", "a fact has to be an object, not null"),
        (b'"x"', 'a fact has to be an object, not text: "x"'),
        (b"{}", "`specversion` is missing"),
    ],
    ids=repr,
)
def test_what_is_no_json_is_refused_with_the_place(raw: bytes, why: str) -> None:
    assert refused(raw).reason == why


@pytest.mark.parametrize("rest", [b"x", b"\x00", b"{}", b"\n{}", b","], ids=repr)
def test_nothing_comes_after_a_fact(rest: bytes) -> None:
    assert refused(written() + rest).reason.startswith("not JSON: trailing characters (byte ")
    assert parse(b" \t\r\n" + written() + b" \t\r\n") == parse(written())


@pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"Z\xfcrich"], ids=repr)
def test_what_is_not_utf_8_is_refused_wherever_it_stands(raw: bytes) -> None:
    for text in (b"customer", b"register-3", b"/desk", b"ignored"):
        bad = written(unknown="ignored").replace(text, raw)
        assert refused(bad).reason == "not JSON: not UTF-8"


def test_half_a_surrogate_is_no_character() -> None:
    for half in (rb"\ud800", rb"\udc00", rb"\ud800x", rb"\udc00\ud800"):
        error = refused(body("complaint.acknowledged", {"by": "HALF"}).replace(b"HALF", half))
        assert error.reason.startswith(("not JSON: ", "`data` is not JSON: "))
    whole = parse(body("complaint.acknowledged", {"by": "HALF"}).replace(b"HALF", rb"\ud83d\ude00"))
    assert whole == parse(body("complaint.acknowledged", {"by": "😀"}))


def test_a_byte_order_mark_is_taken_as_it_comes() -> None:
    assert parse(b"\xef\xbb\xbf" + written()) == parse(written())
    assert glance(b"\xef\xbb\xbf" + written()) == glance(written())
    assert parse_batch(b"\xef\xbb\xbf[1]") == [b"1"]


def test_of_a_key_given_twice_the_last_counts() -> None:
    raw = written().replace(b'"subject":', b'"subject": "x y", "subject":')
    assert parse(raw) == parse(written())
    assert glance(raw) == glance(written())
    late = b', "time": "2026-03-01T12:00:00.1234567Z", "time": "2026-03-01T12:00:00.7654321Z"}'
    assert parse(written(time=...)[:-1] + late) == parse(written(time="2026-03-01T12:00:00.765432Z"))


def test_a_fact_has_a_largest_size() -> None:
    padding = MAX_BYTES - len(written(pad=""))
    assert parse(written(pad="x" * padding)) == parse(written())
    assert refused(written(pad="x" * (padding + 1))).reason == "larger than 1048576 bytes: 1048577"
    huge = b'{"id": "1", "x": "' + b"x" * 10_000_000 + b'"}'
    assert refused(huge).reason == f"larger than 1048576 bytes: {len(huge)}"
    assert glance(huge) == (None, None, None, None)


def nested(deep: int, where: str) -> bytes:
    data: dict[str, Any] = {"fact": {"source": "a", "id": "b"}, "by": "x", "why": "y", "data": {}}
    brackets = b"[" * deep + b"]" * deep if where != "objects" else b'{"data":' * deep + b"1" + b"}" * deep
    if where == "unknown":
        data["z"] = "HERE"
    else:
        data["data"] = {"data": "HERE"} if where == "objects" else {"overrides": "HERE"}
    return body("fact.corrected", data).replace(b'"HERE"', brackets)


@pytest.mark.parametrize("where", ["correction", "objects", "unknown"])
def test_what_nests_to_a_limit_is_understood_at_any_depth_of_the_stack(where: str) -> None:
    deepest = DEEPEST - {"unknown": 2, "correction": 3, "objects": 3}[where]
    fact = parse(nested(deepest, where))
    assert parse(nested(deepest, where)).digest() == fact.digest()

    def deeper(frames: int) -> Fact:
        return deeper(frames - 1) if frames else parse(nested(deepest, where))

    assert deeper(sys.getrecursionlimit() // 3).digest() == fact.digest()
    for deep in (deepest + 1, 500, 990, 1_000, 5_000, 100_000):
        assert refused(nested(deep, where)).reason == "a fact is nested more than 256 deep"


def test_brackets_in_a_text_nest_nothing() -> None:
    for text in ("[" * 10_000, '["{' * 3_000, "\\" * 999 + "[{" * 1_000, '\\"' * 500 + "[" * 500):
        parse(body("resolution.proposed", {"by": "x", "summary": text}))


def test_numbers_of_any_size_are_ignored_where_nobody_asked_for_them() -> None:
    for number in (b"1e999", b"-1e999", b"9" * 5_000, b"0." + b"1" * 10_000):
        assert parse(written(unknown="N").replace(b'"N"', number)) == parse(written())
        error = refused(written(id="N").replace(b'"N"', number))
        assert error.field == "id"
        assert len(error.reason) < 300


def test_of_a_bad_fact_is_shown_what_can_be_read() -> None:
    assert glance(written()) == ("/desk", "1", "service.down", "register-3")
    assert glance(b'{"id": 5, "source": "x", "type": null}') == ("x", None, None, None)
    assert glance(b'{"id": "' + b"x" * 5_000 + b'"}') == (None, "x" * 1024, None, None)
    for raw in (b"", b"[]", b"null", b"\xff", b"[" * 100_000, b"9" * 5_000, b'{"id": 1e999}'):
        assert glance(raw) == (None, None, None, None)


# ------------------------------------------------------------------ anything at all

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**15, 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from([TIME, "2016-12-31T23:59:60Z", "2026-03-01T12:00:00.1234567+01:00", "C-17", "customer", "1\n"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
almost_moments = st.from_regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-2][0-9]:?[0-6][0-9])?",
    fullmatch=True,
)


def outcome(raw: bytes) -> Fact | MalformedError:
    try:
        return parse(raw)
    except MalformedError as error:
        return error


def check(raw: bytes) -> None:
    """What is understood is the same when it is read again; what is not has a reason that can be shown."""
    found = outcome(raw)
    if isinstance(found, MalformedError):
        assert found.reason.isprintable()
        assert len(found.reason) < 1_000
        assert found.value is None or str(found.value) is not None
        return
    data = json.loads(msgspec.json.encode(found.data))
    again = event(found.type, data, subject=found.subject, source=found.source, id=found.id, time=rfc3339(found.us))
    same = parse(json.dumps(again).encode())
    assert same == found
    assert same.digest() == found.digest()
    assert found.us >= micros(datetime(1, 1, 1, tzinfo=UTC))


def never_fails(call: Callable[[], object]) -> None:
    with contextlib.suppress(MalformedError):
        call()


@given(st.binary())
@example(b"\xef\xbb\xbf")
@example(b'{"time":"2016-12-31T23:59:60Z"')
@example(b'[".1234567", ":00.1234567"]')
def test_any_bytes_are_understood_or_malformed(raw: bytes) -> None:
    check(raw)
    never_fails(lambda: parse_batch(raw))
    never_fails(lambda: structured({"ce_id": "1"}, raw))
    glance(raw)


@given(json_values)
def test_any_json_is_understood_or_malformed(value: object) -> None:
    check(json.dumps(value).encode())
    check(written(data=value))


@given(st.data())
def test_a_fact_with_anything_in_it_is_understood_or_malformed(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(list(TABLE)))
    made = event(type_, data.draw(st.sampled_from([minimal(type_), full(type_)])))
    for name in data.draw(st.lists(st.sampled_from([*made, "datacontenttype", "data_base64"]), max_size=1)):
        made[name] = data.draw(json_values)
    if isinstance(made["data"], dict):
        for name in data.draw(st.lists(st.sampled_from([*names(type_), "unknown"]), max_size=2)):
            made["data"] = made["data"] | {name: data.draw(json_values)}
    check(json.dumps(made).encode())


@given(st.data())
def test_a_fact_with_spoilt_bytes_is_understood_or_malformed(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(list(TABLE)))
    raw = body(type_, full(type_))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(raw)))
        raw = raw[:start] + data.draw(st.binary(max_size=4)) + raw[start + data.draw(st.integers(0, 4)) :]
    check(raw)


@given(almost_moments)
def test_any_text_as_a_moment_is_understood_or_malformed(time: str) -> None:
    check(written(time=time))
    for type_ in TABLE:
        for name in names(type_):
            if is_moment(type_, name):
                check(body(type_, full(type_) | {name: time}))


@given(
    st.dictionaries(st.text() | st.sampled_from([*HEADERS, "ce-id", "CE-time"]), st.text()), st.binary() | st.just(DATA)
)
def test_any_headers_are_understood_or_malformed(headers: dict[str, str], data: bytes) -> None:
    for some in (headers, HEADERS | headers):
        never_fails(lambda some=some: check(structured(some, data)))  # type: ignore[misc] # a default binds it now
