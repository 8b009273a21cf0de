"""Reading ahead: the next batch is read and understood, in a thread of its own, while one is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Final, NamedTuple

from contracts.envelope import Fact, parse
from contracts.errors import MalformedError

_PATIENCE: Final = 0.5
_LOOK: Final = 0.1
"""Seconds between two looks whether anybody still wants the next batch."""


class Batch(NamedTuple):
    """Facts as they came, and as they were understood."""

    bodies: list[bytes]
    facts: list[Fact | MalformedError]


def understand(body: bytes) -> Fact | MalformedError:
    """A fact, or why it is none."""
    try:
        return parse(body)
    except MalformedError as error:
        return error


class Ahead(Iterator[Batch]):
    """Each batch, understood; one or two are always in the making. What reading raises is raised here, in its place.

    `batches` is advanced in a thread of its own. Whoever stops early (`close`) waits for it a moment only: it may be
    reading from a pipe into which nobody writes, and such a thread ends with the process.
    """

    def __init__(self, batches: Iterable[list[bytes]]) -> None:
        self._made: Queue[Batch | BaseException | None] = Queue(1)
        self._next: Batch | BaseException | None = None
        """What was waited for, and not given yet."""
        self.given = 0
        """Facts that were given so far."""
        self._over = Event()
        self._thread = Thread(target=self._make, args=(batches,), name="stilldown-ahead", daemon=True)
        self._thread.start()

    def __next__(self) -> Batch:
        """The next batch, when it is there. Raises StopIteration after the last, and what reading raised."""
        self.wait()
        if isinstance(self._next, Batch):
            batch, self._next = self._next, None
            self.given += len(batch.bodies)
            return batch
        if self._next is None:
            raise StopIteration
        raise self._next

    def wait(self, seconds: float | None = None) -> None:
        """Waits until the next batch is there, or it is clear that there is none; at most so long."""
        while self._next is None and not self._over.is_set():
            try:
                # An interruption that comes just before a thread begins to wait does not end its waiting.
                self._next = self._made.get(timeout=_PATIENCE if seconds is None else seconds)
            except Empty:
                if seconds is None:
                    continue
                return
            if not isinstance(self._next, Batch):
                self._over.set()

    def soon(self, seconds: float) -> Batch | None:
        """The next batch if it is there within a time; it is given by `next` too, then."""
        self.wait(seconds)
        return self._next if isinstance(self._next, Batch) else None

    def close(self) -> None:
        """No more is wanted."""
        self._over.set()
        self._thread.join(_PATIENCE)

    def _make(self, batches: Iterable[list[bytes]]) -> None:
        made: Batch | BaseException | None = None
        try:
            for bodies in batches:
                if not self._put(Batch(bodies, [understand(body) for body in bodies])):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            made = error
        self._put(made)

    def _put(self, made: Batch | BaseException | None) -> bool:
        while not self._over.is_set():
            try:
                self._made.put(made, timeout=_LOOK)
            except Full:
                continue
            return True
        return False
