"""What an agreement owes for downtime: computed from the outages, never from the ticket (domain.md §8).

Moments are microseconds, amounts decimals with the places that the agreement writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from contracts.agreements import Credit
from contracts.moments import SECOND

_MOST: Final = 1_000
"""Periods that are told one by one; of more at once, which only an outage of years brings, the last ones are."""
_PER: Final = {"hour": 3_600 * SECOND, "day": 86_400 * SECOND}


class Owed(NamedTuple):
    """What is owed for an outage; `next` is when the next period begins, if the outage goes on."""

    amount: str
    periods: int
    why: str
    next: int | None


def owed(terms: Credit, start: int, end: int | None, now: int) -> Owed:
    """What is owed for an outage from `start` to `end` (None: it lasts at `now`).

    A period counts once it has begun; of an outage that lasts, the one that begins at `now` has.
    """
    per = _PER[terms.per]
    free = start + terms.after * SECOND
    whole = (now - free) // per + 1 if end is None else -((free - end) // per)
    found = _of(terms, max(whole, 0))
    capped = found.capped or end is not None
    return Owed(found.amount, found.periods, found.why, None if capped else free + found.periods * per)


def begun(terms: Credit, start: int, periods: int, before: str) -> Iterator[tuple[int, str, str]]:
    """Each of these periods of an outage that brought more than is recorded: when it began, what is owed then, why."""
    per, free = _PER[terms.per], start + terms.after * SECOND
    if terms.cap is not None:
        periods = min(periods, int((Decimal(terms.cap) / Decimal(terms.amount)).to_integral_value(ROUND_CEILING)))
    known = int(Decimal(before) // Decimal(terms.amount))
    for number in range(max(known + 1, periods - _MOST + 1, 1), periods + 1):
        found = _of(terms, number)
        yield free + (number - 1) * per, found.amount, found.why


class _Of(NamedTuple):
    """What so many periods bring."""

    amount: str
    periods: int
    why: str
    capped: bool


@lru_cache(1_024)
def _of(terms: Credit, periods: int) -> _Of:
    amount = Decimal(terms.amount) * periods
    capped = terms.cap is not None and amount >= Decimal(terms.cap)
    if terms.cap is not None and capped:
        amount = Decimal(terms.cap)
    places = max(_places(terms.amount), _places(str(amount)))
    return _Of(f"{amount:.{places}f}", periods, _why(terms, periods, capped=capped), capped)


def periods(terms: Credit, start: int, end: int | None, now: int) -> Iterator[tuple[int, Decimal]]:
    """When each period that `owed` counts began, and what was owed for it: nothing once the cap is reached."""
    per = _PER[terms.per]
    begun = start + terms.after * SECOND
    left = None if terms.cap is None else Decimal(terms.cap)
    while begun <= now if end is None else begun < end:
        amount = Decimal(terms.amount) if left is None else min(Decimal(terms.amount), left)
        if not amount:
            return
        yield begun, amount
        left = None if left is None else left - amount
        begun += per


def in_words(terms: Credit) -> str:
    """What the terms of a credit are."""
    most = "" if terms.cap is None else f", at most {terms.cap} {terms.currency} an outage"
    free = _length(terms.after)
    return f"{terms.amount} {terms.currency} for each {terms.per} of downtime begun beyond {free} free{most}"


def _why(terms: Credit, periods: int, *, capped: bool) -> str:
    unit = terms.per if periods == 1 else f"{terms.per}s"
    begun = f"{periods} {unit} of downtime begun beyond {_length(terms.after)} free"
    most = f", at most {terms.cap} {terms.currency}" if capped and terms.cap is not None else ""
    return f"{begun}, {terms.amount} {terms.currency} each{most}"


def _places(amount: str) -> int:
    return len(amount.partition(".")[2])


def _length(seconds: int) -> str:
    parts: Iterator[tuple[int, str]] = iter(((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 h"
