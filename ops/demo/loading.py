"""The demo's stores: the bundled incidents, taken in twice, with the mail on Resolved counted as delivered and not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from msgspec.structs import replace

from contracts.agreements import parse
from contracts.errors import StilldownError
from engine.intake import Engine
from engine.keeping import Keeper
from engine.store.file import inspect, label, set_label
from engine.store.opening import POSTGRES
from engine.store.sqlite import path_of
from ops.errors import NoDemoError
from ops.importers import BadRow, load, open_text, servicenow
from ops.requests import SOURCE as CLI
from ops.sorting import in_order
from ops.taking import Run, encoded

LABEL: Final = int.from_bytes(b"SDdm", "big")
"""What says of a file that it is a demo's store."""
_SIDES: Final = ("", "-wal", "-shm")

Mail = Literal["delivered", "sent"]
Report = Callable[[float, float | None], None]


class BundleError(StilldownError):
    """The bundled incidents cannot be used: the installation is damaged."""


def is_free(url: str) -> None:
    """Raise NoDemoError where a store stands at `url` that holds anything but a demo and what was tried on it."""
    if url.startswith(POSTGRES):
        raise NoDemoError("--store: the demo's stores are files: write sqlite:///FILE")
    if not inspect(url):
        return
    with Keeper(url) as keeper:
        mine = label(url) == LABEL and set(keeper.sources()) <= {load(None, "servicenow").source, CLI}
    if not mine:
        raise NoDemoError(
            f"{url} is a store, and no demo's: it is left alone. Name another file: --store sqlite:///FILE"
        )


def build(url: str, mail: Mail, report: Report) -> int:
    """Make the demo's store for one reading; how many facts were taken.

    It is made beside the old one and put in its place when it is whole.
    """
    path = Path(path_of(url))
    making = path.with_name(f"{path.name}.making")
    _remove(making)
    try:
        taken = _take(f"sqlite:///{making}", mail, report)
        _remove(path)
        making.rename(path)
    finally:
        _remove(making)
    return taken


def _take(url: str, mail: Mail, report: Report) -> int:
    here = resources.files("ops.demo")
    with ExitStack() as stack:
        incidents = stack.enter_context(resources.as_file(here / "incidents.csv.gz"))
        mapping = replace(load(None, "servicenow"), mail_on_resolved=mail)
        lines = stack.enter_context(open_text(incidents, mapping.encoding))
        engine = Engine(url)
        stack.callback(engine.close)
        engine.publish(parse((here / "agreements.toml").read_text(encoding="utf-8"), "agreements.toml"))
        total = 0

        def known(number: int) -> None:
            nonlocal total
            total = number

        run = Run(engine, "event")
        facts = in_order(encoded(servicenow.facts(lines, mapping, _bad)), taken=known)
        run.take(facts, lambda: report(run.tally.read, total))
    set_label(url, LABEL)
    return run.tally.recorded


def _bad(row: BadRow) -> None:
    raise BundleError(f"incidents.csv.gz: {row}")


def _remove(path: Path) -> None:
    for side in _SIDES:
        path.with_name(f"{path.name}{side}").unlink(missing_ok=True)
