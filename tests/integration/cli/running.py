"""Runs commands, in this process or as one of their own, and makes what they need."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from ops.cli.main import run
from tests.stories.compare import Said

STORY = Path(__file__).parent.parent.parent / "stories" / "cash-register"
PROGRAM = [sys.executable, "-c", "from ops.cli import main; main()"]

_COLUMNS = """
complaints complaint customer service agreement status customer_state team person orphaned filed_at closed_at \
withdrawn_at handovers bounces contacts repeat_diagnoses refusals reopenings false_closings false_restorations \
experienced reported hidden breaches promises_broken time_by_cause time_by_owner
sla complaint clock cycle agreement agreement_version team state started_at due_at stopped_at elapsed paused breached_at
downtime service customer started_at ended_at ended_by reported_end experienced reported hidden claims \
false_restorations restated recurrence
watermelon team month closed green green_hidden hidden
closures team month requested closed refused objections reopenings false_closings
handovers complaint handovers bounces contacts repeat_diagnoses
parts part failures ordered waited share vital
promises complaint promise what due kept_at state experience
credits service month amount currency why
"""
EVERY_VIEW = [line.split() for line in _COLUMNS.strip().splitlines()]
"""Each view with its columns, in their order (interfaces.md §3)."""
LONG = {"customer": "the shop at the corner of the long street", "service": f"register-{'7' * 60}"}
"""Names that take much room."""


class Cli:
    """The command line on one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = f"sqlite:///{folder / 'store.db'}"

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Said:
        """Run a command in this process; the store is named, wherever the arguments do not."""
        named = arguments if "--store" in arguments else (*arguments, "--store", self.store)
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        with redirect_stdout(out), redirect_stderr(err), mock.patch.object(sys, "stdin", given):
            code = run(list(named))
        return Said(code, _text(out), _text(err))

    def json(self, *arguments: str, stdin: bytes = b"") -> Any:
        """Run a command with `--json` that is to succeed; its one value."""
        said = self(*arguments, "--json", stdin=stdin)
        assert said.exit == 0, said
        return json.loads(said.stdout)

    def lines(self, *arguments: str) -> list[Any]:
        """Run a command with `--json` that is to succeed; its values, one a line."""
        said = self(*arguments, "--json")
        assert said.exit == 0, said
        return [json.loads(line) for line in said.stdout.splitlines()]

    def apart(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Said:
        """Run a command as a process of its own."""
        done = subprocess.run(
            [*PROGRAM, *arguments, "--store", self.store],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=None if env is None else dict(env),
            input=stdin,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def file(self, name: str, *facts: Any) -> str:
        """Write facts to a file, one a line, and give its path."""
        path = self.folder / name
        path.write_bytes(lines(*facts))
        return str(path)

    def load(self, *facts: Any, clock: str = "event") -> dict[str, Any]:
        """Take facts in; what `ingest` says."""
        return dict(self.json("ingest", self.file("facts.jsonl", *facts), "--clock", clock))

    def story(self) -> None:
        """Load the cash register's story."""
        assert self("agreements", "apply", str(STORY / "agreement.toml")).exit == 0
        assert self("ingest", str(STORY / "facts.jsonl"), "--clock", "event", "--strict").exit == 0


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def lines(*facts: Any) -> bytes:
    """Give facts as JSON Lines; what is bytes already stays as it is."""
    return b"".join((fact if isinstance(fact, bytes) else json.dumps(fact).encode()) + b"\n" for fact in facts)


def fact(
    kind: str, subject: str, time: str, name: str | None = None, /, source: str = "/desk", **data: Any
) -> dict[str, Any]:
    """Give a fact; `time` may leave out the seconds and the zone, which is UTC."""
    moment = time if time.endswith("Z") else f"{time}:00Z"
    return {
        "specversion": "1.0",
        "id": name or f"{kind}/{subject}/{moment}",
        "source": source,
        "type": kind,
        "subject": subject,
        "time": moment,
        "data": {key.rstrip("_"): value for key, value in data.items()},
    }


def filed(subject: str, time: str, **data: Any) -> dict[str, Any]:
    """Give the filing of a complaint of a customer who is down, unless it says otherwise."""
    always: dict[str, Any] = {"customer": "shop-9", "channel": "phone", "summary": "dead", "down": True}
    return fact("complaint.filed", subject, time, **always | data)


def on_a_terminal(cli: Cli, *arguments: str, env: Mapping[str, str]) -> str:
    """Run a command with a terminal of 80 columns for stdout and stderr; what appears on it."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--store", cli.store],
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"} | dict(env),
    )
    os.close(its)
    seen = b""
    while True:
        try:
            more = os.read(ours, 65_536)
        except OSError:  # its end of the terminal is closed
            break
        if not more:
            break
        seen += more
    os.close(ours)
    process.wait(30)
    return seen.decode()
