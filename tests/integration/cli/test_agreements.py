"""`agreements`: publishing terms, and looking at them."""

from __future__ import annotations

import msgspec
import pytest

from contracts.pinning import Holiday, Pinned, pinned
from tests.integration.cli.running import Cli, fact, filed

TERMS = """
effective = 2020-01-01
[agreement.standard]
zone = "Europe/Warsaw"
restoration = { accepts = ["technician"], silence = "PT48H" }
[agreement.gold]
"""


def apply(cli: Cli, text: str) -> list[str]:
    path = cli.folder / "agreements.toml"
    path.write_text(text)
    return ["agreements", "apply", str(path)]


def test_what_is_new_in_a_file_is_published(cli: Cli) -> None:
    assert cli.json(*apply(cli, TERMS)) == {
        "published": [
            {"agreement": "gold", "version": 1, "effective": "2020-01-01"},
            {"agreement": "standard", "version": 1, "effective": "2020-01-01"},
        ],
        "unchanged": [],
    }
    assert cli.json(*apply(cli, TERMS))["unchanged"] == ["gold", "standard"]
    cli.load(filed("C-1", "2024-03-01T08:00"))
    assert cli.json(*apply(cli, TERMS.replace("PT48H", "PT24H"))) == {
        "published": [{"agreement": "standard", "version": 2, "effective": "2020-01-01"}],
        "unchanged": ["gold"],
    }


def test_people_read_what_was_published_and_when_it_counts(cli: Cli) -> None:
    said = cli(*apply(cli, TERMS))

    assert said.stdout == "gold: version 1, effective 2020-01-01\nstandard: version 1, effective 2020-01-01\n"
    assert "2 versions published with the first fact" in said.stderr
    assert cli(*apply(cli, TERMS)).stdout == "gold, standard: unchanged\n"


def test_versions_are_shown_also_those_that_wait_for_the_first_fact(cli: Cli) -> None:
    cli(*apply(cli, TERMS))

    (standard,) = cli.lines("agreements", "show", "standard")

    assert (standard["version"], standard["effective"]) == (1, "2020-01-01")
    assert standard["terms"]["restoration"] == {"accepts": ["technician"], "silence": 172_800}
    table = cli("agreements", "show").stdout
    assert "proves it after 2 d" in table
    assert "proves nothing" in table


def test_an_agreement_that_nobody_published_is_not_found(cli: Cli) -> None:
    cli("migrate")

    assert cli("agreements", "show").stderr.startswith("no agreement is published")
    said = cli("agreements", "show", "platinum")
    assert said.exit == 4
    assert said.stderr == "stilldown: nobody has published an agreement platinum\n"


def test_everything_wrong_in_a_file_is_told_a_line_each_and_nothing_is_published(cli: Cli) -> None:
    said = cli(*apply(cli, TERMS.replace("PT48H", "soon").replace("zone", "zoen")))

    assert said.exit == 2
    told = said.stderr.splitlines()
    assert len(told) == 2
    assert all(line.startswith("stilldown: ") and "agreements.toml, line" in line for line in told)
    assert "zoen" in said.stderr
    assert "soon" in said.stderr
    assert not (cli.folder / "store.db").exists()


@pytest.mark.parametrize("name, text", [("nowhere.toml", None), (".", None), ("bytes.toml", b"\xff\xfe")])
def test_a_file_that_cannot_be_read_is_one_clear_line(cli: Cli, name: str, text: bytes | None) -> None:
    if text is not None:
        (cli.folder / name).write_bytes(text)

    said = cli("agreements", "apply", name)

    assert said.exit == 2
    assert said.stderr.startswith(f"stilldown: {name}: cannot be read")
    assert said.stderr.count("\n") == 1


OFFICE = """
effective = 2020-01-01
[calendar.office]
zone = "Europe/Warsaw"
hours = { mon = ["08:00-16:00"] }
holidays = { country = "PL" }
[agreement.standard]
clock = [{ name = "c", target = "PT1H", calendar = "office", starts = "filed", stops = "closed" }]
"""


@pytest.mark.parametrize("waits", [True, False])
def test_newer_holiday_data_is_a_new_version_only_when_the_file_is_applied_again(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, *, waits: bool
) -> None:
    known = pinned("PL")
    cli(*apply(cli, OFFICE))
    if not waits:
        cli.load(filed("C-1", "2024-03-01T08:00"))
    assert cli.json(*apply(cli, OFFICE))["unchanged"] == ["standard"]

    newer = msgspec.structs.replace(known, days=(*known.days, Holiday("Day of Rest", "2031-03-03")))
    monkeypatch.setattr("contracts.calendars.pinned", lambda *_: newer)
    before = cli.lines("agreements", "show", "standard")
    again = cli.json(*apply(cli, OFFICE))

    assert [row["version"] for row in again["published"]] == [2]
    first, second = cli.lines("agreements", "show", "standard")
    assert [first] == before
    kept = [row["terms"]["calendars"][0]["holidays"]["pinned"] for row in (first, second)]
    assert msgspec.convert(kept, list[Pinned]) == [known, newer]


CLOCKED = """
effective = 2020-01-01
[agreement.standard]
[[agreement.standard.clock]]
name = "resolve"
target = "PT8H"
calendar = "always"
starts = "filed"
stops = "closed"
"""
ROWS = [filed("C-1", "2024-03-01T08:00", down=False), filed("C-2", "2024-03-01T09:00", down=False)]
CLOSED = fact("complaint.close_requested", "C-2", "2024-03-01T09:30", by="desk")


def due(cli: Cli, complaint: str = "C-1") -> list[tuple[str, str | None, str]]:
    return [(c["clock"], c["due_at"], c["state"]) for c in cli.json("show", complaint)["clocks"]]


