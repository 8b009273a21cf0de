"""Engines as processes of their own, on a real broker; frozen, killed and stopped by tests."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.integration.stores import Place, select, url_of
from tests.servers.kafka import Kafka

ROOT = Path(__file__).parent.parent.parent.parent
PATIENCE = 60
SESSION = 1.5
"""Seconds: the engines of tests are taken for dead quickly."""


def until(happens: Callable[[], Any], what: str = "it did not happen", patience: float = PATIENCE) -> Any:
    """Waits until something is so, and gives it."""
    give_up = time.monotonic() + patience
    while not (found := happens()):
        assert time.monotonic() < give_up, what
        time.sleep(0.05)
    return found


class Worker:
    """`stilldown engine`, or another worker on Kafka, as a process."""

    def __init__(self, kafka: Kafka, store: Place, log: Path, session: float = SESSION, what: str = "engine") -> None:
        self._log = log
        where = "--views" if what == "project" else "--store"
        command = [what, where, url_of(store), "--kafka", kafka.bootstrap, "--session", str(session)]
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from ops.cli import main; main()", *command],
                cwd=ROOT,
                env=os.environ | {"STILLDOWN_LOG": "json"},
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )

    def said(self, what: str) -> list[dict[str, Any]]:
        """Its log lines with these words."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if what in line and line.endswith("}")]

    def says(self, what: str, times: int = 1) -> dict[str, Any]:
        """Waits for a log line."""

        def enough() -> list[dict[str, Any]]:
            found = self.said(what)
            assert self.process.poll() is None or len(found) >= times, self._log.read_text()
            return found if len(found) >= times else []

        found: list[dict[str, Any]] = until(enough, f"it never said {what!r}:\n{self._log.read_text()}")
        return found[-1]

    def listens(self) -> None:
        """Waits until it has partitions."""
        self.says("partitions assigned")

    def freeze(self) -> None:
        """As a virtual machine that is moved. It has come to a stop, every thread of it, when this returns."""
        self.process.send_signal(signal.SIGSTOP)
        until(lambda: os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG) is not None)

    def thaw(self) -> None:
        """It goes on where it was."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a power cut."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """As a supervisor would; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Holds the store's write lock: whoever wants to write waits."""
    with closing(sqlite3.connect(store, isolation_level=None, timeout=60)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def offsets(store: Place) -> dict[int, int]:
    """How far each partition is taken in, by the store."""
    return dict(select(store, "SELECT part, position FROM intake"))


def recorded(store: Place) -> int:
    """Facts in the store."""
    return int(select(store, "SELECT COUNT(*) FROM facts")[0][0])


def relayed(store: Place) -> int:
    """How far the history was sent on, by the store."""
    found = select(store, "SELECT position FROM relay")
    return int(found[0][0]) if found else 0


def last(store: Place) -> int:
    """The last position."""
    return int(select(store, "SELECT COALESCE(MAX(notification_id), 0) FROM stored_events")[0][0])
