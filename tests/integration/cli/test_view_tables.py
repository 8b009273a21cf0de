"""`view` for people: a table, a row a line, on a terminal and where nobody looks at one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops.cli.common import MANY
from tests.integration.cli.running import EVERY_VIEW, LONG, PROGRAM, Cli, filed, on_a_terminal


def test_where_nobody_looks_at_a_terminal_a_row_is_a_line_with_everything(told: Cli) -> None:
    for view, *columns in EVERY_VIEW:
        rows = told.lines("view", view)
        head, *lines = told("view", view).stdout.splitlines()
        assert head.split() == columns
        assert len(lines) == len(rows)
        for row, line in zip(rows, lines, strict=True):
            for value in row.values():
                if isinstance(value, str) and not value.endswith("Z"):
                    assert value.strip() in line
                if isinstance(value, int) and not isinstance(value, bool):
                    assert str(value) in line.split()


def test_several_values_in_a_cell_are_told_in_short(told: Cli) -> None:
    answer = told("view", "complaints", "--sum-by", "month")
    assert len(answer.stdout.splitlines()) == 1 + 2
    assert "- 7200, team 0/person 0 3600, team 1/person 1 3600, 6 more\n" in answer.stdout
    assert "of time_by_owner the largest are shown; --json gives all" in answer.stderr
    assert "the largest" not in told("view", "handovers").stderr


@pytest.mark.parametrize("width", [80, 160, 500])
def test_on_a_terminal_a_row_is_a_line_and_what_has_no_room_is_named(story: Cli, width: int) -> None:
    for view, *columns in EVERY_VIEW:
        env = {"COLUMNS": str(width), "TERM": "dumb"}
        seen = on_a_terminal(story, "view", view, env=env).splitlines()
        notes = [line for line in seen if line.startswith("note: ")]
        head, *lines = [line for line in seen if line not in notes]
        assert len(lines) == len(story.lines("view", view)), view
        assert max(map(len, lines)) <= width, view
        said = [re.search("left out, as there is no room: (.*); a wider", note) for note in notes]
        missing = [name for match in said if match for name in match[1].split(", ")]
        assert [name for name in columns if name not in missing] == head.split(), view
        assert set(missing) < set(columns[1:]), view
        assert not missing or width < 500, view
        assert missing or width > 80 or view in {"watermelon", "handovers", "parts", "credits"}, view


def test_what_a_view_is_looked_at_for_stays_where_there_is_little_room(story: Cli) -> None:
    seen = on_a_terminal(story, "view", "complaints", env={"COLUMNS": "80", "TERM": "dumb"})
    assert seen.splitlines()[0].split()[-4:] == ["status", "customer_state", "experienced", "hidden"]


def test_ids_and_moments_stay_whole_however_narrow_it_is(told: Cli) -> None:
    lines = on_a_terminal(told, "view", "sla", env={"COLUMNS": "20", "TERM": "dumb"}).splitlines()
    assert lines[0].split() == ["complaint", "clock", "cycle"]
    assert lines[1].split() == ["C-1", "acknowledge", "1"]
    lines = on_a_terminal(told, "view", "downtime", env={"COLUMNS": "80", "TERM": "dumb"}).splitlines()
    assert [line.split()[-2:] for line in lines[2:3]] == [["2013-03-01", "08:00"]]
    assert LONG["service"] in lines[2]
    assert LONG["customer"] in lines[2]


def test_somebodys_own_words_give_way_on_a_terminal(told: Cli) -> None:
    lines = on_a_terminal(told, "view", "promises", env={"COLUMNS": "110", "TERM": "dumb"}).splitlines()
    (line,) = [line for line in lines if line.startswith("C-3")]
    assert re.fullmatch(r"C-3 +p +call call [cal ]+… +2013-03-02 08:00 +- +(broken|open) +-", line)
    assert len(line) <= 110


@pytest.fixture
def many(cli: Cli) -> Cli:
    """More complaints than a table for people has rows."""
    cli.load(*(filed(f"C-{n:04}", "2024-03-01T08:00", service=f"S-{n % 7}") for n in range(MANY + 200)))
    cli.lines("view", "complaints", "--where", "complaint=C-0001")
    return cli


def viewing(cli: Cli, *arguments: str, stdout: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*PROGRAM, "view", *arguments, "--store", cli.store], stdout=stdout, stderr=subprocess.PIPE, cwd=cli.folder
    )


@pytest.mark.parametrize("arguments", [["complaints"], ["complaints", "--sum-by", "complaint"]])
def test_of_very_many_rows_the_first_are_a_table(many: Cli, arguments: list[str]) -> None:
    answer = many.apart("view", *arguments)
    assert answer.exit == 0
    assert "Exception" not in answer.stderr
    assert f"the first {MANY:,} rows" in answer.stderr


def test_whoever_stops_reading_a_view_sees_no_error(many: Cli) -> None:
    with viewing(many, "complaints", "--json", stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        assert worker.stdout.readline()
        worker.stdout.close()
        assert worker.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_view_that_cannot_be_written_is_told_in_one_line(many: Cli) -> None:
    for options in ((), ("--json",)):
        with Path("/dev/full").open("wb") as full, viewing(many, "complaints", *options, stdout=full) as worker:
            assert worker.stderr is not None
            assert worker.stderr.read() == b"stilldown: No space left on device\n"
            assert worker.wait(60) == 1
