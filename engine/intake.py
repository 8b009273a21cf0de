"""The one door: facts in, in batches, each one transaction (architecture.md §2).

`Engine` is the `eventsourcing` application around the pure step (engine.decide). It holds the write lock
while it decides, so what it has read cannot change under it; the version of every event is checked by
the store besides. If a batch fails, its members are tried one by one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import structlog
from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, PersistenceError

from contracts.agreements import AgreementFile
from contracts.decisions import AgreementPublished
from contracts.envelope import Fact, Key
from contracts.errors import MalformedError, StilldownError
from contracts.facts import ComplaintFiled
from engine.ahead import understand
from engine.applying import Applying, Moves, portions
from engine.corrections import Ref
from engine.decide import Step
from engine.publishing import learn, new_versions, published, stage, staged, unstage
from engine.rearming import Rearming
from engine.recording import Held
from engine.store.errors import StoreError
from engine.store.handing import Reached
from engine.store.mapper import EventMapper, to_row
from engine.store.opening import environment, named
from engine.store.unit import Clock, HeldRow, Store, Unit, reading, writing
from engine.terms import Terms, Version
from engine.timers import AFTER, DUE, FACTS, HELD, ElsewhereError

_NO_ORIGINS: Mapping[bytes, bytes] = MappingProxyType({})
_log = structlog.get_logger("stilldown.intake")


class Outcome(Enum):
    """What became of a fact."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    HELD = "held"
    DEAD = "dead"


class Result(NamedTuple):
    """What became of a fact, and if it is dead or held, why."""

    outcome: Outcome
    reason: str | None = None
    ref: Ref | None = None


class _WaitedError(StilldownError):
    """No fact of the batch is at fault, but one that had waited."""

    def __init__(self, row: HeldRow) -> None:
        super().__init__(row.id)
        self.row = row


class _Besides(NamedTuple):
    """What comes with the facts of a batch; see `Engine.take`."""

    reached: tuple[Reached, ...]
    origins: Mapping[bytes, bytes]
    meanwhile: Callable[[], None] | None


class Taken(NamedTuple):
    """What became of a batch: its members' results in order, held facts that were released, decisions recorded.

    `more`: something is due that has not been done yet.
    """

    results: list[Result]
    released: list[tuple[Ref, Result]]
    decisions: int
    events: int
    more: bool = False

    def and_then(self, other: Taken) -> Taken:
        """This, and what came after it."""
        return Taken(
            self.results + other.results,
            self.released + other.released,
            self.decisions + other.decisions,
            self.events + other.events,
            other.more,
        )


