"""A table of a view's rows for people: a row a line, whatever is in it (look.md)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ops.cli.common import console
from projections.views.columns import KINDS, NUMBERS, SEVERAL, Kind

Row = Mapping[str, Any]
_BETWEEN: Final = "  "
_WORDS: Final = 24
"""Of somebody's own words at least that much is told, where a terminal is too narrow for all of them."""
_MAIN: Final = frozenset({"status", "customer_state", "state", "due_at", "experienced", "hidden"})
"""What a view is looked at for: it goes last, where there is no room for all."""
_LARGEST: Final = 3
"""Of several values by name, how many are told."""


class _Column(NamedTuple):
    name: str
    kind: Kind
    cells: Sequence[str]
    width: int
    silent: bool
    """Whether it says nothing: every cell is empty, zero or no."""

    @property
    def least(self) -> int:
        """The room that it needs."""
        return min(self.width, _WORDS) if self.kind == "words" else self.width


def show(columns: Sequence[str], rows: Sequence[Row], keys: int) -> Iterator[str]:
    """Write rows to stdout, then give the notes about them. The first `keys` columns stay, however narrow it is.

    Where stdout is no terminal everything has the room it needs: people look for something in it.
    """
    from rich.text import Text

    made = [_column(name, rows) for name in columns]
    out = console()
    room = out.width if sys.stdout.isatty() else None
    stay = made if room is None else _fitting(made, keys, room)
    widths = [column.width for column in stay] if room is None else _widths(stay, room)
    out.print(Text(_line([column.name for column in stay], stay, widths), style="dim"), soft_wrap=True)
    for n in range(len(rows)):
        out.print(_line([column.cells[n] for column in stay], stay, widths), soft_wrap=True)
    yield from _notes(made, stay, rows)


def _column(name: str, rows: Sequence[Row]) -> _Column:
    from rich.cells import cell_len

    kind = KINDS[name]
    cells = [_cell(row[name], kind) for row in rows]
    return _Column(name, kind, cells, max(map(cell_len, (name, *cells))), not any(row[name] for row in rows))


def _fitting(columns: Sequence[_Column], keys: int, room: int) -> list[_Column]:
    """Those for which there is room: several in a cell go first, then what says nothing; the last before others.

    What a view is looked at for goes when nothing else is left.
    """
    gone: set[int] = set()
    optional = range(keys, len(columns))

    def order(n: int) -> tuple[bool, bool, bool, int]:
        column = columns[n]
        return column.name in _MAIN, column.kind not in SEVERAL, not column.silent, -n

    for n in sorted(optional, key=order):
        if _needed([column for m, column in enumerate(columns) if m not in gone]) <= room:
            break
        gone.add(n)
    return [column for n, column in enumerate(columns) if n not in gone]


def _needed(columns: Sequence[_Column]) -> int:
    return sum(column.least for column in columns) + len(_BETWEEN) * (len(columns) - 1)


def _widths(columns: Sequence[_Column], room: int) -> list[int]:
    """What is left over goes to somebody's own words."""
    widths = []
    for column in columns:
        more = min(max(room - _needed(columns), 0), column.width - column.least)
        widths.append(column.least + more)
        room -= more
    return widths


def _line(cells: Sequence[str], columns: Sequence[_Column], widths: Sequence[int]) -> str:
    from rich.cells import cell_len, set_cell_size

    line = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        if (length := cell_len(cell)) > width:
            line.append(f"{set_cell_size(cell, width - 1)}…")
        elif column.kind in NUMBERS:
            line.append(" " * (width - length) + cell)
        else:
            line.append(cell + " " * (width - length))
    return _BETWEEN.join(line).rstrip()


def _notes(made: Sequence[_Column], stay: Sequence[_Column], rows: Sequence[Row]) -> Iterator[str]:
    left_out = [column.name for column in made if column not in stay]
    if left_out:
        yield f"left out, as there is no room: {', '.join(left_out)}; a wider window or --json shows them"
    told = [column for column in stay if any(row[column.name] is not None for row in rows)]
    units = [
        unit
        for unit, kinds in (("times are UTC", {"moment"}), ("lengths in seconds", {"length", "lengths"}))
        if any(column.kind in kinds for column in told)
    ]
    if units:
        yield ", ".join(units)
    cut = [column.name for column in stay if column.kind in SEVERAL and _is_cut(column.name, rows)]
    if cut:
        yield f"of {', '.join(cut)} the largest are shown; --json gives all"


def _is_cut(name: str, rows: Sequence[Row]) -> bool:
    return any(len(row[name]) > _LARGEST for row in rows)


def _cell(value: object, kind: Kind) -> str:
    from ops.words import moment

    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return _several(value)
    text = moment(str(value)) if kind == "moment" else str(value)
    return "".join(c if c.isprintable() else " " for c in text) or "-"


def _several(values: Mapping[str, int]) -> str:
    """The largest of several values by name, and how many more there are."""
    ranked = sorted(values.items(), key=lambda item: -item[1])
    told = [f"{name} {number}" for name, number in ranked[:_LARGEST]]
    return ", ".join([*told, f"{len(ranked) - _LARGEST} more"] if len(ranked) > _LARGEST else told) or "-"
