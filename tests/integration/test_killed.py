"""An ingest that is killed, and run again to its end, leaves the history of one that was not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from random import Random

import pytest

from tests.integration import workload
from tests.integration.facts import check_sound, everything, one
from tests.integration.ingesting import KILLED, in_order, ingest

ROOT = Path(__file__).parents[2]
KILLS = 50


def uneven(seed: int) -> Iterator[int]:
    """Batches of any size: nothing may depend on where one ends."""
    random = Random(seed)
    while True:
        yield random.choice((1, 7, 40, 300))


def run(path: Path, file: Path, size: int, *crash: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.ingesting", str(path), str(file), str(size), *crash]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def count(path: Path) -> int:
    """Recorded events, of a store that may not have its tables yet."""
    if not path.exists() or not one(path, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'stored_events'"):
        return 0
    return int(one(path, "SELECT COUNT(*) FROM stored_events"))


@pytest.mark.slow
def test_an_ingest_killed_at_any_moment_and_run_again_leaves_the_history_of_one_that_was_not(tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_bytes(b"\n".join(workload.mixed(5, 250)))
    began = time.monotonic()
    with run(tmp_path / "whole.db", file, 25) as process:
        assert process.wait(60) == 0, process.communicate()
    lasted = time.monotonic() - began
    whole = everything(tmp_path / "whole.db")
    check_sound(tmp_path / "whole.db")
    assert len(whole["held"]) == 125
    assert len(whole["dead"]) > 300
    random, seen = Random(11), Counter[str]()
    for n in range(KILLS):
        path = tmp_path / f"{n}.db"
        with run(path, file, 25) as process:
            time.sleep(random.uniform(0.1, 1) * lasted)
            seen["running"] += process.poll() is None
            process.kill()
            assert process.wait(60) in {-9, 0}, process.communicate()
        seen["midway"] += 0 < count(path) < len(whole["events"])
        ingest(path, file, uneven(n))
        assert everything(path) == whole
        path.unlink()
    print(seen, f"{lasted:.2f} seconds")
    assert seen["running"] >= KILLS // 2
    assert seen["midway"] >= KILLS // 5


def test_an_ingest_that_dies_within_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_bytes(b"\n".join(workload.mixed(6, 20)))
    statements = ingest(tmp_path / "whole.db", file, repeat(30), crash="999999")
    whole = everything(tmp_path / "whole.db")
    ends = [n for n, statement in enumerate(statements) if statement == "COMMIT"]
    begins, ends_at = ends[4] + 1, ends[5]
    writes = [n for n in range(begins, ends_at) if not statements[n].lstrip().startswith(("SELECT", "PRAGMA", "WITH"))]
    assert len(writes) > 60
    crashes = sorted({begins, *writes[:: len(writes) // 8], writes[-1], ends_at})
    before, died = None, set()
    for n in crashes:
        path = tmp_path / f"{n}.db"
        with run(path, file, 30, str(n)) as process:
            assert process.wait(60) == KILLED, process.communicate()
        died.add(statements[n].split()[0])
        check_sound(path)
        before = before or everything(path)
        assert everything(path) == before
        assert before["intake"] == [("file", 0, 150)]
        ingest(path, file, repeat(30))
        assert everything(path) == whole
    assert {"BEGIN", "INSERT", "COMMIT"} <= died


def test_an_ingest_that_dies_just_after_a_commit_has_all_of_that_batch(tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_bytes(b"\n".join(workload.mixed(7, 20)))
    lines = in_order(file.read_bytes().splitlines())
    ingest(tmp_path / "whole.db", file, repeat(30))
    whole = everything(tmp_path / "whole.db")
    for batches in (1, 2, 5, (len(lines) + 29) // 30):
        path, so_far = tmp_path / f"{batches}.db", tmp_path / f"{batches}.so-far.db"
        with run(path, file, 30, f"after:{batches}") as process:
            assert process.wait(60) == KILLED, process.communicate()
        some = tmp_path / "some.jsonl"
        some.write_bytes(b"\n".join(lines[: batches * 30]))
        ingest(so_far, some, repeat(30))
        assert everything(path) == everything(so_far)
        ingest(path, file, repeat(30))
        assert everything(path) == whole
