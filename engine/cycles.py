"""The cycles of a clock as recorded (contracts.rows.ClockRow), each understood when it is asked for.

A complaint that lived through many outages has many of them, recorded several times each; what happens next touches
the last ones as a rule. Of those that follow an outage many complaints have the very same row: it is kept once.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from contracts.rows import ClockRow
from engine.rows import Cycle, cycle_of
from engine.runs import Run

_MOST = 4_096
"""Rows that are kept to be found again."""


class _Named(Struct, frozen=True, gc=False):
    """What has to be understood of a row at once: of which cycle it is."""

    clock: str
    cycle: int


_name = msgspec.json.Decoder(_Named).decode
_row = msgspec.json.Decoder(ClockRow).decode


class Kept:
    """A row, as it was recorded or as it came from the store, and what is made of it once it is asked for."""

    __slots__ = ("_cycle", "_row", "clock", "number")

    def __init__(self, row: ClockRow | bytes, cycle: Cycle | None = None) -> None:
        self._row: ClockRow | bytes | None = row if cycle is None else None
        self._cycle = cycle
        named = _name(row) if isinstance(row, bytes) else row
        self.clock, self.number = named.clock, named.cycle

    @property
    def cycle(self) -> Cycle:
        """The cycle."""
        if self._cycle is None:
            row = self._row
            if row is None:  # pragma: no cover - one of the two is there
                raise AssertionError(self.clock)
            self._cycle = cycle_of(_row(row) if isinstance(row, bytes) else row)
            self._row = None
        return self._cycle


_KEPT: dict[bytes, Kept] = {}
_MADE: dict[int, tuple[ClockRow, Kept]] = {}


def kept(row: bytes) -> Kept:
    """A row as it came from the store; rows that are alike are the same one."""
    known = _KEPT.get(row)
    if known is None:
        if len(_KEPT) >= _MOST:
            _KEPT.clear()
        known = _KEPT[row] = Kept(row)
    return known


def made(row: ClockRow, cycle: Cycle | None = None) -> Kept:
    """A row that was made just now, of a cycle if that is known; the very same row is kept once."""
    known = _MADE.get(id(row))
    if known is None or known[0] is not row:
        if len(_MADE) >= _MOST:
            _MADE.clear()
        known = _MADE[id(row)] = (row, Kept(row, cycle))
    return known[1]


class Seen(Struct, frozen=True, gc=False):
    """What a cycle was reckoned from, and when it changes if nothing happens."""

    run: Run
    next: int | None

    def holds(self, run: Run, by: int) -> bool:
        """Whether it stands as it did: a cycle changes at its moments alone, and one that has stopped never does."""
        return (self.next is None or by < self.next) and self.run == run


class Cycles(Struct, eq=False, gc=False):
    """Cycles by number, from 1 on."""

    _rows: list[Kept] = []
    _seen: list[Seen | None] = []
    """Of each what it was reckoned from last, if it was by this process."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cycle]:
        return (row.cycle for row in self._rows)

    def get(self, number: int) -> Cycle | None:
        """A cycle; None where there is none of that number."""
        row = self.row(number)
        return None if row is None else row.cycle

    def row(self, number: int) -> Kept | None:
        """A cycle's row; None where there is none of that number."""
        return self._rows[number - 1] if number <= len(self._rows) else None

    def seen(self, number: int) -> Seen | None:
        """From what a cycle was reckoned last; None where it was recorded since, or that is not known."""
        return self._seen[number - 1] if number <= len(self._seen) else None

    def note(self, number: int, seen: Seen) -> None:
        """A cycle, as recorded now, is what follows from this."""
        self._seen[number - 1] = seen

    def behind(self, number: int) -> list[Cycle]:
        """Those with a higher number, in order."""
        return [row.cycle for row in self._rows[number:]]

    def put(self, row: Kept) -> None:
        """A cycle as it is now."""
        if row.number > len(self._rows):
            self._rows.append(row)
            self._seen.append(None)
        else:
            self._rows[row.number - 1] = row
            self._seen[row.number - 1] = None

    def cut(self, number: int) -> None:
        """This one, and those behind it, are none any more."""
        del self._rows[number - 1 :]
        del self._seen[number - 1 :]
