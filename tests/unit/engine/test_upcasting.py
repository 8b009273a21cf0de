"""What an older version recorded is read by today's (docs/decisions/0014)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.decisions import DECISIONS
from contracts.facts import FACTS
from engine.complaint import Complaint
from engine.service import Service
from engine.store import mapper
from engine.store.mapper import from_row, load, to_row
from engine.store.upcasting import STEPS, MissingStepError, Step, chains

DATA = Path(__file__).parents[2] / "data"
TOPICS = {**FACTS, **DECISIONS}
CLOCKS = [topic for topic in DECISIONS if topic.startswith("clock.")]
Row = tuple[str, int, str, bytes]


def recorded(file: Path) -> Iterator[tuple[str, Row]]:
    """The store, and the row of each event of a file."""
    for line in file.read_text().splitlines():
        said = json.loads(line)
        state = msgspec.json.encode(said["state"])
        yield said["store"], (said["stream"], said["version"], said["topic"], state)


FILES = sorted(DATA.glob("recorded-*.jsonl"))
ROWS = [row for file in FILES for _, row in recorded(file)]


# ------------------------------------------------------------------ what was recorded


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_every_version_recorded_is_read(file: Path) -> None:
    topics = set()
    for _, row in recorded(file):
        event = from_row(*row)
        assert (event.stream, event.version, event.type) == row[:3]
        assert from_row(*to_row(event)) == event
        topics.add(event.type)
    assert topics <= TOPICS.keys()


def test_every_type_of_event_was_kept_as_it_was_recorded() -> None:
    """A type that is new has no older version yet: it is added with the file of the release that brings it."""
    assert {topic for _, _, topic, _ in ROWS} >= TOPICS.keys()


@pytest.mark.parametrize("topic", sorted(TOPICS.keys() - STEPS.keys()))
def test_what_has_no_steps_is_stored_as_it_always_was(topic: str) -> None:
    """No schema is stored, and no field was renamed or dropped: today's bytes hold all that the old ones held."""
    for row in (row for row in ROWS if row[2] == topic):
        now = json.loads(to_row(from_row(*row))[3])
        assert "schema" not in now
        assert json.loads(row[3]) == {name: now[name] for name in json.loads(row[3])}


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_of_a_later_schema_is_refused_and_not_misread(topic: str) -> None:
    row = next(row for row in ROWS if row[2] == topic)
    later = msgspec.json.encode(json.loads(row[3]) | {"schema": 99})
    with pytest.raises(msgspec.ValidationError, match=r"Invalid enum value 99 - at `\$\.schema`|has the schema 99"):
        from_row(*row[:3], later)
    if topic in CLOCKS:
        with pytest.raises(msgspec.ValidationError, match=r"Invalid enum value 99 - at `\$\.schema`|has the schema 99"):
            load(Complaint("C"), [(1, topic, later)])


# ------------------------------------------------------------------ a field that was renamed twice


def renamed(part: str, old: str, new: str) -> Step:
    """A step: a field of the data, or of a row in it, has another name."""

    def step(state: dict[str, Any]) -> dict[str, Any]:
        data = state["data"] if not part else state["data"][part]
        data = {(new if name == old else name): value for name, value in data.items()}
        return state | {"data": data if not part else state["data"] | {part: data}}

    return step


EVIDENCE = {1: renamed("", "proof", "by_whom"), 2: renamed("", "by_whom", "evidence")}
DUE = {1: renamed("row", "due", "due_at")}
MADE_UP: dict[str, Mapping[int, Step]] = {
    "service.down": EVIDENCE,
    "service.up": EVIDENCE,
    **dict.fromkeys(CLOCKS, DUE),
}
BACK = {
    "service.down": renamed("", "evidence", "proof"),
    "service.up": renamed("", "evidence", "proof"),
    **dict.fromkeys(CLOCKS, renamed("row", "due_at", "due")),
}


def older(row: Row) -> Row:
    """An event as a version would have recorded it that had other names."""
    stream, version, topic, state = row
    return (stream, version, topic, msgspec.json.encode(BACK[topic](json.loads(state))) if topic in BACK else state)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's code, as if these topics had been changed."""
    for topic, chain in chains(TOPICS, MADE_UP).items():
        coding = mapper._coding(topic, TOPICS[topic], chain)
        monkeypatch.setitem(mapper._STATES, topic, coding.state)
        monkeypatch.setitem(mapper._DECODERS, topic, coding.decode)
        if coding.of_a_clock is not None:
            monkeypatch.setitem(mapper._CLOCKS, topic, coding.of_a_clock)


