"""A second reading of the rules (the domain page, sections 3, 4, 5 and 7), written from the page alone, for tests.

`World` is told facts one by one, as they arrive, and says what is so. Everything that follows from the facts is
worked out anew at each arrival (`reading_line.Account`); what is kept are the decisions, because decisions stay:
which closings were granted, which of them proved false, what was reopened, withdrawn and refused.
Left out: holding facts of the future.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from . import reading_standing as standing
from .reading_applied import told
from .reading_credits import credits_
from .reading_facts import (
    BEGIN,
    EVER,
    Applied,
    Fact,
    Key,
    Order,
    Place,
    Terms,
    Version,
    bound,
    corrected,
    fault,
    original,
    said,
)
from .reading_line import Account
from .reading_rows import odd, show

__all__ = ["EVER", "Order", "Terms", "World"]

LAST = "\U0010ffff"  # behind every source
OVERRIDABLE = frozenset(
    {"part_outstanding", "visit_outstanding", "remedy_outstanding", "promise_outstanding", "reply_missing"}
)


@dataclass(eq=False)
class Event:
    """A beginning or an end of a complaint, in the order recorded: filed, closed, reopened, withdrawn.

    `place` is the fact's in the order of facts; None for a reopening by the engine itself. That of a closing whose
    request had stood is behind all facts of its moment.
    """

    kind: str
    time: datetime
    place: Place | None
    false: bool = False


@dataclass(frozen=True)
class Step:
    """A beginning or an end that counts: `on` at `time` and `place`, never before the step ahead of it."""

    on: bool
    time: datetime
    place: Place


class World:
    """The engine's knowledge. Results that need more than a line are in `reading_rows`."""

    def __init__(self, agreements: dict[str, Terms], *, lawful: bool = False) -> None:
        """`lawful`: a closing is also held to what was so without it. The page, by the letter, lets it uphold itself:
        when nobody leans any more the claims pending at it are accepted, and so the customer was up at it.
        """
        self.agreements = agreements
        self.versions = {name: [Version(1, EVER, terms)] for name, terms in agreements.items()}
        self.applied: dict[str, list[Applied]] = {}  # by complaint, from its filing on
        self.lawful = lawful
        self.now = BEGIN
        self.facts: dict[Key, Fact] = {}  # as they came, in order of arrival
        self.events: dict[str, list[Event]] = {}  # by complaint
        self.refusals: dict[str, list[dict[str, Any]]] = {}
        self.dead: list[tuple[dict[str, Any], str]] = []
        self.seen: Counter[str] = Counter()  # what came up on the way; "odd: ..." are cases the page leaves open
        self._raw: dict[Key, dict[str, Any]] = {}
        self.held: list[Fact] = []
        self.standing: dict[str, Key] = {}  # by complaint: a refused request that waits to be granted
        self.granted: set[Key] = set()  # such requests that were
        self._corrected: dict[Key, Fact] | None = None
        self._accounts: dict[str, Account] = {}

    # ---- arrival (section 3)

    def advance(self, now: datetime) -> None:
        self._move(now)
        standing.settle(self, now)

    def _move(self, now: datetime) -> None:
        assert now >= self.now
        if now != self.now:
            self.now = now
            self._accounts.clear()

    def arrive(self, fact: dict[str, Any], now: datetime) -> None:
        """The same source and id again does nothing, with other content it is dead; a dead one may come again.
        A fact waits until its complaint is filed, a correction until its original is known; what waits arrives then,
        one by one, the first in the order of facts ahead.
        """
        self._move(now)
        standing.settle(self, now)  # at one instant a silence speaks before the facts, and so does what it lets close
        key = (fact["source"], fact["id"])
        if key in self._raw:
            if self._raw[key] != fact:
                self.dead.append((fact, "the same source and id with other content"))
            return
        time = datetime.fromisoformat(fact["time"]).astimezone(UTC)
        assert time <= now, "holding facts of the future is not covered"
        parsed = Fact(fact["source"], fact["id"], fact["type"], fact.get("subject", ""), time, fact.get("data") or {})
        reason = fault(parsed, self.agreements)
        if reason:
            self.dead.append((fact, reason))
            return
        self._raw[key] = fact
        self.held.append(parsed)
        while ready := [f for f in self.held if self._may_enter(f)]:
            first = min(ready, key=lambda f: f.place)
            self.held.remove(first)
            self._enter(first)
            standing.settle(self, now)

    def order(self, order: Order) -> None:
        """New versions, and complaints that get the newest of theirs, all at once: open ones, and no version twice. The
        same terms published once more are no new version.
        """
        self._move(order.now)
        standing.settle(self, order.now)
        for name, terms in sorted(order.published.items()):
            last = self.versions[name][-1]
            if (last.terms, last.effective) != (terms, order.effective):
                self.versions[name].append(Version(last.number + 1, order.effective, terms))
        place = (order.now, LAST + LAST, "")  # behind all facts of its moment
        for complaint in order.complaints:
            if complaint not in self.events or self.status(complaint) != "open":
                self.seen["applied: refused"] += 1
                continue
            newest = self.versions[self.agreement(complaint)][-1]
            if newest.number == self.applied[complaint][-1].version.number:
                self.seen["applied: the newest already"] += 1
                continue
            self.seen["applied"] += 1
            self.applied[complaint].append(Applied(order.now, place, newest))
        self._accounts.clear()
        standing.settle(self, order.now)

    def agreement(self, complaint: str) -> str:
        return str(self.filing(complaint).data.get("agreement") or "standard")

    def in_force(self, filing: Fact) -> Version:
        """Of the versions effective on the day of its filing the latest; the earliest also covers what was before."""
        versions = sorted(
            self.versions[filing.data.get("agreement") or "standard"], key=lambda v: (v.effective, v.number)
        )
        day = filing.time.astimezone
        return [v for v in versions if v is versions[0] or v.effective <= day(ZoneInfo(v.terms.zone)).date()][-1]

    def had(self, complaint: str, at: datetime | None = None) -> list[Applied]:
        """The versions that a complaint has had by a moment, in order; the first at any."""
        return [a for n, a in enumerate(self.applied[complaint]) if n == 0 or at is None or a.time <= at]

    def terms(self, complaint: str, at: datetime | None = None) -> Terms:
        return self.had(complaint, at)[-1].terms

    def _may_enter(self, fact: Fact) -> bool:
        if fact.type == "fact.corrected":
            return original(fact) in self.facts
        of_itself = fact.type == "complaint.filed" or fact.type.startswith(("service.", "person."))
        return of_itself or fact.subject in self.events

    def _enter(self, fact: Fact) -> None:
        if fact.type == "complaint.filed" and fact.subject in self.events:
            self._bury(fact, "a second filing")
            return
        if fact.type == "fact.corrected":
            reason = self._forbidden(fact)
            self.seen["correction dead" if reason else "correction"] += 1
            if reason:
                self._bury(fact, reason)
                return
        if self.facts and fact.place < max(f.place for f in self.facts.values()):
            self.seen["late"] += 1
        self.facts[fact.key] = fact
        self._forget()
        if fact.type == "complaint.filed":
            self.events[fact.subject] = [Event("filed", fact.time, fact.place)]
            self.refusals[fact.subject] = []
            self.applied[fact.subject] = [Applied(fact.time, fact.place, self.in_force(fact))]
        self._prove(fact)
        self._request(fact)

    def _bury(self, fact: Fact, reason: str) -> None:
        self.dead.append((self._raw.pop(fact.key), reason))

    def _forget(self) -> None:
        self._corrected = None
        self._accounts.clear()

    # ---- corrections (section 3)

    def current(self) -> dict[Key, Fact]:
        """What is known now: every fact with its corrections, without the void ones, by source and id."""
        if self._corrected is None:
            self._corrected = corrected(self.facts)
        return self._corrected

    def _forbidden(self, correction: Fact) -> str | None:
        """Compares what is known with and without it. What began or ended a complaint may be neither void nor moved,
        a filing keeps service, customer and agreement, what the customer said needs the customer's proof, and what
        is left has to be a fact that could be understood.
        """
        before, after = self.current(), corrected({**self.facts, correction.key: correction})
        bounds = {e.place for events in self.events.values() for e in events}
        for key, old in before.items():
            new = after.get(key)
            if (old.place in bounds or key in self.granted) and (new is None or new.time != old.time):
                return "it began or ended a complaint"
            if old.type == "complaint.filed" and (new is None or bound(new) != bound(old)):
                return "a filing keeps its service, customer and agreement"
            if said(old) is not None and (new is None or said(new) != said(old)) and not correction.data.get("proof"):
                return "what the customer said needs the customer's proof"
        for key, new in after.items():
            if new != before.get(key) and (reason := fault(new, self.agreements) or self._ahead(new)):
                return reason
        return None

    def _ahead(self, fact: Fact) -> str | None:
        return "a time in the future" if fact.time > self.now else None

    # ---- the service

    def about(self, complaint: str) -> str:
        """The service of a complaint; one that names none has its own."""
        return str(self.filing(complaint).data.get("service") or f"complaint:{complaint}")

    def filing(self, complaint: str) -> Fact:
        return next(f for f in self.current().values() if f.type == "complaint.filed" and f.subject == complaint)

    def of(self, complaint: str, *types: str) -> list[Fact]:
        """The complaint's facts of these types, in order."""
        return sorted(
            (f for f in self.current().values() if f.subject == complaint and f.type in types), key=lambda f: f.place
        )

    def account(self, service: str | None = None) -> Account:
        """The fold of everything known now about the service (None: the only one)."""
        if service is None:
            named = {self.about(c) for c in self.events}
            named |= {f.subject for f in self.current().values() if f.type.startswith("service.")}
            assert len(named) <= 1, "which service?"
            service = min(named, default="")
        if service not in self._accounts:
            self._accounts[service] = self._fold(service)
            self.seen["silence"] += any(w.by == "silence" for w in self._accounts[service].words)
        return self._accounts[service]

    def lived(self, service: str, until: datetime) -> Account:
        """The fold of what lies up to a moment."""
        return self._fold(service, until=until)

    def _fold(self, service: str, without: Event | None = None, until: datetime | None = None) -> Account:
        services = {c: self.about(c) for c in self.events}
        ours = {c for c, s in services.items() if s == service}
        facts = [
            f
            for f in self.current().values()
            if (f.subject == service if f.type.startswith("service.") else f.subject in ours)
            and f.type != "fact.corrected"
            and (until is None or f.time <= until)
        ]
        leans: dict[Place, list[tuple[str, bool]]] = {}
        for complaint in sorted(ours):
            for step in self.steps(complaint, without):
                if until is not None and step.place[0] > until:
                    break
                leans.setdefault(step.place, []).append((complaint, step.on))
        terms = {c: self.applied[c][0].terms for c in ours}
        renewed: dict[Place, dict[str, Terms]] = {}
        for c in sorted(ours):
            for a in self.had(c, until)[1:]:
                renewed.setdefault(a.place, {})[c] = a.terms
        return Account(sorted(facts, key=lambda f: f.place), leans, terms, renewed, until or self.now)

    def _lawfully(self, complaint: str, closing: Event) -> bool:
        return not self.lawful or self.upheld(complaint, closing)

    def upheld(self, complaint: str, closing: Event) -> bool:
        """Whether the customer was up at a closing, by all that is known but that closing."""
        return self._fold(self.about(complaint), closing).at(closing.time) == "up"

    # ---- beginnings and ends (sections 4 and 5)

    def steps(self, complaint: str, without: Event | None = None, *, until: datetime | None = None) -> list[Step]:
        """From when to when the complaint leans on its service: its filing, its closings and withdrawal, its
        reopenings, each in its place; a closing proved false is none, and so is the engine's answer to it.
        One that lies before the step ahead of it in the record counts as right after that. Those up to a moment: what
        has a later time is left out.
        """
        steps: list[Step] = []
        for event in self.events[complaint]:
            if event.place is None or event.false or event is without or (until is not None and event.time > until):
                continue
            time, place, on = event.time, event.place, event.kind in ("filed", "reopened")
            if steps and place < steps[-1].place:
                if not on:
                    self.seen["odd: an end dated before its beginning"] += 1
                place = steps[-1].place
            if steps and time < steps[-1].time:
                time = steps[-1].time
            if not steps or steps[-1].on != on:
                steps.append(Step(on, time, place))
        return steps

    def status(self, complaint: str) -> str:
        kind = self.events[complaint][-1].kind
        return kind if kind in ("closed", "withdrawn") else "open"

    def _prove(self, fact: Fact) -> None:
        """Closings at a moment at which the customer was not up are false, all at once, for good, and are reopened
        (if that was not done meanwhile) at the time of the fact that showed it, not before the closing's. Then the
        complaints lean again and more may show.
        """
        rounds = 0
        while shown := [
            (complaint, event)
            for complaint, events in self.events.items()
            for event in events
            if event.kind == "closed"
            and not event.false
            and not (self.account(self.about(complaint)).at(event.time) == "up" and self._lawfully(complaint, event))
        ]:
            for complaint, event in shown:
                event.false = True
                if self.events[complaint][-1] is event:
                    self.standing.pop(complaint, None)
                    self.events[complaint].append(Event("reopened", max(fact.time, event.time), None))
            self._accounts.clear()
            self.seen["false closing"] += len(shown)
            rounds += 1
            if fact.type == "complaint.close_requested":
                self.seen["odd: a closing false by a closing"] += 1
        self.seen["cascade"] += rounds > 1

    def _request(self, fact: Fact) -> None:
        """Closing, reopening and withdrawing, judged by the status now; a withdrawn complaint is never reopened."""
        complaint, events = fact.subject, self.events.get(fact.subject, [])
        last = events[-1] if events else None
        if last is None:
            return
        if fact.type == "complaint.close_requested":
            self.standing.pop(complaint, None)
            objections = self._objections(fact)
            if objections:
                if fact.data.get("when_confirmed"):
                    self.standing[complaint] = fact.key
                self.seen["refusal"] += 1
                refusal = {"time": fact.time, "by": fact.data["by"], "objections": objections}
                self.refusals[complaint].append(refusal)
                return
            events.append(Event("closed", fact.time, fact.place))
        elif fact.type in ("complaint.reopen_requested", "resolution.rejected") and last.kind == "closed":
            events.append(Event("reopened", max(fact.time, last.time), fact.place))
        elif fact.type == "complaint.withdrawn" and last.kind not in ("closed", "withdrawn"):
            events.append(Event("withdrawn", fact.time, fact.place))
        else:
            return
        self.standing.pop(complaint, None)
        self.seen[events[-1].kind] += 1
        self._accounts.clear()
        self._prove(fact)

    def close(self, request: Fact, moment: datetime) -> None:
        """Grants a request that had stood."""
        complaint = request.subject
        del self.standing[complaint]
        self.granted.add(request.key)
        self.events[complaint].append(Event("closed", moment, (moment, LAST, complaint)))
        self.seen["closed when confirmed"] += 1
        self._accounts.clear()
        self._prove(request)

    def _objections(self, request: Fact) -> list[str]:
        """Up at the request's time and up now, both as known now; the rest as of the request's time, as known now;
        whether it has ended, as recorded now.
        """
        account = self.account(self.about(request.subject))
        return self.objections(request, request.time, {account.at(request.time), account.at(self.now)})

    def objections(self, request: Fact, then: datetime, states: set[str]) -> list[str]:
        """As of a moment, with these states of the service. An approver may set aside what is named and may be."""
        complaint = request.subject
        found = {
            "customer_down": "down" in states,
            "restoration_unconfirmed": "unconfirmed" in states,
            "already_ended": self.status(complaint) != "open",
            "part_outstanding": self._outstanding(
                complaint, then, "order", "part.ordered", "part.arrived", "part.cancelled"
            ),
            "visit_outstanding": self._outstanding(
                complaint, then, "visit", "visit.scheduled", "visit.made", "visit.cancelled"
            ),
            "remedy_outstanding": self._outstanding(
                complaint, then, "remedy", "remedy.granted", "remedy.delivered", "remedy.cancelled"
            ),
            "promise_outstanding": self._outstanding(
                complaint, then, "promise", "promise.made", "promise.kept", "promise.released"
            ),
            "reply_missing": self.terms(complaint, then).needs_reply
            and not any(f.time <= then for f in self.of(complaint, "complaint.replied")),
        }
        if request.data.get("approved_by"):
            for code in OVERRIDABLE & set(request.data.get("overrides") or ()):
                found[code] = False
        return sorted(code for code, holds in found.items() if holds)

    def _outstanding(self, complaint: str, then: datetime, name: str, opened: str, *over: str) -> bool:
        """Something was begun by then, and by then none of the facts came that end it."""
        open_ = {f.data[name] for f in self.of(complaint, opened) if f.time <= then}
        return bool(open_ - {f.data[name] for f in self.of(complaint, *over) if f.time <= then})

    # ---- results

    def outages(self, service: str | None = None) -> list[tuple[datetime, datetime | None, str | None, bool]]:
        return [(o.start, o.end, o.ender.by if o.ender else None, o.restated) for o in self.account(service).outages()]

    def claims(self, service: str | None = None) -> list[dict[str, Any]]:
        return [
            {"time": c.time, "evidence": c.evidence, "by": c.by, "state": c.state, "since": c.moment}
            for c in self.account(service).claims
        ]

    def state_at(self, moment: datetime, service: str | None = None) -> str:
        return self.account(service).at(moment)

    @property
    def closings(self) -> list[tuple[str, datetime, Key, bool]]:
        """Every closing that was granted, by complaint in the order recorded, and whether it proved false."""
        return [
            (complaint, e.time, (e.place[1], e.place[2]), e.false)
            for complaint, events in self.events.items()
            for e in events
            if e.kind == "closed" and e.place is not None
        ]

    def complaint(self, complaint: str) -> dict[str, Any]:
        return show(self, complaint) | told(self, complaint) | {"credits": credits_(self, complaint)}

    def odd(self) -> list[str]:
        return odd(self)
