"""One way to every store, by its URL: `sqlite:///FILE` or `postgresql://…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from engine.store.transactions import Migrated, Store

POSTGRES = ("postgresql://", "postgres://")


class Kind(Protocol):
    """What there is of each kind of store."""

    def inspect(self, url: str) -> bool:
        """See `inspect`."""

    def open_store(self, url: str, *, writes: bool = False) -> Store:
        """See `open_store`."""

    def environment(self, url: str) -> Mapping[str, str]:
        """See `environment`."""

    def migrate(self, url: str, *, finish: bool = True) -> Migrated:
        """See `migrate`."""

    def named(self, url: str) -> str:
        """See `named`."""


def inspect(url: str) -> bool:
    """Whether there is a store at `url`: False where a new one can be made.

    Raises NotAStoreError where something else is there, StoreError where this version cannot read it.
    """
    return _kind(url).inspect(url)


def open_store(url: str, *, writes: bool = False) -> Store:
    """The store at `url`. Raises NoStoreError where there is none: one is never made."""
    return _kind(url).open_store(url, writes=writes)


def environment(url: str) -> Mapping[str, str]:
    """What tells the application (eventsourcing) where its store is."""
    return _kind(url).environment(url)


def migrate(url: str, *, finish: bool = True) -> Migrated:
    """Makes a store, or upgrades one; `finish=False` leaves out what workers of the version before do not bear."""
    return _kind(url).migrate(url, finish=finish)


def named(url: str) -> str:
    """The URL as it may be shown: without any password."""
    return _kind(url).named(url)


def _kind(url: str) -> Kind:
    if url.startswith(POSTGRES):
        from engine.store import database  # noqa: PLC0415 - who has a file need not load the driver

        return database
    from engine.store import file  # noqa: PLC0415 - see above

    return file
