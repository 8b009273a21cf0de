"""Cells of a row, read as what a fact may hold (domain.md §3): names, texts, ids, counts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from ops.importers.mapping import CONTROL, NAME_LENGTH, TEXT_LENGTH, MappingError
from ops.importers.table import BadRow

COMPLAINT_LENGTH: Final = 118
SERVICE_LENGTH: Final = 128

_KEPT: Final = re.compile(r"[A-Za-z0-9._-]")
_COUNT: Final = re.compile(r"[0-9]{1,5}")
_SPACES: Final = re.compile(r"\s+")
_DIGEST: Final = 24
_SEPARATOR: Final = "::"


class CellError(ValueError):
    """This cell cannot be used: its row is left out."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason

    def row(self, line: int) -> BadRow:
        """Give the report about the row that begins on `line`."""
        return BadRow(line, self.column, self.value, self.reason)


class Cells:
    """One row by the names of its columns; a cell that is empty, or says so in the mapping's words, is `""`."""

    __slots__ = ("_cells", "_empty", "_places")

    def __init__(self, places: Mapping[str, int], empty: frozenset[str], cells: Sequence[str]) -> None:
        self._places = places
        self._empty = empty
        self._cells = cells

    def get(self, column: str | None) -> str:
        """Give what stands in `column`; `""` where nothing does, or the mapping has no such column."""
        if column is None:
            return ""
        value = self._cells[self._places[column]]
        return "" if value in self._empty else value

    def missing(self, column: str | None, reason: str = "is missing") -> CellError:
        """Give the error that nothing stands in `column`, with what stands there instead, such as `?`."""
        return CellError(column or "", "" if column is None else self._cells[self._places[column]], reason)

    def name(self, column: str | None) -> str:
        """Give a name: up to 256 characters, no control characters; or `""`. Raises CellError."""
        value = self.get(column)
        if column is not None and (len(value) > NAME_LENGTH or CONTROL.search(value)):
            raise CellError(column, value, f"is no name: more than {NAME_LENGTH} characters, or control characters")
        return value

    def text(self, columns: Sequence[str]) -> str:
        """Give the text of `columns` together, ` / ` between them, up to 10,000 characters; or `""`. Raises CellError.

        Line ends and tabs become spaces: a text has no control characters, and an export's description has lines.
        """
        parts = [_SPACES.sub(" ", self.get(column)) for column in columns]
        text = " / ".join(part for part in parts if part)
        if columns and (len(text) > TEXT_LENGTH or CONTROL.search(text)):
            raise CellError(columns[0], text, f"is no text: more than {TEXT_LENGTH} characters, or control characters")
        return text

    def count(self, column: str) -> int:
        """Give a count from 0 to 99999. Raises CellError."""
        value = self.get(column)
        if not _COUNT.fullmatch(value):
            raise CellError(column, value, "is no whole number from 0 to 99999")
        return int(value)

    def moment(self, column: str, read: Callable[[str], datetime]) -> datetime:
        """Give a moment, aware UTC. Raises CellError."""
        value = self.get(column)
        if not value:
            raise self.missing(column)
        try:
            return read(value)
        except ValueError as error:
            raise CellError(column, value, f"is no time: {error}") from None


def places(header: Sequence[str], wanted: Mapping[str, str]) -> dict[str, int]:
    """Say where in `header` each column stands that the mapping wants (its place in the mapping → its name).

    Raises MappingError, naming the column, where it is missing or stands twice.
    """
    found: dict[str, int] = {}
    for place, column in wanted.items():
        if header.count(column) != 1:
            many = "two columns" if column in header else "no column"
            raise MappingError(f"the file has {many} {column!r}; its columns are {', '.join(header)[:1000]}", place)
        found[column] = header.index(column)
    return found


@lru_cache(maxsize=65_536)  # an export repeats its ids in row after row
def identifier(value: str, space: str | None) -> str:
    """Give `value` as an id: letters, digits and `._-` as they are, a space as `space`, anything else as `:hex:`.

    What stands for a space is itself written as `:hex:` where it occurs, so no two values share an id, and the value
    can be read back from it: with `-` for a space, `cmdb_ci 31` is `cmdb_ci-31`, and `cmdb_ci-31` is `cmdb_ci:2d:31`.
    """
    if space is None:
        return "".join(c if _KEPT.match(c) else f":{ord(c):x}:" for c in value)
    return "".join(space if c == " " else c if c != space and _KEPT.match(c) else f":{ord(c):x}:" for c in value)


def joined(values: Sequence[str], prefix: str, space: str | None, longest: int) -> str:
    """Give several values as one id, `::` between them, which no single value contains.

    One that would be longer than `longest` is cut, and ends in a digest of the whole: still one id for one place, but
    it cannot be read back.
    """
    whole = prefix + _SEPARATOR.join(identifier(value, space) for value in values)
    if len(whole) <= longest:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return f"{whole[: longest - _DIGEST - len(_SEPARATOR)]}{_SEPARATOR}{digest}"
