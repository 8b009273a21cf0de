"""Folding a page: recorded events into rows, in memory; then one write for each table.

Handlers stand in a dict, by the type of event. A handler looks at its own event and at rows of the same service only:
whatever else a view needs is put together when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from contracts.decisions import (
    DECISIONS,
    ClockChanged,
    ComplaintRestated,
    CreditOwed,
    CreditRestated,
    Outages,
    PromiseBroken,
)
from contracts.facts import ComplaintFiled, FactData
from contracts.recorded import Recorded
from projections.coding import row_of
from projections.rows import complaints, concluded, dealings
from projections.rows.versions import Versions
from projections.store import rows as tables
from projections.store.database import Cursor, among
from projections.store.tables import COMPLAINTS, EVENTS, SERVICES, Table

Handler = Callable[["Fold", Recorded], None]


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

    def end(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Ends versions of rows."""
        self.cursor.end(table, self.named(table), rows)

    def remove(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Takes versions of rows away."""
        self.cursor.remove(table, self.named(table), rows)

    def among(self, table: Table, columns: str, where: str, values: Sequence[Any]) -> list[Any]:
        """Rows of a table, `where` with `IN ({})`."""
        return list(among(self.cursor, f"SELECT {columns} FROM {self.named(table)} WHERE {where}", values))


class Fold:
    """One page."""

    def __init__(self, sheets: Sheets) -> None:
        self.sheets = sheets
        self.complaints = Versions(tables.COMPLAINTS, sheets)
        self.clocks = Versions(tables.CLOCKS, sheets)
        self.outages = Versions(tables.OUTAGES, sheets)
        self.claims = Versions(tables.CLAIMS, sheets)
        self.promises = Versions(tables.PROMISES, sheets)
        self.orders = Versions(tables.ORDERS, sheets)
        self.credits = Versions(tables.CREDITS, sheets)
        self._events: list[tuple[Any, ...]] = []
        self._filed: list[tuple[Any, ...]] = []
        self._first: dict[str, int] = {}
        self._firsts: dict[tuple[str, int], int] = {}

    # ------------------------------------------------------------------ before

    def load(self, events: Sequence[tuple[int, Recorded]]) -> None:
        """The rows that a page may change: those of the streams of its events, table by table."""
        about: dict[str, dict[str, None]] = {}
        for _, event in events:
            about.setdefault(event.type, {})[event.stream.partition(":")[2]] = None
        services = {event.service for _, event in events if event.service is not None}
        for service, time in self.sheets.among(SERVICES, "service, first_fact_at", "service IN ({})", list(services)):
            self._first[service] = min(time, self._first.get(service, time))
        for table, types in _TOUCHED:
            wanted = dict.fromkeys(name for kind in types if kind in about for name in about[kind])
            if wanted:
                versions: Versions = getattr(self, table)
                versions.load(f"{versions.table.key[0]} IN ({{}})", wanted)

    # ------------------------------------------------------------------ events

    def apply(self, position: int, event: Recorded) -> None:
        """One event. Raises whatever a handler raises."""
        if event.stream.partition(":")[0] != "service" or event.type in _OUTAGES:
            self._events.append(row_of(position, event))
        if isinstance(event.data, FactData):
            self._fact(event)
        for handler in HANDLERS.get(event.type, ()):
            handler(self, event)

    def _fact(self, event: Recorded) -> None:
        service = event.service
        if service is not None and event.time < self._first.get(service, event.time + 1):
            self._first[service] = event.time
            self._firsts[service, event.recorded_at] = event.time

    def filed(self, event: Recorded) -> None:
        """A complaint is filed."""
        data = event.data
        if not isinstance(data, ComplaintFiled):
            raise TypeError(event.type)
        row = complaints.filed(event, data)
        self._filed.append((*row[:4], event.recorded_at))
        self.complaints.put(row, event.recorded_at)

    def complaint(self, event: Recorded) -> None:
        """Something of a complaint's own row changes."""
        row = self.complaints.get((event.stream.partition(":")[2],))
        if row is None:
            raise LookupError(f"{event.stream} was not filed")
        self.complaints.put(complaints.changed(row, event), event.recorded_at)

    def dealing(self, event: Recorded) -> None:
        """Promises and orders."""
        data = event.data
        if isinstance(data, dealings.PROMISES):
            dealings.promise(self.promises, event, data)
        elif isinstance(data, dealings.ORDERS):
            dealings.order(self.orders, event, data)
        elif isinstance(data, PromiseBroken):
            dealings.broken(self.promises, event, data)
        elif isinstance(data, ComplaintRestated):
            dealings.restated(self.promises, self.orders, event, data)

    def concluded(self, event: Recorded) -> None:
        """Rows that a decision carries whole."""
        data = event.data
        if isinstance(data, ClockChanged):
            concluded.clock(self.clocks, event, data)
        elif isinstance(data, Outages):
            concluded.outages(self.outages, self.claims, event, data)
        elif isinstance(data, CreditOwed | CreditRestated):
            concluded.credit(self.credits, event, data)

    # ------------------------------------------------------------------ after

    def flush(self) -> None:
        """Writes what the page changed."""
        self.sheets.put(EVENTS, self._events)
        self.sheets.put(COMPLAINTS, self._filed)
        self.sheets.put(SERVICES, [(*key, time) for key, time in self._firsts.items()])
        for table, _ in _TOUCHED:
            versions: Versions = getattr(self, table)
            versions.flush()


def _types(*classes: type) -> frozenset[str]:
    return frozenset(name for name, cls in DECISIONS.items() if issubclass(cls, classes))


def _handlers() -> dict[str, tuple[Handler, ...]]:
    found: dict[str, tuple[Handler, ...]] = {ComplaintFiled.TYPE: (Fold.filed,)}

    def add(types: Iterable[str], handler: Handler) -> None:
        for name in types:
            found[name] = (*found.get(name, ()), handler)

    add(complaints.HANDLERS, Fold.complaint)
    add((*_DEALINGS, PromiseBroken.TYPE, ComplaintRestated.TYPE), Fold.dealing)
    add((*_CLOCKS, *_OUTAGES, *_CREDITS), Fold.concluded)
    return found


_PROMISES: Final = frozenset(cls.TYPE for cls in dealings.PROMISES)
_ORDERS: Final = frozenset(cls.TYPE for cls in dealings.ORDERS)
_DEALINGS: Final = _PROMISES | _ORDERS
_CLOCKS: Final = _types(ClockChanged)
_OUTAGES: Final = _types(Outages)
_CREDITS: Final = _types(CreditOwed, CreditRestated)
_RESTATED: Final = frozenset({ComplaintRestated.TYPE})
_TOUCHED: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("complaints", frozenset(complaints.HANDLERS)),
    ("clocks", _CLOCKS),
    ("outages", _OUTAGES),
    ("claims", _OUTAGES),
    ("promises", _PROMISES | _RESTATED | {PromiseBroken.TYPE}),
    ("orders", _ORDERS | _RESTATED),
    ("credits", _CREDITS),
)
"""Which events change which table of versions."""
HANDLERS: Final = _handlers()
