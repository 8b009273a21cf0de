"""Small logs and feeds, written as a story: one row after another, and what the importers make of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ops.importers import BadRow, load, outages, servicenow

Fact = dict[str, Any]

INCIDENT = {
    "number": "INC1",
    "incident_state": "New",
    "reopen_count": "0",
    "sys_mod_count": "0",
    "caller_id": "Caller 7",
    "opened_at": "1/3/2016 08:00",
    "sys_updated_by": "Updated by 1",
    "sys_updated_at": "1/3/2016 08:05",
    "contact_type": "Phone",
    "category": "Category 5",
    "subcategory": "Subcategory 6",
    "u_symptom": "Symptom 72",
    "cmdb_ci": "?",
    "priority": "3 - Moderate",
    "assignment_group": "Group 1",
    "assigned_to": "?",
    "closed_code": "code 5",
    "resolved_by": "Resolved by 149",
    "resolved_at": "9/3/2016 11:29",
    "closed_at": "14/3/2016 12:00",
}
OUTAGE = {
    "id": "77",
    "gisId": "1.0",
    "municipality": "Sooke",
    "area": "1700 block WHIFFIN SPIT RD",
    "dateOff": "2024-01-02 17:40:37+00:00",
    "estDateOn": "2024-01-02 18:00:00+00:00",
    "lastUpdated": "2024-01-02 17:41:24+00:00",
    "dateOn": "2024-01-02 19:06:15+00:00",
}


def table(rows: Iterable[Mapping[str, str]]) -> str:
    """A CSV file of rows that all have the same columns."""
    written = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(written[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(written)
    return out.getvalue()


def story(*changes: Mapping[str, str], **always: str) -> list[dict[str, str]]:
    """An incident's rows: each is the one before it with some cells changed, one count on and five minutes later."""
    row = INCIDENT | always
    rows = []
    for count, change in enumerate(changes):
        hours, minutes = divmod(5 + 5 * count, 60)
        at = f"1/3/2016 {8 + hours:02d}:{minutes:02d}"
        row = {**row, "sys_mod_count": str(count), "sys_updated_at": at, **change}
        rows.append(row)
    return rows


def states(*names: str, **always: str) -> list[dict[str, str]]:
    """An incident that went through these states."""
    return story(*({"incident_state": name} for name in names), **always)


def lines_of(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def take(text: str, **changes: Any) -> tuple[list[Fact], list[BadRow]]:
    """What a log's text gives under the bundled mapping with `changes`: facts and bad rows."""
    bad: list[BadRow] = []
    mapping = msgspec.structs.replace(load(None, "servicenow"), **changes)
    return list(servicenow.facts(lines_of(text), mapping, bad.append)), bad


def told(rows: Iterable[Mapping[str, str]], **changes: Any) -> list[Fact]:
    """The facts of rows that are all good."""
    facts, bad = take(table(rows), **changes)
    assert bad == []
    return facts


def take_feed(text: str, **changes: Any) -> tuple[list[Fact], list[BadRow]]:
    """What an outage feed's text gives under the bundled mapping with `changes`: facts and bad rows."""
    bad: list[BadRow] = []
    mapping = msgspec.structs.replace(load(None, "outages"), **changes)
    return list(outages.facts(lines_of(text), mapping, bad.append)), bad


def brief(facts: Iterable[Fact]) -> list[tuple[str, str]]:
    """Type and time of day of each fact."""
    return [(fact["type"], fact["time"][11:16]) for fact in facts]


def types(facts: Iterable[Fact]) -> list[str]:
    return [fact["type"] for fact in facts]


def only(facts: Iterable[Fact], kind: str) -> list[dict[str, Any]]:
    """The data of all facts of one type."""
    return [fact["data"] for fact in facts if fact["type"] == kind]


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """In the order in which the engine takes them (domain.md §4)."""
    return sorted(facts, key=lambda fact: (fact["time"], fact["source"], fact["id"]))
