"""A short version of `make chaos`: facts that flow while every kind of worker dies at every point."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import arena, checks, servers
from tests.chaos.crew import POINTS, Kill

PLAN = arena.Plan(seed=7, bursts=3, kills=8, gap=400, rate=400, backlog=1_000)


@pytest.mark.slow
def test_whatever_is_killed_restarted_and_cut_nothing_is_lost_doubled_or_otherwise(tmp_path: Path) -> None:
    with servers.running(tmp_path) as made, arena.arena(made, PLAN, tmp_path, print) as fought:
        fought.run()
        for line in (*fought.figures(), *checks.everything(fought, tmp_path)):
            print(line)
        assert fought.crew.killed.total() >= PLAN.bursts * PLAN.kills
        assert {Kill(kind, point) for kind, points in POINTS.items() for point in points} <= fought.crew.killed.keys()
        assert fought.done["database restarted"] == fought.done["broker restarted"] == 1
        assert fought.done["connections cut"]
        assert fought.flow.copies
        assert fought.between > PLAN.gap
