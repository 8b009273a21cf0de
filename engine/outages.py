"""What the fold of a service concludes that differs from what is recorded (domain.md §4, 6)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from msgspec import Struct

from contracts.decisions import (
    OutageClaimed,
    OutageEnded,
    OutageRestated,
    OutageResumed,
    Outages,
    OutageStarted,
)
from contracts.facts import FactRef
from contracts.moments import moment
from engine.claims import PENDING, VOID, Claim
from engine.corrections import Ref
from engine.folding import Folded
from engine.rows import Outage, claim_row, outage_row
from engine.service import Closing, Service
from engine.words import Span

ROWS_AN_EVENT = 400
"""Rows that one event carries at most, which keeps it below 256 KB."""


class Change(Struct, frozen=True, gc=False):
    """Outages that differ, in a stretch: `old` are recorded, `new` hold. Starts before `until` (None: no end)."""

    until: int | None
    old: list[Outage]
    new: list[Outage]

    @property
    def first(self) -> int:
        """Where the stretch begins."""
        return min(outage.start for outage in (*self.old[:1], *self.new[:1]))

    @property
    def moves(self) -> bool:
        """Whether an outage begins or ends at another moment; if not, only what was claimed of it is another."""
        return [outage[:2] for outage in self.old] != [outage[:2] for outage in self.new]


class News(Struct, frozen=True, gc=False):
    """What differs from what is recorded."""

    changes: list[Change]
    claims: list[Claim]
    gone: list[Ref]

    def __bool__(self) -> bool:
        return bool(self.changes or self.claims or self.gone)


def reckon(service: Service, now: int) -> News:
    """Folds what the service has heard up to `now`, and compares.

    Claims that differ are already set in `service` when this returns: reported ends rest on them.
    """
    folded = service.log.fold(now)
    touched = service.touched
    service.touched = []
    claims: list[Claim] = []
    gone: list[Ref] = []
    changes: list[Change] = []
    if folded is not None:
        claims = _claims(service, folded, touched)
        gone = _gone(service, folded, touched)
        if folded.low is not None:
            change = _change(service, folded, folded.low)
            if change is not None:
                changes.append(change)
    if touched:
        changes += _reported(service, touched, changes)
    return News(changes, claims, gone)


def _claims(service: Service, folded: Folded, touched: list[int]) -> list[Claim]:
    changed = []
    for claim in folded.claims:
        old = service.claims.get(claim.place[1:3])
        if old is None or old[:8] != claim[:8]:
            if old is not None:
                touched.append(old.since)
            touched.append(claim.since)
            service.set_claim(claim if claim.effect is None else claim._replace(effect=None))
            changed.append(claim)
    return changed


def _gone(service: Service, folded: Folded, touched: list[int]) -> list[Ref]:
    """Claims of the places folded again that are none any more."""
    if folded.after is None:
        return []
    made = {claim.place for claim in folded.claims}
    low = bisect_right(service.made, folded.after)
    high = len(service.made) if folded.before is None else bisect_right(service.made, folded.before)
    gone = [place[1:3] for place in service.made[low:high] if place not in made and place not in folded.alive]
    for ref in gone:
        touched.append(service.claims[ref].since)
        service.drop_claim(ref)
    return gone


def _change(service: Service, folded: Folded, low: int) -> Change | None:
    recorded = service.outages
    i = max(bisect_right(recorded, low, key=_start) - 1, 0)
    if i < len(recorded) and (end := recorded[i].end) is not None and end < low:
        i += 1
    j = len(recorded) if folded.until is None else bisect_left(recorded, folded.until, key=_start)
    old = recorded[i:j]
    new = [_outage(service, span) for span in folded.spans]
    start, stop = 0, 0
    while start < len(old) and start < len(new) and old[start] == new[start]:
        start += 1
    while stop < len(old) - start and stop < len(new) - start and old[-1 - stop] == new[-1 - stop]:
        stop += 1
    if start == len(old) == len(new):
        return None
    until = old[len(old) - stop].start if stop else folded.until
    return Change(until, old[start : len(old) - stop], new[start : len(new) - stop])


def _reported(service: Service, touched: list[int], changes: list[Change]) -> Iterator[Change]:
    """Outages outside of `changes` whose reported end is another one now."""
    seen: set[int] = {outage.start for change in changes for outage in (*change.old, *change.new)}
    recorded = service.outages
    for time in sorted(set(touched)):
        i = bisect_right(recorded, time, key=_start) - 1
        if i < 0 or recorded[i].start in seen:
            continue
        old = recorded[i]
        seen.add(old.start)
        new = old._replace(reported_end=service.reported_end(old.start, old.end))
        if new != old:
            yield Change(recorded[i + 1].start if i + 1 < len(recorded) else None, [old], [new])


def _outage(service: Service, span: Span) -> Outage:
    return Outage(span.start, span.end, span.ended_by, service.reported_end(span.start, span.end), span.restated)


def false_closings(service: Service, news: News) -> list[Closing]:
    """Closings that stand at a moment at which the customer was not up (domain.md §5)."""
    false = []
    for change in news.changes:
        for outage in change.new:
            i = bisect_left(service.closings, (outage.start,))
            while i < len(service.closings) and (outage.end is None or service.closings[i].time < outage.end):
                false.append(service.closings[i])
                i += 1
    return false


def events(news: News, time: int) -> Iterator[tuple[int, Outages]]:
    """The decisions that record `news`, each with its time; `time` is that of what brought it about."""
    cls, at = _kind(news, time)
    claims = [claim_row(claim) for claim in sorted(news.claims)]
    gone = [FactRef(*ref) for ref in sorted(news.gone)]
    for change in news.changes:
        first, new = change.first, change.new
        while len(new) > ROWS_AN_EVENT:
            until = new[ROWS_AN_EVENT].start
            yield at, cls(from_=moment(first), until=moment(until), outages=tuple(map(outage_row, new[:ROWS_AN_EVENT])))
            first, new = until, new[ROWS_AN_EVENT:]
        until_moment = None if change.until is None else moment(change.until)
        here, claims = claims[:ROWS_AN_EVENT], claims[ROWS_AN_EVENT:]
        lost, gone = gone[:ROWS_AN_EVENT], gone[ROWS_AN_EVENT:]
        yield (
            at,
            cls(
                from_=moment(first),
                until=until_moment,
                outages=tuple(map(outage_row, new)),
                claims=tuple(here),
                claims_gone=tuple(lost),
            ),
        )
    while claims or gone:
        yield at, cls(claims=tuple(claims[:ROWS_AN_EVENT]), claims_gone=tuple(gone[:ROWS_AN_EVENT]))
        claims, gone = claims[ROWS_AN_EVENT:], gone[ROWS_AN_EVENT:]


def _kind(news: News, time: int) -> tuple[type[Outages], int]:
    """What happened, in a word, and when it holds."""
    if news.gone or len(news.changes) > 1:
        return OutageRestated, time
    if not news.changes:
        return _kind_of_claims(news.claims), time
    old, new = news.changes[0].old, news.changes[0].new
    if not old and len(new) == 1 and new[0].end is None:
        return OutageStarted, new[0].start
    if len(old) == len(new) == 1 and old[0].start == new[0].start and old[0].end is None:
        end = new[0].end
        if end is not None:
            return OutageEnded, end
        if old[0].restated == new[0].restated:
            return _kind_of_claims(news.claims), time
    return OutageRestated, time


def _kind_of_claims(claims: list[Claim]) -> type[Outages]:
    if all(claim.state == PENDING for claim in claims):
        return OutageClaimed
    if all(claim.state in {PENDING, VOID} for claim in claims):
        return OutageResumed
    return OutageRestated


def _start(outage: Outage) -> int:
    return outage.start
