"""What people look after in a store: dead letters, facts that wait, how it stands (domain.md §3).

Nothing here decides. What is taken out is handed over first, so that it is never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self

from contracts.decisions import AgreementPublished, DecisionData
from engine.publishing import staged
from engine.store.handing import RELAY, Lease
from engine.store.mapper import from_row
from engine.store.opening import open_store
from engine.store.transactions import reading, writing
from engine.store.unit import HELD, Clock, HeldRow, Unit
from engine.terms import Terms, Version

_PAGE = 500
"""Rows that are read at a time."""
_BODIES = 50
"""Facts, each perhaps a megabyte, that are read at a time."""
_LETTER = "number, reason, field, value, source, id, type, subject, first_at, last_at, times, length(body)"


class Letter(NamedTuple):
    """A dead letter without its body. Moments are microseconds by the machine's clock; `size` is in bytes."""

    number: int
    reason: str
    field: str | None
    value: str | None
    source: str | None
    id: str | None
    type: str | None
    subject: str | None
    first_at: int
    last_at: int
    times: int
    size: int


class Standing(NamedTuple):
    """How a store stands. `last` is the last position; timers `overdue` at the moment asked for.

    `work` is how many changes of services and persons have still to be carried to their complaints.
    """

    clock: Clock
    last: int
    streams: dict[str, int]
    facts: int
    held: int
    dead: int
    timers: int
    overdue: int
    next_due: int | None
    staged: int
    relay: Lease | None
    """How far the history was sent on; None where it never was."""
    untold: int
    """Dead letters that were not sent on."""
    intake: list[tuple[str, int, int]]
    """Feed, part, and the offset up to which it was taken in."""
    work: int


