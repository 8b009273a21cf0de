"""What is published says what the code does: schemas accept what is understood, and refuse what is not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from contracts.decisions import DECISIONS
from contracts.envelope import parse
from contracts.errors import MalformedError
from contracts.facts import FACTS
from contracts.kafka import BATCH
from contracts.personal import PERSONAL_SUBJECTS, personal_fields
from contracts.publish import SCHEMAS, documents, main

from . import examples
from .decided import TYPES, recorded
from .examples import TABLE, event, full, minimal, names
from .test_envelope_bytes import json_values

FILES = {name: json.loads(text) for name, text in documents().items()}


def _pattern(_: Validator, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    """Patterns as ECMA-262 and all other validators read them: `$` is the end, not also before a last newline."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def validator(file: str) -> Validator:
    strict: type[Validator] = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    return strict(FILES[file])


def fits(type_: str, fact: dict[str, Any]) -> bool:
    return validator(f"facts/{type_}.json").is_valid(fact)


# ------------------------------------------------------------------ the files


def test_there_is_a_schema_for_each_type_of_fact_and_decision() -> None:
    schemas = {f"facts/{name}.json" for name in FACTS} | {f"decisions/{name}.json" for name in DECISIONS}
    assert FILES.keys() == schemas | {"asyncapi.json", "recorded.json"}


@pytest.mark.parametrize("file", [name for name in FILES if name != "asyncapi.json"])
def test_a_schema_is_one_of_2020_12_and_complete_in_its_file(file: str) -> None:
    Draft202012Validator.check_schema(FILES[file])
    assert FILES[file]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert FILES[file]["title"] == file.partition("/")[2].removesuffix(".json") or file == "recorded.json"
    for reference in references(FILES[file]):
        assert reference.removeprefix("#/$defs/") in FILES[file]["$defs"]


def test_patterns_are_read_alike_in_every_language() -> None:
    for text in documents().values():
        assert b"(?!" not in text
        assert b"(?=" not in text


def test_descriptions_are_flush() -> None:
    for text in documents().values():
        assert b"\\n " not in text


def test_the_published_files_are_those_of_the_code() -> None:
    assert main(["--check"]) == 0
    assert {path.relative_to(SCHEMAS).as_posix() for path in SCHEMAS.rglob("*.json")} == FILES.keys()


def test_the_same_code_gives_the_same_bytes() -> None:
    code = "import hashlib; from contracts.publish import documents; print(sorted(documents().items()))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{sorted(documents().items())}\n".encode()}


def test_files_are_sorted_and_end_with_a_newline() -> None:
    for text in documents().values():
        assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def test_publishing_writes_what_differs_and_takes_away_what_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(FILES)
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""

    changed, missing, gone = (tmp_path / "facts" / f"{name}.json" for name in ("service.up", "service.down", "old"))
    changed.write_bytes(changed.read_bytes().replace(b"\n", b"\r\n"))
    missing.unlink()
    gone.touch()
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(gone), str(missing), str(changed)]
    assert said.err == "not what the code says: run python -m contracts.publish\n"
    assert gone.exists()
    assert not missing.exists()

    assert main([], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [str(gone), str(missing), str(changed)]
    assert main(["--check"], tmp_path) == 0
    assert not gone.exists()


def test_checking_where_nothing_was_published_lists_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], tmp_path / "none") == 1
    assert len(capsys.readouterr().out.splitlines()) == len(FILES)
    assert not (tmp_path / "none").exists()


# ------------------------------------------------------------------ facts


@pytest.mark.parametrize("type_", TABLE)
def test_a_schema_accepts_what_is_understood(type_: str) -> None:
    attributes: list[dict[str, object]] = [
        {},
        {"datacontenttype": "application/json; charset=utf-8"},
        {"datacontenttype": None, "data_base64": None},
        {"datacontenttype": "Application/Vnd.Desk+JSON"},
        {"traceparent": "00", "position": 5},
        {"time": "2026-03-01t12:00:00.123456789+05:45"},
        {"data": ..., "data_base64": "e30="},
    ]
    for more in attributes:
        validator(f"facts/{type_}.json").validate(event(type_, full(type_), **more))
        validator(f"facts/{type_}.json").validate(event(type_, minimal(type_), **more))
    for name in names(type_):
        if name not in names(type_, required=True):
            assert fits(type_, event(type_, full(type_) | {name: None, "unknown": [{}]}))


