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
DEBUG: Final = logging.DEBUG


def configure(*, verbose: bool = False) -> None:
    """Set up logging for this process: from warnings on, with `verbose` everything, tracebacks too."""
    structlog.configure(
        processors=_processors(verbose=verbose),
        wrapper_class=structlog.make_filtering_bound_logger(DEBUG if verbose else WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # stderr may be another one next time: in tests, and after a re-exec
    )


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
