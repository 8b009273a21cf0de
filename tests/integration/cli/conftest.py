"""A command line on a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.integration.cli.running import Cli
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