class Engine(Applying, Rearming, Application[str]):
    """The engine on one store. Not to be shared between threads."""

    name = "stilldown"
    env: ClassVar[dict[str, str]] = {"ORIGINATOR_ID_TYPE": "text"}

    def __init__(self, url: str, *, cached: int = 10_000, clock: Callable[[], int] | None = None) -> None:
        """Opens the store at `url` (made if it is not there); `cached` bounds the streams kept in memory.

        `clock` gives microseconds since 1970; without one, the store's is asked (kernel.md §7).
        """
        try:
            super().__init__(dict(environment(url)))
        except (PersistenceError, OSError) as error:
            raise StoreError(f"the store {named(url)} cannot be opened: {error}") from error
        self._machine = clock
        self._take_stock(cached)
        self._store: Store = self.factory.store()  # type: ignore[attr-defined] # it is our own factory
        self._now = 0
        self._received = 0
        """When the batch came, by the clock on the wall."""
        self._mode = "wall"
        self._holding = self._dying = False
        self._no_timers()
        self._begin_batch()

    def construct_mapper(self) -> Mapper[str]:
        """Ours: typed structs, a topic an event type."""
        return EventMapper()

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()
        super().close()

    # ------------------------------------------------------------------ taking facts

    def take(
        self,
        bodies: Sequence[bytes],
        *,
        mode: str | None = "wall",
        positions: Iterable[Reached | tuple[str, int, int]] = (),
        facts: Sequence[Fact | MalformedError] | None = None,
        origins: Mapping[bytes, bytes] = _NO_ORIGINS,
        meanwhile: Callable[[], None] | None = None,
    ) -> Taken:
        """Takes facts in, in order, in one transaction; durable when it returns.

        `mode`: `wall`, `event` (the clock follows the facts, timers fire in between), or None: as the store's clock
        goes already. `positions`: how far which part of which feed is taken in with them. `facts`: `bodies` as
        understood, if they were already. `origins`: the messages in which some of the bodies came (contracts.kafka).
        `meanwhile`: called when all is decided, right before the store is written.

        Raises LostError, and records nothing, where a position does not stand where it is believed to.
        """
        parsed = [understand(body) for body in bodies] if facts is None else list(facts)
        besides = _Besides(tuple(Reached(*given) for given in positions), origins, meanwhile)
        taken = Taken([], [], 0, 0)
        while True:
            done = len(taken.results)
            part = self._some(bodies[done:], parsed[done:], mode, besides)
            taken = taken.and_then(part)
            if len(taken.results) >= len(bodies):
                return taken

    def tick(self) -> Taken:
        """Does a portion of what is due now, by the store's clock; `more` says whether some is left."""
        return self.take([], mode=None)

    def settle(self) -> Taken:
        """Does all that is due now."""
        taken = self.tick()
        while taken.more:
            taken = taken.and_then(self.tick())
        return taken

    def rearm(self, after: str = "") -> tuple[int, str | None]:
        """Makes the index of what falls due anew for the streams behind a name: those of one transaction.

        How many they were, and the last one's name; None: all is done. What is due is done by `settle`, then.
        """
        try:
            with writing(self._store) as unit:
                self._open_batch(unit, None)
                done = self._rearm(unit, after)
                self._save([])
        finally:
            self._forget()  # what is on hand was read with the index as it was
        return done

    def _some(
        self,
        bodies: Sequence[bytes],
        parsed: list[Fact | MalformedError],
        mode: str | None,
        besides: _Besides,
    ) -> Taken:
        """Takes facts in one transaction: all, or those before more falls due than one transaction should do."""
        while True:
            try:
                return self._batch(bodies, parsed, mode, besides)
            except _WaitedError as error:
                self._set_aside(error)
            except ElsewhereError as error:
                _log.exception("what fell due failed; it is tried again after the next start", stream=error.stream)
                self._stuck.add(error.stream)
            except StilldownError:
                raise
            except Exception as error:  # whatever it is, it must cost no other fact
                if len(bodies) > 1:
                    _log.exception("a batch failed; its facts are tried one by one", facts=len(bodies))
                    break
                if not bodies or isinstance(parsed[0], MalformedError):
                    raise
                _log.exception("a fact failed; it is a dead letter", body=bodies[0][:1000])
                parsed = [_failed(error)]
        taken = Taken([], [], 0, 0)
        for body, fact in zip(bodies, parsed, strict=True):
            taken = taken.and_then(self.take([body], mode=mode, facts=[fact], origins=besides.origins))
        reached = besides.reached
        return taken.and_then(self.take([], mode=mode, positions=reached)) if reached else taken

    def _set_aside(self, error: _WaitedError) -> None:
        """What failed without being a fact of the batch must not fail every batch to come."""
        _log.exception("a fact that had waited failed; it is a dead letter", body=error.row.body[:1000])
        with writing(self._store) as unit:
            unit.drop_held((error.row.source, error.row.id))
            unit.bury(error.row.body, _failed(error.__cause__), self._wall(unit), error.row.origin)

    def _batch(
        self,
        bodies: Sequence[bytes],
        parsed: Sequence[Fact | MalformedError],
        mode: str | None,
        besides: _Besides,
    ) -> Taken:
        try:
            with writing(self._store) as unit:
                self._open_batch(unit, mode)
                self._origins.update(besides.origins)
                results, more = self._all(unit, bodies, parsed)
                if len(results) == len(bodies):
                    for place in besides.reached:
                        unit.reach(place)
                taken = self._save(results, more=more)
                if besides.meanwhile is not None:
                    besides.meanwhile()
        except BaseException:  # an interruption too: what was decided was not saved
            self._forget()
            raise
        self._seen_position += taken.events
        self._cache.trim()
        return taken

    def _all(
        self, unit: Unit, bodies: Sequence[bytes], parsed: Sequence[Fact | MalformedError]
    ) -> tuple[list[Result], bool]:
        """What became of the facts, of all or of the first ones; and whether something due is left to do."""
        facts = [fact for fact in parsed if isinstance(fact, Fact)]
        follows = self._mode == "event" and bool(bodies)
        last = max((fact.us for fact in facts), default=self._now) if follows else self._now
        self._prefetch(unit, facts)
        self._publish_staged(parsed)
        self._look_ahead(max(last, self._now), alone=not bodies)
        if not follows:
            self._fire_silences()
            self._begin_portion()
        results: list[Result] = []
        for body, fact in zip(bodies, parsed, strict=True):
            if follows and isinstance(fact, Fact) and not self._reach(fact.us):
                return results, True
            results.append(self._one(body, fact))
        # Of this very instant facts may still come, and they come first: what falls due now waits until none is taken.
        until = DUE if bodies else AFTER
        more = not follows and not (self._fire(self._now, until) and self._work_off())
        return results, more

    def _reach(self, time: int) -> bool:
        """The engine's clock follows the facts: what falls due before is done first; whether all of it could be."""
        if not (self._work_off() and self._fire(max(time, self._now), DUE) and self._work_off()):
            return False
        self._now = max(self._now, time)
        return True

    def _open_batch(self, unit: Unit, mode: str | None) -> None:
        self._unit = unit
        self._begin_batch()
        self._refresh(unit)
        self._clock = unit.clock()
        if mode is None or (mode == "event" and self._clock.mode == "wall" and self._seen_position):
            mode = self._clock.mode
        self._mode = mode
        self._received = self._wall(unit)
        self._now = self._clock.recorded_at
        if mode == "wall":
            self._now = max(self._received, self._now)
        self._holding = unit.holds_any()
        self._dying = unit.has_dead()

    def _wall(self, unit: Unit) -> int:
        return unit.now() if self._machine is None else self._machine()

    def _begin_batch(self) -> None:
        self._begin_reading()
        self._begin_keeping()
        self._released: list[tuple[Ref, Result]] = []
        self._origins: dict[bytes, bytes] = {}
        """By the bytes of a fact: the message in which it came."""

    def _save(self, results: list[Result], *, more: bool = False) -> Taken:
        unit = self._unit
        self._save_timers()
        if self._events:
            unit.append(map(to_row, self._events))
        if self._identities:
            unit.identify(
                (source, name, digest, stream) for (source, name), (digest, stream) in self._identities.items()
            )
        # A fact that waits was recorded by nobody, but the clock that followed it may not go back behind it.
        begun = self._events or self._seen_position or (self._mode == "event" and self._holding)
        clock = Clock(self._now if begun else self._clock.recorded_at, self._mode)
        if clock != self._clock:
            unit.set_clock(clock)
        return Taken(results, self._released, self._decisions, len(self._events), more)

    def _forget(self) -> None:
        """After a failed save no state can be trusted."""
        self._cache.clear()
        self._seen_version = None

    # ------------------------------------------------------------------ one fact

    def _one(self, body: bytes, fact: Fact | MalformedError) -> Result:
        if isinstance(fact, MalformedError):
            return self._bury(body, fact)
        digest = fact.digest()
        known = self._identities.get(fact.ref) or self._known.get(fact.ref)
        if known is None and self._holding:
            waiting = self._unit.held(fact.ref)
            known = None if waiting is None else (waiting.digest, waiting.waits_for)
        if known is not None:
            if known[0] == digest:
                return Result(Outcome.DUPLICATE, ref=fact.ref)
            return self._bury(
                body, MalformedError("the same source and id were taken with other content", "id", fact.id), fact.ref
            )
        return self._settle(body, fact, digest)

    def _settle(self, body: bytes, fact: Fact, digest: bytes) -> Result:
        """Decides on one fact that is new, and on those that waited for it."""
        result = self._decide(body, fact, digest)
        if self._holding and result.outcome is Outcome.RECORDED:
            self._release(self._waiters(fact))
        return result

    def _release(self, waiting: list[tuple[Key, Fact, HeldRow]]) -> None:
        """Decides on facts that wait no more: the first in the order of facts ahead, also of those it sets free."""
        heapq.heapify(waiting)
        while waiting:
            _, fact, row = heapq.heappop(waiting)
            try:
                result = self._decide(row.body, fact, row.digest)
            except StilldownError:
                raise
            except Exception as error:
                raise _WaitedError(row) from error
            self._released.append((fact.ref, result))
            if result.outcome is Outcome.RECORDED:
                for waiter in self._waiters(fact):
                    heapq.heappush(waiting, waiter)

    def _waiters(self, fact: Fact) -> list[tuple[Key, Fact, HeldRow]]:
        rows = self._unit.release(f"fact:{fact.source} {fact.id}")
        if fact.type == ComplaintFiled.TYPE:
            rows += self._unit.release(f"complaint:{fact.subject}")
        return self._understood(rows)

    def _understood(self, rows: Iterable[HeldRow]) -> list[tuple[Key, Fact, HeldRow]]:
        """What had waited, in no order; what the contracts of today do not take any more is a dead letter."""
        found = []
        for row in rows:
            if row.origin is not None:
                self._origins[row.body] = row.origin
            fact = understand(row.body)
            if isinstance(fact, Fact):
                found.append((fact.key, fact, row))
            else:
                self._released.append(((row.source, row.id), self._bury(row.body, fact)))
        return found

    def _decide(self, body: bytes, fact: Fact, digest: bytes) -> Result:
        step = Step(self, self._now)
        try:
            held = step.take(fact)
        except MalformedError as error:
            return self._bury(body, error, fact.ref)
        if held is not None:
            self._hold(body, fact, digest, held)
            return Result(Outcome.HELD, held.waits_for, fact.ref)
        self._identities[fact.ref] = (digest, step.stream)
        self._keep(step)
        if self._dying:
            self._unit.exhume(body)
        return Result(Outcome.RECORDED, ref=fact.ref)

    def _hold(self, body: bytes, fact: Fact, digest: bytes, held: Held) -> None:
        origin = self._origins.get(body)
        self._unit.hold(HeldRow(fact.source, fact.id, digest, held.waits_for, held.due, self._now, body, origin))
        self._holding = True
        if held.due is not None and held.due <= self._horizon:
            heapq.heappush(self._heap, (held.due, FACTS, HELD))

    def _bury(self, body: bytes, error: MalformedError, ref: Ref | None = None) -> Result:
        self._unit.bury(body, error, self._received, self._origins.get(body))
        self._dying = True
        return Result(Outcome.DEAD, error.reason, ref)

    def _release_due(self, due: int) -> None:
        self._release(self._understood(self._unit.release_due(due)))

    # ------------------------------------------------------------------ agreements

    def publish(self, file: AgreementFile) -> list[AgreementPublished]:
        """Publishes the agreements of a file that are new; on a store without events they wait for the first fact."""
        with writing(self._store) as unit:
            self._open_batch(unit, None)
            known = self._terms
            if self._seen_position:
                new = new_versions(file, known)
                self._events = [published(data, self._now) for data in new]
            else:
                known = Terms()
                for data in staged(unit):
                    known.publish(data)
                new = new_versions(file, known)
                stage(unit, new)
            taken = self._save([])
        self._seen_position += taken.events
        if taken.events:
            for data in new:
                self._terms.publish(data)
        return new

    def positions(self, feed: str) -> dict[int, int]:
        """How far each part of a feed was taken in."""
        with reading(self._store) as unit:
            return unit.positions(feed)

    def apply(self, complaints: Iterable[str]) -> Iterator[Moves]:
        """Gives complaints the newest version of their own agreement; what became of each, portion by portion.

        Each portion is a transaction of its own, durable when it is given. What is due is done before and after.
        """
        self.settle()
        for names in portions(complaints):
            try:
                with writing(self._store) as unit:
                    self._open_batch(unit, None)
                    moves = self._move(names)
                    taken = self._save([])
            except BaseException:  # as in a batch of facts
                self._forget()
                raise
            self._seen_position += taken.events
            self._cache.trim()
            yield moves
        self.settle()

    def versions(self) -> list[Version]:
        """Every published version of every agreement, and those that wait for the first fact."""
        with writing(self._store) as unit:
            self._open_batch(unit, None)
            known = learn(unit)
            for data in staged(unit):
                known.publish(data)
        return known.all()

    def _publish_staged(self, parsed: Sequence[Fact | MalformedError]) -> None:
        """Agreements applied before the first fact are published with it."""
        times = [fact.us for fact in parsed if isinstance(fact, Fact)]
        if self._seen_position or not times:
            return
        for data in staged(self._unit):
            self._events.append(published(data, self._now if self._mode == "wall" else min(times)))
            self._terms.publish(data)
        unstage(self._unit)


def _failed(error: BaseException | None) -> MalformedError:
    return MalformedError(f"the engine failed on it: {type(error).__name__}: {error}")
