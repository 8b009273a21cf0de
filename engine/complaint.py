"""A complaint: the log of its facts, and what was decided about it (domain.md §2, §5, §7)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from contracts.decisions import (
    AgreementApplied,
    ClockBreached,
    ClockChanged,
    ClockRestated,
    ClockWarned,
    ClosureRefused,
    ComplaintClosed,
    ComplaintReassigned,
    ComplaintReopened,
    ComplaintRestated,
    ComplaintWithdrawnRecorded,
    CreditOwed,
    CreditRestated,
    DecisionData,
    PromiseBroken,
)
from contracts.envelope import Fact, Key
from contracts.facts import (
    ComplaintAcknowledged,
    ComplaintAssigned,
    ComplaintCloseRequested,
    ComplaintFiled,
    FactCorrected,
    PromiseMade,
)
from contracts.moments import micros
from engine.corrections import BEHIND, Ref, effective, root
from engine.cycles import Cycles, Kept, made
from engine.runs import Looked
from engine.waiting import TOLD, Told, told

FALLS_DUE = (ClockBreached, ClockWarned, CreditOwed, PromiseBroken)
"""What is recorded at its own moment by a timer alone, or where terms are applied (Recording.by)."""
OPEN, CLOSED, WITHDRAWN = "open", "closed", "withdrawn"


class Turn(NamedTuple):
    """A change of status, with the fact behind it; for a reopening, the closing that it undid."""

    time: int
    status: str
    ref: Ref
    closing: Key | None = None
    asked: bool = True
    """False for a reopening that the engine made itself, a closing having proved false."""
    waited: bool = False
    """Whether it is a closing whose request had stood."""

    @property
    def place(self) -> Key:
        """Where it counts; a closing that was waited for is behind all facts of its moment."""
        return (self.time, f"{BEHIND}{self.ref[0]}" if self.waited else self.ref[0], self.ref[1])


class Stage(NamedTuple):
    """A beginning (`open`) or an end of the complaint, where it counts."""

    time: int
    place: Key
    status: str


class Refusal(NamedTuple):
    """A closing that was refused."""

    time: int
    by: str
    objections: tuple[str, ...]


class Complaint(Struct, eq=False, gc=False):
    """The state of a complaint stream. Moments are microseconds."""

    name: str
    stream: str = ""
    version: int = 0
    service: str = ""
    agreement: str = ""
    applied: list[tuple[int, int]] = []
    """When which version of its agreement was applied, from its filing on."""
    facts: dict[Ref, Fact] = {}
    """Every fact as it arrived, corrections among them."""
    log: list[Fact] = []
    """Facts as corrected, in the order of facts; those that never happened are not in it."""
    corrections: dict[Ref, list[Fact]] = {}
    """For each corrected fact the corrections that name it."""
    turns: list[Turn] = []
    """Changes of status, in the order recorded."""
    refusals: list[Refusal] = []
    false: dict[Ref, int] = {}
    """Closings proved false, by the fact that asked for them: the time at which they were."""
    standing: Ref | None = None
    """The refused request that stands until nothing objects."""
    cycles: dict[str, Cycles] = {}
    """The cycles of each clock as recorded."""
    broken: frozenset[tuple[str, int]] = frozenset()
    """Promises recorded as broken, each with its due time."""
    credits: dict[int, str] = {}
    """What is recorded as owed, by the outage's start."""
    people: frozenset[str] = frozenset()
    """To whom it was ever given, by any version of the facts."""
    acknowledged: Key | None = None
    """The place of the first acknowledgement that is not automatic."""
    promised: bool = False
    """Whether anything was promised in it."""
    reassigned: frozenset[tuple[int, str | None, str | None]] = frozenset()
    """What is recorded of deputies: when, for whom, and who."""
    due: int | None = None
    """When something of it falls due next, as reckoned last."""
    armed: int | None = None
    """When its timer is due, as the store has it."""
    _stages: list[Stage] | None = None
    _told: Told | None = None
    recorded_at: int = 0
    """When the last of its events was recorded: what fell due before is concluded."""
    concluded: int | None = None
    """When last something of it fell due and was recorded at that very moment: what fell due by then is concluded."""

    looked: Looked | None = None
    """How it stood when it was looked at last; None where anything of it may have changed since."""
    weighed: int = 0
    """What it weighed last (engine.cache)."""

    def __post_init__(self) -> None:
        self.stream = f"complaint:{self.name}"

    # reading

    @property
    def agreement_version(self) -> int:
        """The version of its agreement that it has now."""
        return self.applied[-1][1]

    def version_at(self, time: int) -> int:
        """The version of its agreement that it had at a moment."""
        return next((version for at, version in reversed(self.applied) if at <= time), self.applied[0][1])

    @property
    def born(self) -> int:
        """From when on it lives through outages: its filing, or the `down_since` of it, if earlier."""
        filing = self.filing
        data = filing.data
        if isinstance(data, ComplaintFiled) and data.down and data.down_since is not None:
            return min(filing.us, micros(data.down_since))
        return filing.us

    @property
    def status(self) -> str:
        """`open`, `closed` or `withdrawn`."""
        return self.turns[-1].status if self.turns else OPEN

    @property
    def filing(self) -> Fact:
        """The fact that filed it, as corrected."""
        first = self.log[0]  # as a rule; what is dated before the filing stands ahead of it
        if isinstance(first.data, ComplaintFiled):
            return first
        return next(fact for fact in self.log if isinstance(fact.data, ComplaintFiled))

    def effective(self, ref: Ref) -> Fact | None:
        """A fact as corrected; None if it never happened."""
        return effective(self.facts[ref], self.corrections)

    def until(self, time: int) -> list[Fact]:
        """The facts up to and including a moment."""
        return self.log[: bisect_right(self.log, time, key=_us)]

    def turn_of(self, ref: Ref) -> Turn | None:
        """The change of status that a fact asked for and got, if it did."""
        return next((turn for turn in self.turns if turn.ref == ref and turn.asked), None)

    def turned(self, ref: Ref) -> bool:
        """Whether a fact ended this complaint, or asked to reopen it and got that."""
        return self.turn_of(ref) is not None

    def closings(self) -> Iterator[Turn]:
        """Its closings, false ones too, in the order recorded."""
        return (turn for turn in self.turns if turn.status == CLOSED)

    def is_late(self, fact: Fact) -> bool:
        """Whether a fact that is not yet in the log comes before one that is."""
        return bool(self.log) and fact.us <= self.log[-1].us and fact.key < self.log[-1].key

    def steps(self, at: int | None = None) -> list[Stage]:
        """Its beginnings and ends that count, from the filing on: closings proved false do not.

        In the order recorded; one whose time lies before the one ahead of it counts as right after that.
        """
        filing = self.filing
        steps = [Stage(filing.us, filing.key, OPEN)]
        for turn in self.turns:
            if turn.ref in self.false or not turn.asked or (at is not None and turn.time > at):
                continue
            last = steps[-1]
            if (turn.status == OPEN) != (last.status == OPEN):
                steps.append(Stage(max(turn.time, last.time), max(turn.place, last.place), turn.status))
        return steps

    @property
    def beginnings(self) -> list[Stage]:
        """All its beginnings and ends that count."""
        if self._stages is None:
            self._stages = self.steps()
        return self._stages

    @property
    def told(self) -> Told:
        """What all its facts say to clocks."""
        if self._told is None:
            self._told = told(self.log, [step.place for step in self.beginnings if step.status != OPEN])
        return self._told

    def as_told(self, at: int) -> tuple[list[Stage], Told]:
        """Its beginnings and ends, and what its facts say to clocks, up to a moment."""
        steps = self.steps(at)
        return steps, told(self.until(at), [step.place for step in steps if step.status != OPEN])

    def open_(self, at: int | None = None) -> list[tuple[int, int | None]]:
        """When it was not ended, from the filing on; closings proved false ended nothing."""
        steps = self.steps(at)
        ends: list[int | None] = [step.time for step in steps[1::2]]
        return list(zip([step.time for step in steps[::2]], [*ends, None], strict=False))

    def ends(self, at: int | None = None) -> list[Key]:
        """The places of the ends that count."""
        return [step.place for step in self.steps(at) if step.status != OPEN]

    # evolving

    def record_fact(self, fact: Fact) -> None:
        """A fact of this stream."""
        data = fact.data
        self.facts[fact.ref] = fact
        self.looked = None
        if isinstance(data, FactCorrected):
            self._stages = self._told = None
            self._correct(fact, data)
            return
        if isinstance(data, ComplaintFiled):
            self._stages = self._told = None
            self.service = service_of(fact, data)
        elif isinstance(data, PromiseMade):
            self.promised = True
        elif data.__class__ in TOLD:
            self._told = None
        self._insert(fact)

    def _correct(self, fact: Fact, data: FactCorrected) -> None:
        ref = (data.fact.source, data.fact.id)
        original = root(self.facts, ref)
        before = self.effective(original)
        insort(self.corrections.setdefault(ref, []), fact, key=_key)
        after = self.effective(original)
        if before is not None:
            del self.log[bisect_left(self.log, before.key, key=_key)]
            if before.key == self.acknowledged:
                self.acknowledged = None
                for other in self.log:
                    if isinstance(other.data, ComplaintAcknowledged):
                        self._acknowledge(other)
        if after is not None:
            self._insert(after)

    def _insert(self, fact: Fact) -> None:
        data = fact.data
        if isinstance(data, ComplaintAssigned):
            if data.to is not None and data.to not in self.people:
                self.people |= {data.to}
        elif isinstance(data, ComplaintAcknowledged):
            self._acknowledge(fact)
        log = self.log
        if not log or fact.us > log[-1].us or fact.key > log[-1].key:
            log.append(fact)
        else:
            insort(self.log, fact, key=_key)

    def _acknowledge(self, fact: Fact) -> None:
        automatic = isinstance(fact.data, ComplaintAcknowledged) and fact.data.automatic
        if not automatic and (self.acknowledged is None or fact.key < self.acknowledged):
            self.acknowledged = fact.key

    def record(self, data: DecisionData, time: int, cause: Ref) -> None:
        """A decision of this stream."""
        self.looked = None
        if time == self.recorded_at and isinstance(data, FALLS_DUE):
            self.concluded = time
        if isinstance(data, AgreementApplied):
            self.agreement = data.agreement
            self.applied.append((time, data.version))
        elif isinstance(data, ClockChanged):
            self._clock(data)
        elif isinstance(data, PromiseBroken):
            self.broken |= {(data.promise, micros(data.due))}
        elif isinstance(data, CreditOwed | CreditRestated):
            self.credits[micros(data.outage)] = data.amount
        elif isinstance(data, ComplaintReassigned):
            self.reassigned |= {(time, data.person, data.deputy)}
        else:
            self._stages = self._told = None
            self._turned(data, time, cause)

    def _turned(self, data: DecisionData, time: int, cause: Ref) -> None:
        if isinstance(data, ComplaintClosed):
            self.turns.append(Turn(time, CLOSED, cause, waited=self.standing == cause))
            self.standing = None
        elif isinstance(data, ClosureRefused):
            self.refusals.append(Refusal(time, data.by, data.objections))
            self.standing = cause if self._stands(cause, data) else None
        elif isinstance(data, ComplaintReopened):
            self._reopened(data, time, cause)
        elif isinstance(data, ComplaintWithdrawnRecorded):
            self.turns.append(Turn(time, WITHDRAWN, cause))
            self.standing = None
        elif isinstance(data, ComplaintRestated):
            self._restated(data, time)

    def _stands(self, request: Ref, refused: ClosureRefused) -> bool:
        data = self.facts[request].data
        asked = isinstance(data, ComplaintCloseRequested) and bool(data.when_confirmed)
        return asked and "already_ended" not in refused.objections

    def _restated(self, data: ComplaintRestated, time: int) -> None:
        for row in data.closings or ():
            if row.false:
                self.false.setdefault((row.fact.source, row.fact.id), time)
        if data.owners is not None:
            stood = [row for row in data.owners if row.deputy_of is not None]
            self.reassigned = frozenset((micros(row.time), row.deputy_of, row.person) for row in stood)

    def _clock(self, data: ClockChanged) -> None:
        self.record_clock(made(data.row), gone=isinstance(data, ClockRestated) and data.gone)

    def record_clock(self, row: Kept, *, gone: bool) -> None:
        """A cycle of a clock as it is now; `gone`: it is none any more."""
        cycles = self.cycles.get(row.clock)
        if cycles is None:
            cycles = self.cycles[row.clock] = Cycles()
        if gone:
            cycles.cut(row.number)
        else:
            cycles.put(row)

    def _reopened(self, data: ComplaintReopened, time: int, cause: Ref) -> None:
        closing = (data.closing.source, data.closing.id)
        closed = self.turn_of(closing)
        asked = data.because != "false_closing"
        if not asked:
            self.false.setdefault(closing, time)
        self.turns.append(Turn(time, OPEN, cause, None if closed is None else (closed.time, *closing), asked))
        self.standing = None


def service_of(fact: Fact, filed: ComplaintFiled) -> str:
    """The service that a complaint is about: the one it names, else its own (domain.md §2)."""
    return filed.service if filed.service is not None else f"complaint:{fact.subject}"


def _key(fact: Fact) -> Key:
    return fact.key


def _us(fact: Fact) -> int:
    return fact.us
