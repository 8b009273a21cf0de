"""Columns of rows as PostgreSQL's binary arrays, each made at once: the driver looks at every value by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any, ClassVar, Final

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from projections.store.tables import Kind

_HEAD: Final = Struct("!5i").pack
"""Dimensions (1), whether there may be nulls, the elements' type, how many, the first one's number (1)."""
_LENGTH: Final = Struct("!i").pack
_INT: Final = Struct("!iq").pack
_NULL: Final = _LENGTH(-1)
_TRUE: Final = _LENGTH(1) + b"\x01"
_FALSE: Final = _LENGTH(1) + b"\x00"


class Column:
    """The values of a column, None among them."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values


class _Texts(Column):
    pass


class _Ints(Column):
    pass


class _Bools(Column):
    pass


class _Blobs(Column):
    pass


class _Dumper(Dumper):
    format = Format.BINARY
    element: ClassVar[int]

    def dump(self, obj: Column) -> bytes:
        head = _HEAD(1, 1, self.element, len(obj.values), 1)
        return head + b"".join(self.elements(obj.values))

    @staticmethod
    def elements(values: Iterable[Any]) -> Iterable[bytes]:
        raise NotImplementedError


class _TextsDumper(_Dumper):
    oid, element = 1009, 25

    @staticmethod
    def elements(values: Iterable[str | None]) -> Iterable[bytes]:
        return _BlobsDumper.elements(None if value is None else value.encode() for value in values)


class _IntsDumper(_Dumper):
    oid, element = 1016, 20

    @staticmethod
    def elements(values: Iterable[int | None]) -> Iterable[bytes]:
        return [_NULL if value is None else _INT(8, value) for value in values]


class _BoolsDumper(_Dumper):
    oid, element = 1000, 16

    @staticmethod
    def elements(values: Iterable[bool | None]) -> Iterable[bytes]:
        return [_NULL if value is None else _TRUE if value else _FALSE for value in values]


class _BlobsDumper(_Dumper):
    oid, element = 1001, 17

    @staticmethod
    def elements(values: Iterable[bytes | None]) -> Iterable[bytes]:
        return [_NULL if value is None else _LENGTH(len(value)) + value for value in values]


_COLUMNS: Final[dict[Kind, type[Column]]] = {"text": _Texts, "int": _Ints, "bool": _Bools, "blob": _Blobs}
_DUMPERS: Final[dict[type[Column], type[_Dumper]]] = {
    _Texts: _TextsDumper, _Ints: _IntsDumper, _Bools: _BoolsDumper, _Blobs: _BlobsDumper,
}  # fmt: skip


def columns(kinds: Iterable[Kind], rows: Sequence[Sequence[Any]]) -> list[Column]:
    """Rows, column by column, as parameters."""
    return [_COLUMNS[kind](values) for kind, values in zip(kinds, zip(*rows, strict=True), strict=True)]


for _column, _dumper in _DUMPERS.items():
    psycopg.adapters.register_dumper(_column, _dumper)
