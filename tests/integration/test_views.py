"""Views beside a real store: killed, raced, poisoned, rebuilt; each on both databases."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contracts.recorded import Recorded
from engine.complaint import CLOSED, OPEN, WITHDRAWN
from ops.feeding import StoreFeed
from ops.recounting import Recounter
from ops.viewing import Views, views_url
from ops.words import ENDED_BY
from projections.asking import Question, ask
from projections.errors import MovedError, PoisonError
from projections.folding import Fold
from projections.projector import Poison, Projector
from projections.rebuild import rebuild
from projections.store import opening
from projections.store.database import Database
from projections.store.opening import open_database
from projections.store.shown import SHOWN
from projections.tables import ALL
from projections.views.columns import values_of
from tests.integration import workload
from tests.integration.engines import engine
from tests.integration.facts import us
from tests.integration.stores import Place, Stores, change, select, url_of

WORKER = """
import sys
from ops.viewing import opened

def until():
    print(flush=True)
    return not sys.stdin.buffer.read(1)

with opened(sys.argv[1]) as views:
    views.projector.catch_up(views.feed, limit=3, until=until)
"""
"""It takes a page of three events for each byte it reads, and says a line before each."""
ROOT = Path(__file__).parents[2]
LATER = us(400 * 24 * 60)


@pytest.fixture
def place(stores: Stores) -> Place:
    """A store with a mixed history of some complaints."""
    made = stores / "store.db"
    with engine(made) as taking:
        bodies = workload.arrivals(7, workload.lives(7, 60))
        for n in range(0, len(bodies), 50):
            taking.take(bodies[n : n + 50], mode="wall")
    return made


@contextmanager
def database_of(place: Place) -> Iterator[Database]:
    opened = open_database(views_url(url_of(place)))
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def feed_of(place: Place) -> Iterator[StoreFeed]:
    feed = StoreFeed(url_of(place))
    try:
        yield feed
    finally:
        feed.close()


def everything(database: Database, generation: int) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with database.reading() as cursor:
        return {t.name: sorted(map(repr, cursor.rows(f"SELECT * FROM {t.named(generation)}"))) for t in ALL}


def rows(database: Database, generation: int, view: str) -> list[dict[str, Any]]:
    return list(ask(database, generation, Recounter, Question(view, LATER, LATER)))


def test_pages_of_any_size_make_the_same_tables(place: Place) -> None:
    found = []
    with database_of(place) as database, feed_of(place) as feed:
        live = Projector(database)
        live.catch_up(feed, limit=500)
        found.append(everything(database, live.generation))
        for size in (1, 7):
            with database.writing() as cursor:
                generation = opening.make(cursor, ALL)
            Projector(database, generation=generation, strict=True).catch_up(feed, limit=size)
            found.append(everything(database, generation))
    for tables in found:
        tables["positions"] = []
    assert found[0] == found[1] == found[2]
    assert all(found[0][name] for name in ("events", "complaints", "outages", "claims"))


def test_of_two_workers_that_took_one_page_one_gets_through(place: Place) -> None:
    with database_of(place) as one, database_of(place) as other, feed_of(place) as feed:
        first, second = Projector(one), Projector(other)
        standing = second.standing(0)
        page = feed.page(0, 0, 40)
        assert page is not None
        after = first.take(page, first.standing(0))
        with pytest.raises(MovedError):
            second.take(page, standing)
        assert second.standing(0) == after
        assert len(everything(one, first.generation)["events"]) <= 40
        second.catch_up(feed)
        assert first.standing(0) == second.standing(0)
        assert first.standing(0).position == feed.last()


def test_an_event_that_cannot_be_read_parks_its_own_service_and_nobody_elses(place: Place) -> None:
    position, service = select(
        place,
        "SELECT s.notification_id, s.originator_id FROM stored_events s WHERE s.topic = 'outage.started'"
        " ORDER BY s.notification_id LIMIT 1",
    )[0]
    name = service.partition(":")[2]
    alarms: list[Poison] = []
    with database_of(place) as database, feed_of(place) as feed:
        whole = Projector(database)
        whole.catch_up(feed)
        sound = rows(database, whole.generation, "downtime")
        about = {row["complaint"] for row in rows(database, whole.generation, "complaints") if row["service"] == name}
    change(
        place,
        "UPDATE stored_events SET state = ? WHERE notification_id = ?",
        f'{{"service": "{name}", "data": 7}}'.encode(),
        position,
    )
    with database_of(place) as database, feed_of(place) as feed:
        with database.writing() as cursor:
            generation = opening.make(cursor, ALL)
        projector = Projector(database, generation=generation, alarm=alarms.append)
        projector.catch_up(feed, limit=50)
        assert projector.standing(0).position == feed.last()
        assert [(poison.service, poison.position) for poison in alarms] == [(name, position)]
        assert "data" in alarms[0].reason or "time" in alarms[0].reason
        assert rows(database, generation, "downtime") == [row for row in sound if row["service"] != name]
        with database.reading() as cursor:
            parked = cursor.rows(f"SELECT service, position FROM parked_1_{generation}")
            late = cursor.rows(f"SELECT COUNT(*) FROM events_1_{generation} WHERE service = ?", (name,))
        assert [tuple(row) for row in parked] == [(name, position)]
        assert late[0][0] < position
        kept = {row["complaint"] for row in rows(database, generation, "complaints")}
        assert kept >= {row["complaint"] for row in rows(database, whole.generation, "complaints")} - about
        with pytest.raises(PoisonError, match=str(position)):
            rebuild(database, feed, Recounter, ["downtime"], at=LATER)
        assert Projector(database).generation == whole.generation


class Forgetful(Fold):
    """Another handler: it knows no refusal."""

    def apply(self, position: int, event: Recorded) -> None:
        if event.type != "closure.refused":
            super().apply(position, event)


def test_a_check_notices_that_a_handler_was_another(place: Place) -> None:
    with database_of(place) as database, feed_of(place) as feed:
        Projector(database, fold=Forgetful).catch_up(feed)
        checked = rebuild(database, feed, Recounter, ["complaints", "sla"], at=LATER, check=True)
        before = Projector(database).generation
        again = rebuild(database, feed, Recounter, ["handovers"], at=LATER)
        now = Projector(database).generation
        same = rebuild(database, feed, Recounter, ["handovers", "complaints", "downtime"], at=LATER, check=True)
    assert {difference.where for difference in checked.differences} == {"complaints", "table complaints"}
    assert not checked.switched
    assert again.switched
    assert (before, now > before) == (1, True)
    assert same.differences == []


def test_a_worker_goes_on_with_the_tables_that_a_rebuild_has_switched_to(place: Place) -> None:
    with database_of(place) as database, database_of(place) as other, feed_of(place) as feed:
        worker = Projector(other)
        worker.catch_up(feed)
        rebuild(database, feed, Recounter, ["sla"], at=LATER)
        with engine(place) as taking:
            taking.take(workload.lives(8, 5, source="/later", prefix="later"), mode="wall")
        worker.catch_up(feed)
        assert worker.generation == Projector(database).generation > 1
        assert worker.standing(0).position == feed.last()


def test_a_worker_with_nothing_to_do_outlives_rebuilds_that_take_its_tables_away(place: Place) -> None:
    with database_of(place) as database, database_of(place) as other, feed_of(place) as feed:
        worker = Projector(other)
        worker.catch_up(feed)
        before = worker.standing(0)
        for _ in range(2):
            rebuild(database, feed, Recounter, ["sla"], at=LATER)
            assert (worker.last(), worker.standing(0), worker.standings()) == (feed.last(), before, {0: before})
            assert (worker.parked(), worker.is_fed_by_kafka(), worker.catch_up(feed)) == (0, False, 0)
        assert worker.generation == Projector(database).generation


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(place: Place) -> None:
    random = Random(3)
    command = [sys.executable, "-c", WORKER, url_of(place)]
    for _ in range(12):
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(b"." * 8)  # no more than that, however quick it is
            for _ in range(random.randrange(1, 8)):
                assert worker.stdout.readline() == b"\n"
            time.sleep(random.random() * 0.003)
            worker.kill()
            assert worker.wait(60) == -signal.SIGKILL
    with database_of(place) as database, feed_of(place) as feed:
        assert 0 < Projector(database).last() < feed.last()
    with database_of(place) as database, feed_of(place) as feed:
        projector = Projector(database)
        projector.catch_up(feed)
        found = everything(database, projector.generation)
        with database.writing() as cursor:
            generation = opening.make(cursor, ALL)
        Projector(database, generation=generation).catch_up(feed)
        wanted = everything(database, generation)
    wanted["positions"] = found["positions"] = []
    assert found == wanted


def test_views_in_a_file_of_ours_that_are_of_another_store_are_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    for prefix in ("one", "two"):
        path.unlink(missing_ok=True)
        for end in ("-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        with engine(path) as taking:
            taking.take(workload.lives(7, 10, prefix=prefix), mode="wall")
        with Views(url_of(path)) as views:
            views.catch_up()
            named = [row["complaint"] for row in views.ask(Question("complaints", LATER, LATER))]
        assert named
        assert all(name.startswith(prefix) for name in named)


def test_what_can_be_asked_for_is_what_the_engine_can_say() -> None:
    assert values_of("complaints", "status") == (OPEN, CLOSED, WITHDRAWN)
    assert set(values_of("downtime", "ended_by")) == set(ENDED_BY)


def documented() -> list[str]:
    """The SQL in docs/dashboards.md, a statement each."""
    blocks = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "dashboards.md").read_text(), re.DOTALL)
    return [statement for block in blocks for statement in block.split(";") if statement.strip()]


def test_the_sql_of_the_documentation_runs_and_finds_something(place: Place) -> None:
    with database_of(place) as database, feed_of(place) as feed:
        Projector(database).catch_up(feed)
        found = 0
        for statement in documented():
            if database.dialect == "postgres" or "PostgreSQL" not in statement:
                with database.reading() as cursor:
                    found += len(cursor.rows(statement))
    assert len(documented()) == 5
    assert found


def test_the_documentation_names_every_column_that_sql_shows(place: Place) -> None:
    text = (ROOT / "docs" / "dashboards.md").read_text()
    with database_of(place) as database:
        Projector(database)
        for table in (*(shown.name for shown in SHOWN), "parked"):
            with database.reading() as cursor:
                if database.dialect == "postgres":
                    columns = cursor.rows(
                        "SELECT column_name FROM information_schema.columns WHERE table_name = ?"
                        " ORDER BY ordinal_position",
                        (table,),
                    )
                else:
                    columns = cursor.rows(f"SELECT name FROM pragma_table_info('{table}')")
            names = " ".join(row[0] for row in columns)
            assert re.search(rf"^\| `{table}` \| `{names}`", text, re.MULTILINE), (table, names)
