"""Opening a read store by its URL, and its generations: which tables are live, which are being filled."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from projections.errors import NotViewsError, ViewsError
from projections.store.database import Cursor, Database
from projections.store.shown import statements
from projections.store.tables import GENERATIONS_COLUMNS, SCHEMA, VERSION, Table

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_database(url: str) -> Database:
    """The read store at `url`; a file is made. Raises NotViewsError where something else is there, ViewsError."""
    if url.startswith(_POSTGRES):
        from projections.store.postgres import PostgresDatabase  # noqa: PLC0415 - who has a file needs no driver

        return PostgresDatabase(url)
    from projections.store.sqlite import SQLiteDatabase  # noqa: PLC0415 - see above

    if not url.startswith(_SQLITE):
        raise ViewsError(f"views are in sqlite:///FILE or postgresql://…, not in {url.partition(':')[0]}")
    return SQLiteDatabase(url.removeprefix(_SQLITE))


def live(database: Database, tables: Sequence[Table]) -> int:
    """The generation that is read; made where there is none of this version yet."""
    with database.writing() as cursor:
        _prepare(cursor)
        known = live_one(cursor)
        if known is not None:
            return known
        generation = make(cursor, tables)
        switch(cursor, generation)
        return generation


_THERE = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'generations'",
    "postgres": "SELECT 1 WHERE to_regclass('generations') IS NOT NULL",
}


def found(database: Database) -> int | None:
    """The generation that is read; None where there is none. Nothing is made."""
    with database.reading() as cursor:
        return live_one(cursor) if cursor.rows(_THERE[cursor.dialect]) else None


def live_one(cursor: Cursor) -> int | None:
    """The generation that is read; None where there is none of this version yet."""
    rows = cursor.rows("SELECT generation FROM generations WHERE version = ? AND live = 1", (VERSION,))
    return int(rows[0][0]) if rows else None


def identity(database: Database) -> str:
    """What these views are called among others: 32 hexadecimal digits, made where they have none yet."""
    with database.writing() as cursor:
        _prepare(cursor)
        cursor.run("CREATE TABLE IF NOT EXISTS identity (id TEXT PRIMARY KEY)")
        if not (found := cursor.rows("SELECT id FROM identity")):
            found = [(uuid4().hex,)]
            cursor.run("INSERT INTO identity VALUES (?)", found[0])
    return str(found[0][0])


_COLUMNS = (
    "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('generations')"
    " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
_TABLES = "SELECT 1 FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = ? LIMIT 1"


def _prepare(cursor: Cursor) -> None:
    """Raises NotViewsError where something else is in the schema; a file was looked at when it was opened."""
    if cursor.dialect == "postgres":
        cursor.run("SELECT pg_advisory_xact_lock(hashtext('stilldown views'))")
        if not cursor.rows("SELECT 1 FROM pg_namespace WHERE nspname = ?", (SCHEMA,)):
            cursor.run(f"CREATE SCHEMA {SCHEMA}")
        columns = tuple(row[0] for row in cursor.rows(_COLUMNS))
        if columns != GENERATIONS_COLUMNS and cursor.rows(_TABLES, (SCHEMA,)):
            raise NotViewsError(f"the schema {SCHEMA} there has no views: tables of something else")
    cursor.run(
        "CREATE TABLE IF NOT EXISTS generations (version INTEGER NOT NULL, generation INTEGER NOT NULL,"
        " live INTEGER NOT NULL, PRIMARY KEY (version, generation))"
    )


def make(cursor: Cursor, tables: Sequence[Table]) -> int:
    """The next generation's tables, empty."""
    rows = cursor.rows("SELECT COALESCE(MAX(generation), 0) FROM generations WHERE version = ?", (VERSION,))
    generation = int(rows[0][0]) + 1
    for table in tables:
        for statement in table.ddl(generation, cursor.dialect):
            cursor.run(statement)
    cursor.run("INSERT INTO generations VALUES (?, ?, 0)", (VERSION, generation))
    return generation


def switch(cursor: Cursor, generation: int) -> None:
    """From now on this generation is read."""
    cursor.run("UPDATE generations SET live = 0")
    cursor.run("UPDATE generations SET live = 1 WHERE version = ? AND generation = ?", (VERSION, generation))
    for statement in statements(generation, cursor.dialect):
        cursor.run(statement)


def drop(cursor: Cursor, tables: Sequence[Table], generation: int) -> None:
    """Takes a generation's tables away; never the live one's."""
    if cursor.rows(
        "SELECT 1 FROM generations WHERE version = ? AND generation = ? AND live = 1", (VERSION, generation)
    ):
        raise ViewsError(f"generation {generation} is live")
    for table in tables:
        cursor.run(f"DROP TABLE IF EXISTS {table.named(generation)}")
    cursor.run("DELETE FROM generations WHERE version = ? AND generation = ?", (VERSION, generation))


def older(cursor: Cursor, generation: int) -> list[int]:
    """The generations of this version before one, the latest first: kept for going back."""
    rows = cursor.rows(
        "SELECT generation FROM generations WHERE version = ? AND generation < ? ORDER BY generation DESC",
        (VERSION, generation),
    )
    return [int(row[0]) for row in rows]
