"""A complaint's clocks and credits as people read them (look.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from ops import words
from ops.cli.common import rows
from ops.words import length, moment

Shown = dict[str, Any]
"""A complaint, as the engine shows it (interfaces.md §3)."""
CLOCKS = {
    "running": "",
    "paused": "yellow",
    "met": "green",
    "breached": "bold red",
    "late": "red",
    "cancelled": "dim",
}
"""The style of each state of a clock."""


def clocks(shown: Shown, cycles: Iterable[dict[str, Any]]) -> Table:
    """Give a complaint's clocks, each with its state and how far it is from its due time."""
    table = rows("clock", "target", "state", "due", "", "elapsed", "paused", right=("elapsed", "paused"))
    for clock in cycles:
        cycle = f" ({clock['cycle']})" if clock["cycle"] > 1 else ""
        table.add_row(
            clock["clock"] + cycle,
            clock["target"],
            Text(clock["state"], CLOCKS[clock["state"]]),
            moment(clock["due_at"]) or "…",
            _distance(shown, clock),
            words.hours(clock["elapsed"]),
            words.hours(clock["paused"]) if clock["paused"] else "",
        )
    return table


def _distance(shown: Shown, clock: dict[str, Any]) -> Text:
    """Give how far a clock is from its due time, and whom it waits for."""
    stopped, due, paused = clock["stopped_at"], clock["due_at"], clock["paused_for"]
    reason = f": “{clock['paused_reason']}”" if clock["paused_reason"] else ""
    held = f"paused for {words.WAITS[paused]} since {moment(clock['paused_since'])}{reason}" if paused else ""
    if due is None or clock["state"] == "cancelled":
        return Text(held, "yellow")
    seconds = words.seconds_between(due, stopped or shown["at"])
    if stopped is not None:
        when = f"stopped {moment(stopped)}"
        return Text(f"{when}, {length(seconds)} late" if seconds > 0 else when)
    left = f"{length(seconds)} overdue" if seconds > 0 else f"{length(-seconds)} left"
    return Text(f"{left}; {held}" if held else left, "bold red" if seconds > 0 else "")


def credits_(owed: Iterable[dict[str, Any]]) -> Table:
    """Give what is owed for which outage."""
    table = rows("outage of", "amount", "why", right=("amount",))
    for credit in owed:
        table.add_row(moment(credit["outage"]), f"{credit['amount']} {credit['currency']}", credit["why"])
    return table
