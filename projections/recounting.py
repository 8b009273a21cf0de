"""What views ask of whoever knows how recorded events are read: ops gives them the engine's own reading.

So a view shows at any moment what `show` shows; projections know what to ask, and nothing of how it is concluded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from contracts.agreements import Agreement
from contracts.envelope import Fact
from contracts.recorded import Recorded
from contracts.rows import OwnerRow

STATUSES: Final = ("open", "closed", "withdrawn")
"""What a complaint can be."""


class Turn(NamedTuple):
    """A change of status at `time` (microseconds), to one of STATUSES."""

    time: int
    status: str


class Outage(NamedTuple):
    """An outage of a service as of a moment (microseconds); claims are those about it, as `show` gives them."""

    start: int
    end: int | None
    reported_end: int | None
    ended_by: str | None
    restated: bool
    claims: Sequence[dict[str, Any]]


class Credit(NamedTuple):
    """A period of an outage for which money is owed: when it began (microseconds), how much, by which terms."""

    time: int
    amount: Decimal
    currency: str
    terms: str


class Complaint(Protocol):
    """A complaint by what was known at some moment; `at` leaves out what has a later time."""

    name: str
    service: str
    customer: str
    agreement: str
    filed_at: int

    def show(self, at: int) -> dict[str, Any] | None:
        """As `show --json` gives it; None where it was not filed by then."""

    def owners(self, at: int) -> Sequence[OwnerRow]:
        """Who had it, from when on."""

    def facts(self, at: int) -> Sequence[Fact]:
        """Its facts as corrected, in their order."""

    def turns(self, at: int) -> Sequence[Turn]:
        """Changes of status, in the order recorded; false closings and the engine's own reopenings too."""

    def false_closings(self, at: int) -> Sequence[int]:
        """When closings of it were proved false."""

    def refusals(self, at: int) -> Sequence[tuple[int, Sequence[str]]]:
        """Refused closings: when, and the objections."""

    def terms(self, at: int) -> Agreement:
        """The terms that it had."""

    def lived(self, at: int) -> Sequence[Outage]:
        """The outages that it lived through, with the reported ends of its own requests."""

    def credits(self, at: int) -> Sequence[Credit]:
        """The periods of its outages for which money is owed, outage by outage."""


class Service(Protocol):
    """A service by what was known at some moment."""

    name: str

    def outages(self, at: int, requests: Sequence[int]) -> Sequence[Outage]:
        """Its outages; `requests` are the moments at which closing of any of its complaints was requested."""


Streams = Callable[[str], Iterable[Recorded | int]]
"""The events of a stream by what was known; of an event that says nothing more only when it was recorded."""


class Recounter(Protocol):
    """Reads events."""

    def service(self, name: str) -> Service:
        """A service."""

    def complaint(self, name: str) -> Complaint:
        """A complaint."""


Recount = Callable[[Streams], Recounter]
"""Given a way to find the events of streams."""