def longer(cli: Cli) -> str:
    """A file in which the clock has 12 hours, and there is another."""
    path = cli.folder / "longer.toml"
    more = CLOCKED.partition("[[")[2].replace("resolve", "answer").replace("closed", "replied")
    path.write_text(CLOCKED.replace("PT8H", "PT12H") + "[[" + more)
    return str(path)


def test_publishing_alone_moves_no_running_deadline(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*ROWS)
    before = due(cli)

    cli("agreements", "apply", longer(cli))

    assert due(cli) == before == [("resolve", "2024-03-01T16:00:00Z", "running")]
    assert cli.json("show", "C-1")["agreement_version"] == 1


def test_a_preview_tells_old_and_new_due_times_and_changes_nothing(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*ROWS, CLOSED)
    before = (cli.folder / "store.db").read_bytes()

    (one,) = cli.lines("agreements", "preview", longer(cli))
    text = cli("agreements", "preview", longer(cli)).stdout

    assert (one["complaint"], one["from_version"], one["to_version"]) == ("C-1", 1, 2)
    assert [(c["clock"], c["old"] and c["old"]["due_at"], c["new"]["due_at"]) for c in one["clocks"]] == [
        ("answer", None, "2024-03-01T16:00:00Z"),
        ("resolve", "2024-03-01T16:00:00Z", "2024-03-01T20:00:00Z"),
    ]
    assert "C-1 (standard 1 → 2)" in text
    assert "2024-03-01 20:00" in text
    assert "1 open complaint would move. Nothing is changed" in text
    assert (cli.folder / "store.db").read_bytes() == before
    assert len(cli.lines("agreements", "show")) == 1


def test_what_the_preview_says_is_what_applying_does(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*ROWS)
    previewed = {one["complaint"]: one["clocks"] for one in cli.lines("agreements", "preview", longer(cli))}

    cli("agreements", "apply", longer(cli), "--open")

    for complaint, clocks in previewed.items():
        assert due(cli, complaint) == [(c["clock"], c["new"]["due_at"], c["new"]["state"]) for c in clocks]
    (one, two) = cli.lines("agreements", "preview", longer(cli))
    assert [c["changes"] for c in one["clocks"] + two["clocks"]] == [False] * 4
    assert "0 open complaints would move; 2 have the newest version already" in (
        cli("agreements", "preview", longer(cli)).stdout
    )


def test_only_complaints_that_are_named_move_and_the_history_tells_it(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*ROWS)

    told = cli.json("agreements", "apply", longer(cli), "--to", "C-1")

    assert told["moved"] == [{"complaint": "C-1", "agreement": "standard", "from_version": 1, "to_version": 2}]
    assert (told["newest"], told["refused"]) == ([], [])
    assert due(cli)[1] == ("resolve", "2024-03-01T20:00:00Z", "running")
    assert due(cli, "C-2") == [("resolve", "2024-03-01T17:00:00Z", "running")]
    applied = [e for e in cli.lines("history", "C-1") if e["type"] == "agreement.applied"]
    assert [e["data"]["version"] for e in applied] == [1, 2]
    assert applied[1]["cause"] == {"source": "/stilldown/agreements", "id": "standard/2/C-1"}
    assert "terms: standard, version 2" in cli("history", "C-1").stdout
    assert cli.json("verify")["ok"] is True
    again = cli.json("agreements", "apply", longer(cli), "--to", "C-1", "C-2")
    assert (again["newest"], [row["complaint"] for row in again["moved"]]) == (["C-1"], ["C-2"])
    assert "C-1, C-2: left alone" in cli("agreements", "apply", longer(cli), "--open").stdout


def test_an_ended_complaint_is_refused_by_name_and_the_others_move(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*ROWS, CLOSED)

    said = cli("agreements", "apply", longer(cli), "--to", "C-2", "--to", "C-1")

    assert said.exit == 3
    assert "C-2: refused: it is closed" in said.stderr
    assert "C-1: standard, from version 1 to version 2" in said.stdout
    assert cli("agreements", "apply", longer(cli), "--open").exit == 0, "of all that are open it was not asked for"


def test_an_unknown_complaint_is_not_found_and_nothing_is_published_or_moved(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*ROWS)

    said = cli("agreements", "apply", longer(cli), "--to", "C-1", "C-404")

    assert (said.exit, said.stdout) == (4, "")
    assert "no complaint C-404 is known; nothing was published or moved" in said.stderr
    assert len(cli.lines("agreements", "show")) == 1
    assert cli("agreements", "apply", longer(cli), "--to", "C-1", "--open").exit == 2
    assert cli("agreements", "apply", longer(cli), "--to").exit == 2, "no complaint is named"
    assert len(cli.lines("agreements", "show")) == 1


def test_a_version_that_waits_for_the_first_fact_can_be_applied_to_nothing(cli: Cli) -> None:
    said = cli(*apply(cli, CLOCKED), "--to", "C-1")
    assert said.exit == 4
    assert "nothing is recorded yet" in said.stderr
    assert not (cli.folder / "store.db").exists()

    said = cli(*apply(cli, CLOCKED), "--open")
    assert said.exit == 0
    assert "there is no complaint that a version could be applied to" in said.stderr
    assert cli("agreements", "preview", longer(cli)).exit == 0


def test_more_complaints_than_a_transaction_moves_all_move(cli: Cli) -> None:
    cli(*apply(cli, CLOCKED))
    cli.load(*(filed(f"C-{n}", "2024-03-01T08:00", down=False) for n in range(450)))

    told = cli.json("agreements", "apply", longer(cli), "--open")

    assert len(told["moved"]) == 450
    assert {one["from_version"] for one in cli.lines("agreements", "preview", longer(cli))} == {2}
