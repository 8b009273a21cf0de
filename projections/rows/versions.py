"""Versions of rows in memory, for one page: what was known of each, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from projections.store.tables import Table

Values = tuple[Any, ...]
Key = tuple[Any, ...]


class Sheet(Protocol):
    """The tables of a page (projections.folding.Sheets)."""

    def put(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Inserts or replaces rows."""

    def end(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Ends versions of rows."""

    def remove(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Takes versions of rows away."""

    def among(self, table: Table, columns: str, where: str, values: Sequence[Any]) -> list[Any]:
        """Rows of a table."""


class Versions:
    """The rows of a table that still hold, of those that were loaded, and what a page makes of them.

    Two changes recorded at one moment are one version: nobody could have known what was between them.
    """

    def __init__(self, table: Table, sheet: Sheet) -> None:
        self.table = table
        self._sheet = sheet
        self._keys = table.keys
        self._live: dict[Key, tuple[Values, int]] = {}
        """By key the values and from when on they hold."""
        self._stored: set[Key] = set()
        """Key and `recorded_from` of what the table has."""
        self._made: dict[Key, Values] = {}
        """Whole rows to be written, by key and `recorded_from`."""
        self._ended: list[Values] = []
        self._removed: list[Values] = []
        self._names = ", ".join(f'"{column}"' for column in (*table.columns, "recorded_from"))

    def load(self, where: str, values: Iterable[Any]) -> None:
        """The rows that still hold, `where` a column is among values (`IN ({})`)."""
        # "+ 0": through the key. Before PostgreSQL has counted the rows it would go through all that still hold.
        for row in self._sheet.among(self.table, self._names, f"{where} AND recorded_to + 0 IS NULL", list(values)):
            key, since = tuple(row[: self._keys]), row[-1]
            self._live[key] = (tuple(row[:-1]), since)
            self._stored.add((*key, since))

    def get(self, key: Key) -> Values | None:
        """The row that holds, with its key; None if there is none."""
        found = self._live.get(key)
        return None if found is None else found[0]

    def keys_of(self, first: Any) -> list[Key]:  # noqa: ANN401 - the first column's value
        """The keys of the rows that hold whose first column has this value."""
        return [key for key in self._live if key[0] == first]

    def put(self, values: Values, at: int) -> None:
        """From `at` on this is the row; nothing where it says the same."""
        key = values[: self._keys]
        found = self._live.get(key)
        if found is not None:
            if found[0] == values:
                return
            if found[1] != at:
                self._end(key, *found, at)
        self._live[key] = (values, at)
        self._made[*key, at] = (*values, at, None)

    def drop(self, key: Key, at: int) -> None:
        """From `at` on there is no such row."""
        found = self._live.pop(key, None)
        if found is None:
            return
        if found[1] == at:  # nobody could have known it
            self._made.pop((*key, at), None)
            if (*key, at) in self._stored:
                self._removed.append((*key, at))
        else:
            self._end(key, *found, at)

    def _end(self, key: Key, values: Values, since: int, at: int) -> None:
        if (*key, since) in self._made:
            self._made[*key, since] = (*values, since, at)
        else:
            self._ended.append((*key, since, at))

    def flush(self) -> None:
        """Writes what changed."""
        self._sheet.remove(self.table, self._removed)
        self._sheet.end(self.table, self._ended)
        self._sheet.put(self.table, list(self._made.values()))
