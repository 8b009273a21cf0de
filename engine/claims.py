"""Claims, silence, and who leans on the service (domain.md §4, 3 to 5).

`Fold` is the timeline of a service with the claims about it, and takes the items that its log holds
(contracts.decisions.Item) one after the other, in the order of facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from contracts.decisions import Claimed, Delivered, Noticed, Rejected, Said
from contracts.moments import micros
from engine.words import Timeline

Place = tuple[int, str, str, int]
"""A place in the log: the fact's key (`time`, `source`, `id`) and the number of its item."""
PENDING, CONFIRMED, VOID = "pending", "confirmed", "void"
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


class Entry(NamedTuple):
    """An item of the log in its place."""

    place: Place
    complaint: str | None
    item: Said | Claimed | Rejected | Noticed | Delivered | Shift


class Claim(NamedTuple):
    """A claim: `since` is the moment that it names, `effect` where it first held once confirmed."""

    place: Place
    since: int
    outage_from: int
    evidence: str
    by: str | None
    state: str = PENDING
    settled_at: int | None = None
    effect: int | None = None


Delivery = tuple[int, str, str]
"""When a notice was delivered, and the fact that says so (`source`, `id`)."""


class Notice(NamedTuple):
    """A notice about confirmation that may be answered by silence: the earliest moment claimed before it."""

    earliest: int
    sent: int
    delivered: Delivery | None


NoticeId = tuple[str | None, str]


class Fold(Timeline):
    """A service's timeline with its claims. `deliveries`: first delivery of each notice, if known."""

    __slots__ = ("changed", "deliveries", "frontier", "leaners", "notices", "pending", "settled", "spoke")

    def __init__(self, deliveries: Mapping[NoticeId, tuple[Delivery, ...]]) -> None:
        super().__init__()
        self.pending: list[Claim] = []
        self.settled: list[Claim] = []
        """Confirmed claims that a down word could still void."""
        self.notices: dict[NoticeId, Notice] = {}
        """Unbroken notices that were sent while a claim was pending."""
        self.leaners: dict[Terms, int] = {}
        self.deliveries = deliveries
        self.spoke: tuple[str, str] | None = None
        """The delivery behind the last silence that spoke between entries."""
        self.frontier = self.base
        """The time of the last thing said, a silence included."""
        self.changed: dict[Place, Claim] = {}
        """Claims made or settled since somebody last emptied this."""

    # taking entries

    def take(self, entry: Entry) -> None:
        """One entry in its place; silences that have lasted by then speak first."""
        time = entry.place[0]
        if self.notices:
            self.until(time)
        self._take[entry.item.__class__](self, entry, entry.item)
        if time > self.frontier:
            self.frontier = time

    def until(self, now: int) -> None:
        """Lets the silence speak that has lasted by `now`, at the moment at which it had."""
        due = self.silence_due()
        if due is not None and due <= now:
            silence = self._silence() or 0
            lasted = [n for n in self.notices.values() if _lasts(n, silence, due)]
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
        return min((_due(n, silence) for n in self.notices.values() if n.delivered is not None), default=None)

    def _said(self, entry: Entry, word: Said) -> None:
        time = entry.place[0]
        since = None if word.since is None else micros(word.since)
        if word.up:
            if since is None:
                since = min((c.since for c in self.pending), default=time)
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
        time = entry.place[0]
        began = self.outage_start()
        since = max(time if item.since is None else micros(item.since), began)
        claim = Claim(entry.place, since, began, item.evidence, item.by)
        self.pending.append(claim)
        self.changed[claim.place] = claim
        if self._accepts(item.evidence):
            self._up(time, since, item.evidence, customer=False)

    def _rejected(self, _entry: Entry, _item: Rejected) -> None:
        self.notices = {}

    def _noticed(self, entry: Entry, item: Noticed) -> None:
        if not self.pending:
            return
        notice = (entry.complaint, item.notice)
        if notice in self.notices:
            return
        time = entry.place[0]
        before = min((d for d in self.deliveries.get(notice, ()) if d[0] <= time), default=None)
        self.notices[notice] = Notice(min(c.since for c in self.pending), time, before)
        if before is not None:
            self._settle(time)

    def _delivered(self, entry: Entry, item: Delivered) -> None:
        notice = self.notices.get((entry.complaint, item.notice))
        if notice is not None and notice.delivered is None:
            self.notices[entry.complaint, item.notice] = notice._replace(delivered=entry.place[:3])
            self._settle(entry.place[0])

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
        """What those who lean now accept, or a silence that is long enough for them, speaks."""
        if not self.pending:
            return
        best = min(((c.since, c.evidence) for c in self.pending if self._accepts(c.evidence)), default=None)
        silence = self._silence()
        if self.notices and silence is not None:
            lasted = [n.earliest for n in self.notices.values() if _lasts(n, silence, time)]
            if lasted and (best is None or min(lasted) < best[0]):
                best = (min(lasted), SILENCE)
        if best is not None:
            self._up(time, best[0], best[1], customer=False)

    # words

    def _up(self, time: int, since: int, by: str, *, customer: bool) -> None:
        self.write(since, by, time, customer=customer)
        for claim in self.pending:
            confirmed = claim._replace(state=CONFIRMED, settled_at=time, effect=self.first_up(claim.since))
            self.settled.append(confirmed)
            self.changed[claim.place] = confirmed
        self.pending = []
        self.notices = {}

    def _down(self, time: int, since: int, *, customer: bool) -> None:
        self.say_down(since, time, customer=customer)
        for claim in self.pending:
            self.changed[claim.place] = claim._replace(state=VOID, settled_at=time)
        self.pending = []
        self.notices = {}
        if self.settled:
            kept = []
            for claim in self.settled:
                if claim.effect is not None and claim.effect >= since and not self.up_at(claim.effect):
                    self.changed[claim.place] = claim._replace(state=VOID)
                else:
                    kept.append(claim)
            self.settled = kept

    # keeping

    def snapshot(self) -> Fold:
        """A copy that shares nothing that changes."""
        copy = Fold(self.deliveries)
        copy.base, copy.frontier = self.base, self.frontier
        copy.starts, copy.by = self.starts[:], self.by[:]
        copy.shields, copy.overridden = self.shields[:], self.overridden[:]
        copy.pending, copy.settled = self.pending[:], self.settled[:]
        copy.notices, copy.leaners = dict(self.notices), dict(self.leaners)
        return copy

    def _cut_at(self, i: int) -> None:
        super()._cut_at(i)
        base = self.base
        self.settled = [c for c in self.settled if c.effect is not None and c.effect >= base]

    def agrees(self, old: Fold) -> bool:
        """Whether whatever comes next has the same effect on both, and `old` holds no more than this."""
        base = old.base
        return (
            self.pending == old.pending
            and self.notices == old.notices
            and self.leaners == old.leaners
            and [c for c in self.settled if c.effect is not None and c.effect >= base] == old.settled
            and self.same_from(base, old)
        )

    _take: ClassVar[dict[type, Callable[[Any, Entry, Any], None]]] = {
        Said: _said,
        Claimed: _claimed,
        Rejected: _rejected,
        Noticed: _noticed,
        Delivered: _delivered,
        Shift: _shifted,
    }


def _due(notice: Notice, silence: int) -> int:
    return notice.sent if notice.delivered is None else max(notice.delivered[0] + silence, notice.sent)


def _lasts(notice: Notice, silence: int, time: int) -> bool:
    return notice.delivered is not None and _due(notice, silence) <= time
