"""Claims, silence, and who leans on the service (domain.md §4, 3 to 5).

`Fold` is the timeline of a service with the claims about it, and takes the items that its log holds
(contracts.decisions.Item) one after the other, in the order of facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal, NamedTuple

from msgspec import Struct, field

from contracts.heard import Claimed, Delivered, Noticed, Rejected, Said
from contracts.moments import micros
from engine.words import BEGINNING, EarlierNeededError, Timeline

Place = tuple[int, str, str, int]
"""A place in the log: the fact's key (`time`, `source`, `id`) and the number of its item."""
CLAIMS_KEPT = 8
"""Claims that a fold still holds after a checkpoint, beside those that are pending."""
_AFTER_CLAIMS: Place = (2**62, "", "", 0)
State = Literal["pending", "confirmed", "void"]
PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
VOID: Final = "void"
CUSTOMER, SILENCE = "customer", "silence"


class Terms(NamedTuple):
    """What an agreement's version says of restoration; `silence` in microseconds."""

    agreement: str
    version: int
    accepts: tuple[str, ...]
    silence: int | None


class Shift(NamedTuple):
    """One more (`by` 1) or one fewer (-1) complaint with these terms leans on the service."""

    terms: Terms
    by: int


class Entry(Struct, frozen=True, gc=False):
    """An item of the log in its place."""

    place: Place
    complaint: str | None
    item: Said | Claimed | Rejected | Noticed | Delivered | Shift


class Claim(NamedTuple):
    """A claim: `since` is the moment that it names, `effect` where it first held once confirmed.

    From its time until `until` it made the service unconfirmed, where it was not up; `settled_at` is the
    time of the word that confirmed or voided it.
    """

    place: Place
    since: int
    outage_from: int
    evidence: str
    by: str | None
    state: State = PENDING
    settled_at: int | None = None
    until: int | None = None
    effect: int | None = None


Delivery = tuple[int, str, str]
"""When a notice was delivered, and the fact that says so (`source`, `id`)."""


NoticeId = tuple[str | None, str]


class Notice(NamedTuple):
    """A notice about confirmation that may be answered by silence: the earliest moment claimed before it was sent."""

    name: NoticeId
    earliest: int
    delivered: Delivery | None


