"""The store in one SQLite file (architecture.md §4), on the library's recorder and datastore.

Writing happens in one transaction that takes the write lock before it reads (`BEGIN IMMEDIATE`): so
several processes may work on one file, none decides from what another is just changing, positions have
no gaps, and nobody is told that the database is locked: it waits.
"""

from __future__ import annotations

import sqlite3
import time as time_
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from itertools import chain
from typing import Any

from eventsourcing import sqlite
from eventsourcing.persistence import Notification, OperationalError
from eventsourcing.utils import Environment, EnvType

from engine.store.errors import (
    ConflictError,
    DamagedError,
    StoreBusyError,
    StoreError,
    UrlError,
)
from engine.store.turns import Turnstile
from engine.store.unit import Unit

SCHEMA_VERSION = 2
UPGRADES: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE held ADD COLUMN origin BLOB",
        "ALTER TABLE dead ADD COLUMN origin BLOB",
        "ALTER TABLE dead ADD COLUMN untold INTEGER NOT NULL DEFAULT 1",
    ),
}
"""What brings a store of a version to the next; tables and indices that are new `schema.sql` makes."""
LOCK_TIMEOUT = 60
"""Seconds for which a statement waits for another process; the write lock is waited for otherwise."""
LOG_PAGES = 16_000
"""Pages in the file's log at which whoever commits moves them into the file."""
PATIENCE = 600
"""Seconds for which the write lock is waited for before it is given up."""


class Datastore(sqlite.SQLiteDatastore):
    """Connections to the file, each set up for many processes and durable commits."""

    def __init__(self, db_name: str) -> None:
        super().__init__(db_name, lock_timeout=LOCK_TIMEOUT, originator_id_type="text", pool_size=4)
        make = self.pool._create_connection  # noqa: SLF001 - the library's only place to set a connection up

        def set_up() -> sqlite.SQLiteConnection:
            connection = _patiently(make)
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA cache_size = -65536")
            cursor.execute("PRAGMA temp_store = MEMORY")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            return connection

        self.pool._create_connection = set_up  # type: ignore[method-assign]  # noqa: SLF001 - see above


class Recorder(sqlite.SQLiteApplicationRecorder):
    """The library's recorder over our table, in which the position is a column that is never used twice."""

    def __init__(self, datastore: sqlite.SQLiteDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)
        self.insert_events_statement = (
            f"INSERT INTO {events_table_name} (originator_id, originator_version, topic, state) VALUES (?,?,?,?)"
        )
        self.select_events_statement = (
            f"SELECT originator_id, originator_version, topic, state FROM {events_table_name} WHERE originator_id=? "
        )
        self.select_max_notification_id_statement = f"SELECT MAX(notification_id) FROM {events_table_name}"

    def create_table(self) -> None:
        """Makes the tables, unless they are there. Where several make them at once, all but one wait, and find them."""
        with self.datastore.get_connection(commit=True) as pooled:
            connection = pooled._sqlite_conn  # noqa: SLF001 - the library's own transaction asks for the lock too late
            cursor = connection.cursor()
            if (version := _version(cursor)) == SCHEMA_VERSION:
                return
            if version > SCHEMA_VERSION:
                raise newer(self.datastore.pool.db_name, version)
            begin(cursor)
            try:
                found = _version(cursor)
                upgrades = [UPGRADES[version] for version in range(found, SCHEMA_VERSION)] if found else []
                for statement in [*chain.from_iterable(upgrades), *self.create_table_statements]:
                    cursor.execute(statement)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def construct_create_table_statements(self) -> list[str]:
        """The statements of `schema.sql`."""
        text = resources.files("engine.store").joinpath("schema.sql").read_text()
        lines = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        return [part for part in lines.split(";") if part.strip()]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in order of position, from `start` on."""
        wheres: list[str] = []
        params: list[Any] = []
        if start is not None:
            wheres.append("notification_id >= ?" if inclusive_of_start else "notification_id > ?")
            params.append(start)
        if stop is not None:
            wheres.append("notification_id <= ?")
            params.append(stop)
        if topics:
            wheres.append(f"topic IN ({','.join('?' * len(topics))})")
            params += topics
        where = f"WHERE {' AND '.join(wheres)} " if wheres else ""
        statement = (
            "SELECT notification_id, originator_id, originator_version, topic, state"
            f" FROM {self.events_table_name} {where}ORDER BY notification_id LIMIT ?"
        )
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, (*params, limit))
            return [
                Notification(
                    id=row["notification_id"],
                    originator_id=row["originator_id"],
                    originator_version=row["originator_version"],
                    topic=row["topic"],
                    state=row["state"],
                )
                for row in cursor.fetchall()
            ]


class Factory(sqlite.SQLiteFactory):
    """Builds what the application needs (`PERSISTENCE_MODULE=engine.store.sqlite`)."""

    application_recorder_class = Recorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self.datastore.close()
        self.datastore = Datastore(str(self.env.get(self.SQLITE_DBNAME)))

    def make(self) -> None:
        """Makes the tables, unless they are there, and lets go of the file."""
        try:
            Recorder(self.datastore).create_table()
        finally:
            self.close()

    def store(self) -> SQLiteStore:
        """To write with: one connection of the library's pool."""
        connection = self.datastore.pool.get_connection(is_writer=True)
        return SQLiteStore(connection._sqlite_conn)  # noqa: SLF001 - no statement of the library's is run on it


