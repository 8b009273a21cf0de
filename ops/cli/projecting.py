"""`project` and `rebuild`: views are kept up to date, and made anew."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, closing
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, ELSE, Common, console, tell
from ops.cli.viewing import ViewsUrl, alarm
from ops.cli.working import Kafka, Session, check_session
from ops.errors import UsageError

if TYPE_CHECKING:
    from ops.kafka import KafkaFeed

_POLL: Final = 0.2
"""Seconds between two looks at a store in which nothing is new."""
_DIFFER: Final = ELSE


def project(
    *,
    kafka: Kafka = None,
    session: Session = 10.0,
    views: ViewsUrl = None,
    once: Annotated[bool, Parameter(negative=(), help="End when everything recorded is applied.")] = False,
    common: Common = COMMON,
) -> int:
    """Keep the views up to date, until Ctrl-C or SIGTERM: the page at hand is finished first.

    Where Kafka is named, from `stilldown.events`: any number of projectors share the work, and none needs the store.
    """
    from ops.settings import kafka_servers

    servers = kafka_servers(kafka)
    if servers is None:
        applied, position = _from_store(common, views, once)
    else:
        applied, position = _from_kafka(common, views, once, servers, session)
    if common.json:
        common.answer({"applied": applied, "position": position})
    else:
        console().print(f"{applied:,} events applied; the views are at position {position:,}.")
    return DONE


def _from_kafka(common: Common, views: str | None, once: bool, servers: str, session: float) -> tuple[int, int]:
    import asyncio

    from ops import logs
    from ops.following import follow
    from ops.viewing import views_url

    check_session(session)
    logs.configure(verbose=common.verbose, works=True)
    logs.listen_to("aiokafka", verbose=common.verbose)
    url = views_url(common.url) if views is None else views
    return asyncio.run(follow(url, servers, session=session, once=once))


def _from_store(common: Common, views: str | None, once: bool) -> tuple[int, int]:
    from ops.viewing import opened

    stop = threading.Event()

    def ask(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with opened(common.url, views, alarm=alarm) as found:
            applied = 0
            while True:
                if found.projector.is_fed_by_kafka():
                    raise UsageError(
                        "Kafka feeds these views: say where it is with --kafka, or give others with --views"
                    )
                applied += found.catch_up(until=stop.is_set)
                if once or stop.wait(_POLL):
                    return applied, found.projector.last()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _topic(servers: str) -> KafkaFeed:
    import asyncio

    from ops import topics
    from ops.kafka import KafkaFeed

    asyncio.run(topics.check(servers))
    return KafkaFeed(servers)


def rebuild(
    *names: Annotated[str, Parameter(help="Views that are to be compared; their tables are made anew.")],
    check: Annotated[bool, Parameter(negative=(), help="Only compare; change nothing.")] = False,
    kafka: Annotated[
        str | None, Parameter(help="Kafka's bootstrap servers: makes them from what its topic has, not from the store.")
    ] = None,
    views: ViewsUrl = None,
    common: Common = COMMON,
) -> int:
    """Make views anew beside the live ones, compare, and switch. With --check exit code 1 where they differ."""
    from ops import logs
    from ops.asking import up_to_date
    from ops.cli.progress import progress
    from ops.settings import kafka_servers
    from ops.viewing import opened
    from projections.views import VIEWS

    unknown = [name for name in names if name not in VIEWS]
    if unknown or not names:
        what = f"there is no view {unknown[0]}" if unknown else "name views"
        raise UsageError(f"{what}; there are {', '.join(VIEWS)}")
    servers = None if kafka is None else kafka_servers(kafka)
    logs.be_deaf_to("aiokafka", verbose=common.verbose)
    now = up_to_date(common.url, tell)
    with ExitStack() as stack:
        found = stack.enter_context(opened(common.url, views, alarm=alarm))
        feed = found.feed if servers is None else stack.enter_context(closing(_topic(servers)))
        report = stack.enter_context(progress("rebuilding", "events"))
        found.catch_up()
        total = feed.last()
        rebuilt = found.rebuild(names, at=now, check=check, report=lambda done: report(done, total), feed=feed)
    differences = [one._asdict() for one in rebuilt.differences]
    if common.json:
        common.answer({"events": rebuilt.events, "differences": differences, "switched": rebuilt.switched})
    else:
        for one in rebuilt.differences:
            tell(f"{one.where}: live {one.live}, rebuilt {one.rebuilt}")
        same = "nothing differs" if not differences else f"{len(differences)} rows differ (the first of them above)"
        done = "the rebuilt views are read now; the old tables are kept" if rebuilt.switched else "nothing was changed"
        console().print(f"{rebuilt.events:,} events applied anew: {same}; {done}.", soft_wrap=True)
    return _DIFFER if check and differences else DONE
