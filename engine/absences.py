"""Absences: who stands in for whom, and who has nobody to stand in (domain.md §7).

An absence counts from its beginning, or from when it was told, whichever is later, to its end. Of several at one
moment the last word counts. Moments are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from contracts.envelope import Fact
from contracts.facts import PersonAbsent
from contracts.moments import micros

Interval = tuple[int, int | None]
"""From a moment until another, or for good."""
Held = tuple[int, str | None, str | None, str | None]
"""From when on a team and a person have the complaint, and whom the person stands in for."""


class Absence(NamedTuple):
    """Absent from `start` to `end`; `deputy` takes over, if there is one."""

    start: int
    end: int
    deputy: str | None


Absences = Mapping[str, Sequence[Absence]]
"""By person, in the order in which they were told."""


def absences(facts: Iterable[Fact], at: int | None = None) -> list[Absence]:
    """A person's absences told up to a moment; `facts` as corrected, in their order."""
    found = []
    for fact in facts:
        data = fact.data
        if isinstance(data, PersonAbsent) and (at is None or fact.us <= at):
            start, end = max(micros(data.from_), fact.us), micros(data.until)
            if start < end:
                found.append(Absence(start, end, data.deputy))
    return found


def absence_at(told: Sequence[Absence], time: int) -> Absence | None:
    """The absence that holds at a moment."""
    return next((a for a in reversed(told) if a.start <= time < a.end), None)


def gather(people: Iterable[str], lookup: Callable[[str], Sequence[Absence]]) -> dict[str, Sequence[Absence]]:
    """The absences of all who were given a complaint, and of those who stand in for them."""
    found: dict[str, Sequence[Absence]] = {}
    asked = [*people]
    while asked:
        name = asked.pop()
        if name not in found:
            found[name] = lookup(name)
            asked += [a.deputy for a in found[name] if a.deputy is not None]
    return {name: told for name, told in found.items() if told}


def orphaned(person: str | None, absent: Absences, at: int) -> bool:
    """Whether a person is absent at a moment, and nobody stands in."""
    absence = None if person is None else absence_at(absent.get(person, ()), at)
    return absence is not None


def stood_in(
    assigned: Sequence[tuple[int, str | None, str | None]], absent: Absences, open_: Sequence[Interval], now: int
) -> list[Held]:
    """Who has the complaint: what was `assigned` (time, team, person), and deputies where the person is absent.

    Each with whom the deputy stands in for. `open_` is when the complaint was not ended.
    """
    cuts = {moment for told in absent.values() for a in told for moment in (a.start, a.end)} | {a for a, _ in open_}
    found: list[Held] = []
    for n, (time, team, person) in enumerate(assigned):
        until = assigned[n + 1][0] if n + 1 < len(assigned) else None
        found.append((time, team, person, None))
        holder = person
        for moment in sorted(m for m in {time, *cuts} if time <= m <= now and (until is None or m < until)):
            if any(a <= moment and (b is None or moment < b) for a, b in open_):
                for deputy in _deputies(holder, absent, moment):
                    found.append((moment, team, deputy, holder))
                    holder = deputy
    return found


def _deputies(person: str | None, absent: Absences, moment: int) -> list[str]:
    """To whom it goes from a person, one after the other; to nobody where they stand in for one another in a circle."""
    found: list[str] = []
    while person is not None and (absence := absence_at(absent.get(person, ()), moment)) is not None:
        if absence.deputy is None:
            break
        if absence.deputy in found or absence.deputy == person:
            return []
        found.append(absence.deputy)
        person = absence.deputy
    return found
