"""The library's recorder (eventsourcing) over our tables in PostgreSQL (architecture.md §4).

Its way of giving positions is not ours: a sequence burns numbers when a transaction is rolled back. Its database
functions (`POSTGRES_ENABLE_DB_FUNCTIONS`) are never used: readers would miss events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eventsourcing import postgres
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import Environment, EnvType
from psycopg import Connection
from psycopg.rows import dict_row, tuple_row

from engine.store.database import PostgresStore, open_or_make, set_up
from engine.store.postgres_unit import LOCK, append

_POOL = 4
"""Connections of the library's, opened when they are wanted: the engine writes on one of its own."""


class Datastore(postgres.PostgresDatastore):
    """The library's pool of connections to the database at a URL; its tables are in `schema`."""

    def __init__(self, url: str, schema: str) -> None:
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            pool_size=1,
            max_overflow=_POOL - 1,
            schema=schema,
            originator_id_type="text",
        )
        self.url = url
        self.pool.conninfo = url
        self.pool.kwargs = {"row_factory": dict_row}

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        """What is done with each new connection."""

        def after_connect(connection: Connection[Any]) -> None:
            connection.autocommit = True
            set_up(connection)

        return after_connect

    def register_type_adapters(self) -> None:
        """The library's composite types are not used, so they need not be there."""


class Recorder(postgres.PostgresApplicationRecorder):
    """The library's recorder over our table, in which positions come from a counter that a rollback takes back."""

    def create_table(self) -> None:
        """Makes the tables, unless they are there."""
        open_or_make(self.datastore.url).close()  # type: ignore[attr-defined] # it is our own datastore

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:  # noqa: ANN401 - the library's
        """Appends events under the store's write lock; their positions. A version that is taken: IntegrityError."""
        rows = [(str(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events]
        with (
            self.datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor(binary=True, row_factory=tuple_row) as cursor,
        ):
            cursor.execute(LOCK)
            return list(append(cursor, rows))


class Factory(postgres.PostgresFactory):
    """Builds what the application needs (`PERSISTENCE_MODULE=engine.store.postgres`, `POSTGRES_URL`)."""

    application_recorder_class = Recorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super(postgres.BasePostgresFactory, self).__init__(env)
        url = str(self.env.get("POSTGRES_URL"))
        self._store = open_or_make(url)
        self.datastore = Datastore(url, schema_of(self._store))

    def application_recorder(self) -> Recorder:
        """The recorder of the events."""
        return Recorder(self.datastore)

    def store(self) -> PostgresStore:
        """To write with: a connection of its own."""
        return self._store


def schema_of(store: PostgresStore) -> str:
    """The schema in which the tables are, or would be made."""
    row = store.connection.execute("SELECT current_schema()").fetchone()
    return str(row[0]) if row and row[0] else "public"
