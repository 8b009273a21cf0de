"""A service: what is said about it, and its outages as recorded (domain.md §4).

The *log* is what the engine decides from (engine.folding); the *conclusions* are what it has
recorded: outages and claims, which are all that anybody reads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from functools import lru_cache
from sys import intern
from typing import Literal, NamedTuple

from msgspec import Struct, field

from contracts.decisions import DecisionData, Outages, ServiceHeard
from contracts.envelope import Fact, Key
from contracts.facts import FactCorrected, ServiceDown, ServiceUp
from contracts.heard import Claimed, Delivered, Item, Leans, Left, Noticed, Rejected, Requested, Said
from contracts.moments import SECOND, micros
from engine.claims import CUSTOMER, Claim, Entry, Place, Shift, Terms
from engine.corrections import BEHIND, Ref, effective, root
from engine.folding import Log
from engine.rows import Outage, claim_of, outage_of

CustomerState = Literal["up", "down", "unconfirmed"]
_TURN = 100
"""The number of a beginning or an end among the items of its fact: after what the fact says."""


_MOST = 1_024
"""Things of a kind that are kept to be found again."""
_ENTRIES: frozenset[type] = frozenset({Said, Claimed, Rejected, Noticed, Delivered})
"""Items that are folded."""


class Closing(NamedTuple):
    """A closing that stands."""

    time: int
    source: str
    id: str
    complaint: str


class Heard(Struct, frozen=True, gc=False):
    """What a fact brought, in its place."""

    time: int
    complaint: str | None
    items: tuple[Item, ...]


class Turn(Struct, frozen=True, gc=False):
    """A complaint's beginning or end on the service: the fact, where it counts, and what was heard (None: nothing)."""

    ref: Ref
    place: Place
    item: Leans | Left | None


