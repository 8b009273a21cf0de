"""Random words that a service hears, without an engine around it: late, deep, taken back, by many who lean."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from contracts.decisions import ServiceHeard
from contracts.facts import FactRef
from contracts.heard import Claimed, Delivered, Item, Leans, Left, Noticed, Rejected, Requested, Said
from contracts.moments import SECOND, moment
from engine.corrections import Ref
from engine.service import Service

START = 1_700_000_000 * SECOND
MINUTE = 60 * SECOND
TERMS = (
    Leans("easy", 1, ("telemetry",), 30 * 60),
    Leans("short", 1, (), 10 * 60),
    Leans("short", 2, ("operator",), 10 * 60),
    Leans("long", 1, ("technician", "telemetry"), 90 * 60),
    Leans("never", 1),
)
CALM, WILD = 20, 3
"""One word in so many is late, reaches far back, or is taken back."""


@dataclass
class Hearsay:
    """Tells a service one thing after the other. `odds`: one in so many is out of the ordinary."""

    r: Random
    service: Service
    odds: int = CALM
    now: int = START
    told: dict[Ref, ServiceHeard] = field(default_factory=dict)
    fresh: list[Ref] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    leaning: list[str] = field(default_factory=list)
    quiet: bool = False

    def tell(self) -> None:
        """One thing more, or another version of one that was told."""
        self.now += (self.r.choice((10, 30, 90)) if self.quiet else self.r.choice((0, 0, 1, 1, 1, 2, 3, 8))) * MINUTE
        self.quiet = False
        if self.told and self._rarely():
            self._change()
        else:
            ref = (self.r.choice("abc"), f"{len(self.told):05}")
            self._hear(ref, self._time(), self.r.choice(("A", "B", "C")), None)

    def _rarely(self) -> bool:
        return self.r.randrange(self.odds) == 0

    def _back(self) -> int:
        """A length back in time: mostly short, now and then as long as the whole story."""
        if self._rarely():
            return self.r.randint(0, (self.now - START) // MINUTE) * MINUTE
        return self.r.choice((0, 0, 0, 1, 2, 5, 10)) * MINUTE

    def _time(self) -> int:
        return self.now - (self._back() if self._rarely() else 0)

    def _hear(self, ref: Ref, time: int, complaint: str, items: tuple[Item, ...] | None) -> None:
        if items is None:
            items = self._items(time, complaint)
        heard = ServiceHeard(fact=FactRef(*ref), time=moment(time), complaint=complaint, items=items)
        self.told[ref] = heard
        self.fresh = [*self.fresh[-20:], ref]
        self.service.record(heard, time, ref)

    def _change(self) -> None:
        """Void, moved, or with other content; mostly something recent."""
        ref = self.r.choice(self.fresh if self.r.random() < 0.7 else list(self.told))
        old = self.told[ref]
        time = round(old.time.timestamp() * SECOND)
        if old.items and isinstance(old.items[0], Leans | Left):
            return
        how, complaint = self.r.randrange(4), old.complaint or "A"
        if how == 0:
            self._hear(ref, time, complaint, ())
        elif how == 1 and old.items:
            moved = max(min(time + self.r.randint(-30, 30) * MINUTE, self.now), START)
            since = getattr(old.items[0], "since", None)
            if since is None or since <= moment(moved):
                self._hear(ref, moved, complaint, old.items)
        else:
            self._hear(ref, time, complaint, self._items(time, complaint, turns=False))

    def _items(self, time: int, complaint: str, *, turns: bool = True) -> tuple[Item, ...]:
        since = moment(max(time - self._back(), START)) if self.r.random() < 0.6 else None
        n = self.r.randrange(15)
        if n < 3:
            return (Said(up=False, customer=False, since=since),)
        if n == 3:
            return (Said(up=False, customer=True, since=since, never_back=since is None and self.r.random() < 0.5),)
        if n == 4:
            return (Said(up=True, customer=True, since=since),)
        if n == 5:
            return (Rejected(),) if self._rarely() else (Requested(),)
        if n < 9:
            return self._notice(complaint)
        if n == 9 and turns:
            return self._turn(complaint)
        return (Claimed(self.r.choice(("telemetry", "technician", "operator")), None, since),)

    def _notice(self, complaint: str) -> tuple[Item, ...]:
        mine = [notice for about, notice in self.notices[-6:] if about == complaint]
        if mine and self.r.random() < 0.6:
            return (Delivered(self.r.choice(mine)),)
        notice = f"n{self.r.randrange(1 + len(self.told) // 3)}"
        self.notices.append((complaint, notice))
        self.quiet = self.r.random() < 0.5
        return (Noticed(notice), Delivered(notice)) if self.r.random() < 0.6 else (Noticed(notice),)

    def _turn(self, complaint: str) -> tuple[Item, ...]:
        if complaint in self.leaning:
            self.leaning.remove(complaint)
            return (Left(closed=self.r.random() < 0.7),)
        self.leaning.append(complaint)
        return (self.r.choice(TERMS),)
