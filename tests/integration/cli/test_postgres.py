"""The command line on a PostgreSQL database: every command, and every way in which there may be none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.store.migrating import migrations
from tests.integration.cli.running import Cli, fact, filed
from tests.integration.facts import check_sound
from tests.integration.stores import Database, change
from tests.servers.postgres import Databases
from tools.postgres import Server, temporary


def test_every_command_does_on_a_database_what_it_does_on_a_file(database_cli: Cli) -> None:
    cli = database_cli
    told = cli.json("migrate")
    assert (told["made"], told["done"]) == (True, ["0001 store (pre)", "0002 kafka (pre)"])
    assert cli.json("migrate") == told | {"made": False, "done": []}
    cli.story()
    waits = fact("complaint.acknowledged", "C-9", "2013-02-21T08:00", by="anna")
    cli.load(waits, b"nonsense")

    status = cli.json("status")
    assert (status["complaints"], status["facts"], status["held"], status["dead"]) == (2, 26, 1, 1)
    assert status["store"] == told["store"]
    assert cli.json("verify")["ok"]
    assert cli.json("show", "C-1")["complaint"] == "C-1"
    assert len(cli.lines("history", "C-1")) > 20
    assert [row["id"] for row in cli.lines("held", "list")] == [waits["id"]]
    assert cli("held", "drop", waits["source"], waits["id"]).exit == 0
    [letter] = cli.lines("dead", "list")
    assert cli("dead", "retry", "--all").exit == 3
    assert cli("dead", "drop", str(letter["number"])).stdout == "nonsense\n"
    assert cli("agreements", "show", "standard").exit == 0
    cli.load(filed("C-7", "2013-02-22T08:00", service="s-7"))
    assert cli("close", "C-7", "--by", "desk").exit == 3
    assert cli("withdraw", "C-7", "--by", "shop-9", "--proof", "a call").exit == 0
    assert cli.json("status")["held"] == cli.json("status")["dead"] == 0
    check_sound(Database(cli.store))


def test_verify_names_what_somebody_did_to_a_database(database_cli: Cli) -> None:
    database_cli.story()
    change(Database(database_cli.store), "UPDATE stored_events SET state = ? WHERE notification_id = 5", b"{}")

    said = database_cli("verify")

    assert said.exit == 1
    assert said.stderr.startswith("stilldown: position 5 does not hold:")


def test_a_store_of_a_newer_version_is_refused(database_cli: Cli) -> None:
    assert database_cli("migrate").exit == 0
    change(
        Database(database_cli.store),
        "INSERT INTO stilldown_migrations (version, part, name) VALUES (99, 'pre', 'x'), (99, 'post', 'x')",
    )
    for command in ("status", "verify", "migrate"):
        said = database_cli(command)
        assert (said.exit, said.stdout) == (1, "")
        assert "was made by a newer version of stilldown (99)" in said.stderr
        assert said.stderr.count("\n") == 1


def test_a_database_without_tables_is_no_store_yet(database_cli: Cli) -> None:
    said = database_cli("status")
    assert said.exit == 2
    assert "`stilldown ingest` or `stilldown migrate` makes one" in said.stderr


# ---------------------------------------------------------------------- none there

SECRET = "s3cret word"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server that wants a password of one user."""
    with temporary(durable=False) as server:
        place = Database(server.url())
        change(place, f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'")
        server.wants_password("guarded")
        yield server


def refused(cli: Cli, store: str) -> tuple[int, str]:
    """The exit code and the one line that every command says; never with a password in it."""
    found = set()
    for command in (("status",), ("show", "C-1"), ("migrate",), ("ingest", cli.file("none.jsonl"))):
        for how in ((), ("--json",), ("--verbose",)):
            said = cli(*command, "--store", store, *how)
            assert said.stdout == ""
            assert said.stderr.count("\n") == 1, said
            assert "s3cret" not in said.stderr
            assert said.stderr.startswith("stilldown: ")
            found.add((said.exit, said.stderr))
    assert len(found) == 1, found
    return found.pop()


def test_a_wrong_password_is_one_clear_line(cli: Cli, guarded: Server) -> None:
    code, line = refused(cli, guarded.url(user="guarded", password="s3cret"))
    assert code == 2
    assert "does not let this user in" in line
    assert cli("migrate", "--store", guarded.url(user="guarded", password=SECRET)).exit == 2  # it may not make tables


def test_no_password_where_one_is_wanted_is_one_clear_line(cli: Cli, guarded: Server) -> None:
    code, line = refused(cli, guarded.url(user="guarded"))
    assert code == 2
    assert "wants a password" in line


def test_a_database_that_does_not_exist_is_one_clear_line(cli: Cli, guarded: Server) -> None:
    code, line = refused(cli, guarded.url("nowhere", password="s3cret"))
    assert code == 2
    assert "there is no such database" in line
    code, line = refused(cli, guarded.url(user="nobody-here", password="s3cret"))
    assert code == 2
    assert "does not know this user" in line


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_server_that_is_down_is_one_clear_line(cli: Cli) -> None:
    with closed_port() as port:
        code, line = refused(cli, f"postgresql://me:s3cret@127.0.0.1:{port}/db")
    assert code == 1
    assert f"postgresql://me@127.0.0.1:{port}/db cannot be reached" in line


def test_a_password_is_never_shown_where_the_store_is_named(database_cli: Cli, databases: Databases) -> None:
    cli = database_cli
    cli.store = databases.as_user(cli.store, "postgres", SECRET)
    for command in (("migrate",), ("status",), ("status", "--json"), ("migrate", "--json")):
        said = cli(*command)
        assert said.exit == 0
        assert "s3cret" not in said.stdout + said.stderr
        assert "postgresql://postgres@" in said.stdout
    assert json.loads(cli("status", "--json").stdout)["schema"] == migrations()[-1].version
