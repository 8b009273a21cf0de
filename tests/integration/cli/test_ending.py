"""`close`, `reopen`, `withdraw`: what people ask, and what the engine answers."""

from __future__ import annotations

import json

import pytest

from tests.integration.cli.running import Cli, fact, filed

DOWN = filed("C-1", "2024-03-01T08:00")
BACK = fact("resolution.confirmed", "C-1", "2024-03-01T11:00", by="shop-9")
PART = fact("part.ordered", "C-1", "2024-03-01T09:00", order="o-1", part="psu-24v")
VISIT = fact(
    "visit.scheduled", "C-1", "2024-03-01T09:00", visit="v-1", from_="2024-03-04T09:00:00Z", to="2024-03-04T11:00:00Z"
)
PROMISE = fact("promise.made", "C-1", "2024-03-01T09:00", promise="p-1", what="a call", due="2024-03-02T09:00:00Z")
REMEDY = fact("remedy.granted", "C-1", "2024-03-01T09:00", remedy="r-1", kind="loaner")
SOLVED = fact("resolution.proposed", "C-1", "2024-03-01T10:00", by="desk", summary="done")


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_a_closing_is_refused_while_the_customer_is_down(cli: Cli, clock: str) -> None:
    cli.load(DOWN, clock=clock)

    said = cli("close", "C-1", "--by", "desk", "--json")

    assert said.exit == 3
    answer = json.loads(said.stdout)
    assert answer == {
        "complaint": "C-1",
        "status": "open",
        "closed": False,
        "objections": ["customer_down"],
        "stands": False,
        "set_aside": [],
    }
    shown = cli.json("show", "C-1")
    assert [(refusal["by"], refusal["objections"]) for refusal in shown["refusals"]] == [("desk", ["customer_down"])]
    assert cli.json("status")["clock"]["mode"] == clock


def test_a_refusal_says_in_words_what_stands_behind_it(cli: Cli) -> None:
    cli.load(DOWN, PART, VISIT, PROMISE, REMEDY, SOLVED)

    said = cli("close", "C-1", "--by", "desk")

    assert said.exit == 3
    assert (
        said.stdout
        == """\
C-1 stays open: closing refused: part outstanding, promise outstanding, remedy outstanding, restoration unconfirmed, \
visit outstanding.
  part outstanding: psu-24v (o-1), ordered 2024-03-01 09:00 UTC
  promise outstanding: “a call” (p-1), due 2024-03-02 09:00 UTC
  remedy outstanding: loaner (r-1), granted 2024-03-01 09:00 UTC
  restoration unconfirmed: desk (operator) said on 2024-03-01 10:00 UTC that it is back; the customer has not
  visit outstanding: v-1, arranged for 2024-03-04 09:00 UTC
Nobody can set aside: restoration unconfirmed.
"""
    )


def test_a_refusal_names_a_promise_that_is_broken_already(cli: Cli) -> None:
    cli.load(DOWN, PROMISE, fact("complaint.acknowledged", "C-1", "2024-03-03T09:00", by="desk"))

    said = cli("close", "C-1", "--by", "desk")

    assert said.exit == 3
    assert "promise outstanding: “a call” (p-1), due 2024-03-02 09:00 UTC" in said.stdout


def test_a_closing_is_granted_once_the_customer_is_up(cli: Cli) -> None:
    cli.load(DOWN, BACK)

    answer = cli.json("close", "C-1", "--by", "desk", "--reason", "confirmed")

    assert (answer["status"], answer["closed"], answer["objections"]) == ("closed", True, [])
    assert cli.json("show", "C-1")["closed_at"] == "2024-03-01T11:00:00Z"
    assert "confirmed" in cli("history", "C-1").stdout


def test_what_may_be_set_aside_needs_a_named_approver(cli: Cli) -> None:
    cli.load(DOWN, PART, BACK)

    plain = cli("close", "C-1", "--by", "desk")
    alone = cli("close", "C-1", "--by", "desk", "--override", "part_outstanding")
    granted = cli("close", "C-1", "--by", "desk", "--override", "part_outstanding", "--approved-by", "nowak")

    assert (plain.exit, alone.exit, granted.exit) == (3, 3, 0)
    assert "--override part_outstanding --approved-by WHO" in plain.stdout
    assert "counts only with --approved-by" in alone.stdout
    assert "Set aside by nowak: part outstanding." in granted.stdout


