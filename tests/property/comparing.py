"""Runs a history through the engine and through the second reading, and says where they differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from contracts.agreements import Agreement, AgreementFile, Restoration
from contracts.calendars import Calendar
from contracts.moments import micros, moment, rfc3339
from contracts.pinning import pinned
from contracts.recorded import Recorded
from engine.absences import gather
from engine.intake import Engine
from engine.reading import Reader
from engine.service import Service
from engine.showing import show
from engine.store.mapper import from_row
from engine.store.transactions import reading
from engine.taken import Outcome
from tests.integration.stores import file_of

from .folds import Concluded, anew, differing, from_nothing, recorded
from .histories import History, batches
from .histories_writer import SERVICE
from .reading import EVER, Order, Terms, World
from .reading_applied import told
from .reading_credits import credits_

CLOCKS = True
"""Whether clocks, credits, what was deemed upheld, broken promises and absences are compared too."""
_TABLES = ("stored_events", "facts", "held", "dead", "timers", "work", "owned", "intake", "staged")
Dead = list[tuple[tuple[str, str], str | None]]


class Bench:
    """One engine for many histories, emptied between them."""

    def __init__(self, folder: Path, *, cached: int = 10_000) -> None:
        self.now = 0
        self.url = f"sqlite:///{folder}/histories.db"
        self.engine = Engine(self.url, cached=cached, clock=lambda: self.now)
        file_of(self.engine).execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        self.engine.close()

    def empty(self) -> None:
        connection = file_of(self.engine)
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute("UPDATE clock SET recorded_at = -1000000000000000000, mode = 'wall'")
        self.engine._forget()

    def begin(self, agreements: dict[str, Terms]) -> None:
        """An empty store, with these agreements."""
        self.empty()
        self.engine.publish(
            AgreementFile(
                effective=EVER,
                agreements=tuple(agreement(name, terms) for name, terms in sorted(agreements.items())),
            )
        )

    def take(self, facts: Iterable[dict[str, Any]], now: datetime, *, mode: str = "wall") -> Dead:
        """Takes facts as one batch; those that went to the dead letters, with why."""
        self.now = micros(now)
        facts = list(facts)
        taken = self.engine.take([json.dumps(fact).encode() for fact in facts], mode=mode)
        told = [((fact["source"], fact["id"]), result) for fact, result in zip(facts, taken.results, strict=True)]
        return [(ref, r.reason) for ref, r in [*told, *taken.released] if r.outcome is Outcome.DEAD]

    def order(self, order: Order) -> None:
        """Publishes versions and applies them."""
        self.now = micros(order.now)
        if order.published:
            named = tuple(agreement(name, terms) for name, terms in sorted(order.published.items()))
            self.engine.publish(AgreementFile(effective=order.effective, agreements=named))
        for _ in self.engine.apply(order.complaints):
            pass

    def run(
        self,
        history: History,
        *,
        batched: bool = False,
        watched: bool = False,
        after: Callable[[], None] | None = None,
    ) -> Dead:
        """Loads a history as it arrived, `batched` in one transaction what arrived at one moment.

        Looks `after` each transaction. `watched`: what is due is done before anything arrives.
        """
        self.begin(history.agreements)
        dead: Dead = []
        for now, batch in batches(history, batched=batched):
            if watched:
                self.now = micros(now)
                self.engine.settle()
            if isinstance(batch, Order):
                self.order(batch)
            else:
                dead += self.take(batch, now)
            if after is not None:
                after()
        self.now = micros(history.end)
        self.engine.settle()
        return dead

    def show(self, name: str) -> dict[str, Any] | None:
        """A complaint as it is now."""
        with self.states() as engine:
            complaint = engine.complaint(name)
            if complaint is None:
                return None
            absent = gather(complaint.people, lambda person: engine.person(person).absences())
            service = engine.service(complaint.service)
            return show(complaint, service, engine, absent, at=self.now, known_at=self.now)

    def service(self, name: str = SERVICE) -> Service:
        """The engine's own state of a service: not to be changed."""
        with self.states() as engine:
            return engine.service(name)

    def concluded(self, name: str = SERVICE) -> Concluded:
        """Its outages and claims as recorded."""
        return recorded(self.service(name))

    def events(self) -> list[Recorded]:
        """Everything recorded, in order of position."""
        with reading(self.engine._store) as unit:
            rows = unit.rows(
                "SELECT originator_id, originator_version, topic, state FROM stored_events ORDER BY notification_id"
            )
        return [from_row(*row) for row in rows]

    @contextmanager
    def states(self) -> Iterator[Engine]:
        with reading(self.engine._store) as unit:
            self.engine._unit = unit
            self.engine._begin_batch()
            yield self.engine


