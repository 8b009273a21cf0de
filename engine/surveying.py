"""Every complaint of a store in turn: what was asked, what was granted, what its customer lived through until then.

From what is recorded, as `show` is; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from contracts.facts import ComplaintCloseRequested
from engine.complaint import Complaint
from engine.reading import Shelf
from engine.store.opening import open_store
from engine.store.transactions import reading


class Surveyed(NamedTuple):
    """A complaint. `shown` is what `show` says of it at the last request to close, or now if there was none."""

    complaint: str
    requested: int
    granted: int
    refused: tuple[tuple[str, ...], ...]
    """The objections of each refused closing."""
    proved_false: int
    ended: bool
    """Whether it is closed or withdrawn now."""
    shown: dict[str, Any]


def survey(url: str, now: int) -> Iterator[Surveyed]:
    """Gives every complaint in order of its id, as known at `now` (microseconds). Raises NoStoreError."""
    store = open_store(url)
    try:
        with reading(store) as unit:
            shelf = Shelf(unit)
            for stream in unit.streams_like("complaint:"):
                complaint = shelf.state(stream)
                if isinstance(complaint, Complaint):
                    yield from _surveyed(complaint, shelf, now)
    finally:
        store.close()


def _surveyed(complaint: Complaint, shelf: Shelf, now: int) -> Iterator[Surveyed]:
    requests = [fact.us for fact in complaint.until(now) if isinstance(fact.data, ComplaintCloseRequested)]
    shown = shelf.show(complaint, at=requests[-1] if requests else now, known_at=now)
    if shown is not None:
        yield Surveyed(
            complaint=complaint.name,
            requested=len(requests),
            granted=sum(1 for _ in complaint.closings()),
            refused=tuple(refusal.objections for refusal in complaint.refusals),
            proved_false=len(complaint.false),
            ended=complaint.status != "open",
            shown=shown,
        )
