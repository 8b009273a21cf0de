"""`explain`: a deadline in words that can be read out, and in JSON with the fact behind everything."""

from __future__ import annotations

import pytest

from tests.integration.cli.running import STORY, Cli, fact, filed

TERMS = """
effective = 2020-01-01
[calendar.office]
zone = "Europe/Warsaw"
hours = { mon = ["08:00-16:00"], tue = ["08:00-16:00"], wed = ["08:00-16:00"], thu = ["08:00-16:00"] }
holidays = { country = "PL" }
[agreement.standard]
zone = "Europe/Warsaw"
[[agreement.standard.clock]]
name = "restore"
target = "PT16H"
calendar = "office"
starts = "down"
stops = "up"
pauses = ["customer"]
warn = [0.5]
"""


def told(cli: Cli, *arguments: str) -> list[str]:
    """The lines for people, without the spaces that fill them up."""
    said = cli("explain", *arguments)
    assert said.exit == 0, said
    return [" ".join(line.split()) for line in said.stdout.splitlines()]


def test_a_breached_clock_explains_itself_line_by_line(cli: Cli) -> None:
    cli.story()

    lines = told(cli, "C-1", "restore")

    assert lines[0] == "restore of C-1: late, 4 d 2 h 40 min after it was due"
    assert "terms agreement standard, version 1" in lines
    assert "target 16 h of working time (PT16H); stops when the service is back" in lines
    assert "calendar office: Mon-Fri 08:00-16:00, no holidays of PL; times below are those of Europe/Warsaw" in lines
    assert "starts Tue 2013-02-05 08:40: the filing; the service had been down since Tue 2013-02-05 08:30" in lines
    assert "counted Tue 2013-02-05 08:40-16:00 7 h 20 min, together 7 h 20 min" in lines
    assert "Thu 2013-02-07 08:00-08:40 40 min, together 16 h" in lines
    assert any(line.startswith("not paused Thu 2013-02-07 10:10 to Mon 2013-02-11 10:00") for line in lines)
    assert "due Thu 2013-02-07 08:40" in lines
    assert "breached Thu 2013-02-07 08:40: nothing had stopped it" in lines
    assert "stopped Mon 2013-02-11 11:20, late: the service was back, by the word of the customer" in lines
    assert any("[/shop f-023, resolution.confirmed, Mon 2013-02-11 11:40]" in line for line in lines)
    assert "elapsed 34 h 40 min of working time until it stopped" in lines


def test_a_slip_that_nobody_can_prove_stops_no_clock_and_the_explanation_says_so(cli: Cli) -> None:
    letter = STORY.parent / "registered-letter"
    cli("agreements", "apply", str(letter / "agreement.toml"))
    cli("ingest", str(letter / "facts.jsonl"), "--clock", "event")

    text = " ".join(told(cli, "L-7", "restore"))
    assert "nobody has proved that its notice was delivered, so it stops nothing" in text
    text = " ".join(told(cli, "L-7", "reply"))
    assert "30 days after Wed 2014-10-01 is Fri 2014-10-31" in text
    assert "due Sat 2014-11-01 00:00, the end of Fri 2014-10-31" in text
    assert "Sun 2014-10-26 has 25 h: clocks go back" in text
    assert "the law takes the complaint as justified" in text


def test_a_pause_is_told_with_its_notice_the_proof_and_the_holiday_in_it(cli: Cli) -> None:
    (cli.folder / "terms.toml").write_text(TERMS)
    cli("agreements", "apply", "terms.toml")
    cli.load(
        filed("C-1", "2024-03-28T09:00"),
        fact("notice.sent", "C-1", "2024-03-28T10:00", notice="q", channel="mail", about="question"),
        fact("complaint.wait_started", "C-1", "2024-03-28T10:00", on="customer", notice="q", reason="which model?"),
        fact("notice.delivered", "C-1", "2024-03-28T11:00", notice="q", proof="250 ok"),
        fact("complaint.wait_ended", "C-1", "2024-04-02T07:00"),
    )

    text = "\n".join(told(cli, "C-1", "restore"))

    assert "paused Thu 2024-03-28 12:00 to Tue 2024-04-02 09:00, 5 h of working time: waiting for the customer" in text
    assert "the notice q was delivered Thu 2024-03-28 12:00 (proof: 250 ok)" in text
    assert "counts from when the customer knew" in text
    assert "skipped Mon 2024-04-01: Easter Monday" in text
    assert "Sun 2024-03-31 has 23 h: clocks go forward; none of them counts" in text
    paused = "\n".join(told(cli, "C-1", "restore", "--at", "2024-03-29T10:00:00Z"))
    assert "restore of C-1: paused" in paused
    assert "due not known while it waits for the customer" in paused


