"""What only a database does: it goes away, it is restarted, others hold its lock, its tables are of another version."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from contracts.agreements import parse
from engine.intake import Engine
from engine.keeping import Keeper
from engine.outbox import Outbox
from engine.reading import Reader
from engine.store import database, migrating
from engine.store.database import SETTINGS, connect
from engine.store.errors import (
    AccessError,
    NotAStoreError,
    StoreAwayError,
    StoreBusyError,
    StoreError,
)
from engine.store.migrating import POST, PRE, Migration, migrate, migrations, standing
from engine.store.opening import inspect
from engine.store.postgres_unit import LOCK
from engine.taken import Result, Taken
from engine.verify import verify
from tests.integration.engines import Machine, engine, record, take
from tests.integration.facts import STANDARD, check_sound, dead, down, everything, filed, ids, one, rows, up, us
from tests.integration.stores import Database, change, session_of
from tests.servers.postgres import Databases
from tools.postgres import Server, temporary


@pytest.fixture
def place(databases: Databases) -> Iterator[Database]:
    made = Database(databases.store())
    yield made
    databases.drop(made.url)


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    url = databases.empty()
    yield url
    databases.drop(url)


# ---------------------------------------------------------------------- away and back


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server that is stopped and started."""
    with temporary(durable=False) as started:
        yield started


def test_a_restart_fails_the_next_batch_plainly_and_the_engine_goes_on_after_it(own: Server) -> None:
    place = Database(own.url())
    with engine(place) as taking:
        record(taking, filed("f", "C1", 0))
        own.stop("immediate")  # as a crash
        for _ in range(2):
            with pytest.raises(StoreAwayError) as raised:
                take(taking, down("d", "S1", 1))
            assert raised.value.retriable
            assert "\n" not in str(raised.value)
        own.start()
        record(taking, down("d", "S1", 1))
    assert ids(place) == ["f", "d"]
    check_sound(place)


def test_a_database_that_goes_away_within_a_batch_has_nothing_of_it(place: Database) -> None:
    class Cut(Engine):
        cut = False

        def _save(self, results: list[Result], *, more: bool = False) -> Taken:
            if self.cut:
                self.cut = False
                pid = session_of(self).info.backend_pid
                assert one(place, "SELECT pg_terminate_backend(?)", pid)
            return super()._save(results, more=more)

    with engine(place, kind=Cut) as taking:
        record(taking, filed("f", "C1", 0, service="S1"))
        before = everything(place)
        taking.cut = True
        with pytest.raises(StoreAwayError, match="nothing of this was recorded"):
            taking.take([down("d", "S1", 1), b"nonsense"], positions=[("feed", 0, 2)])
        assert everything(place) == before
        record(taking, down("d", "S1", 1))
    check_sound(place)


