"""Folding a page: recorded events into rows, in memory; then one write for each table.

Handlers are plain methods in a dict, by the type of event. A handler looks at its own event and at rows of the same
service only: whatever else a view needs is put together when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from contracts.facts import ComplaintFiled, FactData
from contracts.recorded import Recorded
from projections.coding import row_of
from projections.store.database import Cursor, among
from projections.store.tables import COMPLAINTS, EVENTS, SERVICES, Table

Handler = Callable[["Fold", Recorded], None]
_UNHEARD: Final = "service.heard"


class Sheets:
    """The tables of a generation, inside a page's transaction."""

    def __init__(self, cursor: Cursor, generation: int) -> None:
        self.cursor = cursor
        self._generation = generation

    def named(self, table: Table) -> str:
        """The table's name."""
        return table.named(self._generation)

    def put(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Inserts or replaces rows."""
        self.cursor.put(table, self.named(table), rows)

    def among(self, table: Table, columns: str, where: str, values: Sequence[Any]) -> list[Any]:
        """Rows of a table, `where` with `IN ({})`."""
        return list(among(self.cursor, f"SELECT {columns} FROM {self.named(table)} WHERE {where}", values))


class Fold:
    """One page."""

    def __init__(self, sheets: Sheets) -> None:
        self.sheets = sheets
        self._events: list[tuple[Any, ...]] = []
        self._filed: list[tuple[Any, ...]] = []
        self._first: dict[str, int] = {}
        self._firsts: dict[tuple[str, int], int] = {}

    def load(self, events: Sequence[tuple[int, Recorded]]) -> None:
        """The rows that a page may change."""
        services = {event.service for _, event in events if event.service is not None}
        found = self.sheets.among(SERVICES, "service, first_fact_at", "service IN ({})", sorted(services))
        for service, time in found:
            self._first[service] = min(time, self._first.get(service, time))

    def apply(self, position: int, event: Recorded) -> None:
        """One event. Raises whatever a handler raises."""
        kind = event.stream.partition(":")[0]
        if kind != "service" or event.type.startswith("outage."):
            self._events.append(row_of(position, event))
        if isinstance(event.data, FactData):
            self._fact(event)
        handler = HANDLERS.get(event.type)
        if handler is not None:
            handler(self, event)

    def _fact(self, event: Recorded) -> None:
        service = event.service
        if service is not None and event.time < self._first.get(service, event.time + 1):
            self._first[service] = event.time
            self._firsts[service, event.recorded_at] = event.time

    def filed(self, event: Recorded) -> None:
        """A complaint: what never changes of it."""
        data = event.data
        if not isinstance(data, ComplaintFiled):
            raise TypeError(event.type)
        name = event.stream.partition(":")[2]
        service = data.service if data.service is not None else f"complaint:{name}"
        self._filed.append((name, service, data.customer, data.agreement or "standard", event.recorded_at))

    def flush(self) -> None:
        """Writes what the page changed."""
        self.sheets.put(EVENTS, self._events)
        self.sheets.put(COMPLAINTS, self._filed)
        self.sheets.put(SERVICES, [(*key, time) for key, time in self._firsts.items()])


HANDLERS: Final[dict[str, Handler]] = {ComplaintFiled.TYPE: Fold.filed}
