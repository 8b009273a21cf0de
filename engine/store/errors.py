"""What can be wrong with a store, whichever it is."""

from __future__ import annotations

from contracts.errors import StilldownError


class StoreError(StilldownError):
    """The store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Others have held the store's write lock for longer than anybody should."""

    retriable = True


class StoreAwayError(StoreError):
    """The database cannot be reached, or went away in the middle; nothing of what was begun is left."""

    retriable = True


class ConflictError(StoreError):
    """A version was taken, or a fact recorded, by somebody who did not wait for the write lock."""

    retriable = True


class LostError(StoreError):
    """A part of a feed does not stand where this worker believes: another one takes it in by now."""


class DamagedError(StoreError):
    """What the store gives cannot be right."""


class NoStoreError(StoreError):
    """There is no store there."""


class NotAStoreError(StoreError):
    """Something else is there."""


class AccessError(StoreError):
    """The database does not let this user in."""


class UrlError(StoreError):
    """This is no store's URL."""
