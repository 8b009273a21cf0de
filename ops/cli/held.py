"""`held`: facts that wait for their complaint, for the fact that they correct, or for their time (domain.md §3)."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, MANY, REFUSED, Common, confirmed, console, pairs, rows, tell

if TYPE_CHECKING:
    from engine.keeping import Keeper
    from engine.store.unit import HeldRow

_Source = Annotated[str, Parameter(help="The fact's `source`.")]
_Id = Annotated[str, Parameter(help="The fact's `id`.")]


def listed(*, common: Common = COMMON) -> int:
    """Which facts wait, and what for."""
    from engine.keeping import Keeper
    from ops.words import moment

    with Keeper(common.url) as keeper:
        if common.json:
            for row in keeper.waiting():
                common.answer(_told(row))
            return DONE
        table = rows("source", "id", "type", "subject", "waits", "since (UTC)")
        for row in islice(keeper.waiting(), MANY):
            told = _told(row)
            table.add_row(row.source, row.id, told["type"], told["subject"], _waits(told), moment(told["held_at"]))
    if not table.row_count:
        tell("no fact waits for anything")
        return DONE
    console().print(table)
    if table.row_count == MANY:
        tell(f"note: these are the first {MANY:,}; --json gives all")
    return DONE


def show(source: _Source, id: _Id, /, *, common: Common = COMMON) -> int:  # noqa: A002 - what help calls it
    """One fact that waits, with its original bytes."""
    from engine.keeping import Keeper
    from ops.bodies import for_machines, for_people
    from ops.words import moment

    with Keeper(common.url) as keeper:
        row = _found(keeper, source, id)
    told = _told(row)
    if common.json:
        common.answer(told | for_machines(row.body))
        return DONE
    out = console()
    out.print(pairs({"source": source, "id": id, "waits": f"{_waits(told)}, since {moment(told['held_at'])} UTC"}))
    out.print(for_people(row.body), soft_wrap=True)
    return DONE


def drop(
    source: _Source,
    id: _Id,  # noqa: A002 - as above
    /,
    *,
    yes: Annotated[bool, Parameter(negative=(), show_default=False, help="Do not ask.")] = False,
    common: Common = COMMON,
) -> int:
    """Take a fact out that waits; prints its original bytes."""
    from engine.keeping import Keeper
    from ops.bodies import for_machines

    def hand(row: HeldRow) -> None:
        if common.json:
            common.answer(_told(row) | for_machines(row.body))
        else:
            sys.stdout.buffer.write(row.body + b"\n")
        sys.stdout.buffer.flush()

    with Keeper(common.url, writes=True) as keeper:
        _found(keeper, source, id)
        if not yes and not confirmed(f"Take out the fact {source} {id} for good?"):
            tell("nothing was taken out")
            return REFUSED
        if not keeper.drop_waiting(source, id, hand):
            _found(keeper, source, id)  # released meanwhile: says that there is none
    return DONE


def _found(keeper: Keeper, source: str, name: str) -> HeldRow:
    from engine.reading import UnknownError

    row = keeper.waits(source, name)
    if row is None:
        raise UnknownError(f"no fact {source} {name} waits")
    return row


def _told(row: HeldRow) -> dict[str, Any]:
    from contracts.envelope import glance
    from contracts.moments import rfc3339

    _, _, kind, subject = glance(row.body)
    return {
        "source": row.source,
        "id": row.id,
        "type": kind,
        "subject": subject,
        "waits_for": row.waits_for,
        "due": None if row.due is None else rfc3339(row.due),
        "held_at": rfc3339(row.held_at),
        "bytes": len(row.body),
    }


def _waits(told: dict[str, Any]) -> str:
    """Say what a fact waits for."""
    from ops.words import moment

    if told["due"] is not None:
        return f"until {moment(told['due'])} UTC"
    kind, _, name = str(told["waits_for"]).partition(":")
    return f"for the filing of {name}" if kind == "complaint" else f"for the fact {name}"
