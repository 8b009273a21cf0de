"""Dead letters, taken in again as they came (interfaces.md §1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from engine.intake import Engine
from engine.keeping import Keeper
from engine.taken import Outcome
from ops.taking import BATCH, BATCH_BYTES, Run

Numbered = tuple[int, bytes]


def retry(engine: Engine, keeper: Keeper, numbers: Sequence[int] | None) -> Run:
    """Take dead letters in again (None: all there are now), in order of their numbers; what became of them.

    One that is recorded, waits, or turns out to be known is dead no longer; the others stay, with the reason of today.
    """
    run = Run(engine, None)
    wanted = (
        (letter.number for letter in keeper.letters(upto=keeper.last_letter()))
        if numbers is None
        else sorted(set(numbers))
    )
    for batch in _batches(_bodies(keeper, wanted)):
        taken = engine.take([body for _, body in batch], mode=None)
        run.count(taken)
        keeper.settle_letters(
            [
                number
                for (number, _), result in zip(batch, taken.results, strict=True)
                if result.outcome is not Outcome.DEAD
            ]
        )
    return run


def _bodies(keeper: Keeper, numbers: Iterable[int]) -> Iterator[Numbered]:
    for number in numbers:
        found = keeper.letter(number)
        if found is not None:
            yield number, found[1]


def _batches(letters: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    batch: list[Numbered] = []
    size = 0
    for number, body in letters:
        batch.append((number, body))
        size += len(body)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
