"""Logs: to stderr, for people on a terminal, as JSON for machines. Results never go through here."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
import structlog
from structlog.typing import Processor

from ops.settings import logs_as_json

WARNING: Final = logging.WARNING
INFO: Final = logging.INFO
DEBUG: Final = logging.DEBUG
_QUIET: Final = 30.0
"""Seconds for which a library that says the same again is not listened to."""


def configure(*, verbose: bool = False, works: bool = False) -> None:
    """Set up logging for this process: from warnings on, with `verbose` everything, tracebacks too.

    `works`: it runs on and on, so it tells what it does; what the library for Kafka says is told as well.
    """
    structlog.configure(
        processors=_processors(verbose=verbose),
        wrapper_class=structlog.make_filtering_bound_logger(DEBUG if verbose else INFO if works else WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # stderr may be another one next time: in tests, and after a re-exec
    )


def listen_to(library: str, *, verbose: bool = False) -> None:
    """Bring a library's warnings into this log, and with `verbose` all that it says."""
    logger = logging.getLogger(library)
    logger.propagate = False
    logger.setLevel(DEBUG if verbose else WARNING)
    logger.handlers = [_Bridge(library, quiet=0.0 if verbose else _QUIET)]


def be_deaf_to(library: str, *, verbose: bool = False) -> None:
    """Leave out what a library says, unless `verbose`: a command says itself what went wrong, in one line."""
    logger = logging.getLogger(library)
    if not (verbose or logger.handlers):
        logger.addHandler(logging.NullHandler())


class _Bridge(logging.Handler):
    """Hands a library's log records on; the same one again only after a while, for libraries try without end."""

    def __init__(self, library: str, *, quiet: float) -> None:
        super().__init__()
        self._log = structlog.get_logger(library)
        self._quiet = quiet
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        said = str(record.msg)
        if record.created - self._said.get(said, -self._quiet) >= self._quiet:
            self._said[said] = record.created
            self._log.log(record.levelno, record.getMessage())


def _processors(*, verbose: bool) -> list[Processor]:
    as_json = logs_as_json()
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not (verbose or as_json):
        first.append(_in_a_line)
    if sys.stderr.isatty() and not as_json:
        # Without local variables: what a fact says about a customer has no place in a terminal's scrollback.
        traceback = structlog.dev.RichTracebackFormatter(show_locals=False, max_frames=20)
        return [*first, structlog.dev.ConsoleRenderer(exception_formatter=traceback)]
    return [*first, structlog.processors.format_exc_info, _json]


def _in_a_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - a logger of any kind
    """Name an exception instead of drawing its traceback, which is for those who ask for it."""
    if event.pop("exc_info", None):
        kind, error, _trace = sys.exc_info()
        if kind is not None:
            event["error"] = f"{kind.__name__}: {error}"
    return event


def _json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:  # noqa: ANN401 - a logger of any kind
    return orjson.dumps(dict(event), default=str, option=orjson.OPT_NON_STR_KEYS).decode()
