"""Views against `show`, for random histories: now, at other moments, as known at others; on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest

from contracts.moments import SECOND, micros
from engine.reading import Reader, UnknownError
from ops.feeding import StoreFeed
from ops.recounting import Recounter
from projections.asking import Question, ask
from projections.projector import Projector
from projections.store import opening, rows
from projections.store.database import Database
from projections.store.tables import Table
from projections.tables import ALL
from projections.views.complaints import complaint_row
from tests.servers.postgres import Databases

from .comparing import Bench
from .histories import History, history

NAMES = ("C-1", "C-2", "C-3")
SEEDS = range(5_000, 5_025)
HANDING = ("handovers", "bounces", "contacts", "repeat_diagnoses")
CYCLE = ("state", "started_at", "due_at", "stopped_at", "elapsed", "paused", "breached_at")
PROMISE = ("promise", "what", "due", "kept_at", "state", "experience")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all histories: each has a generation of tables of its own."""
    if request.param == "sqlite":
        opened = opening.open_database(f"sqlite:///{tmp_path_factory.mktemp('views')}/views.db")
        yield opened
        opened.close()
        return
    databases: Databases = request.getfixturevalue("databases")
    url = databases.empty()
    opened = opening.open_database(url)
    yield opened
    opened.close()
    databases.drop(url)


def projected(database: Database, bench: Bench, *, page: int = 7) -> Projector:
    """The views of what the bench holds, in fresh tables."""
    opening.live(database, ALL)
    with database.writing() as cursor:
        generation = opening.make(cursor, ALL)
    projector = Projector(database, generation=generation, strict=True)
    feed = StoreFeed(bench.url)
    try:
        projector.catch_up(feed, limit=page)
    finally:
        feed.close()
    return projector


def asked(database: Database, projector: Projector, view: str, at: int, known_at: int) -> list[dict[str, Any]]:
    return list(ask(database, projector.generation, Recounter, Question(view, at, known_at)))


def shown(reader: Reader, at: int, known_at: int) -> list[dict[str, Any]]:
    """What `show` says of each complaint."""
    found = []
    for name in NAMES:
        try:
            found.append(reader.show(name, at=at, known_at=known_at))
        except UnknownError:
            continue
    return found


def expected(shows: list[dict[str, Any]], view: str) -> list[dict[str, Any]]:
    """The rows of a view by what `show` says."""
    if view == "complaints":
        return [complaint_row(show) for show in shows]
    if view == "handovers":
        return [{"complaint": show["complaint"], **{name: show[name] for name in HANDING}} for show in shows]
    if view == "promises":
        return [
            {"complaint": show["complaint"], **{name: row[name] for name in PROMISE}}
            for show in shows
            for row in show["promises"]
        ]
    return [
        {
            "complaint": show["complaint"],
            "clock": row["clock"],
            "cycle": row["cycle"],
            "agreement": show["agreement"],
            "agreement_version": row["agreement_version"],
            "team": show["owner"]["team"],
            **{name: row[name] for name in CYCLE},
        }
        for show in shows
        for row in show["clocks"]
    ]


