"""Is a store whole? Positions, versions, identities, times and states, every event looked at (architecture.md §2).

Streaming: what is kept in memory does not grow with the store. Whether somebody has rewritten it well is another
question, and the seal's to answer.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import msgspec

from contracts.envelope import Fact
from contracts.errors import StilldownError
from contracts.facts import FactData
from contracts.moments import rfc3339
from contracts.recorded import Recorded
from engine.corrections import Ref
from engine.publishing import SOURCE as PUBLISHING
from engine.store.errors import DamagedError
from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.transactions import reading
from engine.store.unit import Unit

_PAGE = 2_000
_CAUSES = 1_024
"""Causes remembered from page to page: the decisions on a fact follow it closely."""
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
    store = open_store(url)
    check = _Check(report)
    problem: Problem | None = None
    try:
        with reading(store) as unit:
            check.run(unit)
    except _BrokenError as broken:
        problem = broken.problem
    except DamagedError as error:
        problem = Problem(check.positions + 1, str(error))
    finally:
        store.close()
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
        self._known: dict[Ref, tuple[bytes, str]] = {}
        """Identities of this page's facts and causes."""

    def run(self, unit: Unit) -> None:
        """Raises _BrokenError with the first thing that does not hold."""
        whole = unit.last_position()
        versions = self._versions(unit)
        for page in self._pages(unit):
            self._known = unit.identities([ref for event in page if (ref := self._asks(event)) is not None])
            for event in map(_sound, page):
                if versions is not None and self.positions + 1 == versions.position:
                    break
                self._event(self.positions + 1, event)
                self.positions += 1
            self._forget()
            if self._report is not None:
                self._report(self.positions, whole)
        if versions is not None:
            raise _BrokenError(*versions)
        if self.positions < whole:
            raise _BrokenError(self.positions + 1, f"positions {self.positions + 1} to {whole} are missing")
        self._identities(unit)
        clock = unit.rows("SELECT recorded_at FROM clock")
        if not clock or (self._recorded_at is not None and clock[0][0] < self._recorded_at):
            raise _BrokenError(self.positions, "the engine's clock stands before what was recorded last")

    # events, in order of position

    @staticmethod
    def _pages(unit: Unit) -> Iterator[list[Recorded | _BrokenError]]:
        """Events in order of position, page by page; the last may be what is wrong in its place."""
        expected = 1
        while rows := unit.rows(
            "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE notification_id >= ? ORDER BY notification_id LIMIT ?",
            (expected, _PAGE),
        ):
            page: list[Recorded | _BrokenError] = []
            for row in rows:
                page.append(_read(expected, row))
                expected += 1
                if isinstance(page[-1], _BrokenError):
                    break
            yield page

    def _asks(self, event: Recorded | _BrokenError) -> Ref | None:
        """The fact whose identity will be asked for, unless it was before."""
        if isinstance(event, _BrokenError) or event.source == PUBLISHING:
            return None
        ref = (event.source, event.id)
        return None if event.kind != "fact" and (ref == _SILENCE or ref in self._causes) else ref

    def _event(self, position: int, event: Recorded) -> None:
        if self._recorded_at is not None and event.recorded_at < self._recorded_at:
            raise _BrokenError(
                position,
                f"recorded at {rfc3339(event.recorded_at)}, before what precedes it ({rfc3339(self._recorded_at)})",
            )
        self._recorded_at = event.recorded_at
        if event.kind == "fact":
            self._fact(position, event)
        elif not self._is_known((event.source, event.id)):
            raise _BrokenError(
                position, f"{event.type} in {event.stream}: its cause {event.source} {event.id} is no known fact"
            )

    def _fact(self, position: int, event: Recorded) -> None:
        if not isinstance(event.data, FactData):
            raise _BrokenError(position, f"{event.type} in {event.stream} is no fact")
        name = f"the fact {event.source} {event.id}"
        known = self._known.get((event.source, event.id))
        if known is None:
            raise _BrokenError(position, f"{name} has no identity")
        digest, stream = known
        if stream != event.stream:
            raise _BrokenError(position, f"{name} is in {event.stream}, by its identity in {stream}")
        subject = event.stream.partition(":")[2]
        if Fact((event.source, event.id), event.type, subject, event.time, event.data).digest() != digest:
            raise _BrokenError(position, f"{name} has other content than its identity says")
        self.facts += 1
        self._told += _number(event.source, event.id)
        self._remember((event.source, event.id))

    def _is_known(self, cause: Ref) -> bool:
        if cause[0] == PUBLISHING or cause == _SILENCE or cause in self._causes:
            return True
        if cause not in self._known:
            return False
        self._remember(cause)
        return True

    def _remember(self, cause: Ref) -> None:
        self._causes[cause] = None

    def _forget(self) -> None:
        """The oldest causes; not within a page, of which nobody asked for the identities of those remembered."""
        while len(self._causes) > _CAUSES:
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
        for refs in unit.identified(_PAGE):
            told += sum(_number(*ref) for ref in refs)
            count += len(refs)
        if (count, told) != (self.facts, self._told):
            raise self._mismatch(unit)

    def _mismatch(self, unit: Unit) -> _BrokenError:
        """Which fact is recorded twice, or has an identity and is not recorded. Looked for only where there is one."""
        with closing(sqlite3.connect("", isolation_level=None)) as told:  # a file of its own, that nobody else sees
            told.execute("CREATE TABLE told (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID")
            position = 0
            for page in self._pages(unit):
                for event in map(_sound, page):
                    position += 1
                    ref = (event.source, event.id)
                    if (
                        event.kind == "fact"
                        and not told.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", ref).rowcount
                    ):
                        return _BrokenError(position, f"the fact {event.source} {event.id} is recorded twice")
            for refs in unit.identified(_PAGE):
                for ref in refs:
                    if told.execute("SELECT 1 FROM told WHERE source = ? AND id = ?", ref).fetchone() is None:
                        stream = unit.identities([ref])[ref][1]
                        what = f"the fact {ref[0]} {ref[1]} has an identity, and is not recorded in {stream}"
                        return _BrokenError(None, what)
        return _BrokenError(None, "the identities are not those of the facts")


def _read(expected: int, row: tuple[int, str, int, str, bytes]) -> Recorded | _BrokenError:
    position, stream, version, topic, state = row
    if position != expected:
        return _BrokenError(expected, f"positions {expected} to {position - 1} are missing")
    try:
        return from_row(stream, version, topic, state)
    except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return _BrokenError(position, f"{topic} in {stream} cannot be read ({reason})")


def _sound(event: Recorded | _BrokenError) -> Recorded:
    """Raises what is wrong in its place."""
    if isinstance(event, _BrokenError):
        raise event
    return event


def _number(source: str, name: str) -> int:
    text = f"{len(source)} {source}{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
