"""A wire that can be cut: between workers and a server, for TCP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from tools.broker import free_port

_CHUNK = 65_536
_T = TypeVar("_T")
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Listens on a port of the loopback, and passes on what comes to a server and back, in a thread of its own."""

    def __init__(self, connect: Callable[[], Awaitable[_Streams]]) -> None:
        """`connect` connects to the server."""
        self.port = free_port()
        self._connect = connect
        self._loop = asyncio.new_event_loop()
        self._lines: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._refuses = False
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listens from now on."""
        self._flows.set()
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", self.port))

    def stop(self) -> None:
        """Cuts all, and listens no more."""

        async def work() -> None:
            self._drop()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            if self._server is not None:
                self._server.close()

        self._run(work())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> int:
        """Cuts every connection; how many there were."""

        async def work() -> int:
            return self._drop()

        return self._run(work()) // 2

    def stall(self, seconds: float) -> None:
        """Lets nothing through for a while; what is on its way comes later."""

        async def work() -> None:
            self._flows.clear()
            self._loop.call_later(seconds, self._flows.set)

        self._run(work())

    def refuse(self, seconds: float) -> int:
        """Cuts every connection, and drops those that are made for a while; how many there were."""

        async def work() -> int:
            self._refuses = True
            self._loop.call_later(seconds, setattr, self, "_refuses", False)
            return self._drop()

        return self._run(work()) // 2

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _drop(self) -> int:
        number = len(self._lines)
        for writer in self._lines:
            writer.transport.abort()
        return number

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            there, back = await self._connect()
        except OSError:  # the server is down
            writer.transport.abort()
            return
        self._lines |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._lines -= {writer, back}

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Until either side ends: then the other is ended too."""
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._flows.wait()
                target.write(data)
                await target.drain()
        target.close()
