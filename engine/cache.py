"""States of streams, kept while they are used; a bound on memory, never the truth."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from engine.recording import State

CACHED: Final = 25_000
"""States of a usual length that are kept where nobody says how many: about 6 KB each."""
_BASE: Final = 16
"""What a state takes even without history, in events."""
_USUAL: Final = 2 * _BASE
"""A complaint of a usual length."""


class Cache:
    """The states used last, as many as `limit` of a usual length take; trimmed between batches, never within one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._states: OrderedDict[str, State] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._used: set[str] = set()
        """Those that may have grown since they were weighed."""

    def get(self, stream: str) -> State | None:
        """A state, if it is here."""
        state = self._states.get(stream)
        if state is not None:
            self._states.move_to_end(stream)
            self._used.add(stream)
        return state

    def put(self, state: State) -> None:
        """Keeps a state."""
        self._states[state.stream] = state
        self._used.add(state.stream)

    def drop(self, stream: str) -> None:
        """Forgets a state: somebody else has changed the stream, or what it holds was not saved."""
        self._states.pop(stream, None)
        self._size -= self._sizes.pop(stream, 0)

    def clear(self) -> None:
        """Forgets all."""
        self._states.clear()
        self._sizes.clear()
        self._size = 0

    def trim(self) -> None:
        """Forgets those used longest ago, down to the limit."""
        for stream in self._used:
            state = self._states.get(stream)
            if state is not None:
                size = _BASE + state.version
                self._size += size - self._sizes.get(stream, 0)
                self._sizes[stream] = size
        self._used.clear()
        while self._states and self._size > self.limit * _USUAL:
            self.drop(next(iter(self._states)))
