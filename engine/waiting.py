"""What a complaint's facts tell its clocks: answers, waits that pause, extensions (domain.md §6).

From its facts in their order, up to a moment. Moments are microseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from contracts.envelope import Fact, Key
from contracts.facts import (
    ComplaintAcknowledged,
    ComplaintExtended,
    ComplaintReplied,
    ComplaintWaitEnded,
    ComplaintWaitStarted,
    FactData,
    NoticeDelivered,
    NoticeSent,
)
from contracts.moments import micros

TOLD: frozenset[type[FactData]] = frozenset(
    {
        ComplaintAcknowledged,
        ComplaintExtended,
        ComplaintReplied,
        ComplaintWaitEnded,
        ComplaintWaitStarted,
        NoticeDelivered,
        NoticeSent,
    }
)
"""Facts that may change a clock, beside those that begin or end the complaint or speak of its service."""


Why = Literal["terms", "no_notice", "not_delivered", "delivered_too_late"]


class Wait(NamedTuple):
    """A wait that pauses, from `start` on; None: it lasts. `fact` began it, `delivered` is its notice's delivery.

    `behind` is the place of what ended it: the next word about waits, or the complaint's end.
    """

    start: int
    end: int | None
    on: str
    fact: Fact
    delivered: Fact | None
    behind: Key | None = None


class Idle(NamedTuple):
    """A wait that does not pause, and why: the terms do not, it has no notice, or that was delivered too late or never.

    `behind` is the place of what ended it.
    """

    fact: Fact
    data: ComplaintWaitStarted
    behind: Key | None
    delivered: Fact | None
    why: Why


class Extended(NamedTuple):
    """The formal answer may take until `until`; `sent` is when the notice about it was."""

    fact: Fact
    until: int
    sent: int | None


class Told(NamedTuple):
    """What the facts say. Each of the answers is the first of its kind."""

    acknowledged: Fact | None
    replied: Fact | None
    reply_delivered: Fact | None
    waits: tuple[Wait, ...]
    extended: tuple[Extended, ...]

    def answer(self, stops: str) -> Fact | None:
        """What a clock waits for that stops at `acknowledged`, `replied` or `reply_delivered`, if it came."""
        if stops == "acknowledged":
            return self.acknowledged
        return self.replied if stops == "replied" else self.reply_delivered


_NOTHING = Told(None, None, None, (), ())


def told(facts: Iterable[Fact], ends: Sequence[Key]) -> Told:
    """What the facts say to clocks. `ends` are the places at which the complaint ended: they end waits too."""
    acknowledged: Fact | None = None
    replies: list[Fact] = []
    marks: list[Fact] = []
    extensions: list[Fact] = []
    delivered: dict[str, Fact] = {}
    sent: dict[str, int] = {}
    said = False
    for fact in facts:
        data = fact.data
        cls = data.__class__
        if cls not in TOLD:
            continue
        said = True
        if isinstance(data, ComplaintAcknowledged):
            if acknowledged is None and not data.automatic:
                acknowledged = fact
        elif isinstance(data, ComplaintReplied):
            replies.append(fact)
        elif isinstance(data, NoticeDelivered):
            delivered.setdefault(data.notice, fact)
        elif isinstance(data, NoticeSent):
            sent.setdefault(data.notice, fact.us)
        elif isinstance(data, ComplaintExtended):
            extensions.append(fact)
        else:
            marks.append(fact)
    if not said:
        return _NOTHING
    return Told(
        acknowledged,
        replies[0] if replies else None,
        _first_delivery(replies, delivered),
        tuple(_waits(marks, ends, delivered)) if marks else (),
        tuple(_extended(fact, sent) for fact in extensions),
    )


def _first_delivery(replies: Iterable[Fact], delivered: dict[str, Fact]) -> Fact | None:
    """The first delivery of an answer's notice."""
    notices = {r.data.notice for r in replies if isinstance(r.data, ComplaintReplied) and r.data.notice is not None}
    return min((delivered[n] for n in notices if n in delivered), key=_key, default=None)


def _extended(fact: Fact, sent: dict[str, int]) -> Extended:
    data = fact.data
    if not isinstance(data, ComplaintExtended):  # pragma: no cover - it was sorted out by that
        raise TypeError(fact.type)
    return Extended(fact, micros(data.until), sent.get(data.notice))


def _waits(marks: Iterable[Fact], ends: Iterable[Key], delivered: dict[str, Fact]) -> Iterable[Wait]:
    """Waits that pause, one at a time: a new one ends the one before, as does the complaint's end.

    One on the customer pauses from its notice's delivery or its own start, whichever is later.
    """
    for fact, data, behind in _line(marks, ends):
        end = None if behind is None else behind[0]
        start, notice = fact.us, None
        if data.on == "customer":
            notice = None if data.notice is None else delivered.get(data.notice)
            if notice is None:
                continue
            start = max(start, notice.us)
        if end is None or start < end:
            yield Wait(start, end, data.on, fact, notice, behind)


def idle_waits(facts: Iterable[Fact], ends: Iterable[Key], pauses: Collection[str]) -> Iterator[Idle]:
    """Waits that do not pause a clock that pauses for `pauses`, in their order, and why not."""
    marks: list[Fact] = []
    delivered: dict[str, Fact] = {}
    for fact in facts:
        if isinstance(fact.data, NoticeDelivered):
            delivered.setdefault(fact.data.notice, fact)
        elif isinstance(fact.data, ComplaintWaitStarted | ComplaintWaitEnded):
            marks.append(fact)
    for fact, data, behind in _line(marks, ends):
        notice = None if data.notice is None else delivered.get(data.notice)
        why: Why | None = None
        if data.on not in pauses:
            why = "terms"
        elif data.on == "customer" and data.notice is None:
            why = "no_notice"
        elif data.on == "customer" and notice is None:
            why = "not_delivered"
        elif data.on == "customer" and notice is not None and behind is not None and notice.us >= behind[0]:
            why = "delivered_too_late"
        if why is not None:
            yield Idle(fact, data, behind, notice, why)


def _line(marks: Iterable[Fact], ends: Iterable[Key]) -> Iterator[tuple[Fact, ComplaintWaitStarted, Key | None]]:
    """Each wait that began, and the place of what ended it."""
    line: list[tuple[Key, Fact | None]] = [(fact.key, fact) for fact in marks]
    line += [(key, None) for key in ends]
    line.sort(key=lambda mark: mark[0])
    for n, (_, fact) in enumerate(line):
        if fact is not None and isinstance(fact.data, ComplaintWaitStarted):
            yield fact, fact.data, line[n + 1][0] if n + 1 < len(line) else None


def _key(fact: Fact) -> Key:
    return fact.key
