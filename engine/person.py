"""A person: absences, as they were told (domain.md §7)."""

from __future__ import annotations

from contracts.decisions import DecisionData
from contracts.envelope import Fact
from contracts.facts import FactCorrected
from engine.corrections import Ref


class Person:
    """The state of a person stream."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stream = f"person:{name}"
        self.version = 0
        self.facts: dict[Ref, Fact] = {}
        self.corrections: dict[Ref, list[Fact]] = {}

    def record_fact(self, fact: Fact) -> None:
        """A fact of this stream."""
        self.facts[fact.ref] = fact
        if isinstance(fact.data, FactCorrected):
            self.corrections.setdefault((fact.data.fact.source, fact.data.fact.id), []).append(fact)

    def record(self, data: DecisionData, time: int, cause: Ref) -> None:
        """A decision of this stream: none changes what is known of absences."""
