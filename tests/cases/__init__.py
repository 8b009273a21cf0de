"""What peers' own tests say about working time: see README.md beside."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

ANSWERED = frozenset(
    ("elapsed", "deadline", "deadline_days", "holiday", "intervals", "next_working_instant", "next_closing_instant")
)


def peers() -> list[dict[str, Any]]:
    """Every case, in order of file and line."""
    files = sorted(Path(__file__).parent.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def right(case: dict[str, Any]) -> object:
    """The value that is right, in the terms of `meant`."""
    names = ("ref", "expect", "expect_seconds", "expect_intervals")
    return meant(next(case[name] for name in names if name in case))


def meant(value: object) -> object:
    """A value with its moments as moments, whatever their offset."""
    if isinstance(value, list):
        return [meant(item) for item in value]
    return datetime.fromisoformat(value) if isinstance(value, str) else value
