"""Opening a store to take facts in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.intake import Engine
from engine.store.opening import inspect
from ops import logs


@contextmanager
def engine(url: str, *, verbose: bool = False) -> Iterator[Engine]:
    """Open the engine on a store, which is made if there is none.

    Raises NotAStoreError where something else is there, StoreError where it cannot be opened.
    """
    logs.configure(verbose=verbose)
    inspect(url)
    opened = Engine(url)
    try:
        yield opened
    finally:
        opened.close()
