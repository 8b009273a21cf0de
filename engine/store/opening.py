"""Opening a store that is there, to read it or to look after it. Nothing is ever made by it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from engine.store.sqlite import SCHEMA_VERSION, NoStoreError, StoreError, path_of


class NotAStoreError(StoreError):
    """Something else is there."""


def inspect(url: str) -> bool:
    """Whether there is a store at `url`, of this version or an older: False where a new one can be made.

    Raises NotAStoreError where something else is there, StoreError where this version cannot read it.
    """
    path = Path(path_of(url))
    try:
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
        raise StoreError(f"{url} was made by a newer version of stilldown ({version}); this one reads {SCHEMA_VERSION}")
    return bool(version)


def open_store(url: str, *, writes: bool = False) -> sqlite3.Connection:
    """A connection to the store at `url`.

    Raises NoStoreError where there is none: one is never made. StoreError where it has to be upgraded first.
    """
    if not inspect(url):
        raise NoStoreError(f"there is no store at {url}; `stilldown ingest` or `stilldown migrate` makes one")
    connection = _connect(Path(path_of(url)), "rw" if writes else "ro")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version < SCHEMA_VERSION:
        connection.close()
        raise StoreError(
            f"{url} was made by an older version of stilldown; `stilldown migrate --store {url}` upgrades it"
        )
    return connection


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
