"""Long random histories: one service that flaps for weeks, with late facts, deep ones and corrections all along."""

from __future__ import annotations

from random import Random

from .histories import History
from .histories_grid import Slot, moment
from .histories_writer import BAG, SERVICE, Writer, terms


def long_history(r: Random, size: int) -> History:
    w = Writer(r)
    w.agreements = {name: terms(w) for name in ("standard", "home", "firm")}
    w.file()
    while len(w.entries) < size:
        w.now += w.pick((0, 1, 1, 2, 4))
        if w.often(45):
            _flap(w)
        elif w.often(4):
            _deep(w)
        else:
            w.pick(BAG)(w)
    coming = sorted(
        ((entry.slot + max(entry.late, _lateness(w)), n, entry) for n, entry in enumerate(w.entries)),
        key=lambda c: c[:2],
    )
    return History(w.agreements, [(entry.fact(), moment(at)) for at, _, entry in coming], moment(coming[-1][0] + 1))


def _lateness(w: Writer) -> int:
    """Most come at once, some late by a little, a few by very much."""
    if w.often(90):
        return 0
    return w.r.randint(1, 20) if w.often(70) else w.r.randint(1, 400)


def _flap(w: Writer) -> None:
    since = Slot(w.back(6)) if w.often(30) else None
    kind = "service.down" if w.often(50) else "service.up"
    w.write(kind, evidence=w.pick(("telemetry", "telemetry", "technician")), since=since)
    w.up = kind == "service.up"


def _deep(w: Writer) -> None:
    """A word that speaks of very much before it."""
    kind, evidence = w.pick(("service.down", "service.up")), w.pick(("telemetry", "customer", "operator"))
    w.write(kind, SERVICE, evidence=evidence, since=Slot(w.back(max(w.now, 1))))
