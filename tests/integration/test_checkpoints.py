"""SQLite's log is moved into the file beside the writing, and nothing rests on it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.ahead import Ahead
from engine.store import checkpoints
from engine.store.sqlite import LOG_PAGES
from tests.integration import workload
from tests.integration.engines import engine
from tests.integration.facts import check_sound, everything
from tests.integration.ingesting import in_order
from tests.integration.test_streaming import parts

THREAD = "stilldown-checkpoints"
BODIES = in_order(workload.mixed(5, 60))


def streamed(file: Path) -> tuple[int, set[str], int]:
    """Bytes that were in the file itself before the store was let go of, threads that ran, and the log's bound then."""
    ran: set[str] = set()
    with (
        engine(file) as taking,
        closing(Ahead(parts(BODIES, 20))) as made,
        closing(taking.stream(made, mode="event")) as s,
    ):
        for _ in s:
            ran |= {thread.name for thread in threading.enumerate()}
        (bound,) = taking._store.connection.execute("PRAGMA wal_autocheckpoint").fetchone()
        return file.stat().st_size, ran, bound


def test_what_is_committed_is_moved_into_the_file_while_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, ran, bound = streamed(tmp_path / "a.db")
    assert (THREAD in ran, bound) == (False, LOG_PAGES)  # too little for a thread
    monkeypatch.setattr(checkpoints, "EVERY", 100)
    large, ran, bound = streamed(tmp_path / "b.db")
    assert (THREAD in ran, bound) == (True, LOG_PAGES)
    assert large > 2 * small
    assert everything(tmp_path / "a.db") == everything(tmp_path / "b.db")
    check_sound(tmp_path / "b.db")
    assert THREAD not in {thread.name for thread in threading.enumerate()}


def test_meanwhile_who_commits_moves_only_a_log_that_has_grown_long(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:

        def bound() -> int:
            return int(connection.execute("PRAGMA wal_autocheckpoint").fetchone()[0])

        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (n)")
        moving = checkpoints.Checkpoints(connection, 7)
        moving.committed()
        assert bound() not in {7, checkpoints.LONGEST}  # nobody has touched it
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(checkpoints.EVERY)])
        moving.committed()
        assert bound() == checkpoints.LONGEST
        moving.close()
        assert bound() == 7


def test_a_log_that_cannot_be_moved_costs_nothing_but_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def move(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    streamed(tmp_path / "a.db")
    monkeypatch.setattr(checkpoints, "EVERY", 100)
    monkeypatch.setattr(checkpoints, "_move", move)
    with capture_logs() as logs:
        _, _, bound = streamed(tmp_path / "b.db")
    assert [(log["log_level"], log["event"]) for log in logs] == [
        ("warning", "who commits moves the log of the store, as no thread can")
    ]
    assert bound == LOG_PAGES
    monkeypatch.undo()
    assert everything(tmp_path / "a.db") == everything(tmp_path / "b.db")


def test_nor_does_a_machine_on_which_no_thread_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        if self.name == THREAD:
            raise RuntimeError("can't start new thread")
        begin(self)

    begin = threading.Thread.start
    monkeypatch.setattr(checkpoints, "EVERY", 100)
    monkeypatch.setattr(threading.Thread, "start", start)
    with capture_logs() as logs:
        streamed(tmp_path / "a.db")
    assert [log["log_level"] for log in logs] == ["warning"]
    check_sound(tmp_path / "a.db")


def test_whoever_reads_an_older_state_goes_on_reading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 100)
    with engine(tmp_path / "a.db"), closing(sqlite3.connect(tmp_path / "a.db")) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT COUNT(*) FROM stored_events").fetchone()
        streamed(tmp_path / "a.db")
        assert reader.execute("SELECT COUNT(*) FROM stored_events").fetchone() == before
    check_sound(tmp_path / "a.db")
