"""Settings of the process that intake wants. Called by whoever puts a process together, not by the engine."""

from __future__ import annotations

import gc
import sys


def tune(*, bulk: bool = False) -> None:
    """Looks for garbage in cycles rarely, and hands Python's lock on soon.

    States of streams hold no cycles, and there are many of them: with Python's own thresholds intake spends a third of
    its time on looking. Where somebody waits for each fact, what is new is looked at little by little: for 100,000 new
    objects all threads would stand still for a tenth of a second. Where nobody does (`bulk`), it is looked at when
    there is much more of it than states come and go, which is hardly ever. Threads that wait for the disk
    (engine.streaming) are back at work soon.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*((300_000, 50, 1000) if bulk else (10_000, 500, 1000)))
    sys.setswitchinterval(0.0001)
