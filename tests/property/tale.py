"""Short tales for tests of the second reading: times are minutes, ids follow the order of writing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .reading import EVER, Order, Terms, World

START = datetime(2024, 5, 1, tzinfo=UTC)
MOMENTS = ("since", "down_since", "up_since", "due", "time", "from", "until")


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def minute(moment: datetime | str | None) -> float | None:
    if moment is None:
        return None
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (moment - START) / timedelta(minutes=1)


def terms(*accepts: str, silence: int | None = None, reply: bool = False) -> Terms:
    """Silence in minutes."""
    return Terms(frozenset(accepts), None if silence is None else silence * 60, reply)


def moments(data: dict[str, Any]) -> dict[str, Any]:
    return {
        k: moments(v) if isinstance(v, dict) else at(v).isoformat() if k in MOMENTS and isinstance(v, int) else v
        for k, v in data.items()
    }


class Tale:
    """One service, S. A fact is said at its minute and arrives then (or with `now`, later)."""

    def __init__(
        self, *, silence: int | None = None, accepts: tuple[str, ...] = (), lawful: bool = False, **others: Terms
    ) -> None:
        self.world = World({"standard": terms(*accepts, silence=silence), **others}, lawful=lawful)
        self.facts: list[tuple[dict[str, Any], datetime]] = []
        self.orders: list[Order] = []

    def say(
        self, time: float, kind: str, subject: str = "C", /, *, now: float | None = None, **data: Any
    ) -> dict[str, Any]:
        number = len(self.facts)
        fact = {
            "source": data.pop("source", "/t"),
            "id": data.pop("id", f"{number:03}"),
            "type": kind,
            "subject": "S" if kind.startswith("service.") else subject,
            "time": at(time).isoformat(),
            "data": moments(data),
        }
        arrives = max(self.world.now, at(time)) if now is None else at(now)
        self.facts.append((fact, arrives))
        self.world.arrive(fact, arrives)
        return fact

    # ---- the usual facts

    def file(self, time: float, complaint: str = "C", /, **data: Any) -> dict[str, Any]:
        how = {"customer": "shop", "channel": "phone", "summary": "dead", "service": "S", "team": "desk"} | data
        return self.say(time, "complaint.filed", complaint, **how)

    def down(self, time: float, evidence: str = "telemetry", /, **data: Any) -> dict[str, Any]:
        return self.say(time, "service.down", evidence=evidence, **data)

    def up(self, time: float, evidence: str = "customer", /, **data: Any) -> dict[str, Any]:
        return self.say(time, "service.up", evidence=evidence, **data)

    def ask(self, time: float, complaint: str = "C", notice: str = "n", delivered: float | None = None) -> None:
        self.say(time, "notice.sent", complaint, notice=notice, channel="mail", about="confirmation")
        if delivered is not None:
            self.say(delivered, "notice.delivered", complaint, notice=notice, proof="read")

    def reject(self, time: float, complaint: str = "C", /, **data: Any) -> dict[str, Any]:
        return self.say(time, "resolution.rejected", complaint, by="shop", reason="no", **data)

    def close(self, time: float, complaint: str = "C", /, **data: Any) -> dict[str, Any]:
        return self.say(time, "complaint.close_requested", complaint, by="desk", **data)

    def correct(self, time: float, wrong: dict[str, Any], /, **data: Any) -> dict[str, Any]:
        how = {"fact": {"source": wrong["source"], "id": wrong["id"]}, "by": "desk", "why": "wrong"} | data
        return self.say(time, "fact.corrected", wrong["subject"], **how)

    def apply(self, time: float, terms: Terms, *complaints: str, effective: date = EVER) -> None:
        """New terms of `standard`, for complaints that run (C, unless others are named)."""
        order = Order(at(time), behind=True, effective=effective, published={"standard": terms}, complaints=complaints)
        self.orders.append(order if complaints else replace(order, complaints=("C",)))
        self.world.order(self.orders[-1])

    def go(self, time: float) -> None:
        self.world.advance(at(time))

    # ---- what it comes to

    def outages(self) -> list[tuple[float | None, float | None]]:
        return [(minute(a), minute(b)) for a, b, _, _ in self.world.outages()]

    def ends(self) -> list[str | None]:
        return [by for _, _, by, _ in self.world.outages()]

    def restated(self) -> list[bool]:
        return [restated for _, _, _, restated in self.world.outages()]

    def claims(self) -> list[tuple[str, float | None]]:
        return [(c["state"], minute(c["since"])) for c in self.world.claims()]

    def state(self, time: float) -> str:
        return self.world.state_at(at(time))

    def show(self, complaint: str = "C") -> dict[str, Any]:
        return self.world.complaint(complaint)

    def closings(self) -> list[tuple[str, float | None, bool]]:
        return [(complaint, minute(time), false) for complaint, time, _, false in self.world.closings]

    def objections(self, complaint: str = "C") -> list[str]:
        """Of the last refusal."""
        refusals = self.world.refusals[complaint]
        return list(refusals[-1]["objections"]) if refusals else []

    def buried(self) -> list[str]:
        return [reason for _, reason in self.world.dead]
