"""A read store in an SQLite file: beside the store's own, so that reading views never holds up the engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from projections.errors import NotViewsError, ViewsError
from projections.store.tables import GENERATIONS_COLUMNS, STORE, Table

_WAIT = 60.0
"""Seconds for which another writer is waited for."""

_ELSEWHERE = "; --views names another place for them, such as sqlite:///views.db"


class SQLiteCursor:
    """Statements on the file."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, params: Sequence[Any] = ()) -> int:
        """See `projections.store.database.Cursor`, also below."""
        return self._connection.execute(statement, params).rowcount

    def rows(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """What a statement finds."""
        return self._connection.execute(statement, params).fetchall()

    def put(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Inserts rows, or replaces them."""
        if rows:
            self._connection.executemany(_insert(name, len(table.all_columns())), rows)

    def end(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Ends versions of rows."""
        if rows:
            where = " AND ".join(f'"{column}" = ?' for column in (*table.key, "recorded_from"))
            self._connection.executemany(
                f"UPDATE {name} SET recorded_to = ? WHERE {where}", [(row[-1], *row[:-1]) for row in rows]
            )

    def remove(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Takes versions of rows away."""
        if rows:
            where = " AND ".join(f'"{column}" = ?' for column in (*table.key, "recorded_from"))
            self._connection.executemany(f"DELETE FROM {name} WHERE {where}", rows)


@lru_cache(256)
def _insert(name: str, columns: int) -> str:
    return f"INSERT OR REPLACE INTO {name} VALUES ({','.join('?' * columns)})"


def _check(connection: sqlite3.Connection, path: str) -> None:
    """Raises NotViewsError where the file has tables, and none of ours; nothing in it is changed before that."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    columns = tuple(row[0] for row in connection.execute("SELECT name FROM pragma_table_info('generations')"))
    what = "a store; views have a file of their own" if STORE in tables else "a database of something else"
    if STORE in tables or (tables and columns != GENERATIONS_COLUMNS):
        raise NotViewsError(f"{path} has no views: {what}")


class SQLiteDatabase:
    """The file."""

    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        """Raises NotViewsError where the file is of something else, ViewsError where it cannot be opened."""
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=_WAIT, check_same_thread=False)
            _check(self._connection, path)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What is lost with the machine's power is projected again: rows and position are lost together.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA cache_size = -65536")
            self._connection.execute("PRAGMA temp_store = MEMORY")
            self._connection.execute("PRAGMA wal_autocheckpoint = 16000")
        except NotViewsError:
            self._connection.close()
            raise
        except sqlite3.Error as error:
            raise ViewsError(f"the views in {path} cannot be opened: {error}{_ELSEWHERE}") from error
        self._path = path

    @contextmanager
    def writing(self) -> Iterator[SQLiteCursor]:
        """See `projections.store.database.Database`, also below."""
        with self._transaction("BEGIN IMMEDIATE", "written") as cursor:
            yield cursor

    @contextmanager
    def reading(self) -> Iterator[SQLiteCursor]:
        """A transaction that sees one state."""
        with self._transaction("BEGIN", "read") as cursor:
            yield cursor

    @contextmanager
    def _transaction(self, begin: str, done: str) -> Iterator[SQLiteCursor]:
        try:
            self._connection.execute(begin)
            yield SQLiteCursor(self._connection)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            hint = _ELSEWHERE if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY else ""
            raise ViewsError(f"the views in {self._path} cannot be {done}: {error}{hint}") from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()
