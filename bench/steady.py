"""Memory of workers over a million facts: `stilldown engine` and `stilldown project` on a real broker and database.

The facts are produced as they are taken, never far ahead: how much waits in a topic is nothing that a worker holds, but
so both have the same to do from the first to the last sample.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import psycopg
from aiokafka import AIOKafkaProducer

from bench.intake import AGREEMENTS, without_clocks
from bench.workload import copies, write_log
from contracts.agreements import parse
from contracts.topics import EVENTS_OUT, FACTS_IN
from engine.intake import Engine
from ops import topics
from projections.projector import Projector
from projections.store.opening import open_database
from tools.broker import Broker
from tools.postgres import temporary

FACTS = 1_000_000
EVERY: Final = 50_000
"""Facts between two looks at the workers' memory."""
AHEAD: Final = 20_000
"""Facts that may wait for the engine."""
BEHIND: Final = 100_000
"""Messages that may wait for the projector before facts wait, too."""
TICK: Final = 0.5
PATIENCE: Final = 300
"""Seconds without any progress."""
LIMIT: Final = 500
"""Megabytes."""
_SHARE: Final = 3
_SETTINGS: Final = ("-c", "max_wal_size=4GB", "-c", "shared_buffers=256MB")
_STILLDOWN: Final = (sys.executable, "-c", "from ops.cli import main; main()")


class _Said(msgspec.Struct):
    subject: str


class Far(NamedTuple):
    """Facts taken in, events recorded, events sent on, and messages that wait for the projector."""

    taken: int
    recorded: int
    sent: int
    waiting: int


class Sample(NamedTuple):
    """Megabytes of each worker when so many facts were taken in."""

    facts: int
    events: int
    engine: int
    projector: int


class Workers(NamedTuple):
    """Both, and where they say what they say."""

    engine: subprocess.Popen[bytes]
    projector: subprocess.Popen[bytes]
    said: Path


