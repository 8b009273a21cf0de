"""Publishes what the contracts say: `python -m contracts.publish [--check]` writes (or checks) `contracts/schemas/`.

A JSON Schema (2020-12) for each type of fact and decision, of the whole CloudEvent, each complete in its file,
and an AsyncAPI 3.0 document of the topics (interfaces.md §2). The same code gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.decisions import DECISIONS
from contracts.facts import FACTS
from contracts.messages import Schema, decision_schema, fact_schema, recorded_schema
from contracts.topics import asyncapi

SCHEMAS: Final = Path(__file__).parent / "schemas"


def main(arguments: Sequence[str] | None = None, folder: Path = SCHEMAS) -> int:
    """Write the schemas, or check them: 1, and the list of files that differ, where they are not those of the code."""
    parser = argparse.ArgumentParser(prog="python -m contracts.publish", description="Writes contracts/schemas/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and list the files that differ")
    check = parser.parse_args(arguments).check
    wanted = documents()
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.json"))}
    differ = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    for name in differ:
        path = folder / name
        print(path)
        if check:
            continue
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[name])
        else:
            path.unlink()
    if check and differ:
        print("not what the code says: run python -m contracts.publish", file=sys.stderr)
        return 1
    return 0


def documents() -> dict[str, bytes]:
    """Every file of `contracts/schemas/` by its path there."""
    made = {"asyncapi.json": asyncapi(), "recorded.json": recorded_schema()}
    made |= {f"facts/{name}.json": fact_schema(name) for name in FACTS}
    made |= {f"decisions/{name}.json": decision_schema(name) for name in DECISIONS}
    return {name: _text(made[name]).encode() for name in sorted(made)}


def _text(document: Schema) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
