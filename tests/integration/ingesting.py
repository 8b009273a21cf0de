"""An ingest of a file by the engine's clock of events, to be killed: tests are in test_killed.py.

    python -m tests.integration.ingesting STORE FILE SIZE [STATEMENT]

SIZE facts are a batch. If STATEMENT is given, the process ends just before that statement of SQL, counted from the
first batch on, or (`after:N`) just after the N-th batch was committed, as if it had been killed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

from contracts.agreements import parse
from engine.intake import Engine
from tests.integration.facts import STANDARD
from tests.integration.stores import Database, Place, file_of, url_of

KILLED = 77


def in_order(lines: list[bytes]) -> list[bytes]:
    """By `time`; what has none goes first."""

    def time(line: bytes) -> str:
        try:
            return str(json.loads(line)["time"])
        except ValueError:
            return ""

    return sorted(lines, key=time)


def ingest(path: Place, file: Path, sizes: Iterator[int], crash: str = "") -> list[str]:
    """Takes the whole file in, in batches of these sizes; the statements of SQL that this took, if they are watched."""
    engine = Engine(url_of(path))
    engine.publish(parse(STANDARD))
    statements: list[str] = []
    if crash.isdigit():

        def watch(statement: str) -> None:
            if len(statements) == int(crash):
                os._exit(KILLED)
            statements.append(statement)

        file_of(engine).set_trace_callback(watch)
    lines = in_order(file.read_bytes().splitlines())
    done = batches = 0
    while done < len(lines):
        batch = lines[done : done + next(sizes)]
        done, batches = done + len(batch), batches + 1
        engine.take(batch, mode="event", positions=[("file", 0, done)])
        if crash == f"after:{batches}":
            os._exit(KILLED)
    engine.close()
    return statements


if __name__ == "__main__":
    where = sys.argv[1]
    ingest(
        Database(where) if "://" in where else Path(where), Path(sys.argv[2]), repeat(int(sys.argv[3])), *sys.argv[4:]
    )
