"""A read store in PostgreSQL: a schema of its own, in the store's database or in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg

from projections.errors import ViewsError
from projections.store.arrays import columns
from projections.store.tables import ARRAYS, SCHEMA, Kind, Table


class PostgresCursor:
    """Statements in the database."""

    dialect = "postgres"

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def run(self, statement: str, params: Sequence[Any] = ()) -> int:
        """See `projections.store.database.Cursor`, also below."""
        return self._cursor.execute(_percent(statement), params).rowcount

    def rows(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """What a statement finds."""
        given = [columns(("text",), [(text,) for text in one])[0] if isinstance(one, list) else one for one in params]
        return self._cursor.execute(_percent(statement), given).fetchall()

    def put(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Inserts rows, or replaces them; all at once, a list for each column."""
        if rows:
            self._cursor.execute(_insert(table, name), columns(tuple(table.all_columns().values()), rows))

    def end(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Ends versions of rows."""
        if rows:
            self._cursor.execute(_end(table, name), columns(_kinds(table, *_ENDED), rows))

    def remove(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Takes versions of rows away."""
        if rows:
            self._cursor.execute(_delete(table, name), columns(_kinds(table, "recorded_from"), rows))


_ENDED = ("recorded_from", "recorded_to")


def _kinds(table: Table, *more: str) -> tuple[Kind, ...]:
    kinds = table.all_columns()
    return tuple(kinds[column] for column in (*table.key, *more))


@lru_cache(1024)
def _percent(statement: str) -> bytes:
    return statement.replace("%", "%%").replace("?", "%s").encode()


@lru_cache(256)
def _insert_text(name: str, columns: tuple[tuple[str, str], ...], key: tuple[str, ...]) -> bytes:
    arrays = ", ".join(f"%s::{kind}" for _, kind in columns)
    rest = ", ".join(f'"{column}" = excluded."{column}"' for column, _ in columns if column not in key)
    keys = ", ".join(f'"{column}"' for column in key)
    done = f"UPDATE SET {rest}" if rest else "NOTHING"
    return f"INSERT INTO {name} SELECT * FROM unnest({arrays}) ON CONFLICT ({keys}) DO {done}".encode()


def _insert(table: Table, name: str) -> bytes:
    key = (*table.key, "recorded_from") if table.versioned else table.key
    return _insert_text(name, tuple((c, ARRAYS[kind]) for c, kind in table.all_columns().items()), key)


def _delete(table: Table, name: str) -> bytes:
    columns = (*table.key, "recorded_from")
    kinds = table.all_columns()
    arrays = ", ".join(f"%s::{ARRAYS[kinds[column]]}" for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    where = " AND ".join(f'live."{column}" = gone."{column}"' for column in columns)
    return f"DELETE FROM {name} AS live USING unnest({arrays}) AS gone ({names}) WHERE {where}".encode()


def _end(table: Table, name: str) -> bytes:
    columns = (*table.key, "recorded_from")
    kinds = table.all_columns()
    arrays = ", ".join(f"%s::{ARRAYS[kinds[column]]}" for column in (*columns, "recorded_to"))
    names = ", ".join(f'"{column}"' for column in (*columns, "recorded_to"))
    where = " AND ".join(f'live."{column}" = ended."{column}"' for column in columns)
    return (
        f"UPDATE {name} AS live SET recorded_to = ended.recorded_to"
        f" FROM unnest({arrays}) AS ended ({names}) WHERE {where}"
    ).encode()


class PostgresDatabase:
    """A connection to the database."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        """Raises ViewsError where it cannot be reached."""
        self._url = url
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(
                self._url, autocommit=True, application_name="stilldown views", connect_timeout=10
            )
            connection.execute(
                f"SELECT set_config('search_path', '{SCHEMA}', false),"
                " set_config('client_min_messages', 'warning', false), set_config('lock_timeout', '60s', false)"
            )
        except psycopg.Error as error:
            raise ViewsError(f"the views' database cannot be reached: {_line(error)}") from None
        return connection

    @contextmanager
    def writing(self) -> Iterator[PostgresCursor]:
        """See `projections.store.database.Database`, also below."""
        with self._transaction("BEGIN ISOLATION LEVEL READ COMMITTED", "written") as cursor:
            yield cursor

    @contextmanager
    def reading(self) -> Iterator[PostgresCursor]:
        """A transaction that sees one state."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "read") as cursor:
            yield cursor

    @contextmanager
    def _transaction(self, begin: str, done: str) -> Iterator[PostgresCursor]:
        if self._connection.closed:
            self._connection = self._connect()
        try:
            self._connection.execute(begin.encode())
            yield PostgresCursor(self._connection.cursor(binary=True))
            self._connection.execute("COMMIT")
        except psycopg.Error as error:
            self._let_go()
            raise ViewsError(f"the views cannot be {done}: {_line(error)}") from error
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        with suppress(psycopg.Error):
            if not self._connection.closed:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Lets go of the database."""
        self._connection.close()


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
