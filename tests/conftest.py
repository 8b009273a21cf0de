"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.postgres import Databases
from tests.servers.postgres import databases as running


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server that makes databases."""
    with running() as made:
        yield made