@pytest.mark.parametrize("type_", TABLE)
def test_a_schema_refuses_what_is_not_understood(type_: str) -> None:
    for wrong in examples.all_wrong(type_):
        made = event(type_, wrong.data)
        assert fits(type_, made) == (not wrong.schema), wrong
    for name in ("specversion", "id", "source", "type", "subject", "time"):
        for bad in (..., None, 5, "", "a\n", "\x00"):
            assert not fits(type_, event(type_, **{name: bad})), (name, bad)
    attributes: list[dict[str, object]] = [
        {"specversion": "0.3"},
        {"type": "service.imagined"},
        {"id": "x" * 1025},
        {"source": "x" * 1025},
        {"subject": "x" * 257},
        {"time": "2026-03-01T12:00:00"},
        {"datacontenttype": "text/plain"},
        {"datacontenttype": "application/json-seq"},
        {"data": []},
        {"data_base64": "e30="},
    ]
    for more in attributes:
        made = event(type_, **more)
        assert not fits(type_, made), more
        with pytest.raises(MalformedError):
            parse(json.dumps(made).encode())


def test_a_schema_asks_for_data_where_a_field_is_required() -> None:
    for type_ in TABLE:
        nothing: list[object] = [..., None, {}]
        for absent in nothing:
            assert fits(type_, event(type_, data=absent)) == (type_ == "complaint.wait_ended")


def test_a_schema_knows_what_one_field_asks_of_another() -> None:
    nobody: list[dict[str, object]] = [{}, {"by": "a"}, {"to": None, "team": None}]
    for data in nobody:
        assert not fits("complaint.assigned", event("complaint.assigned", data))
    least = {"fact": {"source": "a", "id": "b"}, "by": "a", "why": ""}
    nothing: list[dict[str, object]] = [{}, {"void": False}, {"void": None}, {"data": None}, {"time": None}]
    for data in nothing:
        assert not fits("fact.corrected", event("fact.corrected", least | data))
    something: list[dict[str, object]] = [{"void": True}, {"data": {}}, {"time": examples.TIME}]
    for data in something:
        assert fits("fact.corrected", event("fact.corrected", least | data))


@given(st.data())
def test_whatever_is_understood_fits_its_schema(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(list(TABLE)))
    made = event(type_, full(type_))
    for name in data.draw(st.lists(st.sampled_from([*made, "datacontenttype", "unknown"]), max_size=1)):
        made[name] = data.draw(json_values)
    if isinstance(made["data"], dict):
        for name in data.draw(st.lists(st.sampled_from([*names(type_), "unknown"]), max_size=2)):
            made["data"] = made["data"] | {name: data.draw(json_values)}
    try:
        parse(json.dumps(made).encode())
    except MalformedError:
        return
    validator(f"facts/{type_}.json").validate(made)


# ------------------------------------------------------------------ decisions and recorded facts


@pytest.mark.parametrize("type_", TYPES)
def test_a_schema_accepts_a_decision_as_it_is_sent(type_: str) -> None:
    for all_of_it in (False, True):
        made = recorded(type_, full=all_of_it)
        validator(f"decisions/{type_}.json").validate(made)
        sent = msgspec.json.encode(msgspec.convert(made["data"], DECISIONS[type_]))
        validator(f"decisions/{type_}.json").validate(made | {"data": json.loads(sent)})


@pytest.mark.parametrize("type_", TYPES)
def test_a_schema_refuses_a_decision_with_anything_missing(type_: str) -> None:
    made = recorded(type_, full=True)
    least = recorded(type_, full=False)
    for name in (*made["data"].keys() & least["data"].keys(),):
        without = {other: value for other, value in made["data"].items() if other != name}
        assert not validator(f"decisions/{type_}.json").is_valid(made | {"data": without})
    for name in made.keys() - {"datacontenttype"}:
        without = {other: value for other, value in made.items() if other != name}
        assert not validator(f"decisions/{type_}.json").is_valid(without)
    for wrong in ({"kind": "fact"}, {"position": 0}, {"version": "1"}, {"recordedat": "now"}, {"type": "service.up"}):
        assert not validator(f"decisions/{type_}.json").is_valid(made | wrong)


