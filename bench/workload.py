"""The workload of every intake figure: the incident log's facts under new ids, interleaved by time."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import orjson

from ops.importers import BadRow, load, open_text, servicenow

LOG = Path(__file__).parent / "data" / "servicenow_incidents_2016h1.csv.gz"
_NUMBER = re.compile(rb"INC(?=\d)")
_SERVICE = re.compile(rb"cmdb_ci")


def log_facts(*, delivered: bool = False) -> list[bytes]:
    """The facts of the log, in order of time."""
    mapping = load(None, "servicenow")
    mapping = msgspec.structs.replace(mapping, mail_on_resolved="delivered" if delivered else "sent")
    bad: list[BadRow] = []
    with open_text(LOG, mapping.encoding) as lines:
        facts = list(servicenow.facts(lines, mapping, bad=bad.append))
    facts.sort(key=lambda fact: (fact["time"], fact["source"], fact["id"]))
    return [orjson.dumps(fact) for fact in facts]


def write_log(path: Path) -> None:
    """Writes the facts of the log to a file, in a process of its own, so that memory is that of intake alone."""
    code = (
        "import sys; from bench.workload import log_facts;"
        " sys.stdout.buffer.writelines(fact + b'\\n' for fact in log_facts())"
    )
    with path.open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)


def copies(facts: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Each fact `count` times, each time of another complaint, customer's service and id."""
    names = [b"INC%d-" % n for n in range(count)]
    services = [b"ci%d" % n for n in range(count)]
    for fact in facts:
        for name, service in zip(names, services, strict=True):
            yield _SERVICE.sub(service, _NUMBER.sub(name, fact))


def batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Lists of `size`."""
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
