"""Moving what was committed from SQLite's log into its file, in a thread beside the writing (docs/decisions/0018).

Otherwise whoever commits does it, every so often, and the next batch waits: the larger the file, the longer.
Nothing rests on it: what is committed is durable in the log, and a log that has grown long is moved by who commits.
"""

from __future__ import annotations

import sqlite3
from threading import Event, Thread
from typing import Final

import structlog

EVERY: Final = 8_000
"""Rows that are written between two checkpoints: somewhat more pages, of 4 KB."""
PASSES: Final = 8
"""What is committed while one looks is moved too, so that the log can begin anew; but not for ever."""
LONGEST: Final = 32_000
"""Pages in the log at which who commits moves them, though there is a thread."""
_log = structlog.get_logger("stilldown.store")


class Checkpoints:
    """Checkpoints of the file to which a connection writes. One that writes little has no thread.

    `usual`: pages in the log at which who commits moves them, where there is none.
    """

    def __init__(self, connection: sqlite3.Connection, usual: int) -> None:
        self._connection = connection
        self._usual = usual
        self._done = connection.total_changes
        """Rows written when it was told last."""
        self._wanted = Event()
        self._over = False
        self._thread: Thread | None = None

    def committed(self) -> None:
        """To be called after a commit, by whoever has the connection then."""
        written = self._connection.total_changes
        if written - self._done < EVERY or self._over:
            return
        self._done = written
        if self._thread is None:
            thread = Thread(target=self._keep_moving, args=(self._path(),), name="stilldown-checkpoints", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                self._give_up()
                return
            self._thread = thread
            _let_grow(self._connection, LONGEST)
        self._wanted.set()

    def close(self) -> None:
        """From now on who commits moves it again."""
        if self._thread is not None:
            self._over = True
            self._wanted.set()
            self._thread.join()
            self._thread = None
            _let_grow(self._connection, self._usual)

    def _path(self) -> str:
        return str(self._connection.cursor().execute("PRAGMA database_list").fetchone()[2])

    def _keep_moving(self, path: str) -> None:
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                while self._wanted.wait() and not self._over:
                    self._wanted.clear()
                    _move(connection)
            finally:
                connection.close()
        except sqlite3.Error:
            self._give_up()

    def _give_up(self) -> None:
        self._over = True
        _log.warning("who commits moves the log of the store, as no thread can", exc_info=True)


def _move(connection: sqlite3.Connection) -> None:
    for _ in range(PASSES):
        busy, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if busy or pages == moved:  # another process does it, or all is moved
            return


def _let_grow(connection: sqlite3.Connection, pages: int) -> None:
    connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
