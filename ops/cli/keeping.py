"""`status`, `verify`, `migrate`: the store itself."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, ELSE, Common, console, pairs, tell

_SECOND = 1_000_000


def status(*, common: Common = COMMON) -> int:
    """How the store stands. An alarm (and exit code 1) where the engine's clock is ahead of this machine's."""
    from rich.text import Text

    from contracts.moments import rfc3339
    from engine.keeping import Keeper
    from engine.store.opening import named
    from ops.words import counted, length, moment

    url = common.url
    with Keeper(url) as keeper:
        clock, machine, schema = keeper.clock(), keeper.now(), keeper.schema
        standing = keeper.standing(machine if clock.mode == "wall" else clock.recorded_at)
    clock = standing.clock
    recorded_at = rfc3339(clock.recorded_at) if standing.last else None
    ahead = clock.recorded_at - machine if standing.last and clock.mode == "wall" else 0
    alarm = None
    if ahead > _SECOND:
        alarm = (
            f"the engine's clock is {length(ahead // _SECOND)} ahead of this machine's: one of them is wrong."
            " Until the machine's has caught up, everything is recorded with the engine's"
        )
    told: dict[str, Any] = {
        "store": named(url),
        "schema": schema,
        "clock": {"mode": clock.mode, "recorded_at": recorded_at},
        "positions": {"last": standing.last},
        "streams": standing.streams,
        "complaints": standing.streams.get("complaint", 0),
        "facts": standing.facts,
        "held": standing.held,
        "dead": standing.dead,
        "timers": {
            "armed": standing.timers,
            "due": standing.overdue,
            "next_due": None if standing.next_due is None else rfc3339(standing.next_due),
        },
        "work": standing.work,
        "staged_agreements": standing.staged,
        "alarm": alarm,
    }
    if common.json:
        common.answer(told)
    else:
        follows = {"wall": "the machine's", "event": "follows the facts"}[clock.mode]
        timers = counted(standing.timers, "timer")
        if standing.next_due is not None:
            timers += f", the next due {moment(rfc3339(standing.next_due))}"
            timers += f"; {standing.overdue:,} due by now" if standing.overdue else ""
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in standing.streams.items())
        facts = {
            "store": named(url),
            "schema": f"version {schema}",
            "complaints": f"{told['complaints']:,}",
            "facts": f"{standing.facts:,}",
            "events": f"{standing.last:,} positions, in {kinds} streams" if kinds else "none yet",
            "held": _more(standing.held, "stilldown held list"),
            "dead": _more(standing.dead, "stilldown dead list"),
            "timers": timers,
            "work": f"{counted(standing.work, 'change')} still to be carried to complaints" if standing.work else None,
            "clock": f"{follows}; last recorded {moment(recorded_at) if recorded_at else 'nothing'}; times are UTC",
            "waiting": f"{counted(standing.staged, 'agreement')} published with the first fact"
            if standing.staged
            else None,
            "ALARM": Text(alarm, style="bold red") if alarm else None,
        }
        console().print(pairs(facts))
    if alarm and common.json:
        tell(f"ALARM: {alarm}")
    return ELSE if alarm else DONE


def verify(*, common: Common = COMMON) -> int:
    """Check the whole store, and name the first position that does not hold."""
    from engine.verify import verify as run
    from ops.cli.progress import progress
    from ops.words import counted

    with progress("verifying", "events") as report:
        found = run(common.url, report)
    problem = found.problem
    if common.json:
        told = {"ok": problem is None, "positions": found.positions, "streams": found.streams, "facts": found.facts}
        common.answer(told | {"problem": None if problem is None else problem._asdict()})
    elif problem is None:
        looked = (counted(found.positions, "position"), counted(found.streams, "stream"), counted(found.facts, "fact"))
        console().print(f"The store holds: {', '.join(looked)}.", soft_wrap=True)
    if problem is not None:
        where = "the identities do" if problem.position is None else f"position {problem.position} does"
        tell(f"stilldown: {where} not hold: {problem.what}")
        return ELSE
    return DONE


def migrate(
    *,
    begin: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Only what workers of the version before can live with: then start the new ones, stop the old ones,"
            " and run `migrate` again.",
        ),
    ] = False,
    common: Common = COMMON,
) -> int:
    """Make a store, or upgrade one to this version."""
    from engine.store.opening import migrate as run
    from engine.store.opening import named

    url = common.url
    migrated = run(url, finish=not begin)
    if common.json:
        told = {"store": named(url), "schema": migrated.schema, "made": migrated.made, "done": list(migrated.done)}
        common.answer(told)
    else:
        for step in migrated.done:
            console().print(step)
        upgraded = "is upgraded" if migrated.done else "is up to date"
        done = "is made" if migrated.made else upgraded
        console().print(f"The store {named(url)} {done} (schema version {migrated.schema}).", soft_wrap=True)
    return DONE


def _more(number: int, command: str) -> str:
    return f"{number:,} (`{command}`)" if number else "0"
