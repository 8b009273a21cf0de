"""`status`, `migrate`, `verify`: the store itself, and what is found where somebody has laid hands on it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable

import pytest

from engine import verify
from tests.integration.cli.running import Cli, fact, filed

Wrong = Callable[[sqlite3.Connection], object]


def lay_hands_on(cli: Cli, wrong: Wrong) -> None:
    connection = sqlite3.connect(cli.folder / "store.db")
    with connection:
        wrong(connection)
    connection.close()


def test_status_counts_what_is_there(cli: Cli) -> None:
    cli.story()
    waits, bad = fact("complaint.acknowledged", "C-9", "2013-02-21T08:00", by="anna"), b"nonsense"
    cli.load(waits, bad)

    status = cli.json("status")

    assert (status["complaints"], status["facts"], status["held"], status["dead"]) == (2, 26, 1, 1)
    assert status["streams"] == {"agreement": 2, "complaint": 2, "service": 2}
    assert status["positions"]["last"] == len(cli.lines("history", "C-1")) + len(cli.lines("history", "C-2")) + 2
    assert status["alarm"] is None
    text = cli("status").stdout
    assert "follows the facts; last recorded 2013-02-21" in text
    assert "`stilldown dead list`" in text
    assert "`stilldown held list`" in text


def test_status_names_the_next_timer(cli: Cli) -> None:
    (cli.folder / "terms.toml").write_text(
        'effective = 2020-01-01\n[agreement.standard]\nrestoration = { silence = "PT24H" }\n'
    )
    cli("agreements", "apply", "terms.toml")
    assert cli.json("status")["staged_agreements"] == 1
    cli.load(
        filed("C-1", "2024-03-01T08:00"),
        fact("resolution.proposed", "C-1", "2024-03-01T09:00", by="desk", summary="done"),
        fact("notice.sent", "C-1", "2024-03-01T09:10", notice="n", channel="mail", about="confirmation"),
        fact("notice.delivered", "C-1", "2024-03-01T09:11", notice="n", proof="250"),
    )

    assert cli.json("status")["timers"] == {"armed": 1, "due": 0, "next_due": "2024-03-02T09:11:00Z"}
    assert "1 timer, the next due 2024-03-02 09:11" in cli("status").stdout


def test_a_new_store_has_nothing_in_it(cli: Cli) -> None:
    cli("migrate")

    status = cli.json("status")

    assert (status["positions"]["last"], status["clock"]) == (0, {"mode": "wall", "recorded_at": None})
    assert "none yet" in cli("status").stdout
    assert cli.json("verify")["ok"]


def test_an_engines_clock_ahead_of_this_machines_raises_an_alarm(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00"), clock="wall")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600 * 10**9)

    said = cli("status", "--json")

    assert said.exit == 1
    assert json.loads(said.stdout)["alarm"].startswith("the engine's clock is ")
    assert said.stderr.startswith("ALARM: the engine's clock is ")
    assert "ALARM" in cli("status").stdout


def test_a_clock_of_history_raises_no_alarm(cli: Cli) -> None:
    cli.load(filed("C-1", "2999-03-01T08:00"))

    assert cli("status").exit == 0


def test_a_store_on_a_medium_that_cannot_be_written_can_be_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.story()
    for side in cli.folder.glob("store.db-*"):
        side.unlink()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))

    assert cli.json("show", "C-1")["downtime"]["experienced"] == 528_600
    assert cli.json("verify")["ok"]
    assert list(cli.folder.glob("store.db-*")) == []


def test_migrate_makes_a_store_once(cli: Cli) -> None:
    assert cli.json("migrate") == {"store": cli.store, "schema": 2, "made": True, "done": []}
    assert cli.json("migrate")["made"] is False
    assert "is up to date" in cli("migrate").stdout


def test_a_store_of_a_newer_version_is_left_alone(cli: Cli) -> None:
    cli("migrate")
    lay_hands_on(cli, lambda db: db.execute("PRAGMA user_version = 99"))

    for command in (["status"], ["migrate"], ["ingest", "-"]):
        said = cli(*command)

        assert said.exit == 1
        assert "newer version of stilldown (99)" in said.stderr


def test_a_store_that_holds_is_told_to(cli: Cli) -> None:
    cli.story()
    cli("close", "C-1", "--by", "desk")

    assert cli.json("verify") == {"ok": True, "positions": 67, "streams": 6, "facts": 27, "problem": None}
    assert cli("verify").stdout == "The store holds: 67 positions, 6 streams, 27 facts.\n"


@pytest.mark.parametrize("page", [5, 10, 20])
def test_a_cause_that_came_up_pages_ago_is_found_however_many_came_in_between(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """It said that such a cause was none: remembered when the page began, it was forgotten before its decision."""
    monkeypatch.setattr(verify, "_PAGE", page)
    monkeypatch.setattr(verify, "_CAUSES", 3)
    cli.story()

    assert cli.json("verify")["ok"]


def state(position: int, change: str) -> Wrong:
    return lambda db: db.execute(f"UPDATE stored_events SET state = {change} WHERE notification_id = {position}")


def run(statement: str) -> Wrong:
    return lambda db: db.execute(statement)


def twice(db: sqlite3.Connection) -> None:
    """Records the fact at position 18 once more, at the end of its stream and of the store."""
    stream, topic, body = db.execute(
        "SELECT originator_id, topic, json_set(CAST(state AS TEXT), '$.recorded_at', (SELECT recorded_at FROM clock))"
        " FROM stored_events WHERE notification_id = 18"
    ).fetchone()
    version = db.execute(
        "SELECT max(originator_version) FROM stored_events WHERE originator_id = ?", (stream,)
    ).fetchone()[0]
    last = db.execute("SELECT max(notification_id) FROM stored_events").fetchone()[0]
    db.execute(
        "INSERT INTO stored_events VALUES (?, ?, ?, ?, ?)", (last + 1, stream, version + 1, topic, body.encode())
    )


STREAM = "complaint:C-1"
BROKEN: dict[str, tuple[Wrong, int | None, str]] = {
    "a position is missing": (run("DELETE FROM stored_events WHERE notification_id = 20"), 20, "20 to 20 are missing"),
    "the first positions are missing": (
        run("DELETE FROM stored_events WHERE notification_id < 3"),
        1,
        "1 to 2 are missing",
    ),
    "a version is missing": (
        run("UPDATE stored_events SET originator_version = 99 WHERE notification_id = 18"),
        18,
        "complaint:C-1 has version 99 after 43",
    ),
    "a state is no JSON": (state(18, "'{'"), 18, "cannot be read"),
    "a state is of another type": (state(18, "'{\"time\": 1}'"), 18, "cannot be read"),
    "a type is unknown": (
        run("UPDATE stored_events SET topic = 'complaint.vanished' WHERE notification_id = 18"),
        18,
        "cannot be read",
    ),
    "a fact says something else": (state(18, "replace(state, 'anna', 'bert')"), 18, "other content than its identity"),
    "a fact happened at another time": (
        state(18, "json_set(CAST(state AS TEXT), '$.time', 1360058400000001)"),
        18,
        "other content than its identity",
    ),
    "a fact is in another stream": (
        run("UPDATE facts SET stream = 'complaint:C-2' WHERE id = 'f-009'"),
        18,
        "by its identity in complaint:C-2",
    ),
    "an identity is missing": (run("DELETE FROM facts WHERE id = 'f-009'"), 18, "the fact /desk f-009 has no identity"),
    "an identity has no fact": (
        run("INSERT INTO facts VALUES ('/erp', '7', x'00', 'complaint:C-1')"),
        None,
        "/erp 7 has an identity, and is not recorded in complaint:C-1",
    ),
    "a fact is recorded twice": (twice, 65, "is recorded twice"),
    "a decision has no known cause": (
        state(4, "json_set(CAST(state AS TEXT), '$.id', 'nobody')"),
        4,
        "nobody is no known fact",
    ),
    "what is recorded goes back in time": (
        state(30, "json_set(CAST(state AS TEXT), '$.recorded_at', 1)"),
        30,
        "before what precedes it",
    ),
    "the clock goes back": (run("UPDATE clock SET recorded_at = 1"), 64, "the engine's clock stands before"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_first_position_that_does_not_hold_is_named(cli: Cli, name: str) -> None:
    cli.story()
    wrong, position, what = BROKEN[name]
    lay_hands_on(cli, wrong)

    said = cli("verify", "--json")

    assert said.exit == 1
    problem = json.loads(said.stdout)["problem"]
    assert what in problem["what"]
    assert position is None or problem["position"] == position
    assert "not hold: " in said.stderr
    assert said.stderr.count("\n") == 1
    assert cli("verify").stdout == ""


def test_a_damaged_file_is_one_clear_line(cli: Cli) -> None:
    cli.story()
    path = cli.folder / "store.db"
    whole = bytearray(path.read_bytes())
    whole[8192:] = b"\xaa" * (len(whole) - 8192)
    path.write_bytes(bytes(whole))

    for command in (
        ["verify"],
        ["status"],
        ["show", "C-1"],
        ["ingest", cli.file("f.jsonl", filed("C-5", "2024-03-01T08:00"))],
    ):
        said = cli(*command)

        assert said.exit == 1
        assert said.stderr.count("\n") == 1, said
        assert "Traceback" not in said.stderr


def test_an_event_that_cannot_be_read_is_named(cli: Cli) -> None:
    cli.story()
    lay_hands_on(cli, lambda c: c.execute("UPDATE stored_events SET state = '{' WHERE topic = 'complaint.closed'"))

    for command in (["show", "C-1"], ["history", "C-1"]):
        said = cli(*command)

        assert said.exit == 1
        assert "of complaint:C-1 (complaint.closed) cannot be read: " in said.stderr
        assert "`stilldown verify`" in said.stderr


def test_status_tells_of_the_store_where_the_views_are_damaged(cli: Cli) -> None:
    cli.story()
    views = cli.folder / "views.db"
    views.write_bytes(b"no database" * 1_000)

    said = cli("status", "--views", f"sqlite:///{views}")

    assert said.exit == 1
    assert "2 complaint" in said.stdout
    assert "views.db cannot be opened" in said.stderr


def test_migrate_that_only_begins_says_what_is_left_to_do(cli: Cli) -> None:
    left = "`stilldown migrate` finishes it"
    assert left in cli("migrate", "--begin").stdout
    assert left not in cli("migrate").stdout


def test_migrate_makes_the_index_of_what_falls_due_anew_and_does_what_is_due(cli: Cli) -> None:
    terms = cli.folder / "terms.toml"
    clock = 'name = "c", target = "PT1H", calendar = "always", starts = "filed", stops = "acknowledged"'
    terms.write_text(f"effective = 2010-01-01\n[agreement.standard]\nclock = [{{ {clock} }}]\n")
    assert cli("agreements", "apply", str(terms)).exit == 0
    cli.load(filed("C-1", "2013-02-21T08:00"))
    lay_hands_on(cli, lambda store: store.execute("DELETE FROM timers"))
    cli.load(fact("complaint.contacted", "C-1", "2013-02-21T12:00", by="shop", direction="inbound"))
    assert [event["type"] for event in cli.lines("history", "C-1")].count("clock.breached") == 0

    said = cli.json("migrate", "--timers")

    assert (said["rearmed"], said["decisions"], said["done"]) == (3, 1, [])
    [breached] = [event for event in cli.lines("history", "C-1") if event["type"] == "clock.breached"]
    assert (breached["time"], breached["recorded_at"]) == ("2013-02-21T09:00:00Z", "2013-02-21T12:00:00Z")
    assert cli.json("migrate", "--timers")["decisions"] == 0
    assert "What falls due was looked up anew in 3 streams" in cli("migrate", "--timers").stdout
    assert cli.json("verify")["ok"]
