"""Views from Kafka, as one of any number of projectors: `stilldown.events` as their feed (architecture.md §3).

Each partition is a part of the feed: a page of it is one transaction in the views' database, with its offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Final, TypeVar

import structlog

from contracts.topics import EVENTS_OUT
from engine.member import Fetched, Member, Places
from engine.patience import Patience, pause
from engine.tuning import tune
from ops import topics
from ops.kafka import page_of, part_of
from ops.working import on_signals
from projections.errors import MovedError
from projections.projector import Poison, Projector, Standing
from projections.store.opening import identity, open_database

GROUP: Final = "stilldown.project"
"""Begins the name of the group; it ends with what the views are called among others."""
PAGE: Final = 2_000
"""Messages that are fetched at once, at most."""
_LONGEST: Final = 2.0
"""Seconds between two looks for a broker and topics that are not there yet."""
_T = TypeVar("_T")
_log = structlog.get_logger("stilldown.project")


class Follower(Member):
    """Takes recorded events from `stilldown.events` into views."""

    topic: ClassVar = EVENTS_OUT
    client: ClassVar = "project"
    what: ClassVar = "events"
    keeper: ClassVar = "the views' database"
    lost: ClassVar = (MovedError,)

    def __init__(self, projector: Projector, bootstrap: str, *, views: str, session: float, most: int = PAGE) -> None:
        """All that fill the same `views` are one group. The projector is used by a thread of its own, see `do`."""
        super().__init__(bootstrap, group=f"{GROUP}.{views}", session=session)
        self.most = most
        self._projector = projector
        self._thread = ThreadPoolExecutor(1, "stilldown-projector")
        self._standings: dict[int, Standing] = {}

    async def do(self, work: Callable[[Projector], _T]) -> _T:
        """What `work` gives, or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._projector)

    def close(self) -> None:
        """Waits for what is being done."""
        self._thread.shutdown()

    async def places(self, parts: Iterable[int]) -> Mapping[int, int]:
        """See engine.member.Member, also below."""
        self._standings = await self.do(lambda projector: _standings(projector, parts))
        return {n: standing.offset for n, standing in self._standings.items() if standing.offset}

    async def take(self, fetched: Fetched, reached: Places) -> None:
        """Applies what was fetched, partition by partition."""
        await self.do(lambda projector: self._apply(projector, fetched, reached))

    def _apply(self, projector: Projector, fetched: Fetched, reached: Places) -> None:
        for part, offset in reached.items():
            standing = self._standings[part.partition]
            if offset > standing.offset:  # else it was applied before another one failed
                page = page_of(part.partition, offset, fetched.get(part, ()))
                self._standings[part.partition] = projector.take(page, standing)


def _standings(projector: Projector, parts: Iterable[int]) -> dict[int, Standing]:
    found = projector.standings()
    return {n: found.get(part_of(n), Standing()) for n in parts}


async def follow(url: str, bootstrap: str, *, session: float, once: bool = False) -> tuple[int, int]:
    """Keep views at `url` up to date until SIGTERM or SIGINT, or `once` all is applied.

    How many events were, and the last one's position.

    A broker or topics that are not there yet are waited for. Raises TopicsError where they are not as they have to
    be, ViewsError where the views cannot be opened.
    """
    tune()
    stop = asyncio.Event()
    on_signals(stop)
    database = open_database(url)
    try:
        projector = Projector(database, alarm=alarm)
        follower = Follower(projector, bootstrap, views=identity(database), session=session)
        try:
            await _wait_for_topics(bootstrap, stop)
            if not stop.is_set():
                _log.info("projecting", kafka=bootstrap)
            async with asyncio.TaskGroup() as group:
                group.create_task(follower.run(stop))
                if once:
                    group.create_task(_ends(follower, bootstrap, stop))
        finally:
            follower.close()
        _log.info("stopped", applied=projector.applied)
        return projector.applied, projector.last()
    finally:
        database.close()


def alarm(poison: Poison) -> None:
    """Say what is left out of the views, and why."""
    _log.error("ALARM: left out of the views", **poison._asdict())


async def _wait_for_topics(bootstrap: str, stop: asyncio.Event) -> None:
    patience = Patience()
    while not stop.is_set():
        try:
            await topics.check(bootstrap)
        except (topics.BrokerError, topics.MissingTopicError) as error:
            delay = min(patience.next(), _LONGEST)
            _log.warning("waiting for the broker and its topics", error=str(error), retry_in=round(delay, 1))
            await pause(stop, delay)
        else:
            return


async def _ends(follower: Follower, bootstrap: str, stop: asyncio.Event) -> None:
    """Stop when all that is in the topic now is applied, by whomever."""
    while not stop.is_set():
        try:
            ends = await topics.ends(bootstrap, EVENTS_OUT)
            break
        except topics.BrokerError:
            await pause(stop, 1.0)
    while not stop.is_set():
        if await follower.do(lambda projector: is_up_to(projector, ends)):
            stop.set()
        await pause(stop, 0.2)


def is_up_to(projector: Projector, ends: Mapping[int, int]) -> bool:
    """Whether all is applied that lies before the ends of partitions."""
    found = projector.standings()
    return all(found.get(part_of(n), Standing()).offset >= end for n, end in ends.items())