def test_machines_get_one_object_with_the_words_in_it(cli: Cli) -> None:
    cli.story()

    explained = cli.json("explain", "C-1", "restore")

    assert (explained["complaint"], explained["clock"], explained["agreement"]) == ("C-1", "restore", "standard")
    (cycle,) = explained["cycles"]
    assert cycle["due_at"] == "2013-02-07T07:40:00Z"
    assert cycle["calendar"]["hours"]["mon"] == ["08:00-16:00"]
    assert cycle["stop"]["fact"] | {"data": None} == {
        "source": "/shop",
        "id": "f-023",
        "type": "resolution.confirmed",
        "subject": "C-1",
        "time": "2013-02-11T10:40:00Z",
        "data": None,
    }
    assert "due: Thu 2013-02-07 08:40" in cycle["words"]


def test_what_show_says_of_a_clock_is_what_is_explained(cli: Cli) -> None:
    cli.story()
    for complaint in ("C-1", "C-2"):
        for clock in cli.json("show", complaint)["clocks"]:
            cycle = cli.json("explain", complaint, clock["clock"])["cycles"][clock["cycle"] - 1]
            for name in ("state", "target", "due_at", "elapsed", "paused", "breached_at", "agreement_version"):
                assert cycle[name] == clock[name]
            assert cycle["start"]["time"] == clock["started_at"]
            assert (cycle["stop"] or {"time": None})["time"] == clock["stopped_at"]


def test_a_clock_that_waits_for_an_outage_has_not_started(cli: Cli) -> None:
    (cli.folder / "terms.toml").write_text(TERMS)
    cli("agreements", "apply", "terms.toml")
    cli.load(filed("C-1", "2024-03-28T09:00", down=False))

    assert told(cli, "C-1", "restore")[0] == "restore of C-1 has not started: the service was not down."
    assert cli.json("explain", "C-1", "restore")["cycles"] == []


@pytest.mark.parametrize(
    "complaint, clock, message",
    [
        ("C-9", "restore", "no complaint C-9 is known"),
        ("C-1", "reply", "complaint C-1 has no clock reply; its clocks are: acknowledge, resolve, restore"),
        ("C-2", "", "complaint C-2 has no clock ; its clocks are: reply"),
    ],
)
def test_what_nobody_knows_is_not_found_and_the_known_clocks_are_named(
    cli: Cli, complaint: str, clock: str, message: str
) -> None:
    cli.story()

    said = cli("explain", complaint, clock)

    assert (said.exit, said.stdout, said.stderr) == (4, "", f"stilldown: {message}\n")


def test_an_agreement_without_clocks_is_told_as_that(cli: Cli) -> None:
    cli.load(filed("C-1", "2024-03-28T09:00"))

    said = cli("explain", "C-1", "restore")
    assert said.exit == 4
    assert "the agreement standard has none" in said.stderr
    assert "was not filed yet" in cli("explain", "C-1", "restore", "--at", "2024-03-01T00:00:00Z").stderr


ACKNOWLEDGE = """
[[agreement.standard.clock]]
name = "acknowledge"
target = "PT4H"
calendar = "always"
starts = "filed"
stops = "acknowledged"
pauses = ["parts"]
"""


def test_the_hours_add_up_of_a_clock_that_stopped_while_the_complaint_was_closed(cli: Cli) -> None:
    (cli.folder / "terms.toml").write_text(TERMS + ACKNOWLEDGE)
    cli("agreements", "apply", str(cli.folder / "terms.toml"))
    cli.load(
        filed("C-1", "2024-03-29T10:00", down=False),
        fact("complaint.close_requested", "C-1", "2024-03-29T11:00", by="ann"),
        fact("complaint.acknowledged", "C-1", "2024-03-29T12:00", by="ann"),
        fact("complaint.reopen_requested", "C-1", "2024-03-29T18:00", by="eve", reason="not solved"),
    )

    (cycle,) = cli.json("explain", "C-1", "acknowledge")["cycles"]

    assert (cycle["due_at"], cycle["elapsed"]) == ("2024-03-29T15:00:00Z", 3_600)
    assert [day["sum"] for day in cycle["days"]] == [4 * 3_600]
