"""Who waits for the write lock of a file gets it next.

SQLite gives its lock to whoever asks at the right moment. A process that works off portion after portion asks again
right after it has let go, and others, who look every millisecond, would hardly ever find it free. So whoever wants it
queues at a turnstile first (a lock on the folder: nothing is left behind), and leaves that when the write lock is had.
It is a courtesy and no more: where it cannot be had in time, or at all, one goes without.
"""

from __future__ import annotations

import fcntl
import os
import time as time_
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

COURTESY = 1.0
"""Seconds for which the turnstile is waited for."""
LOOK = 0.0005
"""Seconds between two looks."""


class Turnstile:
    """The turnstile of the stores in a folder."""

    def __init__(self, file: str) -> None:
        """`file`: a store's."""
        self._folder: int | None = None
        with suppress(OSError):
            self._folder = os.open(Path(file).absolute().parent, os.O_RDONLY | os.O_CLOEXEC)
            self._close = weakref.finalize(self, os.close, self._folder)

    def close(self) -> None:
        """Lets go of the folder."""
        if self._folder is not None:
            self._folder = None
            self._close()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """While one waits for the lock, those who come later wait here."""
        if self._folder is None or not _had(self._folder):
            yield
            return
        try:
            yield
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)


def _had(folder: int) -> bool:
    give_up = time_.monotonic() + COURTESY
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time_.monotonic() > give_up:
                return False
            time_.sleep(LOOK)
        except OSError:  # not every kind of folder can be locked
            return False
        else:
            return True
