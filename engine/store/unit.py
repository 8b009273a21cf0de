"""One transaction on the store: what a batch reads, and all that it writes, or nothing of it."""

from __future__ import annotations

import hashlib
import time as time_
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from contracts.envelope import glance
from contracts.errors import MalformedError
from engine.corrections import Ref
from engine.store.handing import Cursor, Handing

EventRow = tuple[str, int, str, bytes]
"""Stream, version, topic, state."""

_AT_ONCE = 2_000
"""Names or rows in one statement; SQLite takes 32,766 parameters at most."""
_T = TypeVar("_T")
_LOAD = "SELECT originator_version, topic, state FROM stored_events WHERE originator_id = ? ORDER BY originator_version"
_LOAD_OUTAGES = (  # the list as in the index of schema.sql, or that is not used
    "SELECT originator_version, topic, state FROM stored_events WHERE originator_id = ?"
    " AND topic IN ('outage.claimed', 'outage.ended', 'outage.restated', 'outage.resumed', 'outage.started')"
    " ORDER BY originator_version"
)
_BURY = """
INSERT INTO dead (digest, reason, field, value, source, id, type, subject, first_at, last_at, body, origin)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (digest) DO UPDATE SET times = dead.times + 1, last_at = excluded.last_at, untold = 1,
    reason = excluded.reason, field = excluded.field, value = excluded.value, origin = excluded.origin
"""
HELD = "source, id, digest, waits_for, due, held_at, body, origin"
"""The columns of a HeldRow."""
WORK = "number, stream, since, cursor, time, source, id"
"""The columns of a WorkRow."""
_HOLD = """
INSERT INTO held (source, id, digest, waits_for, due, held_at, body, origin) VALUES (?,?,?,?,?,?,?,?)
ON CONFLICT (source, id) DO UPDATE SET digest = excluded.digest, waits_for = excluded.waits_for, due = excluded.due,
    held_at = excluded.held_at, body = excluded.body, origin = excluded.origin
"""


class Clock(NamedTuple):
    """The engine's clock: the last `recorded_at` (microseconds), and whether it follows facts or the machine."""

    recorded_at: int
    mode: str


class HeldRow(NamedTuple):
    """A fact that waits."""

    source: str
    id: str
    digest: bytes
    waits_for: str
    due: int | None
    held_at: int
    body: bytes
    origin: bytes | None = None
    """The message in which it came (contracts.kafka), where that is more than its bytes."""


class WorkRow(NamedTuple):
    """What a change of a service or a person still means to its complaints (engine.recording.Work).

    It is done up to `cursor`: of a service, the number of its complaint; of a person, the complaint's id.
    """

    number: int
    stream: str
    since: int
    cursor: str
    time: int
    source: str
    id: str


