"""The agreements that were published, and which version is in force (domain.md §6, interfaces.md §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from contracts.agreements import Agreement
from contracts.decisions import AgreementPublished
from contracts.facts import FactData
from contracts.moments import moment
from engine.clocks import follows_service, moved_by
from engine.following import MOVES
from engine.recording import InForce
from engine.waiting import TOLD

DEFAULT = "standard"
"""The agreement of a complaint that names none."""


class Version(NamedTuple):
    """A version of an agreement, in force from a day on."""

    effective: date
    number: int
    agreement: Agreement


class Terms:
    """Every version of every agreement."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}
        self._by_number: dict[tuple[str, int], Agreement] = {}
        self.moving: frozenset[type[FactData]] = frozenset()
        """Facts after which a complaint is looked at with the outages of its service, under any; empty: under none."""

    def publish(self, data: AgreementPublished) -> None:
        """One more version."""
        if follows_service(data.agreement):
            self.moving |= (MOVES - TOLD) | {cls for cls in TOLD if moved_by(data.agreement, cls)}
        versions = self._versions.setdefault(data.agreement.name, [])
        versions.append(Version(data.effective, data.version, data.agreement))
        self._by_number[data.agreement.name, data.version] = data.agreement
        versions.sort(key=lambda version: (version.effective, version.number))

    def in_force(self, name: str | None, time: int) -> InForce | None:
        """The version for a complaint filed at `time`: the last in force that day, else the earliest.

        Where nobody has published a `standard`, one without any terms stands for it: it accepts no claim,
        no silence proves anything, and no clock runs.
        """
        versions = self._versions.get(name or DEFAULT)
        if not versions:
            return InForce(Agreement(name=DEFAULT), 0) if name is None or name == DEFAULT else None
        best = versions[0]
        for version in versions[1:]:
            day = moment(time).astimezone(ZoneInfo(version.agreement.zone)).date()
            if version.effective <= day:
                best = version
        return InForce(best.agreement, best.number)

    def version(self, name: str, number: int) -> Agreement:
        """A version by its number; 0 is the `standard` that nobody published."""
        return Agreement(name=name) if number == 0 else self._by_number[name, number]

    def latest(self, name: str) -> Version | None:
        """The version published last."""
        return max(self._versions.get(name, ()), key=lambda version: version.number, default=None)

    def agreements(self) -> Iterable[Agreement]:
        """Every version of every agreement, in no order."""
        return self._by_number.values()

    def all(self) -> list[Version]:
        """Every version, by name and number."""
        return [v for name in sorted(self._versions) for v in sorted(self._versions[name], key=lambda v: v.number)]
