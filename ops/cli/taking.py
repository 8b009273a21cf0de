"""`ingest` and `import`: facts from files (interfaces.md §1)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ops.cli.common import COMMON, DONE, Common, tell
from ops.errors import UsageError
from ops.importers import BadRow, load, open_text

_CLOCK = (
    "wall: facts are taken now, as they come. event: history is loaded as if lived, in the order of the facts' time."
)
_Clock = Annotated[Literal["wall", "event"], Parameter(help=_CLOCK)]
_Mapping = Annotated[
    str | None, Parameter(help="A file that says what columns and values mean. Default: the bundled one.")
]
_FactsOnly = Annotated[
    bool, Parameter(negative=(), show_default=False, help="Only write the facts to stdout, as JSON Lines.")
]


def ingest(
    *files: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="JSON Lines of CloudEvents, .gz or not. - is stdin.")
    ],
    clock: _Clock = "wall",
    strict: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Exit with 3 if a fact could not be understood.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Take facts from files of JSON Lines."""
    from ops.cli.session import Session
    from ops.lines import STDIN, Files

    for name in files:
        if name.startswith("-") and name != STDIN:
            raise UsageError(f"unknown option {name} (a file of that name is ./{name}). See `stilldown ingest --help`.")
    if not files:
        raise UsageError("no file is named; `-` reads stdin. See `stilldown ingest --help`.")
    source = Files(files)
    with Session(common, clock) as session:
        session.take(source.bodies(), read=lambda: (source.done, source.size), unit="bytes")
        return session.finish(strict=strict)


def servicenow(
    file: Annotated[str, Parameter(help="An incident audit log, CSV, .gz or not.")],
    /,
    *,
    mapping: _Mapping = None,
    mail: Annotated[
        Literal["sent", "delivered", "none"] | None,
        Parameter(help="Does the tool's mail on Resolved reach the customer? Default: as the mapping says."),
    ] = None,
    clock: _Clock = "event",
    facts_only: _FactsOnly = False,
    common: Common = COMMON,
) -> int:
    """Take an incident audit log: rows are snapshots of an incident, facts what changes between them."""
    from msgspec.structs import replace

    from ops.importers import servicenow as importer

    means = load(mapping, "servicenow")
    if mail is not None:
        means = replace(means, mail_on_resolved=mail)
    rows = _Rows(file)
    with open_text(file, means.encoding) as lines:
        facts = importer.facts(rows.count(lines), means, rows.bad)
        named = {*means.agreements.values(), *((means.agreement_default,) if means.agreement_default else ())}
        return _imported(common, facts, rows, clock, facts_only=facts_only, agreements=named)


def outages(
    file: Annotated[str, Parameter(help="An outage feed, CSV, .gz or not.")],
    /,
    *,
    mapping: _Mapping = None,
    clock: _Clock = "event",
    facts_only: _FactsOnly = False,
    common: Common = COMMON,
) -> int:
    """Take an outage feed: a row is a stretch of time in which a place was without supply."""
    from ops.importers import outages as importer

    means = load(mapping, "outages")
    rows = _Rows(file)
    with open_text(file, means.encoding) as lines:
        facts = importer.facts(rows.count(lines), means, rows.bad)
        return _imported(common, facts, rows, clock, facts_only=facts_only)


class _Rows:
    """Counts an export's lines as they are read, and reports the rows that cannot be used."""

    def __init__(self, file: str) -> None:
        self.lines = 0
        self.bad_rows = 0
        self._file = file

    def count(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.lines += 1
            yield line

    def bad(self, row: BadRow) -> None:
        self.bad_rows += 1
        tell(f"{self._file}: {row}")


def _imported(
    common: Common,
    facts: Iterator[dict[str, Any]],
    rows: _Rows,
    clock: Literal["wall", "event"],
    *,
    facts_only: bool,
    agreements: Iterable[str] = (),
) -> int:
    from ops.taking import encoded

    if facts_only:
        for body in encoded(facts):
            sys.stdout.buffer.write(body + b"\n")
        return DONE
    from ops.cli.session import Session

    with Session(common, clock) as session:
        missing = session.unpublished(agreements)

        def bodies() -> Iterator[bytes]:
            for number, body in enumerate(encoded(facts)):
                if not number:  # not before: the file may turn out to be another
                    session.warn(missing)
                yield body

        session.take(bodies(), read=lambda: (rows.lines, None), unit="lines")
        return session.finish(bad_rows=lambda: rows.bad_rows)
