"""Visits, parts, promises, remedies, notices, the formal answer: as a complaint's facts tell them (domain.md §3, §7).

The functions take a complaint's facts in their order. What is identified by an id stands in order of
the ids. A thing that was done is done, whether the word that announced it came before or after.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from contracts.envelope import Fact
from contracts.facts import (
    ComplaintReplied,
    NoticeDelivered,
    NoticeFailed,
    NoticeSent,
    PartArrived,
    PartCancelled,
    PartOrdered,
    PromiseKept,
    PromiseMade,
    PromiseReleased,
    RemedyCancelled,
    RemedyDelivered,
    RemedyGranted,
    VisitCancelled,
    VisitMade,
    VisitScheduled,
)
from contracts.moments import micros, seconds
from contracts.rows import NoticeRow, PartRow, PromiseRow, RemedyRow, VisitRow

Things = dict[str, dict[str, Any]]


def _gather(facts: Iterable[Fact], told: dict[type, tuple[str, str]]) -> Things:
    """For each id the first fact of each kind: `told` gives the field with the id and a name for the kind."""
    things: Things = {}
    for fact in facts:
        field = told.get(fact.data.__class__)
        if field is not None:
            things.setdefault(getattr(fact.data, field[0]), {}).setdefault(field[1], fact)
    return dict(sorted(things.items()))


def _time(thing: dict[str, Any], kind: str) -> Any:  # noqa: ANN401 - a datetime or None, as the rows want it
    fact = thing.get(kind)
    return None if fact is None else fact.time


def _data(thing: dict[str, Any], kind: str, field: str) -> Any:  # noqa: ANN401 - whatever the field holds
    fact = thing.get(kind)
    return None if fact is None else getattr(fact.data, field)


def visits(facts: Iterable[Fact]) -> list[VisitRow]:
    """Visits: scheduled, made or cancelled."""
    told: dict[type, tuple[str, str]] = {
        VisitScheduled: ("visit", "scheduled"),
        VisitMade: ("visit", "made"),
        VisitCancelled: ("visit", "cancelled"),
    }
    return [
        VisitRow(
            visit=name,
            from_=_data(thing, "scheduled", "from_"),
            to=_data(thing, "scheduled", "to"),
            state="made" if "made" in thing else "cancelled" if "cancelled" in thing else "scheduled",
            made_at=_time(thing, "made"),
            cancelled_at=_time(thing, "cancelled"),
            by=_data(thing, "made", "by"),
            outcome=_data(thing, "made", "outcome"),
        )
        for name, thing in _gather(facts, told).items()
    ]


def parts(facts: Iterable[Fact]) -> list[PartRow]:
    """Orders of parts: ordered, arrived or cancelled."""
    told: dict[type, tuple[str, str]] = {
        PartOrdered: ("order", "ordered"),
        PartArrived: ("order", "arrived"),
        PartCancelled: ("order", "cancelled"),
    }
    return [
        PartRow(
            order=name,
            part=_data(thing, "ordered", "part"),
            state="arrived" if "arrived" in thing else "cancelled" if "cancelled" in thing else "ordered",
            ordered_at=_time(thing, "ordered"),
            eta=_data(thing, "ordered", "eta"),
            arrived_at=_time(thing, "arrived"),
            cancelled_at=_time(thing, "cancelled"),
        )
        for name, thing in _gather(facts, told).items()
    ]


def promises(facts: Iterable[Fact], now: int, *, unmade: bool = False) -> list[PromiseRow]:
    """Promises: open, kept, late, released, or (due by `now`) broken, and how they were experienced.

    With `unmade` also those of which only the end is known yet; they are due at no time.
    """
    told: dict[type, tuple[str, str]] = {
        PromiseMade: ("promise", "made"),
        PromiseKept: ("promise", "kept"),
        PromiseReleased: ("promise", "released"),
    }
    return [_promise(name, thing, now) for name, thing in _gather(facts, told).items() if unmade or "made" in thing]


def _promise(name: str, thing: dict[str, Any], now: int) -> PromiseRow:
    due, kept_at = _data(thing, "made", "due"), _time(thing, "kept")
    state: Literal["open", "kept", "late", "broken", "released"]
    if kept_at is not None:
        state = "late" if due is not None and kept_at > due else "kept"
    elif "released" in thing:
        state = "released"
    else:
        state = "broken" if micros(due) <= now else "open"
    return PromiseRow(
        promise=name,
        what=_data(thing, "made", "what"),
        due=due,
        by=_data(thing, "made", "by"),
        state=state,
        kept_at=kept_at,
        released_at=_time(thing, "released"),
        experience=None if kept_at is None or due is None else seconds(micros(kept_at) - micros(due)),
    )


def remedies(facts: Iterable[Fact]) -> list[RemedyRow]:
    """Remedies: granted, delivered or cancelled."""
    told: dict[type, tuple[str, str]] = {
        RemedyGranted: ("remedy", "granted"),
        RemedyDelivered: ("remedy", "delivered"),
        RemedyCancelled: ("remedy", "cancelled"),
    }
    return [
        RemedyRow(
            remedy=name,
            kind=_data(thing, "granted", "kind"),
            amount=_data(thing, "granted", "amount"),
            currency=_data(thing, "granted", "currency"),
            state="delivered" if "delivered" in thing else "cancelled" if "cancelled" in thing else "granted",
            granted_at=_time(thing, "granted"),
            delivered_at=_time(thing, "delivered"),
            cancelled_at=_time(thing, "cancelled"),
        )
        for name, thing in _gather(facts, told).items()
    ]


def notices(facts: Iterable[Fact]) -> list[NoticeRow]:
    """Notices: sent, delivered (with what proof) or failed."""
    told: dict[type, tuple[str, str]] = {
        NoticeSent: ("notice", "sent"),
        NoticeDelivered: ("notice", "delivered"),
        NoticeFailed: ("notice", "failed"),
    }
    return [
        NoticeRow(
            notice=name,
            about=_data(thing, "sent", "about"),
            channel=_data(thing, "sent", "channel"),
            state="delivered" if "delivered" in thing else "failed" if "failed" in thing else "sent",
            sent_at=_time(thing, "sent"),
            delivered_at=_time(thing, "delivered"),
            failed_at=_time(thing, "failed"),
            proof=_data(thing, "delivered", "proof"),
        )
        for name, thing in _gather(facts, told).items()
    ]


def answer(facts: Iterable[Fact]) -> str | None:
    """What the last formal answer decided; None if none was given."""
    decision = None
    for fact in facts:
        if isinstance(fact.data, ComplaintReplied):
            decision = fact.data.decision
    return decision