def moments(told: History, r: Random) -> list[tuple[int, int]]:
    """Now; 20 moments as known now; 6 as known at others."""
    first, last = min(micros(now) for _, now in told.arrivals), micros(told.end)
    slot = 1800 * SECOND

    def some() -> int:
        return first + r.randrange(-4, max((last - first) // slot, 1) + 2) * slot + r.choice((0, 0, 0, 1, -1))

    known = [min(some(), last) for _ in range(6)]
    return [
        (last, last),
        *((some(), last) for _ in range(20)),
        *((then, then) for then in known[:3]),
        *((some(), then) for then in known[3:]),
    ]


def test_views_say_at_any_moment_what_show_says(bench: Bench, database: Database) -> None:
    compared = 0
    for seed in SEEDS:
        told = history(seed)
        bench.run(told)
        projector = projected(database, bench, page=1 + seed % 9)
        reader = Reader(bench.url)
        try:
            for at, known_at in moments(told, Random(seed)):
                shows = shown(reader, at, known_at)
                for view in ("complaints", "sla", "promises", "handovers"):
                    found = asked(database, projector, view, at, known_at)
                    assert found == expected(shows, view), (seed, view, at, known_at)
                    compared += len(found)
        finally:
            reader.close()
    assert compared > 500


# ---- the tables that people read


def table(database: Database, projector: Projector, of: Table, known_at: int) -> list[dict[str, Any]]:
    """The versions of rows that held at a moment."""
    names = list(of.columns)
    with database.reading() as cursor:
        rows = cursor.rows(
            f"SELECT {', '.join(chr(34) + name + chr(34) for name in names)} FROM {of.named(projector.generation)}"
            " WHERE recorded_from <= ? AND (recorded_to IS NULL OR recorded_to > ?)"
            f" ORDER BY {', '.join(chr(34) + name + chr(34) for name in of.key)}",
            (known_at, known_at),
        )
    return [dict(zip(names, row, strict=True)) for row in rows]


def us(moment: str | None) -> int | None:
    return None if moment is None else micros(datetime.fromisoformat(moment))


def compare_tables(database: Database, projector: Projector, shows: list[dict[str, Any]], known_at: int) -> int:
    """Holds the tables to what `show` says as known at a moment, about that moment."""
    found = {row["complaint"]: row for row in table(database, projector, rows.COMPLAINTS, known_at)}
    assert set(found) == {show["complaint"] for show in shows}
    for show in shows:
        row = found[show["complaint"]]
        assert {name: row[name] for name in ("service", "customer", "agreement", "agreement_version", "status")} == {
            name: show[name] for name in ("service", "customer", "agreement", "agreement_version", "status")
        }
        counts = (*HANDING, "reopenings", "false_closings")
        assert {name: row[name] for name in counts} == {name: show[name] for name in counts}
        assert row["refusals"] == len(show["refusals"])
        assert (row["team"], row["person"]) == (show["owner"]["team"], show["owner"]["person"])
        for name in ("closed_at", "withdrawn_at"):
            assert row[name] == us(show[name]), name
    clocks = table(database, projector, rows.CLOCKS, known_at)
    assert [
        (c["complaint"], c["clock"], c["cycle"], c["state"], c["started_at"], c["due_at"], c["stopped_at"],
         c["breached_at"], json.loads(c["warned_at"]))
        for c in clocks
    ] == [
        (show["complaint"], c["clock"], c["cycle"], c["state"], us(c["started_at"]), us(c["due_at"]),
         us(c["stopped_at"]), us(c["breached_at"]), [us(at) for at in c["warned_at"]])
        for show in shows
        for c in show["clocks"]
    ]  # fmt: skip
    promises = [p for p in table(database, projector, rows.PROMISES, known_at) if p["due"] is not None]
    assert [(p["complaint"], p["promise"], p["state"], p["due"], p["kept_at"]) for p in promises] == [
        (show["complaint"], p["promise"], p["state"], us(p["due"]), us(p["kept_at"]))
        for show in shows
        for p in show["promises"]
    ]
    orders = table(database, projector, rows.ORDERS, known_at)
    assert [(o["complaint"], o["order"], o["part"], o["state"], o["ordered_at"], o["arrived_at"]) for o in orders] == [
        (show["complaint"], o["order"], o["part"], o["state"], us(o["ordered_at"]), us(o["arrived_at"]))
        for show in shows
        for o in show["parts"]
    ]
    outages = {(o["service"], o["started_at"]): o for o in table(database, projector, rows.OUTAGES, known_at)}
    for show in shows:
        for outage in show["outages"]:
            row = outages[show["service"], us(outage["started_at"])]
            assert (row["ended_at"], bool(row["restated"])) == (us(outage["ended_at"]), outage["restated"])
    return len(found) + len(clocks) + len(promises) + len(orders)


def test_what_is_narrowed_down_in_the_tables_is_what_is_found_by_looking_at_all(
    bench: Bench, database: Database
) -> None:
    compared = 0
    for seed in SEEDS[10:20]:
        told = history(seed)
        bench.run(told)
        projector = projected(database, bench, page=1 + seed % 9)
        for at, known_at in moments(told, Random(seed)):
            for view in ("complaints", "sla"):
                rows = asked(database, projector, view, at, known_at)
                for column in ("status", "team", "complaint", "customer", "agreement"):
                    for value in {row[column] for row in rows if column in row}:
                        question = Question(view, at, known_at, [(column, "null" if value is None else value)])
                        found = list(ask(database, projector.generation, Recounter, question))
                        assert found == [row for row in rows if row[column] == value], (seed, question)
                        compared += len(found)
    assert compared > 500


def test_tables_say_as_known_at_any_moment_what_show_says(bench: Bench, database: Database) -> None:
    compared = 0
    for seed in SEEDS:
        told = history(seed)
        bench.run(told)
        projector = projected(database, bench, page=1 + seed % 9)
        reader = Reader(bench.url)
        try:
            for at, known_at in moments(told, Random(seed)):
                if at == known_at:
                    compared += compare_tables(database, projector, shown(reader, at, known_at), known_at)
        finally:
            reader.close()
    assert compared > 100


VIEWS_ = ("complaints", "sla", "downtime", "watermelon", "closures", "handovers", "parts", "promises", "credits")


def test_a_view_as_known_then_is_one_that_was_built_no_further(bench: Bench, database: Database) -> None:
    compared = 0
    for seed in SEEDS[:10]:
        told, r = history(seed), Random(seed)
        until = told.arrivals[r.randrange(len(told.arrivals))][1]
        then = micros(until)
        wanted = [(then, then), (then - r.randrange(20) * 1800 * SECOND, then)]
        bench.run(told)
        whole = projected(database, bench)
        later = [asked(database, whole, view, *moment) for moment in wanted for view in VIEWS_]
        bench.run(History(told.agreements, [a for a in told.arrivals if a[1] <= until], until))
        stopped = projected(database, bench)
        assert [asked(database, stopped, view, *moment) for moment in wanted for view in VIEWS_] == later, seed
        compared += sum(map(len, later))
    assert compared > 100
