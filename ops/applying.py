"""Publishing agreements, and moving complaints to them: what is asked for is looked at before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from contracts.agreements import AgreementFile
from contracts.decisions import AgreementPublished
from engine.keeping import Keeper
from engine.reading import UnknownError
from engine.store.opening import inspect


def check(url: str, complaints: Collection[str]) -> None:
    """See to it that all of the complaints are known. Raises UnknownError, before anything is published."""
    if not complaints:
        return
    known: set[str] = set()
    if inspect(url):
        with Keeper(url) as keeper:
            known = set(keeper.complaints())
    unknown = [name for name in dict.fromkeys(complaints) if name not in known]
    if unknown:
        nothing = "" if known else ": nothing is recorded yet that a version could be applied to"
        raise UnknownError(f"no complaint {', '.join(unknown)} is known; nothing was published or moved{nothing}")


def published(file: AgreementFile, new: Iterable[AgreementPublished]) -> dict[str, Any]:
    """Give which versions are new, and which agreements of the file are not."""
    rows = [
        {"agreement": data.agreement.name, "version": data.version, "effective": data.effective.isoformat()}
        for data in new
    ]
    names = {row["agreement"] for row in rows}
    same = sorted(agreement.name for agreement in file.agreements if agreement.name not in names)
    return {"published": rows, "unchanged": same}
