"""The run itself: facts flow, and burst by burst workers are killed and servers and wires disturbed.

What comes next hangs on how many facts were recorded, not on the time: a slow machine takes longer for the same.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psycopg

from contracts.agreements import parse
from contracts.topics import EVENTS_OUT
from engine.intake import Engine
from ops import topics
from ops.following import is_up_to
from projections.feed import STORE
from projections.projector import Projector
from projections.store.opening import open_database
from tests.chaos.crew import POINTS, Crew, Kill
from tests.chaos.flow import Flow
from tests.chaos.proxy import Proxy
from tests.chaos.servers import Servers
from tests.integration.facts import STANDARD
from tests.integration.stores import select

SESSION = 2.0
"""Seconds of silence after which an engine is taken for dead."""
STUCK = 150.0
"""Seconds without a fact taken after which a run has failed."""
TERMS = f"""{STANDARD}
[[agreement.standard.clock]]
name = "restore"
target = "PT4H"
calendar = "always"
starts = "down"
stops = "up"
warn = [0.5]

[[agreement.trusting.clock]]
name = "resolve"
target = "PT24H"
calendar = "always"
starts = "filed"
stops = "closed"
pauses = ["customer"]
"""
_LOOK = """
SELECT (SELECT count(*) FROM facts), (SELECT count(DISTINCT (source, id)) FROM dead WHERE source IS NOT NULL),
       (SELECT last FROM positions), COALESCE((SELECT position FROM relay), 0),
       COALESCE((SELECT holder FROM relay), '')
