"""From the arguments to an exit code. Whatever goes wrong ends here, as one clear line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from cyclopts import App, CycloptsError
from cyclopts.exceptions import MissingArgumentError, UnknownOptionError, UnusedCliTokensError

from contracts.errors import StilldownError
from ops.cli import common
from ops.cli.commands import application


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code (interfaces.md §1)."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Nothing is raised."""
    _streams()
    verbose = "--verbose" in arguments or "-v" in arguments
    app = application()
    try:
        code = _answered(app, list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _failed("interrupted", common.INTERRUPTED)
    except BrokenPipeError:
        return _unread()
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user who did not ask for it
        return _explained(error, verbose=verbose)
    return code


def _streams() -> None:
    """See to it that there are streams: a program can be started without, and no store must get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows fewer signs shows the others by their numbers
            stream.reconfigure(errors="backslashreplace")


def _answered(app: App, arguments: list[str]) -> int:
    try:
        result = app(arguments)
    except SystemExit as end:  # of the library's own commands
        return end.code if isinstance(end.code, int) else common.ELSE
    return result if isinstance(result, int) and not isinstance(result, bool) else common.DONE


def _explained(error: Exception, *, verbose: bool) -> int:
    """Say on stderr what went wrong, and give the exit code for it."""
    if isinstance(error, CycloptsError):
        return _failed(_usage(error), common.USAGE)
    if isinstance(error, StilldownError):
        from ops.cli.failures import code_of

        return _failed(str(error), code_of(error))
    from sqlite3 import Error as SQLiteError

    if isinstance(error, SQLiteError):
        return _failed(f"the store cannot be used: {error}", common.ELSE)
    if isinstance(error, OSError) and not verbose:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", common.ELSE)
    if isinstance(error, UnicodeEncodeError) and error.encoding == "utf-8" and not verbose:
        return _failed(f"{error.object!a} is no text in UTF-8", common.USAGE)
    if verbose:
        import traceback

        traceback.print_exc()
        return common.ELSE
    told = " ".join(str(error).split())[:300]
    return _failed(f"unexpected: {type(error).__name__}: {told}; run with --verbose for the traceback", common.ELSE)


def _usage(error: CycloptsError) -> str:
    """Give the library's message in one line, in this program's words where its own need explaining."""
    command = " ".join(("stilldown", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        text = f"too many arguments: {' '.join(error.unused_tokens)}."
    elif isinstance(error, MissingArgumentError) and error.argument is not None and not error.tokens_so_far:
        text = f"{error.keyword or error.argument.name} is missing." if _is_required(error) else str(error)
    else:
        if isinstance(error, UnknownOptionError):
            error.verbose = False
        text = str(error)
    return f"{' '.join(text.split())} See `{command} --help`."


def _is_required(error: MissingArgumentError) -> bool:
    return error.keyword is None and not (error.argument and error.argument.tokens)


def _failed(message: str, code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread()
    except (OSError, ValueError):  # full, or closed: no more of that when Python ends
        _unread()
    with suppress(OSError, ValueError):  # perhaps nobody is there to read it
        for line in message.splitlines() or [""]:
            print(f"stilldown: {line}", file=sys.stderr)
    return code


def _unread() -> int:
    """Whoever read stdout has gone, as `head` does: say nothing, also not when Python closes it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return common.ELSE
