"""Incident audit logs (ServiceNow): rows are snapshots of an incident, facts what changes between them.

What counts is when a row was written (`sys_updated_at`) and what it says of that moment. Columns that are filled in
backwards from an incident's end (`resolved_at`, `resolved_by`, `closed_at`, `closed_code`) say what nobody knew at the
time: they have no place in a mapping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from contracts.moments import micros, rfc3339
from ops.importers.cells import COMPLAINT_LENGTH, SERVICE_LENGTH, CellError, Cells, identifier, places
from ops.importers.mapping import Mail, Meaning, ServiceNowMapping
from ops.importers.spool import grouped
from ops.importers.table import Bad, BadRow, rows
from ops.importers.times import reader

ORDER: Final = (
    "complaint.filed",
    "resolution.rejected",
    "complaint.wait_ended",
    "complaint.assigned",
    "complaint.acknowledged",
    "complaint.wait_started",
    "resolution.proposed",
    "notice.sent",
    "notice.delivered",
    "complaint.close_requested",
)
"""The facts of one row in the order of cause and effect. Facts of one instant are taken in order of their ids, and a
type's place here is the last part of the id: so a notice follows the claim that it asks about, whatever the mapping."""

_PLACE: Final = {kind: place for place, kind in enumerate(ORDER)}
_SAME_COUNT: Final = 10
"""How many different rows of an incident may have one number in `order`: more do not fit in two digits of an id."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """A row: what was so of one incident from `at` on. `""` and None: the row does not say."""

    line: int
    number: str
    count: int
    at: datetime
    by: str
    opened: datetime
    state: str
    reopened: int | None
    customer: str
    service: str
    symptom: str
    agreement: str
    channel: str
    team: str
    person: str
    summary: str


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Snapshot).decode


def facts(lines: Iterable[str], mapping: ServiceNowMapping, bad: Bad) -> Iterator[dict[str, Any]]:
    """Give the facts of an incident log as CloudEvents, each incident's together and in order, incidents by number.

    `lines` are a CSV file's, with their line ends (`open_text`). Rows may stand in any order: they are read to the end
    before the first fact is given, outside memory. The same rows give the same facts with the same ids. Rows that
    cannot be used go to `bad`, the reading's before the first fact.

    Raises InputError where the file is no table, MappingError where it lacks a column of the mapping.
    """
    for bodies in grouped((snapshot.number, _encode(snapshot)) for snapshot in _snapshots(lines, mapping, bad)):
        yield from _incident(_in_order([_decode(body) for body in bodies]), mapping, bad)


def _snapshots(lines: Iterable[str], mapping: ServiceNowMapping, bad: Bad) -> Iterator[Snapshot]:
    table = rows(lines, mapping.delimiter, bad)
    _, header = next(table)
    columns = mapping.columns
    wanted = {f"columns.{f}": c for f in columns.__struct_fields__ if isinstance(c := getattr(columns, f), str)}
    wanted |= {f"columns.summary[{at}]": column for at, column in enumerate(columns.summary)}
    found = places(header, wanted)
    empty = frozenset(mapping.empty)
    read = reader(mapping.time.format, mapping.time.zone)
    for line, cells in table:
        try:
            yield _snapshot(line, Cells(found, empty, cells), mapping, read)
        except CellError as error:
            bad(error.row(line))


def _snapshot(line: int, cells: Cells, mapping: ServiceNowMapping, read: Callable[[str], datetime]) -> Snapshot:
    columns, ids = mapping.columns, mapping.ids
    state = cells.get(columns.state)
    if state and mapping.meaning(state) is None:
        raise CellError(columns.state, state, "is a state that the mapping does not name")
    channel, agreement = cells.name(columns.channel), cells.get(columns.priority)
    return Snapshot(
        line=line,
        number=_id(cells, columns.number, ids.complaint_prefix, ids.space, COMPLAINT_LENGTH),
        count=cells.count(columns.order),
        at=cells.moment(columns.updated_at, read),
        by=cells.name(columns.updated_by) or mapping.unknown,
        opened=cells.moment(columns.opened_at, read),
        state=state,
        reopened=cells.count(columns.reopened) if columns.reopened and cells.get(columns.reopened) else None,
        customer=cells.name(columns.caller) or mapping.unknown,
        service=_id(cells, columns.service, ids.service_prefix, ids.space, SERVICE_LENGTH)
        if cells.get(columns.service)
        else "",
        symptom=cells.name(columns.symptom),
        agreement=mapping.agreements.get(agreement, mapping.agreement_default or ""),
        channel=mapping.channels.get(channel, channel) or mapping.unknown,
        team=cells.name(columns.team),
        person=cells.name(columns.person),
        summary=cells.text(columns.summary),
    )


def _id(cells: Cells, column: str | None, prefix: str, space: str | None, longest: int) -> str:
    value = cells.get(column)
    if column is None or not value:
        raise cells.missing(column)
    made = prefix + identifier(value, space)
    if len(made) > longest:
        raise CellError(column, value, f"is no id: more than {longest} characters")
    return made


def _in_order(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Give an incident's rows in the order in which they were written: by count, then time; a doubled row once.

    The public log has five incidents, all of its first morning, in which two rows have one count and none has count 0:
    the first row's count was overwritten by a later one's. Time tells which it is, the earliest of all.
    """
    if len({snapshot.count for snapshot in snapshots}) < len(snapshots):
        snapshots = list({replace(snapshot, line=0): snapshot for snapshot in reversed(snapshots)}.values())
        counts = Counter(snapshot.count for snapshot in snapshots)
        earliest = min(snapshots, key=lambda s: (s.at, s.count, s.line))
        if 0 not in counts and counts[earliest.count] > 1:
            snapshots[snapshots.index(earliest)] = replace(earliest, count=0)
    return sorted(snapshots, key=lambda s: (s.count, s.at, s.line))


