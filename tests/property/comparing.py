"""Runs a history through the engine and through the second reading, and says where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.agreements import Agreement, AgreementFile, Clock, Restoration
from contracts.moments import micros, rfc3339
from engine.intake import Engine, Outcome
from engine.showing import show
from tests.property.histories import History

_TABLES = ("stored_events", "facts", "held", "dead", "timers", "intake", "staged")


class Bench:
    """One engine for many histories, emptied between them."""

    def __init__(self, folder: Path) -> None:
        self.now = 0
        self.engine = Engine(f"sqlite:///{folder}/histories.db", clock=lambda: self.now)
        self.engine._connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        self.engine.close()

    def empty(self) -> None:
        connection = self.engine._connection
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute("UPDATE clock SET recorded_at = -1000000000000000000, mode = 'wall'")
        self.engine._forget()

    def run(self, history: History) -> list[tuple[tuple[str, str], str]]:
        """Loads a history as it arrived; the facts that went to the dead letters, with why."""
        self.empty()
        self.engine.publish(
            AgreementFile(
                effective=datetime(2000, 1, 1).date(),
                agreements=tuple(agreement(name, terms) for name, terms in sorted(history.agreements.items())),
            )
        )
        dead = []
        for fact, now in history.arrivals:
            self.now = micros(now)
            taken = self.engine.take([json.dumps(fact).encode()])
            for ref, result in [((fact["source"], fact["id"]), result) for result in taken.results] + taken.released:
                if result.outcome is Outcome.DEAD:
                    dead.append((ref, result.reason))
        self.now = micros(history.end)
        self.engine.tick()
        return dead

    def show(self, name: str) -> dict[str, Any] | None:
        """A complaint as it is now."""
        with self.states() as engine:
            complaint = engine.complaint(name)
            if complaint is None:
                return None
            return show(complaint, engine.service(complaint.service), at=self.now, known_at=self.now)

    @contextmanager
    def states(self) -> Iterator[Engine]:
        from engine.store.unit import reading

        with reading(self.engine._connection) as unit:
            self.engine._unit = unit
            yield self.engine


def agreement(name: str, terms: Any) -> Agreement:
    clock = Clock(name="reply", target="P14D", calendar="always", starts="filed", stops="replied", reopen="continue")
    return Agreement(
        name=name,
        restoration=Restoration(accepts=tuple(sorted(terms.accepts)), silence=terms.silence),
        clocks=(clock,) if terms.reply else (),
    )


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


def compare(bench: Bench, history: History) -> list[str]:
    """Where the engine and the second reading differ; empty if nowhere."""
    dead = bench.run(history)
    world = history.world()
    found = []
    if sorted(str(ref) for ref, _ in dead) != sorted(str((f["source"], f["id"])) for f, _ in world.dead):
        found.append(
            f"dead letters: the second reading says {[(f['id'], why) for f, why in world.dead]}, the engine {dead}"
        )
    for name in sorted(world.events):
        found += differences(plain(world.complaint(name)), bench.show(name), name)
    return found
