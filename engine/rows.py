"""Outages and claims between the log (microseconds) and the record (rows with moments)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from contracts.facts import FactRef
from contracts.moments import micros, moment
from contracts.rows import ClaimRow, ClockRow, OutageRow
from engine.claims import Claim


class Outage(NamedTuple):
    """An outage as recorded; moments are microseconds. `reported_end` is the service's."""

    start: int
    end: int | None
    ended_by: str | None
    reported_end: int | None
    restated: bool


class Cycle(NamedTuple):
    """A cycle of a clock as recorded (contracts.rows.ClockRow); moments are microseconds, lengths seconds."""

    clock: str
    number: int
    agreement: str
    version: int
    state: str
    target: str
    started_at: int
    due_at: int | None
    stopped_at: int | None
    warned_at: tuple[int, ...]
    breached_at: int | None
    paused_for: str | None
    paused_since: int | None
    elapsed: int | None
    paused: int | None


def clock_row(cycle: Cycle) -> ClockRow:
    """As it is recorded."""
    return ClockRow(
        clock=cycle.clock,
        cycle=cycle.number,
        agreement=cycle.agreement,
        agreement_version=cycle.version,
        state=cycle.state,  # type: ignore[arg-type] # one of them
        target=cycle.target,
        started_at=moment(cycle.started_at),
        due_at=_moment(cycle.due_at),
        stopped_at=_moment(cycle.stopped_at),
        warned_at=tuple(map(moment, cycle.warned_at)),
        breached_at=_moment(cycle.breached_at),
        paused_for=cycle.paused_for,
        paused_since=_moment(cycle.paused_since),
        elapsed=cycle.elapsed,
        paused=cycle.paused,
    )


def cycle_of(row: ClockRow) -> Cycle:
    """As it was recorded."""
    return Cycle(
        row.clock,
        row.cycle,
        row.agreement,
        row.agreement_version,
        row.state,
        row.target,
        micros(row.started_at),
        _micros(row.due_at),
        _micros(row.stopped_at),
        tuple(map(micros, row.warned_at)),
        _micros(row.breached_at),
        row.paused_for,
        _micros(row.paused_since),
        row.elapsed,
        row.paused,
    )


def outage_row(outage: Outage) -> OutageRow:
    """As it is recorded."""
    return OutageRow(
        started_at=moment(outage.start),
        ended_at=None if outage.end is None else moment(outage.end),
        ended_by=outage.ended_by,
        reported_end=None if outage.reported_end is None else moment(outage.reported_end),
        restated=outage.restated,
    )


def outage_of(row: OutageRow) -> Outage:
    """As it was recorded."""
    return Outage(
        micros(row.started_at),
        None if row.ended_at is None else micros(row.ended_at),
        row.ended_by,
        None if row.reported_end is None else micros(row.reported_end),
        row.restated,
    )


def claim_row(claim: Claim) -> ClaimRow:
    """As it is recorded; the number of the item among those of its fact is 0, always."""
    return ClaimRow(
        fact=FactRef(claim.place[1], claim.place[2]),
        time=moment(claim.place[0]),
        since=moment(claim.since),
        outage_from=moment(claim.outage_from),
        evidence=claim.evidence,
        by=claim.by,
        state=claim.state,
        settled_at=None if claim.settled_at is None else moment(claim.settled_at),
        unconfirmed_until=None if claim.until is None else moment(claim.until),
    )


def claim_of(row: ClaimRow) -> Claim:
    """As it was recorded."""
    return Claim(
        (micros(row.time), row.fact.source, row.fact.id, 0),
        micros(row.since),
        micros(row.outage_from),
        row.evidence,
        row.by,
        row.state,
        None if row.settled_at is None else micros(row.settled_at),
        None if row.unconfirmed_until is None else micros(row.unconfirmed_until),
    )


def _moment(us: int | None) -> datetime | None:
    return None if us is None else moment(us)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
