"""A store as the feed of views: embedded, the store itself is the feed (architecture.md §1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.transactions import reading
from projections.feed import Broken, Event, Page

_PAGE: Final = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
    " WHERE notification_id > ? ORDER BY notification_id LIMIT ?"
)
_SOME: Final = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
    " WHERE notification_id IN ({})"
)
_SAMPLE: Final = 100
"""Events by which a store is recognised."""


class StoreFeed:
    """Reads a store in order of position. One part, whose offsets are positions."""

    def __init__(self, url: str) -> None:
        """Raises NoStoreError where there is none."""
        self._store = open_store(url)

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def parts(self) -> Sequence[int]:
        """See projections.feed.Feed."""
        return (0,)

    def page(self, part: int, offset: int, limit: int) -> Page | None:
        """See projections.feed.Feed."""
        with reading(self._store) as unit:
            rows = unit.rows(_PAGE, (offset, limit))
        if not rows:
            return None
        return Page(part, rows[-1][0], [_event(*row) for row in rows])

    def last(self) -> int:
        """The position of the last event."""
        with reading(self._store) as unit:
            return unit.last_position()

    def sample(self, last: int) -> Sequence[Event]:
        """Some events up to a position, evenly spread, that one among them."""
        places = sorted({last, *range(1, last + 1, max(last // _SAMPLE, 1))})
        marks = ",".join("?" * len(places))
        with reading(self._store) as unit:
            return [_event(*row) for row in unit.rows(_SOME.format(marks), tuple(places))]


def _event(position: int, stream: str, version: int, topic: str, state: Any) -> Event:  # noqa: ANN401 - bytes of a driver
    try:
        return Event(position, from_row(stream, version, topic, state))
    except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return Event(position, Broken(stream, version, topic, _service(state), reason))


def _service(state: Any) -> str | None:  # noqa: ANN401 - as above
    """The service of an event that cannot be read, where that much of it can."""
    try:
        got = msgspec.json.decode(state)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    service = got.get("service") if isinstance(got, dict) else None
    return service if isinstance(service, str) else None
