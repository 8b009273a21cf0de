"""States of streams, kept while they are used; a bound on memory, never the truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.complaint import OPEN, Complaint
from engine.recording import State
from engine.service import Service

CACHED: Final = 25_000
"""States that are kept where nobody says how many: about 6 KB each, where they are of a usual length."""
_BASE: Final = 16
"""What a state takes even without history, in events."""
_USUAL: Final = 2 * _BASE
"""A complaint of a usual length."""
_ROOM: Final = 16
"""Of how many parts one is made free at once."""
_NEVER: Final = 10**18
"""After any moment."""


class Cache:
    """States, at most `limit` and no more than so many of a usual length take; trimmed between batches, never within.

    What falls due next says when a state is needed again as a rule: of those that the batch did not use, the ones that
    wait the longest go, and before them those of which nothing falls due any more, used longest ago first.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._states: dict[str, State] = {}
        """Those used longest ago first."""
        self._needed: dict[str, int] = {}
        """When each is needed next, if nobody says anything; a service with the last complaint about it."""
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._used: set[str] = set()
        """Those of this batch."""

    def get(self, stream: str) -> State | None:
        """A state, if it is here."""
        state = self._states.get(stream)
        if state is not None:
            self._used.add(stream)
        return state

    def put(self, state: State) -> None:
        """Keeps a state."""
        self._states[state.stream] = state
        self._used.add(state.stream)

    def drop(self, stream: str) -> None:
        """Forgets a state: somebody else has changed the stream, or what it holds was not saved."""
        self._states.pop(stream, None)
        self._needed.pop(stream, None)
        self._size -= self._sizes.pop(stream, 0)

    def clear(self) -> None:
        """Forgets all."""
        self._states.clear()
        self._needed.clear()
        self._sizes.clear()
        self._size = 0

    def trim(self) -> None:
        """Forgets those that are least likely to be needed soon, down to the limit or somewhat below it."""
        self._weigh()
        if not self._fits(self.limit):
            rest = [stream for stream in self._states if stream not in self._used]
            rest.sort(key=self._needed.__getitem__, reverse=True)
            self._forget(rest, self.limit - self.limit // _ROOM)
            self._forget([stream for stream in self._states if stream in self._used], self.limit)
        self._used.clear()

    def _weigh(self) -> None:
        states, sizes, needed = self._states, self._sizes, self._needed
        for stream in self._used:
            state = states.pop(stream, None)
            if state is None:
                continue
            states[stream] = state
            size = _BASE + state.version
            self._size += size - sizes.get(stream, 0)
            sizes[stream] = size
            if isinstance(state, Complaint):
                needed[stream] = due = _due(state)
                about = f"service:{state.service}"
                if about in states:
                    needed[about] = due
            elif isinstance(state, Service):
                needed.setdefault(stream, _NEVER)
            else:
                needed[stream] = _NEVER if state.armed is None else state.armed

    def _fits(self, limit: int) -> bool:
        return len(self._states) <= limit and self._size <= limit * _USUAL

    def _forget(self, streams: Iterable[str], limit: int) -> None:
        for stream in streams:
            if self._fits(limit):
                return
            self.drop(stream)


def _due(complaint: Complaint) -> int:
    if complaint.armed is not None:
        return complaint.armed
    return _NEVER if complaint.status == OPEN else 2 * _NEVER
