"""A complaint as `show` gives it, at any moment, as known at any other (interfaces.md §3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from contracts.agreements import Credit
from contracts.facts import ComplaintFiled, ComplaintWaitStarted
from contracts.moments import micros, rfc3339
from engine import dealings
from engine.absences import Absences, orphaned
from engine.claims import Claim
from engine.clocks import as_of
from engine.complaint import CLOSED, OPEN, WITHDRAWN, Complaint
from engine.credits import owed
from engine.following import Versions, applied
from engine.handing import counts, owners, shares, waits
from engine.lives import Lived, closed, downtime, false_restorations, last_end, lived, turns
from engine.runs import Applied, as_concluded, cycle_of, pausing
from engine.service import Service
from engine.standing import standing
from engine.waiting import Wait


def show(
    complaint: Complaint, service: Service, versions: Versions, absent: Absences, *, at: int, known_at: int
) -> dict[str, Any] | None:
    """What was so at `at` by what `complaint` and `service` know (they were evolved up to `known_at`).

    `versions` are the agreements, `absent` the absences told by `at` of whom the complaint was given to.

    JSON values; moments are RFC 3339 in UTC, lengths whole seconds. None where it was not filed by then.
    """
    filing = complaint.filing
    if filing.us > at or not isinstance(filing.data, ComplaintFiled):
        return None
    facts = complaint.until(at)
    changes = turns(complaint, at)
    status = changes[-1].status if changes else OPEN
    ended = changes[-1].time if changes and status != OPEN else None
    owned = owners(facts, absent, complaint.open_(at), at)
    counted = counts(facts, owned)
    outages = lived(complaint, service, at)
    unconfirmed = [(c.place[0], c.settled_at) for c in service.claims.values() if c.place[0] <= at]
    last = last_end(complaint, at)
    split = shares(
        filing.us,
        at if last is None else last,
        owned=owned,
        waited=waits(facts, complaint.ends(at)),
        closed=closed(complaint, at),
        unconfirmed=unconfirmed,
    )
    owner = owned[-1] if owned else None
    terms = applied(complaint, versions, at)
    concluded = min(at, complaint.recorded_at)
    clocks, deemed = _clocks(complaint, service, terms, at, concluded)
    return {
        "complaint": complaint.name,
        "customer": filing.data.customer,
        "service": complaint.service,
        "agreement": complaint.agreement,
        "agreement_version": complaint.version_at(at),
        "status": status,
        "customer_state": service.state_at(at),
        "filed_at": rfc3339(filing.us),
        "closed_at": _moment(ended if status == CLOSED else None),
        "withdrawn_at": _moment(ended if status == WITHDRAWN else None),
        "owner": {
            "team": owner.team if owner else None,
            "person": owner.person if owner else None,
            "orphaned": owner is not None and status == OPEN and orphaned(owner.person, absent, at),
        },
        "handovers": counted.handovers,
        "bounces": counted.bounces,
        "contacts": counted.contacts,
        "repeat_diagnoses": counted.repeat_diagnoses,
        "reopenings": sum(turn.status == OPEN for turn in changes),
        "false_closings": _false_closings(complaint, at),
        "false_restorations": false_restorations(outages),
        "refusals": [
            {"time": rfc3339(r.time), "by": r.by, "objections": list(r.objections)}
            for r in sorted(complaint.refusals, key=lambda refusal: refusal.time)
            if r.time <= at
        ],
        "downtime": downtime(complaint, outages, at)._asdict(),
        "outages": [_outage(outage, n) for n, outage in enumerate(outages)],
        "clocks": clocks,
        "promises": [row(r) for r in dealings.promises(facts, concluded)],
        "visits": [row(r) for r in dealings.visits(facts)],
        "parts": [row(r) for r in dealings.parts(facts)],
        "remedies": [row(r) for r in dealings.remedies(facts)],
        "notices": [row(r) for r in dealings.notices(facts)],
        "time_by_cause": split.by_cause,
        "time_by_owner": split.by_owner,
        "credits": _credits(complaint, terms[-1].terms.credit, outages, at),
        "standing_request": _standing(complaint, service, terms, at),
        "decision": dealings.answer(facts),
        "deemed_upheld_at": deemed,
        "at": rfc3339(at),
        "known_at": rfc3339(known_at),
    }


def _clocks(
    complaint: Complaint, service: Service, terms: list[Applied], at: int, concluded: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Its clocks' cycles, and when it was taken as upheld.

    What fell due after the engine had last looked at it is not there yet: it shows when it has been recorded.
    """
    rows: list[dict[str, Any]] = []
    deemed: list[int] = []
    for found in as_of(complaint, service.outages, terms, at).found():
        cycle = as_concluded(cycle_of(found, complaint.agreement, at=at), concluded)
        if found.upholds and cycle.breached_at is not None:
            deemed.append(cycle.breached_at)
        rows.append(
            {
                "clock": cycle.clock,
                "cycle": cycle.number,
                "state": cycle.state,
                "target": cycle.target,
                "started_at": rfc3339(cycle.started_at),
                "due_at": _moment(cycle.due_at),
                "stopped_at": _moment(cycle.stopped_at),
                "elapsed": cycle.elapsed,
                "paused": cycle.paused,
                "warned_at": [rfc3339(moment) for moment in cycle.warned_at],
                "breached_at": _moment(cycle.breached_at),
                "paused_for": cycle.paused_for,
                "paused_since": _moment(cycle.paused_since),
                "paused_reason": _reason(pausing(found)),
                "agreement_version": cycle.version,
            }
        )
    return rows, _moment(min(deemed, default=None))


