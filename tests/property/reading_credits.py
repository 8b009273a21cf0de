"""A second reading of credits (the domain page, section 8).

Where the page leaves something open: an outage counts whole, to the withdrawal at most, as in `downtime`, and one that
lasts to `at`; a period is begun at its first instant if the customer is still down at it (as "a clock not stopped at
its due instant is breached at it"), by moments with their microseconds; an outage for which nothing is owed has no row.

Terms that were applied hold for every outage of the complaint: what is owed is "computed from the outages", not from
what was owed before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from .reading_course import lives, outages

if TYPE_CHECKING:
    from .reading import World

PERIOD = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


def credits_(world: World, complaint: str, at: datetime | None = None) -> list[dict[str, str]]:
    """What is owed, for one outage after the other."""
    terms, now = world.terms(complaint, at).credit, at or world.now
    if terms is None:
        return []
    last = lives(world, complaint, now)[-1]
    until = now if last.end is None or last.closed else last.end
    amount, rows = Decimal(terms.amount), []
    for outage, _ in outages(world, complaint, now):
        length = min(outage.end or until, until) - outage.start - timedelta(seconds=terms.after)
        begun, lasts = 0, outage.end is None and until == now and (last.end is None or last.closed)
        while begun * PERIOD[terms.per] < length or (lasts and begun * PERIOD[terms.per] == length):
            begun += 1
        owed = amount * begun
        if terms.cap is not None:
            owed = min(owed, Decimal(terms.cap))
        if owed:
            rows.append({"amount": str(owed.quantize(amount, ROUND_DOWN)), "currency": terms.currency})
    return rows
