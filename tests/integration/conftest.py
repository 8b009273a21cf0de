"""Stores of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stores import Stores
from tests.servers.postgres import Databases


@pytest.fixture(params=["sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Each kind in turn."""
    if request.param == "sqlite":
        yield Stores(tmp_path)
        return
    databases: Databases = request.getfixturevalue("databases")
    made = Stores(tmp_path, databases.store, databases.copy)
    yield made
    for database in made.made.values():
        databases.drop(database.url)
