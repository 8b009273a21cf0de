"""A PostgreSQL for the tests: one server a run, a database of its own for whoever asks.

With STILLDOWN_TEST_POSTGRES it is the server at that URL, whose user has to be allowed to make databases.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from engine.store.opening import migrate
from tools.postgres import temporary

TEST_POSTGRES = "STILLDOWN_TEST_POSTGRES"


class Databases:
    """Makes databases, and takes them away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"stilldown_test_{os.getpid()}"
        self._numbers = count()
        self._template = self.empty()
        migrate(self._template)

    def empty(self) -> str:
        """The URL of a new database without any table."""
        return self._make("template0")

    def store(self) -> str:
        """The URL of a new database with an empty store."""
        return self._make(self.name(self._template))

    def copy(self, url: str) -> str:
        """The URL of a new database that is as another is now; nobody may be at that."""
        return self._make(self.name(url))

    def replace(self, url: str, other: str) -> None:
        """A database is as another is now from here on, whoever is at it."""
        self.drop(url)
        self._run(f"CREATE DATABASE {self.name(url)} TEMPLATE {self.name(other)}")

    def at(self, database: str) -> str:
        """The URL of a database."""
        parts = urlsplit(self._url)
        where = parts.netloc or "/"  # a URL with a socket has no host, and has to keep its slashes
        return urlunsplit(parts._replace(path=f"/{database}")) if parts.netloc else f"postgresql://{where}{database}"

    @staticmethod
    def as_user(url: str, user: str, password: str) -> str:
        """The same database, for another user."""
        parts = psycopg.conninfo.conninfo_to_dict(url)
        host, port = parts.get("host"), parts.get("port")
        where = f"host={quote(str(host), safe='')}" if host else ""
        also = f"&port={port}" if port else ""
        return f"postgresql://{user}:{quote(password, safe='')}@/{parts['dbname']}?{where}{also}"

    def drop(self, url: str) -> None:
        """Takes a database away, whoever is at it."""
        self._run(f"DROP DATABASE IF EXISTS {self.name(url)} WITH (FORCE)")

    def close(self) -> None:
        """Takes the template away."""
        self.drop(self._template)

    def _make(self, template: str) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.at(name)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())

    @staticmethod
    def name(url: str) -> str:
        """The name of the database at a URL."""
        return urlsplit(url).path.removeprefix("/")


@contextmanager
def databases() -> Iterator[Databases]:
    """The server of a run."""
    given = os.environ.get(TEST_POSTGRES)
    if given:
        made = Databases(given)
        try:
            yield made
        finally:
            made.close()
        return
    with temporary(durable=False) as own:
        yield Databases(own.url())
