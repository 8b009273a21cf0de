"""Facts in the order of facts (`time`, `source`, `id`), sorted outside memory (interfaces.md §1).

Runs that fit into memory are sorted there; more than one go to a file without a name, and are merged from it.
"""

from __future__ import annotations

import heapq
import io
import os
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from operator import itemgetter
from typing import IO, Any, Final

import msgspec

from contracts.errors import StilldownError
from contracts.facts import Moment
from contracts.moments import micros

RUN: Final = 64 * 1024 * 1024
"""Bytes of a run in memory, each fact's own and an allowance for what Python adds."""
_EXTRA: Final = 350
_FIRST: Final = -(1 << 62)
_BUFFER: Final = 128 * 1024
_HEAD: Final = struct.Struct("<qqIII")
"""Of a fact in a run: its time and number, and the lengths of its source, id and body."""

_Item = tuple[int, str, str, int, bytes]
"""Time, source, id, number (so that equals stay in their order, and bodies are never compared) and body."""
_key: Final = itemgetter(0, 1, 2, 3)


class RoomError(StilldownError):
    """The folder for temporary files has no room for sorting."""


class _Place(msgspec.Struct, gc=False):
    time: Moment
    source: str
    id: str


_place: Final = msgspec.json.Decoder(_Place).decode


def in_order(bodies: Iterable[bytes], *, run: int = RUN, taken: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Give facts in the order of facts; what has no place in it comes first, equals in the order in which they came.

    Takes all of `bodies` before it gives the first; `taken` is told how many these were. Raises RoomError where they do
    not fit into memory nor into the temporary folder.
    """
    file = tempfile.TemporaryFile(prefix="stilldown-")  # noqa: SIM115 - closed below, and never mind whether it could be
    try:
        runs: list[tuple[int, int]] = []
        items: list[_Item] = []
        size = number = 0
        for number, body in enumerate(bodies, 1):
            items.append((*_of(body), number, body))
            size += len(body) + _EXTRA
            if size >= run:
                runs.append(_spill(file, items))
                size = 0
        if taken is not None:
            taken(number)
        yield from _merged(file, runs, items)
    finally:
        with suppress(OSError):  # full: what was to be written last is not needed any more
            file.close()


def _merged(file: IO[bytes], runs: Iterable[tuple[int, int]], items: list[_Item]) -> Iterator[bytes]:
    items.sort(key=_key)
    sources = [_read(file, *place) for place in runs]
    if sources:
        for item in heapq.merge(*sources, items, key=_key):
            yield item[4]
    else:
        items.reverse()
        while items:  # one by one, so that memory is let go of while the engine works
            yield items.pop()[4]


def _of(body: bytes) -> tuple[int, str, str]:
    try:
        place = _place(body)
        return (micros(place.time), place.source, place.id)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError):
        return (_FIRST, "", "")


def _spill(file: IO[bytes], items: list[_Item]) -> tuple[int, int]:
    """Write a run, and give the place where it begins and ends."""
    items.sort(key=_key)
    try:
        return _written(file, items)
    except OSError as error:
        where, why = tempfile.gettempdir(), error.strerror or error
        raise RoomError(
            f"facts cannot be sorted in {where} ({why}): set TMPDIR to a folder with room, or use --clock wall"
        ) from None


def _written(file: IO[bytes], items: list[_Item]) -> tuple[int, int]:
    start = file.seek(0, os.SEEK_END)
    for time, source, name, number, body in items:
        one, two = source.encode(), name.encode()  # what the decoder gave holds no lone surrogates
        file.write(_HEAD.pack(time, number, len(one), len(two), len(body)))
        file.writelines((one, two, body))
    file.flush()
    items.clear()
    return (start, file.tell())


class _Region(io.RawIOBase):
    """A stretch of a file, read without moving the file's own place: many are read at once."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        super().__init__()
        self._descriptor, self._at, self._end = descriptor, start, end

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer of any kind
        """Fill `buffer` from where it stands."""
        data = os.pread(self._descriptor, min(len(buffer), self._end - self._at), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _read(file: IO[bytes], start: int, end: int) -> Iterator[_Item]:
    region = io.BufferedReader(_Region(file.fileno(), start, end), _BUFFER)
    while head := region.read(_HEAD.size):
        time, number, one, two, length = _HEAD.unpack(head)
        source, name = region.read(one).decode(), region.read(two).decode()
        yield (time, source, name, number, region.read(length))
