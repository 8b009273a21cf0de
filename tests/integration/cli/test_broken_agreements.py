"""A broken file of agreements is refused with file, line and reason, whatever is wrong in it, and changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.cli.running import Cli, filed
from tests.unit.contracts.broken import BROKEN_CALENDARS, BROKEN_TERMS

BROKEN = [*BROKEN_TERMS, *BROKEN_CALENDARS]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A store with a version in force and a complaint under it."""
    cli = Cli(tmp_path_factory.mktemp("kept"))
    good = cli.folder / "good.toml"
    good.write_text('effective = 2020-01-01\n[agreement.standard]\nrestoration.silence = "PT1H"\n')
    assert cli("agreements", "apply", str(good)).exit == 0
    cli.load(filed("C-1", "2024-03-01T08:00"))
    return cli


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith("store.db")}


def test_a_hundred_files_are_broken() -> None:
    assert len({text for text, _, _ in BROKEN}) >= 100


@pytest.mark.parametrize("text, place, right", BROKEN)
def test_a_broken_file_is_refused_and_the_store_stays_as_it_was(kept: Cli, text: str, place: str, right: str) -> None:
    broken = kept.folder / "broken.toml"
    broken.write_text(text, encoding="utf-8")
    before = everything(kept.folder)

    said = kept("agreements", "apply", str(broken))

    assert (said.exit, said.stdout) == (2, "")
    (line,) = said.stderr.splitlines()
    assert re.match(rf"stilldown: {re.escape(str(broken))}, line [1-9][0-9]*: ", line), line
    assert place in line
    assert right in line
    assert everything(kept.folder) == before
    assert before
