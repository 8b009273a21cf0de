"""The stories come out right, through the command line as anybody would use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.running import Cli
from tests.stories.compare import Said, stories, told_otherwise, unlike


@pytest.mark.parametrize("story", stories(), ids=lambda path: path.name)
def test_a_story_has_the_right_numbers(any_cli: Cli, story: Path) -> None:
    def run(command: list[str]) -> Said:
        return any_cli(*command, "--json")

    assert told_otherwise(story, run) == []


def test_the_comparison_itself_sees_what_differs() -> None:
    assert list(unlike({"at": "2013-01-01T01:00:00+01:00"}, {"at": "2013-01-01T00:00:00Z", "more": 1})) == []
    assert list(unlike({"a": [1, {"b": None}]}, {"a": [1, {"b": 2}]})) == ["$.a[1].b: expected null, got 2"]
    assert list(unlike({"a": 1}, {})) == ["$.a is missing"]
    assert list(unlike([1], [1, 2])) == ["$: expected [1], got [1, 2]"]
    assert list(unlike("2013-01-01T01:00:00Z", "2013-01-01T00:00:00Z"))


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_a_story_ends_in_the_same_outages_whatever_clock_it_is_loaded_with(cli: Cli, clock: str) -> None:
    story = stories()[0]
    cli("agreements", "apply", str(story / "agreement.toml"))
    assert cli("ingest", str(story / "facts.jsonl"), "--clock", clock).exit == 0

    shown = cli.json("show", "C-1")

    assert shown["downtime"]["experienced"] == 528_600
    assert [outage["ended_at"] for outage in shown["outages"]] == ["2013-02-11T10:20:00Z"]
