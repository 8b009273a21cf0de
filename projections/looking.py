"""One look at the read store: what was so at `at`, by what was known at `known_at`, portion by portion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from contracts.recorded import Recorded
from projections.coding import event_of
from projections.recounting import Complaint, Recount, Recounter
from projections.store.database import Cursor, among
from projections.store.rows import COMPLAINTS as ROWS
from projections.store.tables import COMPLAINTS, EVENTS, POSITIONS, SERVICES

_NOTHING: Final = ("", "null")
"""How a value that is missing is asked for."""
_PORTION: Final = 200
"""Complaints whose events are in memory at once."""
_COLUMNS: Final = "stream, version, type, time, recorded_at, source, id, service, late, data"
NARROWING: Final = ("complaint", "service", "customer", "agreement")
"""Columns of a complaint by which the tables can be narrowed down, whatever the moment."""
THEN: Final = ("status", "team")
"""Columns by which they can be where what was so is asked as known at that very moment: as it was recorded."""


class Looking:
    """The read store in one transaction, as of two moments (microseconds)."""

    def __init__(
        self,
        cursor: Cursor,
        generation: int,
        recount: Recount,
        *,
        at: int,
        known_at: int,
        narrowed: Mapping[str, str] | None = None,
    ) -> None:
        self.at = at
        self.known_at = known_at
        self._cursor = cursor
        self._recount = recount
        self._events = EVENTS.named(generation)
        self._filed = COMPLAINTS.named(generation)
        self._services = SERVICES.named(generation)
        self._rows = ROWS.named(generation)
        self._positions = POSITIONS.named(generation)
        columns = (*NARROWING, *THEN) if at == known_at else NARROWING
        self._narrowed = {k: v for k, v in (narrowed or {}).items() if k in columns and v not in _NOTHING}

    def complaints(self) -> Iterator[Complaint]:
        """Those filed by then, in order of their ids."""
        after = ""
        source, where, params = self._where()
        while rows := self._cursor.rows(
            f"SELECT complaint, service FROM {source} WHERE complaint > ?{where} ORDER BY complaint LIMIT ?",
            (after, *params, _PORTION),
        ):
            yield from self._recounted(rows)
            after = rows[-1][0]

    def by_service(self) -> Iterator[tuple[str, int, Recounter, list[Complaint]]]:
        """Each service with the time of its first fact, and the complaints about it that were filed by then."""
        after = ""
        only = self._narrowed.get("service")
        where, more = ("", ()) if only is None else (" AND service = ?", (only,))
        while rows := self._cursor.rows(
            f"SELECT service, MIN(first_fact_at) FROM {self._services} WHERE service > ? AND recorded_at <= ?{where}"
            " GROUP BY service ORDER BY service LIMIT ?",
            (after, self.known_at, *more, _PORTION),
        ):
            found = among(
                self._cursor,
                f"SELECT complaint, service FROM {self._filed} WHERE service IN ({{}}) AND recorded_at <= ?"
                " ORDER BY complaint",
                [row[0] for row in rows],
                self.known_at,
            )
            about: dict[str, list[str]] = {}
            for complaint, service in found:
                about.setdefault(service, []).append(complaint)
            for service, first in rows:  # also where all was said later: it may speak of then
                names = about.get(service, [])
                recounter = self._recounter([f"service:{service}", *(f"complaint:{name}" for name in names)])
                yield service, first, recounter, self._filed_by_then(recounter, names)
            after = rows[-1][0]

    def _where(self) -> tuple[str, str, tuple[object, ...]]:
        """The table in which complaints are looked for, a condition that narrows them down, and its parameters."""
        where, params = "".join(f" AND {name} = ?" for name in self._narrowed), tuple(self._narrowed.values())
        if not set(self._narrowed) & set(THEN):
            return self._filed, f" AND recorded_at <= ?{where}", (self.known_at, *params)
        last = self._cursor.rows(f"SELECT MAX(recorded_at) FROM {self._positions}")[0][0]
        if last is not None and last <= self.known_at:
            return self._rows, f" AND recorded_to IS NULL{where}", params
        held = " AND recorded_from <= ? AND (recorded_to IS NULL OR recorded_to > ?)"
        return self._rows, f"{held}{where}", (self.known_at, self.known_at, *params)

    def _recounted(self, rows: Sequence[tuple[str, str]]) -> Iterator[Complaint]:
        streams = [f"complaint:{name}" for name, _ in rows]
        services = {f"service:{service}" for _, service in rows}
        recounter = self._recounter([*streams, *sorted(services)])
        yield from self._filed_by_then(recounter, [name for name, _ in rows])

    def _filed_by_then(self, recounter: Recounter, names: Iterable[str]) -> list[Complaint]:
        found = (recounter.complaint(name) for name in names)
        return [complaint for complaint in found if complaint.filed_at <= self.at]

    def _recounter(self, streams: Sequence[str]) -> Recounter:
        """Reads these streams at once, others when they are asked for."""
        known = self._read(streams)

        def find(stream: str) -> Iterable[Recorded | int]:
            if stream not in known:
                known.update(self._read([stream]))
            return known[stream]

        return self._recount(find)

    def _read(self, streams: Sequence[str]) -> dict[str, list[Recorded | int]]:
        found: dict[str, list[Recorded | int]] = {stream: [] for stream in streams}
        for row in among(
            self._cursor,
            f"SELECT {_COLUMNS} FROM {self._events} WHERE stream IN ({{}}) AND recorded_at <= ?"
            " ORDER BY stream, version",
            streams,
            self.known_at,
        ):
            event = event_of(row)
            found[row[0]].append(row[4] if event is None else event)
        return found
