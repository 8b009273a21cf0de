"""`import`: other systems' exports as facts, in one command."""

from __future__ import annotations

import json

import pytest

from tests.integration.cli.running import Cli

HEAD = "number,incident_state,reopen_count,sys_mod_count,caller_id,opened_at,sys_updated_by,sys_updated_at,contact_type"
COLUMNS = f"{HEAD},category,subcategory,u_symptom,cmdb_ci,priority,assignment_group,assigned_to\n"
REST = "Phone,Category 1,Subcategory 2,?,?,3 - Moderate,Group 1,?\n"
ROWS = (
    f"INC1,New,0,0,Caller 1,1/3/2016 08:00,Desk 1,1/3/2016 08:00,{REST}"
    f"INC1,Active,0,1,Caller 1,1/3/2016 08:00,Desk 1,1/3/2016 09:00,{REST}"
    f"INC1,Resolved,0,2,Caller 1,1/3/2016 08:00,Desk 1,1/3/2016 10:00,{REST}"
    f"INC1,Closed,0,3,Caller 1,1/3/2016 08:00,Desk 1,6/3/2016 11:00,{REST}"
)
OUTAGES = "id,municipality,area,dateOff,dateOn\n1,Town,North,2024-01-01T08:00:00Z,2024-01-01T10:30:00Z\n"
SILENT = """
effective = 2016-01-01
[agreement.standard]
restoration = { silence = "PT120H" }
"""


def incidents(cli: Cli, rows: str = ROWS) -> str:
    path = cli.folder / "incidents.csv"
    path.write_text(COLUMNS + rows)
    return str(path)


def agreements(cli: Cli) -> None:
    path = cli.folder / "agreements.toml"
    path.write_text(SILENT)
    assert cli("agreements", "apply", str(path)).exit == 0


def test_an_incident_log_is_taken_in_as_if_it_had_been_lived(cli: Cli) -> None:
    said = cli.json("import", "servicenow", incidents(cli))

    assert said["recorded"] == said["read"] == 5
    assert said["bad_rows"] == 0
    assert cli.json("status")["clock"] == {"mode": "event", "recorded_at": "2016-03-06T11:00:00Z"}
    shown = cli.json("show", "INC1")
    assert shown["customer_state"] == "unconfirmed"
    assert [refusal["objections"] for refusal in shown["refusals"]] == [["restoration_unconfirmed"]]


@pytest.mark.parametrize("mail, status", [("sent", "open"), ("delivered", "closed"), ("none", "open")])
def test_whether_the_mail_came_decides_whether_silence_speaks(cli: Cli, mail: str, status: str) -> None:
    agreements(cli)

    cli.json("import", "servicenow", incidents(cli), "--mail", mail)

    assert cli.json("show", "INC1")["status"] == status


def test_the_same_log_again_records_nothing_new(cli: Cli) -> None:
    first = cli.json("import", "servicenow", incidents(cli))

    again = cli.json("import", "servicenow", incidents(cli))

    assert (again["recorded"], again["duplicates"]) == (0, first["recorded"])


def test_bad_rows_are_told_one_line_each_and_cost_no_other(cli: Cli) -> None:
    bad = ROWS.replace("INC1,Active", "INC1,Asleep") + "INC2,New\n"

    said = cli("import", "servicenow", incidents(cli, bad), "--json")

    assert said.exit == 0
    assert json.loads(said.stdout)["bad_rows"] == 2
    assert "incidents.csv: line 3, column incident_state: is a state that the mapping does not name" in said.stderr
    assert "incidents.csv: line 6: has 2 columns" in said.stderr
    assert "2 bad rows left out" in cli("import", "servicenow", incidents(cli, bad)).stdout


def test_agreements_that_nobody_published_are_named_before_they_kill_a_fact(cli: Cli) -> None:
    said = cli("import", "servicenow", incidents(cli, ROWS.replace("3 - Moderate", "1 - Critical")))

    assert "note: nobody has published critical, high, low:" in said.stderr
    assert "stilldown agreements apply FILE" in said.stderr


def test_facts_alone_go_to_stdout_and_no_store_is_made(cli: Cli) -> None:
    said = cli("import", "servicenow", incidents(cli), "--facts-only")

    facts = [json.loads(line) for line in said.stdout.splitlines()]
    assert facts[0]["type"] == "complaint.filed"
    assert {fact["subject"] for fact in facts} == {"INC1"}
    assert not (cli.folder / "store.db").exists()
    assert cli.json("ingest", "-", "--clock", "event", stdin=said.stdout.encode())["recorded"] == len(facts)


def test_a_mapping_of_ones_own_is_used(cli: Cli) -> None:
    path = cli.folder / "ours.toml"
    path.write_text(
        'kind = "outages"\nsource = "/grid"\nfeed = "grid"\n[time]\nformat = "iso"\n'
        '[columns]\noutage = "id"\nservice = ["area"]\noff = "dateOff"\non = "dateOn"\n'
    )
    feed = cli.folder / "outages.csv"
    feed.write_text(OUTAGES)

    assert cli.json("import", "outages", str(feed), "--mapping", str(path))["recorded"] == 2

    events = cli.lines("history", "North")
    assert [event["type"] for event in events if event["kind"] == "fact"] == ["service.down", "service.up"]
    assert events[0]["source"] == "/grid"


def test_an_outage_feed_is_taken_in(cli: Cli) -> None:
    feed = cli.folder / "outages.csv"
    feed.write_text(OUTAGES + "2,Town,,2024-01-01T08:00:00Z,\n")

    said = cli("import", "outages", str(feed))

    assert "2 facts read" in said.stdout
    assert "1 bad row left out" in said.stdout
    assert "outages.csv: line 3, column area" in said.stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("servicenow", "nowhere.csv"), "nowhere.csv: cannot be read: No such file or directory"),
        (("servicenow", "outages.csv"), "`columns.number`: the file has no column 'number'"),
        (("outages", "outages.csv", "--mapping", "nowhere.toml"), "nowhere.toml: cannot be read: No such file"),
        (("servicenow", "outages.csv", "--mail", "perhaps"), 'Invalid value "perhaps" for --mail'),
        (("servicenow",), "FILE is missing"),
        (("tickets", "outages.csv"), 'Unknown command "tickets"'),
    ],
)
def test_wrong_usage_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    (cli.folder / "outages.csv").write_text(OUTAGES)

    said = cli("import", *arguments)

    assert said.exit == 2
    assert message in said.stderr
    assert said.stderr.count("\n") == 1
