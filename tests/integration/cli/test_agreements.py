"""`agreements`: publishing terms, and looking at them."""

from __future__ import annotations

import msgspec
import pytest

from contracts.pinning import Holiday, Pinned, pinned
from tests.integration.cli.running import Cli, filed

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
