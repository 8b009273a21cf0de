"""The library's own contract tests for application recorders, on every recorder of ours, with text ids.

What the library's cases leave open, and the engine relies on, is below them: positions without gaps, topics and limits
together, and more than one process's connections on one file.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent

from engine.store.sqlite import Datastore, Recorder

from .library import ApplicationRecorderTestCase


class TestSQLiteRecorder(ApplicationRecorderTestCase[ApplicationRecorder]):
    """`engine.store.sqlite`: the library's cases."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.datastore = Datastore(str(Path(folder.name) / "store.db"))
        self.addCleanup(self.datastore.close)
        # A case of the library's tells its readers to stop and does not wait for them: a connection that is closed
        # under one of them takes the whole process along.
        self.addCleanup(join, set(threading.enumerate()))

    def create_recorder(self) -> Recorder:
        recorder = Recorder(self.datastore)
        recorder.create_table()
        return recorder

    def new_originator_id(self) -> str:
        return f"complaint:{uuid4()}"


def join(before: set[threading.Thread]) -> None:
    """Waits for the threads that were started since."""
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)


def event(stream: str, version: int, topic: str = "complaint.filed") -> StoredEvent:
    return StoredEvent(stream, version, topic, b"{}")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


@pytest.fixture
def recorder(path: str) -> Iterator[Recorder]:
    datastore = Datastore(path)
    made = Recorder(datastore)
    made.create_table()
    yield made
    datastore.close()


def positions(recorder: Recorder) -> list[int]:
    return [notification.id for notification in recorder.select_notifications(None, 100)]


def test_an_append_that_fails_leaves_no_gap_in_the_positions(recorder: Recorder) -> None:
    recorder.insert_events([event("complaint:a", 1)])
    for _ in range(3):
        with pytest.raises(IntegrityError):
            recorder.insert_events([event("complaint:b", 1), event("complaint:a", 1)])
    assert recorder.insert_events([event("complaint:b", 1), event("complaint:b", 2)]) == [2, 3]
    assert positions(recorder) == [1, 2, 3]


def test_a_position_is_never_given_again(recorder: Recorder) -> None:
    recorder.insert_events([event("complaint:a", 1), event("complaint:a", 2)])
    with recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("DELETE FROM stored_events WHERE notification_id = 2")  # which the engine never does
    assert recorder.insert_events([event("complaint:a", 3)]) == [3]


def test_topics_limits_starts_and_stops_go_together(recorder: Recorder) -> None:
    recorder.insert_events([event("service:s", n, "service.up" if n % 2 else "service.down") for n in range(1, 9)])

    def found(start: int | None, limit: int, stop: int | None, *, inclusive: bool) -> list[int]:
        rows = recorder.select_notifications(start, limit, stop, ["service.up"], inclusive_of_start=inclusive)
        return [row.id for row in rows]

    assert found(None, 10, None, inclusive=True) == [1, 3, 5, 7]
    assert found(3, 10, 6, inclusive=True) == [3, 5]
    assert found(3, 10, 6, inclusive=False) == [5]
    assert found(1, 2, None, inclusive=False) == [3, 5]
    assert found(None, 10, 2, inclusive=True) == [1]
    assert found(9, 10, None, inclusive=True) == []


def test_ids_are_text_and_come_back_as_they_were(recorder: Recorder) -> None:
    streams = ["complaint:" + "x" * 118, "service:complaint:C-1", f"person:{'Zoë 😀'}", "agreement:a", str(uuid4())]
    recorder.insert_events([event(stream, 1) for stream in streams])
    assert [row.originator_id for row in recorder.select_notifications(None, 10)] == streams
    for stream in streams:
        assert [row.originator_id for row in recorder.select_events(stream)] == [stream]


def test_making_the_tables_again_changes_nothing(recorder: Recorder) -> None:
    recorder.insert_events([event("complaint:a", 1)])
    recorder.create_table()
    assert recorder.insert_events([event("complaint:a", 2)]) == [2]


def test_one_file_may_be_open_many_times(recorder: Recorder, path: str) -> None:
    other = Datastore(path)
    try:
        again = Recorder(other)
        again.create_table()
        assert recorder.max_notification_id() is None
        assert again.insert_events([event("complaint:a", 1)]) == [1]
        assert recorder.insert_events([event("complaint:a", 2)]) == [2]
        with pytest.raises(IntegrityError):
            again.insert_events([event("complaint:a", 2)])
        assert positions(again) == positions(recorder) == [1, 2]
    finally:
        other.close()


def test_commits_last_and_readers_wait_for_nobody(recorder: Recorder) -> None:
    with recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == 2  # FULL
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


def test_a_subscription_is_not_offered(recorder: Recorder) -> None:
    with pytest.raises(NotImplementedError):
        recorder.subscribe()
