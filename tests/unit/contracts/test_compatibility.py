"""What others lean on stays: each kind of change of the contracts, made to the schemas of today."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.compatibility import breaks, read
from contracts.publish import PUBLISHED, documents, main
from contracts.shapes import shapes
from contracts.topics import VERSION

DOWN = "facts/service.down.json"
STARTED = "decisions/clock.started.json"
HEARD = "decisions/service.heard.json"
TOPICS = "asyncapi.json"
TODAY = documents()
SHAPES = shapes(TODAY)
Files = dict[str, Any]
Change = Callable[[Files], object]


def data(files: Files, file: str, struct: str) -> Any:
    return files[file]["$defs"][struct]


def down(files: Files) -> Any:
    return data(files, DOWN, "ServiceDown")


def row(files: Files) -> Any:
    return data(files, STARTED, "ClockRow")


def found(change: Change) -> list[str]:
    """What a change breaks, as it is said."""
    files = {name: json.loads(text) for name, text in TODAY.items()}
    change(files)
    after = {name: json.dumps(document).encode() for name, document in files.items()}
    assert after.keys() != TODAY.keys() or any(files[name] != json.loads(TODAY[name]) for name in files)
    return [str(one) for one in breaks(SHAPES, shapes(after))]


BROKEN: list[tuple[str, Change, str]] = [
    ("a message that is gone", lambda f: f.pop(DOWN), f"{DOWN}: the message is gone; keep it"),
    ("a field that is gone", lambda f: down(f)["properties"].pop("since"), f"{DOWN}: data.since is gone; keep it"),
    ("a row's field that is gone", lambda f: row(f)["properties"].pop("due_at"), f"{STARTED}: data.row.due_at is gone"),
    (
        "another type",
        lambda f: row(f)["properties"].update(cycle={"type": "string"}),
        f"{STARTED}: data.row.cycle was integer, and is string; keep it as it was",
    ),
    (
        "a type more",
        lambda f: down(f)["properties"].update(evidence={"type": ["string", "integer"]}),
        f"{DOWN}: data.evidence was string, and is integer or string",
    ),
    (
        "null in a decision",
        lambda f: row(f)["properties"].update(clock={"type": ["string", "null"]}),
        f"{STARTED}: data.row.clock was string, and is null or string",
    ),
    (
        "a new field that a fact has to have",
        lambda f: (down(f)["properties"].update(cell={"type": "string"}), down(f)["required"].append("cell")),
        f"{DOWN}: data.cell is new and required; make it optional",
    ),
    (
        "a new field that a decision of before has not",
        lambda f: (row(f)["properties"].update(cell={"type": "string"}), row(f)["required"].append("cell")),
        f"{STARTED}: data.row.cell is new and required",
    ),
    (
        "a new field that a word of several has to have",
        lambda f: (
            data(f, HEARD, "Said")["properties"].update(cell={"type": "string"}),
            data(f, HEARD, "Said")["required"].append("cell"),
        ),
        f"{HEARD}: data.items[](said).cell is new and required",
    ),
    ("a field that has to be there now", lambda f: down(f)["required"].append("since"), "data.since is required now"),
    ("a field of a decision that may be missing", lambda f: row(f)["required"].remove("clock"), "may be missing now"),
    (
        "a word that a fact may no longer say",
        lambda f: down(f)["properties"]["evidence"]["enum"].remove("customer"),
        f"{DOWN}: data.evidence no longer takes customer; keep it as it was",
    ),
    (
        "a word that no reader of decisions knows",
        lambda f: row(f)["properties"]["state"]["enum"].append("frozen"),
        f"{STARTED}: data.row.state may be frozen now, which no reader knows",
    ),
    (
        "words where there was any text",
        lambda f: row(f)["properties"].update(clock={"enum": ["restore"]}),
        f"{STARTED}: data.row.clock takes only restore now",
    ),
    (
        "any text where there were words",
        lambda f: row(f)["properties"].update(state={"type": "string"}),
        f"{STARTED}: data.row.state may be anything now",
    ),
    (
        "a shorter text",
        lambda f: f[DOWN]["properties"]["id"].update(maxLength=10),
        f"{DOWN}: id has another `maxLength` (1024, now 10)",
    ),
    (
        "another pattern",
        lambda f: f[DOWN]["properties"]["subject"].update(pattern="^[a-z]+$"),
        f"{DOWN}: subject has another `pattern`",
    ),
    (
        "another default",
        lambda f: data(f, HEARD, "Left")["properties"]["closed"].update(default=False),
        f"{HEARD}: data.items[](left).closed has another `default` (true, now false)",
    ),
    (
        "what one field asks of another",
        lambda f: f[STARTED].pop("dependentRequired"),
        f"{STARTED}: the message has another `dependentRequired`",
    ),
    (
        "a message that a topic has no more",
        lambda f: f[TOPICS]["channels"]["stilldown.events"]["messages"].pop("clock.started"),
        f"{TOPICS}#stilldown.events: clock.started is gone",
    ),
    (
        "a topic that is gone",
        lambda f: f[TOPICS]["channels"].pop("stilldown.dead"),
        f"{TOPICS}#stilldown.dead: the message is gone",
    ),
    (
        "another number of partitions",
        lambda f: f[TOPICS]["channels"]["stilldown.events"]["bindings"]["kafka"].update(partitions=32),
        f"{TOPICS}#stilldown.events: the message has another `partitions` (16, now 32)",
    ),
    (
        "a header that is gone",
        lambda f: f[TOPICS]["components"]["messages"]["dead"]["headers"]["properties"].pop("field"),
        f"{TOPICS}#stilldown.dead: dead.field is gone",
    ),
]  # fmt: skip

HARMLESS: list[tuple[str, Change]] = [
    ("a new optional field of a fact", lambda f: down(f)["properties"].update(cell={"type": "string"})),
    ("a new optional field of a decision", lambda f: row(f)["properties"].update(cell={"type": "string"})),
    (
        "a new optional object with fields that it has to have",
        lambda f: down(f)["properties"].update(
            cell={"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
        ),
    ),
    ("a new type of fact", lambda f: f.update({"facts/service.moved.json": f[DOWN]})),
    ("a new type of decision", lambda f: f.update({"decisions/clock.moved.json": f[STARTED]})),
    (
        "a new message of a topic",
        lambda f: (
            f[TOPICS]["channels"]["stilldown.events"]["messages"].update(
                {"clock.moved": {"$ref": "#/components/messages/clock.started"}}
            )
            or f[TOPICS]["components"]["messages"].update(
                {"clock.moved": f[TOPICS]["components"]["messages"]["clock.started"]}
            )
        ),
    ),
    ("a new word of a fact", lambda f: down(f)["properties"]["evidence"]["enum"].append("camera")),
    ("a field of a fact that may be missing now", lambda f: down(f)["required"].remove("evidence")),
    ("a longer text", lambda f: f[DOWN]["properties"]["id"].update(maxLength=2048)),
    (
        "larger facts",
        lambda f: f[TOPICS]["channels"]["stilldown.facts"]["bindings"]["kafka"]["topicConfiguration"].update(
            {"max.message.bytes": 4 * 1_048_576}
        ),
    ),
    ("other words for people", lambda f: row(f).update(description="Another.", title="Other")),
]


@pytest.mark.parametrize("change,said", [pytest.param(change, said, id=name) for name, change, said in BROKEN])
def test_what_others_lean_on_is_not_taken_away(change: Change, said: str) -> None:
    (broken,) = found(change)
    assert said in broken


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in HARMLESS])
def test_what_is_only_added_breaks_nobody(change: Change) -> None:
    assert found(change) == []


def test_todays_contracts_break_nothing_that_was_published() -> None:
    last = read(PUBLISHED.read_bytes())
    assert list(breaks(last.messages, SHAPES)) == []
    assert last.messages.keys() >= {DOWN, STARTED, "recorded.json", "asyncapi.json#stilldown.events"}


def test_every_field_of_every_message_is_compared() -> None:
    """A message whose every field is renamed has lost every one of them."""
    for file, fields in SHAPES.items():
        top = {path for path in fields if path and not set(path) & set(".[]{}()")}
        if not file.startswith("asyncapi"):
            lost = {one.field for one in breaks({file: fields}, {file: {"": fields[""]}})}
            assert lost == top, file


# ------------------------------------------------------------------ the command


def test_a_version_is_published_checked_and_not_broken_by_accident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schemas, published = tmp_path / "schemas", tmp_path / "published.json"
    assert main([], schemas, published) == 0
    assert main(["--check"], schemas, published) == 1
    assert "nothing was published yet: run python -m contracts.publish --release" in capsys.readouterr().err
    assert main(["--release"], schemas, published) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(published)
    assert main(["--check"], schemas, published) == 0
    assert main(["--release"], schemas, published) == 0
    assert capsys.readouterr() == ("", "")
    assert read(published.read_bytes()).version == VERSION

    today = published.read_bytes()
    before = today.replace(b'"data.evidence"', b'"data.word"')
    published.write_bytes(before)
    assert main(["--check"], schemas, published) == 1
    said = capsys.readouterr().err.splitlines()
    assert f"{DOWN}: data.word is gone; keep it, even if it is always empty from now on" in said
    assert f"{DOWN}: data.evidence is new and required; make it optional: what was sent before has none" in said
    assert said[-1] == f"others lean on what {VERSION} published (docs/decisions/0014)"
    assert main(["--release"], schemas, published) == 1
    assert published.read_bytes() == before
    assert main(["--release", "--breaking"], schemas, published) == 0
    assert published.read_bytes() == today


def test_breaking_is_said_only_when_a_version_is_published(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--breaking"], tmp_path, tmp_path / "published.json")
