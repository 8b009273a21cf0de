"""A store that is behind its topic reads back, in a process of its own that is to be killed at it (test_restored.py).

    python -m tests.integration.kafka.recovering STORE BOOTSTRAP SIZE [before:N|after:N]

SIZE events are a page, and a portion of the index. The process ends as if killed when it has written its N-th
transaction: just before it is committed, or just after.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from engine import intake, rearming, recovering, restoring
from engine.store.transactions import Store, writing
from engine.store.unit import Unit

KILLED = 77


def main(url: str, bootstrap: str, size: str, crash: str = "") -> None:
    written = 0

    @contextmanager
    def watched(store: Store) -> Iterator[Unit]:
        nonlocal written
        with writing(store) as unit:
            yield unit
            written += 1
            if crash == f"before:{written}":
                os._exit(KILLED)
        if crash == f"after:{written}":
            os._exit(KILLED)

    restoring.PAGE = rearming.EVENTS = int(size)  # type: ignore[misc]
    restoring.writing = intake.writing = watched  # type: ignore[attr-defined]
    recovering.opened(url, bootstrap, lambda: False).close()


if __name__ == "__main__":
    main(*sys.argv[1:])
