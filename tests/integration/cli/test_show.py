"""`show` and `history`: in JSON as fixed, and in words that people use."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.integration.cli.running import Cli, fact, filed

REFUSED = "2013-02-07T18:00:00+01:00"


def test_the_sentence_that_settles_the_argument_comes_first(cli: Cli) -> None:
    cli.story()

    said = cli("show", "C-1")

    assert said.exit == 0
    assert said.stdout.splitlines()[0].rstrip() == "Down 6 d 2 h 50 min; a ticket would have said 2 d 9 h."


def test_people_read_words_not_codes(cli: Cli) -> None:
    cli.story()

    text = cli("show", "C-1").stdout

    assert "to service-desk: customer down, part outstanding, visit outstanding" in text
    assert "waiting for parts" in text
    assert "field / kowalski" in text
    assert "30 min late" in text
    assert "times are UTC" in text
    assert "_" not in text.replace("visit_", "")
    assert "\x1b" not in text


def test_what_was_known_then_is_another_answer_than_what_was_so_then(cli: Cli) -> None:
    cli.story()

    then = cli.json("show", "C-1", "--known-at", "2013-02-11T11:30:00+01:00")
    now = cli.json("show", "C-1", "--at", "2013-02-11T11:30:00+01:00")

    assert (then["customer_state"], now["customer_state"]) == ("unconfirmed", "up")
    assert then["at"] == then["known_at"] == now["at"] == "2013-02-11T10:30:00Z"


def test_on_a_store_of_history_now_is_where_its_clock_stands(cli: Cli) -> None:
    cli.story()

    shown = cli.json("show", "C-1")

    assert shown["at"] == shown["known_at"] == cli.json("status")["clock"]["recorded_at"]


def test_on_a_store_of_the_machines_clock_downtime_runs_until_now(cli: Cli) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00"), clock="wall")

    assert cli.json("show", "C-1")["downtime"]["experienced"] >= time.time() - 1_709_280_000 - 60
    assert ", and still down;" in cli("show", "C-1").stdout


def test_where_no_worker_runs_show_first_does_what_is_due(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.folder / "terms.toml").write_text(
        'effective = 2020-01-01\n[agreement.standard]\nrestoration = { silence = "PT24H" }\n'
    )
    cli("agreements", "apply", str(cli.folder / "terms.toml"))
    now = time.time_ns()
    filed_at, start = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now // 10**9 - ago)) for ago in (3600, 60))
    cli.load(
        filed("C-1", filed_at),
        fact("resolution.proposed", "C-1", start, by="desk", summary="done"),
        fact("notice.sent", "C-1", start, "z1", notice="n", channel="mail", about="confirmation"),
        fact("notice.delivered", "C-1", start, "z2", notice="n", proof="250"),
        clock="wall",
    )
    assert cli.json("show", "C-1")["customer_state"] == "unconfirmed"
    monkeypatch.setattr(time, "time_ns", lambda: now + 25 * 3600 * 10**9)

    shown = cli.json("show", "C-1")

    assert shown["customer_state"] == "up"
    assert shown["outages"][0]["ended_by"] == "silence"


def test_a_complaint_that_was_never_down_and_one_that_is_withdrawn_are_told_as_such(cli: Cli) -> None:
    cli.load(
        filed("C-1", "2024-03-01T08:00", down=False),
        filed("C-2", "2024-03-01T08:00"),
        fact("complaint.withdrawn", "C-2", "2024-03-01T09:00", by="shop-9", proof="mail"),
    )

    assert cli("show", "C-1").stdout.startswith("Not down at any time")
    assert cli("show", "C-2").stdout.startswith("Down 1 h; a ticket would say the same.")


@pytest.mark.parametrize("name", ["C-404", "C 1", "", "-1", "é" * 300])
def test_what_nobody_knows_is_not_found(cli: Cli, name: str) -> None:
    cli.story()

    for command in ("show", "history"):
        said = cli(command, name, "--json")

        assert said.exit == 4
        assert said.stdout == ""
        assert said.stderr.startswith("stilldown: no")
        assert said.stderr.count("\n") == 1


def test_before_it_was_filed_a_complaint_is_not_found(cli: Cli) -> None:
    cli.story()

    assert cli("show", "C-1", "--known-at", "2013-02-05T08:00:00+01:00").exit == 4
    assert "was not filed yet" in cli("show", "C-1", "--at", "2013-02-05T08:00:00+01:00").stderr


@pytest.mark.parametrize(
    "moment, message",
    [
        ("yesterday", "--at: write a moment such as 2013-02-07T18:00:00+01:00, got 'yesterday'"),
        ("2013-02-07T18:00", "--at: say the offset too, such as 2013-02-07T18:00:00Z for UTC, got '2013-02-07T18:00'"),
        ("2013-02-07", "--at: say the offset too"),
        ("0001-01-01T00:00:00+14:00", "--at: lies outside the calendar in UTC"),
        ("", "--at: write a moment"),
    ],
)
def test_what_is_no_moment_is_told_with_what_would_be_one(cli: Cli, moment: str, message: str) -> None:
    cli.story()

    said = cli("show", "C-1", "--at", moment)

    assert said.exit == 2
    assert message in said.stderr


def test_a_moment_in_the_future_is_answered_with_a_note(cli: Cli) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00"))

    said = cli("show", "C-1", "--at", "2024-03-02T08:00:00Z")

    assert said.stdout.startswith("Down 1 d, and still down")
    assert "--at lies in the future" in said.stderr


@pytest.mark.parametrize("command", ["show", "history", "status", "verify", "close", "dead", "held", "agreements"])
def test_a_store_that_does_not_exist_is_not_made_by_looking_at_it(cli: Cli, command: str) -> None:
    more = {"show": ["C-1"], "history": ["C-1"], "close": ["C-1", "--by", "me"], "agreements": ["show"]}
    arguments = more.get(command, ["list"] if command in {"dead", "held"} else [])

    said = cli(command, *arguments)

    assert said.exit == 2
    assert said.stderr.startswith(f"stilldown: there is no store at {cli.store}; `stilldown ingest`")
    assert list(cli.folder.iterdir()) == []


def test_something_else_than_a_store_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    text = tmp_path / "store.db"
    text.write_text("no database at all, and long enough to see that" * 50)
    before = text.read_bytes()

    for command in (["show", "C-1"], ["ingest", "-"], ["migrate"], ["status"]):
        said = cli(*command)

        assert said.exit == 2
        assert "is no store" in said.stderr
        assert text.read_bytes() == before


def test_history_gives_an_event_a_line_in_the_order_recorded(cli: Cli) -> None:
    cli.story()

    events = cli.lines("history", "C-1")

    positions = [event["position"] for event in events]
    assert positions == sorted(positions)
    refused = next(event for event in events if event["type"] == "closure.refused")
    assert refused["data"]["objections"] == ["customer_down", "part_outstanding", "visit_outstanding"]
    asked = next(event for event in events if event["id"] == refused["cause"]["id"] and event["kind"] == "fact")
    assert asked["type"] == "complaint.close_requested"


def test_history_in_words_reads_like_the_story(cli: Cli) -> None:
    cli.story()

    said = cli("history", "C-1")

    assert "shop-9 complains by phone; down, since 2013-02-05 07:30" in said.stdout
    assert "CLOSING REFUSED to service-desk: customer down, part outstanding, visit outstanding" in said.stdout
    assert "service.heard" not in said.stdout
    assert "--json gives everything" in said.stderr


def test_history_names_each_fact_and_what_is_behind_a_decision(cli: Cli) -> None:
    told = [fact("service.down", "till", "2024-03-01T07:00", "m1", source="/watch", evidence="monitor", by="probe")]
    facts = [
        filed("C-1", "2024-03-01T08:00", service="till"),
        fact("service.up", "till", "2024-03-01T09:00", "u1", source="/watch", evidence="customer", by="eve"),
        fact("complaint.close_requested", "C-1", "2024-03-01T10:00", "close", by="ann"),
        filed("C-2", "2024-03-01T12:00", service="till", down_since="2024-03-01T08:30:00Z"),
        fact("complaint.acknowledged", "C-2", "2024-03-01T12:30", by="ann"),
    ]
    cli.load(*told, *facts)

    of_one, of_all = squeezed(cli("history", "C-1").stdout), squeezed(cli("history", "till").stdout)

    assert "ann asks to close [/desk close]" in of_one
    assert "CLOSED for ann [because of /desk close]" in of_one
    # The other complaint's word opened it again; nothing else of that complaint is in this one's history.
    word = "C-2: the customer says it is down, since 2024-03-01 08:30 [because of /desk complaint.filed/C-2/"
    assert word in of_one
    assert word in of_all
    assert of_one.index(word) < of_one.index("REOPENED")
    assert "C-1: the customer says" not in of_one
    assert "C-1: the customer says it is down" in of_all
    heard = [e["data"]["complaint"] for e in cli.lines("history", "C-1") if e["type"] == "service.heard"]
    assert set(heard) == {"C-1", "C-2"}


def test_a_history_of_which_nothing_was_known_is_not_empty_but_unknown(cli: Cli) -> None:
    cli.story()

    unknown, early = (cli("history", "C-1", flag, "2012-01-01T00:00:00Z") for flag in ("--known-at", "--at"))

    assert (unknown.exit, unknown.stdout) == (4, "")
    assert "nothing was known of C-1 at 2012-01-01T00:00:00Z yet" in unknown.stderr
    assert (early.exit, early.stdout) == (0, "")
    assert "nothing of it had happened by then" in early.stderr


def test_ids_and_channels_are_told_as_somebody_wrote_them(cli: Cli) -> None:
    cli.load(
        filed("C-1", "2024-03-01T08:00", service="till"),
        fact("complaint.assigned", "C-1", "2024-03-01T08:05", team="IT/Net", to="bob"),
        fact("part.ordered", "C-1", "2024-03-01T09:00", order="PO_1", part="psu_24v"),
        fact("remedy.granted", "C-1", "2024-03-01T09:00", remedy="RM_9", kind="loaner"),
        fact("notice.sent", "C-1", "2024-03-01T09:00", notice="n_1", channel="sms_gw", about="confirmation"),
    )

    text = squeezed(cli("show", "C-1").stdout)

    assert "order part ordered" in text
    assert "PO_1 psu_24v" in text
    assert "RM_9 loaner" in text
    assert "n_1 confirmation sms_gw" in text
    assert "IT/Net/bob" in text


def test_on_a_terminal_that_knows_fewer_signs_the_others_are_told_by_number(cli: Cli) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00", summary="█ gotówka"))

    said = cli.apart("history", "C-1", env={**os.environ, "PYTHONIOENCODING": "ascii"})

    assert said.exit == 0
    assert "\\u2588 got\\xf3wka" in said.stdout
    assert cli.apart("show", b"\xff".decode(errors="surrogateescape")).exit == 2


def test_history_as_known_then_stops_then(cli: Cli) -> None:
    cli.story()

    then = cli.lines("history", "C-1", "--known-at", REFUSED)

    assert 0 < len(then) < len(cli.lines("history", "C-1"))
    assert all(event["recorded_at"] <= "2013-02-07T17:00:00Z" for event in then)
    assert all(event["time"] <= "2013-02-07T17:00:00Z" for event in cli.lines("history", "C-1", "--at", REFUSED))


def test_a_service_an_agreement_and_a_person_have_histories_too(cli: Cli) -> None:
    cli.story()
    cli.load(
        fact(
            "person.absent", "kowalski", "2013-03-01T08:00", from_="2013-03-01T08:00:00Z", until="2013-03-08T08:00:00Z"
        )
    )

    assert {event["stream"] for event in cli.lines("history", "register-3")} == {"service:register-3"}
    assert [event["type"] for event in cli.lines("history", "standard")] == ["agreement.published"]
    assert "absent, 2013-03-01 08:00 to 2013-03-08 08:00" in cli("history", "kowalski").stdout


DESK = """
effective = 2020-01-01
[agreement.standard]
credit = { after = "PT1H", per = "hour", amount = "2.50", currency = "PLN" }
[[agreement.standard.clock]]
name = "restore"
target = "PT8H"
calendar = "always"
starts = "down"
stops = "up"
pauses = ["vendor"]
[[agreement.standard.clock]]
name = "reply"
target = "P2D"
calendar = "always"
starts = "filed"
stops = "replied"
on_breach = "deem_upheld"
"""


def desk(cli: Cli) -> None:
    """Agreements with clocks, credits and an answer that the law waits for."""
    (cli.folder / "terms.toml").write_text(DESK)
    cli("agreements", "apply", "terms.toml")


def squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def test_people_see_how_long_each_clock_has_and_what_is_owed(cli: Cli) -> None:
    desk(cli)
    cli.load(filed("C-1", "2024-03-01T08:00"))

    text = squeezed(cli("show", "C-1", "--at", "2024-03-01T10:30:00Z").stdout)

    assert "restore PT8H running 2024-03-01 16:00 5 h 30 min left 2 h 30 min" in text
    assert "2024-03-01 08:00 5.00 PLN 2 hours of downtime begun beyond 1 h free, 2.50 PLN each" in text
    cli.load(fact("complaint.contacted", "C-1", "2024-03-04T08:00", by="shop", direction="inbound"))
    late = squeezed(cli("show", "C-1").stdout)
    assert "restore PT8H breached 2024-03-01 16:00 2 d 16 h overdue 72 h" in late
    assert "deemed upheld by law, 2024-03-03 08:00: not answered in time" in late
    history = squeezed(cli("history", "C-1").stdout)
    assert "clock restore starts: PT8H, due 2024-03-01 16:00" in history
    assert "clock restore BREACHED: it was due 2024-03-01 16:00" in history
    assert "DEEMED UPHELD: clock reply ran out" in history


def test_people_see_for_whom_and_why_a_clock_is_paused(cli: Cli) -> None:
    desk(cli)
    cli.load(
        filed("C-1", "2024-03-01T08:00"),
        fact("complaint.wait_started", "C-1", "2024-03-01T09:00", on="vendor", reason="the line is theirs"),
        fact("complaint.contacted", "C-1", "2024-03-01T12:00", by="shop", direction="inbound"),
    )

    text = squeezed(cli("show", "C-1").stdout)

    paused = "restore PT8H paused … paused for the vendor since 2024-03-01 09:00: “the line is theirs” 1 h 3 h"
    assert paused in text
    (_, restore) = cli.json("show", "C-1")["clocks"]
    assert (restore["paused_for"], restore["paused_reason"], restore["paused"]) == (
        "vendor",
        "the line is theirs",
        10_800,
    )
    assert "clock restore pauses: waiting for the vendor" in cli("history", "C-1").stdout
    cli.load(fact("complaint.wait_ended", "C-1", "2024-03-01T13:00"))
    assert "clock restore runs again, due 2024-03-01 20:00" in cli("history", "C-1").stdout


def test_people_see_broken_promises_and_an_owner_who_is_away(cli: Cli) -> None:
    cli.load(
        filed("C-1", "2024-03-01T08:00", team="field"),
        fact("complaint.assigned", "C-1", "2024-03-01T08:10", to="kim"),
        fact("promise.made", "C-1", "2024-03-01T08:20", promise="p", what="a call", due="2024-03-01T10:00:00Z"),
        fact("person.absent", "kim", "2024-03-01T09:00", from_="2024-03-01T09:00:00Z", until="2024-03-09T09:00:00Z"),
        fact("complaint.contacted", "C-1", "2024-03-01T12:00", by="shop", direction="inbound"),
    )

    text = squeezed(cli("show", "C-1").stdout)

    assert "owner field / kim: absent, and nobody stands in" in text
    assert "broken 1 promise" in text
    assert "promise broken (p), due 2024-03-01 10:00" in cli("history", "C-1").stdout


def test_on_a_terminal_a_breach_is_red(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.story()
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert "\x1b[31mlate" in cli("show", "C-1").stdout
    assert "\x1b[1;31mThu 2013-02-07 08:40" in cli("explain", "C-1", "restore").stdout
    monkeypatch.delenv("FORCE_COLOR")
    assert "\x1b" not in cli("explain", "C-1", "restore").stdout


def test_a_history_of_what_nobody_knows_has_no_heading_either(cli: Cli) -> None:
    cli("migrate")
    said = cli("history", "C-404")
    assert (said.exit, said.stdout) == (4, "")
    assert "nothing is known of C-404" in said.stderr
