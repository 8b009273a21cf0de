"""A person: absences, as they were told (domain.md §7)."""

from __future__ import annotations

from msgspec import Struct

from contracts.decisions import DecisionData
from contracts.envelope import Fact
from contracts.facts import FactCorrected
from engine.absences import Absence, absences
from engine.corrections import Ref, effective


class Person(Struct, eq=False, gc=False):
    """The state of a person stream. Moments are microseconds."""

    name: str
    stream: str = ""
    version: int = 0
    facts: dict[Ref, Fact] = {}
    corrections: dict[Ref, list[Fact]] = {}
    cause: Ref = ("stilldown", "absence")
    """The fact that spoke of this person last."""
    armed: int | None = None
    """When its timer is due, as the store has it: an absence begins then, or ends."""
    recorded_at: int = 0
    _told: list[Fact] | None = []

    weighed: int = 0
    """What it weighed last (engine.cache)."""

    def __post_init__(self) -> None:
        self.stream = f"person:{self.name}"

    def absences(self, at: int | None = None) -> list[Absence]:
        """What was told of absences up to a moment, as corrected."""
        if self._told is None:
            told = (effective(f, self.corrections) for f in self.facts.values())
            self._told = sorted((f for f in told if f is not None), key=lambda fact: fact.key)
        return absences(self._told, at) if self._told else []

    def turns(self, now: int) -> int | None:
        """When the next absence begins or ends after `now`."""
        return min((at for a in self.absences() for at in (a.start, a.end) if at > now), default=None)

    # evolving

    def record_fact(self, fact: Fact) -> None:
        """A fact of this stream."""
        self.facts[fact.ref] = fact
        self.cause = fact.ref
        self._told = None
        if isinstance(fact.data, FactCorrected):
            told = self.corrections.setdefault((fact.data.fact.source, fact.data.fact.id), [])
            told.append(fact)
            told.sort(key=lambda fact: fact.key)

    def record(self, data: DecisionData, time: int, cause: Ref) -> None:
        """A decision of this stream: none changes what is known of absences."""
