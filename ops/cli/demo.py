"""`demo`: 2,000 real incidents, and what their tickets did not say."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from ops.cli.common import COMMON, DONE, Common, console, rows, tell

if TYPE_CHECKING:
    from ops.demo.figures import Figures
    from ops.demo.loading import Mail

STORE: Final = "sqlite:///stilldown-demo.db"
_READINGS: Final[tuple[tuple[Mail, str, str], ...]] = (
    ("delivered", "", "the mail came"),
    ("sent", "-unproven", "nobody knows"),
)
"""How the tool's mail is counted, what the store's name ends with, and what people read."""
_UNPROVED: Final = "closed without proof that the customer was up"
_HIDDEN: Final = "  hidden"
_DAY: Final = 86_400
_NOTES: Final = """\
The tool mails the customer when it says “solved”, and closes five days later. “The mail came”: five days of silence \
after it prove that the service is back. “Nobody knows” whether it came: silence proves nothing.
Even that a mail was sent is an assumption: 76,896 of the 77,015 rows of the log's excerpt say `notify: Do Not Notify`.
Downtime is from the filing to the proof that it was over, and counted up to the tool's last closing at most. A ticket \
would have counted to the first “solved”.
Most incidents do not say which service they are about (`cmdb_ci`): each of those counts as a service of its own.
All 158 incidents of the excerpt that were reopened are among these 2,000: they are no statistic of it. The terms are \
made up, for the log has none. Data: UCI Machine Learning Repository, doi 10.24432/C57S4H, CC BY 4.0."""


def demo(*, common: Common = COMMON) -> int:
    """Real incidents: what was closed on whom, and for how long. Makes two stores, or makes them anew."""
    import msgspec

    from ops import logs
    from ops.cli.progress import progress
    from ops.demo.figures import figures
    from ops.demo.loading import build, is_free

    logs.configure(verbose=common.verbose)
    stores = _stores(STORE if common.store is None else common.url)
    for url in stores:
        is_free(url)
    found: list[Figures] = []
    for (mail, _, reading), url in zip(_READINGS, stores, strict=True):
        tell(f"taking 2,000 real incidents, {len(found) + 1} of {len(_READINGS)}: {reading}")
        with progress("taking", "facts") as report:
            build(url, mail, report)
        found.append(figures(url))
    if common.json:
        common.answer(
            {
                "readings": [
                    {"mail": mail, "store": url, **msgspec.to_builtins(result)}
                    for (mail, _, _), url, result in zip(_READINGS, stores, found, strict=True)
                ]
            }
        )
        return DONE
    out = console()
    out.print()
    for line in _heads(found):
        out.print(line, style="bold")
    out.print()
    out.print(_table(found))
    out.print()
    out.print(_worst(found[0]))
    out.print()
    for note in _NOTES.splitlines():
        out.print(f"· {note}", style="dim")
    out.print()
    out.print("Now try:", style="bold")
    for command, about in _next(stores, found):
        out.print(f"  {command}", soft_wrap=True)
        out.print(f"      {about}", style="dim", soft_wrap=True)
    return DONE


def _heads(found: list[Figures]) -> list[str]:
    from ops.words import counted

    proven, unproven = found
    days = [one.hidden // _DAY for one in found]
    alone = unproven.closed_without_proof
    incidents = counted(proven.incidents, "real incident")
    return [
        f"{incidents}: their customers were down {days[0]:,} days that no ticket shows.",
        f"That is if every mail “solved” reached its customer. If nobody knows, {days[1]:,} days are unproven,",
        f"and {alone:,} times the tool closed on nobody's word but its own.",
    ]


def _stores(url: str) -> list[str]:
    path = PurePath(url)
    return [f"{url.removesuffix(path.suffix)}{end}{path.suffix}" for _, end, _ in _READINGS]


def _table(found: list[Figures]) -> Any:  # noqa: ANN401 - rich is imported when it is needed only
    from ops.words import OBJECTIONS, roughly

    reasons = sorted({code for one in found for code in one.objections})
    lines: list[tuple[str, Callable[[Figures], str]]] = [
        ("incidents", lambda one: f"{one.incidents:,}"),
        ("times that the tool closed one", lambda one: f"{one.requested:,}"),
        ("  granted by the engine", lambda one: f"{one.granted:,}"),
        ("  refused by the engine", lambda one: f"{one.refused:,}"),
        *((f"    because: {OBJECTIONS.get(code, code)}", _objecting(code)) for code in reasons),
        (_UNPROVED, lambda one: f"{one.closed_without_proof:,}"),
        ("granted, then proved false and reopened", lambda one: f"{one.false_closings:,}"),
        ("“solved” was said, and it was not", lambda one: f"{one.false_restorations:,}"),
        ("incidents that hid downtime", lambda one: f"{one.hiding:,}"),
        ("downtime that customers lived through", lambda one: roughly(one.experienced)),
        ("  of which their tickets tell", lambda one: roughly(one.reported)),
        (_HIDDEN, lambda one: roughly(one.hidden)),
    ]
    heads = [reading for _, _, reading in _READINGS]
    table = rows("", *heads, right=tuple(heads))
    for name, value in lines:
        table.add_row(name, *map(value, found), style="bold red" if name in {_UNPROVED, _HIDDEN} else "")
    return table


def _objecting(code: str) -> Callable[[Figures], str]:
    return lambda one: f"{one.objections.get(code, 0):,}"


def _worst(one: Figures) -> Any:  # noqa: ANN401 - as above
    from ops.words import roughly

    numbers = ("lived through", "ticket", "hidden", "false “solved”")
    table = rows("the five worst", "customer", *numbers, right=numbers)
    for incident in one.worst:
        table.add_row(
            incident.incident,
            incident.customer,
            roughly(incident.experienced),
            roughly(incident.reported),
            roughly(incident.hidden),
            str(incident.false_restorations),
        )
    return table


def _next(stores: list[str], found: list[Figures]) -> list[tuple[str, str]]:
    program = "stilldown" if shutil.which("stilldown") else sys.argv[0]
    proven, unproven = stores
    commands = []
    if found[0].worst:
        worst = found[0].worst[0].incident
        commands += [
            (f"{program} show {worst} --store {proven}", "the worst of them: what its customer lived through"),
            (f"{program} history {worst} --store {proven}", "who said what, and when, and what followed from it"),
        ]
    if found[1].worst:
        other = found[1].worst[0].incident
        commands.append(
            (f"{program} close {other} --by you --store {unproven}", "try to close it: refused, and why (exit code 3)")
        )
    commands.append((f"{program} status --store {proven}", "how the store stands"))
    return commands
