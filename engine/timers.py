"""What falls due: silences, deadlines, absences; and what a change means to many complaints (kernel §§5, 6).

Timers and work are indexes, written in the transaction of the state that wants them. Firing means deciding again from
the state as it is: late, twice, or by two processes, it does nothing wrong. One transaction does a portion.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime

from contracts.errors import StilldownError
from contracts.moments import micros
from contracts.recorded import Recorded
from engine.complaint import Complaint
from engine.decide import Step
from engine.person import Person
from engine.portions import ALONE, BESIDE, LOADING, SILENCES, Portion
from engine.recording import State, Work
from engine.service import Service
from engine.stock import Stock
from engine.store.unit import Unit, WorkRow

HELD = "~held"
"""In the place of a stream, where facts wait for their time."""
SILENCE, FACTS, DUE, AFTER = 0, 1, 2, 3
"""At one instant: first a silence that has lasted, then facts, then what falls due (domain.md §2)."""
AT_ONCE = 32
"""Streams that are read ahead in few statements, and complaints worked off before it is asked whether to go on."""
LOOKED_THROUGH = 4_096
"""Complaints of a service that are looked through in search of so many that follow."""
LAST = micros(datetime.max.replace(tzinfo=UTC))
"""What falls due after the last moment that can be written never does."""


class ElsewhereError(StilldownError):
    """No fact of the batch is at fault, but what falls due in this stream."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.stream = stream


