"""`stilldown engine`: intake from Kafka, the relay and the timers, put together in one process (architecture.md §2)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections import Counter
from contextlib import suppress
from typing import Final

import structlog

from engine.intake import Engine
from engine.listening import Listener
from engine.patience import Patience, pause, said
from engine.recovering import opened
from engine.relay import Relay
from engine.store.opening import named
from engine.taken import Taken
from engine.tuning import tune
from engine.worker import Worker
from ops import topics

SESSION: Final = 10.0
"""Seconds of silence after which an engine is taken for dead."""
_TICK: Final = 0.5
"""Seconds between two looks at what is due."""
_REPORT: Final = 60.0
_STARTING: Final = 60.0
"""Seconds for which a broker that is not there yet is waited for at the start."""
_GAVE_UP: Final = 130
_log = structlog.get_logger("stilldown.engine")


async def work(url: str, bootstrap: str, *, session: float = SESSION) -> None:
    """Work until SIGTERM or SIGINT, which finish the batch at hand; once more ends the process at once.

    Raises TopicsError where the topics are not as they have to be, BrokerError where there is no broker.
    """
    tune()
    stop = asyncio.Event()
    on_signals(stop)
    await _wait_for_broker(bootstrap, stop)

    def open_engine() -> Engine:
        engine = opened(url, bootstrap, stop.is_set)
        listener.look_again()  # a database may have fallen back
        return engine

    worker = Worker(open_engine)
    holder = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
    relay = Relay(url, bootstrap, holder=holder, session=session)
    counts: Counter[str] = Counter()

    def taken(batch: Taken) -> None:
        counts.update(result.outcome.value for result in batch.results)
        counts["decisions"] += batch.decisions
        relay.wake()

    listener = Listener(worker, bootstrap, session=session, taken=taken)
    try:
        await _wait_for_store(worker, bootstrap, stop)
        _log.info("working", store=named(url), kafka=bootstrap, holder=holder)
        async with asyncio.TaskGroup() as group:  # none of them ends, or fails, for a passing reason
            group.create_task(listener.run(stop))
            group.create_task(relay.run(stop))
            group.create_task(_timers(worker, relay, stop))
            group.create_task(_reports(counts, relay, stop))
    finally:
        stop.set()
        await worker.close()
    _log.info("stopped", sent=relay.sent, **counts)


async def _wait_for_broker(bootstrap: str, stop: asyncio.Event) -> None:
    patience = Patience()
    give_up = time.monotonic() + _STARTING
    while not stop.is_set():
        try:
            await topics.check(bootstrap)
        except topics.BrokerError as error:
            if time.monotonic() > give_up:
                raise
            delay = patience.next()
            _log.warning("waiting for the broker", error=str(error), retry_in=round(delay, 1))
            await pause(stop, delay)
        else:
            return


async def _wait_for_store(worker: Worker, bootstrap: str, stop: asyncio.Event) -> None:
    """Until the store has all that was sent of it, nothing is taken, done or sent."""
    patience = Patience()
    while not stop.is_set():
        try:
            await topics.check(bootstrap)
            await worker.do(lambda _: None)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody has to mend it, or it passes
            if not stop.is_set():
                delay = patience.next()
                _log.error("nothing is taken or sent", error=said(error), retry_in=round(delay, 1))
                await pause(stop, delay)
        else:
            return


async def _timers(worker: Worker, relay: Relay, stop: asyncio.Event) -> None:
    """Do what falls due, when it does."""
    patience = Patience()
    while not stop.is_set():
        try:
            taken = await worker.do(Engine.tick)
        except Exception as error:  # noqa: BLE001 - what is due stays due
            delay = patience.next()
            _log.error("what is due waits", error=said(error), retry_in=round(delay, 1))
            await pause(stop, delay)
        else:
            patience.reset()
            if taken.events:
                relay.wake()
            await pause(stop, 0 if taken.more else _TICK)


async def _reports(counts: Counter[str], relay: Relay, stop: asyncio.Event) -> None:
    """Say from time to time what was done, if anything was."""
    said: dict[str, int] = {}
    while not stop.is_set():
        await pause(stop, _REPORT)
        now = dict(counts) | {"sent": relay.sent}
        if now != said and not stop.is_set():
            _log.info("so far", **now)
            said = now


def on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM and SIGINT; once more ends the process at once."""

    def ask() -> None:
        if stop.is_set():
            os._exit(_GAVE_UP)  # what was not committed never was
        _log.info("stopping after this batch")
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, ask)
