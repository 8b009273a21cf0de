"""Every deadline of the incident log against a clock that is not the engine's (bench.plain): `bench log --clocks`.

The facts, what was closed and reopened, and the outages are the store's; what follows from them is reckoned again.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from bench.plain import FIRST, Course, Plain, Row, Stretch, Terms, row
from bench.workload import LOG
from contracts.agreements import Agreement, Clock, parse
from contracts.calendars import WEEKDAYS, days_off
from contracts.facts import (
    ComplaintAcknowledged,
    ComplaintCloseRequested,
    ComplaintWaitEnded,
    ComplaintWaitStarted,
    NoticeDelivered,
)
from contracts.lengths import Days
from contracts.moments import moment
from engine.complaint import Complaint
from engine.reading import Shelf
from engine.store.opening import open_store
from engine.store.transactions import reading

AGREEMENTS = Path(__file__).with_name("agreements.toml")
_MINUTE = timedelta(minutes=1)


def main() -> None:
    """Imports the whole log and looks at every cycle of every clock."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/log.db"
        mapping = Path(folder) / "mapping.toml"
        mapping.write_text(_mapping())
        _stilldown("agreements", "apply", str(AGREEMENTS), "--store", url)
        began = time.perf_counter()
        taken = orjson.loads(
            _stilldown("import", "servicenow", str(LOG), "--mapping", str(mapping), "--store", url, "--json")
        )
        print(f"imported in {time.perf_counter() - began:.0f} s: {taken}")
        began = time.perf_counter()
        found = _Found()
        _look(url, found)
        found.tell(time.perf_counter() - began)


