"""What the documentation shows is so: its terms are read, its commands run, and their answers are those of today."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.agreements import parse
from tests.integration.cli.running import STORY, Cli, filed

DOCS = STORY.parent.parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in a language (or in none), in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)
    return [block for of, block in found if of == language]


def shell(commands: str, folder: Path) -> str:
    """Runs commands as a person would who has installed stilldown; what they print."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "150"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("STILLDOWN_STORE", "STILLDOWN_LOG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    made = Cli(tmp_path)
    made.store = f"sqlite:///{tmp_path / 'stilldown.db'}"
    return made


def test_the_terms_are_one_agreement() -> None:
    standard, clocks, credit, calendar = blocks("agreements.md", "toml")
    read = parse(f"{standard}\n{credit}\n{clocks}\n{calendar}")
    (agreement,) = read.agreements
    assert {clock.name for clock in agreement.clocks} == {"restore", "reply"}
    assert agreement.credit is not None


def test_a_deadline_is_explained_as_it_says(tmp_path: Path) -> None:
    (said,) = [block for block in blocks("operations.md", "") if "explain C-1 restore" in block]
    *commands, answer = re.findall(r"^\$ (.*)\n([^$]*)", said, re.MULTILINE)
    link = tmp_path / "tests"
    link.symlink_to(STORY.parent.parent)
    for command, printed in (*commands, answer):
        found = shell(command, tmp_path)
        if printed:
            assert found.split() == printed.split(), "but for where lines are broken"
    assert answer[1]


def test_a_case_of_a_calendar_has_the_answer_that_it_says(tmp_path: Path) -> None:
    (case,) = [block for block in blocks("agreements.md", "") if "calendar eval" in block]
    command, answer = case.removeprefix("$ ").splitlines()
    assert json.loads(shell(command, tmp_path)) == json.loads(answer)


def test_a_file_is_backed_up_and_restored_by_its_commands(cli: Cli) -> None:
    backup, restore = (block for block in blocks("backup.md", "sh") if "stilldown.db" in block)
    cli.load(filed("C-1", "2024-03-01T08:00"))
    had = cli.lines("history", "C-1")
    shell(backup, cli.folder)
    cli.load(filed("C-2", "2024-03-01T09:00"))
    assert "The store holds" in shell(restore, cli.folder)
    assert cli.lines("history", "C-1") == had
    assert cli("show", "C-2").exit == 4
