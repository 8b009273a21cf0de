"""Settings of the process that intake wants. Called by whoever puts a process together, not by the engine."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Looks for garbage in cycles rarely: states of streams hold none, and there are many of them.

    With Python's own thresholds intake spends a third of its time on looking.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
