"""`show` and `history`: one complaint, at any moment, as known at any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, Common, console, tell, tell_of_future

_At = Annotated[str | None, Parameter(help="What was so at this moment. Default: --known-at, else now.")]
_KnownAt = Annotated[str | None, Parameter(help="Use only what was recorded by then. Default: everything.")]


def show(
    id: Annotated[str, Parameter(help="The complaint.")],  # noqa: A002 - what help calls it
    /,
    *,
    at: _At = None,
    known_at: _KnownAt = None,
    common: Common = COMMON,
) -> int:
    """One complaint: is the customer down, and what was done about it?"""
    from engine.reading import Reader
    from ops.asking import moments

    url = common.url
    asked = moments(url, at, known_at, tell)
    reader = Reader(url)
    try:
        shown = reader.show(id, at=asked.at, known_at=asked.known_at)
    finally:
        reader.close()
    if common.json:
        common.answer(shown)
    else:
        from ops.cli.telling import complaint

        console().print(complaint(shown))
    tell_of_future(asked.at, asked.now)
    return DONE


def history(
    id: Annotated[str, Parameter(help="A complaint, a service, a person or an agreement.")],  # noqa: A002 - as above
    /,
    *,
    at: Annotated[str | None, Parameter(help="Leave out what happened later than that.")] = None,
    known_at: _KnownAt = None,
    common: Common = COMMON,
) -> int:
    """Every fact and decision, in the order recorded."""
    from engine.reading import Reader
    from ops.asking import moments

    url = common.url
    asked = moments(url, at, known_at, tell)
    reader = Reader(url)
    try:
        events = reader.history(id, at=None if at is None else asked.at, known_at=asked.known_at)
        if common.json:
            for event in events:
                common.answer(event)
        else:
            _told(id, events)
    finally:
        reader.close()
    return DONE


def _told(asked_for: str, events: Iterator[dict[str, Any]]) -> None:
    """Write an event a line, as they come: histories can be long, and people look for something in them."""
    from rich.text import Text

    from ops.phrases import heard, phrase
    from ops.words import moment

    out = console()
    head = Text(f"{'position':>9}  {'time (UTC)':<19}  what", style="bold")
    left_out = 0
    for event in events:
        if head:  # where nothing had happened yet, that is told and no heading
            out.print(head, soft_wrap=True)
            head = Text()
        own, cause = event["kind"] == "fact", event["cause"]
        said = phrase(event["type"], event["data"])
        if event["type"] == "service.heard":
            said = heard(event["data"]) if event["data"]["complaint"] != asked_for else ""
            if not said:  # it only carries a word from one stream to the other: people see the word itself
                left_out += 1
                continue
        line = Text(f"{event['position']:>9}  {moment(event['time']):<19}  ")
        line.append(said, style="" if own else "cyan")
        because = f"{event['source']} {event['id']}" if own else f"because of {cause['source']} {cause['id']}"
        line.append(f"  [{because}]", style="dim")
        if event["recorded_at"] != event["time"]:
            line.append(f"  (recorded {moment(event['recorded_at'])})", style="dim")
        out.print(line, soft_wrap=True)
    if head and not left_out:
        tell("note: nothing of it had happened by then")
    if left_out:
        tell(f"note: {left_out:,} of the engine's notes to itself are left out; --json gives everything")