class Fold(Timeline):
    """A service's timeline with its claims. `deliveries`: when notices were delivered, as far as is known."""

    deliveries: Mapping[NoticeId, tuple[Delivery, ...]]
    claims: dict[Place, Claim] = field(default_factory=dict)
    """Claims that a word could still change, in the order of facts."""
    pending: list[Place] = field(default_factory=list)
    settled: list[Place] = field(default_factory=list)
    """Confirmed claims that a down word could still void."""
    notices: list[Notice] = field(default_factory=list)
    """Unbroken notices that were sent while a claim was pending; one that was sent again, again."""
    leaners: dict[Terms, int] = field(default_factory=dict)
    spoke: tuple[str, str] | None = None
    """The delivery behind the last silence that spoke between entries."""
    frontier: int = BEGINNING
    """The time of the last thing said, a silence included."""
    changed: set[Place] = field(default_factory=set)
    """Claims made or changed since somebody last emptied this."""
    limit: int = BEGINNING
    """No word may reach further back than this: claims that it would touch were cut off."""
    lost: dict[Place, Claim] = field(default_factory=dict)
    """Claims that were cut off since somebody last emptied this."""

    # taking entries

    def take(self, entry: Entry) -> None:
        """One entry in its place; silences that have lasted by then speak first."""
        time = entry.place[0]
        if self.notices:
            self.until(time)
        self._take[entry.item.__class__](self, entry, entry.item)
        self.frontier = max(self.frontier, time)

    def until(self, now: int) -> None:
        """Lets the silence speak that has lasted by `now`, at the moment at which it had."""
        if not self.notices:
            return
        due = self.silence_due()
        if due is not None and due <= now:
            silence = self._silence() or 0
            lasted = [n for n in self.notices if _lasts(n, silence, due)]
            self.spoke = min(n.delivered[1:] for n in lasted if n.delivered is not None)
            self._up(due, min(n.earliest for n in lasted), SILENCE, customer=False)
            self.frontier = max(self.frontier, due)

    def silence_due(self) -> int | None:
        """When the next silence has lasted, if nothing breaks it; None if none runs."""
        if not self.notices:
            return None
        silence = self._silence()
        if silence is None:
            return None
        return min((n.delivered[0] + silence for n in self.notices if n.delivered is not None), default=None)

    def _said(self, entry: Entry, word: Said) -> None:
        time = entry.place[0]
        since = None if word.since is None else micros(word.since)
        if word.up:
            if since is None:
                since = min((self.claims[place].since for place in self.pending), default=time)
            self._up(time, since, CUSTOMER, customer=True)
            return
        if since is None:
            since = time
            if word.never_back and self.is_up:
                ended = self.last_end()
                since = time if ended is None else ended
        self._down(time, since, customer=word.customer)

    def _claimed(self, entry: Entry, item: Claimed) -> None:
        if self.is_up:
            return
        time, place = entry.place[0], entry.place
        began = self.outage_start()
        since = max(time if item.since is None else micros(item.since), began)
        self._reach(since)
        self._set(Claim(place, since, began, item.evidence, item.by))
        self.pending.append(place)
        if self._accepts(item.evidence):
            self._up(time, since, item.evidence, customer=False)

    def _rejected(self, _entry: Entry, _item: Rejected) -> None:
        self.notices = []

    def _noticed(self, entry: Entry, item: Noticed) -> None:
        if not self.pending:
            return
        name = (entry.complaint, item.notice)
        earliest = min(self.claims[place].since for place in self.pending)
        if any(n.name == name and n.earliest <= earliest for n in self.notices):
            return
        before = min((d for d in self.deliveries.get(name, ()) if d < entry.place[:3]), default=None)
        # What was delivered before it was sent counts as delivered then: the customer cannot have been silent earlier.
        delivered = None if before is None else (entry.place[0], before[1], before[2])
        self.notices.append(Notice(name, earliest, delivered))

    def _delivered(self, entry: Entry, item: Delivered) -> None:
        name = (entry.complaint, item.notice)
        for i, notice in enumerate(self.notices):
            if notice.name == name and notice.delivered is None:
                self.notices[i] = notice._replace(delivered=entry.place[:3])

    def _shifted(self, entry: Entry, item: Shift) -> None:
        count = self.leaners.get(item.terms, 0) + item.by
        if count:
            self.leaners[item.terms] = count
        else:
            self.leaners.pop(item.terms, None)
        self._settle(entry.place[0])

    # who leans decides

    def _accepts(self, evidence: str) -> bool:
        """Whether all who lean accept it; while none leans, nobody disputes a claim."""
        return all(evidence in terms.accepts for terms in self.leaners)

    def _silence(self) -> int | None:
        """The longest silence of those who lean; None if one has none."""
        longest = 0
        for terms in self.leaners:
            if terms.silence is None:
                return None
            longest = max(longest, terms.silence)
        return longest

    def _settle(self, time: int) -> None:
        """Who leans has changed: what they now accept, or a silence that is long enough for them, speaks."""
        pending = [self.claims[place] for place in self.pending]
        best = min(((c.since, c.place, c.evidence) for c in pending if self._accepts(c.evidence)), default=None)
        silence = self._silence()
        if self.notices and silence is not None:
            lasted = [n.earliest for n in self.notices if _lasts(n, silence, time)]
            if lasted and (best is None or min(lasted) < best[0]):
                best = (min(lasted), _AFTER_CLAIMS, SILENCE)
        if best is not None:
            self._up(time, best[0], best[2], customer=False)

    # words

    def _up(self, time: int, since: int, by: str, *, customer: bool) -> None:
        self._reach(since)
        self.say_up(since, time, by, customer=customer)
        self._spoken_of(since)
        for place in self.pending:
            claim = self.claims[place]
            self._set(claim._replace(state=CONFIRMED, settled_at=time, effect=self.first_up(claim.since)))
            self.settled.append(place)
        self.pending = []
        self.notices = []

    def _down(self, time: int, since: int, *, customer: bool) -> None:
        self._reach(since)
        self.say_down(since, time, customer=customer)
        self._spoken_of(since)
        for place in self.pending:
            self._set(self.claims[place]._replace(state=VOID, settled_at=time))
        self.pending = []
        self.notices = []
        if self.settled:
            kept = []
            for place in self.settled:
                claim = self.claims[place]
                if claim.effect is not None and claim.effect >= since and not self.up_at(claim.effect):
                    self._set(claim._replace(state=VOID, effect=None))
                else:
                    kept.append(place)
            self.settled = kept

    def _reach(self, since: int) -> None:
        if since < self.limit:
            raise EarlierNeededError(since)

    def _spoken_of(self, since: int) -> None:
        """From `since` on a word holds: what claims had made unconfirmed there is so no more."""
        for place in reversed(self.claims):
            claim = self.claims[place]
            if claim.until is not None and claim.until <= since:
                break
            self._set(claim._replace(until=max(place[0], since)))

    def _set(self, claim: Claim) -> None:
        self.claims[claim.place] = claim
        self.changed.add(claim.place)

    # keeping

    def snapshot(self) -> Fold:
        """A copy that shares nothing that changes."""
        return Fold(
            self.deliveries,
            base=self.base,
            starts=self.starts[:],
            by=self.by[:],
            shields=self.shields[:],
            ends=self.ends[:],
            overridden=self.overridden[:],
            claims=dict(self.claims),
            pending=self.pending[:],
            settled=self.settled[:],
            notices=self.notices[:],
            leaners=dict(self.leaners),
            frontier=self.frontier,
            limit=self.limit,
        )

    def cut(self, outages: int) -> None:
        """Forget what lies before the last outages, and claims that were settled long ago."""
        super().cut(outages)
        self.limit = max(self.limit, self.base)
        if len(self.claims) > CLAIMS_KEPT:
            settled_first = list(self.claims.values())[-CLAIMS_KEPT - 1]
            if settled_first.until is not None:
                named = min((self.claims[place].since for place in self.pending), default=settled_first.until)
                self.limit = max(self.limit, min(settled_first.until, named))
        kept = {claim.place: claim for claim in self._from(self.limit)}
        self.lost.update((place, claim) for place, claim in self.claims.items() if place not in kept)
        self.claims = kept
        self.settled = [place for place in self.settled if place in kept]

    def _from(self, limit: int) -> list[Claim]:
        """Claims that a word from `limit` on could change."""
        return [
            claim
            for claim in self.claims.values()
            if claim.until is None or claim.until > limit or (claim.effect is not None and claim.effect >= limit)
        ]

    def agrees(self, old: Fold) -> bool:
        """Whether whatever comes next has the same effect on both, and `old` holds no more than this."""
        return (
            self.limit <= old.limit
            and self.pending == old.pending
            and self.notices == old.notices
            and self.leaners == old.leaners
            and self._from(old.limit) == list(old.claims.values())
            and self.same_from(old.base, old)
        )

    _take: ClassVar[dict[type, Callable[[Any, Entry, Any], None]]] = {
        Said: _said,
        Claimed: _claimed,
        Rejected: _rejected,
        Noticed: _noticed,
        Delivered: _delivered,
        Shift: _shifted,
    }


def _lasts(notice: Notice, silence: int, time: int) -> bool:
    return notice.delivered is not None and notice.delivered[0] + silence <= time
