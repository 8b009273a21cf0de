"""Moving complaints that run to the newest version of their own agreement (domain.md §6).

A new version never moves a running deadline by itself. It is asked for, complaint by complaint; done twice, it does
nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from engine.complaint import OPEN
from engine.corrections import Ref
from engine.decide import Step
from engine.publishing import SOURCE
from engine.timers import Timers

PORTION = 200
"""Complaints that one transaction moves at most; facts wait for it."""


class Moved(NamedTuple):
    """A complaint that has other terms now."""

    complaint: str
    agreement: str
    before: int
    after: int


class Ended(NamedTuple):
    """A complaint that is refused, since it has ended."""

    complaint: str
    status: str


class Moves(NamedTuple):
    """What became of complaints that were to have the newest version of their own agreement.

    `newest` had it already, `unknown` were never filed.
    """

    moved: list[Moved]
    newest: list[str]
    ended: list[Ended]
    unknown: list[str]


def portions(complaints: Iterable[str]) -> Iterator[Sequence[str]]:
    """Complaints, each once, in the order given: as many as one transaction moves."""
    names = list(dict.fromkeys(complaints))
    for first in range(0, len(names), PORTION):
        yield names[first : first + PORTION]


def cause(agreement: str, version: int, complaint: str) -> Ref:
    """What is behind it: no fact, but what somebody asked of the engine. A complaint gets a version once."""
    return SOURCE, f"{agreement}/{version}/{complaint}"


class Applying(Timers):
    """Applying versions, within the transaction of a batch."""

    def _move(self, complaints: Sequence[str]) -> Moves:
        """Gives each the newest version of its own agreement, from now on."""
        self._read(self._unit, [f"complaint:{name}" for name in complaints])
        found = {name: self.complaint(name) for name in complaints}
        self._read(self._unit, {f"service:{c.service}" for c in found.values() if c is not None and c.status == OPEN})
        moves = Moves([], [], [], [])
        new = []
        for name, complaint in found.items():
            if complaint is None:
                moves.unknown.append(name)
            elif complaint.status != OPEN:
                moves.ended.append(Ended(name, complaint.status))
            else:
                newest = self._terms.latest(complaint.agreement)
                before = complaint.agreement_version
                if newest is None or newest.number <= before:
                    moves.newest.append(name)
                    continue
                new.append((complaint, newest.number, cause(complaint.agreement, newest.number, name)))
                moves.moved.append(Moved(name, complaint.agreement, before, newest.number))
        step = Step(self, self._now, self._now)
        step.apply(new)
        self._keep(step)
        return moves
