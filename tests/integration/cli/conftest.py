"""A command line on a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.integration.cli.running import LONG, STORY, Cli, fact, filed
from tests.servers.postgres import Databases


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The command line, away from this machine's settings."""
    for name in ("STILLDOWN_STORE", "STILLDOWN_LOG", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield Cli(tmp_path)
    structlog.reset_defaults()  # commands set up logging for their process, which here is everybody's


@pytest.fixture
def database_cli(cli: Cli, databases: Databases) -> Iterator[Cli]:
    """The command line on a database without any table."""
    cli.store = databases.empty()
    yield cli
    databases.drop(cli.store)


@pytest.fixture(params=["cli", "database_cli"], ids=["sqlite", "postgres"])
def any_cli(request: pytest.FixtureRequest) -> Cli:
    """The command line on each kind of store."""
    found: Cli = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def story(cli: Cli) -> Cli:
    """The cash register's store."""
    assert cli("agreements", "apply", str(STORY / "agreement.toml")).exit == 0
    assert cli("ingest", str(STORY / "facts.jsonl"), "--clock", "event").exit == 0
    return cli


@pytest.fixture
def told(story: Cli) -> Cli:
    """The story, and a complaint with much to write."""
    story.load(
        filed("C-3", "2013-03-01T08:00", **LONG),
        fact("promise.made", "C-3", "2013-03-01T09:00", promise="p", due="2013-03-02T08:00:00Z", what="call " * 40),
        *(
            fact("complaint.assigned", "C-3", f"2013-03-01T1{n}:00", team=f"team {n}", to=f"person {n}")
            for n in range(9)
        ),
    )
    return story
