"""Workers that are killed, and started anew."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.chaos.worker import AFTER_COMMIT, AFTER_PAGE, BEFORE_COMMIT, MID_PAGE, MID_RELAY, RELAYED

ROOT = Path(__file__).parents[2]
ANY_MOMENT = "any moment"
POINTS = {
    "engine": (BEFORE_COMMIT, AFTER_COMMIT, MID_RELAY, RELAYED, ANY_MOMENT),
    "project": (MID_PAGE, AFTER_PAGE, ANY_MOMENT),
}
_RELAYING = {MID_RELAY, RELAYED}
"""Only the relay that sends comes there."""
PATIENCE = 15.0
"""Seconds for a worker to come to the point at which it is to die; then it is killed wherever it is."""
_SAID = {
    "relay taken over": "this relay sends now",
    "partitions assigned": "partitions assigned",
    "batches dropped, as another had the partition": "the batch is dropped",
    "relays that found another one sending": "another relay has taken over",
    "waits of facts": "facts wait",
    "waits of events": "events wait",
}


class Kill(NamedTuple):
    """Whom to kill, and where."""

    kind: str
    point: str


class Worker:
    """A worker's place: one process after another."""

    def __init__(self, kind: str, log: Path, arguments: tuple[str, ...]) -> None:
        self.kind = kind
        self.log = log
        self.doom: str | None = None
        """The point at which it is to die."""
        self._doomed = 0.0
        self._arguments = arguments
        self._again = 0.0
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker", self.kind, *self._arguments],
                cwd=ROOT,
                env=os.environ | {"STILLDOWN_LOG": "json"},
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=log,
                stderr=log,
            )

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def condemn(self, point: str) -> None:
        """It is to die at a point."""
        self.doom, self._doomed = point, time.monotonic()
        if point != ANY_MOMENT:
            assert self.process.stdin is not None
            with suppress(BrokenPipeError):  # it has just ended
                self.process.stdin.write(f"{point}\n".encode())

    def hasten(self) -> None:
        """Kills it where it is to die at any moment, or did not come to its point for too long."""
        if self.doom is not None and time.monotonic() - self._doomed > PATIENCE:
            self.doom = ANY_MOMENT
        if self.doom == ANY_MOMENT and self.runs:
            self.process.kill()
            self.process.wait()

    def again(self) -> bool:
        """Starts it anew, if it has ended; a moment later if it ended by itself. Whether it did."""
        now = time.monotonic()
        if self.doom is None and not self._again:
            self._again = now + 0.5
        if now < self._again:
            return False
        self.doom, self._again = None, 0.0
        self._close()
        self.process = self._started()
        return True

    def freeze(self, frozen: bool) -> None:
        """Stops it, or lets it go on, as a machine that is moved."""
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self) -> int:
        """As a supervisor would; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(60)
        finally:
            self.kill()

    def kill(self) -> None:
        """Whatever it does."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()


class Crew:
    """All workers."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.workers: list[Worker] = []
        self.killed: Counter[Kill] = Counter()
        self.ended: Counter[str] = Counter()
        """By exit code: those that ended by themselves, since a server was away."""
        self.starts = 0
        self.spared: list[Kill] = []
        """Those that were to be killed and ended by themselves first; whoever plans takes them out."""
        self._folder = folder
        self._random = random

    def start(self, kind: str, *arguments: str) -> None:
        """One more worker."""
        log = self._folder / f"{kind}-{len(self.workers)}.log"
        self.workers.append(Worker(kind, log, arguments))
        self.starts += 1

    def attend(self) -> None:
        """Kills whose time has come, counts the dead, and starts them anew."""
        for worker in self.workers:
            worker.hasten()
            if worker.runs:
                continue
            doom, code = worker.doom, worker.process.returncode
            if doom is not None and code == -signal.SIGKILL:
                self.killed[Kill(worker.kind, doom)] += 1
            elif doom is not None:
                self.spared.append(Kill(worker.kind, doom))
                worker.doom = None
            if worker.again():
                self.starts += 1
                if code != -signal.SIGKILL:
                    self.ended[f"{worker.kind}, exit code {code}"] += 1

    def condemn(self, kill: Kill, relaying: int | None) -> bool:
        """Lets somebody die; `relaying` is the process that sends now. False where nobody can be had yet."""
        free = [worker for worker in self.workers if worker.kind == kill.kind and worker.doom is None and worker.runs]
        if kill.point in _RELAYING:
            free = [worker for worker in free if worker.process.pid == relaying]
        if not free:
            return False
        self._random.choice(free).condemn(kill.point)
        return True

    @property
    def condemned(self) -> bool:
        return any(worker.doom is not None for worker in self.workers)

    def said(self) -> Counter[str]:
        """How often what was said in the logs."""
        found: Counter[str] = Counter()
        for worker in self.workers:
            text = worker.log.read_text(errors="replace")
            found.update({name: len(re.findall(words, text)) for name, words in _SAID.items()})
        return found

    def stop(self) -> dict[str, int]:
        """Stops all in good order; the exit code of each."""
        return {worker.log.stem: worker.stop() for worker in self.workers}

    def kill(self) -> None:
        """Whatever they do."""
        for worker in self.workers:
            worker.kill()