class Keeper:
    """A store to look after. Not to be shared between threads.

    Raises NoStoreError where there is none; one is never made.
    """

    def __init__(self, url: str, *, writes: bool = False) -> None:
        self._store = open_store(url, writes=writes)

    def close(self) -> None:
        """Lets go of the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # how it stands

    @property
    def schema(self) -> int:
        """The version of its tables."""
        return self._store.schema

    def now(self) -> int:
        """The store's clock: this machine's, or the database's."""
        with reading(self._store) as unit:
            return unit.now()

    def clock(self) -> Clock:
        """The engine's clock."""
        with reading(self._store) as unit:
            return unit.clock()

    def last(self) -> int:
        """The last position; 0 where nothing is recorded."""
        with reading(self._store) as unit:
            return unit.last_position()

    def is_due(self, now: int) -> bool:
        """Whether something is not done yet that is due by `now`: a timer, work, a fact that waits for its time."""
        with reading(self._store) as unit:
            row = unit.rows(
                "SELECT EXISTS (SELECT 1 FROM timers WHERE due <= ?) OR EXISTS (SELECT 1 FROM held WHERE due <= ?)"
                " OR EXISTS (SELECT 1 FROM work)",
                (now, now),
            )[0]
        return bool(row[0])

    def is_left(self) -> bool:
        """Whether engines on Kafka had this store and did not let go of it: they died, or it is a copy of theirs."""
        with reading(self._store) as unit:
            relay = unit.lease(RELAY)
            return bool(relay.holder) and relay.until <= unit.now()

    def standing(self, now: int) -> Standing:
        """How the store stands at `now`: one look, of one moment."""
        with reading(self._store) as unit:
            timers, overdue, next_due = unit.rows(
                "SELECT COUNT(*), COUNT(*) FILTER (WHERE due <= ?), MIN(due) FROM timers", (now,)
            )[0]
            return Standing(
                clock=unit.clock(),
                last=unit.last_position(),
                streams=unit.kinds(),
                facts=_count(unit, "facts"),
                held=_count(unit, "held"),
                dead=_count(unit, "dead"),
                timers=timers,
                overdue=overdue,
                next_due=next_due,
                staged=_count(unit, "staged"),
                relay=unit.lease(RELAY) if _count(unit, "relay") else None,
                untold=_count(unit, "dead WHERE untold = 1"),
                intake=unit.rows("SELECT feed, part, position FROM intake ORDER BY feed, part"),
                work=_count(unit, "work"),
            )

    # dead letters

    def letters(self, *, upto: int | None = None) -> Iterator[Letter]:
        """Dead letters by number, to `upto` at most, read page by page."""
        after = 0
        while True:
            with reading(self._store) as unit:
                rows = unit.rows(
                    f"SELECT {_LETTER} FROM dead WHERE number > ? AND number <= COALESCE(?, number)"  # noqa: S608 - our own columns
                    " ORDER BY number LIMIT ?",
                    (after, upto, _PAGE),
                )
            if not rows:
                return
            yield from map(Letter._make, rows)
            after = rows[-1][0]

    def last_letter(self) -> int:
        """The highest number of a dead letter; 0 if there is none."""
        with reading(self._store) as unit:
            return int(unit.rows("SELECT COALESCE(MAX(number), 0) FROM dead")[0][0])

    def letter(self, number: int) -> tuple[Letter, bytes] | None:
        """A dead letter and its original bytes; None if there is none of that number."""
        with reading(self._store) as unit:
            rows = unit.rows(f"SELECT {_LETTER}, body FROM dead WHERE number = ?", (_number(number),))  # noqa: S608 - our own columns
        return (Letter._make(rows[0][:-1]), rows[0][-1]) if rows else None

    def drop_letters(self, numbers: Sequence[int], hand: Callable[[Letter, bytes], None]) -> int:
        """Takes dead letters out, and gives how many; each is handed over first: if that fails, none is taken out."""
        with writing(self._store) as unit:
            dropped = 0
            for number in numbers:
                rows = unit.rows(f"DELETE FROM dead WHERE number = ? RETURNING {_LETTER}, body", (_number(number),))  # noqa: S608 - our own columns
                for row in rows:
                    hand(Letter._make(row[:-1]), row[-1])
                    dropped += 1
        return dropped

    def settle_letters(self, numbers: Sequence[int]) -> None:
        """Takes out dead letters that were taken in after all."""
        with writing(self._store) as unit:
            for first in range(0, len(numbers), _PAGE):
                some = tuple(numbers[first : first + _PAGE])
                unit.change(f"DELETE FROM dead WHERE number IN ({','.join('?' * len(some))})", some)  # noqa: S608 - marks only

    # facts that wait

    def waiting(self) -> Iterator[HeldRow]:
        """Facts that wait, by source and id, read page by page."""
        after = ("", "")
        while True:
            with reading(self._store) as unit:
                rows = unit.rows(
                    f"SELECT {HELD} FROM held WHERE (source, id) > (?, ?) ORDER BY source, id LIMIT ?",  # noqa: S608 - our own columns
                    (*after, _BODIES),
                )
            if not rows:
                return
            yield from map(HeldRow._make, rows)
            after = rows[-1][:2]

    def waits(self, source: str, name: str) -> HeldRow | None:
        """A fact that waits, by what identifies it."""
        with reading(self._store) as unit:
            return unit.held((source, name))

    def drop_waiting(self, source: str, name: str, hand: Callable[[HeldRow], None]) -> bool:
        """Takes a fact out that waits; it is handed over before, and if that fails it stays. Whether there was one."""
        with writing(self._store) as unit:
            row = unit.held((source, name))
            if row is None:
                return False
            hand(row)
            unit.drop_held((source, name))
        return True

    # agreements

    def versions(self) -> list[Version]:
        """Every published version of every agreement, and those that wait for the first fact."""
        terms = Terms()
        with reading(self._store) as unit:
            for stream in unit.streams_like("agreement:"):
                for row in unit.load(stream):
                    data = from_row(stream, *row).data
                    if isinstance(data, AgreementPublished):
                        terms.publish(data)
            for data in staged(unit):
                terms.publish(data)
        return terms.all()

    # what came of a request

    def decided(self, complaint: str, source: str, name: str) -> list[DecisionData]:
        """What was decided in a complaint's own stream because of one fact, in the order recorded."""
        stream = f"complaint:{complaint}"
        with reading(self._store) as unit:
            rows = unit.load(stream)
        events = (from_row(stream, *row) for row in rows)
        return [e.data for e in events if (e.source, e.id) == (source, name) and isinstance(e.data, DecisionData)]

    def complaints(self) -> list[str]:
        """The ids of all complaints, in order."""
        with reading(self._store) as unit:
            return [stream.removeprefix("complaint:") for stream in unit.streams_like("complaint:")]

    # what a store is for

    def sources(self) -> list[str]:
        """Where its facts come from, in order."""
        with reading(self._store) as unit:
            return [row[0] for row in unit.rows("SELECT DISTINCT source FROM facts ORDER BY 1")]


def _count(unit: Unit, table: str) -> int:
    return int(unit.rows(f"SELECT COUNT(*) FROM {table}")[0][0])  # noqa: S608 - one of our own tables


def _number(number: int) -> int:
    """Any number as one that a store can hold; one that it cannot is nobody's."""
    return number if abs(number) < 1 << 63 else 0
