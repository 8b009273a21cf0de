"""One look at the read store: what was so at `at`, by what was known at `known_at`, portion by portion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from contracts.recorded import Recorded
from projections.coding import event_of
from projections.recounting import Complaint, Recount, Recounter
from projections.store.database import Cursor, among
from projections.store.tables import COMPLAINTS, EVENTS, SERVICES

_PORTION: Final = 200
"""Complaints whose events are in memory at once."""
_COLUMNS: Final = "stream, version, type, time, recorded_at, source, id, service, late, data"
NARROWING: Final = ("complaint", "service", "customer", "agreement")
"""Columns of a complaint by which the tables can be narrowed down, whatever the moment."""


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
        self._narrowed = {k: v for k, v in (narrowed or {}).items() if k in NARROWING}

    def complaints(self) -> Iterator[Complaint]:
        """Those filed by then, in order of their ids."""
        after = ""
        where, params = self._where()
        while rows := self._cursor.rows(
            f"SELECT complaint, service FROM {self._filed} WHERE complaint > ? AND recorded_at <= ?{where}"
            " ORDER BY complaint LIMIT ?",
            (after, self.known_at, *params, _PORTION),
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
            for service, first in rows:
                if first <= self.at:
                    names = about.get(service, [])
                    recounter = self._recounter([f"service:{service}", *(f"complaint:{name}" for name in names)])
                    yield service, first, recounter, self._filed_by_then(recounter, names)
            after = rows[-1][0]

    def _where(self) -> tuple[str, tuple[str, ...]]:
        return "".join(f" AND {name} = ?" for name in self._narrowed), tuple(self._narrowed.values())

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