def test_nobody_can_set_aside_that_the_customer_is_down(cli: Cli) -> None:
    cli.load(DOWN)

    said = cli("close", "C-1", "--by", "desk", "--override", "customer_down", "--approved-by", "the director")

    assert said.exit == 3
    assert "Nobody can set aside: customer down." in said.stdout


def test_what_is_closed_is_not_closed_again(cli: Cli) -> None:
    cli.load(DOWN, BACK)
    cli("close", "C-1", "--by", "desk")

    said = cli("close", "C-1", "--by", "desk")

    assert said.exit == 3
    assert "C-1 stays closed: closing refused: already ended." in said.stdout
    assert "closed since 2024-03-01 11:00 UTC" in said.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("close", "C-404", "--by", "desk"),
        ("reopen", "C-404", "--by", "desk", "--reason", "no"),
        ("withdraw", "C-404", "--by", "shop-9", "--proof", "mail"),
    ],
)
def test_an_unknown_complaint_is_not_found_and_nothing_is_left_waiting(cli: Cli, command: tuple[str, ...]) -> None:
    cli.load(DOWN)

    said = cli(*command)

    assert said.exit == 4
    assert said.stderr == "stilldown: no complaint C-404 is known\n"
    status = cli.json("status")
    assert (status["held"], status["dead"], status["facts"]) == (0, 0, 1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("close", "C-1"), "--by is missing"),
        (("close", "C-1", "--by", ""), "--by: is empty"),
        (("close", "C-1", "--by", "a\nb"), "--by: has control characters"),
        (("close", "C-1", "--by", "x" * 300), "--by: "),
        (("close", "C-1", "--by", "desk", "--override", "customer"), 'Invalid value "customer" for --override'),
        (("reopen", "C-1", "--by", "desk"), "--reason is missing"),
        (
            ("reopen", "C-1", "--by", "d", "--reason", "r", "--down-since", "2024-01-01T00:00:00Z"),
            "goes with --still-down",
        ),
        (
            ("reopen", "C-1", "--by", "d", "--reason", "r", "--still-down", "--down-since", "2999-01-01T00:00:00Z"),
            "--down-since: lies after the fact's time",
        ),
        (("withdraw", "C-1", "--by", "shop-9", "--proof", ""), "--proof: is empty"),
    ],
)
def test_wrong_options_are_one_clear_line_and_leave_no_dead_letter(
    cli: Cli, arguments: tuple[str, ...], message: str
) -> None:
    cli.load(DOWN)

    said = cli(*arguments)

    assert said.exit == 2
    assert message in said.stderr
    assert said.stderr.count("\n") == 1
    assert cli.json("status")["dead"] == 0


def test_a_closed_complaint_is_reopened(cli: Cli) -> None:
    cli.load(DOWN, BACK)
    cli("close", "C-1", "--by", "desk")

    answer = cli.json("reopen", "C-1", "--by", "shop-9", "--reason", "a question")

    assert answer == {"complaint": "C-1", "status": "open", "reopened": True, "why": None, "customer_state": "up"}


def test_a_closing_that_proves_false_is_reopened_by_the_word_itself(cli: Cli) -> None:
    cli.load(DOWN, BACK)
    cli("close", "C-1", "--by", "desk")

    since = "2024-03-01T10:30:00Z"
    said = cli(
        "reopen", "C-1", "--by", "shop-9", "--reason", "it never came back", "--still-down", "--down-since", since
    )

    assert said.exit == 0
    assert said.stdout == "C-1 is open again; the customer is down.\n"
    shown = cli.json("show", "C-1")
    assert (shown["false_closings"], shown["reopenings"]) == (1, 1)


def test_there_is_nothing_to_reopen_in_an_open_complaint(cli: Cli) -> None:
    cli.load(DOWN, BACK)

    said = cli("reopen", "C-1", "--by", "shop-9", "--reason", "?", "--json")

    assert said.exit == 3
    assert json.loads(said.stdout)["why"] == "C-1 is open already: there is nothing to reopen."


