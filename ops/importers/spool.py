"""Groups of rows that need not stand together, kept outside memory: a log may be larger than the machine's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter


def grouped(items: Iterable[tuple[str, bytes]]) -> Iterator[list[bytes]]:
    """Give the items of each key together, keys in order of their code points, items as they came.

    Takes all of `items` before it gives the first group: only the end of the file says that a group is whole. In
    between they lie in a temporary database, which SQLite keeps in memory as long as it is small, else in a file
    without a name that vanishes with it.
    """
    # A generator may be advanced by any thread, but only by one at a time.
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("CREATE TABLE item (key TEXT, body BLOB)")
        db.execute("BEGIN")
        db.executemany("INSERT INTO item VALUES (?, ?)", items)
        db.execute("COMMIT")
        found = db.execute("SELECT key, body FROM item ORDER BY key, rowid")
        for _, members in groupby(found, key=itemgetter(0)):
            yield [body for _, body in members]
