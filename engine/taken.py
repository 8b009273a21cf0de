"""What became of facts, and of the batch in which they were taken in; and what such a batch writes."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from engine.corrections import Ref
from engine.store.unit import Clock, EventRow, Unit


class Outcome(Enum):
    """What became of a fact."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    HELD = "held"
    DEAD = "dead"


class Result(Struct, frozen=True, gc=False):
    """What became of a fact, and if it is dead or held, why."""

    outcome: Outcome
    reason: str | None = None
    ref: Ref | None = None


class Taken(NamedTuple):
    """What became of a batch: its members' results in order, held facts that were released, decisions recorded.

    `more`: something is due that has not been done yet.
    """

    results: list[Result]
    released: list[tuple[Ref, Result]]
    decisions: int
    events: int
    more: bool = False

    def and_then(self, other: Taken) -> Taken:
        """This, and what came after it."""
        return Taken(
            self.results + other.results,
            self.released + other.released,
            self.decisions + other.decisions,
            self.events + other.events,
            other.more,
        )


class Saving(NamedTuple):
    """All that a batch writes once it is decided on, and what became of it."""

    events: list[EventRow]
    identities: list[tuple[str, str, bytes, str]]
    """Source, id, hash and stream of facts."""
    timers: dict[str, int | None]
    owned: list[tuple[str, str]]
    exhumed: list[bytes]
    """Facts that may have been dead letters before."""
    clock: Clock | None
    """None: as it was."""
    taken: Taken

    def write(self, unit: Unit) -> None:
        """Writes it, in the transaction of the batch. Nothing of the engine's is touched: any thread may do it."""
        if self.timers:
            unit.set_timers(self.timers)
        if self.owned:
            unit.own(self.owned)
        if self.exhumed:
            unit.exhume(self.exhumed)
        if self.events:
            unit.append(self.events)
        if self.identities:
            unit.identify(self.identities)
        if self.clock is not None:
            unit.set_clock(self.clock)