def _reason(wait: Wait | None) -> str | None:
    data = None if wait is None else wait.fact.data
    return data.reason if isinstance(data, ComplaintWaitStarted) else None


def _standing(complaint: Complaint, service: Service, terms: list[Applied], at: int) -> dict[str, Any] | None:
    """The request to close that stands, and until what."""
    found = standing(complaint, service, terms[-1].terms, at)
    if found is None:
        return None
    return {
        "time": rfc3339(found.fact.us),
        "by": found.data.by,
        "reason": found.data.reason,
        "objections": list(found.objections),
    }


def _credits(complaint: Complaint, credit: Credit | None, outages: list[Lived], at: int) -> list[dict[str, Any]]:
    """What is owed for each outage, where anything is."""
    if credit is None:
        return []
    last = complaint.steps(at)[-1]
    until = last.time if last.status == WITHDRAWN else None
    rows = []
    for outage in outages:
        end = outage.end if until is None or (outage.end is not None and outage.end < until) else until
        due = owed(credit, outage.start, end, at)
        if due.periods:
            rows.append(
                {
                    "outage": rfc3339(outage.start),
                    "amount": due.amount,
                    "currency": credit.currency,
                    "why": due.why,
                }
            )
    return rows


def _false_closings(complaint: Complaint, at: int) -> int:
    return sum(time <= at for time in complaint.false.values())


def _outage(outage: Lived, n: int) -> dict[str, Any]:
    return {
        "started_at": rfc3339(outage.start),
        "ended_at": _moment(outage.end),
        "reported_end": _moment(outage.reported_end),
        "ended_by": outage.ended_by,
        "restated": outage.restated,
        "recurrence": n > 0,
        "claims": [claim_shown(claim) for claim in outage.claims],
    }


def claim_shown(claim: Claim) -> dict[str, Any]:
    """A claim as JSON values."""
    return {
        "time": rfc3339(claim.place[0]),
        "since": rfc3339(claim.since),
        "evidence": claim.evidence,
        "by": claim.by,
        "state": claim.state,
    }


def row(struct: Struct) -> dict[str, Any]:
    """A row as JSON values, with every field."""
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    return {encoded: _value(getattr(struct, name)) for name, encoded in names}


def _value(value: object) -> object:
    return rfc3339(micros(value)) if isinstance(value, datetime) else value


def _moment(us: int | None) -> str | None:
    return None if us is None else rfc3339(us)
