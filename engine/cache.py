"""States of streams, kept while they are used; a bound on memory, never the truth."""

from __future__ import annotations

from collections import OrderedDict

from engine.recording import State


class Cache:
    """The states used last, at most `limit`; trimmed between batches, never within one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._states: OrderedDict[str, State] = OrderedDict()

    def get(self, stream: str) -> State | None:
        """A state, if it is here."""
        state = self._states.get(stream)
        if state is not None:
            self._states.move_to_end(stream)
        return state

    def put(self, state: State) -> None:
        """Keeps a state."""
        self._states[state.stream] = state

    def drop(self, stream: str) -> None:
        """Forgets a state: somebody else has changed the stream, or what it holds was not saved."""
        self._states.pop(stream, None)

    def clear(self) -> None:
        """Forgets all."""
        self._states.clear()

    def trim(self) -> None:
        """Forgets those used longest ago, down to the limit."""
        while len(self._states) > self.limit:
            self._states.popitem(last=False)
