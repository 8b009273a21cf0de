"""What a store has to send on, and who may send it: the relay's side of the store (architecture.md §2).

One relay sends at a time. It holds a lease in the store; each lease begins a new epoch, and a relay of an older epoch
can move nothing any more, however late it wakes up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from contracts import kafka
from contracts.kafka import Placed
from contracts.moments import SECOND
from contracts.recorded import Recorded
from contracts.topics import EVENTS_OUT
from engine.restoring import standing
from engine.sent import WrongTopicError
from engine.store.errors import StoreError
from engine.store.handing import RELAY, Lease, Untold
from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.transactions import noting, reading, writing
from engine.store.unit import Unit

PAGE: Final = 2_000
PAGE_BYTES: Final = 8 * 1024 * 1024
"""A page ends early where its events are larger than that."""
_LETTERS: Final = 50


class Message(NamedTuple):
    """A recorded event as it is sent."""

    position: int
    key: bytes
    value: bytes


class Outbox:
    """A store's history from the relay's place on. To be used by the thread that made it."""

    def __init__(self, url: str, holder: str, length: float, clock: Callable[[], int] | None = None) -> None:
        """`holder` names this relay; its lease ends `length` seconds after it last moved or held on to it.

        `clock` gives microseconds since 1970; without one, the store's is asked, which is one for all.
        """
        self._store = open_store(url, writes=True)
        self._clock = clock
        self._holder = holder
        self._length = round(length * SECOND)

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def _now(self, unit: Unit) -> int:
        return unit.now() if self._clock is None else self._clock()

    def seize(self) -> Lease | None:
        """Begins an epoch, unless another relay holds the lease."""
        with reading(self._store) as unit:
            if self._is_others(unit.lease(RELAY), self._now(unit)):
                return None
        with writing(self._store) as unit:
            found, now = unit.lease(RELAY), self._now(unit)
            if self._is_others(found, now):
                return None
            lease = Lease(found.position, found.epoch + 1, self._holder, now + self._length)
            unit.set_lease(RELAY, lease)
        return lease

    def _is_others(self, lease: Lease, now: int) -> bool:
        """Whether somebody else may send. An end that is too far ahead was set by a clock that was wrong."""
        return lease.holder not in {"", self._holder} and now < lease.until <= now + 10 * self._length

    def hold(self, epoch: int) -> Lease | None:
        """Holds on to a lease, and gives it as it stands; None where another epoch has begun."""
        with writing(self._store) as unit:
            held = unit.move_lease(RELAY, epoch, position=None, until=self._now(unit) + self._length)
            return unit.lease(RELAY) if held else None

    def move(self, epoch: int, position: int) -> bool:
        """All up to `position` has been sent; False where another epoch has begun.

        If that is lost, or another relay that begins at this moment has not seen it, some of it is sent once more.
        """
        with noting(self._store) as unit:
            return unit.move_lease(RELAY, epoch, position=position, until=self._now(unit) + self._length)

    def release(self, epoch: int) -> None:
        """Lets another relay begin at once."""
        with writing(self._store) as unit:
            found = unit.lease(RELAY)
            if found.epoch == epoch:
                unit.set_lease(RELAY, found._replace(holder="", until=0))

    def compare(self, last: Placed) -> None:
        """Raises WrongTopicError where the store has not the last event that was sent."""
        with reading(self._store) as unit:
            at = standing(unit, last)
        if at < last.position:
            raise WrongTopicError(
                f"the store ends at position {at}, and {EVENTS_OUT} at {last.position}: it has to read back first"
            )

    def page(self, position: int) -> list[Message]:
        """The next events after a position, as they are sent. Raises StoreError where one is missing."""
        page: list[Message] = []
        with reading(self._store) as unit:
            for place, stream, version, topic, state in unit.events_after(position, PAGE, PAGE_BYTES):
                if place != position + len(page) + 1:
                    raise StoreError(f"position {position + len(page) + 1} is missing; `stilldown verify` says more")
                page.append(message(place, from_row(stream, version, topic, state)))
        return page

    def letters(self) -> list[Untold]:
        """Dead letters that their topic does not have yet, some of them."""
        with reading(self._store) as unit:
            return unit.untold(_LETTERS)

    def told(self, letters: list[Untold]) -> None:
        """Their topic has them now."""
        with writing(self._store) as unit:
            unit.told(letters)


def message(position: int, event: Recorded) -> Message:
    """A recorded event as it is sent."""
    return Message(position, *kafka.event(position, event))
