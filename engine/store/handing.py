"""What comes from other systems and goes to them: positions of feeds, the relay's lease, dead letters to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from engine.store.errors import LostError

RELAY = "kafka"
"""The relay's name among those that may send a store's history on: there is one."""
INDEX = "timers"
"""In the place of a relay's name: how far the index of what falls due is made, where some of it is not."""
ANYWHERE = -1
"""In place of a position: wherever it stands."""


class Reached(NamedTuple):
    """How far a part of a feed is taken in with a batch; `believed`: where it stood before (None: nowhere yet)."""

    feed: str
    part: int
    position: int
    believed: int | None = ANYWHERE


class Lease(NamedTuple):
    """How far a relay has sent, and who may send on until when (microseconds); a newer epoch ends all older ones."""

    position: int
    epoch: int
    holder: str
    until: int


class Untold(NamedTuple):
    """A dead letter that its topic does not have yet."""

    number: int
    times: int
    reason: str
    field: str | None
    body: bytes
    origin: bytes | None


class Cursor(Protocol):
    """What a unit wants of a database's cursor. Statements have question marks for their parameters."""

    @property
    def rowcount(self) -> int:
        """Rows changed by the last statement."""

    def execute(self, statement: str, params: Any = ..., /) -> Cursor:  # noqa: ANN401 - whatever a statement takes
        """Runs a statement."""

    def executemany(self, statement: str, params: Iterable[Any], /) -> object:
        """Runs a statement once for each."""

    def fetchone(self) -> Any:  # noqa: ANN401 - as it comes from the database
        """The next row, a tuple; None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows, tuples."""


