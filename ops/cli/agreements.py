"""`agreements`: the terms that complaints are held to (interfaces.md §5)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, MANY, REFUSED, Common, console, rows, tell
from ops.errors import UsageError

if TYPE_CHECKING:
    from rich.text import Text

    from contracts.agreements import AgreementFile
    from engine.applying import Moves
    from engine.reading import Previewed


def apply(
    file: Annotated[str, Parameter(help="Agreements, TOML.")],
    /,
    *,
    to: Annotated[
        tuple[str, ...],
        Parameter(
            negative=(),
            consume_multiple=1,  # at least: an empty `--to $COMPLAINTS` is a mistake
            show_default=False,
            help="Also move these complaints to the newest version of their own agreement.",
        ),
    ] = (),
    open: Annotated[  # noqa: A002 - what help calls it
        bool, Parameter(negative=(), show_default=False, help="Also move every complaint that is open.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Publish what is new in a file. Complaints that run keep the version that they have, unless they are moved."""
    from engine.keeping import Keeper
    from ops.applying import check, published
    from ops.opening import engine

    if to and open:
        raise UsageError("--open moves every open complaint: leave out --to, or --open")
    url = common.url
    read = _read(file)
    check(url, to)
    with engine(url, verbose=common.verbose) as opened:
        new = opened.publish(read)
        with Keeper(url) as keeper:
            waits = keeper.last() == 0
            names = to or (keeper.complaints() if open else ())
        moves = [*opened.apply(names)] if names else []
    told = published(read, new)
    asked = bool(to) or open
    if asked:
        # Who names a complaint is told that it has ended; of all that are open, those have not been asked for.
        told |= _moved(moves, refusals=bool(to))
    if common.json:
        common.answer(told)
    else:
        _tell_applied(told, waits=waits and bool(new), open_=open and waits)
    return REFUSED if told.get("refused") else DONE


def preview(
    file: Annotated[str, Parameter(help="Agreements, TOML.")],
    /,
    *,
    common: Common = COMMON,
) -> int:
    """What a file would do to each open complaint, if it were applied now. Changes nothing."""
    from engine.keeping import Keeper
    from engine.reading import Reader
    from ops.asking import standing_now

    url = common.url
    read = _read(file)
    now = standing_now(url)
    with Keeper(url) as keeper:
        due = keeper.is_due(now)
    reader = Reader(url)
    try:
        found = reader.preview(read, now)
        if common.json:
            for one in found:
                common.answer(
                    {
                        "complaint": one.complaint,
                        "agreement": one.agreement,
                        "from_version": one.before,
                        "to_version": one.after,
                        "also": one.also,
                        "clocks": one.cycles,
                    }
                )
        else:
            _tell_preview(found, now)
    finally:
        reader.close()
    if due:
        tell("note: something is due that is not done yet, and what it changes is not in this; any `show` does it")
    return DONE


