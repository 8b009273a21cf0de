"""One way to both databases: statements with question marks, rows as tuples, transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from projections.store.tables import Table

AT_ONCE = 500
"""Values in one statement."""


class Cursor(Protocol):
    """Statements inside a transaction."""

    dialect: str

    def run(self, statement: str, params: Sequence[Any] = ()) -> int:
        """Runs a statement; how many rows it changed."""

    def rows(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        """What a statement finds."""

    def put(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Inserts rows, each with all columns of the table; one with the same key is replaced."""

    def end(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Ends versions of rows: each with its key, its `recorded_from`, and when it ended."""

    def remove(self, table: Table, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Takes versions of rows away that nobody can have known: each with its key and its `recorded_from`."""


class Database(Protocol):
    """A read store."""

    dialect: str

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction; nothing of it stays if anything is raised in it."""

    def reading(self) -> AbstractContextManager[Cursor]:
        """A transaction that sees one state."""

    def close(self) -> None:
        """Lets go of it."""


def among(cursor: Cursor, statement: str, values: Iterable[Any], *more: Any) -> Iterator[Any]:  # noqa: ANN401 - parameters
    """What a statement finds for many texts: `IN ({})` in it stands for them, `more` for what comes after."""
    asked = list(dict.fromkeys(values))
    if asked and cursor.dialect == "postgres":  # one statement, prepared once
        yield from cursor.rows(statement.replace("IN ({})", "= ANY(?::text[])"), [asked, *more])
        return
    for n in range(0, len(asked), AT_ONCE):
        part = asked[n : n + AT_ONCE]
        yield from cursor.rows(statement.replace("{}", ",".join("?" * len(part))), [*part, *more])
