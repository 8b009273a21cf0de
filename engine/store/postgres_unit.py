"""The statements of a batch on PostgreSQL, where they are not those that both stores speak (engine.store.unit)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from psycopg import Cursor as Plain

from engine.corrections import Ref
from engine.store.unit import HELD, Clock, EventRow, HeldRow, Unit

LOCK = "SELECT pg_advisory_xact_lock((x'5374696c'::bigint << 32) | 'stored_events'::regclass::oid::bigint)"
"""The store's write lock, until the transaction ends. Named after the table: every store has its own."""
_APPEND = """
WITH given AS (
    UPDATE positions SET last = last + %(count)s RETURNING last - %(count)s AS before
), added AS (
    INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, state)
    SELECT given.before + new.nth, new.stream, new.version, new.topic, new.state
    FROM given, unnest(%(streams)b::text[], %(versions)b::bigint[], %(topics)b::text[], %(states)b::bytea[])
        WITH ORDINALITY AS new (stream, version, topic, state, nth)
)
SELECT before FROM given
"""
_IDENTIFY = """
INSERT INTO facts (source, id, digest, stream, ref)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bytea[], %b::text[], %b::bytea[])
"""
_LOAD_MANY = """
SELECT originator_id, originator_version, topic, state FROM stored_events
WHERE originator_id = ANY(%b) ORDER BY originator_id, originator_version
"""
_LOOK = """
SELECT (SELECT last FROM positions), recorded_at, mode, EXISTS (SELECT 1 FROM held), EXISTS (SELECT 1 FROM dead),
    EXISTS (SELECT 1 FROM work), (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint
FROM clock
"""
_ARM = """
INSERT INTO timers (stream, due) SELECT * FROM unnest(%b::text[], %b::bigint[])
ON CONFLICT (stream) DO UPDATE SET due = excluded.due
"""
_OWN = "INSERT INTO owned (person, complaint) SELECT * FROM unnest(%b::text[], %b::text[]) ON CONFLICT DO NOTHING"
_HOLD = """
INSERT INTO held (source, id, digest, waits_for, due, held_at, body, origin, ref) VALUES (?,?,?,?,?,?,?,?,?)
ON CONFLICT (ref) DO UPDATE SET digest = excluded.digest, waits_for = excluded.waits_for, due = excluded.due,
    held_at = excluded.held_at, body = excluded.body, origin = excluded.origin
"""