def _mapping() -> str:
    """The bundled one: both mails of the tool count as delivered, and the wall clock is London's, which changes."""
    text = resources.files("ops.importers").joinpath("mappings", "servicenow.toml").read_text(encoding="utf-8")
    for old, new in (
        ('zone = "UTC"', 'zone = "Europe/London"'),
        ('mail_on_resolved = "sent"', 'mail_on_resolved = "delivered"'),
        ('mail_on_wait = "none"', 'mail_on_wait = "delivered"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    return text


def _stilldown(*arguments: str) -> bytes:
    command = [str(Path(sys.executable).with_name("stilldown")), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


class _Found:
    """What was found, added up."""

    def __init__(self) -> None:
        self.states: Counter[tuple[str, str, str]] = Counter()
        self.warnings: Counter[tuple[str, str]] = Counter()
        self.breaches: Counter[tuple[str, str]] = Counter()
        self.green: Counter[tuple[str, str]] = Counter()
        self.cycles = self.incidents = self.paused = 0
        self.wrong: list[str] = []

    def tell(self, seconds: float) -> None:
        """Prints it. Fails if anything differs."""
        print(
            f"{self.incidents:,} incidents, {self.cycles:,} cycles of clocks, {self.paused:,} of them paused at times"
        )
        print(f"{'':22}" + "".join(f"{state:>11}" for state in _STATES) + f"{'warnings':>11}{'breaches':>11}")
        for agreement, clock in sorted({(a, c) for a, c, _ in self.states}):
            cells = [self.states[agreement, clock, state] for state in _STATES]
            cells += [self.warnings[agreement, clock], self.breaches[agreement, clock]]
            print(f"{agreement:<10}{clock:<12}" + "".join(f"{cell:>11,}" for cell in cells))
        for clock in ("restore", "resolve", "finish"):
            ticket, customer, both = (self.green[clock, who] for who in ("ticket", "customer", "both"))
            told = f"by the ticket's account {ticket:,}, as it was {customer:,}, hidden: {ticket - both:,}"
            print(f"{clock:<12}cycles in time {told}")
        print(f"checked by a plain clock in {seconds:.0f} s: {len(self.wrong)} differ")
        for line in self.wrong[:20]:
            print(f"  {line}")
        if self.wrong:
            sys.exit(1)


_STATES = ("met", "late", "cancelled", "running", "paused", "breached")


def _look(url: str, found: _Found) -> None:
    agreements = {agreement.name: agreement for agreement in parse(AGREEMENTS.read_text()).agreements}
    plains: dict[str, Plain] = {"always": Plain("UTC", None, frozenset())}
    store = open_store(url)
    with reading(store) as unit:
        now = unit.clock().recorded_at
        shelf = Shelf(unit)
        for stream in unit.streams_like("complaint:"):
            complaint = shelf.state(stream)
            if not isinstance(complaint, Complaint):
                raise TypeError(stream)
            shown = shelf.show(complaint, at=now, known_at=now)
            if shown is None:
                raise AssertionError(stream)
            found.incidents += 1
            _check(
                found, complaint, shown, _Life(complaint, shown, _minutes(now)), agreements[shown["agreement"]], plains
            )
    store.close()


def _check(  # noqa: PLR0917 - all that it is looked at with
    found: _Found,
    complaint: Complaint,
    shown: dict[str, Any],
    life: _Life,
    agreement: Agreement,
    plains: dict[str, Plain],
) -> None:
    rows = {(r["clock"], r["cycle"]): r for r in shown["clocks"]}
    for clock in agreement.clocks:
        terms = _terms(clock, agreement, plains)
        for number, (course, ticket) in enumerate(life.courses(clock), 1):
            told = rows.pop((clock.name, number))
            plain = row(terms, course)
            found.cycles += 1
            found.paused += bool(plain.paused)
            found.states[agreement.name, clock.name, plain.state] += 1
            found.warnings[agreement.name, clock.name] += len(plain.warned)
            found.breaches[agreement.name, clock.name] += plain.breached is not None
            if ticket is not None and course.stop is not None:
                by_ticket = row(terms, course._replace(stop=ticket, own=True)).state == "met"
                found.green[clock.name, "ticket"] += by_ticket
                found.green[clock.name, "customer"] += plain.state == "met"
                found.green[clock.name, "both"] += by_ticket and plain.state == "met"
            if (wanted := _wanted(plain)) != (got := {name: told[name] for name in wanted}):
                found.wrong.append(f"{complaint.name} {clock.name} {number}: {got}, by the plain clock {wanted}")
    found.wrong += [f"{complaint.name}: no such cycle: {key}" for key in rows]


def _wanted(plain: Row) -> dict[str, Any]:
    return {
        "state": plain.state,
        "due_at": _written(plain.due),
        "stopped_at": _written(plain.stop),
        "elapsed": plain.elapsed * 60,
        "paused": plain.paused * 60,
        "warned_at": [_written(at) for at in plain.warned],
        "breached_at": _written(plain.breached),
    }


def _written(minutes: Fraction | int | None) -> str | None:
    if minutes is None:
        return None
    return (FIRST + timedelta(seconds=int(minutes * 60))).isoformat().replace("+00:00", "Z")


def _terms(clock: Clock, agreement: Agreement, plains: dict[str, Plain]) -> Terms:
    if clock.calendar not in plains:
        calendar = next(c for c in agreement.calendars if c.name == clock.calendar)
        hours = {n: list(getattr(calendar.hours, day)) for n, day in enumerate(WEEKDAYS)}
        plains[clock.calendar] = Plain(calendar.zone, hours, frozenset(days_off(calendar.holidays)))
    length = clock.length
    seconds, days = (0, length.days) if isinstance(length, Days) else (length.seconds, None)
    return Terms(plains[clock.calendar], seconds, days, clock.fractions)


class _Stretch(NamedTuple):
    begin: int
    end: int | None


class _Life:
    """What an incident went through, in minutes."""

    def __init__(self, complaint: Complaint, shown: dict[str, Any], now: int) -> None:
        self.now = now
        self.filed = _minutes(complaint.filing.us)
        self.outages = [
            (_read(o["started_at"]), _read_if(o["ended_at"]), _read_if(o["reported_end"])) for o in shown["outages"]
        ]
        said = [f for f in complaint.log if isinstance(f.data, ComplaintAcknowledged)]
        self.acknowledged = _minutes(said[0].us) if said else None
        asked = [f for f in complaint.log if isinstance(f.data, ComplaintCloseRequested)]
        self.asked = _minutes(asked[0].us) if asked else None
        self.lives = [_Stretch(self.filed, None)]
        for turn in complaint.turns:
            if turn.ref in complaint.false or not turn.asked:
                continue
            at = max(_minutes(turn.time), self.lives[-1].begin)
            if turn.status == "open":
                self.lives.append(_Stretch(max(at, self.lives[-1].end or at), None))
            else:
                self.lives[-1] = _Stretch(self.lives[-1].begin, at)
        self.waits = list(self._waits(complaint))

    def _waits(self, complaint: Complaint) -> Iterator[tuple[str, int, int | None]]:
        delivered = {f.data.notice: f.us for f in reversed(complaint.log) if isinstance(f.data, NoticeDelivered)}
        marks = [(f.us, f) for f in complaint.log if isinstance(f.data, ComplaintWaitStarted | ComplaintWaitEnded)]
        ends = [life.end for life in self.lives if life.end is not None]
        for n, (at, fact) in enumerate(marks):
            data = fact.data
            if not isinstance(data, ComplaintWaitStarted):
                continue
            begin, after = _minutes(at), [_minutes(next_at) for next_at, _ in marks[n + 1 : n + 2]]
            end = min([*after, *(e for e in ends if e >= begin)], default=None)
            if data.on == "customer":
                if data.notice is None or data.notice not in delivered:
                    continue
                begin = max(begin, _minutes(delivered[data.notice]))
            if end is None or begin < end:
                yield data.on, begin, end

    def courses(self, clock: Clock) -> Iterator[tuple[Course, int | None]]:
        """Each cycle, and when a ticket would have said that it was done."""
        end = self.lives[-1].end
        if clock.stops == "closed":
            yield self._course(clock, self.filed, end, own=True), self.asked
        elif clock.stops == "acknowledged":
            came = None if self.acknowledged is None else max(self.acknowledged, self.filed)
            own = came is not None and (end is None or came <= end)
            yield self._course(clock, self.filed, came if own else end, own=own), None
        else:
            for begin, up, reported in self.outages:
                taken = next(
                    life for life in self.lives if up is None or up >= life.begin if _overlaps(life, begin, up)
                )
                start = max(begin, taken.begin)
                own = up is not None and (end is None or up <= end)
                stop = up if own else end
                ticket = None if reported is None else max(reported, start)
                yield self._course(clock, start, None if stop is None else max(stop, start), own=own), ticket

    def _course(self, clock: Clock, start: int, stop: int | None, *, own: bool) -> Course:
        gaps: list[Stretch] = []
        if clock.reopen == "continue":
            edges = [(one.end, two.begin) for one, two in zip(self.lives, self.lives[1:], strict=False)]
            gaps = [(a, b) for a, b in edges if a is not None and a < b]
        pauses: list[Stretch] = []
        for on, a, b in self.waits:
            if on in clock.pauses and (b is None or b > start):
                pauses += _outside(max(a, start), b, gaps)
        return Course(start, stop, own, pauses, gaps, self.now)


def _outside(start: int, end: int | None, gaps: list[Stretch]) -> list[Stretch]:
    parts: list[Stretch] = [(start, end)]
    for low, high in gaps:
        cut: list[Stretch] = []
        for a, b in parts:
            cut += [(a, low if b is None else min(b, low)), (max(a, high or a), b)]
        parts = [(a, b) for a, b in cut if b is None or a < b]
    return parts


def _overlaps(life: _Stretch, begin: int, up: int | None) -> bool:
    return (up is None or up > life.begin or begin >= life.begin) and (life.end is None or begin < life.end)


def _minutes(us: int) -> int:
    return (moment(us) - FIRST) // _MINUTE


def _read(written: str) -> int:
    return (datetime.fromisoformat(written) - FIRST) // _MINUTE


def _read_if(written: str | None) -> int | None:
    return None if written is None else _read(written)
