"""Corrections: what a fact says once it was corrected, and what no correction may do (domain.md §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from contracts import plain
from contracts.envelope import Fact, make
from contracts.errors import MalformedError
from contracts.facts import (
    FACTS,
    ComplaintFiled,
    ComplaintReopenRequested,
    FactCorrected,
    FactData,
    ResolutionConfirmed,
    ResolutionRejected,
    ServiceDown,
    ServiceUp,
)
from contracts.refusals import refusal

Ref = tuple[str, str]
"""What identifies a fact: `source` and `id`."""
BEHIND = "\U0010ffff"
"""Before a source: what comes of facts stands behind all of them, of one moment (domain.md §2)."""
Corrections = Mapping[Ref, Sequence[Fact]]
_NEVER_CHANGED = ("service", "customer", "agreement")
_SAYS: dict[type[FactData], tuple[str, ...]] = {
    ComplaintFiled: ("down", "down_since"),
    ResolutionConfirmed: ("up_since",),
    ResolutionRejected: ("still_down", "down_since"),
    ComplaintReopenRequested: ("still_down", "down_since"),
    ServiceDown: ("evidence", "since"),
    ServiceUp: ("evidence", "since"),
}
"""In which fields of a fact the customer speaks."""


def effective(fact: Fact, corrections: Corrections) -> Fact | None:
    """What `fact` says with its corrections, in the order of facts; None if it never happened.

    Raises MalformedError where a correction makes it something that cannot be understood.
    """
    said: Fact | None = fact
    for correction in corrections.get(fact.ref, ()):
        holds = effective(correction, corrections)
        if holds is not None and said is not None and isinstance(holds.data, FactCorrected):
            said = corrected(said, holds.data)
    return said


def root(facts: Mapping[Ref, Fact], ref: Ref) -> Ref:
    """The fact that a correction (of a correction …) is about in the end."""
    fact = facts[ref]
    while isinstance(fact.data, FactCorrected):
        ref = (fact.data.fact.source, fact.data.fact.id)
        fact = facts[ref]
    return ref


def with_correction(corrections: Corrections, ref: Ref, correction: Fact) -> Corrections:
    """`corrections` and one more, of the fact `ref`."""
    return {**corrections, ref: sorted((*corrections.get(ref, ()), correction), key=lambda fact: fact.key)}


def corrected(fact: Fact, correction: FactCorrected) -> Fact | None:
    """What `fact` says after one correction; None if it is void."""
    if correction.void:
        return None
    cls = FACTS[fact.type]
    data = fact.data
    if correction.data is not None:
        fields: dict[str, Any] = msgspec.to_builtins(data)
        fields.update(correction.data)
        try:
            data = msgspec.convert(fields, cls)
            plain.check(data, "data.data")
        except msgspec.ValidationError as error:
            raise refusal(error, msgspec.json.encode(fields), cls, "data.data") from None
        except RecursionError:
            raise MalformedError("nested too deep", "data.data") from None
    try:
        return make(fact.source, fact.id, fact.type, fact.subject, correction.time or fact.time, data)
    except MalformedError as error:
        raise _of_the_correction(error, correction) from None


def _of_the_correction(error: MalformedError, correction: FactCorrected) -> MalformedError:
    """What is wrong with a fact once it is corrected, by the field of the correction that makes it so."""
    name = (error.field or "").removeprefix("data.")
    changed = correction.data is not None and name.partition(".")[0] in correction.data
    field = f"data.data.{name}" if changed else "data.time"
    return MalformedError(f"corrected, it cannot be understood: {error.reason}", field, error.value)


def forbid(before: Fact | None, after: Fact | None, correction: FactCorrected, *, turned: bool) -> None:
    """Raises MalformedError where a correction does what none may.

    `turned`: the fact began or ended the complaint (filing, granted closing, withdrawal, reopening).
    """
    if before is None:
        return
    if turned and (after is None or after.us != before.us):
        what = "void" if after is None else "at another time"
        field = "data.void" if after is None else "data.time"
        raise MalformedError(f"`{before.type}` began or ended the complaint: it cannot be made {what}", field)
    if isinstance(before.data, ComplaintFiled) and after is not None:
        for name in _NEVER_CHANGED:
            if getattr(before.data, name) != getattr(after.data, name):
                raise MalformedError(f"a filing's `{name}` cannot be corrected", f"data.data.{name}")
    if correction.proof is None and _silences_the_customer(before, after):
        raise MalformedError("it takes away what the customer said, so it needs the customer's `proof`", "data.proof")


def _silences_the_customer(before: Fact, after: Fact | None) -> bool:
    if not customer_speaks(before.data):
        return False
    if after is None or after.us != before.us:
        return True
    return any(
        (getattr(before.data, name) or None) != (getattr(after.data, name) or None) for name in _SAYS[type(before.data)]
    )


def customer_speaks(data: FactData) -> bool:
    """Whether a fact holds the customer's own word."""
    if isinstance(data, ComplaintFiled):
        return bool(data.down)
    if isinstance(data, ComplaintReopenRequested):
        return bool(data.still_down)
    if isinstance(data, ServiceDown | ServiceUp):
        return data.evidence == "customer"
    return type(data) in _SAYS