def show(
    name: Annotated[str | None, Parameter(help="An agreement. Default: all of them.")] = None,
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Every published version, and those that wait for the first fact."""
    import msgspec

    from engine.keeping import Keeper
    from engine.reading import UnknownError

    with Keeper(common.url) as keeper:
        versions = [version for version in keeper.versions() if name in {None, version.agreement.name}]
    if name is not None and not versions:
        raise UnknownError(f"nobody has published an agreement {name}")
    if common.json:
        for version in versions:
            common.answer(
                {
                    "agreement": version.agreement.name,
                    "version": version.number,
                    "effective": version.effective.isoformat(),
                    "terms": msgspec.to_builtins(version.agreement),
                }
            )
        return DONE
    if not versions:
        tell("no agreement is published; `stilldown agreements apply FILE` publishes one")
        return DONE
    table = rows(
        "agreement", "version", "effective", "zone", "accepts by itself", "silence", "clocks", right=("version",)
    )
    for version in versions:
        terms = version.agreement
        proof = terms.restoration
        table.add_row(
            terms.name,
            str(version.number),
            version.effective.isoformat(),
            terms.zone,
            ", ".join(proof.accepts) or "nobody's claim",
            _silence(proof.silence),
            "\n".join(f"{c.name}: {c.target} from {c.starts} to {c.stops}, {c.calendar}" for c in terms.clocks)
            or "none",
        )
    console().print(table)
    return DONE


def _silence(seconds: int | None) -> str:
    from ops.words import length

    return "proves nothing" if seconds is None else f"proves it after {length(seconds)}"


def _read(file: str) -> AgreementFile:
    from contracts.agreements import parse

    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, file)


def _moved(moves: Iterable[Moves], *, refusals: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"moved": [], "newest": [], "refused": []}
    for portion in moves:
        told["moved"] += [
            {"complaint": m.complaint, "agreement": m.agreement, "from_version": m.before, "to_version": m.after}
            for m in portion.moved
        ]
        told["newest"] += portion.newest
        if refusals:
            told["refused"] += [{"complaint": e.complaint, "status": e.status} for e in portion.ended]
    return told


def _tell_applied(told: dict[str, Any], *, waits: bool, open_: bool) -> None:
    from ops.words import counted

    out = console()
    for row in told["published"]:
        out.print(f"{row['agreement']}: version {row['version']}, effective {row['effective']}", soft_wrap=True)
    if told["unchanged"]:
        out.print(f"{', '.join(told['unchanged'])}: unchanged", soft_wrap=True)
    for row in told.get("moved", [])[:MANY]:
        versions = f"version {row['from_version']} to version {row['to_version']}"
        out.print(f"{row['complaint']}: {row['agreement']}, from {versions}", soft_wrap=True)
    if (left := len(told.get("moved", [])) - MANY) > 0:
        tell(f"note: and {counted(left, 'more complaint')}; --json gives all")
    if newest := told.get("newest"):
        shown = ", ".join(newest[:MANY]) if len(newest) <= MANY else f"{len(newest):,} complaints"
        out.print(f"{shown}: left alone, the newest version already", soft_wrap=True)
    for row in told.get("refused", []):
        tell(f"{row['complaint']}: refused: it is {row['status']}, and an ended complaint keeps its terms")
    if waits:
        tell(f"note: {counted(len(told['published']), 'version')} published with the first fact that is taken")
    if open_:
        tell("note: nothing is recorded yet: there is no complaint that a version could be applied to")


def _tell_preview(found: Iterable[Previewed], now: int) -> None:
    from contracts.moments import rfc3339
    from ops.words import counted, moment

    table = rows("complaint", "clock", "due now", "state", "would be due", "state")
    moved = same = shown = 0
    for one in found:
        if one.before == one.after:
            same += 1
            continue
        moved += 1
        if shown > MANY:
            continue
        name = f"{one.complaint} ({one.agreement} {one.before} → {one.after})"
        for row in one.cycles or [{"clock": "no clock runs", "cycle": 1, "old": None, "new": None, "changes": False}]:
            cycle = f" ({row['cycle']})" if row["cycle"] > 1 else ""
            table.add_row(name, row["clock"] + cycle, *_due(row["old"]), *_due(row["new"], changed=row["changes"]))
            name = ""
            shown += 1
        if one.also:
            table.add_row("", f"also other: {', '.join(one.also)}", "", "", "", "")
    out = console()
    if moved:
        out.print(table)
        if shown > MANY:
            tell("note: the first of them; --json gives all")
    left = f"; {counted(same, 'has', 'have')} the newest version already" if same else ""
    out.print(
        f"{counted(moved, 'open complaint')} would move{left}. Nothing is changed; times are UTC.", soft_wrap=True
    )
    out.print(f"as of {moment(rfc3339(now))}; `stilldown agreements apply FILE --open` does it", style="dim")


def _due(row: dict[str, Any] | None, *, changed: bool = False) -> tuple[str | Text, str | Text]:
    """Give when a cycle is due, and its state."""
    from rich.text import Text

    from ops.cli.clocks import CLOCKS
    from ops.words import moment

    if row is None:
        return "", Text("not there", "dim")
    due = moment(row["due_at"]) or ("not known while paused" if row["state"] == "paused" else "never")
    return Text(due, "bold" if changed else ""), Text(row["state"], CLOCKS[row["state"]])
