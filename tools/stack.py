"""Everything on this machine, in one command: PostgreSQL, Kafka, engines and projectors. No Docker, no Java, no root.

`python -m tools.stack` starts them, says how to send facts and see what comes of them, shows the workers' logs, and
stops all of it on Ctrl-C, workers first. `docker-compose.yml` runs the same commands in containers.
"""

from __future__ import annotations

import argparse
import os
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from ops.settings import KAFKA, STORE
from tools.broker import Broker, die_with_parent
from tools.postgres import Server, ServerError

ROOT: Final = Path(__file__).resolve().parent.parent
MIGRATE: Final = ("migrate",)
"""Makes the store and, as $STILLDOWN_KAFKA is set, the topics. Runs once, before any worker."""
ENGINE: Final = ("engine",)
PROJECT: Final = ("project",)
"""From Kafka, as $STILLDOWN_KAFKA is set."""
_STILLDOWN: Final = (sys.executable, "-c", "from ops.cli import main; main()")
_PATIENCE: Final = 30
"""Seconds for the workers to finish what they are at."""
_PAUSE: Final = 1.0
"""Seconds before a worker that ended by itself is started anew."""
_CHUNK: Final = 65_536
_ADDRESSES: Final = """
PostgreSQL  {store}
            its log: {folder}/postgres/log
Kafka       {kafka}
            its log: {folder}/kafka/broker.log
data        {folder} ({fate})

To try it, in another terminal, in {root}:

export STILLDOWN_KAFKA={kafka} STILLDOWN_STORE={quoted}

{trial}
A worker that is killed (`kill -9 PID`) is started anew; the others go on meanwhile. Ctrl-C stops everything.
"""
TRIAL: Final = """\
send() { .venv/bin/python -c '
import asyncio, os, sys
from aiokafka import AIOKafkaProducer

async def main():
    async with AIOKafkaProducer(bootstrap_servers=os.environ["STILLDOWN_KAFKA"]) as producer:
        for fact in sys.stdin.buffer:
            await producer.send_and_wait("stilldown.facts", fact)

asyncio.run(main())
'; }

send <<'END'
{"specversion": "1.0", "id": "1", "source": "/desk", "type": "complaint.filed", "subject": "C-17", \
"time": "2026-02-05T08:40:00+01:00", "data": {"customer": "shop-9", "channel": "phone", "summary": "Register dead", \
"service": "register-3", "down": true}}
END
.venv/bin/stilldown view downtime --store "$STILLDOWN_STORE"  # down, and a ticket would say so

send <<'END'
{"specversion": "1.0", "id": "2", "source": "/field", "type": "visit.made", "subject": "C-17", \
"time": "2026-02-07T10:00:00+01:00", "data": {"visit": "v1", "by": "kowalski", "outcome": "fixed"}}
END
.venv/bin/stilldown view downtime --store "$STILLDOWN_STORE"  # “fixed”: a ticket's downtime ends, the shop's goes on
"""
"""What to type. The facts have no line breaks in it; it stands in the README as well."""


class Worker:
    """A worker that runs until it is stopped; what it says comes out line by line, with its name before it."""

    def __init__(self, name: str, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self.name = name
        self._command = [*_STILLDOWN, *command]
        self._environment = environment
        self._half = b""
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # a terminal's Ctrl-C is not for it: it is stopped before what it works with
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - there are no threads
        )
        _say(self.name, f"started, process {process.pid}")
        return process

    def fileno(self) -> int:
        """Where it is heard."""
        assert self.process.stdout is not None  # noqa: S101 - a pipe, as asked for
        return self.process.stdout.fileno()

    def hear(self) -> bool:
        """Passes on what it has said; False when it says no more."""
        said = os.read(self.fileno(), _CHUNK)
        *lines, self._half = (self._half + said).split(b"\n")
        if not said and self._half:
            lines, self._half = [*lines, self._half], b""
        for line in lines:
            _say(self.name, line.decode(errors="replace"))
        return bool(said)

    def ended(self) -> int:
        """Waits for its end; its exit code, negative if a signal ended it."""
        code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def again(self) -> None:
        """Starts it anew."""
        self.process = self._started()


