"""Clocks in stories: agreements as TOML, several versions of them, moments as people write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contracts.agreements import Agreement, parse
from contracts.decisions import Outages
from contracts.envelope import Fact
from contracts.moments import micros
from engine.behind import Causes
from engine.complaint import Complaint
from engine.corrections import Ref, effective
from engine.decide import Step
from engine.explaining import Asked, explain
from engine.following import applied
from engine.recording import InForce

from .given import Memory, Story, minute, us

OFFICE = """
effective = 2020-01-01
[calendar.office]
zone = "Europe/Warsaw"
hours = { mon = ["08:00-16:00"], tue = ["08:00-16:00"], wed = ["08:00-16:00"], thu = ["08:00-16:00"], \
fri = ["08:00-16:00"] }
holidays = { country = "PL" }
[agreement.standard]
zone = "Europe/Warsaw"
"""


def clock(  # noqa: PLR0917 - in the order in which an agreement writes them
    name: str, target: str, starts: str, stops: str, calendar: str = "office", more: str = ""
) -> str:
    """A clock as an agreement writes it."""
    return (
        f'[[agreement.standard.clock]]\nname = "{name}"\ntarget = "{target}"\ncalendar = "{calendar}"\n'
        f'starts = "{starts}"\nstops = "{stops}"\n{more}\n'
    )


def standard(*clocks: str) -> Agreement:
    """The agreement `standard` with these clocks."""
    (agreement,) = parse(OFFICE + "".join(clocks)).agreements
    return agreement


def at(text: str) -> float:
    """A moment as people write it, in the minutes of stories; without an offset it is Warsaw's in winter."""
    moment = datetime.fromisoformat(text if text[-6:-5] in "+-" and ":" in text[-6:] else f"{text}+01:00")
    found = minute(moment)
    assert found is not None
    return found


class Versions(Memory):
    """States in memory, and versions of one agreement: a complaint is filed under the first."""

    def __init__(self, *versions: Agreement) -> None:
        super().__init__({})
        self.versions = versions

    def in_force(self, agreement: str | None, time: int) -> InForce | None:
        return InForce(self.versions[0], 1)

    def terms(self, agreement: str, version: int) -> Agreement:
        return self.versions[version - 1]


class Lasting(Story):
    """A story with several versions of its agreement, and clocks that explain themselves."""

    def __init__(self, *versions: Agreement) -> None:
        super().__init__({})
        self.memory = Versions(*versions)
        self.now = us(at("2024-01-01T00:00"))

    def complaint(self, name: str = "C") -> Complaint:
        found = self.memory.complaint(name)
        assert found is not None
        return found

    def renew(self, version: int, complaint: str = "C") -> Lasting:
        """The complaint gets another version, now."""
        self.fresh = []
        step = Step(self.memory, self.now, self.now)
        cause = ("/stilldown/agreements", f"standard/{version}/{complaint}")
        step.apply([(self.complaint(complaint), version, cause)])
        self._record(step)
        return self

    def explain(self, clock: str, complaint: str = "C", *, time: str | None = None) -> dict[str, Any]:
        found = self.complaint(complaint)
        when = self.now if time is None else micros(datetime.fromisoformat(time))
        causes = Causes()
        for event in self.events:
            if event.stream == f"service:{found.service}" and isinstance(event.data, Outages):
                causes.tell(event.data, (event.source, event.id))
        outages = self.memory.service(found.service).outages
        terms = applied(found, self.memory, when)
        told = explain(Asked(found, outages, terms, when, self.now, causes, self._fact), clock)
        assert told is not None
        return told

    def cycle(self, clock: str, complaint: str = "C", *, time: str | None = None) -> dict[str, Any]:
        """The last cycle of a clock, explained."""
        cycle: dict[str, Any] = self.explain(clock, complaint, time=time)["cycles"][-1]
        return cycle

    def _fact(self, ref: Ref) -> Fact | None:
        for state in self.memory.states.values():
            if ref in state.facts:
                return effective(state.facts[ref], state.corrections)
        return None


def lasting(*clocks: str) -> Lasting:
    """Nothing has happened yet, under an agreement with these clocks."""
    return Lasting(standard(*clocks))