def test_a_reader_whose_connection_was_lost_makes_another(place: Database) -> None:
    with engine(place) as taking:
        record(taking, filed("f", "C1", 0))
    reader = Reader(place.url)
    change(place, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(StoreAwayError):
        reader.show("C1", at=us(10), known_at=us(10**6))
    assert reader.show("C1", at=us(10), known_at=us(10**6))["status"] == "open"
    reader.close()


def test_who_waits_for_the_lock_for_too_long_is_told_so_and_may_try_again(
    place: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "lock_timeout", "100ms")
    with engine(place) as waiting, psycopg.connect(place.url) as other:
        other.execute(LOCK.encode())
        with pytest.raises(StoreBusyError, match="lock") as raised:
            take(waiting, filed("f", "C1", 0))
        assert raised.value.retriable
        other.rollback()
        record(waiting, filed("f", "C1", 0))


def test_an_engine_that_hangs_in_a_batch_lets_others_go_on(place: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "idle_in_transaction_session_timeout", "200ms")

    class Hanging(Engine):
        def _save(self, results: list[Result], *, more: bool = False) -> Taken:
            time.sleep(1)
            return super()._save(results, more=more)

    with engine(place, terms="") as other, engine(place, terms="", kind=Hanging) as hanging:
        failed: list[BaseException] = []

        def hang() -> None:
            try:
                take(hanging, filed("h", "C1", 0))
            except StoreAwayError as error:
                failed.append(error)

        thread = threading.Thread(target=hang)
        thread.start()
        time.sleep(0.1)
        record(other, filed("f", "C2", 0))
        thread.join()
        assert len(failed) == 1
    assert ids(place) == ["f"]


def test_a_relay_notes_its_place_while_a_batch_is_under_way(place: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine(place) as taking:
        record(taking, filed("f", "C1", 0), down("d", "S1", 1))
    monkeypatch.setitem(SETTINGS, "lock_timeout", "1s")
    with closing(Outbox(place.url, "one", 10)) as relay, connect(place.url) as busy:
        lease = relay.seize()
        assert lease is not None
        busy.execute(f"BEGIN; {LOCK}")
        with pytest.raises(StoreBusyError):
            relay.hold(lease.epoch)
        assert relay.move(lease.epoch, 2)
        assert not relay.move(lease.epoch - 1, 3)
        busy.execute("ROLLBACK")
        held = relay.hold(lease.epoch)
        assert held is not None
        assert held.position == 2


def test_two_stores_in_one_database_do_not_wait_for_each_other(place: Database) -> None:
    change(place, "CREATE SCHEMA other")
    other = Database(f"{place.url}&options=-csearch_path%3Dother")
    with engine(place) as first, engine(other) as second, psycopg.connect(place.url) as holding:
        holding.execute(LOCK.encode())
        record(second, filed("f", "C1", 0))
        holding.rollback()
        record(first, filed("f", "C1", 0), down("d", "S1", 1))
    assert (ids(place), ids(other)) == (["f", "d"], ["f"])
    check_sound(other)


# ---------------------------------------------------------------------- what a database is not, as a file is not


def test_text_that_postgres_cannot_hold_is_a_dead_letter_like_any_other(place: Database) -> None:
    body = b'{"specversion":"1.0","id":"a\\u0000b","source":"/s","type":"service.down","subject":"S","time":"x"}'
    with engine(place) as taking:
        assert take(taking, body, down("d", "S1", 1)) == ["dead", "recorded"]
    assert [letter for _, _, letter in dead(place)] == [body]
    assert rows(place, "SELECT id FROM dead") == [("a\ufffdb",)]


def test_a_fact_may_be_named_at_the_greatest_length(place: Database) -> None:
    """An index of PostgreSQL takes 2,704 bytes; source and id may have 8,192."""
    source, name = ("".join(chr(0x1F300 + (n * 37 + k) % 700) for n in range(1024)) for k in (0, 5))
    with engine(place) as taking:
        held = filed("g", "C9", 5, source=source[:-1] + "g")
        assert take(taking, filed(name, "C1", 0, source=source), held) == ["recorded"] * 2
        early = down(name[:-1] + "e", "S1", 100 * 24 * 60 + 4, source=source)
        assert take(taking, early, filed(name, "C1", 0, source=source)) == ["held", "duplicate"]
        assert take(taking, early) == ["duplicate"]
    with Keeper(place.url) as keeper:
        assert [row.source for row in keeper.waiting()] == [source]
    assert verify(place.url).problem is None


def test_the_databases_clock_is_the_engines_and_never_goes_back(place: Database) -> None:
    opened = Engine(place.url)
    before = one(place, "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint")
    record(opened, filed("f", "C1", 0))
    after = one(place, "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint")
    ahead = after + 10**9
    change(place, "UPDATE clock SET recorded_at = ?", ahead)
    record(opened, down("d", "S1", 1))
    opened.close()
    moments = [event.recorded_at for event in check_sound(place) if event.is_fact]
    assert before <= moments[0] <= after
    assert moments[1] == ahead


def test_positions_that_are_missing_at_the_end_are_missed_too(place: Database) -> None:
    with engine(place, terms="") as taking:
        record(taking, filed("f", "C1", 0), up("u", "S1", 1))
    last = one(place, "SELECT MAX(notification_id) FROM stored_events")
    change(place, "DELETE FROM stored_events WHERE notification_id = ?", last)
    change(place, "DELETE FROM facts WHERE id = 'u'")
    problem = verify(place.url).problem
    assert problem is not None
    assert problem.what == f"positions {last} to {last} are missing"


def test_an_engine_on_a_store_that_was_put_back_to_an_older_state_forgets_what_it_remembered(place: Database) -> None:
    with engine(place, terms="") as taking:
        record(taking, filed("f", "C1", 0, service="S1"))
        saved = one(place, "SELECT last FROM positions")
        record(taking, down("d", "S1", 1), down("e", "S2", 1))
        change(place, "DELETE FROM stored_events WHERE notification_id > ?", saved)
        change(place, "DELETE FROM facts WHERE id IN ('d', 'e')")
        change(place, "UPDATE positions SET last = ?", saved)
        record(taking, down("d", "S1", 1))
    check_sound(place)


# ---------------------------------------------------------------------- versions of the tables


NEXT = migrations()[-1].version + 1
LATER = [
    *migrations(),
    Migration(NEXT, PRE, "wider", "ALTER TABLE intake ADD COLUMN more TEXT"),
    Migration(NEXT, POST, "wider", "ALTER TABLE intake DROP COLUMN part"),
]


def test_old_and_new_workers_run_side_by_side_between_the_two_parts_of_a_migration(
    place: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(place.url) as connection:
        with pytest.raises(StoreError, match=f"of an older version .* `stilldown migrate` upgrades it to {NEXT}"):
            standing(connection, "it", LATER)
        assert [(one.version, one.part) for one in migrate(connection, "it", LATER, finish=False)] == [(NEXT, PRE)]
        assert standing(connection, "it", LATER) == NEXT
        with engine(place) as old:
            old.take([filed("f", "C1", 0)], positions=[("feed", 0, 1)])
        assert [one.part for one in migrate(connection, "it", LATER, finish=True)] == [POST]
        assert migrate(connection, "it", LATER, finish=True) == []
    with pytest.raises(StoreError, match=f"made by a newer version of stilldown \\({NEXT}\\)"):
        Engine(place.url)
    with pytest.raises(StoreError, match="made by a newer version"):
        Reader(place.url)
    with pytest.raises(StoreError, match="made by a newer version"):
        database.migrate(place.url)


def test_a_worker_of_a_newer_version_upgrades_nothing_by_the_way(
    place: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "migrations", lambda: LATER)
    with pytest.raises(StoreError, match="`stilldown migrate` upgrades it"):
        Engine(place.url)
    assert database.migrate(place.url).done == (f"{NEXT:04} wider (pre)", f"{NEXT:04} wider (post)")


def test_a_migration_that_fails_leaves_nothing_of_itself(empty: str) -> None:
    broken = [*migrations(), Migration(NEXT, PRE, "broken", "CREATE TABLE more (id INT); SELECT nonsense")]
    with connect(empty) as connection:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            migrate(connection, "it", broken, finish=True)
        assert standing(connection, "it", broken) is None
        assert connection.execute("SELECT to_regclass('stored_events'), to_regclass('more')").fetchone() == (None, None)


def test_tables_are_made_once_though_several_start_at_once(empty: str) -> None:
    found: list[object] = []

    def start(who: int) -> None:
        try:
            opened = Engine(empty, clock=Machine())
            opened.publish(parse(STANDARD))
            found.extend(take(opened, filed(f"f{who}", f"C{who}", 0)))
            opened.close()
        except StoreError as error:
            found.append(error)

    threads = [threading.Thread(target=start, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["recorded"] * 6
    assert sorted(ids(Database(empty))) == [f"f{who}" for who in range(6)]
    check_sound(Database(empty))


def test_somebody_elses_tables_are_left_alone(empty: str) -> None:
    change(Database(empty), "CREATE TABLE stored_events (originator_id TEXT)")
    for attempt in (inspect, Engine, database.migrate):
        with pytest.raises(NotAStoreError, match="stored_events is there, and is not stilldown's"):
            attempt(empty)


def test_who_may_not_make_tables_is_told_so(databases: Databases, empty: str) -> None:
    change(Database(empty), "DROP ROLE IF EXISTS stilldown_reader")
    change(Database(empty), "CREATE ROLE stilldown_reader LOGIN PASSWORD 'x'")
    try:
        with pytest.raises(AccessError, match="permission denied for schema public"):
            Engine(databases.as_user(empty, "stilldown_reader", "x"))
    finally:
        change(Database(empty), "DROP ROLE stilldown_reader")
