"""`status`, `verify`, `migrate`: the store itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, ELSE, Common, console, pairs, tell
from ops.cli.viewing import ViewsUrl
from ops.cli.working import Kafka

if TYPE_CHECKING:
    from contracts.errors import StilldownError

_SECOND = 1_000_000


def status(
    *,
    kafka: Annotated[
        str | None, Parameter(help="Kafka's bootstrap servers: also says how many messages wait in the topics.")
    ] = None,
    views: ViewsUrl = None,
    metrics: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Answer in Prometheus' text format.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """How the store stands. An alarm (and exit code 1) where the engine's clock is ahead of this machine's."""
    from rich.text import Text

    from contracts.moments import rfc3339
    from engine.keeping import Keeper
    from engine.store.opening import named
    from ops.metrics import exposition, relayed
    from ops.settings import kafka_servers
    from ops.viewing import standing as standing_of_views
    from ops.words import counted, length, moment
    from projections.errors import ViewsError

    url = common.url
    servers = None if kafka is None else kafka_servers(kafka)
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
        "relay": relayed(standing, machine),
        "intake": [{"feed": feed, "partition": part, "position": position} for feed, part, position in standing.intake],
        "views": None,
        "alarm": alarm,
    }
    unknown: StilldownError | None = None
    try:
        told["views"] = standing_of_views(url, views)
    except ViewsError as error:  # how the store stands is told all the same
        unknown = error
    if told["views"] is not None:
        told["views"]["behind"] = max(standing.last - told["views"]["position"], 0)
    if servers is not None:
        unknown = _lags(told, servers, verbose=common.verbose) or unknown
    if metrics:
        sys.stdout.write(exposition(told, max(ahead, 0) / _SECOND))
    elif common.json:
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
            "relay": _relay(told["relay"]),
            "intake": _intake(told["intake"]),
            "views": _views(told["views"]),
            "waiting": f"{counted(standing.staged, 'agreement')} published with the first fact"
            if standing.staged
            else None,
            "ALARM": Text(alarm, style="bold red") if alarm else None,
        }
        console().print(pairs(facts))
    if alarm and (common.json or metrics):
        tell(f"ALARM: {alarm}")
    if unknown is not None:
        raise unknown
    return ELSE if alarm else DONE


def _lags(told: dict[str, Any], servers: str, *, verbose: bool) -> StilldownError | None:
    """Add what waits in the topics; or give why that is not known. How the store stands is told all the same."""
    import asyncio

    from contracts.errors import StilldownError
    from contracts.topics import EVENTS_OUT
    from ops import logs, topics
    from ops.metrics import with_lag, with_lag_of_views

    logs.be_deaf_to("aiokafka", verbose=verbose)
    try:
        asyncio.run(topics.check(servers))
        told["intake"] = with_lag(told["intake"], asyncio.run(topics.ends(servers)))
        views = told["views"]
        if views is not None and views["feed"] == "kafka":
            views["parts"] = with_lag_of_views(views["parts"], asyncio.run(topics.ends(servers, EVENTS_OUT)))
    except StilldownError as error:
        return error
    return None


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
    timers: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Also makes the index of what falls due anew from the history, and does what is due: where somebody"
            " has laid hands on it, or it was lost.",
        ),
    ] = False,
    kafka: Kafka = None,
    common: Common = COMMON,
) -> int:
    """Make a store, or upgrade one to this version; where Kafka is named, its topics as well."""
    import asyncio

    from engine.store.opening import migrate as run
    from engine.store.opening import named
    from ops.settings import kafka_servers
    from ops.words import counted

    url, servers = common.url, kafka_servers(kafka)
    migrated = run(url, finish=not begin)
    made: dict[str, str] = {}
    if servers is not None:
        from ops import logs, topics

        logs.be_deaf_to("aiokafka", verbose=common.verbose)
        made = asyncio.run(topics.make(servers))
    rearmed = _rearm(url) if timers else None
    if common.json:
        told = {"store": named(url), "schema": migrated.schema, "made": migrated.made, "done": list(migrated.done)}
        told |= {} if rearmed is None else {"rearmed": rearmed[0], "decisions": rearmed[1]}
        common.answer(told | ({"topics": made} if made else {}))
    else:
        for step in migrated.done:
            console().print(step)
        upgraded = "is upgraded" if migrated.done else "is up to date"
        done = "is made" if migrated.made else upgraded
        console().print(f"The store {named(url)} {done} (schema version {migrated.schema}).", soft_wrap=True)
        if begin:
            console().print("Once no worker of the version before runs any more, `stilldown migrate` finishes it.")
        for name, what in made.items():
            console().print(f"The topic {name} is {'made' if what == 'made' else 'up to date'}.", soft_wrap=True)
        if rearmed is not None:
            looked, decided = counted(rearmed[0], "stream"), counted(rearmed[1], "decision")
            console().print(f"What falls due was looked up anew in {looked}; {decided} came of it.", soft_wrap=True)
    return DONE


def _rearm(url: str) -> tuple[int, int]:
    """Make the index anew and do what is due; how many streams were looked at, and how many decisions were made."""
    from engine.intake import Engine
    from ops.cli.progress import progress

    engine = Engine(url)
    try:
        with progress("looking up what falls due", "streams") as report:
            looked, after = engine.rearm()
            while after is not None:
                report(looked, None)
                more, after = engine.rearm(after)
                looked += more
        return looked, engine.settle().decisions
    finally:
        engine.close()


def _relay(relay: dict[str, Any] | None) -> str | None:
    if relay is None:
        return None
    behind = f"{relay['behind']:,} behind" if relay["behind"] else "nothing behind"
    letters = f", {relay['dead_behind']:,} dead letters to send" if relay["dead_behind"] else ""
    state = "running" if relay["active"] else "NOT running"
    return f"sent up to position {relay['position']:,}, {behind}{letters}; {state}"


def _intake(parts: list[dict[str, Any]]) -> str | None:
    if not parts:
        return None
    lags = [part["lag"] for part in parts if part.get("lag") is not None]
    waiting = f", {_waiting(lags)}" if lags else ""
    return ", ".join(sorted({part["feed"] for part in parts})) + f", {len(parts)} partitions{waiting}"


def _views(views: dict[str, Any] | None) -> str | None:
    if views is None:
        return None
    behind = f"{views['behind']:,} behind" if views["behind"] else "nothing behind"
    lags = [part["lag"] for part in views["parts"] if "lag" in part]
    waiting = f", {_waiting(lags)} in {len(lags)} partitions" if lags else ""
    parked = f"; {views['parked']:,} services LEFT OUT (docs/operations.md)" if views["parked"] else ""
    feed = {"kafka": "from Kafka", "store": "from the store"}[views["feed"]]
    return f"{feed}, applied up to position {views['position']:,}, {behind}{waiting}{parked}"


def _waiting(lags: list[int]) -> str:
    if min(lags) < 0:  # what was taken is not there: the topic was made anew, or it is another cluster
        return f"ANOTHER TOPIC than the one that it came from (docs/operations.md): {-min(lags):,} messages short"
    return f"{sum(lags):,} messages waiting"


def _more(number: int, command: str) -> str:
    return f"{number:,} (`{command}`)" if number else "0"
