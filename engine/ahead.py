"""Reading ahead: the next batch is read and understood while the store writes the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Final, NamedTuple

from contracts.envelope import Fact, parse
from contracts.errors import MalformedError

_PATIENCE: Final = 0.5


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


def ahead(batches: Iterable[list[bytes]]) -> Iterator[Batch]:
    """Each batch, understood; one is always in the making. What reading raises is raised here, in its place.

    `batches` is advanced in a thread of its own. Whoever stops early waits for it a moment only: it may be
    reading from a pipe into which nobody writes, and such a thread ends with the process.
    """
    made: SimpleQueue[Batch | BaseException | None] = SimpleQueue()
    wanted = Semaphore(1)
    over = Event()

    def make() -> None:
        try:
            for bodies in batches:
                made.put(Batch(bodies, [understand(body) for body in bodies]))
                wanted.acquire()
                if over.is_set():
                    return
            made.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            made.put(error)

    thread = Thread(target=make, name="stilldown-ahead", daemon=True)
    thread.start()
    try:
        while (batch := made.get()) is not None:
            if isinstance(batch, BaseException):
                raise batch
            wanted.release()
            yield batch
    finally:
        over.set()
        wanted.release()
        thread.join(_PATIENCE)
