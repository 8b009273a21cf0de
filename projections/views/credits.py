"""`credits`: a row is a service and month in which periods began for which money is owed (domain.md §8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from projections.looking import Looking
from projections.views.base import Row, View, in_order, month

Key = tuple[str, str, str]


def _credits(look: Looking) -> Iterator[Row]:
    for service, _, _, complaints in look.by_service():
        amounts: dict[Key, Decimal] = {}
        terms: dict[Key, Counter[str]] = {}
        for complaint in complaints:
            zone = complaint.terms(look.at).zone
            for credit in complaint.credits(look.at):
                key = (service, month(credit.time, zone), credit.currency)
                amounts[key] = amounts.get(key, Decimal(0)) + credit.amount
                terms.setdefault(key, Counter())[credit.terms] += 1
        for key in in_order(amounts):
            yield {
                "service": service,
                "month": key[1],
                "amount": f"{amounts[key]:f}",
                "currency": key[2],
                "why": "; ".join(f"{periods} x {why}" for why, periods in sorted(terms[key].items())),
            }


CREDITS = View("credits", ("service", "month", "amount", "currency", "why"), _credits, (), narrow=("service",), keys=2)