class Marked:
    """A cursor that takes statements with question marks."""

    def __init__(self, cursor: Plain[Any]) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """Rows changed by the last statement."""
        return self._cursor.rowcount

    def execute(self, statement: str, params: Any = (), /) -> Marked:  # noqa: ANN401 - whatever a statement takes
        """Runs a statement."""
        self._cursor.execute(_percent(statement), params)
        return self

    def executemany(self, statement: str, params: Iterable[Any], /) -> None:
        """Runs a statement once for each."""
        self._cursor.executemany(_percent(statement), params)

    def fetchone(self) -> Any:  # noqa: ANN401 - as it comes from the database
        """The next row."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self._cursor.fetchall()


def append(cursor: Plain[Any], rows: Iterable[EventRow]) -> range:
    """Events, in a transaction that has the lock; their positions."""
    columns = list(zip(*rows, strict=True))
    if not columns:
        return range(0)
    streams, versions, topics, states = columns
    cursor.execute(
        _APPEND,
        {
            "count": len(streams),
            "streams": list(streams),
            "versions": list(versions),
            "topics": list(topics),
            "states": list(states),
        },
    )
    row = cursor.fetchone()
    before = int(row[0]) if row else 0
    return range(before + 1, before + 1 + len(streams))


class _Look(NamedTuple):
    last: int
    recorded_at: int
    mode: str
    holds: bool
    dead: bool
    works: bool
    now: int


class PostgresUnit(Unit):
    """The statements of a batch on PostgreSQL."""

    def __init__(self, cursor: Plain[Any]) -> None:
        super().__init__(Marked(cursor))
        self._plain = cursor
        self._seen: _Look | None = None
        self._execute = self._watched

    def _watched(self, statement: str, params: Any = (), /) -> Marked:  # noqa: ANN401 - whatever a statement takes
        if self._seen is not None and not statement.lstrip().startswith("SELECT"):
            self._seen = None
        return Marked(self._plain).execute(statement, params)

    # what a batch asks for at its beginning, in one statement; asked for again once anything was written

    def _look(self) -> _Look:
        if self._seen is None:
            self._plain.execute(_LOOK)
            self._seen = _Look._make(self._plain.fetchone() or ())
        return self._seen

    def last_position(self) -> int:
        """The last position that was given; 0 if none was."""
        return self._look().last

    def clock(self) -> Clock:
        """The engine's clock as last written."""
        return Clock(self._look().recorded_at, self._look().mode)

    def holds_any(self) -> bool:
        """Whether any fact is held."""
        return self._look().holds

    def has_dead(self) -> bool:
        """Whether there is any dead letter."""
        return self._look().dead

    def works(self) -> bool:
        """Whether any change of a service or person has still to be carried to its complaints."""
        return self._look().works

    def now(self) -> int:
        """The store's clock: microseconds since 1970, by the database, when this unit first looked."""
        return self._look().now

    # events and identities

    def append(self, rows: Iterable[EventRow]) -> None:
        """Events, in the order in which they get their positions."""
        self._seen = None
        append(self._plain, rows)

    def load_many(self, streams: Sequence[str]) -> dict[str, list[tuple[int, str, bytes]]]:
        """The events of several streams, as `load` gives them; a stream without events has an empty list."""
        found: dict[str, list[tuple[int, str, bytes]]] = {stream: [] for stream in streams}
        if streams:
            self._plain.execute(_LOAD_MANY, (list(streams),))
        for stream, version, topic, state in self._plain if streams else ():
            found[stream].append((version, topic, state))
        return found

    def kinds(self) -> dict[str, int]:
        """How many streams there are of each kind, in order."""
        return dict(
            self._execute(
                "SELECT split_part(originator_id, ':', 1), COUNT(*)"
                " FROM stored_events WHERE originator_version = 1 GROUP BY 1 ORDER BY 1"
            ).fetchall()
        )

    def identity(self, ref: Ref) -> tuple[bytes, str] | None:
        """The hash of a recorded fact and the stream that it is in."""
        return self.identities([ref]).get(ref)

    def identities(self, refs: Sequence[Ref]) -> dict[Ref, tuple[bytes, str]]:
        """The same for several facts; those not recorded are left out."""
        if not refs:
            return {}
        self._plain.execute(
            "SELECT source, id, digest, stream FROM facts WHERE ref = ANY(%b)", ([key(*ref) for ref in refs],)
        )
        return {(source, name): (digest, stream) for source, name, digest, stream in self._plain}

    def identified(self, page: int) -> Iterator[list[Ref]]:
        """What identifies the recorded facts, in pages, in any order."""
        after = b""
        while rows := self._execute(
            "SELECT ref, source, id FROM facts WHERE ref > ? ORDER BY ref LIMIT ?", (after, page)
        ).fetchall():
            yield [row[1:] for row in rows]
            after = rows[-1][0]

    def identify(self, rows: Iterable[tuple[str, str, bytes, str]]) -> None:
        """Source, id, hash and stream of facts that are recorded now."""
        self._seen = None
        sources, names, digests, streams = map(list, zip(*rows, strict=True))
        self._plain.execute(_IDENTIFY, (sources, names, digests, streams, list(map(key, sources, names))))

    # timers and held facts

    def timers_of(self, streams: Sequence[str]) -> dict[str, int]:
        """When the timers of several streams are due."""
        if not streams:
            return {}
        self._plain.execute("SELECT stream, due FROM timers WHERE stream = ANY(%b)", (list(streams),))
        return dict(self._plain.fetchall())

    def set_timers(self, timers: Mapping[str, int | None]) -> None:
        """Arms timers by stream, or (None) takes them away."""
        self._seen = None
        gone = [stream for stream, due in timers.items() if due is None]
        if gone:
            self._plain.execute("DELETE FROM timers WHERE stream = ANY(%b)", (gone,))
        armed = {stream: due for stream, due in timers.items() if due is not None}
        if armed:
            self._plain.execute(_ARM, (list(armed), list(armed.values())))

    def own(self, rows: Iterable[tuple[str, str]]) -> None:
        """Persons to whom a complaint was given, and which."""
        persons, complaints = map(list, zip(*rows, strict=True))
        self._plain.execute(_OWN, (persons, complaints))

    def held(self, ref: Ref) -> HeldRow | None:
        """A fact that waits, by what identifies it."""
        row = self._execute(f"SELECT {HELD} FROM held WHERE ref = ?", (key(*ref),)).fetchone()
        return None if row is None else HeldRow(*row)

    def held_of(self, refs: Sequence[Ref]) -> dict[Ref, tuple[bytes, str]]:
        """Which of several facts wait: the hash, and for what."""
        self._plain.execute(
            "SELECT source, id, digest, waits_for FROM held WHERE ref = ANY(%b)", ([key(*ref) for ref in refs],)
        )
        return {(source, name): (digest, for_) for source, name, digest, for_ in self._plain}

    def awaited(self, names: Sequence[str]) -> set[str]:
        """Which of them some held fact waits for."""
        self._plain.execute("SELECT DISTINCT waits_for FROM held WHERE waits_for = ANY(%b)", (list(names),))
        return {row[0] for row in self._plain}

    def hold(self, row: HeldRow) -> None:
        """Keeps a fact until what it waits for is there."""
        self._execute(_HOLD, (*row, key(row.source, row.id)))

    def drop_held(self, ref: Ref) -> None:
        """Takes out a fact that waits."""
        self._execute("DELETE FROM held WHERE ref = ?", (key(*ref),))

    @staticmethod
    def _text(value: str | None) -> str | None:
        """PostgreSQL's text has no NUL; what is told of a dead letter may."""
        return value if value is None else value.replace("\0", "\ufffd")


def key(source: str, name: str) -> bytes:
    """16 bytes for what identifies a fact, however long it is."""
    return hashlib.blake2b(f"{len(source)} {source}{name}".encode(), digest_size=16).digest()


@lru_cache(maxsize=1000)
def _percent(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")
