"""`view`, `project` and `rebuild`, as anybody would use them."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.running import EVERY_VIEW, PROGRAM, STORY, Cli, fact, filed
from tests.integration.stores import Database, change, select
from tests.servers.postgres import Databases


def test_rows_have_the_columns_of_the_interface_in_their_order(story: Cli) -> None:
    for view, *columns in EVERY_VIEW:
        rows = story.lines("view", view)
        assert rows, view
        assert [list(row) for row in rows] == [columns] * len(rows), view


def test_a_view_at_a_moment_shows_what_was_so_then(story: Cli) -> None:
    at = "2013-02-08T12:00:00+01:00"
    (row,) = story.lines("view", "complaints", "--where", "complaint=C-1", "--at", at)
    assert (row["status"], row["customer_state"], row["closed_at"]) == ("open", "down", None)
    (outage,) = story.lines("view", "downtime", "--at", at)
    assert (outage["ended_at"], outage["experienced"]) == (None, 271_800)


def test_a_view_as_known_then_uses_what_was_recorded_by_then(story: Cli) -> None:
    then = "2013-02-05T09:00:00+01:00"
    rows = story.lines("view", "complaints", "--known-at", then)
    assert [row["complaint"] for row in rows] == ["C-1"]
    assert story.lines("view", "promises", "--known-at", "2013-02-05T08:00:00+01:00") == []


@pytest.mark.parametrize(
    "where, found",
    [
        (["complaint=C-1"], 3),
        (["state=late"], 2),
        (["state=late", "clock=restore"], 1),
        (["cycle=1"], 4),
        (["breached_at=null"], 2),
        (["started_at=2013-02-05T08:40:00+01:00"], 3),
        (["agreement=letters"], 1),
        (["team=nobody"], 0),
        (["team="], 0),
        (["cycle=1.0", "paused=0"], 4),
        (["state=late", "state=met"], 0),
        (["complaint=C-2", "complaint=C-1"], 0),
        (["team=field", "cycle=1", "team=field"], 3),
    ],
)
def test_where_compares_columns(story: Cli, where: list[str], found: int) -> None:
    options = [option for text in where for option in ("--where", text)]
    assert len(story.lines("view", "sla", *options)) == found


def test_every_value_that_a_view_has_can_be_asked_for(told: Cli) -> None:
    for view, *columns in EVERY_VIEW:
        rows = told.lines("view", view)
        for column in columns:
            if isinstance(rows[0][column], dict):
                continue
            for value in {json.dumps(row[column]) for row in rows}:
                read = json.loads(value)
                where = read if isinstance(read, str) else value
                found = told.lines("view", view, "--where", f"{column}={where}")
                assert found == [row for row in rows if row[column] == read], (view, column, value)


def test_sums_add_up_every_length_and_count(story: Cli) -> None:
    rows = story.lines("view", "sla", "--sum-by", "team,month")
    assert rows == [
        {"team": "field", "month": "2013-02", "rows": 3, "elapsed": 260_400, "paused": 0},
        {"team": "quality", "month": "2013-02", "rows": 1, "elapsed": 1_051_200, "paused": 0},
    ]
    (row,) = story.lines("view", "complaints", "--sum-by", "customer")
    assert (row["rows"], row["hidden"], row["refusals"]) == (2, 323_400, 2)
    assert sum(row["time_by_cause"].values()) == 184_200 + 345_000 + 1_200 + 1_126_800


def test_downtime_by_day_adds_up_to_the_outage_and_tells_the_availability(story: Cli) -> None:
    rows = story.lines("view", "downtime", "--sum-by", "service,day")
    assert [row["day"] for row in rows] == [f"2013-02-{day:02}" for day in range(5, 12)]
    assert sum(row["experienced"] for row in rows) == 528_600
    assert sum(row["hidden"] for row in rows) == 323_400
    assert sum(row["claims"] for row in rows) == 1
    assert rows[1]["availability"] == 0.0
    assert rows[-1]["availability"] == round(1 - 37_200 / 86_400, 9)
    (whole,) = story.lines("view", "downtime", "--sum-by", "service")
    assert whole["experienced"] == 528_600
    assert 0 < whole["availability"] < 1


def test_an_availability_that_cannot_be_said_is_null_and_people_are_told_why(story: Cli) -> None:
    (whole,) = story.lines("view", "downtime", "--sum-by", "month")
    assert whole["availability"] == 0.789674952  # of the time of the complaint without a service, too
    for where, wanted in (("service=register-3", 0.618386817), ("hidden=323400", None)):
        asked = ("view", "downtime", "--sum-by", "month", "--where", where)
        (row,) = story.lines(*asked)
        assert (row["experienced"], row["availability"]) == (whole["experienced"], wanted)
        assert ("cannot be said" in story(*asked).stderr) == (wanted is None)


NEW_YORK = """
effective = 2020-01-01
[agreement.standard]
zone = "America/New_York"
credit = { after = "PT0H", per = "day", amount = "1.00", currency = "USD", cap = "2.00" }
"""


def test_a_month_is_that_of_the_agreements_wall_clock(cli: Cli) -> None:
    (cli.folder / "terms.toml").write_text(NEW_YORK)
    cli("agreements", "apply", "terms.toml")
    cli.load(
        filed("C-1", "2024-03-01T04:59", service="S"),  # a minute before midnight there
        fact("service.up", "S", "2024-03-01T06:00", evidence="customer"),
    )
    assert [row["month"] for row in cli.lines("view", "credits")] == ["2024-02"]


def test_what_began_in_the_calendars_first_days_has_its_month(cli: Cli) -> None:
    (cli.folder / "terms.toml").write_text(NEW_YORK)
    cli("agreements", "apply", "terms.toml")
    cli.load(
        filed("C-1", "2024-03-01T08:00", service="S", down_since="0001-01-01T00:00:00Z"),
        fact("service.up", "S", "2024-03-01T09:00", evidence="customer", since="0001-02-03T00:00:00Z"),
    )
    rows = cli.lines("view", "downtime", "--sum-by", "service,month")
    assert [(row["month"], row["experienced"]) for row in rows] == [("0001-01", 31 * 86_400), ("0001-02", 2 * 86_400)]
    assert cli.lines("view", "downtime", "--sum-by", "day")[0]["day"] == "0001-01-01"
    assert [row["month"] for row in cli.lines("view", "credits")] == ["0001-01"]


def test_days_and_months_end_with_the_calendar(cli: Cli) -> None:
    cli.load(
        filed("C-1", "9999-11-30T12:00", service="S"),
        fact("service.up", "S", "9999-12-01T12:00", evidence="customer"),
        filed("C-2", "9999-12-31T12:00", service="S"),
    )
    end = ("--at", "9999-12-31T23:59:59Z")
    rows = cli.lines("view", "downtime", "--sum-by", "month", *end)
    assert [(row["month"], row["experienced"]) for row in rows] == [("9999-11", 43_200), ("9999-12", 86_399)]
    assert [row["availability"] for row in rows] == [0.0, round(1 - 86_399 / (31 * 86_400 - 1), 9)]
    rows = cli.lines("view", "downtime", "--sum-by", "service,day", *end)
    assert [row["day"] for row in rows] == ["9999-11-30", "9999-12-01", "9999-12-31"]
    assert rows[-1]["availability"] == round(1 - 43_199 / 86_399, 9)
    assert cli.lines("view", "downtime", "--sum-by", "day")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["view", "nothing"], "there is no view nothing"),
        (["view", "sla", "--where", "colour=red"], "no column colour"),
        (["view", "sla", "--where", "red"], "column=value"),
        (["view", "handovers", "--where", "handovers=abc"], "handovers: write a number, got 'abc'"),
        (["view", "handovers", "--where", "bounces=inf"], "bounces: write a number, got 'inf'"),
        (["view", "parts", "--where", "share=half"], "share: write a number, got 'half'"),
        (["view", "complaints", "--where", "filed_at=notatime"], "filed_at: write a moment such as"),
        (["view", "promises", "--where", "due=2013-02-07T09:30:00"], "due: say the offset too"),
        (["view", "promises", "--where", "due=2013-02-07"], "due: say the offset too"),
        (["view", "complaints", "--where", "orphaned=maybe"], "orphaned: write true or false, got 'maybe'"),
        (["view", "complaints", "--where", "status=opne"], "status: there is no 'opne'; it is one of open, closed,"),
        (["view", "complaints", "--where", "customer_state=green"], "one of up, down, unconfirmed"),
        (["view", "sla", "--where", "state=open"], "one of running, paused, met, breached, late, cancelled"),
        (["view", "promises", "--where", "state=met"], "one of open, kept, late, broken, released"),
        (["view", "downtime", "--where", "ended_by=nobody"], "customer, telemetry, technician, operator, silence"),
        (["view", "credits", "--where", "month=2013-2"], "month: write a month such as 2013-02, got '2013-2'"),
        (["view", "complaints", "--where", "time_by_cause=working"], "time_by_cause has several values in a row"),
        (["view", "sla", "--sum-by", "elapsed"], "cannot be summed by elapsed"),
        (["view", "promises", "--sum-by", ","], "name columns"),
        (["rebuild", "nothing"], "there is no view nothing"),
        (["rebuild"], "name views"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(story: Cli, arguments: list[str], said: str) -> None:
    answer = story(*arguments)
    assert answer.exit == 2
    assert said in answer.stderr
    assert answer.stdout == ""


def test_people_get_a_table(story: Cli) -> None:
    answer = story("view", "parts")
    assert answer.exit == 0
    head, row = answer.stdout.splitlines()
    assert " ".join(head.split()) == "part failures ordered waited share vital"
    assert " ".join(row.split()) == "psu-24v 1 1 345000 1.0 yes"
    assert story("view", "parts", "--where", "part=fuse").stderr == "note: no row fits --where\n"


def test_an_empty_view_says_what_would_be_there(cli: Cli) -> None:
    assert cli("migrate").exit == 0
    for view, *columns in EVERY_VIEW:
        answer = cli("view", view)
        assert (answer.exit, answer.stdout.split()) == (0, columns)
        assert re.fullmatch(r"note: no row yet: an? .* is one\b.*\n", answer.stderr), answer.stderr


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["handovers"], ""),
        (["complaints", "--where", "complaint=C-1"], "times are UTC, lengths in seconds"),
        (["watermelon"], "lengths in seconds"),
        (["parts"], "lengths in seconds"),
        (["downtime", "--sum-by", "service"], "lengths in seconds"),
        (["downtime", "--sum-by", "started_at"], "times are UTC, lengths in seconds"),
    ],
)
def test_units_are_told_wherever_something_has_them(story: Cli, arguments: list[str], said: str) -> None:
    assert story("view", *arguments).stderr.splitlines()[:1] == ([f"note: {said}"] if said else [])


@pytest.mark.parametrize("arguments", [["view", "sla"], ["show", "C-1"], ["explain", "C-1", "restore"]])
def test_a_moment_in_the_future_is_noted(story: Cli, arguments: list[str]) -> None:
    for options in ([], ["--json"]):
        now, later = (
            story(*arguments, *options, "--at", at) for at in ("2013-02-21T08:00:00Z", "2099-01-01T00:00:00Z")
        )
        assert "future" not in now.stderr
        assert later.stderr.endswith(
            "note: --at lies in the future: this is how it would be if nothing happened until then\n"
        )


def test_where_views_cannot_be_made_there_is_a_hint_where_else(story: Cli) -> None:
    (story.folder / "store.db.views").mkdir()
    answer = story("view", "sla")
    assert (answer.exit, answer.stdout) == (1, "")
    assert answer.stderr.endswith("; --views names another place for them, such as sqlite:///views.db\n")


def test_the_help_of_view_shows_no_option_that_nobody_needs(cli: Cli) -> None:
    said = cli("view", "--help").stdout
    assert "--where" in said
    assert "--empty-where" not in said
    assert "default: ()" not in said


def test_what_is_due_is_done_before_a_view_is_read(cli: Cli) -> None:
    """On a store whose clock is the machine's, an overdue clock is breached in the view whoever looks."""
    cli("agreements", "apply", str(STORY / "agreement.toml"))
    assert cli("ingest", str(STORY / "facts.jsonl")).exit == 0
    assert {row["state"] for row in cli.lines("view", "sla")} <= {"met", "late", "cancelled", "breached"}


