"""Columns as PostgreSQL's binary arrays: what was written is what is read, None among it."""

from __future__ import annotations

import psycopg
import pytest

from projections.store.arrays import columns
from projections.store.tables import ARRAYS, Kind
from tests.servers.postgres import Databases

VALUES: dict[Kind, list[object]] = {
    "text": ["", None, "zażółć 🙂", 'a "quoted", {braced} \\ one', "NULL", " "],
    "int": [0, None, -1, 2**63 - 1, -(2**63), 1_456_704_000_000_000],
    "bool": [True, None, False],
    "blob": [b"", None, b"\x00\xff'\\"],
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_what_was_written_is_read(databases: Databases, kind: Kind) -> None:
    values = VALUES[kind]
    url = databases.store()
    try:
        with psycopg.connect(url) as connection:
            for written in (values, values[:1], [None], [None, None]):
                [column] = columns([kind], [(value,) for value in written])
                rows = connection.execute(f"SELECT * FROM unnest(%s::{ARRAYS[kind]})".encode(), [column]).fetchall()
                assert [row[0] for row in rows] == written
    finally:
        databases.drop(url)
