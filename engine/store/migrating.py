"""Making and upgrading the tables of a store in PostgreSQL. See engine.store.migrations for its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple

from psycopg import Connection

from engine.store.errors import NotAStoreError, StoreError

PRE, POST = "pre", "post"
_FILE = re.compile(r"(\d{4})_(\w+)\.(pre|post)\.sql")
_LOCK = "SELECT pg_advisory_xact_lock(x'5374696c6d696772'::bigint)"
"""One migration at a time in a database ("Stilmigr")."""
_VISIBLE = "SELECT 1 FROM pg_class WHERE relname = 'stored_events' AND pg_table_is_visible(oid)"
_TABLE = """
CREATE TABLE IF NOT EXISTS stilldown_migrations (
    version    INTEGER     NOT NULL,
    part       TEXT        NOT NULL CHECK (part IN ('pre', 'post')),
    name       TEXT        NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (version, part)
)
"""


class Migration(NamedTuple):
    """One file. In order: version by version, and `pre` before `post`."""

    version: int
    part: str
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Those of this version of stilldown, in order."""
    found = []
    for file in resources.files("engine.store.migrations").iterdir():
        match = _FILE.fullmatch(file.name)
        if match is not None:
            found.append(Migration(int(match[1]), match[3], match[2], file.read_text(encoding="utf-8")))
    return in_order(found)


def in_order(some: Sequence[Migration]) -> list[Migration]:
    """Version by version, and `pre` before `post`."""
    return sorted(some, key=lambda one: (one.version, one.part == POST))


def newest(known: Sequence[Migration]) -> int:
    """The version of the tables with which these migrations end."""
    return known[-1].version


def standing(connection: Connection[Any], url: str, known: Sequence[Migration]) -> int | None:
    """The version of the tables that are there; None where there are none. `url` is for messages.

    Raises NotAStoreError where something else is there, StoreError where workers of `known` cannot use them.
    """
    ours, events = connection.execute(
        "SELECT to_regclass('stilldown_migrations') IS NOT NULL, to_regclass('stored_events') IS NOT NULL"
    ).fetchone() or (False, False)
    if not ours:
        if events:
            raise _strange(url)
        return None
    return _checked(_applied(connection), url, known)


def _checked(applied: set[tuple[int, str]], url: str, known: Sequence[Migration]) -> int | None:
    _refuse_newer(applied, url, known)
    if not applied:
        return None
    wanted = {(one.version, one.part) for one in known if one.part == PRE}
    if wanted - applied:
        there = max(version for version, part in applied if part == PRE)
        raise StoreError(f"{url} is of an older version ({there}); `stilldown migrate` upgrades it to {newest(known)}")
    return max(version for version, part in applied if part == PRE)


def _refuse_newer(applied: set[tuple[int, str]], url: str, known: Sequence[Migration]) -> None:
    finished = max((version for version, part in applied if part == POST), default=0)
    if finished > newest(known):
        raise StoreError(f"{url} was made by a newer version of stilldown ({finished}); this one reads {newest(known)}")


def _strange(url: str) -> NotAStoreError:
    return NotAStoreError(f"{url} is no store: stored_events is there, and is not stilldown's")


def migrate(connection: Connection[Any], url: str, known: Sequence[Migration], *, finish: bool) -> list[Migration]:
    """Does what is not done yet, in one transaction, once even where several begin at the same moment; what it did.

    `finish=False` leaves the last version's `post` for later. Raises as `standing` does.
    """
    with connection.transaction():
        connection.execute(_LOCK)
        connection.execute(_TABLE)  # first: who has waited for the lock may not know yet what others have made
        applied = _applied(connection)
        if not applied and connection.execute(_VISIBLE).fetchone() is not None:
            raise _strange(url)
        _refuse_newer(applied, url, known)
        done = []
        for one in known:
            late = one.part == POST and one.version == newest(known) and not finish
            if (one.version, one.part) in applied or late:
                continue
            connection.execute(one.sql.encode())
            connection.execute(
                "INSERT INTO stilldown_migrations (version, part, name) VALUES (%s, %s, %s)",
                (one.version, one.part, one.name),
            )
            done.append(one)
    return done


def _applied(connection: Connection[Any]) -> set[tuple[int, str]]:
    return {(row[0], row[1]) for row in connection.execute("SELECT version, part FROM stilldown_migrations")}
