"""Taking facts in, a batch in a transaction: what is read, decided on and written (architecture.md §2).

The write lock is held while a batch is decided on, so what was read cannot change under it; the version of every event
is checked by the store besides. If a batch fails, its members are tried one by one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import structlog

from contracts.envelope import Fact, Key
from contracts.errors import MalformedError, StilldownError
from engine.ahead import understand
from engine.corrections import Ref
from engine.decide import Step
from engine.publishing import published, staged, unstage
from engine.recording import Held, frees
from engine.store.handing import Reached
from engine.store.mapper import to_row
from engine.store.transactions import Store, writing
from engine.store.unit import Clock, HeldRow, Unit
from engine.taken import Outcome, Result, Saving, Taken
from engine.timers import AFTER, DUE, FACTS, HELD, ElsewhereError, Timers

_NO_ORIGINS: Mapping[bytes, bytes] = MappingProxyType({})
_log = structlog.get_logger("stilldown.intake")


class WaitedError(StilldownError):
    """No fact of the batch is at fault, but one that had waited."""

    def __init__(self, row: HeldRow) -> None:
        super().__init__(row.id)
        self.row = row


class _Besides(NamedTuple):
    """What comes with the facts of a batch; see `Engine.take`."""

    reached: tuple[Reached, ...]
    origins: Mapping[bytes, bytes]


class Taking(Timers):
    """The engine's one door (engine.intake.Engine)."""

    _store: Store
    _machine: Callable[[], int] | None

    def _stand_by(self) -> None:
        """Before the first batch."""
        self._now = 0
        self._received = 0
        """When the batch came, by the clock on the wall."""
        self._mode = "wall"
        self._holding = self._dying = False
        self._clock = Clock(0, "wall")
        self._no_timers()
        self._begin_batch()

    def take(
        self,
        bodies: Sequence[bytes],
        *,
        mode: str | None = "wall",
        positions: Iterable[Reached | tuple[str, int, int]] = (),
        facts: Sequence[Fact | MalformedError] | None = None,
        origins: Mapping[bytes, bytes] = _NO_ORIGINS,
    ) -> Taken:
        """Takes facts in, in order, in one transaction; durable when it returns.

        `mode`: `wall`, `event` (the clock follows the facts, timers fire in between), or None: as the store's clock
        goes already. `positions`: how far which part of which feed is taken in with them. `facts`: `bodies` as
        understood, if they were already. `origins`: the messages in which some of the bodies came (contracts.kafka).

        Raises LostError, and records nothing, where a position does not stand where it is believed to.
        """
        parsed = [understand(body) for body in bodies] if facts is None else list(facts)
        besides = _Besides(tuple(Reached(*given) for given in positions), origins)
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
            except WaitedError as error:
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

    def _set_aside(self, error: WaitedError) -> None:
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
                self._get_ready(unit, parsed, alone=not bodies)
                self._build_read()
                results, more = self._decide_all(bodies, parsed)
                if len(results) == len(bodies):
                    for place in besides.reached:
                        unit.reach(place)
                taken = self._save(results, more=more)
        except BaseException:  # an interruption too: what was decided was not saved
            self._forget()
            raise
        self._saved(taken)
        return taken

    def _saved(self, taken: Taken) -> None:
        self._seen_position += taken.events
        self._cache.trim()

    def _get_ready(
        self,
        unit: Unit,
        parsed: Sequence[Fact | MalformedError],
        *,
        alone: bool,
        written: Mapping[Ref, tuple[bytes, str]] = MappingProxyType({}),
    ) -> None:
        """Reads what the facts of a batch will ask for, and what falls due among them; `alone`: there are none.

        What was read is built by `_build_read`. `written`: facts that are not in the store yet, but will be.
        """
        facts = [fact for fact in parsed if isinstance(fact, Fact)]
        self._prefetch(unit, facts, written)
        if self._holding:
            self._waiting.update(unit.held_of([fact.ref for fact in facts]))
            self._awaited |= unit.awaited([for_ for fact in facts for for_ in frees(fact)])
        self._publish_staged(parsed)
        last = max((fact.us for fact in facts), default=self._now) if self._mode == "event" else self._now
        self._look_ahead(max(last, self._now), alone=alone)

    def _decide_all(
        self, bodies: Sequence[bytes], parsed: Sequence[Fact | MalformedError]
    ) -> tuple[list[Result], bool]:
        """What became of the facts, of all or of the first ones; and whether something due is left to do."""
        follows = self._mode == "event" and bool(bodies)
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
        now = max(time, self._now)
        due = self._working or self._loaded < (now, DUE) or (self._heap and self._heap[0][0] <= now)
        if due and not (self._work_off() and self._fire(now, DUE) and self._work_off()):
            return False
        self._now = now
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
        self._exhumed: list[bytes] = []
        self._waiting: dict[Ref, tuple[bytes, str]] = {}
        """Facts of this batch that are held already: the hash, and what for."""
        self._awaited: set[str] = set()
        """What facts that are held wait for, of all that this batch may bring."""
        self._origins: dict[bytes, bytes] = {}
        """By the bytes of a fact: the message in which it came."""

    def _save(self, results: list[Result], *, more: bool = False) -> Taken:
        saving = self._gather(results, more=more)
        saving.write(self._unit)
        return saving.taken

    def _gather(self, results: list[Result], *, more: bool) -> Saving:
        """All that is to be written of what was decided."""
        # A fact that waits was recorded by nobody, but the clock that followed it may not go back behind it.
        begun = self._events or self._seen_position or (self._mode == "event" and self._holding)
        clock = Clock(self._now if begun else self._clock.recorded_at, self._mode)
        return Saving(
            list(map(to_row, self._events)),
            [(source, name, digest, stream) for (source, name), (digest, stream) in self._identities.items()],
            self._armed,
            self._owned,
            self._exhumed,
            None if clock == self._clock else clock,
            Taken(results, self._released, self._decisions, len(self._events), more),
        )

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
        if known is None:
            known = self._waiting.get(fact.ref)
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
        if self._awaited and result.outcome is Outcome.RECORDED:
            self._release(self._waiters([for_ for for_ in frees(fact) if for_ in self._awaited]))
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
                raise WaitedError(row) from error
            self._released.append((fact.ref, result))
            if result.outcome is Outcome.RECORDED:
                for waiter in self._waiters(frees(fact)):
                    heapq.heappush(waiting, waiter)

    def _waiters(self, for_: Iterable[str]) -> list[tuple[Key, Fact, HeldRow]]:
        return self._understood([row for waited in for_ for row in self._unit.release(waited)])

    def _understood(self, rows: Iterable[HeldRow]) -> list[tuple[Key, Fact, HeldRow]]:
        """What had waited, in no order; what the contracts of today do not take any more is a dead letter."""
        found = []
        for row in rows:
            self._waiting.pop((row.source, row.id), None)
            if row.origin is not None:
                self._origins[row.body] = row.origin
            fact = understand(row.body)
            if isinstance(fact, Fact):
                found.append((fact.key, fact, row))
            else:
                self._released.append(((row.source, row.id), self._bury(row.body, fact)))
        return found

    def _decide(self, body: bytes, fact: Fact, digest: bytes) -> Result:
        step = Step(self, self._now, self._now - 1)
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
            self._exhumed.append(body)
        return Result(Outcome.RECORDED, ref=fact.ref)

    def _hold(self, body: bytes, fact: Fact, digest: bytes, held: Held) -> None:
        origin = self._origins.get(body)
        self._unit.hold(HeldRow(fact.source, fact.id, digest, held.waits_for, held.due, self._now, body, origin))
        self._holding = True
        self._waiting[fact.ref] = (digest, held.waits_for)
        self._awaited.add(held.waits_for)
        if held.due is not None and held.due <= self._horizon:
            heapq.heappush(self._heap, (held.due, FACTS, HELD))

    def _bury(self, body: bytes, error: MalformedError, ref: Ref | None = None) -> Result:
        self._unit.bury(body, error, self._received, self._origins.get(body))
        self._dying = True
        return Result(Outcome.DEAD, error.reason, ref)

    def _release_due(self, due: int) -> None:
        self._release(self._understood(self._unit.release_due(due)))

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