class Timers(Stock):
    """Firing timers and working off work, within the transaction of a batch."""

    _mode: str
    _now: int
    _holding: bool

    def _no_timers(self) -> None:
        """Begins with none."""
        self._horizon = 0
        self._loaded = (0, 0)
        """The place in time before which all that falls due is in the heap: a moment, and a rank."""
        self._size = LOADING
        self._portion = Portion(LOADING)
        self._heap: list[tuple[int, int, str]] = []
        self._ahead = 0
        """How many of the first in the heap are read ahead already."""
        self._stuck: set[str] = set()
        """Streams in which something failed that fell due."""
        self._working = False
        """Whether there is work to be done."""
        self._begin_keeping()

    def _begin_keeping(self) -> None:
        self._events: list[Recorded] = []
        self._decisions = 0
        self._armed: dict[str, int | None] = {}
        self._owned: list[tuple[str, str]] = []

    # ------------------------------------------------------------------ keeping

    def _keep(self, step: Step) -> None:
        """What a step recorded, and the timers and the work that come of it."""
        self._events += step.events
        self._decisions += step.decisions
        for service in step.services:
            self._arm(service, service.log.silence_due())
        for complaint in step.complaints:
            self._arm(complaint, complaint.due)
        for person in step.persons:
            self._arm(person, person.turns(step.by))
        if step.owned:
            self._owned += step.owned
        for work in step.work:
            self._unit.set_work(WorkRow(0, work.stream, work.since, "", work.time, *work.cause))
            self._working = True

    def _arm(self, state: State, due: int | None) -> None:
        if due is not None and due > LAST:
            due = None
        if due == state.armed:
            return
        state.armed = due
        self._armed[state.stream] = due
        if due is not None and due <= self._horizon:
            heapq.heappush(self._heap, (due, _RANKS[type(state)], state.stream))

    def _save_owned(self) -> None:
        if self._owned:
            self._unit.own(self._owned)
            self._owned = []

    # ------------------------------------------------------------------ firing

    def _look_ahead(self, horizon: int, *, alone: bool) -> None:
        """Looks up what falls due in this batch; `alone`: it has no facts."""
        self._horizon = horizon
        self._size = LOADING if self._mode == "event" else ALONE if alone else BESIDE
        self._portion = Portion(LOADING if self._mode == "event" else ALONE if alone else SILENCES)
        asked = self._size.most + len(self._stuck)
        rows = self._unit.timers(horizon, asked)
        if self._others:  # one may have fired a timer, recorded nothing, and set it anew
            self._others = False
            for due, stream in rows:
                state = self._cache.get(stream)
                if state is not None:
                    state.armed = due
        self._loaded = (horizon, AFTER)
        if len(rows) >= asked:
            # At the last of these moments there may be more. What speaks before the facts of it has to be here.
            last = rows[-1][0]
            rows = list(dict.fromkeys([*rows, *self._unit.silences(last)]))
            self._loaded = (last, DUE)
        self._heap = [(due, RANK[stream.partition(":")[0]], stream) for due, stream in rows]
        if self._holding:
            self._heap += [(due, FACTS, HELD) for due in self._unit.held_due(horizon)]
        heapq.heapify(self._heap)
        self._ahead = 0
        self._working = self._unit.works()

    def _begin_portion(self) -> None:
        """What was done so far does not count."""
        self._portion = Portion(self._size)

    def _fire(self, time: int, rank: int) -> bool:
        """What falls due before a place in time, each at its own; whether all of it could be done in this portion."""
        until = min((time, rank), (self._loaded[0], AFTER))  # later, something earlier may not be on hand
        while self._heap and self._heap[0][:2] < until:
            # Work is due at once: where the clock stands still for it, before what falls due later.
            if self._portion.spent or (self._mode == "event" and not self._work_off()):
                return False
            self._read_ahead()
            due, _, stream = heapq.heappop(self._heap)
            if stream == HELD:
                self._at(due)
                self._release_due(due)
                continue
            state = None if stream in self._stuck else self._state(stream)
            if state is not None and state.armed == due:
                self._portion.took(1)
                self._at(due)
                self._fired(state, due)
        return self._loaded >= (time, rank)

    def _read_ahead(self) -> None:
        """Has the stream on hand that fires next."""
        if self._ahead <= 0:
            self._read_next(self._unit)
            self._build_read()
        self._ahead -= 1

    def _read_next(self, unit: Unit) -> None:
        """Reads the streams that fire next in few statements; they are built by `_build_read`."""
        self._ahead = AT_ONCE if self._size.seconds is not None else self._size.most
        first = heapq.nsmallest(self._ahead, self._heap)
        self._prefetch_due(unit, [s for _, _, s in first if s != HELD and s not in self._stuck])

    def _at(self, due: int) -> None:
        if self._mode == "event":
            self._now = max(self._now, due)

    def _release_due(self, due: int) -> None:
        """Facts whose time has come."""
        raise NotImplementedError

    def _fired(self, state: State, due: int) -> None:
        step = Step(self, self._now, self._now - 1 if isinstance(state, Service) else self._now)
        try:
            if isinstance(state, Service):
                step.silence(state, due)
            elif isinstance(state, Complaint):
                step.due(state, due)
            else:
                step.absent(state, due)
        except StilldownError:
            raise
        except Exception as error:
            raise ElsewhereError(state.stream) from error
        self._keep(step)

    def _fire_silences(self) -> None:
        """Before facts are taken by the machine's clock: silences that have lasted, facts whose time has come.

        What else is due waits until the facts are taken: they may have come in time.
        """
        due = [timer for timer in self._heap if timer[1] == DUE]
        self._heap = [timer for timer in self._heap if timer[1] != DUE]
        heapq.heapify(self._heap)
        self._fire(self._now, AFTER)
        for timer in due:
            heapq.heappush(self._heap, timer)
        self._ahead = 0

    # ------------------------------------------------------------------ work

    def _work_off(self) -> bool:
        """Carries changes to complaints; whether all of it could be done in this portion."""
        while self._working:
            row = self._unit.work()
            if row is None:
                self._working = False
                break
            if self._portion.spent:
                return False
            self._carry(row)
        return True

    def _carry(self, row: WorkRow) -> None:
        work = Work(row.stream, row.since, row.time, (row.source, row.id))
        kind, _, name = row.stream.partition(":")
        step = Step(self, self._now, self._now if kind == "person" and self._begun(name) else self._now - 1)
        names, cursor = (self._leaning if kind == "service" else self._owning)(step, work, name, row.cursor)
        self._read(self._unit, [f"complaint:{name}" for name in names])
        try:
            step.follow(work, names)
        except StilldownError:
            raise
        except Exception as error:
            raise ElsewhereError(row.stream) from error
        self._portion.took(len(names) + 1)
        self._unit.move_work(row.number, cursor)
        self._keep(step)

    def _begun(self, name: str) -> bool:
        """Whether every absence of a person that begins or ends by now has done so: its timer has fired."""
        armed = self.person(name).armed
        return armed is None or armed > self._now

    def _leaning(self, step: Step, work: Work, name: str, cursor: str) -> tuple[list[str], str | None]:
        """The next complaints that follow a service, and how far that is."""
        service = self.service(name)
        first = int(cursor or 0)
        last = min(first + LOOKED_THROUGH, len(service.line))
        names: list[str] = []
        for number in range(first, last):
            complaint = service.line[number]
            if step.follows(service, complaint, work.since):
                names.append(complaint)
                if len(names) >= AT_ONCE:
                    last = number + 1
                    break
        return names, str(last) if last < len(service.line) else None

    def _owning(self, _step: Step, _work: Work, name: str, cursor: str) -> tuple[list[str], str | None]:
        """The next complaints that a person was given, those of this batch among them, and how far that is."""
        self._save_owned()
        names = self._unit.owned(name, cursor, AT_ONCE)
        return names, names[-1] if len(names) >= AT_ONCE else None


_RANKS: dict[type[State], int] = {Service: SILENCE, Complaint: DUE, Person: DUE}
RANK = {"service": SILENCE, "complaint": DUE, "person": DUE}
"""By kind of stream: at one instant, where what falls due in it comes."""
