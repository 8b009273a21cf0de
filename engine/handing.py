"""Handing on and waiting: owners, waits, and whose every second was (domain.md §7).

Everything here follows the facts' `time`: the functions take a complaint's facts in their order.
Moments are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contracts.envelope import Fact, Key
from contracts.facts import (
    ComplaintAssigned,
    ComplaintContacted,
    ComplaintDiagnosed,
    ComplaintFiled,
    ComplaintWaitEnded,
    ComplaintWaitStarted,
)
from contracts.moments import SECOND, micros, moment
from contracts.rows import CountsRow, OwnerRow, WaitRow
from engine.absences import Absences, Held, Interval, stood_in


class Shares(NamedTuple):
    """Whole seconds by owner and by cause; each adds up to the whole."""

    by_owner: dict[str, int]
    by_cause: dict[str, int]


def assigned(facts: Iterable[Fact]) -> list[tuple[int, str | None, str | None]]:
    """To which team and person it was given, from when on, by the facts."""
    rows: list[tuple[int, str | None, str | None]] = []
    team: str | None = None
    person: str | None = None
    told = list(facts)
    for fact in sorted(told, key=lambda fact: not isinstance(fact.data, ComplaintFiled)):  # it begins with the filing
        data = fact.data
        if isinstance(data, ComplaintFiled):
            team, person = data.team, None
        elif isinstance(data, ComplaintAssigned):
            team, person = (team if data.team is None else data.team), data.to
        else:
            continue
        rows.append((fact.us, team, person))
    return rows


def owners(
    facts: Iterable[Fact], absent: Absences | None = None, open_: Sequence[Interval] = (), now: int = 0
) -> list[OwnerRow]:
    """Who had the complaint, from when on. Where its owner is absent while it is open, it goes to the deputy."""
    given: list[Held] = [(*row, None) for row in assigned(facts)]
    if absent:
        given = stood_in([row[:3] for row in given], absent, open_, now)
    rows: list[OwnerRow] = []
    team: str | None = None
    person: str | None = None
    had: set[str] = set()
    for time, to_team, to_person, deputy_of in given:
        if rows and (to_team, to_person) == (team, person):
            continue
        moved = team is not None and to_team != team
        swapped = to_team == team and person is not None and to_person is not None and to_person != person
        rows.append(
            OwnerRow(
                time=moment(time),
                team=to_team,
                person=to_person,
                handover=moved or swapped,
                bounce=moved and to_team in had,
                deputy_of=deputy_of,
            )
        )
        team, person = to_team, to_person
        if team is not None:
            had.add(team)
    return rows


def counts(facts: Sequence[Fact], owned: Iterable[OwnerRow]) -> CountsRow:
    """Hand-overs, bounces, contacts that the customer had to make, visits that told what the customer had said."""
    rows = list(owned)
    fault = next((f.data.reported_fault for f in facts if isinstance(f.data, ComplaintFiled)), None)
    return CountsRow(
        handovers=sum(row.handover for row in rows),
        bounces=sum(row.bounce for row in rows),
        contacts=sum(isinstance(f.data, ComplaintContacted) and f.data.direction == "inbound" for f in facts),
        repeat_diagnoses=sum(
            isinstance(f.data, ComplaintDiagnosed) and bool(f.data.on_site) and f.data.fault == fault for f in facts
        ),
    )


def waits(facts: Iterable[Fact], ends: Iterable[Key]) -> list[WaitRow]:
    """Waits, one at a time: a new one ends the one before, as does an end of the complaint (in `ends`)."""
    marks: list[tuple[Key, Fact | None]] = [
        (fact.key, fact) for fact in facts if isinstance(fact.data, ComplaintWaitStarted | ComplaintWaitEnded)
    ]
    marks += [(key, None) for key in ends]
    rows: list[WaitRow] = []
    is_open = False
    for key, fact in sorted(marks, key=lambda mark: mark[0]):
        if is_open:
            last = rows.pop()
            rows.append(
                WaitRow(
                    started_at=last.started_at,
                    ended_at=moment(key[0]),
                    on=last.on,
                    reason=last.reason,
                    notice=last.notice,
                )
            )
            is_open = False
        if fact is not None and isinstance(fact.data, ComplaintWaitStarted):
            data = fact.data
            rows.append(WaitRow(started_at=fact.time, on=data.on, reason=data.reason, notice=data.notice))
            is_open = True
    return rows


def owner_name(row: OwnerRow | None) -> str:
    """`team/person`, `team`, or `-`."""
    if row is None or (row.team is None and row.person is None):
        return "-"
    if row.person is None:
        return str(row.team)
    return f"{'-' if row.team is None else row.team}/{row.person}"


def shares(
    start: int,
    until: int,
    *,
    owned: Sequence[OwnerRow],
    waited: Sequence[WaitRow],
    closed: Iterable[Interval],
    unconfirmed: Iterable[Interval],
) -> Shares:
    """Whose every second from `start` to `until` was, and why it passed: closed, unconfirmed, waiting, working."""
    marks: list[tuple[int, int, str]] = []
    for n, intervals in enumerate((closed, unconfirmed)):
        for a, b in intervals:
            marks += [(max(a, start), n, "+"), (until if b is None else max(b, start), n, "-")]
    for row in waited:
        end = until if row.ended_at is None else micros(row.ended_at)
        marks += [(max(micros(row.started_at), start), 2, row.on), (max(end, start), 2, "")]
    owner = "-"
    for row_ in owned:
        time = micros(row_.time)
        if time <= start:
            owner = owner_name(row_)
        else:
            marks.append((time, 3, owner_name(row_)))
    by_owner: dict[str, int] = {}
    by_cause: dict[str, int] = {}
    depth = [0, 0]
    waiting = ""
    last = 0
    # Stable: at one moment a wait's end, which was added before the next one's start, comes first.
    for time, kind, value in [*sorted((m for m in marks if m[0] < until), key=lambda m: m[0]), (until, 9, "")]:
        now = (time - start) // SECOND
        if now > last:
            cause = (
                "closed" if depth[0] else "unconfirmed" if depth[1] else f"waiting:{waiting}" if waiting else "working"
            )
            by_owner[owner] = by_owner.get(owner, 0) + now - last
            by_cause[cause] = by_cause.get(cause, 0) + now - last
            last = now
        if kind in {0, 1}:
            depth[kind] += 1 if value == "+" else -1
        elif kind == 2:  # noqa: PLR2004 - the number of the kind of mark, see above
            waiting = value
        else:
            owner = value
    return Shares(by_owner, by_cause)
