"""Rows that decisions carry whole: clocks, outages, claims, credits. What is recorded is what the table says."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contracts.decisions import ClockChanged, ClockRestated, CreditOwed, CreditRestated, Outages
from contracts.facts import FactRef
from contracts.moments import micros
from contracts.recorded import Recorded
from contracts.rows import ClaimRow, ClockRow, OutageRow
from projections.rows.versions import Values, Versions


def clock(rows: Versions, event: Recorded, data: ClockChanged) -> None:
    """A clock's cycle."""
    row = data.row
    complaint = event.stream.partition(":")[2]
    if isinstance(data, ClockRestated) and data.gone:
        rows.drop((complaint, row.clock, row.cycle), event.recorded_at)
    else:
        rows.put(_cycle(complaint, event.service, row), event.recorded_at)


def _cycle(complaint: str, service: str | None, row: ClockRow) -> Values:
    return (
        complaint,
        row.clock,
        row.cycle,
        service,
        row.agreement,
        row.agreement_version,
        row.state,
        row.target,
        micros(row.started_at),
        us(row.due_at),
        us(row.stopped_at),
        msgspec.json.encode([micros(at) for at in row.warned_at]).decode(),
        us(row.breached_at),
        row.paused_for,
        us(row.paused_since),
        row.elapsed,
        row.paused,
    )


def outages(rows: Versions, claims: Versions, event: Recorded, data: Outages) -> None:
    """Outages that start in a stretch are replaced, claims one by one (contracts.decisions.Outages)."""
    service, at = event.stream.partition(":")[2], event.recorded_at
    if data.from_ is not None:
        first, until = micros(data.from_), us(data.until)
        new = {micros(row.started_at): row for row in data.outages}
        for key in rows.keys_of(service):
            if key[1] >= first and (until is None or key[1] < until) and key[1] not in new:
                rows.drop(key, at)
        for row in new.values():
            rows.put(_outage(service, row), at)
    for claim in data.claims:
        claims.put(_claim(service, claim), at)
    for gone in data.claims_gone:
        claims.drop((service, gone.source, gone.id), at)


def _outage(service: str, row: OutageRow) -> Values:
    return (service, micros(row.started_at), us(row.ended_at), row.ended_by, us(row.reported_end), row.restated)


def _claim(service: str, row: ClaimRow) -> Values:
    fact: FactRef = row.fact
    return (
        service,
        fact.source,
        fact.id,
        micros(row.time),
        micros(row.since),
        micros(row.outage_from),
        row.evidence,
        row.by,
        row.state,
        us(row.settled_at),
    )


def credit(rows: Versions, event: Recorded, data: CreditOwed | CreditRestated) -> None:
    """What is owed for an outage."""
    complaint = event.stream.partition(":")[2]
    rows.put((complaint, micros(data.outage), event.service, data.amount, data.currency, data.why), event.recorded_at)


def us(moment: datetime | None) -> int | None:
    """A moment in microseconds."""
    return None if moment is None else micros(moment)
