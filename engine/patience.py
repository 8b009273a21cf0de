"""Trying again what fails for a passing reason: later and later, and not all at once."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Final

from contracts.errors import StilldownError

FIRST: Final = 0.1
LONGEST: Final = 30.0
"""Seconds before the first try, and at most before any."""


class Patience:
    """How long to wait before the next try."""

    def __init__(self) -> None:
        self._delay = FIRST

    def next(self) -> float:
        """Seconds; twice as long each time, and a little more or less, so that several do not try at once."""
        delay = self._delay
        self._delay = min(2 * delay, LONGEST)
        return delay * random.uniform(0.8, 1.2)  # noqa: S311 - nothing secret

    def reset(self) -> None:
        """It went well."""
        self._delay = FIRST


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits, but not longer than until `stop`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def said(error: Exception) -> str:
    """What failed, in words."""
    if isinstance(error, TimeoutError):
        return "Kafka does not answer"
    return str(error) if isinstance(error, StilldownError) else f"{type(error).__name__}: {error}"
