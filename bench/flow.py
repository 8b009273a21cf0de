"""From `stilldown.facts` to `stilldown.events`, on a real broker and a real database, through `stilldown engine`.

How long a fact takes at a steady rate, beside a message that only goes to the broker and back, in the same run; and
what a second engine adds where the facts are in two partitions.
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
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.intake import AGREEMENTS, without_clocks
from bench.workload import write_log
from contracts.agreements import parse
from contracts.topics import EVENTS_OUT, FACTS_IN
from engine.intake import Engine
from ops import topics
from tools.broker import Broker
from tools.postgres import temporary

RATE = 500
"""Facts a second."""
SECONDS = 30
WARM = 5
"""Seconds that do not count."""
ECHO: Final = "bench.echo"
EVERY: Final = 5
"""One message goes to the broker and back for so many facts."""
TICK = 0.01
FACTS = 30_000
"""Facts that are to be taken in at once."""
PARTS: Final = (0, 8)
"""Two partitions; where there are two engines each has one of them."""
JOINING = 10.0
"""Seconds for engines to share the partitions."""
PATIENCE = 300
_SETTINGS: Final = ("-c", "max_wal_size=4GB", "-c", "shared_buffers=256MB")


class _Said(msgspec.Struct):
    source: str
    id: str
    subject: str


class Place(NamedTuple):
    """A database with a store, and a broker with the topics."""

    url: str
    bootstrap: str


def main(facts: int = FACTS) -> None:
    """The log's facts, each run on a database and a broker of its own."""
    folder = Path(tempfile.mkdtemp(prefix="stilldown-bench-"))
    try:
        write_log(folder / "log.jsonl")
        with (folder / "log.jsonl").open("rb") as lines:
            bodies = [line.rstrip() for line in islice(lines, max(facts, RATE * (SECONDS + WARM)))]
        with _place(folder / "latency") as place, _engines(place, 1):
            _tell(asyncio.run(_latencies(place, bodies[: RATE * (SECONDS + WARM)])))
        rates = []
        for count in (1, 2):
            with _place(folder / f"{count}") as place, _engines(place, count) as workers:
                rates.append(asyncio.run(_throughput(place, bodies[:facts])))
                memory = max(_resident(worker.pid) for worker in workers)
            name = f"{count} engine{'s'[: count - 1]}, facts per second"
            print(f"  {name:<34}{rates[-1]:10,.0f}   (memory at most {memory} MB)")
        print(f"  {'two engines against one':<34}{rates[1] / rates[0]:10.2f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _place(folder: Path) -> Iterator[Place]:
    folder.mkdir()
    broker = Broker(folder / "kafka")
    broker.start()
    try:
        with temporary(settings=_SETTINGS) as server:
            asyncio.run(_topics(broker.bootstrap))
            with closing(Engine(server.url())) as engine:
                engine.publish(without_clocks(parse(AGREEMENTS.read_text())))
            yield Place(server.url(), broker.bootstrap)
    finally:
        broker.kill()


async def _topics(bootstrap: str) -> None:
    await topics.make(bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(ECHO, 1, 1)])
    finally:
        await admin.close()


@contextmanager
def _engines(place: Place, count: int) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    command = [sys.executable, "-c", "from ops.cli import main; main()", "engine"]
    environment = os.environ | {"STILLDOWN_STORE": place.url, "STILLDOWN_KAFKA": place.bootstrap}
    workers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        time.sleep(JOINING)
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


# ---------------------------------------------------------------------- how long a fact takes


class Latencies(NamedTuple):
    """Seconds from sending to being seen."""

    facts: list[float]
    echoes: list[float]


async def _latencies(place: Place, bodies: Sequence[bytes]) -> Latencies:
    sent: dict[tuple[str, str], float] = {}
    echoed: dict[bytes, float] = {}
    found = Latencies([], [])
    async with _consumer(place, EVENTS_OUT) as events, _consumer(place, ECHO) as echoes, _producer(place) as producer:

        async def hear_events() -> None:
            async for message in events:
                said = msgspec.json.decode(message.value, type=_Said)
                began = sent.pop((said.source, said.id), None)
                if began is not None:
                    found.facts.append(time.perf_counter() - began)

        async def hear_echoes() -> None:
            async for message in echoes:
                found.echoes.append(time.perf_counter() - echoed.pop(message.value))

        hearing = [asyncio.create_task(hear_events()), asyncio.create_task(hear_echoes())]
        began = time.perf_counter()
        for n, body in enumerate(bodies):
            said = msgspec.json.decode(body, type=_Said)
            late = began + n / RATE - time.perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            if n == RATE * WARM:
                found.facts.clear()
                found.echoes.clear()
            if n % EVERY == 0:
                echoed[b"%d" % n] = time.perf_counter()
                await producer.send(ECHO, b"%d" % n)
            sent[said.source, said.id] = time.perf_counter()
            await producer.send(FACTS_IN, body, key=said.subject.encode())
        await _until(lambda: not sent and not echoed)
        for task in hearing:
            task.cancel()
    return found


def _tell(found: Latencies) -> None:
    print(f"flow: {RATE} facts a second for {SECONDS} s, into PostgreSQL (fsync=on), one engine")
    for name, seconds in (("a fact, facts to events", found.facts), ("the broker's own round trip", found.echoes)):
        said = "  ".join(f"{label} {_at(seconds, share) * 1000:7.1f} ms" for label, share in _SHARES)
        print(f"  {name:<28} {said}")
    ratios = "  ".join(
        f"{label} {_at(found.facts, share) / _at(found.echoes, share):7.1f}   " for label, share in _SHARES
    )
    print(f"  {'ratio':<28} {ratios}   (p99 of a fact at most 100 ms)")


_SHARES: Final = (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))


def _at(values: Sequence[float], share: float) -> float:
    return max(values) if share == 1.0 else statistics.quantiles(values, n=100)[round(share * 100) - 1]


# ---------------------------------------------------------------------- how much goes through


async def _throughput(place: Place, bodies: Sequence[bytes]) -> float:
    """Facts a second, from the first that is sent to the last that is taken in."""
    async with _producer(place) as producer:
        began = time.perf_counter()
        for body in bodies:
            said = msgspec.json.decode(body, type=_Said)
            part = PARTS[crc32(said.subject.encode()) % len(PARTS)]
            await producer.send(FACTS_IN, body, partition=part)
        await producer.flush()
    async with await psycopg.AsyncConnection.connect(place.url, autocommit=True) as connection:

        async def taken() -> int:
            row = await (
                await connection.execute("SELECT COALESCE(SUM(position), 0) FROM intake WHERE feed = %s", (FACTS_IN,))
            ).fetchone()
            return int(row[0]) if row else 0

        while await taken() < len(bodies):
            if time.perf_counter() - began > PATIENCE:
                sys.exit(f"after {PATIENCE} s {await taken()} of {len(bodies)} facts were taken in")
            await asyncio.sleep(TICK)
    return len(bodies) / (time.perf_counter() - began)


# ---------------------------------------------------------------------- clients


@asynccontextmanager
async def _producer(place: Place) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=place.bootstrap, acks="all") as producer:
        yield producer


@asynccontextmanager
async def _consumer(place: Place, topic: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=place.bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    async with consumer:
        yield consumer


async def _until(reached: Any) -> None:
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > PATIENCE:
            sys.exit(f"not all was seen after {PATIENCE} s")
        await asyncio.sleep(TICK)


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_048_576
