"""Taking facts in: batch by batch through the engine's one door, and what became of them (interfaces.md §1)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, Final

import msgspec

from engine.ahead import Ahead
from engine.intake import Engine
from engine.taken import Outcome, Result, Taken
from engine.tuning import tune
from ops.stopping import finishing

BATCH: Final = 500
"""Facts of a transaction."""
BATCH_BYTES: Final = 16 * 1024 * 1024
"""A batch ends early where its facts are larger than that."""
_REASONS: Final = 1_000
_SHOWN: Final = 3


class Tally(msgspec.Struct):
    """What became of the facts that were read in one run."""

    read: int = 0
    recorded: int = 0
    duplicates: int = 0
    held: int = 0
    dead: int = 0
    decisions: int = 0
    seconds: float = 0.0


class Run:
    """One run of taking facts in. `tally` is right after every batch."""

    def __init__(self, engine: Engine, mode: str | None) -> None:
        """`mode`: `wall`, `event`, or None: whatever the store's clock follows."""
        self.tally = Tally()
        self.released = self.died = 0
        """Facts that earlier runs had held: recorded in this one, or not understood after all."""
        self._engine = engine
        self._mode = mode
        self._began = time.monotonic()
        self._waiting: set[int] = set()  # by hash: a set of millions of names would not stay small
        self._reasons: Counter[str] = Counter()

    def take(self, bodies: Iterable[bytes], after: Callable[[], None] | None = None) -> None:
        """Take facts in, in order; `after` is called after each batch.

        KeyboardInterrupt comes between two batches: what is in the tally is recorded, and nothing else.
        """
        tune(bulk=True)
        made, before = Ahead(batches(bodies)), self.tally.read
        with closing(made), closing(self._engine.stream(made, mode=self._mode)) as stream:
            while True:
                if self.tally.read - before == made.given:
                    made.wait()  # Ctrl-C ends at once where nothing is at hand
                if not self._took(stream):
                    break
                if after is not None:
                    after()
        self.count(self._engine.settle())  # also an empty file is a reason to do what is due

    def _took(self, stream: Generator[Taken, None, None]) -> bool:
        with finishing():
            taken = next(stream, None)
            if taken is not None:
                self.count(taken)
        return taken is not None

    def count(self, taken: Taken) -> None:
        """Add a batch to the tally."""
        tally = self.tally
        tally.read += len(taken.results)
        tally.decisions += taken.decisions
        for result in taken.results:
            self._count(result)
        for ref, result in taken.released:
            if hash(ref) in self._waiting:
                if result.outcome is not Outcome.HELD:
                    self._waiting.discard(hash(ref))
                    self._count(result)
            elif result.outcome is Outcome.RECORDED:
                self.released += 1
            elif result.outcome is Outcome.DEAD:
                self.died += 1
        tally.held = len(self._waiting)
        tally.seconds = round(time.monotonic() - self._began, 3)

    def reasons(self) -> list[tuple[str, int]]:
        """Why facts died, the most frequent reasons first, and how often each."""
        return self._reasons.most_common(_SHOWN)

    def _count(self, result: Result) -> None:
        tally = self.tally
        if result.outcome is Outcome.RECORDED:
            tally.recorded += 1
        elif result.outcome is Outcome.DUPLICATE:
            tally.duplicates += 1
        elif result.outcome is Outcome.HELD:
            self._waiting.add(hash(result.ref))
        else:
            tally.dead += 1
            reason = result.reason or "unknown"
            if reason in self._reasons or len(self._reasons) < _REASONS:
                self._reasons[reason] += 1


def batches(bodies: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Give facts in batches of one transaction each."""
    batch: list[bytes] = []
    size = 0
    for body in bodies:
        batch.append(body)
        size += len(body)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def encoded(facts: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Give an importer's facts as the bytes that are kept of them."""
    return map(msgspec.json.Encoder().encode, facts)
