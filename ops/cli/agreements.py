"""`agreements`: the terms that complaints are held to (interfaces.md §5)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, Common, console, rows, tell
from ops.errors import UsageError


def apply(
    file: Annotated[str, Parameter(help="Agreements, TOML.")],
    /,
    *,
    common: Common = COMMON,
) -> int:
    """Publish what is new in a file. Complaints that run keep the version that they have."""
    from contracts.agreements import parse
    from engine.keeping import Keeper
    from ops.opening import engine
    from ops.words import counted

    url = common.url
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    read = parse(text, file)
    with engine(url, verbose=common.verbose) as opened:
        new = opened.publish(read)
    with Keeper(url) as keeper:
        waits = keeper.last() == 0
    names = {data.agreement.name for data in new}
    same = sorted(agreement.name for agreement in read.agreements if agreement.name not in names)
    published = [
        {"agreement": data.agreement.name, "version": data.version, "effective": data.effective.isoformat()}
        for data in new
    ]
    if common.json:
        common.answer({"published": published, "unchanged": same})
        return DONE
    out = console()
    for row in published:
        out.print(f"{row['agreement']}: version {row['version']}, effective {row['effective']}", soft_wrap=True)
    if same:
        out.print(f"{', '.join(same)}: unchanged", soft_wrap=True)
    if new and waits:
        tell(f"note: {counted(len(new), 'version')} published with the first fact that is taken")
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
