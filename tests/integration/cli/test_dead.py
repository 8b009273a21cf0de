"""`dead`: what could not be understood is kept whole, can be looked at, taken in again, and taken out."""

from __future__ import annotations

import base64
import json
from unittest import mock

import pytest

from tests.integration.cli.running import Cli, fact, filed, lines
from tests.integration.stores import change

GOLD = filed("C-1", "2024-03-01T08:00", agreement="gold")
WAITS = fact("complaint.acknowledged", "C-1", "2024-03-01T09:00", by="anna")
TERMS = "effective = 2020-01-01\n[agreement.gold]\n"


def publish(cli: Cli) -> None:
    path = cli.folder / "gold.toml"
    path.write_text(TERMS)
    assert cli("agreements", "apply", str(path)).exit == 0


def test_without_dead_letters_people_read_that_there_are_none(cli: Cli) -> None:
    cli("migrate")

    assert cli.lines("dead", "list") == []
    assert cli("dead", "list").stderr == "no dead letters: every fact that arrived was understood\n"


def test_a_dead_letter_is_listed_with_its_reason_field_and_value(cli: Cli) -> None:
    cli.load(GOLD, fact("complaint.vanished", "C-2", "2024-03-01T08:00"))

    first, second = cli.lines("dead", "list")

    assert (first["number"], first["field"], first["value"]) == (1, "data.agreement", "gold")
    assert (first["type"], first["subject"], first["times"]) == ("complaint.filed", "C-1", 1)
    assert second["field"] == "type"
    table = cli("dead", "list").stdout
    assert "nobody has published the agreement gold" in table
    assert "complaint.vanished" in table


def test_where_it_is_no_terminal_a_letter_is_a_line(cli: Cli) -> None:
    subject = f"C/{'x' * 100}"
    cli.load(filed(subject, "2024-03-01T08:00"), filed(subject, "2024-03-01T09:00", agreement="gold"))

    head, *letters = cli("dead", "list").stdout.splitlines()

    assert head.startswith("number")
    assert len(letters) == 2
    assert all(subject in letter for letter in letters)


def test_a_dead_letter_is_shown_with_its_original_bytes(cli: Cli) -> None:
    cli.load(b'{"half": ', b"\xff\x00\x1b[31mred")

    whole = cli.lines("dead", "show", "1")[0]
    odd = cli.lines("dead", "show", "2")[0]

    assert (whole["body"], whole["bytes"]) == ('{"half": ', 9)
    assert base64.b64decode(odd["body_base64"]) == b"\xff\x00\x1b[31mred"
    shown = cli("dead", "show", "2").stdout
    assert "\\xff\\x00\\x1b[31mred" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("number", ["3", "-1", "0", "99999999999999999999999"])
def test_a_number_that_is_nobodys_is_not_found(cli: Cli, number: str) -> None:
    cli.load(b"nonsense")

    for command in (["show", number], ["retry", number], ["drop", number]):
        said = cli("dead", *command)

        assert said.exit == 4
        assert said.stderr == f"stilldown: there is no dead letter {number}\n"


@pytest.mark.parametrize("command", [["retry"], ["drop"], ["show"], ["retry", "one"], ["retry", "1", "--all"]])
def test_wrong_usage_is_one_clear_line(cli: Cli, command: list[str]) -> None:
    cli.load(b"nonsense")

    said = cli("dead", *command)

    assert said.exit == 2
    assert said.stderr.count("\n") == 1


def test_what_was_wrong_outside_a_letter_is_put_right_and_it_is_taken_in(cli: Cli) -> None:
    cli.load(GOLD, WAITS, b"nonsense")
    publish(cli)

    said = cli("dead", "retry", "--all", "--json")

    assert said.exit == 3  # one of them is dead for good
    assert {key: value for key, value in json.loads(said.stdout).items() if key != "seconds"} == {
        "read": 2, "recorded": 1, "duplicates": 0, "held": 0, "dead": 1, "decisions": mock.ANY,
    }  # fmt: skip
    assert "1 fact that had waited for them recorded too" in said.stderr
    assert [letter["number"] for letter in cli.lines("dead", "list")] == [
        1
    ]  # what has no place in the order comes first
    assert cli.json("show", "C-1")["agreement"] == "gold"


def test_only_the_numbers_named_are_retried(cli: Cli) -> None:
    cli.load(GOLD, filed("C-2", "2024-03-01T08:00", agreement="gold"))
    publish(cli)

    said = cli("dead", "retry", "2")

    assert said.exit == 0
    assert said.stdout.startswith("1 dead letter taken in again: 1 recorded")
    assert [letter["subject"] for letter in cli.lines("dead", "list")] == ["C-1"]


def test_a_letter_that_waits_or_is_known_when_retried_is_dead_no_longer(cli: Cli) -> None:
    cli.load(GOLD | {"subject": "C-3", "id": "x"}, GOLD)
    publish(cli)
    same = json.dumps(GOLD, indent=1).replace("\n", " ").encode()
    cli.load(same)
    early = lines(
        fact("fact.corrected", "C-1", "2024-03-01T10:00", fact={"source": "/no", "id": "1"}, by="a", why="b", void=True)
    )
    cli.load(b"nonsense")
    # As if this version understood what an older one had not.
    change(
        cli.folder / "store.db",
        "UPDATE dead SET body = ? WHERE number = (SELECT max(number) FROM dead)",
        early.strip(),
    )

    said = cli("dead", "retry", "--all")

    assert said.exit == 0
    assert "1 recorded, 1 known already, 1 waiting, 0 dead again" in said.stdout
    assert cli.lines("dead", "list") == []
    assert len(cli.lines("held", "list")) == 1


def test_what_is_dropped_is_handed_back_byte_for_byte(cli: Cli) -> None:
    cli.load(b'{"half": ', b"other", GOLD)

    said = cli("dead", "drop", "2", "1")

    assert said.exit == 0
    assert said.stdout == '{"half": \nother\n'
    assert [letter["number"] for letter in cli.lines("dead", "list")] == [3]
    assert cli.lines("dead", "drop", "3")[0]["body"] == json.dumps(GOLD)
    assert cli.json("status")["dead"] == 0


def test_what_cannot_be_handed_back_is_not_dropped(cli: Cli) -> None:
    cli.load(b"one", b"two")

    with mock.patch("ops.bodies.for_machines", side_effect=[{"body": "one"}, OSError(28, "No space left on device")]):
        said = cli("dead", "drop", "1", "2", "--json")

    assert said.exit == 1
    assert said.stderr == "stilldown: No space left on device\n"
    assert len(cli.lines("dead", "list")) == 2


@pytest.mark.parametrize("confirmed", [False, True])
def test_dropping_is_confirmed(cli: Cli, confirmed: bool) -> None:
    cli.load(b"nonsense")

    with mock.patch("ops.cli.dead.confirmed", return_value=confirmed) as asked:
        said = cli("dead", "drop", "1")

    asked.assert_called_once_with("Take out 1 dead letter for good?")
    assert said.exit == (0 if confirmed else 3)
    assert cli.json("status")["dead"] == int(not confirmed)
