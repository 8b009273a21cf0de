"""An ingest that is killed, and run again to its end, leaves the history of one that was not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from random import Random

import pytest

from tests.integration import workload
from tests.integration.engines import engine, record
from tests.integration.facts import check_sound, everything, filed, ids, one
from tests.integration.ingesting import KILLED, in_order, ingest
from tests.integration.stores import Database, Place, Stores, url_of

ROOT = Path(__file__).parents[2]
KILLS = {"sqlite": 50, "postgres": 6}


def uneven(seed: int) -> Iterator[int]:
    """Batches of any size: nothing may depend on where one ends."""
    random = Random(seed)
    while True:
        yield random.choice((1, 7, 40, 300))


def run(path: Place, file: Path, size: int, *crash: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.ingesting", where(path), str(file), str(size), *crash]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def where(path: Place) -> str:
    return path.url if isinstance(path, Database) else str(path)


def count(path: Place) -> int:
    """Recorded events, of a store that may not have its tables yet."""
    if isinstance(path, Path) and not (
        path.exists() and one(path, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'stored_events'")
    ):
        return 0
    return int(one(path, "SELECT COUNT(*) FROM stored_events"))


def load(path: Place, file: Path, kill_at: int | None = None, kill_after: float = 0) -> bool:
    """Ingests a file; whether it was still at it when it was killed: when so much was recorded, and then a moment."""
    start = "import sys; from ops.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "ingest", str(file), "--clock", "event", "--store", url_of(path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        if kill_at is not None:
            while process.poll() is None and count(path) < kill_at:
                time.sleep(0.02)
            time.sleep(kill_after)
            process.kill()
        ended = process.wait(60)
    assert ended in {0, -signal.SIGKILL}
    assert ended == 0 or kill_at is not None
    return ended != 0


@pytest.mark.slow
def test_an_ingest_killed_at_any_moment_and_run_again_leaves_the_history_of_one_that_was_not(stores: Stores) -> None:
    file = stores.folder / "facts.jsonl"
    file.write_bytes(b"\n".join(workload.mixed(5, 180)))
    random, kills = Random(11), KILLS[stores.kind]

    def once(n: int, kill_at: int | None, kill_after: float = 0) -> tuple[bool, int, dict[str, list[object]]]:
        path = stores / f"{n}.db"
        with engine(path):  # it publishes the agreements
            pass
        killed = load(path, file, kill_at, kill_after)
        had = count(path)
        if kill_at is not None:
            load(path, file)
        return killed, had, everything(path)

    with ThreadPoolExecutor(2) as pool:  # a process on each core
        (_, events, whole), (_, _, again) = pool.map(lambda n: once(n, None), (-1, -2))
        assert again == whole
        check_sound(stores / "-1.db")
        assert len(whole["held"]) == 90
        assert len(whole["dead"]) > 250
        at = [random.randrange(events) if n % 4 else 0 for n in range(kills)]
        delays = [random.uniform(0, 0.05) if n % 4 else random.uniform(0.2, 1.5) for n in range(kills)]
        found = list(pool.map(once, range(kills), at, delays))
    assert all(after == whole for *_, after in found)
    running = sum(killed for killed, *_ in found)
    midway = sum(0 < had < events for _, had, _ in found)
    print(f"{running} of {kills} killed while it ran, {midway} midway")
    assert running >= kills // 2
    assert midway >= kills // 5


def test_an_ingest_that_dies_within_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_bytes(b"\n".join(workload.mixed(6, 20)))
    statements = ingest(tmp_path / "whole.db", file, repeat(30), crash="999999")
    whole = everything(tmp_path / "whole.db")
    ends = [n for n, statement in enumerate(statements) if statement == "COMMIT"]
    begins, ends_at = ends[4] + 1, ends[5]
    writes = [n for n in range(begins, ends_at) if not statements[n].lstrip().startswith(("SELECT", "PRAGMA", "WITH"))]
    assert len(writes) > 5
    crashes = [begins, *writes, ends_at]
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
        ingest(path, file, uneven(n))
        assert everything(path) == whole
    assert {"BEGIN", "INSERT", "COMMIT"} <= died


def test_an_ingest_that_dies_just_after_a_commit_has_all_of_that_batch(stores: Stores) -> None:
    file = stores.folder / "facts.jsonl"
    file.write_bytes(b"\n".join(workload.mixed(7, 20)))
    lines = in_order(file.read_bytes().splitlines())
    ingest(stores / "whole.db", file, repeat(30))
    whole = everything(stores / "whole.db")
    for batches in (1, 2, 5, (len(lines) + 29) // 30):
        path, so_far = stores / f"{batches}.db", stores / f"{batches}.so-far.db"
        with run(path, file, 30, f"after:{batches}") as process:
            assert process.wait(60) == KILLED, process.communicate()
        some = stores.folder / "some.jsonl"
        some.write_bytes(b"\n".join(lines[: batches * 30]))
        ingest(so_far, some, repeat(30))
        assert everything(path) == everything(so_far)
        ingest(path, file, repeat(30))
        assert everything(path) == whole


def test_a_store_whose_making_was_killed_is_made_by_whoever_comes_next(tmp_path: Path) -> None:
    script = f"""
import os, sqlite3, sys
left, connect = int(sys.argv[2]), sqlite3.connect
def watched(*arguments, **how):
    def watch(statement):
        global left
        left -= 1
        if left < 0:
            os._exit({KILLED})
    connection = connect(*arguments, **how)
    connection.set_trace_callback(watch)
    return connection
sqlite3.connect = watched
from engine.intake import Engine
Engine("sqlite:///" + sys.argv[1]).close()
"""
    body = filed("f", "C1", 0)
    for statements in range(0, 40, 3):
        path = tmp_path / f"{statements}.db"
        ended = subprocess.run([sys.executable, "-c", script, str(path), str(statements)], cwd=ROOT, check=False)
        with engine(path, terms="") as opened:
            record(opened, body)
        assert ids(path) == ["f"]
        check_sound(path)
        if ended.returncode == 0:
            break
        assert ended.returncode == KILLED
    assert 12 < statements < 39