def agreement(name: str, terms: Terms) -> Agreement:
    accepts: Any = tuple(sorted(terms.accepts))
    return Agreement(
        name=name,
        restoration=Restoration(accepts=accepts, silence=terms.silence),
        zone=terms.zone,
        credit=terms.credit,
        clocks=terms.all_clocks,
        calendars=tuple(map(with_days, terms.calendars)),
    )


@cache
def with_days(calendar: Calendar) -> Calendar:
    """As read from a file: a country's holidays are written down in it."""
    days = calendar.holidays
    if days.country is None:
        return calendar
    return replace(calendar, holidays=replace(days, pinned=pinned(days.country, days.subdivision)))


def plain(value: Any) -> Any:
    """Moments as RFC 3339, tuples as lists: what two readings can be compared by."""
    if isinstance(value, datetime):
        return rfc3339(micros(value))
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def differences(want: Any, got: Any, at: str = "$") -> Iterator[str]:
    if isinstance(want, dict) and isinstance(got, dict):
        for key in want:
            yield from differences(want[key], got.get(key, "missing"), f"{at}.{key}")
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for i, (a, b) in enumerate(zip(want, got, strict=True)):
            yield from differences(a, b, f"{at}[{i}]")
    elif want != got:
        yield f"{at}: the second reading says {want!r}, the engine {got!r}"


def compare(bench: Bench, history: History, *, batched: bool = False) -> list[str]:
    """Where the engine and the second reading differ; empty if nowhere."""
    return against(bench, history.world(), bench.run(history, batched=batched))


def against(bench: Bench, world: World, dead: Dead) -> list[str]:
    """Where what the engine holds now and the second reading differ."""
    found = []
    if sorted(str(ref) for ref, _ in dead) != sorted(str((f["source"], f["id"])) for f, _ in world.dead):
        found.append(
            f"dead letters: the second reading says {[(f['id'], why) for f, why in world.dead]}, the engine {dead}"
        )
    for name in sorted(world.events):
        found += differences(plain(wanted(world, name)), bench.show(name), name)
    for name in (SERVICE, "line-2"):
        found += differences(read(world, name), concluded(bench, name), name)
    return found


def earlier(bench: Bench, world: World, at: datetime) -> list[str]:
    """Where clocks and credits as they were at a moment, by all that is known now, differ."""
    found: list[str] = []
    reader = Reader(bench.url)
    try:
        for name in sorted(c for c in world.events if world.filing(c).time <= at):
            got = reader.show(name, at=micros(at), known_at=bench.now)
            version = world.had(name, at)[-1].version.number
            want = told(world, name, at) | {"credits": credits_(world, name, at), "agreement_version": version}
            found += differences(want, got, f"{name} at {at.isoformat()}")
    finally:
        reader.close()
    return found


def wanted(world: World, name: str) -> dict[str, Any]:
    """What the second reading shows, as far as it is compared."""
    shown = world.complaint(name)
    if not CLOCKS:
        for key in ("clocks", "credits", "deemed_upheld_at"):
            del shown[key]
        del shown["owner"]["orphaned"]
        shown["promises"] = [row | {"state": "open"} if row["state"] == "broken" else row for row in shown["promises"]]
    return shown


def read(world: World, service: str) -> dict[str, Any]:
    """A service's outages and claims by the second reading, whether a complaint lived through them or not."""
    claims = [(c.time, c.moment, c.evidence, c.by, c.state, c.settled) for c in world.account(service).claims]
    return {"outages": plain(world.outages(service)), "claims": plain(claims)}


def concluded(bench: Bench, service: str) -> dict[str, Any]:
    """The same as the engine has recorded it."""
    state = bench.service(service)
    claims = [(c.place[0], c.since, c.evidence, c.by, c.state, c.settled_at) for c in sorted(state.claims.values())]
    outages = [(o.start, o.end, o.ended_by, o.restated) for o in state.outages]
    return {"outages": plain(moments(outages)), "claims": plain(moments(claims))}


def moments(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Microseconds as datetimes."""
    return [tuple(moment(v) if type(v) is int else v for v in row) for row in rows]


def unfolded(bench: Bench, name: str = SERVICE) -> list[str]:
    """Where what is recorded of a service differs from a fold of its log from nothing, plain or by a new log."""
    service = bench.service(name)
    found = [f"plain: {row}" for row in differing(recorded(service), from_nothing(service, bench.now))]
    return found + [f"anew: {row}" for row in differing(recorded(service), anew(service, bench.now))]
