"""The cycles of a clock as recorded (contracts.rows.ClockRow), each understood when it is asked for.

A complaint that lived through many outages has many of them, recorded several times each; what happens next touches
the last one as a rule.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.json import Decoder

from contracts.rows import ClockRow
from engine.rows import Cycle, cycle_of


class _Carried(Struct, frozen=True, gc=False):
    row: ClockRow


class _Stored(Struct, frozen=True, gc=False):
    """What is asked of a stored `clock.*` event."""

    data: _Carried


_decode = Decoder(_Stored).decode


class Cycles:
    """Cycles by number, from 1 on."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: list[Cycle | ClockRow | bytes] = []

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, number: int) -> Cycle | None:
        """A cycle; None where there is none of that number."""
        if number > len(self._rows):
            return None
        row = self._rows[number - 1]
        if isinstance(row, Cycle):
            return row
        cycle = cycle_of(row if isinstance(row, ClockRow) else _decode(row).data.row)
        self._rows[number - 1] = cycle
        return cycle

    def behind(self, number: int) -> list[Cycle]:
        """Those with a higher number, in order."""
        return [cycle for n in range(number + 1, len(self._rows) + 1) if (cycle := self.get(n)) is not None]

    def put(self, number: int, row: ClockRow | bytes) -> None:
        """A cycle as it is now: its row, or the stored event that carries it."""
        if number > len(self._rows):
            self._rows.append(row)
        else:
            self._rows[number - 1] = row

    def cut(self, number: int) -> None:
        """This one, and those behind it, are none any more."""
        del self._rows[number - 1 :]
