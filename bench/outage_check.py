"""Whether what a store holds of a mass outage is what plain arithmetic says (bench.outage_story)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bench.outage_story import SERVICE, Expected, Story
from contracts.moments import micros
from engine.reading import Reader


def recorded(path: Path) -> dict[str, dict[str, list[Expected]]]:
    """The cycles of every complaint's clocks as they were recorded last, read with plain SQL and JSON."""
    found: dict[str, dict[str, list[Expected]]] = {}
    store = sqlite3.connect(path)
    rows = store.execute(
        "SELECT originator_id, state FROM stored_events WHERE topic LIKE 'clock.%' ORDER BY notification_id"
    )
    for stream, state in rows:
        data = orjson.loads(state)["data"]
        row = data["row"]
        cycles = found.setdefault(stream.partition(":")[2], {}).setdefault(row["clock"], [])
        if data.get("gone"):
            del cycles[row["cycle"] - 1 :]
        elif row["cycle"] > len(cycles):
            cycles.append(_expected(row))
        else:
            cycles[row["cycle"] - 1] = _expected(row)
    store.close()
    return found


def _expected(row: dict[str, Any]) -> Expected:
    return Expected(
        row["state"],
        _us(row["started_at"]) or 0,
        _us(row.get("due_at")) or 0,
        _us(row.get("stopped_at")),
        tuple(_us(at) or 0 for at in row.get("warned_at", ())),
        _us(row.get("breached_at")),
        row.get("elapsed"),
        row.get("paused"),
    )


def _us(text: str | None) -> int | None:
    return None if text is None else micros(datetime.fromisoformat(text))


def differences(path: Path, story: Story) -> Iterator[str]:
    """Complaints whose clocks are recorded otherwise, and closings that should have proved false, or should not."""
    clocks = recorded(path)
    for n in range(story.complaints):
        want, got = story.cycles(n), clocks.get(story.name(n))
        if want != got:
            yield f"{story.name(n)}: {got} instead of {want}"
    store = sqlite3.connect(path)
    closed = store.execute("SELECT originator_id FROM stored_events WHERE topic = 'complaint.closed'").fetchall()
    again = store.execute("SELECT originator_id FROM stored_events WHERE topic = 'complaint.reopened'").fetchall()
    left = store.execute("SELECT (SELECT COUNT(*) FROM work), (SELECT COUNT(*) FROM timers)").fetchone()
    store.close()
    asked = [f"complaint:{story.name(n)}" for n in sorted([*story.truly, *story.falsely])]
    if sorted(row[0] for row in closed) != asked:
        yield f"closed: {len(closed)} instead of {len(asked)}"
    if sorted(row[0] for row in again) != [f"complaint:{story.name(n)}" for n in story.falsely]:
        yield f"reopened: {len(again)} instead of {len(story.falsely)}"
    if left[0]:
        yield "work is left"


def shown_otherwise(url: str, story: Story, sample: list[int]) -> Iterator[str]:
    """The same for what `show` says of some complaints."""
    reader = Reader(url)
    now = reader.clock().recorded_at
    for n in sample:
        shown = reader.show(story.name(n), at=now, known_at=now)
        got: dict[str, list[Expected]] = {}
        for row in shown["clocks"]:
            one = _expected(row)
            if one.stopped_at is None:  # recorded without lengths until it stops
                one = one._replace(elapsed=None, paused=None)
            got.setdefault(row["clock"], []).append(one)
        if got != story.cycles(n):
            yield f"show {story.name(n)}: {got} instead of {story.cycles(n)}"
        want = "closed" if n in story.truly else "open"
        if (shown["status"], shown["service"]) != (want, SERVICE):
            yield f"show {story.name(n)}: {shown['status']} instead of {want}"
        if shown["false_closings"] != (n in story.falsely):
            yield f"show {story.name(n)}: {shown['false_closings']} false closings"
    reader.close()
