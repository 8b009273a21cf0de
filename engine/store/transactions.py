"""A store that is open, and the transactions on it: to write, to read, to note something."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from engine.store.unit import Unit


class Migrated(NamedTuple):
    """What `migrate` did: the version of the tables now, whether they were made, and what was done for it."""

    schema: int
    made: bool
    done: tuple[str, ...]


class Store(Protocol):
    """A store that is open. Not to be shared between threads."""

    @property
    def schema(self) -> int:
        """The version of its tables."""

    def writing(self) -> AbstractContextManager[Unit]:
        """See `writing`."""

    def reading(self) -> AbstractContextManager[Unit]:
        """See `reading`."""

    def noting(self) -> AbstractContextManager[Unit]:
        """See `noting`."""

    def relieved(self) -> AbstractContextManager[Callable[[], None]]:
        """See `relieved`."""

    def close(self) -> None:
        """Lets go of it."""


def writing(store: Store) -> AbstractContextManager[Unit]:
    """A transaction that has the write lock from its start; nothing of it stays if anything is raised in it.

    Raises StoreError: StoreBusyError, StoreAwayError and ConflictError may do later.
    """
    return store.writing()


def reading(store: Store) -> AbstractContextManager[Unit]:
    """A transaction that sees one state of the store and writes nothing. Raises StoreError."""
    return store.reading()


def noting(store: Store) -> AbstractContextManager[Unit]:
    """A transaction for a note that is right whoever else writes, and harmless if the server's crash takes it back.

    A database need not wait for its write lock, nor for the disk. Raises as `writing` does.
    """
    return store.noting()


def relieved(store: Store) -> AbstractContextManager[Callable[[], None]]:
    """While many transactions follow one another: what they leave to be tidied up is done beside them.

    What it gives is to be called after each commit, before the next transaction begins.
    """
    return store.relieved()