def main(facts: int = FACTS) -> None:
    """`facts` of as many copies of the log as that takes, through one engine and one projector."""
    folder = Path(tempfile.mkdtemp(prefix="stilldown-bench-"))
    broker = Broker(folder / "kafka")
    try:
        write_log(folder / "log.jsonl")
        broker.start()
        with temporary(settings=_SETTINGS) as server:
            environment = os.environ | {"STILLDOWN_STORE": server.url(), "STILLDOWN_KAFKA": broker.bootstrap}
            subprocess.run([*_STILLDOWN, "migrate"], env=environment, stdout=subprocess.DEVNULL, check=True)
            with closing(Engine(server.url())) as engine:
                engine.publish(without_clocks(parse(AGREEMENTS.read_text())))
            with _workers(folder / "said", environment) as workers:
                run = Run(server.url(), broker.bootstrap, workers, facts)
                with closing(run):
                    asyncio.run(run.run(_bodies(folder / "log.jsonl", facts)))
                run.tell()
    finally:
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _bodies(log: Path, facts: int) -> Iterator[bytes]:
    with log.open("rb") as lines:
        count = sum(1 for _ in lines)
    with log.open("rb") as lines:
        yield from islice(copies((line.rstrip() for line in lines), -(-facts // count)), facts)


@contextmanager
def _workers(said: Path, environment: Mapping[str, str]) -> Iterator[Workers]:
    with said.open("ab") as log:
        engine, projector = started = [
            subprocess.Popen([*_STILLDOWN, name], env=environment, stdout=log, stderr=log)
            for name in ("engine", "project")
        ]
    try:
        yield Workers(engine, projector, said)
    finally:
        for worker in started:
            worker.terminate()
        for worker in started:
            worker.wait()


class Run:
    """Facts go in as they are taken; meanwhile the workers are looked at."""

    def __init__(self, url: str, bootstrap: str, workers: Workers, facts: int) -> None:
        self._bootstrap = bootstrap
        self._workers = workers
        self._facts = facts
        self._every = max(1, min(EVERY, facts // 20))
        self._store = psycopg.connect(url, autocommit=True)
        self._views = open_database(url)
        self._projector = Projector(self._views)
        self._far = Far(0, 0, 0, 0)
        self._samples: list[Sample] = []
        self._took = self._whole = 0.0

    def close(self) -> None:
        """Lets go of the database."""
        self._views.close()
        self._store.close()

    async def run(self, bodies: Iterator[bytes]) -> None:
        """Sends all, and waits until it is in the views."""
        print(f"steady: {self._facts:,} facts, one engine and one projector, PostgreSQL (fsync=on) and one broker")
        print(f"  {'facts':>12}{'events':>12}{'engine':>12}{'projector':>12}", flush=True)
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(bodies))
            group.create_task(self._watch(began))

    async def _send(self, bodies: Iterator[bytes]) -> None:
        sent = 0
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all") as producer:
            for body in bodies:
                while sent >= self._far.taken + AHEAD or self._far.waiting > BEHIND:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(TICK)
                subject = msgspec.json.decode(body, type=_Said).subject
                await producer.send(FACTS_IN, body, key=subject.encode())
                sent += 1

    async def _watch(self, began: float) -> None:
        moved = time.perf_counter()
        while True:
            far, now = await self._look(), time.perf_counter()
            if far != self._far:
                self._far, moved = far, now
            if far.taken == self._facts:
                self._took = self._took or now - began
                if far.sent == far.recorded and not far.waiting:
                    self._whole = now - began
                    self._sample()
                    return
            elif far.taken // self._every > (self._samples[-1].facts if self._samples else 0) // self._every:
                self._sample()
            ended = any(worker.poll() is not None for worker in (self._workers.engine, self._workers.projector))
            if ended or now - moved > PATIENCE:
                last = self._workers.said.read_text(errors="replace")[-3000:]
                sys.exit(f"{'a worker has ended' if ended else 'nothing moves any more'}, {far}; last words:\n{last}")
            await asyncio.sleep(TICK)

    async def _look(self) -> Far:
        taken, recorded, sent = self._store.execute(
            "SELECT COALESCE((SELECT SUM(position) FROM intake WHERE feed = %s), 0)::bigint,"
            " COALESCE((SELECT MAX(notification_id) FROM stored_events), 0),"
            " COALESCE((SELECT MAX(position) FROM relay), 0)",
            (FACTS_IN,),
        ).fetchone() or (0, 0, 0)
        ends = await topics.ends(self._bootstrap, EVENTS_OUT)
        offsets = sum(max(standing.offset, 0) for standing in self._projector.standings().values())
        return Far(taken, recorded, sent, sum(ends.values()) - offsets)

    def _sample(self) -> None:
        engine, projector = self._workers.engine.pid, self._workers.projector.pid
        sample = Sample(self._far.taken, self._far.recorded, _memory(engine, "VmRSS"), _memory(projector, "VmRSS"))
        self._samples.append(sample)
        print("  " + "".join(f"{value:12,}" for value in sample), flush=True)

    def tell(self) -> None:
        """Says what came of it."""
        third = len(self._samples) // _SHARE
        for name, worker in (("engine", self._workers.engine), ("projector", self._workers.projector)):
            values = [getattr(sample, name) for sample in self._samples]
            first, last = statistics.mean(values[:third]), statistics.mean(values[-third:])
            print(f"  {name}: the last third {last:.0f} MB, the first {first:.0f} MB: {last / first:.2f};", end=" ")
            print(f"most {_memory(worker.pid, 'VmHWM')} MB   (below {LIMIT})")
        print(f"  facts per second, to the last taken in {self._facts / self._took:10,.0f}")
        print(f"  events per second, to the last in views {self._far.recorded / self._whole:9,.0f}")


def _memory(pid: int, field: str) -> int:
    """Megabytes, by a field of /proc/PID/status."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) // 1_024
