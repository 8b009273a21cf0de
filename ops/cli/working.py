"""`engine`: the worker that takes facts from Kafka (interfaces.md §1)."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, Common
from ops.errors import UsageError

Kafka = Annotated[
    str | None, Parameter(help="Kafka's bootstrap servers, HOST:PORT, several with commas. Default: $STILLDOWN_KAFKA.")
]
Session = Annotated[
    float, Parameter(help="Seconds of silence after which a worker is taken for dead, and others take over.")
]
_LONGEST = 1_800


def engine(
    *,
    kafka: Kafka = None,
    session: Session = 10.0,
    common: Common = COMMON,
) -> int:
    """Take facts from Kafka, send on what is recorded, do what falls due. Any number of engines share the work."""
    import asyncio

    from ops import logs
    from ops.opening import engine as opened
    from ops.settings import kafka_servers
    from ops.working import work

    servers = kafka_servers(kafka)
    if servers is None:
        raise UsageError("Kafka is not named: --kafka HOST:PORT, or $STILLDOWN_KAFKA. See `stilldown engine --help`.")
    check_session(session)
    with opened(common.url):  # made or upgraded, and refused where it is no store
        pass
    logs.configure(verbose=common.verbose, works=True)
    logs.listen_to("aiokafka", verbose=common.verbose)
    asyncio.run(work(common.url, servers, session=session))
    return DONE


def check_session(session: float) -> None:
    """Raise UsageError where no worker can be told dead by that."""
    if not 0 < session <= _LONGEST:
        raise UsageError(f"--session: more than 0 and at most {_LONGEST} seconds, got {session:g}")
