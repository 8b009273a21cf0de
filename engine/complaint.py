"""A complaint: the log of its facts, and what was decided about it (domain.md §2, §5, §7)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple

from contracts.decisions import (
    AgreementApplied,
    ClosureRefused,
    ComplaintClosed,
    ComplaintReopened,
    ComplaintRestated,
    ComplaintWithdrawnRecorded,
    DecisionData,
)
from contracts.envelope import Fact, Key
from contracts.facts import ComplaintFiled, FactCorrected
from engine.corrections import Ref, effective, root

OPEN, CLOSED, WITHDRAWN = "open", "closed", "withdrawn"


class Turn(NamedTuple):
    """A change of status, with the fact behind it; for a reopening, the closing that it undid."""

    time: int
    status: str
    ref: Ref
    closing: Key | None = None
    asked: bool = True
    """False for a reopening that the engine made itself, a closing having proved false."""


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


class Complaint:
    """The state of a complaint stream. Moments are microseconds."""

    __slots__ = (
        "agreement",
        "agreement_version",
        "corrections",
        "facts",
        "false",
        "log",
        "name",
        "refusals",
        "service",
        "stream",
        "turns",
        "version",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.stream = f"complaint:{name}"
        self.version = 0
        self.service = ""
        self.agreement = ""
        self.agreement_version = 0
        self.facts: dict[Ref, Fact] = {}
        """Every fact as it arrived, corrections among them."""
        self.log: list[Fact] = []
        """Facts as corrected, in the order of facts; those that never happened are not in it."""
        self.corrections: dict[Ref, list[Fact]] = {}
        """For each corrected fact the corrections that name it."""
        self.turns: list[Turn] = []
        """Changes of status, in the order recorded."""
        self.refusals: list[Refusal] = []
        self.false: dict[Ref, int] = {}
        """Closings proved false, by the fact that asked for them: the time at which they were."""

    # reading

    @property
    def status(self) -> str:
        """`open`, `closed` or `withdrawn`."""
        return self.turns[-1].status if self.turns else OPEN

    @property
    def filing(self) -> Fact:
        """The fact that filed it, as corrected."""
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
                steps.append(Stage(max(turn.time, last.time), max((turn.time, *turn.ref), last.place), turn.status))
        return steps

    def ends(self, at: int | None = None) -> list[Key]:
        """The places of the ends that count."""
        return [step.place for step in self.steps(at) if step.status != OPEN]

    # evolving

    def record_fact(self, fact: Fact) -> None:
        """A fact of this stream."""
        self.facts[fact.ref] = fact
        if isinstance(fact.data, FactCorrected):
            self._correct(fact, fact.data)
        else:
            if isinstance(fact.data, ComplaintFiled):
                self.service = service_of(fact, fact.data)
            self._insert(fact)

    def _correct(self, fact: Fact, data: FactCorrected) -> None:
        ref = (data.fact.source, data.fact.id)
        original = root(self.facts, ref)
        before = self.effective(original)
        insort(self.corrections.setdefault(ref, []), fact, key=_key)
        after = self.effective(original)
        if before is not None:
            del self.log[bisect_left(self.log, before.key, key=_key)]
        if after is not None:
            self._insert(after)

    def _insert(self, fact: Fact) -> None:
        log = self.log
        if not log or fact.us > log[-1].us or fact.key > log[-1].key:
            log.append(fact)
        else:
            insort(self.log, fact, key=_key)

    def record(self, data: DecisionData, time: int, cause: Ref) -> None:
        """A decision of this stream."""
        if isinstance(data, AgreementApplied):
            self.agreement, self.agreement_version = data.agreement, data.version
        elif isinstance(data, ComplaintClosed):
            self.turns.append(Turn(time, CLOSED, cause))
        elif isinstance(data, ClosureRefused):
            self.refusals.append(Refusal(time, data.by, data.objections))
        elif isinstance(data, ComplaintReopened):
            self._reopened(data, time, cause)
        elif isinstance(data, ComplaintWithdrawnRecorded):
            self.turns.append(Turn(time, WITHDRAWN, cause))
        elif isinstance(data, ComplaintRestated) and data.closings is not None:
            for row in data.closings:
                if row.false:
                    self.false.setdefault((row.fact.source, row.fact.id), time)

    def _reopened(self, data: ComplaintReopened, time: int, cause: Ref) -> None:
        closing = (data.closing.source, data.closing.id)
        closed = self.turn_of(closing)
        asked = data.because != "false_closing"
        if not asked:
            self.false.setdefault(closing, time)
        self.turns.append(Turn(time, OPEN, cause, None if closed is None else (closed.time, *closing), asked))


def service_of(fact: Fact, filed: ComplaintFiled) -> str:
    """The service that a complaint is about: the one it names, else its own (domain.md §2)."""
    return filed.service if filed.service is not None else f"complaint:{fact.subject}"


def _key(fact: Fact) -> Key:
    return fact.key


def _us(fact: Fact) -> int:
    return fact.us
