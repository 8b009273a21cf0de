"""Publishes what the contracts say: `python -m contracts.publish [--check | --release]` (docs/decisions/0014).

A JSON Schema (2020-12) for each type of fact and decision, of the whole CloudEvent, each complete in its file,
and an AsyncAPI 3.0 document of the topics (interfaces.md §2), in `contracts/schemas/`. The same code gives the same
bytes. `contracts/published.json` is the last version that was published: others lean on it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from contracts.compatibility import Published, breaks, read, write
from contracts.decisions import DECISIONS
from contracts.facts import FACTS
from contracts.messages import Schema, decision_schema, fact_schema, recorded_schema
from contracts.shapes import Shape, shapes
from contracts.topics import VERSION, asyncapi

SCHEMAS: Final = Path(__file__).parent / "schemas"
PUBLISHED: Final = Path(__file__).parent / "published.json"


def main(arguments: Sequence[str] | None = None, folder: Path = SCHEMAS, published: Path = PUBLISHED) -> int:
    """Write the schemas, or check them: 1, and what is wrong, where they are not those of the code or break others."""
    parser = argparse.ArgumentParser(prog="python -m contracts.publish", description="Writes contracts/schemas/.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; exit 1 and list what differs, what breaks")
    what.add_argument("--release", action="store_true", help="also write published.json, unless something breaks")
    parser.add_argument("--breaking", action="store_true", help="with --release: publish what breaks others")
    asked = parser.parse_args(arguments)
    if asked.breaking and not asked.release:
        parser.error("--breaking goes with --release")
    wanted = documents()
    differ = _differing(wanted, folder)
    for path in differ:
        print(path)
    if asked.check:
        if differ:
            print("not what the code says: run python -m contracts.publish", file=sys.stderr)
        return 1 if _broken(shapes(wanted), published) or differ else 0
    for path in differ:
        _write(path, wanted.get(path.relative_to(folder).as_posix()))
    return _release(shapes(wanted), published, breaking=asked.breaking) if asked.release else 0


def _differing(wanted: Mapping[str, bytes], folder: Path) -> list[Path]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.json"))}
    names = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return [folder / name for name in names]


def _write(path: Path, text: bytes | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def _broken(today: Mapping[str, Shape], published: Path) -> bool:
    """Whether anything is not as it was published; says what."""
    if not published.exists():
        print(f"{published}: nothing was published yet: run python -m contracts.publish --release", file=sys.stderr)
        return True
    last = read(published.read_bytes())
    found = list(breaks(last.messages, today))
    for one in found:
        print(one, file=sys.stderr)
    if found:
        print(f"others lean on what {last.version} published (docs/decisions/0014)", file=sys.stderr)
    return bool(found)


def _release(today: dict[str, Shape], published: Path, *, breaking: bool) -> int:
    if published.exists() and _broken(today, published) and not breaking:
        return 1
    text = write(Published(VERSION, today))
    if not published.exists() or published.read_bytes() != text:
        published.write_bytes(text)
        print(published)
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
