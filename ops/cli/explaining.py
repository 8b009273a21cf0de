"""`explain`: why a clock's deadline is what it is, with the fact behind everything."""

from __future__ import annotations

from typing import Annotated, Any, Final

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, Common, console, tell, tell_of_future

_STYLES: Final = {"plain": "", "good": "green", "bad": "bold red", "paused": "yellow", "dim": "dim"}


def explain(
    id: Annotated[str, Parameter(help="The complaint.")],  # noqa: A002 - what help calls it
    clock: Annotated[str, Parameter(help="One of its clocks, such as restore.")],
    /,
    *,
    at: Annotated[str | None, Parameter(help="As it stood at this moment. Default: now.")] = None,
    common: Common = COMMON,
) -> int:
    """Why a deadline is what it is: hours counted, holidays skipped, pauses with proof, and the fact behind each."""
    from engine.reading import Reader
    from ops.asking import moments
    from ops.explained import told

    url = common.url
    asked = moments(url, at, None, tell)
    reader = Reader(url)
    try:
        explained = reader.explain(id, clock, at=asked.at, known_at=asked.known_at)
    finally:
        reader.close()
    if common.json:
        common.answer(told(explained))
    else:
        _show(explained)
    tell_of_future(asked.at, asked.now)
    return DONE


def _show(explained: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from ops.explained import STATES, headline, lines
    from ops.words import counted, moment

    out = console()
    if not explained["cycles"]:
        out.print(f"{explained['clock']} of {explained['complaint']} has not started: the service was not down.")
    for number, cycle in enumerate(explained["cycles"]):
        if number:
            out.print()
        out.print(Text(headline(explained, cycle), f"bold {_STYLES[STATES[cycle['state']]]}".strip()), soft_wrap=True)
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for line in lines(explained, cycle):
            table.add_row(line.label, Text(line.text, _STYLES[line.tone]))
        out.print(table)
    if explained["cycles_left_out"]:
        tell(f"note: {counted(explained['cycles_left_out'], 'cycle')} between the first and the last are left out")
    out.print(Text(f"\nas of {moment(explained['at'])} UTC", "dim"))
