"""Rows in versions: from when and until when each was what was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from projections.folding import Sheets
from projections.rows.versions import Versions
from projections.store.database import Database
from projections.store.opening import open_database
from projections.store.tables import Table

TABLE = Table("things", {"thing": "text", "n": "int", "colour": "text"}, keys=2, versioned=True)


@pytest.fixture
def database() -> Iterator[Database]:
    opened = open_database("sqlite:///:memory:")
    with opened.writing() as cursor:
        for statement in TABLE.ddl(1, "sqlite"):
            cursor.run(statement)
    yield opened
    opened.close()


def page(database: Database, *steps: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """One page: `(thing, n, colour, at)` puts a row, `(thing, n, at)` drops one; all versions after it."""
    with database.writing() as cursor:
        versions = Versions(TABLE, Sheets(cursor, 1))
        versions.load("thing IN ({})", {step[0] for step in steps})
        for step in steps:
            if len(step) == 4:
                versions.put(step[:3], step[3])
            else:
                versions.drop(step[:2], step[2])
        versions.flush()
        return cursor.rows("SELECT * FROM things_1_1 ORDER BY thing, n, recorded_from")


def test_a_change_ends_the_version_before(database: Database) -> None:
    assert page(database, ("a", 1, "red", 10), ("a", 1, "green", 20)) == [
        ("a", 1, "red", 10, 20),
        ("a", 1, "green", 20, None),
    ]


def test_in_pages_it_comes_to_the_same(database: Database) -> None:
    page(database, ("a", 1, "red", 10))
    assert page(database, ("a", 1, "green", 20)) == [("a", 1, "red", 10, 20), ("a", 1, "green", 20, None)]


def test_what_says_the_same_is_no_new_version(database: Database) -> None:
    page(database, ("a", 1, "red", 10))
    assert page(database, ("a", 1, "red", 20)) == [("a", 1, "red", 10, None)]


def test_two_changes_at_one_moment_are_one_version(database: Database) -> None:
    assert page(database, ("a", 1, "red", 10), ("a", 1, "green", 10)) == [("a", 1, "green", 10, None)]
    assert page(database, ("a", 1, "blue", 10)) == [("a", 1, "blue", 10, None)]
    assert page(database, ("a", 1, "grey", 10), ("a", 1, "black", 11)) == [
        ("a", 1, "grey", 10, 11),
        ("a", 1, "black", 11, None),
    ]


def test_what_is_gone_was_known_until_then(database: Database) -> None:
    page(database, ("a", 1, "red", 10), ("a", 2, "red", 10))
    assert page(database, ("a", 1, 30)) == [("a", 1, "red", 10, 30), ("a", 2, "red", 10, None)]


@pytest.mark.parametrize("pages", [1, 2])
def test_what_is_gone_at_the_moment_at_which_it_came_was_never_known(database: Database, pages: int) -> None:
    steps: list[tuple[Any, ...]] = [("a", 1, "red", 10), ("a", 1, 10)]
    if pages == 1:
        assert page(database, *steps) == []
    else:
        page(database, steps[0])
        assert page(database, steps[1]) == []


def test_what_comes_back_begins_anew(database: Database) -> None:
    page(database, ("a", 1, "red", 10))
    assert page(database, ("a", 1, 20), ("a", 1, "red", 30)) == [("a", 1, "red", 10, 20), ("a", 1, "red", 30, None)]


def test_what_is_gone_and_back_at_one_moment_goes_on(database: Database) -> None:
    page(database, ("a", 1, "red", 10))
    assert page(database, ("a", 1, 20), ("a", 1, "green", 20)) == [
        ("a", 1, "red", 10, 20),
        ("a", 1, "green", 20, None),
    ]
    assert page(database, ("a", 1, 20), ("a", 1, "blue", 20)) == [("a", 1, "red", 10, 20), ("a", 1, "blue", 20, None)]
