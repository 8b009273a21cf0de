"""Outage feeds: a row is a stretch of time in which a place was without supply, said by the utility's instruments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from operator import attrgetter
from typing import Any, Final

import msgspec

from contracts.moments import micros, rfc3339
from ops.importers.cells import SERVICE_LENGTH, CellError, Cells, joined, places
from ops.importers.mapping import OutagesMapping
from ops.importers.spool import grouped
from ops.importers.table import Bad, rows
from ops.importers.times import reader

_UP: Final = 0
_DOWN: Final = 1
_STILL: Final = 2
"""What an id begins with. Facts of one instant are taken in order of their ids: so where one row ends as another
begins, or ends inside it, the place is down from then on."""


class Outage(msgspec.Struct, frozen=True, array_like=True):
    """A row: `service` was down from `off` to `on` (None: it still is)."""

    service: str
    outage: str
    off: datetime
    on: datetime | None


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Outage).decode


def facts(lines: Iterable[str], mapping: OutagesMapping, bad: Bad) -> Iterator[dict[str, Any]]:
    """Give the facts of an outage feed as CloudEvents, each place's together and in order of time, places by id.

    A row gives `service.down` at its beginning and, if it has one, `service.up` at its end. Where that end lies inside
    another row of the same place, the place is still down, and a second `service.down` says so: a later file with more
    rows only ever adds facts. Rows may stand in any order; they are kept outside memory. The same rows give the same
    facts with the same ids. Rows that cannot be used go to `bad`, before the first fact.

    Raises InputError where the file is no table, MappingError where it lacks a column of the mapping.
    """
    for bodies in grouped((outage.service, _encode(outage)) for outage in _outages(lines, mapping, bad)):
        said = _place([_decode(body) for body in bodies])
        for (moment, id_), (service, kind) in sorted(said.items()):
            yield {
                "specversion": "1.0",
                "id": id_,
                "source": mapping.source,
                "type": kind,
                "subject": service,
                "time": rfc3339(moment),
                "datacontenttype": "application/json",
                "data": {"evidence": "telemetry", "by": mapping.feed},
            }


def _outages(lines: Iterable[str], mapping: OutagesMapping, bad: Bad) -> Iterator[Outage]:
    table = rows(lines, mapping.delimiter, bad)
    _, header = next(table)
    columns = mapping.columns
    wanted = {f"columns.{field}": getattr(columns, field) for field in ("outage", "off", "on")}
    wanted |= {f"columns.service[{at}]": column for at, column in enumerate(columns.service)}
    found = places(header, wanted)
    empty = frozenset(mapping.empty)
    read = reader(mapping.time.format, mapping.time.zone)
    for line, cells in table:
        try:
            yield _outage(Cells(found, empty, cells), mapping, read)
        except CellError as error:
            bad(error.row(line))


def _outage(cells: Cells, mapping: OutagesMapping, read: Callable[[str], datetime]) -> Outage:
    columns, ids = mapping.columns, mapping.ids
    parts = []
    for column in columns.service:
        part = cells.get(column)
        if not part:
            raise cells.missing(column, "does not say what is down")
        parts.append(part)
    outage = cells.name(columns.outage)
    if not outage:
        raise cells.missing(columns.outage)
    off = cells.moment(columns.off, read)
    on = cells.moment(columns.on, read) if cells.get(columns.on) else None
    if on is not None and on <= off:
        raise CellError(columns.on, cells.get(columns.on), f"does not lie after {columns.off}")
    return Outage(joined(parts, ids.service_prefix, ids.space, SERVICE_LENGTH), outage, off, on)


def _place(outages: list[Outage]) -> dict[tuple[int, str], tuple[str, str]]:
    """Give what is said of one place: (microseconds, id) → (service, type); what several rows say is said once."""
    outages.sort(key=lambda o: (o.off, o.outage))
    begins = [outage.off for outage in outages]
    # For each row the one that ends last of those that began no later: does it still run when another ends?
    last = list(accumulate(outages, _later))
    said: dict[tuple[int, str], tuple[str, str]] = {}
    for outage in outages:
        service = outage.service
        off = micros(outage.off)
        said[off, f"{_DOWN}:{outage.outage}:{rfc3339(off)}:{service}"] = (service, "service.down")
        if outage.on is None:
            continue
        on = micros(outage.on)
        said[on, f"{_UP}:{outage.outage}:{rfc3339(on)}:{service}"] = (service, "service.up")
        running = last[bisect_left(begins, outage.on) - 1]
        if running.on is None or running.on > outage.on:
            # Named after no row: with more rows another one may be the last.
            said[on, f"{_STILL}:{rfc3339(on)}:{service}"] = (service, "service.down")
    return said


def _later(one: Outage, other: Outage) -> Outage:
    if one.on is None or other.on is None:
        return one if one.on is None else other
    return max(one, other, key=attrgetter("on"))
