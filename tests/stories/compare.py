"""Compares what a command said with what a story expects of it.

`expect.json` is a list of commands: `run` (arguments), `exit` (default 0), and `json` (one value) or `lines` (one a
line). Objects are compared on the keys that are expected, lists in full, moments as moments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class Said(NamedTuple):
    """What a command gave back."""

    exit: int
    stdout: str
    stderr: str


class Expectation(NamedTuple):
    """A command of a story, and what is expected of it."""

    run: list[str]
    exit: int
    json: Any
    lines: Any


def stories() -> list[Path]:
    """Give the folders of all stories, by name."""
    return sorted(path.parent for path in HERE.glob("*/expect.json"))


def expectations(story: Path, *, without: Iterable[str] = ()) -> list[Expectation]:
    """Give what a story expects, but for commands and keys that are left out."""
    left_out = set(without)
    found = []
    for entry in json.loads((story / "expect.json").read_text()):
        if entry["run"][0] in left_out:
            continue
        value = entry.get("json")
        if isinstance(value, dict):
            value = {key: inner for key, inner in value.items() if key not in left_out}
        found.append(Expectation(entry["run"], entry.get("exit", 0), value, entry.get("lines")))
    return found


def told_otherwise(story: Path, run: Callable[[list[str]], Said], *, without: Iterable[str] = ()) -> list[str]:
    """Load a story with `run`, ask what it asks, and give every difference from what is right, a line each."""
    facts, agreement = story / "facts.jsonl", story / "agreement.toml"
    for command in (["agreements", "apply", str(agreement)], ["ingest", str(facts), "--clock", "event", "--strict"]):
        said = run(command)
        if said.exit:
            return [f"{' '.join(command[:2])}: exit {said.exit}: {said.stderr.strip()}"]
    differences = []
    for expected in expectations(story, without=without):
        name = " ".join(expected.run)
        differences += [f"{name}: {one}" for one in _differences(expected, run(expected.run))]
    return differences


def _differences(expected: Expectation, said: Said) -> Iterator[str]:
    if said.exit != expected.exit:
        yield f"exit {said.exit}, expected {expected.exit}: {said.stderr.strip()}"
        return
    if expected.json is not None:
        yield from unlike(expected.json, json.loads(said.stdout))
    if expected.lines is not None:
        yield from unlike(expected.lines, [json.loads(line) for line in said.stdout.splitlines()])


def unlike(expected: Any, got: Any, place: str = "$") -> Iterator[str]:
    """Give every place where `got` is not what is expected."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            if key in got:
                yield from unlike(value, got[key], f"{place}.{key}")
            else:
                yield f"{place}.{key} is missing"
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for number, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from unlike(one, other, f"{place}[{number}]")
    elif _value(expected) != _value(got):
        yield f"{place}: expected {json.dumps(expected)}, got {json.dumps(got)}"


def _value(value: Any) -> Any:
    if isinstance(value, str) and _MOMENT.match(value):
        return datetime.fromisoformat(value)
    return value