"""


class Plan(NamedTuple):
    """How much of it: in each burst `kills`, from burst to burst `gap` facts are recorded, `rate` are sent a second."""

    seed: int
    bursts: int
    kills: int
    gap: int
    rate: float = 300
    backlog: int = 4_000
    engines: int = 3
    projectors: int = 2
    feed: str = "kafka"
    """Where the projectors read: `kafka` or `store`."""


class Standing(NamedTuple):
    """How far the store is."""

    facts: int = 0
    dead: int = 0
    last: int = 0
    relayed: int = 0
    holder: str = ""

    @property
    def relaying(self) -> int | None:
        """The process that sends."""
        return int(self.holder.split(":")[1]) if self.holder else None


class Arena:
    """One run."""

    def __init__(self, servers: Servers, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        self.servers = servers
        self.plan = plan
        self.done: Counter[str] = Counter()
        """Disturbances by name."""
        self.longest = 0.0
        """Seconds without a fact taken while some were waiting."""
        self.first_kill: Standing | None = None
        self.last_kill = Standing()
        self.standing = Standing()
        self.random = Random(plan.seed)
        self.crew = Crew(folder, self.random)
        self.flow = Flow(servers.kafka, plan.seed, plan.rate, plan.backlog)
        self._say = say
        self._looked = 0.0
        self._moved = time.monotonic()
        self._eyes: psycopg.Connection[Any] | None = None

    def shut_eyes(self) -> None:
        """Lets go of the database; the next look opens them again."""
        if self._eyes is not None:
            self._eyes.close()

    def run(self) -> None:
        """All of it; at the end everything sent is taken, sent on and in the views."""
        with closing(Engine(self.servers.behind.url)) as engine:
            engine.publish(parse(TERMS))
        store = ("--store", self.servers.store)
        kafka = ("--kafka", self.servers.kafka, "--session", str(SESSION))
        for _ in range(self.plan.engines):
            self.crew.start("engine", *store, *kafka)
        for _ in range(self.plan.projectors):
            self.crew.start("project", *store, *(kafka if self.plan.feed == "kafka" else ()))
        self.flow.start()
        kills = self._kills()
        for n in range(self.plan.bursts):
            self._until(lambda n=n: self.standing.facts >= (n + 1) * self.plan.gap)  # type: ignore[misc]
            self._burst(n, [next(kills) for _ in range(self.plan.kills)])
        self.flow.stop()
        self._until(lambda: not self.flow.flows)
        self._until(self._whole, 0.5)
        codes = self.crew.stop()
        assert set(codes.values()) == {0}, f"a worker did not stop in good order: {codes}"

    @property
    def between(self) -> int:
        """Facts recorded between the first kill and the last."""
        return self.last_kill.facts - (self.first_kill or self.last_kill).facts

    def figures(self) -> Iterator[str]:
        """What was done, and what it did."""
        yield f"{self.between:,} facts recorded between the first kill and the last"
        yield f"{self.crew.killed.total():,} workers killed, {self.crew.starts:,} started"
        for kill, number in sorted(self.crew.killed.items()):
            yield f"  {number:4}  {kill.kind}: {kill.point}"
        for what, number in sorted((self.crew.ended + self.done + self.crew.said()).items()):
            yield f"  {number:4}  {what}"
        yield f"  {self.flow.failures:4}  messages sent again, as the broker did not answer"
        yield f"{self.longest:.1f} s was the longest time without a fact taken while some were waiting"

    def _kills(self) -> Iterator[Kill]:
        """Every point of each kind in turn, in any order."""
        while True:
            rounds = [Kill(kind, point) for kind, points in POINTS.items() for point in points]
            self.random.shuffle(rounds)
            yield from rounds

    def _burst(self, n: int, kills: list[Kill]) -> None:
        began, before = time.monotonic(), self.standing.facts
        self.first_kill = self.first_kill or self.standing
        disturbance = DISTURBANCES[n % len(DISTURBANCES)]
        left = self.random.randint(1, len(kills) - 1)
        disturbed = False
        while kills or self.crew.condemned:
            if len(kills) <= left and not disturbed:
                disturbed = True
                self.done[_named(disturbance)] += 1
                disturbance(self)
            kill = kills.pop() if kills else None
            if kill is None or self.crew.condemn(kill, self.standing.relaying):
                self._wait(self.random.choice((0, 0, 0.3, 1.0)))
            else:  # it is another's turn meanwhile
                kills.insert(0, kill)
                self._wait(0.1)
            kills += self.crew.spared
            self.crew.spared.clear()
        self.last_kill = self.standing
        self._say(
            f"burst {n + 1:2} of {self.plan.bursts}: {time.monotonic() - began:5.1f} s,"
            f" {self.standing.facts - before:6,} facts meanwhile; {self.standing.facts:9,} recorded,"
            f" {self.crew.killed.total():4} killed, {self.flow.waiting:5,} facts waiting; {_named(disturbance)}"
        )

    def _until(self, happens: Callable[[], bool], every: float = 0.1) -> None:
        while not happens():
            self._wait(every)

    def _wait(self, seconds: float) -> None:
        """Looks after everything for a while."""
        until = time.monotonic() + seconds
        while True:
            self.crew.attend()
            if time.monotonic() - self._looked > 0.5:
                self._look()
            if time.monotonic() >= until:
                return
            time.sleep(0.05)

    def _look(self) -> None:
        if self._eyes is None or self._eyes.closed:
            self._eyes = psycopg.connect(self.servers.behind.url, autocommit=True)
        found = Standing(*self._eyes.execute(_LOOK).fetchone() or ())
        now = time.monotonic()
        if (found.facts, found.dead) != (self.standing.facts, self.standing.dead) or not self.flow.waiting:
            self._moved = now
        self.longest = max(self.longest, now - self._moved)
        assert now - self._moved < STUCK, f"no fact was taken for {STUCK:.0f} s: {found}"
        self.standing, self._looked = found, now
        self.flow.taken = found.facts + found.dead

    def _whole(self) -> bool:
        """Whether all that was sent is taken, sent on and in the views."""
        if self.standing.relayed != self.standing.last or not self._viewed():
            return False
        taken = select(self.servers.behind, "SELECT source, id FROM facts UNION SELECT source, id FROM dead")
        return self.flow.sent.keys() <= set(taken)

    def _viewed(self) -> bool:
        database = open_database(self.servers.behind.url)
        try:
            projector = Projector(database)
            if self.plan.feed == "kafka":
                return is_up_to(projector, asyncio.run(topics.ends(self.servers.kafka, EVENTS_OUT)))
            return projector.standing(STORE).position == self.standing.last
        finally:
            database.close()


def _named(disturbance: Callable[[Arena], None]) -> str:
    return disturbance.__name__.replace("_", " ")


def database_restarted(arena: Arena) -> None:
    """As after a crash: what was not committed never was."""
    arena.shut_eyes()
    arena.servers.postgres.stop("immediate")
    arena.servers.postgres.start()


def broker_restarted(arena: Arena) -> None:
    """As after a power cut."""
    arena.servers.broker.kill()
    arena.servers.broker.start()


def _cut(arena: Arena, wire: Proxy) -> None:
    while not (number := wire.cut()):  # all have just been killed
        arena._wait(0.1)
    arena.done["connections cut"] += number


def database_cut(arena: Arena) -> None:
    """Every connection to it."""
    _cut(arena, arena.servers.database_wire)


def broker_cut(arena: Arena) -> None:
    """Every connection to it."""
    _cut(arena, arena.servers.broker_wire)


def database_silent(arena: Arena) -> None:
    """Nothing comes through for longer than a session, and then all of it."""
    arena.servers.database_wire.stall(2 * SESSION)


def broker_silent(arena: Arena) -> None:
    """Nothing comes through for longer than a session, and then all of it."""
    arena.servers.broker_wire.stall(2 * SESSION)


def database_out_of_reach(arena: Arena) -> None:
    """Cut, and out of reach for a while."""
    arena.done["connections cut"] += arena.servers.database_wire.refuse(2)


def broker_out_of_reach(arena: Arena) -> None:
    """Cut, and out of reach for a while."""
    arena.done["connections cut"] += arena.servers.broker_wire.refuse(2)


def engine_frozen(arena: Arena) -> None:
    """As a machine that is moved: others take over, and then it is there again."""
    free = [worker for worker in arena.crew.workers if worker.kind == "engine" and worker.runs and worker.doom is None]
    if free:
        frozen = arena.random.choice(free)
        frozen.freeze(True)
        arena._wait(2 * SESSION)
        frozen.freeze(False)


DISTURBANCES = (
    database_restarted,
    broker_restarted,
    database_cut,
    engine_frozen,
    broker_cut,
    broker_silent,
    database_out_of_reach,
    database_silent,
    broker_out_of_reach,
)
"""One in each burst, in this order, and from the beginning again."""


@contextmanager
def arena(servers: Servers, plan: Plan, folder: Path, say: Callable[[str], None]) -> Iterator[Arena]:
    """A run, whose workers do not outlive it."""
    made = Arena(servers, plan, folder, say)
    try:
        yield made
    finally:
        made.flow.stop()
        made.flow.join()
        made.crew.kill()
        made.shut_eyes()
