"""What a store says, read by nothing but the events as recorded: a small third reader, for laws that have to hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from contracts.decisions import (
    ClosureRefused,
    ComplaintClosed,
    ComplaintReopened,
    ComplaintRestated,
    ComplaintWithdrawnRecorded,
    Outages,
)
from contracts.moments import moment
from contracts.recorded import Recorded
from contracts.rows import ClaimRow, OutageRow

NEVER_SET_ASIDE = {"customer_down", "restoration_unconfirmed", "already_ended"}
Ref = tuple[str, str]


@dataclass
class Line:
    """Outages and claims of a service as they stand in the events."""

    outages: list[OutageRow] = field(default_factory=list)
    claims: dict[Ref, ClaimRow] = field(default_factory=dict)

    def take(self, rows: Outages) -> None:
        if rows.from_ is not None:
            self.outages = [
                o
                for o in self.outages
                if o.started_at < rows.from_ or (rows.until is not None and o.started_at >= rows.until)
            ]
            self.outages = sorted([*self.outages, *rows.outages], key=lambda o: o.started_at)
        for claim in rows.claims:
            self.claims[claim.fact.source, claim.fact.id] = claim
        for gone in rows.claims_gone:
            self.claims.pop((gone.source, gone.id), None)

    def at(self, time: datetime) -> str:
        down = any(o.started_at <= time and (o.ended_at is None or time < o.ended_at) for o in self.outages)
        if not down:
            return "up"
        claimed = any(
            c.time <= time and (c.unconfirmed_until is None or time < c.unconfirmed_until) for c in self.claims.values()
        )
        return "unconfirmed" if claimed else "down"


@dataclass
class Life:
    """A complaint: its status, its closings that stand (by the fact that asked for them), those that proved false."""

    service: str
    status: str = "open"
    standing: dict[Ref, datetime] = field(default_factory=dict)
    false: set[Ref] = field(default_factory=set)
    last: Ref | None = None


class Ledger:
    """Takes events in order of position; raises AssertionError where one breaks a law."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.lives: dict[str, Life] = {}
        self.facts: set[Ref] = set()
        self.versions: dict[str, int] = {}
        self.recorded_at = -(10**18)
        self.closings = self.false_closings = self.refusals = 0

    def take(self, events: Iterable[Recorded]) -> None:
        for event in events:
            self._order(event)
            kind, _, name = event.stream.partition(":")
            if event.type == "complaint.filed":
                assert event.service is not None
                self.lives[name] = Life(event.service)
            if isinstance(event.data, Outages):
                self.lines.setdefault(name, Line()).take(event.data)
            elif kind == "complaint" and event.kind == "decision":
                self._decided(event, self.lives[name])

    def hold(self) -> None:
        """What holds after every batch: no closing stands at a moment at which the customer was not up."""
        for name, life in self.lives.items():
            line = self.lines.get(life.service, Line())
            for time in life.standing.values():
                assert line.at(time) == "up", f"{name} stands closed at {time}, when its customer was {line.at(time)}"
        for line in self.lines.values():
            ends = None
            for outage in line.outages:
                assert ends is None or ends < outage.started_at, "outages overlap or touch"
                assert outage.ended_at is None or outage.started_at < outage.ended_at
                ends = outage.ended_at or datetime.max.replace(tzinfo=outage.started_at.tzinfo)
                assert (outage.ended_by is None) == (outage.ended_at is None)
            assert all(c.since <= c.time for c in line.claims.values())
            assert all((c.state == "pending") == (c.settled_at is None) for c in line.claims.values())

    def _order(self, event: Recorded) -> None:
        assert event.version == self.versions.get(event.stream, 0) + 1, event
        self.versions[event.stream] = event.version
        assert event.recorded_at >= self.recorded_at, event
        self.recorded_at = event.recorded_at
        ref = (event.source, event.id)
        if event.kind == "fact":
            assert ref not in self.facts, event
            assert event.time <= event.recorded_at, event
            self.facts.add(ref)
        elif event.type != "agreement.published":
            assert ref in self.facts, f"{event} has a cause that nobody told"

    def _decided(self, event: Recorded, life: Life) -> None:
        data, ref = event.data, (event.source, event.id)
        if isinstance(data, ComplaintClosed):
            self._closed(event, data, life)
        elif isinstance(data, ClosureRefused):
            assert data.objections
            assert list(data.objections) == sorted(set(data.objections))
            assert ("already_ended" in data.objections) == (life.status != "open")
            self.refusals += 1
        elif isinstance(data, ComplaintReopened):
            closing = (data.closing.source, data.closing.id)
            assert life.status == "closed"
            assert closing == life.last
            life.status = "open"
            if data.because == "false_closing":
                self._proved_false(life, closing)
        elif isinstance(data, ComplaintWithdrawnRecorded):
            assert life.status == "open"
            life.status, life.last = "withdrawn", ref
        elif isinstance(data, ComplaintRestated) and data.closings is not None:
            for row in data.closings:
                if row.false:
                    self._proved_false(life, (row.fact.source, row.fact.id))
                else:
                    assert (row.fact.source, row.fact.id) not in life.false, "false is for good"

    def _closed(self, event: Recorded, data: ComplaintClosed, life: Life) -> None:
        line = self.lines.get(life.service, Line())
        time, now = moment(event.time), moment(event.recorded_at)
        assert (line.at(time), line.at(now)) == ("up", "up"), f"{event.stream} was closed while its customer was not up"
        assert life.status == "open"
        assert not NEVER_SET_ASIDE & set(data.set_aside)
        assert not data.set_aside or data.approved_by
        life.status, life.last = "closed", (event.source, event.id)
        life.standing[event.source, event.id] = time
        self.closings += 1

    def _proved_false(self, life: Life, closing: Ref) -> None:
        if closing not in life.false:
            life.false.add(closing)
            del life.standing[closing]
            self.false_closings += 1
