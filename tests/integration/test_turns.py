"""Whoever waits for the write lock of a file gets it after the transaction that runs, however busy another is."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from engine.store import turns
from engine.store.opening import open_store
from engine.store.transactions import writing
from tests.integration.engines import engine


def store(tmp_path: Path) -> str:
    with engine(tmp_path / "a.db"):
        return f"sqlite:///{tmp_path}/a.db"


def test_a_process_that_writes_without_a_pause_lets_in_whoever_waits(tmp_path: Path) -> None:
    url = store(tmp_path)
    written, stop = [0], threading.Event()

    def busy() -> None:
        mine = open_store(url, writes=True)
        while not stop.is_set():
            with writing(mine):
                time.sleep(0.003)
            written[0] += 1
        mine.close()

    thread = threading.Thread(target=busy)
    thread.start()
    waited = []
    own = open_store(url, writes=True)
    while written[0] < 3:
        time.sleep(0.001)
    for _ in range(20):
        before = written[0]
        with writing(own):
            waited.append(written[0] - before)
        time.sleep(0.004)
    stop.set()
    thread.join()
    own.close()
    assert max(waited) <= 2, "the transaction that ran, and one whose turn it was already"


def test_a_turn_that_is_not_given_back_holds_up_nobody_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "COURTESY", 0.05)
    url = store(tmp_path)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    began = time.monotonic()
    own = open_store(url, writes=True)
    with writing(own) as unit:
        assert unit.last_position() == 0
    own.close()
    os.close(folder)
    assert 0.04 < time.monotonic() - began < 10


def test_a_folder_that_cannot_be_locked_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: int, _how: int) -> None:
        raise OSError("not here")

    url = store(tmp_path)
    monkeypatch.setattr(fcntl, "flock", refuse)
    own = open_store(url, writes=True)
    with writing(own) as unit:
        assert unit.last_position() == 0
    own.close()


def test_a_turnstile_leaves_nothing_behind(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    url = store(tmp_path)
    own = open_store(url, writes=True)
    with writing(own):
        pass
    own.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert len(list(Path("/dev/fd").iterdir())) <= before
