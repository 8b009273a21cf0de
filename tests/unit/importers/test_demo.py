"""The demo's data: what is in it, and what the importer makes of it."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import msgspec
import pytest

import ops.demo
from contracts import agreements, envelope
from ops.importers import BadRow, load, open_text, servicenow
from tests.unit.importers.builders import Fact, states, table, told
from tools.select_demo import select

DEMO = Path(ops.demo.__file__).parent
# Counted apart from the importer, by runs of equal states and changes of group and person in the log's own order.
COUNTS = {
    "complaint.filed": 2000,
    "complaint.acknowledged": 1286,
    "complaint.assigned": 4352,
    "complaint.wait_started": 722,
    "complaint.wait_ended": 702,
    "resolution.proposed": 2189,
    "resolution.rejected": 189,
    "notice.sent": 2189,
    "notice.delivered": 2189,
    "complaint.close_requested": 2006,
}


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    bad: list[BadRow] = []
    mapping = msgspec.structs.replace(load(None, "servicenow"), mail_on_resolved="delivered")
    with open_text(DEMO / "incidents.csv.gz", mapping.encoding) as lines:
        found = list(servicenow.facts(lines, mapping, bad.append))
    assert bad == []
    return found


def test_it_holds_2000_incidents_and_all_158_that_were_reopened() -> None:
    with open_text(DEMO / "incidents.csv.gz") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 13_754
    assert len(rows[0]) == 36
    assert len({row["number"] for row in rows}) == 2_000
    assert len({row["number"] for row in rows if row["reopen_count"] != "0"}) == 158


def test_its_facts_are_counted(facts: list[Fact]) -> None:
    assert Counter(fact["type"] for fact in facts) == COUNTS


def test_columns_filled_in_backwards_change_none_of_its_facts(facts: list[Fact]) -> None:
    with open_text(DEMO / "incidents.csv.gz") as lines:
        rows = list(csv.DictReader(lines))
    backwards = ("closed_code", "resolved_by", "resolved_at", "closed_at")
    for row, other in zip(rows, reversed(rows), strict=True):
        row.update({name: other[name] for name in backwards})
    assert told(rows, mail_on_resolved="delivered") == facts


def test_its_ids_are_all_different_and_every_fact_is_understood(facts: list[Fact]) -> None:
    assert len({fact["id"] for fact in facts}) == len(facts)
    for fact in facts:
        envelope.parse(msgspec.json.encode(fact))


def test_every_agreement_that_it_names_is_published_with_it(facts: list[Fact]) -> None:
    text = (DEMO / "agreements.toml").read_text(encoding="utf-8")
    published = {agreement.name for agreement in agreements.parse(text, "agreements.toml").agreements}
    assert {fact["data"]["agreement"] for fact in facts if fact["type"] == "complaint.filed"} == published
    mapping = load(None, "servicenow")
    assert {*mapping.agreements.values(), mapping.agreement_default} == published


def test_the_selection_takes_all_that_were_reopened_and_rows_as_they_are() -> None:
    rows = [row for at in range(20) for row in states("New", "Closed", number=f"INC{at}")]
    rows[5]["reopen_count"] = "1"
    lines = table(rows).splitlines(keepends=True)
    chosen = select(lines, 5)
    assert chosen[0] == lines[0]
    assert len(chosen) == 1 + 2 * 5
    assert [line for line in lines if line in chosen] == chosen
    assert any(line.startswith("INC2,") for line in chosen)
    assert select(lines, 6)[0] == lines[0]
    assert set(chosen) < set(select(lines, 6))
