"""A store in a PostgreSQL database: whether there is one, opening it, making it. See engine.store.opening.

Writing happens in one transaction that takes the store's write lock (an advisory lock) before it reads, as it does on a
file: so nobody decides from what another is just changing, and positions have no gaps. Under READ COMMITTED every
statement after the lock sees all that was committed before it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from engine.store import migrating
from engine.store.errors import (
    AccessError,
    ConflictError,
    DamagedError,
    NoStoreError,
    StoreAwayError,
    StoreBusyError,
    StoreError,
    UrlError,
)
from engine.store.postgres_unit import LOCK, PostgresUnit
from engine.store.transactions import Migrated
from engine.store.unit import Unit

CONNECT_TIMEOUT = 10
"""Seconds for which a connection is waited for, unless the URL says otherwise (`connect_timeout`)."""
SETTINGS = {
    "lock_timeout": "60s",  # how long the write lock is waited for
    "statement_timeout": "10min",  # longer than the lock's, since waiting for it is a statement
    "idle_in_transaction_session_timeout": "60s",  # an engine that hangs in a batch lets others go on
    "tcp_user_timeout": "60s",  # the same for one whose machine is gone
    "client_min_messages": "warning",
}
"""What each connection sets."""
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {LOCK}"
_NOTE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = off"
_LOOK = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    " SET LOCAL idle_in_transaction_session_timeout = '10min'"  # a reader may take its time, and holds up nobody
)
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
_SECRET = ("password", "sslpassword", "passfile", "sslkey")


class PostgresStore:
    """A connection to the database; made anew where it is lost."""

    def __init__(self, url: str, connection: Connection[Any] | None = None) -> None:
        """Raises as `connect` does."""
        self._url = url
        self._connection = connect(url) if connection is None else connection

    @property
    def schema(self) -> int:
        """The version of its tables."""
        with plainly("read"):
            return migrating.standing(self.connection, named(self._url), migrating.migrations()) or 0

    @property
    def connection(self) -> Connection[Any]:
        """A connection that is alive as far as anybody knows."""
        if self._connection.closed:
            self._connection = connect(self._url)
        return self._connection

    def close(self) -> None:
        """Lets go of the database."""
        self._connection.close()

    def writing(self) -> AbstractContextManager[Unit]:
        """A transaction that has the write lock from its start; nothing of it stays if anything is raised in it."""
        return self._writing(_BEGIN)

    def relieved(self) -> AbstractContextManager[Callable[[], None]]:
        """A database tidies up by itself."""
        return nullcontext(lambda: None)

    def noting(self) -> AbstractContextManager[Unit]:
        """A transaction without the write lock, which does not wait for the disk."""
        return self._writing(_NOTE)

    @contextmanager
    def _writing(self, begin: str) -> Iterator[Unit]:
        connection = self.connection
        try:
            with plainly("written"):
                connection.execute(begin)
                yield PostgresUnit(connection.cursor(binary=True))
                connection.execute("COMMIT")
        except BaseException:
            self._let_go()
            raise

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A transaction that sees one state of the store and writes nothing."""
        connection = self.connection
        try:
            with plainly("read"):
                connection.execute(_LOOK)
                yield PostgresUnit(connection.cursor(binary=True))
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Ends the transaction; a connection on which that fails is closed, and another made when one is wanted."""
        with suppress(psycopg.Error):
            if not self._connection.closed:
                self._connection.execute("ROLLBACK")
        if self._connection.info.transaction_status != TransactionStatus.IDLE:
            self._connection.close()


def connect(url: str) -> Connection[Any]:
    """A connection in autocommit mode, with the limits that the engine wants.

    Raises UrlError, NoStoreError (no such database), AccessError, StoreAwayError.
    """
    how: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT, "application_name": "stilldown"} | _parts(url)
    try:
        connection = psycopg.connect(autocommit=True, **how)
    except psycopg.Error as error:
        raise _unreachable(url, error) from None  # its own text may have more in it than anybody should read
    try:
        set_up(connection)
    except psycopg.Error as error:
        connection.close()
        raise _unreachable(url, error) from error
    return connection


def set_up(connection: Connection[Any]) -> None:
    """What is the same on each connection: limits, and commits that last."""
    wanted = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in SETTINGS.items())
    connection.execute(f"SELECT {wanted}; {_DURABLE}")


def inspect(url: str) -> bool:
    """Whether the database has a store's tables: False where they can be made."""
    with plainly("read"), connect(url) as connection:
        return migrating.standing(connection, named(url), migrating.migrations()) is not None


def open_store(url: str, *, writes: bool = False) -> PostgresStore:  # noqa: ARG001 - readers say so by each transaction
    """The store in the database at `url`. Raises NoStoreError where there is none: one is never made."""
    connection = connect(url)
    try:
        with plainly("read"):
            there = migrating.standing(connection, named(url), migrating.migrations())
    except BaseException:
        connection.close()
        raise
    if there is None:
        connection.close()
        raise NoStoreError(f"there is no store in {named(url)}; `stilldown ingest` or `stilldown migrate` makes one")
    return PostgresStore(url, connection)


