"""States of streams, kept while they are used; a bound on memory, never the truth."""

from __future__ import annotations

from typing import Final

from engine.complaint import OPEN, Complaint
from engine.person import Person
from engine.recording import State

CACHED: Final = 25_000
"""States that are kept where nobody says how many: about 6 KB each, where they are of a usual length."""
_BASE: Final = 16
"""What a state takes even without history, in events."""
_USUAL: Final = 2 * _BASE
"""A complaint of a usual length."""
_ROOM: Final = 8
"""Of how many parts one is made free at once."""
_NEVER: Final = 10**18
"""After any moment."""
_ENDED: Final = 2 * _NEVER
"""Of what has ended: it goes before what waits for nothing."""


class Cache:
    """States, at most `limit` and no more than so many of a usual length take; trimmed between batches, never within.

    What falls due next says when a state is needed again as a rule: of those that the batch did not use, the ones that
    wait the longest go, and before them those of which nothing falls due any more, used longest ago first.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._states: dict[str, State] = {}
        """Those used longest ago first."""
        self._size = 0
        self._used: dict[str, None] = {}
        """Those of this batch."""

    def get(self, stream: str) -> State | None:
        """A state, if it is here."""
        state = self._states.get(stream)
        if state is not None:
            self._used[stream] = None
        return state

    def put(self, state: State) -> None:
        """Keeps a state, in the place of any other of its stream."""
        self.drop(state.stream)
        self._states[state.stream] = state
        self._used[state.stream] = None

    def drop(self, stream: str) -> None:
        """Forgets a state: somebody else has changed the stream, or what it holds was not saved."""
        state = self._states.pop(stream, None)
        if state is not None:
            self._size -= state.weighed
            state.weighed = 0

    def clear(self) -> None:
        """Forgets all."""
        self._states.clear()
        self._size = 0

    def trim(self) -> None:
        """Forgets those that are least likely to be needed soon, down to the limit or somewhat below it."""
        self._weigh()
        if not self._fits(self.limit):
            used, needed = self._used, self._needed()
            unused = [stream for stream in needed if stream not in used]
            self._forget(unused, needed, self.limit - self.limit // _ROOM)
            if not self._fits(self.limit):
                self._forget([stream for stream in needed if stream in used], needed, self.limit)
        self._used.clear()

    def _weigh(self) -> None:
        states, size = self._states, self._size
        for stream in self._used:
            state = states.pop(stream, None)
            if state is not None:
                states[stream] = state
                size -= state.weighed
                state.weighed = _BASE + state.version
                size += state.weighed
        self._size = size

    def _fits(self, limit: int) -> bool:
        return len(self._states) <= limit and self._size <= limit * _USUAL

    def _forget(self, streams: list[str], needed: dict[str, int], limit: int) -> None:
        streams.sort(key=needed.__getitem__, reverse=True)
        for stream in streams:
            if self._fits(limit):
                return
            self.drop(stream)

    def _needed(self) -> dict[str, int]:
        """When each is needed next, if nobody says anything; a service with a complaint about it, the last one used."""
        needed = dict.fromkeys(self._states, _NEVER)
        for stream, state in self._states.items():
            if isinstance(state, Complaint):
                due = state.armed
                if due is None:
                    if state.status == OPEN:
                        continue
                    due = _ENDED
                needed[stream] = due
                service = f"service:{state.service}"
                if service in needed:
                    needed[service] = due
            elif state.armed is not None and isinstance(state, Person):
                needed[stream] = state.armed
        return needed