class Handing:
    """The statements for that, in the SQL that both stores speak; part of a Unit (engine.store.unit)."""

    _cursor: Cursor

    def _changed(self, statement: str, params: tuple[Any, ...]) -> int:
        return self._run(statement, params).rowcount

    def _run(self, statement: str, params: tuple[Any, ...]) -> Cursor:
        return self._cursor.execute(statement, params)

    # dead letters

    def untold(self, limit: int) -> list[Untold]:
        """Dead letters that their topic does not have yet, in order of their numbers."""
        rows = self._run(
            "SELECT number, times, reason, field, body, origin FROM dead WHERE untold = 1 ORDER BY number LIMIT ?",
            (limit,),
        )
        return [Untold(*row) for row in rows.fetchall()]

    def told(self, letters: Iterable[Untold]) -> None:
        """Their topic has these dead letters now; one that died again meanwhile is to be sent again."""
        self._cursor.executemany(
            "UPDATE dead SET untold = 0 WHERE number = ? AND times = ?",
            [(letter.number, letter.times) for letter in letters],
        )

    # positions of feeds

    def reach(self, reached: Reached) -> None:
        """Moves a position by compare-and-set. Raises LostError where it does not stand where it was believed to."""
        feed, part, position, believed = reached
        if believed == ANYWHERE:
            self.set_position(feed, part, position)
            return
        if believed is None:
            moved = self._changed(
                "INSERT INTO intake (feed, part, position) VALUES (?,?,?) ON CONFLICT DO NOTHING",
                (feed, part, position),
            )
        else:
            moved = self._changed(
                "UPDATE intake SET position = ? WHERE feed = ? AND part = ? AND position = ?",
                (position, feed, part, believed),
            )
        if moved != 1:
            raise LostError(f"{feed}, part {part}: does not stand at {believed} any more")

    def positions(self, feed: str) -> dict[int, int]:
        """How far each part of a feed was taken in."""
        return dict(self._run("SELECT part, position FROM intake WHERE feed = ? ORDER BY part", (feed,)).fetchall())

    def set_position(self, feed: str, part: int, position: int) -> None:
        """How far a feed was taken in; it never goes back."""
        self._run(
            "INSERT INTO intake (feed, part, position) VALUES (?,?,?)"
            " ON CONFLICT (feed, part) DO UPDATE SET position = excluded.position"
            " WHERE intake.position < excluded.position",
            (feed, part, position),
        )

    def position(self, feed: str, part: int) -> int | None:
        """How far a feed was taken in; None if nothing was."""
        row = self._run("SELECT position FROM intake WHERE feed = ? AND part = ?", (feed, part)).fetchone()
        return None if row is None else int(row[0])

    # the relay

    def events_after(self, position: int, limit: int, size: int) -> list[tuple[int, str, int, str, bytes]]:
        """Position, stream, version, topic and state of the next events after a position, in order.

        At most `limit`, and no more than it takes to reach `size` bytes of states.
        """
        sizes = self._run(
            "SELECT notification_id, length(state) FROM stored_events"
            " WHERE notification_id > ? ORDER BY notification_id LIMIT ?",
            (position, limit),
        ).fetchall()
        if not sizes:
            return []
        end = sizes[-1][0]
        for place, length in sizes:
            size -= length
            if size <= 0:
                end = place
                break
        return self._run(
            "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE notification_id > ? AND notification_id <= ? ORDER BY notification_id",
            (position, end),
        ).fetchall()

    def lease(self, name: str) -> Lease:
        """How a relay stands; of one that never was, at the beginning."""
        row = self._run("SELECT position, epoch, holder, until FROM relay WHERE name = ?", (name,)).fetchone()
        return Lease(0, 0, "", 0) if row is None else Lease(*row)

    def set_lease(self, name: str, lease: Lease) -> None:
        """Begins an epoch, or ends the newest. To be called under the write lock, after looking."""
        self._run(
            "INSERT INTO relay (name, position, epoch, holder, until) VALUES (?,?,?,?,?)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position, epoch = excluded.epoch,"
            " holder = excluded.holder, until = excluded.until",
            (name, *lease),
        )

    def move_lease(self, name: str, epoch: int, *, position: int | None, until: int) -> bool:
        """Moves a relay, or only holds on to it (None); False where another epoch has begun."""
        if position is None:
            statement, params = "UPDATE relay SET until = ? WHERE name = ? AND epoch = ?", (until, name, epoch)
            return self._changed(statement, params) == 1
        statement = "UPDATE relay SET position = ?, until = ? WHERE name = ? AND epoch = ?"
        return self._changed(statement, (position, until, name, epoch)) == 1

    def sent(self, name: str, position: int) -> None:
        """All up to a position was sent, whoever it was. To be called under the write lock."""
        self._run(
            "INSERT INTO relay (name, position, epoch, holder, until) VALUES (?,?,0,'',0)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position WHERE relay.position < excluded.position",
            (name, position),
        )

    # what was read back (engine.restoring)

    def having(self, versions: Sequence[tuple[str, int]]) -> set[str]:
        """Those streams that have an event of this version; 10,000 are asked for at most."""
        if not versions:
            return set()
        rows = self._run(
            f"WITH asked (stream, version) AS (VALUES {','.join(['(?,?)'] * len(versions))})"
            " SELECT originator_id FROM asked CROSS JOIN stored_events"
            " WHERE originator_id = asked.stream AND originator_version = asked.version",
            tuple(value for asked in versions for value in asked),
        )
        return {row[0] for row in rows.fetchall()}

    def hurry(self, names: Iterable[str], due: int) -> None:
        """What waits for one of these has waited long enough at a moment."""
        self._cursor.executemany("UPDATE held SET due = ? WHERE waits_for = ?", [(due, name) for name in names])

    def unmade(self) -> int | None:
        """The position after which the index of what falls due has yet to be made; None: it is whole."""
        row = self._run("SELECT position FROM relay WHERE name = ?", (INDEX,)).fetchone()
        return None if row is None else int(row[0])

    def unmake(self, position: int) -> None:
        """What comes after a position is not in the index; what was not before is not yet, either."""
        self._run(
            "INSERT INTO relay (name, position, epoch, holder, until) VALUES (?,?,0,'',0) ON CONFLICT DO NOTHING",
            (INDEX, position),
        )

    def make(self, position: int | None) -> None:
        """The index is made up to a position; None: to the end."""
        if position is None:
            self._run("DELETE FROM relay WHERE name = ?", (INDEX,))
        else:
            self._run("UPDATE relay SET position = ? WHERE name = ?", (position, INDEX))
