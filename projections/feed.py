"""Where recorded events come from: pages with their positions, from a store or from Kafka (architecture.md §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from contracts.recorded import Recorded


class Broken(NamedTuple):
    """An event that could not be read, and why; what is known of it all the same.

    A message of which not even its place is known has no `stream`; its `service` says where it was found.
    """

    stream: str
    version: int
    type: str
    service: str | None
    reason: str


class Event(NamedTuple):
    """A recorded event in its place."""

    position: int
    what: Recorded | Broken


STORE: Final = 0
"""The part that is a store."""


class Page(NamedTuple):
    """Events of a `part` that follow on one another, in order of position.

    A store is one part (0); of Kafka each partition is one (its number + 1). `offset` is where the part is read on
    after this page: of a store the last position, of a partition the offset of the next message.
    """

    part: int
    offset: int
    events: Sequence[Event]


class Feed(Protocol):
    """Gives pages. Nothing about it has to be remembered elsewhere: views keep their own offsets and seek."""

    def parts(self) -> Sequence[int]:
        """The parts that this reader has."""

    def page(self, part: int, offset: int, limit: int) -> Page | None:
        """The events after `offset` (0: from the beginning), `limit` at most; None where there are none yet."""


def service_of(event: Recorded | Broken) -> str:
    """What an event belongs to when it has to wait: its service with all its complaints, else its own stream."""
    if event.service is not None:
        return event.service
    kind, _, name = event.stream.partition(":")
    return name if kind == "service" else event.stream
