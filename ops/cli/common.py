"""What every command has: where the store is, how to answer, and what to tell whom."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

DONE: Final = 0
ELSE: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
NOT_FOUND: Final = 4
INTERRUPTED: Final = 130
"""Exit codes (interfaces.md §1); the last is what shells know of Ctrl-C."""

MANY: Final = 1_000
"""Rows of a table for people; machines get all."""
_WIDE: Final = 10_000
"""Columns where it goes to a file or a pipe: a row is a line there, for whoever looks for something in it."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Common:
    """Options that every command takes."""

    store: Annotated[
        str | None,
        Parameter(
            group="Every command",
            help="The store, sqlite:///FILE or postgresql://USER@HOST/DATABASE. Default: $STILLDOWN_STORE, else"
            " sqlite:///stilldown.db.",
        ),
    ] = None
    json: Annotated[
        bool, Parameter(negative=(), group="Every command", show_default=False, help="Answer in JSON, for machines.")
    ] = False
    verbose: Annotated[
        bool,
        Parameter(
            name=("--verbose", "-v"), negative=(), group="Every command", show_default=False, help="Log everything."
        ),
    ] = False

    @property
    def url(self) -> str:
        """The store's URL. Raises SettingError."""
        from ops.settings import store_url

        return store_url(self.store)

    def answer(self, value: object) -> None:
        """Write one JSON value, on a line of its own, to stdout."""
        import orjson

        sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))


COMMON: Final = Common()


def tell(text: str) -> None:
    """Write a message, a note or a warning, to stderr."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


def tell_of_future(at: int, now: int) -> None:
    """Say that a moment that was asked about lies in the future; both in microseconds."""
    if at > now:
        tell("note: --at lies in the future: this is how it would be if nothing happened until then")


def console() -> Console:
    """Where people read results: stdout; colours only on a terminal, and not where NO_COLOR asks for none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDE
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def rows(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Give an empty table for people, narrow enough for 80 columns; columns of numbers are set to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def pairs(items: Mapping[str, object]) -> Table:
    """Give names and values for people, one pair a line; values that are None are left out."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in items.items():
        if value is not None:
            table.add_row(name, value if hasattr(value, "__rich_console__") else str(value))
    return table


def confirmed(question: str) -> bool:
    """Ask on a terminal, on stderr; where nobody can be asked, what was said is meant."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
