"""Is a store whole? Positions, versions, identities, times and states, every event looked at (architecture.md §2).

Streaming: what is kept in memory does not grow with the store. Whether somebody has rewritten it well is another
question, and the seal's to answer.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from contracts.envelope import Fact
from contracts.errors import StilldownError
from contracts.facts import FactData
from contracts.moments import rfc3339
from engine.corrections import Ref
from engine.publishing import SOURCE as PUBLISHING
from engine.recording import Recorded
from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.unit import Unit, reading

_PAGE = 2_000
_CAUSES = 1_024
"""Causes remembered: the decisions on a fact follow it closely."""
_SILENCE = ("stilldown", "silence")
"""The cause of what a silence decided whose notice is not known any more."""

Report = Callable[[int, int], None]
"""Takes how many events were looked at, and of how many."""


class Problem(NamedTuple):
    """What does not hold, and at which position; None where it has none."""

    position: int | None
    what: str


class Verified(NamedTuple):
    """What was looked at, and the first problem, if there is one."""

    positions: int
    streams: int
    facts: int
    problem: Problem | None


class _BrokenError(StilldownError):
    """Something does not hold."""

    def __init__(self, position: int | None, what: str) -> None:
        super().__init__(what)
        self.problem = Problem(position, what)


def verify(url: str, report: Report | None = None) -> Verified:
    """Looks at every event of a store in order of position, and gives the first problem.

    Raises NoStoreError where there is none.
    """
    connection = open_store(url)
    check = _Check(report)
    problem: Problem | None = None
    try:
        with reading(connection) as unit:
            check.run(unit)
    except _BrokenError as broken:
        problem = broken.problem
    except sqlite3.DatabaseError as error:
        problem = Problem(check.positions + 1, f"the file is damaged: {error}")
    finally:
        connection.close()
    return Verified(check.positions, check.streams, check.facts, problem)


class _Check:
    """One look at a store, of one moment."""

    def __init__(self, report: Report | None) -> None:
        self.positions = self.streams = self.facts = 0
        self._report = report
        self._recorded_at: int | None = None
        self._told = 0
        """The facts in the history, each as a number, added up: the same set gives the same sum in any order."""
        self._causes: dict[Ref, None] = {}

    def run(self, unit: Unit) -> None:
        """Raises _BrokenError with the first thing that does not hold."""
        whole = unit.last_position()
        versions = self._versions(unit)
        for position, event in self._events(unit):
            if versions is not None and position == versions.position:
                break
            self._event(unit, position, event)
            self.positions = position
            if self._report is not None and position % _PAGE == 0:
                self._report(position, whole)
        if versions is not None:
            raise _BrokenError(*versions)
        self._identities(unit)
        clock = unit.rows("SELECT recorded_at FROM clock")
        if not clock or (self._recorded_at is not None and clock[0][0] < self._recorded_at):
            raise _BrokenError(self.positions, "the engine's clock stands before what was recorded last")

    # events, in order of position

    def _events(self, unit: Unit) -> Iterator[tuple[int, Recorded]]:
        expected = 1
        while rows := unit.rows(
            "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE notification_id >= ? ORDER BY notification_id LIMIT ?",
            (expected, _PAGE),
        ):
            for position, stream, version, topic, state in rows:
                if position != expected:
                    raise _BrokenError(expected, f"positions {expected} to {position - 1} are missing")
                yield position, _read(position, stream, version, topic, state)
                expected += 1

    def _event(self, unit: Unit, position: int, event: Recorded) -> None:
        if self._recorded_at is not None and event.recorded_at < self._recorded_at:
            raise _BrokenError(
                position,
                f"recorded at {rfc3339(event.recorded_at)}, before what precedes it ({rfc3339(self._recorded_at)})",
            )
        self._recorded_at = event.recorded_at
        if event.kind == "fact":
            self._fact(unit, position, event)
        elif not self._is_known(unit, (event.source, event.id)):
            raise _BrokenError(
                position, f"{event.type} in {event.stream}: its cause {event.source} {event.id} is no known fact"
            )

    def _fact(self, unit: Unit, position: int, event: Recorded) -> None:
        if not isinstance(event.data, FactData):
            raise _BrokenError(position, f"{event.type} in {event.stream} is no fact")
        name = f"the fact {event.source} {event.id}"
        known = unit.identity((event.source, event.id))
        if known is None:
            raise _BrokenError(position, f"{name} has no identity")
        digest, stream = known
        if stream != event.stream:
            raise _BrokenError(position, f"{name} is in {event.stream}, by its identity in {stream}")
        subject = event.stream.partition(":")[2]
        if Fact(event.source, event.id, event.type, subject, event.time, event.data).digest() != digest:
            raise _BrokenError(position, f"{name} has other content than its identity says")
        self.facts += 1
        self._told += _number(event.source, event.id)
        self._remember((event.source, event.id))

    def _is_known(self, unit: Unit, cause: Ref) -> bool:
        if cause[0] == PUBLISHING or cause == _SILENCE or cause in self._causes:
            return True
        if unit.identity(cause) is None:
            return False
        self._remember(cause)
        return True

    def _remember(self, cause: Ref) -> None:
        self._causes[cause] = None
        if len(self._causes) > _CAUSES:
            del self._causes[next(iter(self._causes))]

    # versions, stream by stream

    def _versions(self, unit: Unit) -> Problem | None:
        """The first event by position that does not follow in its stream: versions are 1, 2, 3 …, as positions go."""
        worst: Problem | None = None
        stream, version, before = "", 0, 0
        after: tuple[str, int] = ("", 0)
        while rows := unit.rows(
            "SELECT originator_id, originator_version, notification_id FROM stored_events"
            " WHERE (originator_id, originator_version) > (?, ?) ORDER BY originator_id, originator_version LIMIT ?",
            (*after, _PAGE),
        ):
            for name, number, position in rows:
                if name != stream:
                    stream, version, before = name, 0, 0
                    self.streams += 1
                if (number != version + 1 or position < before) and (worst is None or position < (worst.position or 0)):
                    what = f"has version {number} after {version}" if number != version + 1 else "goes back in position"
                    worst = Problem(position, f"{name} {what}")
                version, before = number, position
            after = (rows[-1][0], rows[-1][1])
        return worst

    # identities

    def _identities(self, unit: Unit) -> None:
        """Every identity is a recorded fact's, and no two facts share one. Before, each fact was found to have one."""
        told = count = 0
        after = ("", "")
        while rows := unit.rows(
            "SELECT source, id FROM facts WHERE (source, id) > (?, ?) ORDER BY source, id LIMIT ?", (*after, _PAGE)
        ):
            told += sum(_number(*row) for row in rows)
            count += len(rows)
            after = rows[-1]
        if (count, told) != (self.facts, self._told):
            raise self._mismatch(unit)

    def _mismatch(self, unit: Unit) -> _BrokenError:
        """Which fact is recorded twice, or has an identity and is not recorded. Looked for only where there is one."""
        unit.change("CREATE TEMP TABLE told (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID")
        for position, event in self._events(unit):
            if event.kind == "fact" and not unit.change(
                "INSERT OR IGNORE INTO told VALUES (?, ?)", (event.source, event.id)
            ):
                return _BrokenError(position, f"the fact {event.source} {event.id} is recorded twice")
        rows = unit.rows(
            "SELECT source, id, stream FROM facts f WHERE NOT EXISTS"
            " (SELECT 1 FROM told t WHERE t.source = f.source AND t.id = f.id) LIMIT 1"
        )
        source, name, stream = rows[0]
        return _BrokenError(None, f"the fact {source} {name} has an identity, and is not recorded in {stream}")


def _read(position: int, stream: str, version: int, topic: str, state: bytes) -> Recorded:
    try:
        return from_row(stream, version, topic, state)
    except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise _BrokenError(position, f"{topic} in {stream} cannot be read ({reason})") from None


def _number(source: str, name: str) -> int:
    text = f"{len(source)} {source}{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
