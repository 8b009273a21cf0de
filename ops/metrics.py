"""How a store stands, for machines that watch it: lags, and Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.topics import EVENTS_OUT, FACTS_IN
from engine.keeping import Standing

_Sample = tuple[str, float]
"""Labels as they are written, and the value."""
_HELP: Final = {
    "position": "The last recorded position.",
    "complaints": "Complaints in the store.",
    "facts": "Facts recorded.",
    "held": "Facts that wait for their complaint, their original or their time.",
    "dead_letters": "Facts that could not be understood.",
    "timers_armed": "Timers that are armed.",
    "timers_due": "Timers that are due and were not done yet.",
    "clock_ahead_seconds": "How far the engine's clock is ahead of this machine's.",
    "relay_position": "The last position that was sent on.",
    "relay_behind": "Recorded events that were not sent on yet.",
    "relay_dead_letters_behind": "Dead letters that were not sent on yet.",
    "relay_active": "Whether a relay holds the lease.",
    "intake_offset": "The offset up to which a partition was taken in.",
    "intake_lag": "Messages of a partition that were not taken in yet.",
    "views_position": "The last position that was applied to the views.",
    "views_behind": "Recorded events after that position.",
    "views_parked": "Services that are left out of the views, and messages that could not be read.",
    "views_offset": "The offset up to which a partition was applied to the views; all of them stand alike.",
    "views_lag": "Messages of a partition that were not applied to the views yet.",
}


def relayed(standing: Standing, now: int) -> dict[str, Any] | None:
    """Give how the relay stands at `now` (the machine's, microseconds); None where there never was one."""
    relay = standing.relay
    if relay is None:
        return None
    return {
        "position": relay.position,
        "behind": standing.last - relay.position,
        "dead_behind": standing.untold,
        "active": bool(relay.holder) and relay.until > now,
        "holder": relay.holder or None,
    }


def with_lag(parts: Sequence[Mapping[str, Any]], ends: Mapping[int, int]) -> list[dict[str, Any]]:
    """Give the partitions of the facts' topic with where they end, and other feeds as they are."""
    taken = {part["partition"]: part["position"] for part in parts if part["feed"] == FACTS_IN}
    told = [
        {"feed": FACTS_IN, "partition": n, "position": taken.get(n), "end": end, "lag": end - (taken.get(n) or 0)}
        for n, end in sorted(ends.items())
    ]
    return [dict(part) for part in parts if part["feed"] != FACTS_IN] + told


def with_lag_of_views(parts: Sequence[Mapping[str, Any]], ends: Mapping[int, int]) -> list[dict[str, Any]]:
    """Give the partitions from which views are made with where they end."""
    applied = {part["partition"]: part for part in parts}
    nothing = {"position": 0, "offset": 0}
    return [
        {"partition": n, **nothing, **applied.get(n, {}), "end": end, "lag": end - applied.get(n, nothing)["offset"]}
        for n, end in sorted(ends.items())
    ]


def exposition(told: Mapping[str, Any], ahead: float) -> str:
    """Give what `status --json` tells in Prometheus' text format; `ahead` is in seconds."""
    lines = []
    for name, samples in _samples(told, ahead):
        lines += [f"# HELP stilldown_{name} {_HELP[name]}", f"# TYPE stilldown_{name} gauge"]
        lines += [f"stilldown_{name}{labels} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _samples(told: Mapping[str, Any], ahead: float) -> Iterator[tuple[str, list[_Sample]]]:
    yield "position", [("", told["positions"]["last"])]
    for name, field in (("complaints",) * 2, ("facts",) * 2, ("held",) * 2, ("dead_letters", "dead")):
        yield name, [("", told[field])]
    yield "timers_armed", [("", told["timers"]["armed"])]
    yield "timers_due", [("", told["timers"]["due"])]
    yield "clock_ahead_seconds", [("", ahead)]
    if relay := told["relay"]:
        yield "relay_position", [("", relay["position"])]
        yield "relay_behind", [("", relay["behind"])]
        yield "relay_dead_letters_behind", [("", relay["dead_behind"])]
        yield "relay_active", [("", int(relay["active"]))]
    if views := told["views"]:
        for field in ("position", "behind", "parked"):
            yield f"views_{field}", [("", views[field])]
        for field in ("offset", "lag"):
            samples = [
                (f'{{topic="{EVENTS_OUT}",partition="{part["partition"]}"}}', part[field])
                for part in views["parts"]
                if field in part
            ]
            if samples:
                yield f"views_{field}", samples
    parts = told["intake"]
    labels = {id(part): f'{{topic="{part["feed"]}",partition="{part["partition"]}"}}' for part in parts}
    for name, field in (("intake_offset", "position"), ("intake_lag", "lag")):
        samples = [(labels[id(part)], part[field]) for part in parts if part.get(field) is not None]
        if samples:
            yield name, samples
