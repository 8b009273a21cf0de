"""What an agreement owes for downtime: computed from the outages, never from the ticket (domain.md §8).

Moments are microseconds, amounts decimals with the places that the agreement writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from contracts.agreements import Credit
from contracts.moments import SECOND

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
    periods = max(whole, 0)
    amount = Decimal(terms.amount) * periods
    capped = terms.cap is not None and amount >= Decimal(terms.cap)
    if terms.cap is not None and capped:
        amount = Decimal(terms.cap)
    places = max(_places(terms.amount), _places(str(amount)))
    coming = None if end is not None or capped else free + periods * per
    return Owed(f"{amount:.{places}f}", periods, _why(terms, periods, capped=capped), coming)


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
