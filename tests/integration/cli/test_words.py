"""Lengths as people say them, moments as they write them, and a phrase for everything that can happen."""

from __future__ import annotations

import msgspec
import pytest

from contracts.decisions import DECISIONS
from contracts.facts import FACTS
from ops import phrases, words


@pytest.mark.parametrize(
    "seconds, said",
    [
        (0, "0 s"),
        (59, "59 s"),
        (65, "1 min 5 s"),
        (3_600, "1 h"),
        (3_661, "1 h 1 min"),
        (528_600, "6 d 2 h 50 min"),
        (205_200, "2 d 9 h"),
        (-16_200, "-4 h 30 min"),
        (86_401, "1 d"),
    ],
)
def test_a_length_is_said_as_people_say_it(seconds: int, said: str) -> None:
    assert words.length(seconds) == said


@pytest.mark.parametrize("seconds, said", [(121_231_440, "1,403 d 3 h"), (86_400, "1 d"), (7_200, "2 h")])
def test_a_sum_is_said_as_people_compare_it(seconds: int, said: str) -> None:
    assert words.roughly(seconds) == said


@pytest.mark.parametrize(
    "written, said",
    [
        ("2013-02-05T07:40:00Z", "2013-02-05 07:40"),
        ("2013-02-05T07:40:12Z", "2013-02-05 07:40:12"),
        ("2013-02-05T07:40:12.000001Z", "2013-02-05 07:40:12"),
        ("2013-02-05T07:40:00.5+00:00", "2013-02-05 07:40"),
        (None, ""),
    ],
)
def test_a_moment_is_written_as_people_write_it(written: str | None, said: str) -> None:
    assert words.moment(written) == said


def test_no_code_reaches_people() -> None:
    assert "_" not in words.objections(words.OBJECTIONS)
    assert set(words.OBJECTIONS) > words.NEVER_SET_ASIDE
    assert words.cause("waiting:parts") == "waiting for parts"
    assert words.owner("field/kowalski") == "field / kowalski"
    assert words.owner("-") == "nobody"


@pytest.mark.parametrize("kind", [*FACTS, *DECISIONS])
def test_everything_that_can_happen_has_a_phrase(kind: str) -> None:
    assert kind in phrases._PHRASES


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact_with_its_required_fields_alone_can_be_said(kind: str) -> None:
    cls = FACTS[kind]
    data = {field.encode_name: example(field.encode_name) for field in msgspec.structs.fields(cls) if field.required}
    if kind == "complaint.assigned":
        data = {"team": "field"}

    said = phrases.phrase(kind, data)

    assert said
    assert "None" not in said
    assert "\n" not in said


def example(field: str) -> object:
    """A value for a required field."""
    if field == "fact":
        return {"source": "/erp", "id": "7"}
    if field in {"due", "from", "to", "until"}:
        return "2024-03-01T08:00:00Z"
    return {"direction": "inbound", "outcome": "no_access", "decision": "partly_upheld"}.get(field, "x")


def test_an_event_of_a_later_version_is_called_by_its_name() -> None:
    assert phrases.phrase("complaint.paid_out", {}) == "complaint paid out"
