"""The row of a complaint: status, owner and counts, from what its facts and decisions say.

A fact that is not late speaks for itself; after a late or corrected one `complaint.restated` has the rows that changed,
whole (kernel §1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from contracts.decisions import (
    AgreementApplied,
    ClosureRefused,
    ComplaintClosed,
    ComplaintReassigned,
    ComplaintReopened,
    ComplaintRestated,
    ComplaintWithdrawnRecorded,
)
from contracts.facts import ComplaintAssigned, ComplaintContacted, ComplaintDiagnosed, ComplaintFiled
from contracts.moments import micros
from contracts.recorded import Recorded
from projections.rows.versions import Values
from projections.store.rows import COMPLAINTS

Owner = list[Any]
"""From when on which team and person have it, and whom the person stands in for."""
_AT: Final = {name: n for n, name in enumerate(COMPLAINTS.columns)}
_encode = msgspec.json.Encoder().encode
_owners = msgspec.json.Decoder(list[Owner]).decode


def filed(event: Recorded, data: ComplaintFiled) -> Values:
    """The row of a complaint that is filed."""
    name = event.stream.partition(":")[2]
    return (
        name,
        data.service if data.service is not None else f"complaint:{name}",
        data.customer,
        data.agreement or "standard",
        None,
        None,
        "open",
        event.time,
        None,
        None,
        data.team,
        None,
        *(0,) * 7,
        data.reported_fault,
        _text([[event.time, data.team, None, None]]),
    )


def changed(row: Values, event: Recorded) -> Values:
    """The row after an event."""
    handler = HANDLERS.get(event.type)
    if handler is None:
        return row
    new = handler(row, event)
    if not new:
        return row
    values = list(row)
    for name, value in new.items():
        values[_AT[name]] = value
    return tuple(values)


Changes = dict[str, Any]
Handler = Callable[[Values, Recorded], Changes]


def _applied(_: Values, event: Recorded) -> Changes:
    data = event.data
    if not isinstance(data, AgreementApplied):
        raise TypeError(event.type)
    return {"agreement": data.agreement, "agreement_version": data.version, "zone": data.zone}


def _assigned(row: Values, event: Recorded) -> Changes:
    data = event.data
    if event.late or not isinstance(data, ComplaintAssigned):
        return {}
    owners = _owners(row[_AT["owners"]])
    # Deputies come and go beside what was assigned: the team is that of the assignment before, which they keep.
    team = owners[-1][1] if data.team is None else data.team
    return _owned([*owners, [event.time, team, data.to, None]])


def _reassigned(row: Values, event: Recorded) -> Changes:
    data = event.data
    if not isinstance(data, ComplaintReassigned):
        raise TypeError(event.type)
    owners = _owners(row[_AT["owners"]])
    behind = sum(owner[0] <= event.time for owner in owners)
    owners.insert(behind, [event.time, data.team, data.deputy, data.person])
    return _owned(owners)


def _owned(owners: Sequence[Owner]) -> Changes:
    """Owners, and the hand-overs and bounces among them (domain.md §7)."""
    kept: list[Owner] = []
    handovers = bounces = 0
    team: str | None = None
    person: str | None = None
    had: set[str] = set()
    for owner in owners:
        _, to_team, to_person, _ = owner
        if kept and (to_team, to_person) == (team, person):
            continue
        moved = team is not None and to_team != team
        swapped = to_team == team and person is not None and to_person is not None and to_person != person
        handovers += moved or swapped
        bounces += moved and to_team in had
        kept.append(owner)
        team, person = to_team, to_person
        if team is not None:
            had.add(team)
    return {"owners": _text(kept), "team": team, "person": person, "handovers": handovers, "bounces": bounces}


def _contacted(row: Values, event: Recorded) -> Changes:
    data = event.data
    if event.late or not isinstance(data, ComplaintContacted) or data.direction != "inbound":
        return {}
    return {"contacts": row[_AT["contacts"]] + 1}


def _diagnosed(row: Values, event: Recorded) -> Changes:
    data = event.data
    if event.late or not isinstance(data, ComplaintDiagnosed) or not data.on_site:
        return {}
    again = data.fault == row[_AT["reported_fault"]]
    return {"repeat_diagnoses": row[_AT["repeat_diagnoses"]] + 1} if again else {}


def _closed(_: Values, event: Recorded) -> Changes:
    return {"status": "closed", "closed_at": event.time}


def _withdrawn(_: Values, event: Recorded) -> Changes:
    return {"status": "withdrawn", "closed_at": None, "withdrawn_at": event.time}


def _refused(row: Values, _: Recorded) -> Changes:
    return {"refusals": row[_AT["refusals"]] + 1}


def _reopened(row: Values, event: Recorded) -> Changes:
    data = event.data
    false = isinstance(data, ComplaintReopened) and data.because == "false_closing"
    return {
        "status": "open",
        "closed_at": None,
        "reopenings": row[_AT["reopenings"]] + 1,
        "false_closings": row[_AT["false_closings"]] + false,
    }


def _restated(_: Values, event: Recorded) -> Changes:
    data = event.data
    if not isinstance(data, ComplaintRestated):
        raise TypeError(event.type)
    new: Changes = {}
    if data.owners is not None:
        new |= _owned([[micros(o.time), o.team, o.person, o.deputy_of] for o in data.owners])
    if data.counts is not None:
        new["contacts"], new["repeat_diagnoses"] = data.counts.contacts, data.counts.repeat_diagnoses
    if data.closings is not None:
        new["false_closings"] = sum(closing.false for closing in data.closings)
    return new


def _text(owners: Sequence[Owner]) -> str:
    return _encode(owners).decode()


HANDLERS: Final[dict[str, Handler]] = {
    AgreementApplied.TYPE: _applied,
    ComplaintAssigned.TYPE: _assigned,
    ComplaintReassigned.TYPE: _reassigned,
    ComplaintContacted.TYPE: _contacted,
    ComplaintDiagnosed.TYPE: _diagnosed,
    ComplaintClosed.TYPE: _closed,
    ComplaintWithdrawnRecorded.TYPE: _withdrawn,
    ClosureRefused.TYPE: _refused,
    ComplaintReopened.TYPE: _reopened,
    ComplaintRestated.TYPE: _restated,
}
