"""Facts by themselves, for the second reading: what they are, when they are bad, and their corrections
(the domain page, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from contracts.agreements import Clock, Credit
from contracts.calendars import Calendar

Key = tuple[str, str]
Place = tuple[datetime, str, str]
BEGIN = datetime.min.replace(tzinfo=UTC)
EVER = date(1900, 1, 1)  # from when the first terms are effective
REQUIRED = {
    "complaint.filed": "customer channel summary",
    "complaint.acknowledged": "by",
    "complaint.assigned": "",
    "complaint.contacted": "by direction",
    "complaint.diagnosed": "by fault",
    "complaint.wait_started": "on",
    "complaint.wait_ended": "",
    "complaint.escalated": "to reason",
    "complaint.replied": "by decision",
    "complaint.extended": "until why notice",
    "complaint.close_requested": "by",
    "complaint.reopen_requested": "by reason",
    "complaint.withdrawn": "by proof",
    "resolution.proposed": "by summary",
    "resolution.confirmed": "by",
    "resolution.rejected": "by reason",
    "visit.scheduled": "visit from to",
    "visit.made": "visit by outcome",
    "visit.cancelled": "visit by",
    "part.ordered": "order part",
    "part.arrived": "order",
    "part.cancelled": "order",
    "promise.made": "promise what due",
    "promise.kept": "promise",
    "promise.released": "promise",
    "notice.sent": "notice channel about",
    "notice.delivered": "notice proof",
    "notice.failed": "notice reason",
    "remedy.granted": "remedy kind",
    "remedy.delivered": "remedy",
    "remedy.cancelled": "remedy",
    "service.down": "evidence",
    "service.up": "evidence",
    "person.absent": "from until",
    "fact.corrected": "fact by why",
}
REPLY = Clock(name="reply", target="P14D", calendar="always", starts="filed", stops="replied", reopen="continue")
WORDS = {
    "evidence": {"customer", "telemetry", "technician", "operator"},
    "outcome": {"fixed", "diagnosed", "no_access", "part_missing", "other"},
    "about": {"confirmation", "question", "progress", "reply", "extension"},
    "kind": {"repair", "replacement", "loaner", "refund", "credit", "other"},
    "direction": {"inbound", "outbound"},
    "on": {"customer", "parts", "vendor", "access", "other"},
    "decision": {"upheld", "partly_upheld", "rejected"},
}


@dataclass(frozen=True)
class Terms:
    """What of an agreement matters here: evidence accepted by itself, the length of silence in seconds
    (None: silence proves nothing), whether it has the usual clock for the formal answer, and its other clocks.
    `zone`: the wall clock of days on `always`.
    """

    accepts: frozenset[str]
    silence: int | None
    reply: bool = False
    clocks: tuple[Clock, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    zone: str = "UTC"
    credit: Credit | None = None

    @property
    def all_clocks(self) -> tuple[Clock, ...]:
        return tuple(sorted((*self.clocks, REPLY) if self.reply else self.clocks, key=lambda clock: clock.name))

    @property
    def needs_reply(self) -> bool:
        """Whether a clock stops at the formal answer."""
        return any(clock.stops in ("replied", "reply_delivered") for clock in self.all_clocks)


@dataclass(frozen=True)
class Version:
    """Terms as published under a number, for what is filed from a day on."""

    number: int
    effective: date
    terms: Terms


@dataclass(frozen=True)
class Applied:
    """The version that a complaint has from a moment on, in the order of facts from `place` on."""

    time: datetime
    place: Place
    version: Version

    @property
    def terms(self) -> Terms:
        return self.version.terms


@dataclass(frozen=True)
class Order:
    """Somebody asks, at `now`, to publish agreements `effective` from a day on, and to move complaints to the newest
    version of theirs: `behind` all facts that arrive at that moment, or ahead of them.
    """

    now: datetime
    behind: bool
    effective: date
    published: dict[str, Terms]
    complaints: tuple[str, ...]


@dataclass(frozen=True)
class Fact:
    """One fact as it is known now, that is with its corrections."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]

    @property
    def key(self) -> Key:
        return (self.source, self.id)

    @property
    def place(self) -> Place:
        """The order of facts: by time, then source, then id."""
        return (self.time, self.source, self.id)

    def moment(self, name: str) -> datetime | None:
        value = self.data.get(name)
        return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def original(correction: Fact) -> Key:
    return (correction.data["fact"]["source"], correction.data["fact"]["id"])


def fault(fact: Fact, agreements: dict[str, Terms]) -> str | None:
    """Why a fact cannot be understood by itself."""
    if fact.type not in REQUIRED:
        return "no such type"
    for name in REQUIRED[fact.type].split():
        if fact.data.get(name) is None:
            return f"{name} is missing"
    for name, values in WORDS.items():
        if name in REQUIRED[fact.type].split() and fact.data[name] not in values:
            return f"{name} is none of the values"
    if fact.type == "complaint.assigned" and not (fact.data.get("to") or fact.data.get("team")):
        return "to or team is missing"
    if fact.type == "complaint.filed" and (fact.data.get("agreement") or "standard") not in agreements:
        return "no such agreement"
    for name in ("since", "down_since", "up_since"):
        moment = fact.moment(name)
        if moment is not None and moment > fact.time:
            return f"{name} is after the time"
    return None


def bound(filing: Fact) -> list[Any]:
    """What no correction changes of a filing."""
    return [filing.data.get(name) for name in ("service", "customer", "agreement")]


def said(fact: Fact) -> tuple[Any, ...] | None:
    """What the customer says about the service (or about a resolution) by this fact."""
    data = fact.data
    if fact.type in ("service.up", "service.down") and data["evidence"] == "customer":
        return (fact.type, fact.time, fact.moment("since"))
    if fact.type == "resolution.confirmed":
        return (fact.type, fact.time, fact.moment("up_since"))
    if fact.type == "complaint.filed" and data.get("down"):
        return (fact.type, fact.time, fact.moment("down_since"))
    if fact.type == "resolution.rejected" or (fact.type == "complaint.reopen_requested" and data.get("still_down")):
        return (fact.type, fact.time, bool(data.get("still_down")), fact.moment("down_since"))
    return None


def corrected(facts: dict[Key, Fact]) -> dict[Key, Fact]:
    """Applies corrections to what they name, in the order of facts, the corrected corrections first."""
    naming: dict[Key, list[Fact]] = {}
    for fact in facts.values():
        if fact.type == "fact.corrected":
            naming.setdefault(original(fact), []).append(fact)

    def settle(fact: Fact) -> Fact | None:
        settled = [c for c in map(settle, naming.get(fact.key, [])) if c is not None]
        for c in sorted(settled, key=lambda c: c.place):
            if c.data.get("void"):
                return None
            time = c.moment("time") or fact.time
            data = {**fact.data, **(c.data.get("data") or {})}
            fact = Fact(fact.source, fact.id, fact.type, fact.subject, time, data)
        return fact

    return {key: new for key, fact in facts.items() if (new := settle(fact)) is not None}