def open_or_make(url: str) -> PostgresStore:
    """The store in the database at `url`; made where there is none. An older one is not upgraded by the way."""
    connection = connect(url)
    try:
        with plainly("made"):
            known = migrating.migrations()
            if migrating.standing(connection, named(url), known) is None:
                migrating.migrate(connection, named(url), known, finish=True)
    except BaseException:
        connection.close()
        raise
    return PostgresStore(url, connection)


def environment(url: str) -> Mapping[str, str]:
    """What tells the application where its store is."""
    _parts(url)
    return {"PERSISTENCE_MODULE": "engine.store.postgres", "POSTGRES_URL": url}


def migrate(url: str, *, finish: bool = True) -> Migrated:
    """Makes the tables, or upgrades them."""
    known = migrating.migrations()
    with plainly("made"), connect(url) as connection:
        there = connection.execute("SELECT to_regclass('stilldown_migrations')").fetchone() != (None,)
        done = migrating.migrate(connection, named(url), known, finish=finish)
        schema = migrating.standing(connection, named(url), known) or 0
    return Migrated(schema, not there, tuple(f"{one.version:04} {one.name} ({one.part})" for one in done))


def named(url: str) -> str:
    """The URL without any password, rewritten from its parts: whatever cannot be understood is not repeated."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "postgresql://…"
    user = f"{parts['user']}@" if parts.get("user") else ""
    host = str(parts.get("host") or "")
    port = f":{parts['port']}" if parts.get("port") else ""
    where = f"?host={host}" if host.startswith("/") else ""
    return f"postgresql://{user}{'' if where else host}{port}/{parts.get('dbname') or ''}{where}"


def _parts(url: str) -> dict[str, Any]:
    try:
        parts = dict(conninfo_to_dict(url))
    except psycopg.Error as error:
        # What libpq says quotes what it did not understand, which may be a password: only its beginning is repeated.
        raise _no_url(str(error).strip().partition(":")[0].partition('"')[0].strip()) from None
    if not all(port.isdecimal() for port in str(parts.get("port") or "0").split(",")):
        raise _no_url("invalid port")  # libpq finds that out when it connects, or looks the word up as a service
    return parts


def _no_url(reason: str) -> UrlError:
    return UrlError(
        f"not a store's URL ({reason or 'it cannot be understood'}); it has to be"
        " postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in a password"
    )


_UNREACHABLE: tuple[tuple[str, Callable[[str, str], StoreError]], ...] = (
    ("password authentication failed", lambda where, why: AccessError(f"{where} does not let this user in: {why}")),
    ("no password supplied", lambda where, why: AccessError(f"{where} wants a password: {why}")),
    ("no pg_hba.conf entry", lambda where, why: AccessError(f"{where} does not let this user in: {why}")),
    ("permission denied", lambda where, why: AccessError(f"{where} does not let this user in: {why}")),
    ("database", lambda where, why: NoStoreError(f"there is no such database: {where}; `createdb` makes one ({why})")),
    ("role", lambda where, why: AccessError(f"{where} does not know this user: {why}")),
)
"""What a server says when it does not let somebody in, and what that is; `database` and `role`: … does not exist."""


def _unreachable(url: str, error: psycopg.Error) -> StoreError:
    why = _line(error)
    where = named(url)
    for secret in (value for name, value in _parts(url).items() if name in _SECRET and value):
        why = why.replace(str(secret), "…")
    for sign, made in _UNREACHABLE:
        if sign in why and (sign not in {"database", "role"} or (f'{sign} "' in why and "does not exist" in why)):
            return made(where, why)
    return StoreAwayError(f"{where} cannot be reached: {why}")


def _line(error: BaseException) -> str:
    """What the driver says, in one line, without what it says before every message."""
    text = " ".join(str(error).split()) or type(error).__name__
    for before in ("connection failed: ", "consuming input failed: ", "sending query failed: ", "FATAL: "):
        text = text.replace(before, "")
    return text.partition(" DETAIL:")[0].partition(" HINT:")[0].partition(" Multiple connection attempts failed")[0]


@contextmanager
def plainly(done: str) -> Iterator[None]:
    """What the driver raises, as an error of ours. What one fact is to blame for stays as it is: it is tried alone."""
    try:
        yield
    except (psycopg.DataError, errors.ProgramLimitExceeded):
        raise
    except psycopg.IntegrityError as error:
        raise ConflictError(f"the store cannot be {done}: {_line(error)}") from error
    except psycopg.Error as error:
        state = error.sqlstate or ""
        gone = isinstance(error, psycopg.InterfaceError | psycopg.OperationalError) and not state
        for states, made, what in _STATES:
            if state.startswith(states) or (gone and made is StoreAwayError):
                raise made(f"{what} ({_line(error)})") from error
        raise StoreError(f"the store cannot be {done}: {_line(error)}") from error


_STATES: tuple[tuple[tuple[str, ...], type[StoreError], str], ...] = (
    (("08", "57P", "25P03"), StoreAwayError, "the database went away; nothing of this was recorded"),
    (("25006",), StoreAwayError, "the database only reads for now, as a standby does"),
    (("55P03", "40"), StoreBusyError, "others have held the store's write lock for too long"),
    (("57014",), StoreBusyError, "the database took too long"),
    (("XX001", "XX002"), DamagedError, "the database is damaged"),
    (("42501",), AccessError, "the database does not allow it"),
)
"""How the codes of what a server refuses begin (PostgreSQL's documentation, appendix A), and what each means here."""
