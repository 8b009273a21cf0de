"""An engine is opened only on a store that has all that was sent of it: what it has lost is read back first.

A store that was restored from a backup, or a replica that had not everything, would give positions again that were
sent with other events (docs/decisions/0019).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from contracts.errors import StilldownError
from contracts.kafka import Placed
from contracts.recorded import Recorded
from contracts.topics import EVENTS_OUT
from engine.intake import Engine
from engine.restoring import Page, Restoring
from engine.sent import ADVICE, Sent, WrongTopicError, fence

_OTHERS: Final = 1.0
"""Seconds before it is looked again whether another engine has read everything back."""
_EVERY: Final = 10.0
"""Seconds between two lines that say how far it is."""
_log = structlog.get_logger("stilldown.recovering")


class GivenUpError(StilldownError):
    """It is to stop."""


def opened(url: str, bootstrap: str, is_over: Callable[[], bool]) -> Engine:
    """An engine on a store that has all that was sent. Blocks, and has a loop of its own.

    Raises WrongTopicError where it cannot have, GivenUpError as soon as it `is_over`; TimeoutError, KafkaError.
    """
    engine = Engine(url)
    try:
        asyncio.run(_recover(url, bootstrap, is_over))
        while engine.remake():
            _go_on(is_over)
    except BaseException:
        engine.close()
        raise
    return engine


async def _recover(url: str, bootstrap: str, is_over: Callable[[], bool]) -> None:
    store = Restoring(url)
    try:
        async with Sent(bootstrap) as sent:
            last = await sent.last()
            while last is not None and (at := store.standing(last)) < last.position:
                await fence(bootstrap)
                last = await sent.last() or last
                _log.warning(
                    "the store is behind what was sent: it reads back",
                    topic=EVENTS_OUT,
                    store_at=at,
                    topic_at=last.position,
                )
                if not await _read_back(sent, store, at, last, is_over):
                    await asyncio.sleep(_OTHERS)
                last = await sent.last()
    finally:
        store.close()


async def _read_back(sent: Sent, store: Restoring, at: int, last: Placed, is_over: Callable[[], bool]) -> bool:
    """All after a position; False where another engine is doing the same."""
    begun = told = time.monotonic()
    page = Page(at + 1)
    async for placed in sent.after(at, last.position):
        if placed.position == at:
            store.standing(placed)
            continue
        event = placed.what
        if not isinstance(event, Recorded):
            raise WrongTopicError(f"position {placed.position} in {EVENTS_OUT} cannot be read ({event}); {ADVICE}")
        if page.events and page.ends_before(event):
            if not store.take(page):
                return False
            page = Page(placed.position)
            _go_on(is_over)
            if time.monotonic() - told > _EVERY:
                told = time.monotonic()
                _log.info("reading back", position=placed.position - 1, topic_at=last.position)
        page.add(event)
    if not store.take(page):
        return False
    seconds = round(time.monotonic() - begun, 1)
    _log.info("all that was sent is in the store again", events=last.position - at, seconds=seconds)
    return True


def _go_on(is_over: Callable[[], bool]) -> None:
    if is_over():
        raise GivenUpError("it is to stop")