class Service(Struct, eq=False, gc=False):
    """The state of a service stream. Moments are microseconds."""

    name: str
    stream: str = ""
    version: int = 0
    outages: list[Outage] = []
    claims: dict[Ref, Claim] = {}
    named: list[int] = []
    """The moments that claims name, sorted."""
    made: list[Place] = []
    """The places of claims, sorted."""
    facts: dict[Ref, Fact] = {}
    """Facts recorded in this stream, as they arrived."""
    corrections: dict[Ref, list[Fact]] = {}
    """For each corrected fact the corrections that name it."""
    heard: dict[Ref, Heard] = {}
    requests: list[tuple[int, str, str, str]] = []
    closings: list[Closing] = []
    log: Log = field(default_factory=Log)
    touched: list[int] = []
    """Moments in whose outages the reported end may have changed."""
    armed: int | None = None
    """When its silence timer is due, as the store has it."""
    recorded_at: int = 0
    followers: dict[str, tuple[tuple[str, int], ...]] = {}
    """Every complaint that ever leaned on it, in the order recorded, with the versions of its agreement."""
    line: list[str] = []
    """The same complaints, by number."""
    kinds: frozenset[tuple[str, int]] = frozenset()
    """The agreements and versions with which complaints ever leaned on it."""
    askers: dict[str, None] = {}
    """Complaints with a request to close that may stand."""
    _turns: dict[str, tuple[Turn, ...]] = {}
    """By complaint its beginnings and ends, in the order in which they were first heard of."""

    weighed: int = 0
    """What it weighed last (engine.cache)."""

    def __post_init__(self) -> None:
        self.stream = f"service:{self.name}"

    # reading

    def state_at(self, time: int) -> CustomerState:
        """`up`, `down` or `unconfirmed` at a moment, as recorded."""
        outage = self.outage_at(time)
        if outage is None:
            return "up"
        for claim in self.claims.values():
            if claim.place[0] <= time and (claim.until is None or time < claim.until):
                return "unconfirmed"
        return "down"

    def outage_at(self, time: int) -> Outage | None:
        """The outage that holds at a moment, if any."""
        i = bisect_right(self.outages, time, key=_start) - 1
        if i >= 0 and ((end := self.outages[i].end) is None or time < end):
            return self.outages[i]
        return None

    def leant(self, complaint: str, since: int) -> bool:
        """Whether a complaint leans on it, or did at `since` or later."""
        last = next((turn for turn in reversed(self._turns[complaint]) if turn.item is not None), None)
        return last is None or isinstance(last.item, Leans) or last.place[0] >= since

    def reported_end(self, start: int, end: int | None) -> int | None:
        """The earliest moment of an outage that a claim names or at which closing was requested, else its end."""
        reported = end
        i = bisect_left(self.named, start)
        if i < len(self.named) and (reported is None or self.named[i] < reported):
            reported = self.named[i]
        i = bisect_left(self.requests, (start, "", "", ""))
        if i < len(self.requests) and (reported is None or self.requests[i][0] < reported):
            reported = self.requests[i][0]
        return reported

    # evolving: what was recorded

    def record_fact(self, fact: Fact) -> None:
        """A fact recorded in this very stream."""
        self.facts[fact.ref] = fact
        if isinstance(fact.data, FactCorrected):
            ref = (fact.data.fact.source, fact.data.fact.id)
            insort(self.corrections.setdefault(ref, []), fact, key=_key)
            fact = self.facts[root(self.facts, ref)]
        said = effective(fact, self.corrections)
        self._put(fact.ref, Heard(fact.us, None, ()) if said is None else Heard(said.us, None, said_by(said)))

    def record(self, data: DecisionData, time: int, _cause: Ref) -> None:
        """A decision of this stream."""
        if isinstance(data, ServiceHeard):
            self._hear(data, time)
        elif isinstance(data, Outages):
            self.conclude(data)

    def _hear(self, decision: ServiceHeard, time: int) -> None:
        """What a fact brings. It replaces what was heard of it."""
        ref = (intern(decision.fact.source), decision.fact.id)
        items = decision.items
        self._put(ref, Heard(time, decision.complaint, _alike(items) if _ordinary(items) else items))

    def conclude(self, rows: Outages) -> None:
        """Conclusions replace what they speak of."""
        self.log.unsettle()
        if rows.from_ is not None:
            until = None if rows.until is None else micros(rows.until)
            self.put_outages(micros(rows.from_), until, [outage_of(row) for row in rows.outages])
        for row in rows.claims:
            self.set_claim(claim_of(row))
        for gone in rows.claims_gone:
            self.drop_claim((gone.source, gone.id))

    def put_outages(self, first: int, until: int | None, outages: list[Outage]) -> None:
        """These hold now, instead of those that start from `first` on and before `until` (None: no end)."""
        low = bisect_left(self.outages, first, key=_start)
        high = len(self.outages) if until is None else bisect_left(self.outages, until, key=_start)
        self.outages[low:high] = outages

    def set_claim(self, claim: Claim) -> None:
        """A claim as it is now."""
        ref = claim.place[1:3]
        old = self.claims.get(ref)
        self.claims[ref] = claim
        if old is None or old.since != claim.since or old.place != claim.place:
            if old is not None:
                self._unlist(old)
            insort(self.named, claim.since)
            insort(self.made, claim.place)

    def drop_claim(self, ref: Ref) -> None:
        """What this fact says is no claim any more."""
        claim = self.claims.pop(ref, None)
        if claim is not None:
            self._unlist(claim)

    def _unlist(self, claim: Claim) -> None:
        del self.named[bisect_left(self.named, claim.since)]
        del self.made[bisect_left(self.made, claim.place)]

    def caught_up(self, due: int | None) -> None:
        """All that it holds now was concluded when it was recorded, here or by another process.

        A fold that there is is brought to where that one's was; `due` is when its next silence has lasted.
        """
        if self.log.tail is None:
            self.log.settle(due)
        else:
            self.log.fold(self.recorded_at)
        self.touched.clear()

    # the log

    def _put(self, ref: Ref, heard: Heard) -> None:
        old = self.heard.get(ref)
        if old is not None:
            if old == heard:
                return
            self._take_out(ref, old)
        if heard.items or old is not None:
            self.heard[ref] = heard
        self._put_in(ref, heard)

    def _put_in(self, ref: Ref, heard: Heard) -> None:
        source, name = ref
        complaint = heard.complaint or ""
        for n, item in enumerate(heard.items):
            place = (heard.time, source, name, n)
            if item.__class__ in _ENTRIES:
                self.log.insert(Entry(place, complaint, item))  # type: ignore[arg-type] # it is one of them
            elif isinstance(item, Requested):
                insort(self.requests, (heard.time, source, name, complaint))
                self.touched.append(heard.time)
                if item.standing:
                    self.askers[complaint] = None
            elif isinstance(item, Left):
                place = _left(item, place)
                if item.closed:
                    insort(self.closings, Closing(place[0], source, name, complaint))
                self._turn(complaint, ref, place, item)
            elif isinstance(item, Leans):
                if complaint not in self.followers:
                    self.line.append(complaint)
                kind = _kind(item.agreement, item.version)
                self.followers[complaint] = _kinds(self.followers.get(complaint, ()), kind)
                if kind not in self.kinds:
                    self.kinds = _with(self.kinds, kind)
                self._turn(complaint, ref, _applied(item, place), item)

    def _take_out(self, ref: Ref, heard: Heard) -> None:
        source, name = ref
        complaint = heard.complaint or ""
        for n, item in enumerate(heard.items):
            if isinstance(item, Requested):
                self.requests.remove((heard.time, source, name, complaint))
                self.touched.append(heard.time)
            elif isinstance(item, Left | Leans):
                place = (heard.time, source, name, n)
                if isinstance(item, Left):
                    place = _left(item, place)
                    if item.closed:
                        self.closings.remove(Closing(place[0], source, name, complaint))
                else:
                    place = _applied(item, place)
                self._turn(complaint, ref, place, None)
            else:
                self.log.remove((heard.time, source, name, n))

    def _turn(self, complaint: str, ref: Ref, place: Place, item: Leans | Left | None) -> None:
        """Leaning begins or ends with a fact (or, None, does not after all)."""
        before = self._turns.get(complaint, ())
        turn = Turn(ref, (*place[:3], _TURN), item)
        known = any([t.ref == ref for t in before])  # noqa: C419 - there are few, mostly none
        after = tuple(turn if t.ref == ref else t for t in before) if known else (*before, turn)
        self._turns[complaint] = after
        shifted, shifts = _shifts(complaint, before) if before else [], _shifts(complaint, after)
        for entry in shifted:
            if entry not in shifts:
                self.log.remove(entry.place)
        for entry in shifts:
            if entry not in shifted:
                self.log.insert(entry)