def test_that_an_open_complaints_customer_is_still_down_is_worth_recording(cli: Cli) -> None:
    cli.load(DOWN, BACK)

    said = cli("reopen", "C-1", "--by", "shop-9", "--reason", "dead again", "--still-down")

    assert said.exit == 0
    assert said.stdout == "C-1 was open already. That the customer is still down is recorded.\n"
    assert cli.json("show", "C-1")["customer_state"] == "down"


def test_a_withdrawn_complaint_is_reopened_by_nothing(cli: Cli) -> None:
    cli.load(DOWN)
    assert cli("withdraw", "C-1", "--by", "shop-9", "--proof", "mail").exit == 0

    said = cli("reopen", "C-1", "--by", "shop-9", "--reason", "I changed my mind")

    assert said.exit == 3
    assert said.stdout == "C-1 is withdrawn, and a withdrawn complaint is reopened by nothing.\n"


def test_a_withdrawal_says_that_the_customer_was_down_and_counts_as_no_closing(cli: Cli) -> None:
    cli.load(DOWN)

    said = cli("withdraw", "C-1", "--by", "shop-9", "--proof", "mail of 1 March")

    assert said.stdout == (
        "C-1 is withdrawn; the customer was down, and the history says so. It does not count as closed.\n"
    )
    shown = cli.json("show", "C-1")
    assert (shown["status"], shown["closed_at"]) == ("withdrawn", None)


def test_an_ended_complaint_is_not_withdrawn(cli: Cli) -> None:
    cli.load(DOWN, BACK)
    cli("close", "C-1", "--by", "desk")

    said = cli("withdraw", "C-1", "--by", "shop-9", "--proof", "mail", "--json")

    assert said.exit == 3
    answer = json.loads(said.stdout)
    assert (answer["status"], answer["withdrawn"]) == ("closed", False)
    assert answer["why"] == "C-1 is closed already: a withdrawal of an ended complaint changes nothing."


def test_a_request_that_stands_says_until_what_and_closes_when_nothing_objects(cli: Cli) -> None:
    cli.load(DOWN, PART)

    said = cli("close", "C-1", "--by", "desk", "--when-confirmed")

    assert said.exit == 3
    told = "The request stands: C-1 closes by itself as soon as nothing objects, until the customer is up, "
    assert told + "until the part has arrived." in said.stdout
    assert cli.json("show", "C-1")["standing_request"] == {
        "time": "2024-03-01T09:00:00Z",
        "by": "desk",
        "reason": None,
        "objections": ["customer_down", "part_outstanding"],
    }
    assert "by itself, as desk asked 2024-03-01 09:00: until the customer is up" in cli("show", "C-1").stdout
    cli.load(fact("part.arrived", "C-1", "2024-03-01T10:00", order="o-1"))
    assert cli.json("show", "C-1")["standing_request"]["objections"] == ["customer_down"]
    cli.load(BACK)

    shown = cli.json("show", "C-1")
    assert (shown["status"], shown["closed_at"], shown["standing_request"]) == ("closed", "2024-03-01T11:00:00Z", None)
    then = cli.json("show", "C-1", "--at", "2024-03-01T10:30:00Z")
    assert (then["status"], then["standing_request"]["by"]) == ("open", "desk")
    assert cli.json("show", "C-1", "--at", "2024-03-01T08:30:00Z")["standing_request"] is None


def test_a_new_request_takes_the_place_of_one_that_stands(cli: Cli) -> None:
    cli.load(DOWN)
    said = cli("close", "C-1", "--by", "desk", "--when-confirmed", "--json")
    assert json.loads(said.stdout)["stands"] is True

    cli("close", "C-1", "--by", "desk")

    assert cli.json("show", "C-1")["standing_request"] is None


def test_a_request_that_stands_and_is_granted_at_once_stands_no_more(cli: Cli) -> None:
    cli.load(DOWN, BACK)

    answer = cli.json("close", "C-1", "--by", "desk", "--when-confirmed")

    assert (answer["closed"], answer["stands"]) == (True, False)
