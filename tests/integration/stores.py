"""Where the stores of a test are: files in a folder, or databases of a server. Both are named `stores / "a.db"`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from engine.intake import Engine
from engine.store.database import PostgresStore
from engine.store.sqlite import SQLiteStore


class Database(NamedTuple):
    """A store in PostgreSQL."""

    url: str


Place = Path | Database


class Stores:
    """The stores of one test, made when they are named."""

    def __init__(
        self, folder: Path, make: Callable[[], str] | None = None, copy: Callable[[str], str] | None = None
    ) -> None:
        self.folder = folder
        self._make = make
        self._copy = copy
        self.made: dict[str, Database] = {}

    @property
    def kind(self) -> str:
        return "sqlite" if self._make is None else "postgres"

    def __truediv__(self, name: str) -> Place:
        if self._make is None:
            return self.folder / name
        if name not in self.made:
            self.made[name] = Database(self._make())
        return self.made[name]

    def copy(self, place: Place, name: str) -> Place:
        """A store as it is now, under another name: a backup. A database nobody may be at."""
        if isinstance(place, Database):
            assert self._copy is not None
            self.made[name] = Database(self._copy(place.url))
            return self.made[name]
        with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(self.folder / name)) as made:
            source.backup(made)
        return self.folder / name


def url_of(place: Place) -> str:
    return place.url if isinstance(place, Database) else f"sqlite:///{place}"


def select(place: Place, statement: str, *params: Any) -> list[Any]:
    """Plain SQL on a store, not through the code that is tested; question marks for parameters."""
    with opened(place) as run:
        return run(statement, params)


def change(place: Place, statement: str, *params: Any) -> None:
    """Lays hands on a store."""
    with opened(place) as run:
        run(statement, params)


@contextmanager
def opened(place: Place) -> Iterator[Callable[[str, tuple[Any, ...]], list[Any]]]:
    """A connection, on which statements are run; what they change is committed at the end."""
    if isinstance(place, Database):
        with psycopg.connect(place.url) as database:

            def run(statement: str, params: tuple[Any, ...] = ()) -> list[Any]:
                return _all(database.execute(statement.replace("?", "%s").encode(), params))

            yield run
    else:
        with closing(sqlite3.connect(place, timeout=60)) as file, file:

            def look(statement: str, params: tuple[Any, ...] = ()) -> list[Any]:
                return file.execute(statement, params).fetchall()

            yield look


def _all(cursor: psycopg.Cursor[Any]) -> list[Any]:
    return cursor.fetchall() if cursor.description else []


def file_of(engine: Engine) -> sqlite3.Connection:
    """The connection with which an engine writes to its file."""
    assert isinstance(engine._store, SQLiteStore)
    return engine._store.connection


def session_of(engine: Engine) -> psycopg.Connection[Any]:
    """The connection with which an engine writes to its database."""
    assert isinstance(engine._store, PostgresStore)
    return engine._store.connection
