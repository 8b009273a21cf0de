"""Progress on a terminal: on stderr, gone when it is done; nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[float, float | None], None]
"""Takes how much is done, and of how much (None: nobody knows)."""


@contextmanager
def progress(what: str, unit: str = "") -> Iterator[Report]:
    """Give a function to report progress with. `unit`: `bytes`, or what is counted."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    counts = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        counts,
        TextColumn(unit if unit != "bytes" else ""),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def report(done: float, total: float | None) -> None:
            bar.update(task, completed=done, total=total)

        yield report
