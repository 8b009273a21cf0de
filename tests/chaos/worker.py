"""A worker that dies where it is told to; in all else it is the real one.

    python -m tests.chaos.worker engine|project …        # the arguments are those of `stilldown`

A line on its standard input names a point. When it comes there the next time it kills itself, as `kill -9` would.
When its standard input ends it ends too, so that none outlives who started it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

BEFORE_COMMIT: Final = "before commit"
AFTER_COMMIT: Final = "after commit, before offset"
MID_RELAY: Final = "mid-relay, before the broker commits"
RELAYED: Final = "mid-relay, before it is noted"
MID_PAGE: Final = "mid-page"
AFTER_PAGE: Final = "after a page"
_doom: list[str] = []


def _listen() -> None:
    for line in sys.stdin:
        _doom.append(line.strip())  # noqa: PERF401 - as it comes
    os._exit(1)


def _die(point: str) -> None:
    if point in _doom:
        os.kill(os.getpid(), signal.SIGKILL)


def _before(cls: Any, name: str, point: str) -> None:
    real = getattr(cls, name)

    @wraps(real)
    def work(*given: Any, **how: Any) -> Any:
        _die(point)
        return real(*given, **how)

    setattr(cls, name, work)


def _after(cls: Any, name: str, point: str, when: Callable[[Any], Any] = lambda _: True) -> None:
    real = getattr(cls, name)

    @wraps(real)
    def work(*given: Any, **how: Any) -> Any:
        done = real(*given, **how)
        if when(done):
            _die(point)
        return done

    setattr(cls, name, work)


def _mine_engine() -> None:
    from aiokafka import AIOKafkaProducer  # noqa: PLC0415 - only what this worker needs, so that it starts quickly

    from engine.intake import Engine  # noqa: PLC0415
    from engine.relay import Relay  # noqa: PLC0415

    _after(Engine, "_save", BEFORE_COMMIT, lambda taken: taken.results and taken.events)
    _after(Engine, "take", AFTER_COMMIT, lambda taken: taken.results and taken.events)
    _before(AIOKafkaProducer, "commit_transaction", MID_RELAY)
    _before(Relay, "_move", RELAYED)


def _mine_project() -> None:
    from projections.folding import Fold  # noqa: PLC0415
    from projections.projector import Projector  # noqa: PLC0415

    _after(Fold, "flush", MID_PAGE)
    _after(Projector, "take", AFTER_PAGE)


if __name__ == "__main__":
    threading.Thread(target=_listen, daemon=True).start()
    {"engine": _mine_engine, "project": _mine_project}[sys.argv[1]]()
    from ops.cli import main

    main()