def run(folder: Path, engines: int, projectors: int, *, fate: str) -> None:
    """Runs everything, with its data in `folder`, until KeyboardInterrupt; nothing runs any more afterwards."""
    with ExitStack() as stack:
        print("starting PostgreSQL and Kafka", file=sys.stderr, flush=True)
        server = stack.enter_context(_postgres(folder / "postgres"))
        broker = stack.enter_context(_kafka(folder / "kafka"))
        store, kafka = server.url(), broker.bootstrap
        environment = os.environ | {STORE: store, KAFKA: kafka, "PYTHONUNBUFFERED": "1"}
        subprocess.run([*_STILLDOWN, *MIGRATE], cwd=ROOT, env=environment, check=True)
        workers: list[Worker] = []
        stack.callback(_stop, workers)
        for name, command, number in (("engine", ENGINE, engines), ("project", PROJECT, projectors)):
            workers += [Worker(f"{name}-{n}", command, environment) for n in range(1, number + 1)]
        told = {"store": store, "kafka": kafka, "folder": folder, "fate": fate, "root": ROOT, "trial": TRIAL}
        print(_ADDRESSES.format(quoted=shlex.quote(store), **told), flush=True)
        _attend(workers)


def _attend(workers: list[Worker]) -> NoReturn:
    """Passes on what they say, and starts anew who ends."""
    with selectors.DefaultSelector() as ready:
        for worker in workers:
            ready.register(worker, selectors.EVENT_READ, worker)
        while True:
            for key, _ in ready.select():
                worker = key.data
                if not worker.hear():
                    ready.unregister(worker)
                    _say(worker.name, f"ended with exit code {worker.ended()}; it is started anew")
                    time.sleep(_PAUSE)
                    worker.again()
                    ready.register(worker, selectors.EVENT_READ, worker)


def _stop(workers: list[Worker]) -> None:
    """Lets them finish what they are at, and hears them out; who is not done in time is killed."""
    _deaf()
    give_up = time.monotonic() + _PATIENCE
    with selectors.DefaultSelector() as ready:
        for worker in workers:
            if worker.process.returncode is None:
                worker.process.terminate()
                ready.register(worker, selectors.EVENT_READ, worker)
        while ready.get_map():
            for key, _ in ready.select(1):
                worker = key.data
                if not worker.hear():
                    ready.unregister(worker)
                    _say(worker.name, f"ended with exit code {worker.ended()}")
            if time.monotonic() > give_up:
                for key in ready.get_map().values():
                    key.data.process.kill()


@contextmanager
def _postgres(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        yield server.start()
    finally:
        _deaf()
        server.close()


@contextmanager
def _kafka(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        _deaf()
        broker.stop()


@contextmanager
def _folder(keep: Path | None) -> Iterator[tuple[Path, str]]:
    """Where the data are, and what becomes of them."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve(), "kept"
        return
    with tempfile.TemporaryDirectory(prefix="stilldown-stack-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # where we are root, PostgreSQL runs as another user
        yield folder, "removed at the end; --keep FOLDER keeps them"


def _deaf(*_: object) -> None:
    """From now on what is told to stop is stopping already: nothing cuts that short, and all of it has a time limit."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _say(name: str, line: str) -> None:
    with suppress(BrokenPipeError):  # nobody reads it: no reason not to stop in good order
        print(f"{name:<9} | {line}", flush=True)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _number(text: str) -> int:
    """So many processes; argparse names what is none."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes")
    return int(text)


def main() -> None:
    """Runs everything until it is told to stop."""
    parser = argparse.ArgumentParser(
        prog="make stack", description="Runs PostgreSQL, Kafka and stilldown's workers on this machine."
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the data are to stay. Default: nowhere")
    parser.add_argument("--engines", type=_number, default=2, metavar="N", help="how many take facts (2)")
    parser.add_argument("--projectors", type=_number, default=2, metavar="N", help="how many keep views up to date (2)")
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell's background job is to ignore Ctrl-C
        signal.signal(number, _interrupt)
    try:
        with _folder(given.keep) as (folder, fate):
            run(folder, given.engines, given.projectors, fate=fate)
    except KeyboardInterrupt:
        print("everything has stopped", flush=True)
    except (ServerError, RuntimeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"stack: {error}")


if __name__ == "__main__":
    main()
