"""Terms of time, for `given`: agreements written as a file has them, and what `show` says of a clock, in minutes."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.agreements import Agreement, Clock, parse

from .given import Story, minute

_MOMENTS = ("started_at", "due_at", "stopped_at", "breached_at", "paused_since")


def agreed(*clocks: str, terms: str = "", calendars: str = "") -> Agreement:
    """An agreement `standard` with these clocks (inline tables) and other terms, as a file has them."""
    listed = f"clock = [{', '.join(f'{{ {clock} }}' for clock in clocks)}]" if clocks else ""
    file = f"effective = 2020-01-01\n{calendars}\n[agreement.standard]\n{terms}\n{listed}\n"
    return parse(file).agreements[0]


def filed_clock(target: str, stops: str = "acknowledged", more: str = "", calendar: str = "always") -> str:
    """A clock `c` from the filing on."""
    return _clock("c", target, "filed", stops, more, calendar)


def restore(target: str, more: str = "", calendar: str = "always") -> str:
    """A clock that follows outages."""
    return _clock("restore", target, "down", "up", more, calendar)


def _clock(  # noqa: PLR0917 - in the order in which an agreement writes them
    name: str, target: str, starts: str, stops: str, more: str, calendar: str
) -> str:
    said = f'name = "{name}", target = "{target}", calendar = "{calendar}", starts = "{starts}", stops = "{stops}"'
    return f"{said}, {more}" if more else said


def hurried(agreement: Agreement, target: str) -> Agreement:
    """The same with another target for every clock."""
    clocks: tuple[Clock, ...] = tuple(msgspec.structs.replace(c, target=target) for c in agreement.clocks)
    return msgspec.structs.replace(agreement, clocks=clocks)


def cycles(it: Story, clock: str = "c", *, at: float | None = None) -> list[dict[str, Any]]:
    """The rows of a clock; moments in minutes from the start, lengths too."""
    rows = [row for row in it.show(at=at)["clocks"] if row["clock"] == clock]
    return [
        row
        | {name: minute(row[name]) for name in _MOMENTS}
        | {"warned_at": [minute(moment) for moment in row["warned_at"]]}
        | {name: row[name] / 60 for name in ("elapsed", "paused")}
        for row in rows
    ]


def cycle(it: Story, clock: str = "c", *, at: float | None = None) -> dict[str, Any]:
    """The only one."""
    (row,) = cycles(it, clock, at=at)
    return row


def state(it: Story, clock: str = "c", *, at: float | None = None) -> str:
    return str(cycle(it, clock, at=at)["state"])


def told(it: Story, *kinds: str) -> list[tuple[str, float | None]]:
    """Everything that was decided of these kinds (their first words), with its time in minutes, as recorded."""
    wanted = kinds or ("clock.", "promise.", "credit.", "complaint.deemed", "complaint.reassigned")
    return [(e.type, minute(e.time)) for e in it.events if e.kind == "decision" and e.type.startswith(wanted)]
