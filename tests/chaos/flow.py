"""Facts that flow all the time: the lives of complaints without end, doubled and shuffled, over all partitions."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.topics import FACTS_IN
from tests.integration import workload
from tests.servers.kafka import CLOUDEVENT

Ref = tuple[str, str]
COMPLAINTS = 100
"""Of a chapter: its facts come shuffled among each other, and its services are its own."""
TWICE = 5
"""Percent of the facts."""
CHUNK = 20
_SERVICE = re.compile(rb'"S(?=\d)')


def chapter(seed: int, n: int) -> list[bytes]:
    """Facts of some complaints, about 18 each, as they arrive."""
    facts = workload.lives(seed + n, COMPLAINTS, source=f"/chaos/{n}", prefix=f"K{n}-")
    apart = [_SERVICE.sub(b'"S%d-' % n, body) for body in facts]
    return workload.arrivals(seed + n, apart, twice=TWICE)


class Flow:
    """Sends facts in a thread of its own, until it is told to stop, and then to the end of the chapter."""

    def __init__(self, bootstrap: str, seed: int, rate: float, backlog: int) -> None:
        """`rate`: facts a second, fewer while more than `backlog` are not taken yet."""
        self.sent: dict[Ref, bytes] = {}
        self.copies = 0
        """Facts sent once more."""
        self.taken = 0
        """Facts that are known to be taken; whoever looks says so."""
        self.failures = 0
        """Messages that had to be sent again, as nobody answered."""
        self._bootstrap = bootstrap
        self._seed = seed
        self._rate = rate
        self._backlog = backlog
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Asks it to come to an end."""
        self._stop.set()

    def join(self) -> None:
        """Waits for its end, not for ever: there may be no broker to send to any more."""
        self._thread.join(30)

    @property
    def flows(self) -> bool:
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Facts that were sent and are not known to be taken."""
        return len(self.sent) - self.taken

    async def _run(self) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", request_timeout_ms=5_000)
        await producer.start()
        try:
            await self._send_all(producer)
        finally:
            await producer.stop()

    async def _send_all(self, producer: AIOKafkaProducer) -> None:
        due = time.monotonic()
        for chunk in self._chunks():
            while self.waiting > self._backlog and not self._stop.is_set():  # noqa: ASYNC110 - whoever looks is in another thread
                await asyncio.sleep(0.05)
            due = max(due + len(chunk) / self._rate, time.monotonic() - 1)
            await asyncio.sleep(due - time.monotonic())
            await self._deliver(producer, chunk)

    def _chunks(self) -> Iterator[list[bytes]]:
        n = 0
        while not self._stop.is_set():
            bodies = chapter(self._seed, n)
            for first in range(0, len(bodies), CHUNK):
                yield bodies[first : first + CHUNK]
            n += 1

    async def _deliver(self, producer: AIOKafkaProducer, chunk: list[bytes]) -> None:
        going = [self._addressed(body) for body in chunk]
        while going:
            done = await asyncio.gather(*(_send(producer, *one) for one in going))
            going = [one for one, there in zip(going, done, strict=True) if not there]
            self.failures += len(going)

    def _addressed(self, body: bytes) -> tuple[bytes, bytes | None]:
        """A fact with its key, its subject; a copy has none, and so may overtake it."""
        fact = json.loads(body)
        ref = fact["source"], fact["id"]
        if ref in self.sent:
            self.copies += 1
            return body, None
        self.sent[ref] = body
        return body, str(fact["subject"]).encode()


async def _send(producer: AIOKafkaProducer, body: bytes, key: bytes | None) -> bool:
    """Whether the broker has it for certain; if not it may be there all the same."""
    try:
        await producer.send_and_wait(FACTS_IN, body, headers=[CLOUDEVENT], key=key)
    except (KafkaError, TimeoutError):
        await asyncio.sleep(0.5)
        return False
    return True
