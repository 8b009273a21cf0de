"""A store in an SQLite file: whether there is one, opening it, making it. See engine.store.opening."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from eventsourcing.persistence import PersistenceError
from eventsourcing.utils import Environment

from engine.store.errors import NoStoreError, NotAStoreError, StoreError
from engine.store.sqlite import SCHEMA_VERSION, Factory, SQLiteStore, newer, path_of
from engine.store.transactions import Migrated


def inspect(url: str) -> bool:
    """Whether there is a store at `url`, of this version or an older: False where a new one can be made.

    Raises NotAStoreError where something else is there, StoreError where this version cannot read it.
    """
    path = Path(path_of(url))
    try:
        if not path.parent.is_dir():
            raise NoStoreError(f"there is no store at {url}, and no folder {path.parent}")
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return False
        if path.is_dir():
            raise NotAStoreError(f"{url} is no store: a folder")
    except OSError as error:
        raise StoreError(f"the store {url} cannot be opened: {error.strerror or error}") from error
    connection = _connect(path, "ro")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError as error:
        raise StoreError(f"the store {url} cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise NotAStoreError(f"{url} is no store: {error}") from error
    finally:
        connection.close()
    if tables and "stored_events" not in tables:
        raise NotAStoreError(f"{url} is no store: a database of something else")
    if version > SCHEMA_VERSION and tables:
        raise newer(url, version)
    return bool(version)


def open_store(url: str, *, writes: bool = False) -> SQLiteStore:
    """A connection to the store at `url`.

    Raises NoStoreError where there is none: one is never made. StoreError where it has to be upgraded first.
    """
    if not inspect(url):
        raise NoStoreError(f"there is no store at {url}; `stilldown ingest` or `stilldown migrate` makes one")
    store = SQLiteStore(_connect(Path(path_of(url)), "rw" if writes else "ro"))
    if store.schema < SCHEMA_VERSION:
        version = store.schema
        store.close()
        raise StoreError(f"{url} is of an older version ({version}); `stilldown migrate` upgrades it")
    return store


def environment(url: str) -> Mapping[str, str]:
    """What tells the application where its store is."""
    return {"PERSISTENCE_MODULE": "engine.store.sqlite", "SQLITE_DBNAME": path_of(url)}


def migrate(url: str, *, finish: bool = True) -> Migrated:  # noqa: ARG001 - a file has no workers of another version
    """Makes the file, or its tables."""
    there = inspect(url)
    store = SQLiteStore(_connect(Path(path_of(url)), "ro")) if there else None
    before = SCHEMA_VERSION
    if store is not None:
        before = store.schema
        store.close()
    try:
        Factory(Environment("stilldown", dict(environment(url)))).make()
    except (sqlite3.Error, PersistenceError, OSError) as error:
        raise StoreError(f"the store {url} cannot be opened: {error}") from error
    return Migrated(SCHEMA_VERSION, not there, tuple(f"{n:04}" for n in range(before + 1, SCHEMA_VERSION + 1)))


def named(url: str) -> str:
    """The URL: there is no password in it."""
    return url


def label(url: str) -> int:
    """SQLite's number for what a file is for; 0 where nobody has given it one."""
    connection = _connect(Path(path_of(url)), "ro")
    try:
        return int(connection.execute("PRAGMA application_id").fetchone()[0])
    finally:
        connection.close()


def set_label(url: str, number: int) -> None:
    """Says what the file is for."""
    connection = _connect(Path(path_of(url)), "rw")
    try:
        connection.execute(f"PRAGMA application_id = {int(number)}")
    finally:
        connection.close()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    if mode == "ro" and not os.access(path.parent, os.W_OK) and not _with(path, "-wal").exists():
        # Nobody writes here, or something would be in the log beside the file; and SQLite cannot make one to read by.
        mode = "ro&immutable=1"
    try:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=60)
    except sqlite3.Error as error:
        raise StoreError(f"the store {path} cannot be opened: {error}") from error


def _with(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")
