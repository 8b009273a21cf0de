"""Reading ahead: the next batch is read while one is decided on, and understood while the store writes that.

Writing waits for the disk and needs no Python: what is done just then costs no time. Done any earlier it
would only take turns with the deciding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    meanwhile: Callable[[], None]
    """To be called when nothing is left but to write it: then the next batch is understood."""


def understand(body: bytes) -> Fact | MalformedError:
    """A fact, or why it is none."""
    try:
        return parse(body)
    except MalformedError as error:
        return error


def ahead(batches: Iterable[list[bytes]]) -> Iterator[Batch]:
    """Each batch, understood; one is always in the making. What reading raises is raised here, in its place.

    Whoever asks for a batch without having called `meanwhile` of the one before waits until it is understood.
    `batches` is advanced in a thread of its own. Whoever stops early waits for it a moment only: it may be
    reading from a pipe into which nobody writes, and such a thread ends with the process.
    """
    made: SimpleQueue[Batch | BaseException | None] = SimpleQueue()
    wanted = Semaphore(1)
    over = Event()
    asked = Event()
    asked.set()

    def want() -> None:
        """Once for each batch, however often it is called."""
        if not asked.is_set():
            asked.set()
            wanted.release()

    def make() -> None:
        try:
            for bodies in batches:
                wanted.acquire()
                if over.is_set():
                    return
                made.put(Batch(bodies, [understand(body) for body in bodies], want))
            made.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            made.put(error)

    thread = Thread(target=make, name="stilldown-ahead", daemon=True)
    thread.start()
    try:
        while (batch := made.get()) is not None:
            if isinstance(batch, BaseException):
                raise batch
            asked.clear()
            yield batch
            want()
    finally:
        over.set()
        wanted.release()
        thread.join(_PATIENCE)