EVENTS = [from_row(*row) for row in ROWS]


def test_without_its_steps_what_was_renamed_cannot_be_read() -> None:
    for row in (row for row in ROWS if row[2] in ("service.down", "service.up")):
        with pytest.raises(msgspec.ValidationError, match="evidence"):
            from_row(*older(row))


@pytest.mark.usefixtures("steps")
def test_a_step_makes_what_an_older_version_recorded_readable() -> None:
    assert [from_row(*older(row)) for row in ROWS] == EVENTS
    assert {topic for _, _, topic, _ in ROWS} >= BACK.keys()


@pytest.mark.usefixtures("steps")
def test_what_is_recorded_today_says_its_schema_and_is_read_again() -> None:
    for event in EVENTS:
        row = to_row(event)
        assert json.loads(row[3]).get("schema", 1) == len(MADE_UP.get(event.type, {})) + 1
        assert from_row(*row) == event


@pytest.mark.usefixtures("steps")
def test_an_event_is_lifted_from_the_schema_in_the_middle() -> None:
    row = next(row for row in ROWS if row[2] == "service.down")
    middle = EVIDENCE[1](json.loads(older(row)[3])) | {"schema": 2}
    assert "by_whom" in middle["data"]
    assert from_row(*row[:3], msgspec.json.encode(middle)) == from_row(*row)
    with pytest.raises(msgspec.ValidationError, match=r"service\.down has the schema 4, and this version knows 1 to 3"):
        from_row(*row[:3], msgspec.json.encode(middle | {"schema": 4}))


def known(*, old: bool) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What each stream of the stories is known to be once its rows are loaded."""
    rows: dict[tuple[str, str], list[tuple[int, str, bytes]]] = {}
    for store, row in (pair for file in FILES for pair in recorded(file)):
        if store != "each":
            rows.setdefault((store, row[0]), []).append((older(row) if old else row)[1:])
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for (store, stream), some in rows.items():
        kind, _, name = stream.partition(":")
        if kind == "complaint":
            complaint = Complaint(name)
            load(complaint, some)
            clocks = {clock: list(cycles) for clock, cycles in complaint.cycles.items()}
            found[store, stream] = (complaint.version, complaint.status, complaint.facts, clocks)
        elif kind == "service":
            service = Service(name)
            load(service, some)
            found[store, stream] = (service.version, service.outages, service.facts)
    return found


KNOWN = known(old=False)


@pytest.mark.usefixtures("steps")
def test_a_history_of_an_older_version_is_folded_to_what_it_was() -> None:
    assert known(old=True) == KNOWN
    assert {stream.partition(":")[0] for _, stream in KNOWN} == {"complaint", "service"}
    assert sum(len(clocks) for _, _, _, clocks in (one for one in KNOWN.values() if len(one) == 4)) >= 5


# ------------------------------------------------------------------ chains


def test_the_steps_of_today_are_whole() -> None:
    assert chains(TOPICS, STEPS).keys() == STEPS.keys()


@pytest.mark.parametrize("numbers", [(2,), (1, 3), (0, 1), (-1,)])
def test_a_chain_with_a_missing_step_is_none(numbers: tuple[int, ...]) -> None:
    with pytest.raises(MissingStepError, match=r"service\.down: the steps from"):
        chains(TOPICS, {"service.down": dict.fromkeys(numbers, EVIDENCE[1])})


def test_there_are_no_steps_of_a_topic_that_there_is_not() -> None:
    with pytest.raises(MissingStepError, match="no such topics"):
        chains(TOPICS, {"service.dwon": EVIDENCE})


def test_what_has_no_steps_is_decoded_without_asking() -> None:
    """The bare decoder of msgspec: nothing of ours stands before it."""
    for topic in TOPICS.keys() - STEPS.keys():
        assert isinstance(mapper._DECODERS[topic].__self__, msgspec.json.Decoder)  # type: ignore[attr-defined]
