"""Publishing agreements: versions, and those that wait for the store's first fact (interfaces.md §5).

`recorded_at` never goes back, and history may be loaded with the times at which it was lived. So what is
applied to a store without events is kept, and published together with the first fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from contracts.agreements import AgreementFile
from contracts.decisions import AgreementPublished
from contracts.moments import micros
from contracts.recorded import Recorded
from engine.store.mapper import from_row
from engine.store.unit import Unit
from engine.terms import Terms

SOURCE = "/stilldown/agreements"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AgreementPublished).decode


def new_versions(file: AgreementFile, known: Terms) -> list[AgreementPublished]:
    """The agreements of a file that are not what was published last, with their new numbers."""
    new = []
    for agreement in file.agreements:
        latest = known.latest(agreement.name)
        if latest is None or latest.agreement != agreement or latest.effective != file.effective:
            number = 1 if latest is None else latest.number + 1
            new.append(AgreementPublished(agreement=agreement, version=number, effective=file.effective))
    return new


def stage(unit: Unit, versions: Iterable[AgreementPublished]) -> None:
    """Keeps versions for the first fact."""
    for data in versions:
        unit.change("INSERT INTO staged (body) VALUES (?)", (_encode(data),))


def staged(unit: Unit) -> list[AgreementPublished]:
    """Versions that wait for the first fact, in the order in which they were applied."""
    return [_decode(row[0]) for row in unit.rows("SELECT body FROM staged ORDER BY number")]


def unstage(unit: Unit) -> None:
    """They are published now."""
    unit.change("DELETE FROM staged")


def published(data: AgreementPublished, now: int) -> Recorded:
    """The event that records a version at `now`; it holds from the effective day on."""
    effective = data.effective
    begins = datetime(effective.year, effective.month, effective.day, tzinfo=ZoneInfo(data.agreement.zone))
    name = data.agreement.name
    return Recorded(
        f"agreement:{name}", data.version, data.TYPE, micros(begins), now, SOURCE, f"{name}/{data.version}", data
    )


def learn(unit: Unit) -> Terms:
    """The agreements published in a store."""
    terms = Terms()
    for stream in unit.streams_like("agreement:"):
        for version, topic, state in unit.load(stream):
            data = from_row(stream, version, topic, state).data
            if isinstance(data, AgreementPublished):
                terms.publish(data)
    return terms
