"""What a store says of clocks, credits and promises, read by nothing but the events as recorded, and laws about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contracts.decisions import (
    ClockBreached,
    ClockCancelled,
    ClockChanged,
    ClockRestated,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    ComplaintDeemedUpheld,
    CreditOwed,
    CreditRestated,
    PromiseBroken,
)
from contracts.moments import micros, moment, rfc3339
from contracts.recorded import Recorded
from contracts.rows import ClockRow

ENDED = {"met", "late", "cancelled"}
Cell = tuple[str, str, int]
"""Complaint, clock, cycle."""


@dataclass
class ClockLedger:
    """Takes events in order of position; raises AssertionError where one breaks a law. `came`: what was recorded."""

    rows: dict[Cell, ClockRow] = field(default_factory=dict)
    owed: dict[tuple[str, int], str] = field(default_factory=dict)
    came: Counter[str] = field(default_factory=Counter)

    def take(self, events: Iterable[Recorded]) -> None:
        for event in events:
            name, data = event.stream.partition(":")[2], event.data
            self.came[event.type] += event.kind == "decision"
            if isinstance(data, ClockChanged):
                self._clock(event, data, (name, data.row.clock, data.row.cycle))
            elif isinstance(data, ComplaintDeemedUpheld):
                row = self.rows[name, data.clock, data.cycle]
                assert row.breached_at == moment(event.time), "upheld by the law at another time than the breach"
            elif isinstance(data, CreditOwed | CreditRestated):
                self._credit((name, micros(data.outage)), data)
            elif isinstance(data, PromiseBroken):
                assert micros(data.due) == event.time <= event.recorded_at

    def _clock(self, event: Recorded, data: ClockChanged, cell: Cell) -> None:
        old, new = self.rows.get(cell), data.row
        if isinstance(data, ClockRestated) and data.gone:
            assert old is not None, "a cycle that never was is gone"
            del self.rows[cell]
            self.came["cycle that is gone"] += 1
            return
        assert isinstance(data, ClockStarted) == (old is None), f"{event} of a cycle that was {old}"
        self.rows[cell] = new
        if isinstance(data, ClockWarned):
            assert moment(event.time) in new.warned_at
            assert event.time <= event.recorded_at, "warned before it was due"
        elif isinstance(data, ClockBreached):
            assert new.breached_at == moment(event.time), "breached at another time than it was due"
            assert event.time <= event.recorded_at, "breached before it was due"
        elif isinstance(data, ClockStopped | ClockCancelled):
            assert new.stopped_at == moment(event.time)
        if isinstance(data, ClockRestated):
            self._restated(old, new)
        elif old is not None:
            assert set(old.warned_at) <= set(new.warned_at), f"{event} forgets a warning"
            assert old.breached_at in (None, new.breached_at), f"{event} forgets a breach"
        assert (new.state in ENDED) == (new.stopped_at is not None)
        gone = new.state == "cancelled"  # with terms that do not have the clock; what it had breached stays
        assert gone or (new.state in {"breached", "late"}) == (new.breached_at is not None)

    def _restated(self, old: ClockRow | None, new: ClockRow) -> None:
        assert old is not None
        self.came["breach taken back"] += old.breached_at is not None and new.breached_at is None
        self.came["breach moved"] += old.breached_at not in (None, new.breached_at) and new.breached_at is not None
        self.came["warning taken back"] += not set(old.warned_at) <= set(new.warned_at)
        self.came["met, taken back"] += old.state == "met" and new.state != "met"

    def _credit(self, outage: tuple[str, int], data: CreditOwed | CreditRestated) -> None:
        before = self.owed.get(outage, "0")
        if isinstance(data, CreditRestated):
            assert Decimal(before) + Decimal(data.change) == Decimal(data.amount), (
                "restated by another sum than it says"
            )
        else:
            assert Decimal(before) < Decimal(data.amount)
        self.owed[outage] = data.amount

    # ---- what it comes to

    def clocks(self, complaint: str) -> list[dict[str, Any]]:
        """The rows of a complaint as recorded, with what `show` has of them too, but for lengths that run."""
        found = []
        for (name, _, _), row in sorted(self.rows.items()):
            if name == complaint:
                moments = {key: at(getattr(row, key)) for key in ("started_at", "due_at", "stopped_at", "breached_at")}
                plain = {"clock": row.clock, "cycle": row.cycle, "state": row.state, "target": row.target}
                lengths = {"elapsed": row.elapsed, "paused": row.paused} if row.state in ENDED else {}
                found.append(plain | moments | lengths | {"warned_at": [at(warned) for warned in row.warned_at]})
        return found

    def credits_(self, complaint: str) -> list[tuple[str, str]]:
        """What is owed, by the outage's start; without those for which nothing is any more."""
        rows = sorted((us, amount) for (name, us), amount in self.owed.items() if name == complaint)
        return [(rfc3339(us), amount) for us, amount in rows if Decimal(amount)]


def at(value: Any) -> str | None:
    return None if value is None else rfc3339(micros(value))