def test_a_recorded_fact_says_its_place_and_when_it_was_recorded() -> None:
    fact = event("service.down", {"evidence": "customer"})
    place = {"position": 1, "version": 1, "kind": "fact", "recordedat": examples.TIME}
    assert validator("recorded.json").is_valid(fact | place)
    assert fits("service.down", fact | place)
    for name in place:
        assert not validator("recorded.json").is_valid(fact | {k: v for k, v in place.items() if k != name})
    assert not validator("recorded.json").is_valid(fact | place | {"kind": "decision"})


# ------------------------------------------------------------------ personal data


def personal(schema: Any, whole: Any, path: str = "") -> dict[str, str]:
    """What a schema declares as personal, by its path, those in rows as `rows[].field`."""
    found: dict[str, str] = {}
    if "$ref" in schema:
        found |= personal(whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], whole, path)
    if "x-personal" in schema:
        found[path] = schema["x-personal"]
    for part in schema.get("anyOf", []):
        found |= personal(part, whole, path)
    for name, part in schema.get("properties", {}).items():
        found |= personal(part, whole, f"{path}.{name}".removeprefix("."))
    if isinstance(schema.get("items"), dict):
        found |= personal(schema["items"], whole, f"{path}[]")
    return found


@pytest.mark.parametrize("type_", [*TABLE, *TYPES])
def test_a_schema_says_what_is_personal(type_: str) -> None:
    file = FILES[f"{'facts' if type_ in TABLE else 'decisions'}/{type_}.json"]
    declared = {f"data.{name}": whose for name, whose in personal_fields(type_).items()}
    subject = {"subject": PERSONAL_SUBJECTS[type_]} if type_ in PERSONAL_SUBJECTS else {}
    assert personal(file, file) == declared | subject


# ------------------------------------------------------------------ topics


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


ASYNCAPI = FILES["asyncapi.json"]


def found(reference: str) -> Any:
    """What a reference of the AsyncAPI document leads to."""
    file, _, pointer = reference.partition("#")
    here: Any = FILES[file] if file else ASYNCAPI
    for part in pointer.split("/")[1:]:
        here = here[part]
    return here


def test_every_reference_leads_somewhere() -> None:
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    for reference in references(ASYNCAPI):
        assert found(reference)


def test_the_topics_are_those_of_the_interfaces() -> None:
    channels = ASYNCAPI["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == {
        name: name for name in ("stilldown.facts", "stilldown.events", "stilldown.dead")
    }
    assert all(channel["bindings"]["kafka"]["partitions"] == 16 for channel in channels.values())
    assert channels["stilldown.events"]["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == -1
    assert channels["stilldown.facts"]["messages"].keys() == {*FACTS, "batch", "binary"}
    assert channels["stilldown.events"]["messages"].keys() == {*DECISIONS, *(f"recorded.{name}" for name in FACTS)}
    assert channels["stilldown.dead"]["messages"].keys() == {"dead"}
    assert {operation["action"] for operation in ASYNCAPI["operations"].values()} == {"receive", "send"}


def test_every_message_says_what_kind_of_content_it_is() -> None:
    other = {"batch": BATCH, "binary": "application/json", "dead": "application/octet-stream"}
    for name, message in ASYNCAPI["components"]["messages"].items():
        assert message["contentType"] == other.get(name, "application/cloudevents+json")
        assert message["summary"]
        assert message["payload"]["schemaFormat"] == "application/schema+json;version=2020-12"


def test_every_message_is_that_of_its_schema() -> None:
    messages = ASYNCAPI["components"]["messages"]
    for name in FACTS:
        assert messages[name]["payload"]["schema"] == {"$ref": f"facts/{name}.json"}
        parts = messages[f"recorded.{name}"]["payload"]["schema"]["allOf"]
        assert parts == [{"$ref": f"facts/{name}.json"}, {"$ref": "recorded.json"}]
    for name in DECISIONS:
        assert messages[name]["payload"]["schema"] == {"$ref": f"decisions/{name}.json"}
        assert messages[name]["bindings"]["kafka"]["key"]["type"] == "string"


def test_a_dead_letter_has_its_reason_in_a_header() -> None:
    headers = ASYNCAPI["components"]["messages"]["dead"]["headers"]
    assert headers["required"] == ["reason"]
    assert headers["properties"].keys() == {"reason", "field"}
