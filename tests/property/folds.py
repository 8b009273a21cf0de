"""What a service has recorded, and what one plain fold of its log from nothing comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from engine import claims as claims_
from engine import folding
from engine.claims import Claim, Fold, Place
from engine.outages import events, reckon
from engine.service import Service
from engine.words import BEGINNING

SMALL = ((1, 1, 0), (2, 1, 0), (2, 2, 1), (3, 1, 1), (5, 1, 0))
"""Entries between checkpoints, outages and claims kept: so small that short histories need them all."""


class Concluded(NamedTuple):
    """Outages (start, end, whose word ended it, restated, reported end), and claims with all but their effect."""

    outages: list[tuple[int, int | None, str | None, bool, int | None]]
    claims: dict[Place, Claim]


@contextmanager
def checkpoints(every: int, outages: int, claims: int) -> Iterator[None]:
    """Folds within this keep so much."""
    before = folding.CHECKPOINT_EVERY, folding.OUTAGES_KEPT, claims_.CLAIMS_KEPT
    folding.CHECKPOINT_EVERY, folding.OUTAGES_KEPT, claims_.CLAIMS_KEPT = every, outages, claims
    try:
        yield
    finally:
        folding.CHECKPOINT_EVERY, folding.OUTAGES_KEPT, claims_.CLAIMS_KEPT = before


def recorded(service: Service) -> Concluded:
    """What stands in the service's conclusions."""
    outages = [(o.start, o.end, o.ended_by, o.restated, o.reported_end) for o in service.outages]
    return Concluded(outages, {claim.place: _plain(claim) for claim in service.claims.values()})


def from_nothing(service: Service, now: int) -> Concluded:
    """One fold of all entries, without checkpoints and without anything forgotten."""
    fold = Fold(service.log.deliveries)
    for entry in service.log.entries:
        fold.take(entry)
    fold.until(now)
    named = [claim.since for claim in fold.claims.values()] + [request[0] for request in service.requests]
    outages = [
        (
            start,
            end,
            by,
            restated,
            min((m for m in named if start <= m and (end is None or m < end)), default=end),
        )
        for start, end, by, restated in fold.spans(BEGINNING)
    ]
    return Concluded(outages, {place: _plain(claim) for place, claim in fold.claims.items()})


def anew(service: Service, now: int) -> Concluded:
    """The same entries given to a new log, and what a service with nothing recorded would record of them."""
    other = Service(service.name)
    other.requests = service.requests
    other.log = folding.Log()
    for entry in reversed(service.log.entries):
        other.log.insert(entry)
    settle(other, now)
    return recorded(other)


def settle(service: Service, now: int) -> None:
    """Records what differs."""
    for _, rows in events(reckon(service, now), now):
        service.conclude(rows)


def differing(one: Concluded, other: Concluded) -> list[str]:
    """Rows that only one of them has."""
    return [
        f"{name} {row}"
        for name, ours, theirs in (("one", one, other), ("other", other, one))
        for row in _rows(ours)
        if row not in set(_rows(theirs))
    ]


def _rows(concluded: Concluded) -> Iterable[str]:
    return [str(row) for row in (*concluded.outages, *concluded.claims.values())]


def _plain(claim: Claim) -> Claim:
    return claim._replace(effect=None)