class SQLiteUnit(Unit):
    """The statements of a batch on a file."""

    def changes(self) -> Hashable:
        """A number that is another when another connection has written anything."""
        return int(self._execute("PRAGMA data_version").fetchone()[0])


class SQLiteStore:
    """A connection to the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._turnstile: Turnstile | None = None

    @property
    def schema(self) -> int:
        """The version of its tables."""
        return _version(self.connection.cursor())

    def close(self) -> None:
        """Lets go of the file."""
        self.connection.close()
        if self._turnstile is not None:
            self._turnstile.close()

    @contextmanager
    def writing(self) -> Iterator[Unit]:
        """A transaction that has the write lock from its start; nothing of it stays if anything is raised in it."""
        cursor = self.connection.cursor()
        cursor.row_factory = None
        if self._turnstile is None:
            self._turnstile = Turnstile(cursor.execute("PRAGMA database_list").fetchone()[2])
        with self._turnstile.passing():
            begin(cursor)
        try:
            with _plainly("written"):
                yield SQLiteUnit(cursor)
                self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise

    def noting(self) -> AbstractContextManager[Unit]:
        """A file has one lock, and keeps what was written in order: as `writing`."""
        return self.writing()

    @contextmanager
    def relieved(self) -> Iterator[Callable[[], None]]:
        """See `relieved`: the file's log is moved into it beside the writing."""
        from engine.store.checkpoints import Checkpoints  # noqa: PLC0415 - who only reads needs none

        checkpoints = Checkpoints(self.connection, LOG_PAGES)
        try:
            yield checkpoints.committed
        finally:
            checkpoints.close()

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A transaction that sees one state of the store and writes nothing."""
        cursor = self.connection.cursor()
        cursor.row_factory = None
        try:
            with _plainly("read"):
                cursor.execute("BEGIN")
                yield SQLiteUnit(cursor)
        finally:
            self.connection.rollback()


@contextmanager
def _plainly(done: str) -> Iterator[None]:
    """What SQLite raises, as an error of ours."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ConflictError(f"the store cannot be {done}: {error}") from error
    except sqlite3.Error as error:
        if type(error) is sqlite3.DatabaseError:
            raise DamagedError(f"the file is damaged: {error}") from error
        raise StoreError(f"the store cannot be {done}: {error}") from error


def _patiently(make: Callable[[], sqlite.SQLiteConnection]) -> sqlite.SQLiteConnection:
    """Opens a connection. Switching a new file to WAL does not wait for the lock, so it is tried again."""
    give_up = time_.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            return make()
        except (sqlite3.OperationalError, OperationalError) as error:
            if "locked" not in str(error) or time_.monotonic() > give_up:
                raise
            time_.sleep(0.05)


def path_of(url: str) -> str:
    """The file of `sqlite:///FILE` (relative as written; four slashes for an absolute path)."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise UrlError(f"not a store's URL: {url!r}; it has to be sqlite:///FILE")
    return url[len(prefix) :]


def newer(url: str, version: int) -> StoreError:
    """A store that this version does not know."""
    return StoreError(f"{url} was made by a newer version of stilldown ({version}); this one reads {SCHEMA_VERSION}")


def begin(cursor: sqlite3.Cursor) -> None:
    """Begins a transaction that has the write lock; while another process has it, waits.

    SQLite's own waiting looks every tenth of a second, and hardly ever finds the gap between two batches of a
    process that takes in one after the other. So the waiting is done here, and looks more often.
    """
    give_up = time_.monotonic() + PATIENCE
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise StoreError(f"the store cannot be written: {error}") from error
                if time_.monotonic() > give_up:
                    raise StoreBusyError("another process has held the store's write lock for ten minutes") from error
                time_.sleep(0.001)
            else:
                return
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT * 1000}")


def _version(cursor: sqlite3.Cursor) -> int:
    return int(cursor.execute("PRAGMA user_version").fetchone()[0])
