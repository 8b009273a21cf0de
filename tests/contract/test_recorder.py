"""The library's own contract tests for application recorders, on every recorder of ours, with text ids.

What the library's cases leave open, and the engine relies on, is below them: positions without gaps, topics and limits
together, and more than one process's connections on one store.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent

from engine.store import postgres, sqlite
from engine.store.database import connect
from tests.servers.postgres import Databases

from .library import ApplicationRecorderTestCase

Recorder = sqlite.Recorder | postgres.Recorder
Opener = Callable[[], Recorder]


class TestSQLiteRecorder(ApplicationRecorderTestCase[ApplicationRecorder]):
    """`engine.store.sqlite`: the library's cases."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.datastore = sqlite.Datastore(str(Path(folder.name) / "store.db"))
        self.addCleanup(self.datastore.close)
        # A case of the library's tells its readers to stop and does not wait for them: a connection that is closed
        # under one of them takes the whole process along.
        self.addCleanup(join, set(threading.enumerate()))

    def create_recorder(self) -> sqlite.Recorder:
        recorder = sqlite.Recorder(self.datastore)
        recorder.create_table()
        return recorder

    def new_originator_id(self) -> str:
        return f"complaint:{uuid4()}"


class TestPostgresRecorder(ApplicationRecorderTestCase[ApplicationRecorder]):
    """`engine.store.postgres`: the library's cases."""

    @pytest.fixture(autouse=True)
    def _database(self, databases: Databases) -> Iterator[None]:
        self.url = databases.empty()
        yield
        databases.drop(self.url)

    def setUp(self) -> None:
        self.datastore = postgres.Datastore(self.url, "public")
        self.addCleanup(self.datastore.close)

    def create_recorder(self) -> postgres.Recorder:
        recorder = postgres.Recorder(self.datastore)
        recorder.create_table()
        return recorder

    def new_originator_id(self) -> str:
        return f"complaint:{uuid4()}"

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


def join(before: set[threading.Thread]) -> None:
    """Waits for the threads that were started since."""
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=60)


def event(stream: str, version: int, topic: str = "complaint.filed") -> StoredEvent:
    return StoredEvent(stream, version, topic, b"{}")


@pytest.fixture(params=["sqlite", "postgres"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one store as often as it is asked to."""
    opened: list[sqlite.Datastore | postgres.Datastore] = []
    databases: Databases | None = None if request.param == "sqlite" else request.getfixturevalue("databases")
    url = "" if databases is None else databases.empty()
    if request.param == "sqlite":

        def open_file() -> Recorder:
            datastore = sqlite.Datastore(str(tmp_path / "store.db"))
            opened.append(datastore)
            return sqlite.Recorder(datastore)

        yield open_file
    else:

        def open_database() -> Recorder:
            datastore = postgres.Datastore(url, "public")
            opened.append(datastore)
            return postgres.Recorder(datastore)

        yield open_database
    for datastore in opened:
        datastore.close()
    if databases is not None:
        databases.drop(url)


@pytest.fixture
def recorder(opener: Opener) -> Recorder:
    made = opener()
    made.create_table()
    return made


@contextmanager
def new_file(folder: Path) -> Iterator[sqlite.Recorder]:
    datastore = sqlite.Datastore(str(folder / "store.db"))
    made = sqlite.Recorder(datastore)
    made.create_table()
    yield made
    datastore.close()


def positions(recorder: Recorder, most: int = 100) -> list[int]:
    return [notification.id for notification in recorder.select_notifications(None, most)]


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


def test_one_store_may_be_open_many_times(recorder: Recorder, opener: Opener) -> None:
    again = opener()
    again.create_table()
    assert recorder.max_notification_id() is None
    assert again.insert_events([event("complaint:a", 1)]) == [1]
    assert recorder.insert_events([event("complaint:a", 2)]) == [2]
    with pytest.raises(IntegrityError):
        again.insert_events([event("complaint:a", 2)])
    assert positions(again) == positions(recorder) == [1, 2]


def test_no_reader_ever_misses_a_position_while_several_write(opener: Opener) -> None:
    opener().create_table()
    missed: list[tuple[int, ...]] = []
    done = threading.Event()

    def write(who: int) -> None:
        own = opener()
        for version in range(1, 61):
            if version % 5 == 0:  # it fails, and what it had begun is taken back
                with pytest.raises(IntegrityError):
                    own.insert_events([event(f"complaint:{who}", 1000 + version), event(f"complaint:{who}", 1)])
            own.insert_events([event(f"complaint:{who}", version)])

    def read() -> None:
        own, seen = opener(), 0
        while True:
            last = done.is_set()
            found = [row.id for row in own.select_notifications(seen, 50, inclusive_of_start=False)]
            if found != list(range(seen + 1, seen + 1 + len(found))):
                missed.append((seen, *found))
            seen += len(found)
            if last and not found:
                break
        assert seen == 180

    writers = [threading.Thread(target=write, args=(who,)) for who in range(3)]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert not missed
    assert positions(opener(), 1000) == list(range(1, 181))


def test_commits_last_and_readers_wait_for_nobody(tmp_path: Path) -> None:
    with new_file(tmp_path) as recorder, recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == 2  # FULL
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


def test_commits_last_on_a_database_whose_default_is_that_they_do_not(databases: Databases) -> None:
    url = databases.empty()
    with psycopg.connect(url, autocommit=True) as connection:
        name = databases.name(url)
        connection.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET synchronous_commit = off".encode())
    with connect(url) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    databases.drop(url)


def test_the_database_functions_of_the_library_are_never_used(databases: Databases) -> None:
    """Readers would miss events (architecture.md §4)."""
    url = databases.store()
    datastore = postgres.Datastore(url, "public")
    assert not datastore.enable_db_functions
    datastore.close()
    with connect(url) as connection:
        names = connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace").fetchall()
    assert names == [("stored_events_told_v1",)]
    databases.drop(url)


def test_a_subscription_is_not_offered_on_a_file(tmp_path: Path) -> None:
    with new_file(tmp_path) as recorder, pytest.raises(NotImplementedError):
        recorder.subscribe()


def test_both_stores_have_the_same_tables_and_columns(tmp_path: Path, databases: Databases) -> None:
    """Apart from what only one of them needs."""
    with new_file(tmp_path) as recorder, recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid"
        )
        file = {tuple(row) for row in cursor.fetchall()}
    url = databases.store()
    with connect(url) as connection:
        database = set(
            connection.execute(
                "SELECT table_name::text, column_name::text FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            ).fetchall()
        )
    databases.drop(url)
    only = {("facts", "ref"), ("held", "ref"), ("positions", "one"), ("positions", "last")}
    assert {pair for pair in database if pair[0] != "stilldown_migrations"} == file | only