class Unit(Handing):
    """The statements of a batch, inside its transaction: in the SQL that both stores speak, where there is one.

    Strings are in order of their code points on both.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._execute = cursor.execute

    def changes(self) -> Hashable:
        """Something that is the same as before only if nobody else has recorded anything since."""
        return object()

    def now(self) -> int:
        """The store's clock: microseconds since 1970, by this machine."""
        return time_.time_ns() // 1000

    # events and identities

    def load(self, stream: str) -> list[tuple[int, str, bytes]]:
        """Version, topic and state of the events of a stream, in order."""
        return self._execute(_LOAD, (stream,)).fetchall()

    def load_outages(self, stream: str) -> list[tuple[int, str, bytes]]:
        """The same, of what was concluded about a service's outages only."""
        return self._execute(_LOAD_OUTAGES, (stream,)).fetchall()

    def append(self, rows: Iterable[EventRow]) -> None:
        """Events, in the order in which they get their positions. A version that is taken raises IntegrityError."""
        self._insert("stored_events (originator_id, originator_version, topic, state)", list(rows))

    def load_since(self, stream: str, version: int) -> list[tuple[int, str, bytes]]:
        """The events of a stream after a version."""
        return self._execute(
            "SELECT originator_version, topic, state FROM stored_events"
            " WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version",
            (stream, version),
        ).fetchall()

    def load_many(self, streams: Sequence[str]) -> dict[str, list[tuple[int, str, bytes]]]:
        """The events of several streams, as `load` gives them; a stream without events has an empty list."""
        found: dict[str, list[tuple[int, str, bytes]]] = {stream: [] for stream in streams}
        for part in _parts(streams):
            rows = self._execute(
                "SELECT originator_id, originator_version, topic, state FROM stored_events"
                f" WHERE originator_id IN ({','.join('?' * len(part))}) ORDER BY originator_id, originator_version",
                part,
            )
            for stream, version, topic, state in rows.fetchall():
                found[stream].append((version, topic, state))
        return found

    def history(self, streams: tuple[str, ...]) -> list[tuple[int, str, int, str, bytes]]:
        """Position, stream, version, topic and state of the events of some streams, in order of position."""
        marks = ",".join("?" * len(streams))
        return self._execute(
            "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
            f" WHERE originator_id IN ({marks}) ORDER BY notification_id",
            streams,
        ).fetchall()

    def last_position(self) -> int:
        """The position of the last event; 0 if there is none."""
        return int(self._execute("SELECT COALESCE(MAX(notification_id), 0) FROM stored_events").fetchone()[0])

    def streams_since(self, position: int) -> list[str]:
        """Streams with events after a position."""
        # With DISTINCT in the statement SQLite goes through its index of all streams instead of the last few events.
        rows = self._execute("SELECT originator_id FROM stored_events WHERE notification_id > ?", (position,))
        return list(dict.fromkeys(row[0] for row in rows.fetchall()))

    def streams_like(self, prefix: str) -> list[str]:
        """Streams whose name begins with `prefix`, in order."""
        rows = self._execute(
            "SELECT DISTINCT originator_id FROM stored_events"
            " WHERE originator_id >= ? AND originator_id < ? ORDER BY 1",
            (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)),
        )
        return [row[0] for row in rows.fetchall()]

    def streams_after(self, name: str, most: int) -> list[str]:
        """Streams in order of their names, the first `most` of those behind a name."""
        rows = self._execute(
            "SELECT originator_id FROM stored_events WHERE originator_id > ? AND originator_version = 1"
            " ORDER BY originator_id LIMIT ?",
            (name, most),
        )
        return [row[0] for row in rows.fetchall()]

    def kinds(self) -> dict[str, int]:
        """How many streams there are of each kind, in order."""
        return dict(
            self._execute(
                "SELECT substr(originator_id, 1, instr(originator_id, ':') - 1), COUNT(*)"
                " FROM stored_events WHERE originator_version = 1 GROUP BY 1 ORDER BY 1"
            ).fetchall()
        )

    def identity(self, ref: Ref) -> tuple[bytes, str] | None:
        """The hash of a recorded fact and the stream that it is in."""
        row = self._execute("SELECT digest, stream FROM facts WHERE source = ? AND id = ?", ref).fetchone()
        return None if row is None else (row[0], row[1])

    def identities(self, refs: Sequence[Ref]) -> dict[Ref, tuple[bytes, str]]:
        """The same for several facts; those not recorded are left out."""
        return self._of(refs, "facts", "stream")

    def identified(self, page: int) -> Iterator[list[Ref]]:
        """What identifies the recorded facts, in pages, in any order."""
        after: Ref = ("", "")
        while rows := self._execute(
            "SELECT source, id FROM facts WHERE (source, id) > (?, ?) ORDER BY source, id LIMIT ?", (*after, page)
        ).fetchall():
            yield rows
            after = rows[-1]

    def identify(self, rows: Iterable[tuple[str, str, bytes, str]]) -> None:
        """Source, id, hash and stream of facts that are recorded now."""
        self._insert("facts (source, id, digest, stream)", list(rows))

    # the clock and timers

    def clock(self) -> Clock:
        """The engine's clock as last written."""
        return Clock(*self._execute("SELECT recorded_at, mode FROM clock").fetchone())

    def set_clock(self, clock: Clock) -> None:
        """Moves the engine's clock."""
        self._execute("UPDATE clock SET recorded_at = ?, mode = ?", clock)

    def timer(self, stream: str) -> int | None:
        """When a stream's timer is due; each has one at most."""
        row = self._execute("SELECT due FROM timers WHERE stream = ?", (stream,)).fetchone()
        return None if row is None else int(row[0])

    def timers_of(self, streams: Sequence[str]) -> dict[str, int]:
        """When the timers of several streams are due."""
        found: dict[str, int] = {}
        for part in _parts(streams):
            marks = ",".join("?" * len(part))
            found.update(self._execute(f"SELECT stream, due FROM timers WHERE stream IN ({marks})", part).fetchall())
        return found

    def set_timers(self, timers: Mapping[str, int | None]) -> None:
        """Arms timers by stream, or (None) takes them away."""
        gone = [stream for stream, due in timers.items() if due is None]
        for part in _parts(gone):
            self._execute(f"DELETE FROM timers WHERE stream IN ({','.join('?' * len(part))})", part)
        armed = [timer for timer in timers.items() if timer[1] is not None]
        self._insert("timers (stream, due)", armed, "ON CONFLICT (stream) DO UPDATE SET due = excluded.due")

    def drop_strangers(self) -> None:
        """Takes away timers and work of streams in which there is nothing."""
        for table in ("timers", "work"):
            self._execute(
                f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM stored_events"
                f" WHERE originator_id = {table}.stream AND originator_version = 1)"
            )

    def timers(self, until: int, most: int) -> list[tuple[int, str]]:
        """Timers due up to a moment, the first `most` of them: due and stream, in that order."""
        return self._execute(
            "SELECT due, stream FROM timers WHERE due <= ? ORDER BY due, stream LIMIT ?", (until, most)
        ).fetchall()

    def silences(self, due: int) -> list[tuple[int, str]]:
        """The timers of services that are due at a very moment, as `timers` gives them."""
        return self._execute(
            "SELECT due, stream FROM timers WHERE due = ? AND stream >= 'service:' AND stream < 'service;'", (due,)
        ).fetchall()

    # what is left to be worked off

    def works(self) -> bool:
        """Whether any change of a service or person has still to be carried to its complaints."""
        return bool(self._execute("SELECT EXISTS (SELECT 1 FROM work)").fetchone()[0])

    def work(self) -> WorkRow | None:
        """The work that was begun first."""
        row = self._execute(f"SELECT {WORK} FROM work ORDER BY number LIMIT 1").fetchone()
        return None if row is None else WorkRow(*row)

    def set_work(self, row: WorkRow) -> None:
        """Work of a stream. What is not done yet of earlier work is part of it: it begins anew, from the earlier."""
        self._execute(
            "INSERT INTO work (stream, since, cursor, time, source, id) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT (stream) DO UPDATE SET cursor = excluded.cursor,"
            " time = excluded.time, source = excluded.source, id = excluded.id,"
            " since = CASE WHEN work.since < excluded.since THEN work.since ELSE excluded.since END",
            row[1:],
        )

    def move_work(self, number: int, cursor: str | None) -> None:
        """How far it is done; None: to the end."""
        if cursor is None:
            self._execute("DELETE FROM work WHERE number = ?", (number,))
        else:
            self._execute("UPDATE work SET cursor = ? WHERE number = ?", (cursor, number))

    def own(self, rows: Iterable[tuple[str, str]]) -> None:
        """Persons to whom a complaint was given, and which."""
        self._insert("owned (person, complaint)", list(rows), "ON CONFLICT DO NOTHING")

    def owned(self, person: str, after: str, most: int) -> list[str]:
        """Complaints that a person was ever given, in order of their ids."""
        rows = self._execute(
            "SELECT complaint FROM owned WHERE person = ? AND complaint > ? ORDER BY complaint LIMIT ?",
            (person, after, most),
        )
        return [row[0] for row in rows.fetchall()]

    # held facts

    def holds_any(self) -> bool:
        """Whether any fact is held."""
        return bool(self._execute("SELECT EXISTS (SELECT 1 FROM held)").fetchone()[0])

    def held(self, ref: Ref) -> HeldRow | None:
        """A fact that waits, by what identifies it."""
        row = self._execute(f"SELECT {HELD} FROM held WHERE source = ? AND id = ?", ref).fetchone()
        return None if row is None else HeldRow(*row)

    def held_of(self, refs: Sequence[Ref]) -> dict[Ref, tuple[bytes, str]]:
        """Which of several facts wait: the hash, and for what."""
        return self._of(refs, "held", "waits_for")

    def _of(self, refs: Sequence[Ref], table: str, column: str) -> dict[Ref, tuple[bytes, str]]:
        found = {}
        for part in _parts(refs):
            rows = self._execute(
                f"WITH asked (source, id) AS (VALUES {','.join(['(?,?)'] * len(part))})"
                f" SELECT {table}.source, {table}.id, digest, {column} FROM asked CROSS JOIN {table}"
                f" ON {table}.source = asked.source AND {table}.id = asked.id",
                [value for ref in part for value in ref],
            )
            found.update({(source, name): (digest, value) for source, name, digest, value in rows.fetchall()})
        return found

    def awaited(self, names: Sequence[str]) -> set[str]:
        """Which of them some held fact waits for."""
        found: set[str] = set()
        for part in _parts(names):
            marks = ",".join("?" * len(part))
            rows = self._execute(f"SELECT DISTINCT waits_for FROM held WHERE waits_for IN ({marks})", part)
            found.update(row[0] for row in rows.fetchall())
        return found

    def hold(self, row: HeldRow) -> None:
        """Keeps a fact until what it waits for is there."""
        self._execute(_HOLD, row)

    def release(self, waits_for: str) -> list[HeldRow]:
        """Takes out the facts that waited for this."""
        rows = self._execute(f"DELETE FROM held WHERE waits_for = ? RETURNING {HELD}", (waits_for,)).fetchall()
        return [HeldRow(*row) for row in rows]

    def release_due(self, now: int) -> list[HeldRow]:
        """Takes out the facts whose time has come."""
        rows = self._execute(f"DELETE FROM held WHERE due <= ? RETURNING {HELD}", (now,)).fetchall()
        return [HeldRow(*row) for row in rows]

    def held_due(self, until: int) -> list[int]:
        """When facts that wait for their time are due, up to a moment."""
        return [row[0] for row in self._execute("SELECT DISTINCT due FROM held WHERE due <= ?", (until,)).fetchall()]

    def drop_held(self, ref: Ref) -> None:
        """Takes out a fact that waits."""
        self._execute("DELETE FROM held WHERE source = ? AND id = ?", ref)

    # dead letters

    def bury(self, body: bytes, error: MalformedError, now: int, origin: bytes | None = None) -> None:
        """Keeps what could not be understood, whole."""
        source, name, kind, subject = map(self._text, glance(body))
        value = None if error.value is None else str(error.value)[:1000].encode("utf-8", "replace").decode()
        digest = hashlib.sha256(body).digest()
        reason, field, value = map(self._text, (error.reason, error.field, value))
        self._execute(_BURY, (digest, reason, field, value, source, name, kind, subject, now, now, body, origin))

    @staticmethod
    def _text(value: str | None) -> str | None:
        """Text as the store can hold it."""
        return value

    def exhume(self, bodies: Sequence[bytes]) -> None:
        """Dead letters that were understood after all are none any more."""
        for part in _parts([hashlib.sha256(body).digest() for body in bodies]):
            self._execute(f"DELETE FROM dead WHERE digest IN ({','.join('?' * len(part))})", part)

    def has_dead(self) -> bool:
        """Whether there is any dead letter."""
        return bool(self._execute("SELECT EXISTS (SELECT 1 FROM dead)").fetchone()[0])

    def rows(self, statement: str, params: tuple[Any, ...] = ()) -> list[Any]:
        """Any other reading."""
        return self._execute(statement, params).fetchall()

    def change(self, statement: str, params: tuple[Any, ...] = ()) -> int:
        """Any other writing; how many rows it changed."""
        return self._execute(statement, params).rowcount

    def _insert(self, into: str, rows: Sequence[tuple[Any, ...]], otherwise: str = "") -> None:
        """Writes rows many at once: after each statement Python's lock is waited for (engine.streaming)."""
        for part in _parts(rows):
            marks = f"({','.join('?' * len(part[0]))})"
            values = ",".join([marks] * len(part))
            self._execute(f"INSERT INTO {into} VALUES {values} {otherwise}", list(chain.from_iterable(part)))


def _parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
