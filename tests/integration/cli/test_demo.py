"""`demo`: real incidents, read twice, in a store that is left to try things on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.cli import demo
from tests.integration.cli.running import Cli, filed
from tests.stories.compare import Said


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, Said, Said]:
    """The demo, made once: the command line on its store, what people see, what machines get."""
    cli = Cli(tmp_path_factory.mktemp("demo"))
    cli.store = f"sqlite:///{cli.folder / 'shop.db'}"
    return cli, cli("demo"), cli("demo", "--json")


def test_both_readings_of_all_incidents_add_up(shown: tuple[Cli, Said, Said]) -> None:
    cli, _, said = shown
    delivered, sent = json.loads(said.stdout)["readings"]

    assert (delivered["mail"], sent["mail"]) == ("delivered", "sent")
    assert delivered["store"] == cli.store
    for reading in (delivered, sent):
        assert reading["incidents"] == 2_000
        assert reading["granted"] + reading["refused"] == reading["requested"]
        assert reading["reported"] + reading["hidden"] == reading["experienced"]
        assert sum(reading["objections"].values()) >= reading["refused"]
    assert delivered["granted"] > 1_900
    assert sent["granted"] == 0
    assert sent["closed_without_proof"] == sent["refused"] == sent["requested"]
    assert sent["hidden"] > delivered["hidden"] > 0


def test_figures_are_the_engines_own(shown: tuple[Cli, Said, Said]) -> None:
    cli, _, said = shown
    worst = json.loads(said.stdout)["readings"][0]["worst"]

    assert len(worst) == 5
    for incident in worst:
        downtime = cli.json("show", incident["incident"])["downtime"]
        assert (downtime["experienced"], downtime["hidden"]) == (incident["experienced"], incident["hidden"])


def test_people_see_a_table_and_what_to_try_next(shown: tuple[Cli, Said, Said]) -> None:
    _, said, machines = shown
    delivered, sent = json.loads(machines.stdout)["readings"]

    assert said.exit == 0
    assert f"{delivered['hidden'] // 86_400:,} days that no ticket shows" in said.stdout
    assert "because: restoration unconfirmed" in said.stdout
    assert "closed without proof that the customer was up" in said.stdout
    assert f"{sent['refused']:,}" in said.stdout
    assert "Do Not Notify" in said.stdout
    assert "cmdb_ci" in said.stdout
    assert "CC BY 4.0" in said.stdout
    assert "\x1b" not in said.stdout
    assert delivered["worst"][0]["incident"] in said.stdout


def test_the_commands_to_try_next_do_what_they_say(shown: tuple[Cli, Said, Said]) -> None:
    cli, said, _ = shown
    commands = [line.split()[1:] for line in said.stdout.splitlines() if "--store sqlite:///" in line]

    assert [command[0] for command in commands] == ["show", "history", "close", "status"]
    assert [cli(*command).exit for command in commands] == [0, 0, 3, 0]


def test_a_store_of_ones_own_is_left_alone(cli: Cli) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00"))
    before = (cli.folder / "store.db").read_bytes()

    said = cli("demo")

    assert said.exit == 2
    assert "is a store, and no demo's: it is left alone" in said.stderr
    assert (cli.folder / "store.db").read_bytes() == before
    assert list(cli.folder.glob("*unproven*")) == []


def test_a_demo_in_which_somebody_has_begun_to_work_is_left_alone(shown: tuple[Cli, Said, Said]) -> None:
    cli, _, _ = shown
    cli.json("ingest", cli.file("mine.jsonl", filed("C-1", "2024-03-01T08:00")))

    assert cli("demo").exit == 2
    assert cli.json("show", "C-1")["status"] == "open"


def test_its_stores_are_named_after_the_one_that_is_given() -> None:
    assert demo._stores(demo.STORE) == ["sqlite:///stilldown-demo.db", "sqlite:///stilldown-demo-unproven.db"]
    assert demo._stores("sqlite:////tmp/a.b/demo") == ["sqlite:////tmp/a.b/demo", "sqlite:////tmp/a.b/demo-unproven"]
    assert Path("stilldown-demo.db").suffix == ".db"
