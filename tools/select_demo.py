"""Makes the demo's incidents from the log they are of: `python -m tools.select_demo incidents_excerpt.csv.gz`.

Of the log, 2,000 incidents: all that were reopened, and of the others those whose number has the smallest SHA-256:
as good as a draw, and the same on every machine. Rows and columns stay as they are, in the file's order.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
from pathlib import Path
from typing import Final

from ops.importers import open_text

INCIDENTS: Final = 2_000
OUT: Final = Path(__file__).parent.parent / "ops" / "demo" / "incidents.csv.gz"


def select(lines: list[str], incidents: int) -> list[str]:
    """Give the header and the rows of `incidents` incidents. Raises ValueError where a row is not one line."""
    reader = csv.DictReader(lines)
    numbers: list[str] = []
    reopened: set[str] = set()
    for row in reader:
        numbers.append(row["number"])
        if int(row["reopen_count"]):
            reopened.add(row["number"])
    if len(numbers) != len(lines) - 1:
        raise ValueError("rows of several lines: they cannot be taken as they are")
    others = sorted(set(numbers) - reopened, key=lambda number: hashlib.sha256(number.encode()).digest())
    chosen = reopened | set(others[: max(0, incidents - len(reopened))])
    return [lines[0], *(line for number, line in zip(numbers, lines[1:], strict=True) if number in chosen)]


def main() -> None:
    """Write the bundle and say what is in it."""
    parser = argparse.ArgumentParser(description="makes the demo's incidents from the log they are of")
    parser.add_argument("log", type=Path, help="the log, CSV, compressed or not (which: ops/demo/README.md)")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--incidents", type=int, default=INCIDENTS)
    arguments = parser.parse_args()
    with open_text(arguments.log) as text:
        chosen = select(list(text), arguments.incidents)
    # No name and no time in the file: the same rows are the same bytes.
    with arguments.out.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write("".join(chosen).encode())
    print(f"{arguments.out}: {len(chosen) - 1} rows, {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
