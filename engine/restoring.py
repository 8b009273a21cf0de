"""A store that was restored from a backup takes back, from what was sent, what it has lost (docs/decisions/0019).

Each page is one transaction, and writes what recording its events would have written. What falls due is not looked up
yet: the store notes from where on, and Engine.remake does it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts.decisions import AgreementPublished
from contracts.envelope import Fact
from contracts.facts import FactData
from contracts.kafka import Placed
from contracts.moments import rfc3339
from contracts.recorded import Recorded
from contracts.topics import EVENTS_OUT
from engine.ahead import understand
from engine.corrections import Ref
from engine.publishing import staged, unstage
from engine.recording import frees
from engine.sent import ADVICE, WrongTopicError
from engine.store.errors import StoreError
from engine.store.handing import RELAY
from engine.store.mapper import from_row, to_row
from engine.store.opening import open_store
from engine.store.transactions import reading, writing
from engine.store.unit import Clock, EventRow, Unit

PAGE: Final = 2_000
"""Events of a transaction; more where they were recorded at one moment."""
_BYTES: Final = 8 * 1024 * 1024
"""The same, where events are large."""
_MOST: Final = 4
"""Times as many, or as large, a page is never."""


class Page:
    """Events that follow on one another."""

    def __init__(self, first: int) -> None:
        self.first = first
        """The position of its first event, once there is one."""
        self.events: list[Recorded] = []
        self.rows: list[EventRow] = []
        self._size = 0

    def add(self, event: Recorded) -> None:
        """The next one."""
        self.events.append(event)
        self.rows.append(to_row(event))
        self._size += len(self.rows[-1][3])

    def ends_before(self, event: Recorded) -> bool:
        """Whether it is large enough without it: where it can, it leaves a fact and what came of it together."""
        full = max(len(self.events) / PAGE, self._size / _BYTES)
        return full >= _MOST or (full >= 1 and event.recorded_at != self.events[-1].recorded_at)


class Restoring:
    """A store that may be behind what was sent. Not to be shared between threads."""

    def __init__(self, url: str) -> None:
        self._store = open_store(url, writes=True)
        self._letters: dict[Ref, list[int]] | None = None
        """Dead letters by what identifies them, once any page has asked."""

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def standing(self, sent: Placed) -> int:
        """The store's last position. Raises WrongTopicError where another event was sent at the same position."""
        with reading(self._store) as unit:
            return standing(unit, sent)

    def take(self, page: Page) -> bool:
        """Appends a page; False, and nothing is done, where it does not follow: another engine has appended it."""
        with writing(self._store) as unit:
            if unit.last_position() != page.first - 1:
                return False
            self._write(unit, page)
        return True

    def _write(self, unit: Unit, page: Page) -> None:
        last = page.first + len(page.rows) - 1
        _check_versions(unit, page)
        if page.first == 1:
            _publish(unit, page.events)
        unit.append(page.rows)
        if unit.last_position() != last:
            raise StoreError(f"the store would not go on with position {page.first}; `stilldown verify` says more")
        facts = [
            Fact((event.source, event.id), event.type, event.stream.partition(":")[2], event.time, event.data)
            for event in page.events
            if isinstance(event.data, FactData)
        ]
        told = {fact.ref: fact.digest() for fact in facts}
        streams = {(event.source, event.id): event.stream for event in page.events if event.kind == "fact"}
        if told:
            unit.identify([(*ref, digest, streams[ref]) for ref, digest in told.items()])
        now = page.events[-1].recorded_at
        if told and unit.holds_any():
            for ref in unit.held_of(list(told)):
                unit.drop_held(ref)
            # What waited for these was decided on with them. What is here still was a dead letter: it will be again.
            unit.hurry(unit.awaited([name for fact in facts for name in frees(fact)]), now)
        if told and unit.has_dead():
            self._exhume(unit, told)
        clock = unit.clock()
        unit.set_clock(Clock(max(clock.recorded_at, now), clock.mode))
        unit.sent(RELAY, last)
        unit.unmake(page.first - 1)

    def _exhume(self, unit: Unit, told: dict[Ref, bytes]) -> None:
        """Dead letters that were understood after all; not those that had only the name of a fact."""
        if self._letters is None:
            self._letters = {}
            for number, source, name in unit.rows("SELECT number, source, id FROM dead WHERE id IS NOT NULL"):
                self._letters.setdefault((source, name), []).append(number)
        for ref in told.keys() & self._letters.keys():
            for number in self._letters[ref]:
                for (body,) in unit.rows("SELECT body FROM dead WHERE number = ?", (number,)):
                    fact = understand(body)
                    if isinstance(fact, Fact) and fact.digest() == told[ref]:
                        unit.exhume([body])


def standing(unit: Unit, sent: Placed) -> int:
    """See Restoring.standing."""
    last = unit.last_position()
    if sent.position <= last:
        rows = unit.events_after(sent.position - 1, 1, 1)
        if not rows or rows[0][0] != sent.position:
            raise StoreError(f"position {sent.position} is missing; `stilldown verify` says more")
        ours = from_row(*rows[0][1:])
        theirs = sent.what if isinstance(sent.what, Recorded) else None
        named = (sent.stream, sent.version, sent.type) == (ours.stream, ours.version, ours.type)
        if not named or (theirs is not None and _when(theirs) != _when(ours)):
            raise WrongTopicError(
                f"position {sent.position} in {EVENTS_OUT} is {_said(sent.type, sent.stream, sent.version, theirs)},"
                f" and in the store {_said(ours.type, ours.stream, ours.version, ours)}: the store has gone on by"
                f" itself since it was restored, or this is another store's topic; {ADVICE}"
            )
    return last


def _when(event: Recorded) -> tuple[int, int, str, str]:
    """Of two events with the same place in the same stream: whether they are one."""
    return event.time, event.recorded_at, event.source, event.id


def _said(type_: str, stream: str | None, version: int, event: Recorded | None) -> str:
    when = "" if event is None else f", recorded at {rfc3339(event.recorded_at)}"
    return f"{type_} (version {version} of {stream}{when})"


def _check_versions(unit: Unit, page: Page) -> None:
    """Raises WrongTopicError where an event does not follow in its stream."""
    versions: dict[str, int] = {}
    before: dict[str, tuple[int, int]] = {}
    for position, (stream, version, _, _) in enumerate(page.rows, page.first):
        if stream not in versions and version > 1:
            before[stream] = (version - 1, position)
        elif version != versions.get(stream, 0) + 1:
            raise _astray(position, stream, version)
        versions[stream] = version
    there = unit.having([(stream, version) for stream, (version, _) in before.items()])
    for stream, (version, position) in before.items():
        if stream not in there:
            raise _astray(position, stream, version + 1)


def _astray(position: int, stream: str, version: int) -> WrongTopicError:
    return WrongTopicError(
        f"position {position} in {EVENTS_OUT} is version {version} of {stream}, which does not follow in the store:"
        f" it is another store's topic, or was sent by several; {ADVICE}"
    )


def _publish(unit: Unit, events: Iterable[Recorded]) -> None:
    """Agreements that wait for the first fact were published with it. Raises WrongTopicError where they were not."""
    known = [event.data for event in events if isinstance(event.data, AgreementPublished)]
    for data in staged(unit):
        if data not in known:
            raise WrongTopicError(
                f"the store has nothing but agreements, and {data.agreement.name}, version {data.version}, is not in"
                f" {EVENTS_OUT}: it is another store's topic; {ADVICE}"
            )
    unstage(unit)