def _incident(snapshots: list[Snapshot], mapping: ServiceNowMapping, bad: Bad) -> Iterator[dict[str, Any]]:
    story = _Story(mapping, snapshots[0])
    count, same = -1, 0
    for snapshot in snapshots:
        same = same + 1 if snapshot.count == count else 0
        count = snapshot.count
        if same >= _SAME_COUNT:
            reason = f"more than {_SAME_COUNT} different rows of {snapshot.number} have this number"
            bad(BadRow(snapshot.line, mapping.columns.order, str(count), reason))
            continue
        for kind, at, data in story.tell(snapshot, same):
            yield {
                "specversion": "1.0",
                "id": f"{snapshot.number}:{count:05d}:{same * len(ORDER) + _PLACE[kind]:02d}",
                "source": mapping.source,
                "type": kind,
                "subject": snapshot.number,
                "time": rfc3339(micros(at)),
                "datacontenttype": "application/json",
                "data": data,
            }


_Told = tuple[str, datetime, dict[str, Any]]
"""A fact's type, time and data."""


class _Story:
    """What is known of one incident so far, and what each next row adds to it."""

    def __init__(self, mapping: ServiceNowMapping, first: Snapshot) -> None:
        self._mapping = mapping
        self._customer = first.customer
        self._filed = False
        self._acknowledged = False
        self._state = ""
        self._meaning = Meaning("none")
        self._reopened: int | None = None
        self._team = ""
        self._person = ""

    def tell(self, row: Snapshot, same: int) -> Iterator[_Told]:
        """Give the facts that `row` brings, in the order of `ORDER`; `same` rows before it had its count."""
        if not self._filed:
            yield self._file(row)
        before, state = self._meaning, self._state
        if row.state and row.state != state:
            self._state = row.state
            self._meaning = self._mapping.meaning(row.state) or before
        now = self._meaning
        rejected = self._is_rejected(before, now, row.reopened)
        if rejected:
            reason = f"{state} → {self._state}" if self._state != state else f"reopened while {state}"
            yield "resolution.rejected", row.at, {"by": self._customer, "reason": reason, "still_down": True}
        if before.kind == "wait" != now.kind:
            yield "complaint.wait_ended", row.at, {}
        if owner := self._owner(row):
            yield "complaint.assigned", row.at, {**owner, "by": row.by}
        if now.kind == "acknowledged" and not self._acknowledged:
            self._acknowledged = True
            yield "complaint.acknowledged", row.at, {"by": row.by}
        notice = f"{row.number}:{row.count:05d}:{same}"
        if now.kind == "wait" and self._state != state:
            yield from self._wait(row, now, notice)
        # Reopened, and this row says resolved (or closed) again: what lay between was not written down, but it was.
        if now.kind == "proposed" and (rejected or before.kind != "proposed"):
            yield from self._propose(row, notice)
        if now.kind == "close_requested" and (rejected or before.kind != "close_requested"):
            yield "complaint.close_requested", row.at, {"by": row.by}

    def _file(self, row: Snapshot) -> _Told:
        self._filed = True
        self._team, self._reopened = row.team, row.reopened
        data: dict[str, Any] = {
            "customer": row.customer,
            "channel": row.channel,
            "summary": row.summary or row.number,
            # An incident is an interruption: somebody is without something until it is said that it is back.
            "down": True,
        }
        given = {"service": row.service, "agreement": row.agreement, "reported_fault": row.symptom, "team": row.team}
        return "complaint.filed", row.opened, data | {name: value for name, value in given.items() if value}

    def _is_rejected(self, before: Meaning, now: Meaning, reopened: int | None) -> bool:
        """Whether the customer did not agree: once for a row, however many signs of it the row shows."""
        known, self._reopened = self._reopened, self._reopened if reopened is None else reopened
        grown = known is not None and reopened is not None and reopened > known
        ended = {"proposed", "close_requested"}
        return grown or (before.kind in ended and now.kind not in ended)

    def _owner(self, row: Snapshot) -> dict[str, str]:
        """Give who has it now, if group or person changed to somebody known; a team alone takes the person off."""
        team_changed = bool(row.team) and row.team != self._team
        person_changed = bool(row.person) and row.person != self._person
        if team_changed:
            self._team, self._person = row.team, row.person
            return {"team": row.team} | ({"to": row.person} if row.person else {})
        if person_changed:
            self._person = row.person
            return {"to": row.person}
        return {}

    def _propose(self, row: Snapshot, notice: str) -> Iterator[_Told]:
        yield "resolution.proposed", row.at, {"by": row.by, "summary": self._state}
        yield from self._mail(row, notice, "confirmation", self._mapping.mail_on_resolved, self._mapping.mail_proof)

    def _wait(self, row: Snapshot, now: Meaning, notice: str) -> Iterator[_Told]:
        mapping = self._mapping
        data = {"on": now.on, "reason": self._state}
        asks = now.on == "customer" and mapping.mail_on_wait != "none"
        yield "complaint.wait_started", row.at, data | {"notice": notice} if asks else data
        if asks:
            yield from self._mail(row, notice, "question", mapping.mail_on_wait, mapping.mail_on_wait_proof)

    def _mail(self, row: Snapshot, notice: str, about: str, mail: Mail, proof: str) -> Iterator[_Told]:
        """Give the mail that the tool sends by itself, as far as the mapping takes it."""
        if mail == "none":
            return
        yield "notice.sent", row.at, {"notice": notice, "channel": self._mapping.mail_channel, "about": about}
        if mail == "delivered":
            yield "notice.delivered", row.at, {"notice": notice, "proof": proof}