def _ordinary(items: tuple[Item, ...]) -> bool:
    """Whether many facts bring just the same."""
    return len(items) == 1 and items[0].__class__ is Leans


def _left(item: Left, place: Place) -> Place:
    """Where a complaint left: with the fact; or where its request had stood, behind all facts of that moment."""
    return place if item.at is None else (micros(item.at), f"{BEHIND}{place[1]}", *place[2:])


def _applied(item: Leans, place: Place) -> Place:
    """Where a complaint has these terms from: behind all facts of the moment at which they were applied."""
    return (place[0], f"{BEHIND}{place[1]}", *place[2:]) if item.applied else place


def _shifts(complaint: str, turns: Sequence[Turn]) -> list[Entry]:
    """When the complaint leans, and with which terms, in the order of facts.

    A beginning or an end is never placed before the one recorded ahead of it. Terms are no such thing: those that were
    applied hold from their place on, also where by now it did not lean then.
    """
    marks: list[tuple[Place, Terms | None]] = []
    applied: list[tuple[Place, Terms]] = []
    terms: Terms | None = None
    leans = False
    for turn in turns:
        place, item = turn.place, turn.item
        if isinstance(item, Leans) and item.applied:
            applied.append((place, terms_of(item)))
        elif item is not None and isinstance(item, Leans) != leans:
            leans = not leans
            if marks and place <= marks[-1][0]:
                last = marks[-1][0]
                place = (*last[:3], last[3] + 2)  # its place is behind the one ahead of it
            marks.append((place, None))
            terms = terms_of(item) if terms is None and isinstance(item, Leans) else terms
    return list(_shifted(complaint, sorted([*marks, *applied], key=_first) if applied else marks, terms))


def _shifted(complaint: str, marks: Sequence[tuple[Place, Terms | None]], terms: Terms | None) -> Iterator[Entry]:
    """From beginnings and ends in turn, and terms in between; `terms` are its first; None: it never leant.

    The old terms go when all new ones of that moment, also of others, are there: in between more of them are to accept
    a claim, never fewer.
    """
    leans = False
    for place, now in marks:
        behind: Place = (*place[:3], place[3] + 1)
        if now is None and terms is not None:
            leans = not leans
            yield Entry(behind, complaint, _shift(terms, 1)) if leans else Entry(place, complaint, _shift(terms, -1))
        elif now is not None:
            if leans and terms is not None and now != terms:
                yield Entry(place, complaint, _shift(now, 1))
                yield Entry((place[0], f"{BEHIND}~{place[1]}", *place[2:]), complaint, _shift(terms, -1))
            terms = now


def _first(mark: tuple[Place, Terms | None]) -> tuple[int, str]:
    """Of two versions at one moment the one recorded later is the later one, whatever their names."""
    return mark[0][:2]


# A hundred thousand complaints may lean on a service with the same few terms: what is the same is kept once.


@lru_cache(_MOST)
def _shift(terms: Terms, by: int) -> Shift:
    return Shift(terms, by)


@lru_cache(_MOST)
def _alike(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return items


@lru_cache(_MOST)
def _with(kinds: frozenset[tuple[str, int]], kind: tuple[str, int]) -> frozenset[tuple[str, int]]:
    return kinds | {kind}


@lru_cache(_MOST)
def _kind(agreement: str, version: int) -> tuple[str, int]:
    return agreement, version


@lru_cache(_MOST)
def _kinds(known: tuple[tuple[str, int], ...], kind: tuple[str, int]) -> tuple[tuple[str, int], ...]:
    return known if kind in known else (*known, kind)


@lru_cache(_MOST)
def terms_of(item: Leans) -> Terms:
    """The terms with which a complaint leans."""
    return Terms(item.agreement, item.version, item.accepts, None if item.silence is None else item.silence * SECOND)


def said_by(fact: Fact) -> tuple[Item, ...]:
    """What a `service.*` fact says."""
    data = fact.data
    if isinstance(data, ServiceDown):
        return (Said(up=False, customer=data.evidence == CUSTOMER, since=data.since),)
    if isinstance(data, ServiceUp):
        if data.evidence == CUSTOMER:
            return (Said(up=True, customer=True, since=data.since),)
        return (Claimed(data.evidence, data.by, data.since),)
    return ()


def _start(outage: Outage) -> int:
    return outage.start


def _key(fact: Fact) -> Key:
    return fact.key
