"""Short tales for tests of the second reading of clocks: times are minutes, as in `tale`."""

from __future__ import annotations

from typing import Any

from contracts.agreements import Clock, Credit
from contracts.calendars import Calendar, Holidays, Hours

from .reading import Terms
from .tale import Tale, minute

MOMENTS = ("started_at", "due_at", "stopped_at", "breached_at")
DAYS = ("mon", "tue", "wed", "thu", "fri")


def clock(target: str, stops: str = "closed", /, name: str = "c", **how: Any) -> Clock:
    """A clock on `always`, unless `how` says otherwise; lists as tuples."""
    starts = "down" if stops == "up" else "filed"
    usual = {"calendar": "always", "reopen": None if starts == "down" else "continue"}
    return Clock(name=name, target=target, starts=starts, stops=stops, **(usual | how))  # type: ignore[arg-type]


def office(zone: str = "UTC", spans: tuple[tuple[int, int], ...] = ((480, 960),), **holidays: Any) -> Calendar:
    """Monday to Friday, 08:00 to 16:00 unless `spans` (in minutes of the day) say otherwise."""
    return Calendar("office", zone, Hours(**dict.fromkeys(DAYS, spans)), Holidays(**holidays))


class Timed(Tale):
    """A tale under an agreement with these clocks; `calendar` is the one called `office`."""

    def __init__(
        self,
        *clocks: Clock,
        calendar: Calendar | None = None,
        silence: int | None = None,
        credit: Credit | None = None,
        zone: str = "UTC",
    ) -> None:
        calendars = () if calendar is None else (calendar,)
        length = None if silence is None else silence * 60
        terms = Terms(frozenset(), length, clocks=clocks, calendars=calendars, zone=zone, credit=credit)
        super().__init__(standard=terms)

    def row(self, name: str = "c", cycle: int = 1, complaint: str = "C") -> dict[str, Any]:
        """A row with its moments as minutes."""
        found = [r for r in self.show(complaint)["clocks"] if (r["clock"], r["cycle"]) == (name, cycle)]
        assert len(found) == 1, f"no {name} {cycle}"
        told: dict[str, Any] = {key: minute(value) if key in MOMENTS else value for key, value in found[0].items()}
        return told | {"warned_at": [minute(moment) for moment in told["warned_at"]]}

    def cells(self, *columns: str, cycle: int = 1) -> tuple[Any, ...]:
        row = self.row(cycle=cycle)
        return tuple(row[column] for column in columns)

    def cycles(self) -> list[int]:
        return [r["cycle"] for r in self.show()["clocks"]]

    # ---- the usual facts

    def wait(self, time: float, on: str = "parts", /, **data: Any) -> None:
        self.say(time, "complaint.wait_started", on=on, **data)

    def on(self, time: float) -> None:
        """Nothing is waited for any more."""
        self.say(time, "complaint.wait_ended")

    def acknowledge(self, time: float, /, **data: Any) -> None:
        self.say(time, "complaint.acknowledged", by="ann", **data)

    def reply(self, time: float, /, **data: Any) -> None:
        self.say(time, "complaint.replied", by="ann", decision="upheld", **data)

    def deliver(self, time: float, notice: str, /, **data: Any) -> None:
        self.say(time, "notice.delivered", notice=notice, proof="250", **data)

    def send(self, time: float, notice: str, /, about: str = "extension", **data: Any) -> None:
        self.say(time, "notice.sent", notice=notice, channel="mail", about=about, **data)

    def extend(self, time: float, until: int, notice: str = "e", /, **data: Any) -> None:
        self.say(time, "complaint.extended", until=until, why="much", notice=notice, **data)

    def reopen(self, time: float, /, **data: Any) -> None:
        self.say(time, "complaint.reopen_requested", by="shop", reason="again", **data)

    def withdraw(self, time: float) -> None:
        self.say(time, "complaint.withdrawn", by="shop", proof="letter")
