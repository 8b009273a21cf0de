"""Facts from Kafka, as one of any number of workers (architecture.md §2).

How far a partition is taken in stands in the store, written by compare-and-set in the transaction of what it brought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final, NamedTuple

import structlog

from contracts import kafka
from contracts.envelope import Fact
from contracts.errors import MalformedError
from contracts.topics import FACTS_IN
from engine.ahead import understand
from engine.intake import Engine
from engine.member import Fetched, Member, Places
from engine.store.errors import LostError
from engine.store.handing import Reached
from engine.taken import Taken
from engine.worker import Worker

GROUP: Final = "stilldown.engine"
BATCH: Final = 500
"""Messages of a transaction, at most."""
_log = structlog.get_logger("stilldown.listening")


class _Batch(NamedTuple):
    """What was fetched at once, and how far it reaches."""

    bodies: list[bytes]
    facts: list[Fact | MalformedError]
    origins: dict[bytes, bytes]
    reached: list[Reached]


class Listener(Member):
    """Takes facts from `stilldown.facts` into the engine, for as long as it runs."""

    topic: ClassVar = FACTS_IN
    client: ClassVar = "engine"
    what: ClassVar = "facts"
    keeper: ClassVar = "the store"
    lost: ClassVar = (LostError,)
    most = BATCH

    def __init__(self, worker: Worker, bootstrap: str, *, session: float, taken: Callable[[Taken], None]) -> None:
        """After `session` seconds of silence its partitions go to others; `taken` is told of every batch."""
        super().__init__(bootstrap, group=GROUP, session=session)
        self._worker = worker
        self._taken = taken

    async def places(self, parts: Iterable[int]) -> Mapping[int, int]:  # noqa: ARG002 - it is one look for all
        """See engine.member.Member, also below."""
        return await self._worker.do(lambda engine: engine.positions(FACTS_IN))

    async def take(self, fetched: Fetched, reached: Places) -> None:
        """Records a batch."""
        batch = self._batch(fetched, reached)
        self._taken(await self._worker.do(lambda engine: _take(engine, batch)))

    def _batch(self, fetched: Fetched, reached: Places) -> _Batch:
        batch = _Batch([], [], {}, [])
        for records in fetched.values():
            for record in records:
                for found in kafka.brought(record.key, record.value, record.headers):
                    batch.bodies.append(found.body)
                    batch.facts.append(found.error or _understood(found.body))
                    if found.origin is not None:
                        batch.origins[found.body] = found.origin
        for part, at in reached.items():
            batch.reached.append(Reached(FACTS_IN, part.partition, at, self._believed[part]))
        return batch


def _understood(body: bytes) -> Fact | MalformedError:
    try:
        return understand(body)
    except Exception as error:  # noqa: BLE001 - it must cost no other fact
        _log.exception("a fact could not even be read; it is a dead letter")
        return MalformedError(f"the engine failed on it: {type(error).__name__}: {error}")


def _take(engine: Engine, batch: _Batch) -> Taken:
    return engine.take(batch.bodies, facts=batch.facts, positions=batch.reached, origins=batch.origins)
