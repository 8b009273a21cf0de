"""An engine in a thread of its own, for callers that must not be blocked (their heartbeats go on meanwhile)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from engine.intake import Engine
from engine.store.errors import LostError

_T = TypeVar("_T")


class Worker:
    """One engine, opened when it is needed, and anew when it has failed. Callers wait in line."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open = open_engine
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(1, "stilldown-engine")

    async def do(self, work: Callable[[Engine], _T]) -> _T:
        """What `work` gives. What it raises is raised here; the next caller has a new engine then."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def _do(self, work: Callable[[Engine], _T]) -> _T:
        if self._engine is None:
            self._engine = self._open()
        try:
            return work(self._engine)
        except LostError:  # nothing is wrong with the engine
            raise
        except Exception:
            self._close()
            raise

    async def close(self) -> None:
        """Ends the engine, after all that is in line."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            with suppress(Exception):  # it is given up
                engine.close()
