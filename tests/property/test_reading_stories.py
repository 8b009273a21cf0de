"""The second reading gives the right numbers for the three stories, for what it covers."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.agreements import parse

from .reading import Terms, World

STORIES = Path(__file__).parent.parent / "stories"


def terms(story: Path) -> dict[str, Terms]:
    return {
        a.name: Terms(
            frozenset(a.restoration.accepts),
            a.restoration.silence,
            clocks=a.clocks,
            calendars=a.calendars,
            zone=a.zone,
            credit=a.credit,
        )
        for a in parse((story / "agreement.toml").read_text()).agreements
    }


def play(story: Path, until: datetime | None = None) -> World:
    """The story as if lived: the engine's clock follows the facts."""
    world = World(terms(story))
    for line in (story / "facts.jsonl").read_text().splitlines():
        fact = json.loads(line)
        now = datetime.fromisoformat(fact["time"])
        if until is None or now <= until:
            world.arrive(fact, now)
    if until is not None:
        world.advance(until)
    return world


def compare(want: Any, got: Any, at: str = "$") -> None:
    if isinstance(want, dict):
        for name in want:
            assert name in got, f"{at}.{name}"
            compare(want[name], got[name], f"{at}.{name}")
    elif isinstance(want, list):
        assert len(want) == len(got), at
        for i, (w, g) in enumerate(zip(want, got, strict=True)):
            compare(w, g, f"{at}[{i}]")
    elif isinstance(want, str) and re.match(r"\d{4}-\d\d-\d\dT", want):
        assert datetime.fromisoformat(want) == datetime.fromisoformat(got), at
    else:
        assert want == got, at


@pytest.mark.parametrize("name", ["cash-register", "lost-parcel", "registered-letter"])
def test_story(name: str) -> None:
    story, shown = STORIES / name, 0
    for expected in json.loads((story / "expect.json").read_text()):
        match expected["run"]:
            case ["show", complaint] if "json" in expected:
                world = play(story)
                assert not world.dead
                compare(expected["json"], world.complaint(complaint))
            case ["show", complaint, "--at", at, "--known-at", known] if at == known:
                compare(expected["json"], play(story, datetime.fromisoformat(at)).complaint(complaint))
            case ["show", _, "--at", at]:
                state = play(story).state_at(datetime.fromisoformat(at), expected["json"].get("service", SERVICE))
                assert state == expected["json"]["customer_state"]
            case ["view", "promises"]:
                rows = play(story).complaint(expected["lines"][0]["complaint"])["promises"]
                compare([{k: v for k, v in row.items() if k != "complaint"} for row in expected["lines"]], rows)
            case ["view", "sla", "--where", where]:
                compare(expected["lines"], play(story).complaint(where.removeprefix("complaint="))["clocks"])
            case _:
                continue
        shown += 1
    assert shown


SERVICE = "register-3"


def test_a_dispute_after_the_story_is_refused() -> None:
    world = play(STORIES / "registered-letter")
    now = world.now
    world.arrive(
        {
            "id": "x",
            "source": "/cli",
            "type": "complaint.close_requested",
            "subject": "L-7",
            "time": now.isoformat(),
            "data": {"by": "post-office-14"},
        },
        now,
    )
    assert world.complaint("L-7")["refusals"][-1]["objections"] == ["already_ended"]
