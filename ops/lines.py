"""JSON Lines files as facts' bytes: any size, compressed or not, batches among them (interfaces.md §1).

Nothing is understood here but where one fact ends and the next begins.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, cast

from contracts.envelope import parse_batch
from contracts.errors import MalformedError
from ops.errors import FilesError

STDIN: Final = "-"
LONGEST: Final = 256 * 1024 * 1024
"""The longest line that is read, in bytes: it has to fit into memory whole."""
_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"


class Files:
    """Files of facts, read one after the other. `done` of `size` bytes are read; `size` is None where stdin is one."""

    def __init__(self, names: Sequence[str]) -> None:
        """Raises FilesError where one of them cannot be opened, before any is read."""
        if names.count(STDIN) > 1:
            raise FilesError("`-` (stdin) can be read once only")
        self.names = list(names)
        self._before = 0
        self._raw: IO[bytes] | None = None
        self.size: int | None = 0
        for name in names:
            size = _probe(name)
            self.size = None if size is None or self.size is None else self.size + size

    @property
    def done(self) -> int:
        """How many bytes are read, compressed as they are."""
        try:
            return self._before + (self._raw.tell() if self._raw is not None else 0)
        except (OSError, ValueError):  # a pipe has no place, and a file just closed neither
            return self._before

    def bodies(self) -> Iterator[bytes]:
        """Give the facts' bytes: a line each, members of an array one by one; blank lines are nothing.

        Raises FilesError where a file cannot be read to its end; what came before has been given by then.
        """
        for name in self.names:
            number = 0
            try:
                with _open(name) as raw:
                    self._raw = raw
                    for line in _lines(_unpacked(raw), name):
                        number += 1
                        yield from members(line)
                    self._before, self._raw = self.done, None
            except (OSError, EOFError, zlib.error) as error:
                reason = getattr(error, "strerror", None) or error
                after = f" after line {number}" if number else ""
                raise FilesError(f"{shown(name)}: cannot be read to its end{after}: {reason}") from None


def members(line: bytes) -> Iterator[bytes]:
    """Give the facts of a line: itself, or each member of a batch. A broken batch is one dead letter."""
    if line.lstrip()[:1] != b"[":
        yield line
        return
    try:
        yield from parse_batch(line)
    except MalformedError:
        yield line


def shown(name: str) -> str:
    """Give a file's name as messages call it."""
    return "stdin" if name == STDIN else name


def _probe(name: str) -> int | None:
    """Give the size of a file that can be read; None where nobody knows."""
    if name == STDIN:
        return None
    try:
        kind = Path(name).stat()
        if stat.S_ISDIR(kind.st_mode):
            raise FilesError(f"{name}: is a folder; name the files in it")
        if not stat.S_ISREG(kind.st_mode):  # a pipe: what is read from it to look is gone
            return None
        with Path(name).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise FilesError(f"{name}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a name with a null character
        raise FilesError(f"{name!r}: is no name of a file: {error}") from None
    return kind.st_size


def _open(name: str) -> IO[bytes]:
    if name == STDIN:
        return cast("IO[bytes]", io.BufferedReader(cast("Any", _Stdin()), 1 << 16))
    return Path(name).open("rb")


class _Stdin(io.RawIOBase):
    """Stdin's bytes, without closing it: it is not ours. Its own buffer is left alone.

    A thread that waits for input with that buffer's lock in hand would hold up the end of the process.
    """

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer of any kind
        """Fill `buffer` with what is there."""
        try:
            data = os.read(sys.stdin.fileno(), len(buffer))
        except io.UnsupportedOperation:  # somebody has put something else in its place
            data = sys.stdin.buffer.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    peeked = cast("io.BufferedReader", raw).peek(len(_GZIP))[: len(_GZIP)]
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if peeked == _GZIP else raw


def _lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Lines without their ends, blank ones left out."""
    first = True
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise FilesError(f"{shown(name)}, line {number}: longer than {LONGEST // 1024**2} MB")
        if first:
            line = line.removeprefix(_BOM)
            first = False
        line = line.rstrip(b"\r\n")
        if line and not line.isspace():
            yield line
