"""Events that an older version recorded, made into what today's code reads (docs/decisions/0014).

A topic's events have a schema, from 1 on. Whoever changes what is recorded in a way that old events cannot be read
with adds a step from the number before to the next: a pure function from the stored object to the stored object. What
is stored is never rewritten. The number is stored with an event where it is above 1, as `schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

Step = Callable[[dict[str, Any]], dict[str, Any]]
"""From a stored object of one schema to one of the next; it changes nothing in what it is given."""

STEPS: Final[Mapping[str, Mapping[int, Step]]] = {}
"""By topic: the step from each schema to the next. Topics that share a row share its steps."""


class MissingStepError(Exception):
    """A chain of steps has a hole."""


class _Numbered(Struct, frozen=True, gc=False):
    schema: int = 1


_number = msgspec.json.Decoder(_Numbered).decode
_encode = msgspec.json.Encoder().encode


class Chain:
    """The steps of a topic."""

    __slots__ = ("_steps", "_topic", "schema")

    def __init__(self, topic: str, steps: Mapping[int, Step]) -> None:
        """Raises MissingStepError where they do not lead from 1 on, one by one."""
        missing = set(range(1, max(steps, default=0) + 1)) ^ steps.keys()
        if missing:
            raise MissingStepError(f"{topic}: the steps from {sorted(missing)} are missing, or lead from nowhere")
        self._topic = topic
        self._steps = steps
        self.schema = len(steps) + 1
        """The number of what is recorded today."""

    def lift(self, state: bytes) -> bytes:
        """A stored object in today's schema. Raises msgspec.ValidationError where its own is not known here."""
        number = _number(state).schema
        if not 1 <= number <= self.schema:
            raise msgspec.ValidationError(
                f"{self._topic} has the schema {number}, and this version knows 1 to {self.schema}"
            )
        if number == self.schema:
            return state
        lifted = msgspec.json.decode(state)
        for n in range(number, self.schema):
            lifted = self._steps[n](lifted)
        return _encode(lifted | {"schema": self.schema})


def chains(topics: Mapping[str, object], steps: Mapping[str, Mapping[int, Step]]) -> dict[str, Chain]:
    """The chains of the topics that have any. Raises MissingStepError also for steps of a topic that there is not."""
    unknown = sorted(steps.keys() - topics.keys())
    if unknown:
        raise MissingStepError(f"there are steps for {unknown}, and no such topics")
    return {topic: Chain(topic, some) for topic, some in steps.items() if some}
