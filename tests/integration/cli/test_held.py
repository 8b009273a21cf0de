"""`held`: facts that wait, what for, and how to take one out."""

from __future__ import annotations

import json
import time
from unittest import mock

import pytest

from tests.integration.cli.running import Cli, fact, filed

EARLY = fact("complaint.acknowledged", "C-9", "2024-03-01T09:00", "early", by="anna")
CORRECTION = fact(
    "fact.corrected", "C-1", "2024-03-01T10:00", "right", fact={"source": "/erp", "id": "7"}, by="a", why="b", void=True
)


def test_without_facts_that_wait_people_read_that_there_are_none(cli: Cli) -> None:
    cli("migrate")

    assert cli.lines("held", "list") == []
    assert cli("held", "list").stderr == "no fact waits for anything\n"


def test_facts_are_listed_with_what_they_wait_for(cli: Cli) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 120))
    cli.load(filed("C-1", "2024-03-01T08:00"), EARLY, CORRECTION, clock="wall")
    cli.load(fact("complaint.acknowledged", "C-1", soon, "soon", by="anna"), clock="wall")

    rows = {row["id"]: row for row in cli.lines("held", "list")}

    assert rows["early"]["waits_for"] == "complaint:C-9"
    assert rows["right"]["waits_for"] == "fact:/erp 7"
    assert rows["soon"]["due"] == soon
    table = cli("held", "list").stdout
    assert "for the filing of C-9" in table
    assert "for the fact /erp 7" in table
    assert f"until {soon[:10]} {soon[11:19].removesuffix(':00')} UTC" in table


def test_a_fact_that_waits_is_shown_with_its_original_bytes(cli: Cli) -> None:
    cli.load(EARLY)

    assert cli.lines("held", "show", "/desk", "early")[0]["body"] == json.dumps(EARLY)
    assert "for the filing of C-9" in cli("held", "show", "/desk", "early").stdout


def test_what_is_dropped_is_handed_back_and_may_come_again(cli: Cli) -> None:
    cli.load(EARLY)

    said = cli("held", "drop", "/desk", "early")

    assert said.exit == 0
    assert said.stdout == json.dumps(EARLY) + "\n"
    assert cli.lines("held", "list") == []
    assert cli.json("ingest", "-", stdin=said.stdout.encode())["held"] == 1
    assert cli.lines("held", "drop", "/desk", "early", "--yes")[0]["body"] == json.dumps(EARLY)


def test_dropping_is_confirmed(cli: Cli) -> None:
    cli.load(EARLY)

    with mock.patch("ops.cli.held.confirmed", return_value=False):
        said = cli("held", "drop", "/desk", "early")

    assert said.exit == 3
    assert said.stderr == "nothing was taken out\n"
    assert len(cli.lines("held", "list")) == 1


@pytest.mark.parametrize("command", ["show", "drop"])
def test_a_fact_that_does_not_wait_is_not_found(cli: Cli, command: str) -> None:
    cli.load(EARLY)

    said = cli("held", command, "/desk", "late")

    assert said.exit == 4
    assert said.stderr == "stilldown: no fact /desk late waits\n"
    assert cli("held", command, "/desk").exit == 2