def test_a_rebuild_finds_nothing_that_differs_and_switches(story: Cli) -> None:
    rows = story.lines("view", "sla")
    checked = story.json("rebuild", "sla", "downtime", "--check")
    assert (checked["differences"], checked["switched"]) == ([], False)
    assert story.json("rebuild", "sla")["switched"] is True
    assert story.lines("view", "sla") == rows


def test_a_check_tells_what_somebody_changed_by_hand(story: Cli) -> None:
    story.lines("view", "sla")
    with closing(sqlite3.connect(story.folder / "store.db.views")) as file, file:
        file.execute("UPDATE clocks_1_1 SET state = 'met' WHERE clock = 'restore' AND recorded_to IS NULL")
    answer = story("rebuild", "sla", "--check", "--json")
    assert answer.exit == 1
    (difference,) = json.loads(answer.stdout)["differences"]
    assert (difference["where"], difference["live"]["state"]) == ("table clocks", "met")
    assert difference["rebuilt"]["state"] == "late"


def selected(path: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(statement).fetchall()


def test_sql_reads_what_holds_now(story: Cli) -> None:
    story.json("project", "--once")
    path = story.folder / "store.db.views"
    assert selected(path, "SELECT hidden, ended_at FROM outages") == [(323_400, "2013-02-11T10:20:00Z")]
    assert selected(path, "SELECT complaint FROM clocks WHERE state = 'late' AND clock = 'restore'") == [("C-1",)]
    assert selected(path, "SELECT status, team, handovers FROM complaints ORDER BY complaint")[0] == (
        "closed",
        "field",
        4,
    )


def test_a_worker_follows_the_store_until_it_is_asked_to_stop(story: Cli) -> None:
    worker = subprocess.Popen(
        [*PROGRAM, "project", "--store", story.store, "--json"],
        cwd=story.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
    path = story.folder / "store.db.views"
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        time.sleep(0.2)
        try:
            if selected(path, "SELECT COUNT(*) FROM complaints") == [(2,)]:
                break
        except sqlite3.Error:
            continue
    worker.send_signal(signal.SIGTERM)
    out, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err
    assert json.loads(out)["position"] == json.loads(out)["applied"] > 50


VIEWING = (["view", "sla"], ["project", "--once"], ["rebuild", "sla"], ["status"])


def test_views_are_not_put_into_a_file_of_something_else(story: Cli) -> None:
    other = story.folder / "other.db"
    with closing(sqlite3.connect(other)) as file, file:
        file.execute("CREATE TABLE generations (name TEXT)")
    story("status")
    for name, said in (
        ("other.db", "a database of something else"),
        ("store.db", "a store; views have a file of their own"),
    ):
        path = story.folder / name
        before = path.read_bytes()
        for command in VIEWING:
            answer = story(*command, "--views", f"sqlite:///{path}")
            assert answer.exit == 2
            assert answer.stderr == f"stilldown: {path} has no views: {said}\n"
        assert path.read_bytes() == before
    assert story("view", "sla", "--views", f"sqlite:///{story.folder}/new.db").exit == 0
    assert story("view", "sla", "--views", f"sqlite:///{story.folder}/new.db").exit == 0


def test_views_are_not_put_into_a_schema_of_something_else(story: Cli, databases: Databases) -> None:
    url = databases.empty()
    change(Database(url), "CREATE SCHEMA stilldown_views CREATE TABLE clocks (hands INTEGER)")
    for command in (["view", "sla"], ["project", "--once"], ["rebuild", "sla"]):
        answer = story(*command, "--views", url)
        assert (answer.exit, answer.stdout) == (2, "")
        assert "the schema stilldown_views there has no views: tables of something else" in answer.stderr
    assert select(Database(url), "SELECT relname FROM pg_class WHERE relname = 'generations'") == []
    change(Database(url), "DROP TABLE stilldown_views.clocks")
    for _ in range(2):
        assert story("view", "sla", "--views", url).exit == 0
    databases.drop(url)
