"""A second reading of the rules about being down (the domain page, section 4), for tests only.

One `Account` takes everything that is known about one service and folds it, once, in the order of facts.
It keeps nothing between two folds and shares no code with the engine. Slow and plain on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .reading_facts import BEGIN, Fact, Place, Terms

RESTORING = frozenset({"repair", "replacement", "loaner"})


@dataclass(frozen=True, eq=False)
class Word:
    """Something said: it holds from `since` on, until somebody speaks again. `by` is what would end an outage."""

    time: datetime
    since: datetime
    state: str
    by: str
    customer: bool


@dataclass(eq=False)
class Claim:
    """Somebody other than the customer says that it is back, while it is not up.

    `moment`: the one it names, not before the start of the outage. `began`: that start.
    `settled`: when a word first confirmed or voided it. `effect`: the first moment from `moment` on that was up
    once it was confirmed.
    """

    place: Place
    time: datetime
    evidence: str
    by: str | None
    moment: datetime
    began: datetime
    state: str = "pending"
    settled: datetime | None = None
    effect: datetime | None = None


@dataclass(eq=False)
class Notice:
    """A question for confirmation that reached the customer. `heard`: when it first did."""

    place: Place
    heard: datetime
    broken: bool = False


@dataclass(eq=False)
class End:
    """An up word ended the outage that began at `start`, at `moment`; a later down word may take that back."""

    start: datetime
    moment: datetime
    overridden: bool = False


@dataclass(frozen=True)
class Outage:
    start: datetime
    end: datetime | None
    ender: Word | None
    restated: bool = False


@dataclass
class Line:
    """The state at every moment: `holders[i]` is the word that holds from `starts[i]` to the next start."""

    starts: list[datetime] = field(default_factory=lambda: [BEGIN])
    holders: list[Word] = field(default_factory=lambda: [Word(BEGIN, BEGIN, "up", "nobody", False)])
    spoken: list[tuple[datetime, datetime]] = field(default_factory=list)

    def index(self, moment: datetime) -> int:
        return max(i for i, start in enumerate(self.starts) if start <= moment)

    def at(self, moment: datetime) -> str:
        return self.holders[self.index(moment)].state

    def _cut(self, moment: datetime) -> None:
        i = self.index(moment)
        if self.starts[i] != moment:
            self.starts.insert(i + 1, moment)
            self.holders.insert(i + 1, self.holders[i])

    def say(self, word: Word) -> None:
        """A word sets every moment from its `since` on; but a moment of which the customer spoke (from the since of
        the customer's word up to its time, without that time) is set anew by nobody but the customer.
        """
        self._cut(word.since)
        self._cut(word.time)
        for i, moment in enumerate(self.starts):
            protected = any(since <= moment < time for since, time in self.spoken)
            if moment >= word.since and (word.customer or not protected):
                self.holders[i] = word
        if word.customer:
            self.spoken.append((word.since, word.time))

    def first_up(self, moment: datetime) -> datetime:
        i = self.index(moment)
        while self.holders[i].state != "up":
            i += 1
        return max(moment, self.starts[i])

    def outages(self) -> list[Outage]:
        """The longest stretches that are not up, in order. The word that holds at the end is the one that ended it."""
        found: list[Outage] = []
        start: datetime | None = None
        for moment, word in zip(self.starts, self.holders, strict=True):
            if word.state != "up" and start is None:
                start = moment
            elif word.state == "up" and start is not None:
                found.append(Outage(start, moment, word))
                start = None
        return found if start is None else [*found, Outage(start, None, None)]


class Account:
    """The fold of all facts about one service, with what the silences by `now` said in between.

    `facts`: in the order of facts. `leans`: at which place which complaint begins (True) or ceases (False) to lean.
    `terms`: by complaint, those of its filing; `renewed`: at which place which complaints get others.
    """

    def __init__(
        self,
        facts: Sequence[Fact],
        leans: Mapping[Place, Sequence[tuple[str, bool]]],
        terms: Mapping[str, Terms],
        renewed: Mapping[Place, Mapping[str, Terms]],
        now: datetime,
    ) -> None:
        self.line = Line()
        self.words: list[Word] = []
        self.claims: list[Claim] = []
        self._notices: list[Notice] = []
        self._ends: list[End] = []
        self._terms = dict(terms)
        self._leaning: set[str] = set()
        self._kinds = {(f.subject, f.data["remedy"]): f.data["kind"] for f in facts if f.type == "remedy.granted"}
        self._heard: dict[tuple[str, str], datetime] = {}
        for fact in facts:
            if fact.type == "notice.delivered":
                self._heard.setdefault((fact.subject, fact.data["notice"]), fact.time)
        taken = {fact.place: fact for fact in facts}
        # What is no fact's place is a closing that had been waited for, or an application.
        for place in sorted({*taken, *leans, *renewed}):
            self._silence(place[0])  # at one instant a silence speaks before facts
            if place in taken:
                self._take(taken[place])
            for complaint, on in leans.get(place, ()):
                self._lean(complaint, on, place[0])
            if place in renewed:
                self._renew(renewed[place], place[0])
        self._silence(now)

    # ---- what it comes to

    def at(self, moment: datetime) -> str:
        return self.line.at(moment)

    def outages(self) -> list[Outage]:
        """Restated: a word that had ended (a part of) this outage was overridden by a down word at some time."""
        return [Outage(o.start, o.end, o.ender, bool(self.ends_of(o))) for o in self.line.outages()]

    def ends_of(self, outage: Outage) -> list[End]:
        """The overridden ends of what this outage was once part of, or has become."""
        return [
            e
            for e in self._ends
            if e.overridden and e.moment > outage.start and (outage.end is None or e.start < outage.end)
        ]

    def home(self, claim: Claim) -> datetime | None:
        """The start of the outage a claim belongs to: of what is left of the stretch in which it was made, the last
        piece that began by the moment it names; else the first piece; none, if nothing is left.
        """
        left = [o for o in self.line.outages() if o.start <= claim.time and (o.end is None or o.end > claim.began)]
        by_then = [o for o in left if o.start <= claim.moment]
        return by_then[-1].start if by_then else left[0].start if left else None

    # ---- one fact

    def _take(self, fact: Fact) -> None:
        kind, data = fact.type, fact.data
        if kind == "service.down":
            self._down(fact, fact.moment("since") or fact.time, data["evidence"])
        elif kind == "complaint.filed" and data.get("down"):
            self._down(fact, fact.moment("down_since") or fact.time, "customer")
        elif kind in ("resolution.rejected", "complaint.reopen_requested") and data.get("still_down"):
            self._down(fact, fact.moment("down_since") or self._never_came_back(fact.time), "customer")
        elif kind == "resolution.rejected":
            for notice in self._notices:  # says nothing about the service, but breaks every silence that is running
                notice.broken = True
        elif kind == "resolution.confirmed":
            self._customer_up(fact, fact.moment("up_since"))
        elif kind == "service.up" and data["evidence"] == "customer":
            self._customer_up(fact, fact.moment("since"))
        elif (evidence := self._claims(fact)) is not None:
            since = fact.moment("since") if kind == "service.up" else None
            self._claim(fact, evidence, since or fact.time)
        elif kind == "notice.sent" and data["about"] == "confirmation":
            heard = self._heard.get((fact.subject, data["notice"]))
            if heard is not None:  # sent but not delivered starts nothing; heard before it was sent counts as then
                self._notices.append(Notice(fact.place, max(heard, fact.time)))

    def _claims(self, fact: Fact) -> str | None:
        """Whose claim a fact is, if it is one. What a remedy was is said by its grant, wherever that lies."""
        if fact.type == "service.up":
            return str(fact.data["evidence"])
        if fact.type == "visit.made" and fact.data["outcome"] == "fixed":
            return "technician"
        if fact.type == "remedy.delivered" and self._kinds.get((fact.subject, fact.data["remedy"])) in RESTORING:
            return "technician"
        return "operator" if fact.type == "resolution.proposed" else None

    def _state(self, time: datetime) -> str:
        """The state when the next word is said: at its time, by all that was said before it in the order of facts."""
        return self.line.at(time)

    def _never_came_back(self, time: datetime) -> datetime:
        """Still down, since nobody says when: said while up, from the end of the last outage before (none: from its
        time); said while not up, from its time.
        """
        before = self.line.outages()
        if self._state(time) != "up" or not before:
            return time
        end = before[-1].end
        assert end is not None
        return end

    def _pending(self) -> list[Claim]:
        return [c for c in self.claims if c.state == "pending"]

    def _customer_up(self, fact: Fact, since: datetime | None) -> None:
        """The customer's up word speaks from where it says, else from the earliest moment that a pending claim
        names, else from its time.
        """
        moments = [c.moment for c in self._pending()]
        self._up(fact.time, since or (min(moments) if moments else fact.time), "customer")

    def _claim(self, fact: Fact, evidence: str, since: datetime) -> None:
        """While up a claim says nothing. Else it is pending, and the service unconfirmed from the claim's time on;
        it is a word at once when all who lean accept the evidence (so also when none leans).
        """
        if self._state(fact.time) == "up":
            return
        began = self.line.outages()[-1].start
        claim = Claim(fact.place, fact.time, evidence, fact.data.get("by"), max(since, began), began)
        self.claims.append(claim)
        self._say(Word(fact.time, fact.time, "unconfirmed", evidence, False))
        if self._accepted(evidence):
            self._up(fact.time, claim.moment, evidence)

    # ---- words

    def _say(self, word: Word) -> None:
        self.words.append(word)
        self.line.say(word)

    def _up(self, time: datetime, since: datetime, by: str) -> None:
        """Whenever the service comes up every pending claim is confirmed."""
        word = Word(time, since, "up", by, by == "customer")
        self._say(word)
        for claim in self._pending():
            claim.state, claim.settled, claim.effect = "confirmed", time, self.line.first_up(claim.moment)
        self._ends += [End(o.start, o.end) for o in self.line.outages() if o.ender is word and o.end is not None]

    def _down(self, fact: Fact, since: datetime, by: str) -> None:
        """A down word voids the claims pending at it, and the confirmed ones whose effect is not up any more."""
        self._say(Word(fact.time, since, "down", by, by == "customer"))
        for claim in self.claims:
            if claim.state == "pending":
                claim.state, claim.settled = "void", fact.time
            elif claim.effect is not None and self.line.at(claim.effect) != "up":
                claim.state = "void"
        for end in self._ends:
            if self.line.at(end.moment) != "up":
                end.overridden = True

    # ---- those who lean

    def _accepted(self, evidence: str) -> bool:
        return all(evidence in self._terms[c].accepts for c in self._leaning)

    def _length(self) -> timedelta | None:
        """The longest silence of those who lean; none, if one of them has none."""
        lengths = [self._terms[c].silence for c in self._leaning]
        known = [x for x in lengths if x is not None]
        return timedelta(seconds=max(known)) if known and len(known) == len(lengths) else None

    def _silences(self, upto: datetime) -> list[tuple[datetime, datetime]]:
        """Silences that have lasted by `upto`: when they had, and the earliest moment named by the pending claims made
        before the notice was sent.
        """
        length, found = self._length(), []
        for notice in self._notices:
            moments = [c.moment for c in self._pending() if c.place < notice.place]
            if length is not None and moments and not notice.broken and notice.heard + length <= upto:
                found.append((notice.heard + length, min(moments)))
        return found

    def _silence(self, upto: datetime) -> None:
        found = self._silences(upto)
        if found:
            first = min(time for time, _ in found)
            self._up(first, min(moment for time, moment in found if time == first), "silence")

    def _lean(self, complaint: str, on: bool, time: datetime) -> None:
        if (complaint in self._leaning) == on:
            return
        (self._leaning.add if on else self._leaning.discard)(complaint)
        self._changed(time)

    def _renew(self, terms: Mapping[str, Terms], time: datetime) -> None:
        """Some do so under other terms from now on."""
        self._terms |= terms
        if self._leaning & terms.keys():
            self._changed(time)

    def _changed(self, time: datetime) -> None:
        """Those who lean change: what the new strictest accepts, and a silence long enough for it, speak now; of
        several the earliest moment named counts.
        """
        found = [(c.moment, 0, c.place, c.evidence) for c in self._pending() if self._accepted(c.evidence)]
        found += [(moment, 1, (time, "", ""), "silence") for _, moment in self._silences(time)]
        if found:
            moment, _, _, by = min(found)
            self._up(time, moment, by)
