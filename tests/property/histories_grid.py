"""The grid on which random histories lie, and facts on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

START = datetime(2024, 3, 30, 20, 0, tzinfo=UTC)
STEP = timedelta(minutes=30)
ZONES = (UTC, UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-5)))


@dataclass
class Entry:
    """A fact with its slot on the grid, and the slots by which it is late."""

    type: str
    subject: str
    slot: int
    data: dict[str, Any]
    key: tuple[str, str]
    late: int = 0
    zone: timezone = UTC

    def fact(self) -> dict[str, Any]:
        data = plain(self.data, self.zone)
        return {
            "specversion": "1.0",
            "source": self.key[0],
            "id": self.key[1],
            "type": self.type,
            "subject": self.subject,
            "time": stamp(self.slot, self.zone),
            "datacontenttype": "application/json",
            "data": data,
        }


@dataclass(frozen=True)
class Slot:
    slot: int


def moment(slot: int) -> datetime:
    return START + slot * STEP


def plain(data: dict[str, Any], zone: timezone) -> dict[str, Any]:
    return {
        k: stamp(v.slot, zone) if isinstance(v, Slot) else plain(v, zone) if isinstance(v, dict) else v
        for k, v in data.items()
    }


def stamp(slot: int, zone: timezone) -> str:
    return moment(slot).astimezone(zone).isoformat().replace("+00:00", "Z")
