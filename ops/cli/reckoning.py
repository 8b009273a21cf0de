"""`calendar`: the arithmetic of working time, open to be checked (interfaces.md §1)."""

from __future__ import annotations

import sys

from ops.cli.common import COMMON, DONE, Common


def evaluate(*, common: Common = COMMON) -> int:
    """Answer cases of calendar arithmetic, JSON Lines on stdin, each with a line of JSON.

    A kind of case that is not known is `unsupported`; one that cannot be read gets an `error`, and the rest go on.
    """
    from ops.cases import answered

    for number, line in enumerate(sys.stdin.buffer):
        case = line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line
        if case.strip():
            common.answer(answered(case))
            sys.stdout.buffer.flush()  # whoever asks one by one waits for it
    return DONE
