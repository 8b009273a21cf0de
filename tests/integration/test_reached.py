"""How far a feed is taken in, moved by compare-and-set; and stores of an older version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.intake import Engine
from engine.keeping import Keeper
from engine.store.errors import LostError, StoreError
from engine.store.handing import Reached
from engine.store.sqlite import SCHEMA_VERSION
from tests.integration.engines import engine, outcomes, take
from tests.integration.facts import filed, ids, one, rows
from tests.integration.stores import Stores


def test_a_position_moves_only_from_where_it_is_believed_to_stand(stores: Stores) -> None:
    path = stores / "store.db"
    with engine(path) as ours, engine(path) as theirs:
        ours.take([filed("f1", "C1", 0)], positions=[Reached("t", 0, 10, None)])
        with pytest.raises(LostError):
            theirs.take([filed("f2", "C2", 0)], positions=[Reached("t", 0, 20, None)])
        theirs.take([filed("f3", "C3", 0)], positions=[Reached("t", 0, 30, 10), Reached("t", 1, 5, None)])
        with pytest.raises(LostError):
            ours.take([filed("f4", "C4", 0)], positions=[Reached("t", 1, 7, 5), Reached("t", 0, 20, 10)])
        assert ours.positions("t") == {0: 30, 1: 5}
        assert ids(path) == ["f1", "f3"]
        assert outcomes(ours.take([filed("f5", "C5", 0)], positions=[Reached("t", 0, 31, 30)])) == ["recorded"]


def test_what_a_message_said_beside_the_fact_is_kept_with_what_dies_and_with_what_waits(stores: Stores) -> None:
    path = stores / "store.db"
    waits, bad = filed("f", "C1", 100 * 24 * 60 + 2), b"bad"
    with engine(path) as opened:
        assert outcomes(opened.take([waits, bad], origins={waits: b"a", bad: b"b"})) == ["held", "dead"]
        assert rows(path, "SELECT origin FROM held UNION ALL SELECT origin FROM dead") == [(b"a",), (b"b",)]


def test_a_store_of_the_first_version_is_upgraded_when_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with engine(path) as opened:
        take(opened, filed("f1", "C1", 0), b"bad")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP INDEX dead_untold; DROP TABLE relay; ALTER TABLE held DROP COLUMN origin;"
            "ALTER TABLE dead DROP COLUMN origin; ALTER TABLE dead DROP COLUMN untold; PRAGMA user_version = 1"
        )
    url = f"sqlite:///{path}"
    with pytest.raises(StoreError, match="`stilldown migrate` upgrades it"):
        Keeper(url)
    Engine(url).close()
    assert one(path, "PRAGMA user_version") == SCHEMA_VERSION
    assert rows(path, "SELECT untold, origin FROM dead") == [(1, None)]
    with engine(path) as opened:
        assert take(opened, filed("f1", "C1", 0), filed("f2", "C2", 0), b"bad") == ["duplicate", "recorded", "dead"]
