"""What is recorded, as whoever reads it has it: from a store or from `stilldown.events` (interfaces.md §2)."""

from __future__ import annotations

from msgspec import Struct

from contracts.decisions import DecisionData
from contracts.facts import FactData


class Recorded(Struct, frozen=True, gc=False):
    """A recorded fact or decision. Moments are microseconds.

    For a decision `source` and `id` name the fact behind it.
    """

    stream: str
    version: int
    type: str
    time: int
    recorded_at: int
    source: str
    id: str
    data: FactData | DecisionData
    service: str | None = None
    late: bool = False

    @property
    def kind(self) -> str:
        """`fact` or `decision`."""
        return "decision" if isinstance(self.data, DecisionData) else "fact"
