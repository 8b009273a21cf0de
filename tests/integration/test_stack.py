"""The whole of it, as `make stack` runs it: facts sent with a Kafka client come out of the views."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ops.settings import KAFKA, STORE
from tests.integration.kafka.workers import until
from tools.stack import ROOT, TRIAL

STARTS = 200
"""Seconds for everything to be up, on a machine that is busy; a quiet one takes ten."""
ENGINES = PROJECTORS = 1


class Stack:
    """`make stack`, as a process."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said"
        command = [sys.executable, "-m", "tools.stack", "--keep", str(folder / "data")]
        numbers = ["--engines", str(ENGINES), "--projectors", str(PROJECTORS)]
        with self._said.open("wb") as said:
            self.process = subprocess.Popen([*command, *numbers], cwd=ROOT, stdout=said, stderr=said)

    @property
    def said(self) -> str:
        return self._said.read_text()

    def says(self, pattern: str) -> str:
        """Waits for what it says; the group of the pattern."""

        def found() -> re.Match[str] | None:
            assert self.process.poll() is None, self.said
            return re.search(pattern, self.said, re.MULTILINE)

        match: re.Match[str] = until(found, f"it never said {pattern!r}", STARTS)
        return match[1]

    def crew(self) -> list[int]:
        """Every process that it started and those that they started, also in sessions of their own."""
        parents = {int(stat.parent.name): _parent(stat) for stat in Path("/proc").glob("[0-9]*/stat")}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    for folder in tmp_path.parents[:2]:  # where we are root, PostgreSQL runs as another user
        folder.chmod(0o711)
    tmp_path.chmod(0o711)
    started = Stack(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(60)


def test_what_to_type_is_in_the_readme() -> None:
    assert TRIAL in (ROOT / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for what is left in /proc")
def test_facts_sent_with_a_kafka_client_come_out_of_the_views_and_ctrl_c_leaves_no_process(stack: Stack) -> None:
    kafka, store = stack.says(r"^Kafka +(\S+)"), stack.says(r"^PostgreSQL +(\S+)")
    stack.says(r"^engine-1 +\|.*(partitions assigned)")
    told = os.environ | {KAFKA: kafka, STORE: store}
    subprocess.run(["bash", "-euc", TRIAL], cwd=ROOT, env=told, check=True, stdout=subprocess.DEVNULL)

    # By a projector: nobody has asked for a view yet.
    def projected() -> list[tuple[object, ...]]:
        with psycopg.connect(store) as database:
            if database.execute("SELECT to_regclass('complaints')").fetchone() == (None,):
                return []
            return database.execute("SELECT complaint FROM complaints").fetchall()

    assert until(projected) == [("C-17",)]
    # The technician's word stops what a ticket counts, and not what the shop lives through.
    row = until(lambda: [found for found in _view(store) if found["hidden"]])[0]
    assert (row["complaint"], row["customer_state"], row["reported"]) == ("C-17", "unconfirmed", 177_600)

    crew = stack.crew()
    assert len(crew) >= ENGINES + PROJECTORS + 2, stack.said  # PostgreSQL and Kafka
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(90) == 0, stack.said
    until(lambda: not [pid for pid in crew if _runs(pid)], f"still there:\n{stack.said}")
    assert re.findall(r"^(\S+) +\| ended with exit code 0$", stack.said, re.MULTILINE) in (
        ["engine-1", "project-1"],
        ["project-1", "engine-1"],
    )


def _view(store: str) -> list[dict[str, object]]:
    command = ["view", "complaints", "--json", "--store", store]
    done = subprocess.run(
        [sys.executable, "-c", "from ops.cli import main; main()", *command],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _parent(stat: Path) -> int | None:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return None


def _runs(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
