"""Tables as exports write them: CSV, perhaps compressed, row by row with the line that each began on."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from contracts.errors import StilldownError

SHOWN: Final = 200
"""How much of a wrong value a report repeats, in characters."""

_GZIP: Final = b"\x1f\x8b"
_UNDECODABLE: Final = "stilldown.importers.undecodable"


class InputError(StilldownError):
    """This file cannot be read as a table."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out. `line` counts from 1, the header's; `column` is None where the row as a whole is bad."""

    line: int
    column: str | None
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column}"
        return f"{where}: {self.reason}, got {shown(self.value)!r}"


Bad = Callable[[BadRow], None]
"""Where rows that were left out are reported."""


def shown(value: str) -> str:
    """Give `value` as a report may print it: not too long, and bytes that are no text in hexadecimal."""
    cut = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
    return "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc00" <= c <= "\udcff" else c for c in cut)


def undecodable(value: str) -> bool:
    """Whether `value` holds bytes that were no text in the file's encoding (`open_text` marks them)."""
    return any("\ud800" <= c <= "\udfff" for c in value)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    # As lone surrogates: no file can hold them, so the row is known by them, and the report can still show the bytes.
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_UNDECODABLE, _mark)


@contextmanager
def open_text(path: str | Path, encoding: str = "utf-8") -> Iterator[Iterator[str]]:
    """Open the lines of a text file for the importers, compressed by gzip or not: its first bytes say, not its name.

    Bytes that are no text in `encoding` are marked, so that they cost their row only. Raises InputError, here or from
    the lines, where the file cannot be read or is cut off.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below, and the error is only about opening
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    with file:
        try:
            packed = file.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
        raw = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
        # A byte order mark is no part of the first column's name. Line ends stay: the CSV reader needs them.
        codec = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
        with io.TextIOWrapper(raw, encoding=codec, errors=_UNDECODABLE, newline="") as text:
            yield _lines(text, path)


def _lines(text: Iterable[str], path: str | Path) -> Iterator[str]:
    try:
        yield from text
    except (EOFError, OSError, zlib.error, UnicodeError) as error:
        raise InputError(f"{path}: cannot be read to its end, nothing was taken: {error}") from None


class _Again:
    """Lines that can be read again: what a quote without its end has swallowed."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Again:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._source)
        self.taken.append(line)
        return line

    def give_back(self, lines: list[str]) -> None:
        self._waiting.extendleft(reversed(lines))


def rows(lines: Iterable[str], delimiter: str, bad: Bad) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a CSV file, the header first, each with the line on which it begins; cells without outer blanks.

    A row that is no CSV, has bytes that are no text, or another number of cells than the header goes to `bad`. Where a
    quote without its end made it swallow other lines, these are read again, each as a row. Blank lines are nothing.
    Raises InputError where there is no header.
    """
    source = _Again(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    header: list[str] = []
    line, reported = 1, 0
    while True:
        source.taken.clear()
        cells: list[str] = []
        reason: str | None = None
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            break
        except csv.Error as error:
            reason = f"is no CSV ({error})"
        taken = len(source.taken)
        if not header and (cells or reason is not None):
            _check_header(cells, reason)
            header = cells
        if cells and len(cells) != len(header):
            reason = f"has {len(cells)} columns where the header has {len(header)}"
        if reason is not None:
            # Lines inside a row already reported are not reported again, unless a good row came between.
            if line > reported:
                bad(BadRow(line, None, source.taken[0].rstrip("\r\n"), reason))
            reported = max(reported, line + taken - 1)
            source.give_back(source.taken[1:])
            line += 1
            continue
        if cells:
            reported = 0
            plain = all(map(str.isascii, source.taken))  # most rows are: a look at whole lines is quicker
            broken = None if plain else next((at for at, cell in enumerate(cells) if undecodable(cell)), None)
            if broken is None:
                yield line, cells
            else:
                bad(BadRow(line, header[broken], cells[broken], "has bytes that are no text in the file's encoding"))
        line += taken
    if not header:
        raise InputError("the file is empty: it has no line with the names of the columns")


def _check_header(cells: list[str], reason: str | None) -> None:
    if reason is not None or any(undecodable(cell) for cell in cells):
        raise InputError("the file is no CSV: its first line does not name columns")
