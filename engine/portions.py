"""How much of what is due one transaction does: others wait for it (kernel §5)."""

from __future__ import annotations

import time as time_
from typing import NamedTuple


class Size(NamedTuple):
    """At least `least` timers and complaints, then more until `seconds` have passed, but at most `most`.

    Without `seconds` it is `most`, whatever machine it is done on.
    """

    least: int
    most: int
    seconds: float | None = None


ALONE = Size(48, 1_000, 0.020)
"""A transaction that does nothing else, by the machine's clock."""
BESIDE = Size(17, 200, 0.004)
"""One that has taken facts, whose sender waits. What a word means to a few is done with it (engine.spreading.FEW)."""
SILENCES = Size(200, 200)
"""What has to speak before facts are taken."""
LOADING = Size(2_000, 2_000)
"""Where the engine's clock follows the facts, and nobody waits."""


class Portion:
    """What one transaction has done of it, from now on."""

    def __init__(self, size: Size) -> None:
        self._least = size.least
        self._most = size.most
        self._until = None if size.seconds is None else time_.monotonic() + size.seconds
        self._done = 0

    def took(self, number: int) -> None:
        """So many timers or complaints were done."""
        self._done += number

    @property
    def spent(self) -> bool:
        """Whether the rest is for another transaction."""
        if self._done < self._least:
            return False
        return self._done >= self._most or (self._until is not None and time_.monotonic() >= self._until)
