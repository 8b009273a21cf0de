"""The reliability test of the distributed shape: python -m tests.chaos [minutes=10] [seed=1]. Or: make chaos."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import arena, checks, servers


def plan(minutes: float, seed: int) -> arena.Plan:
    """In ten minutes 210 kills; from the first burst to the last 104,000 facts are recorded."""
    return arena.Plan(seed, bursts=max(2, round(2.1 * minutes)), kills=10, gap=5_200)


def main(arguments: list[str]) -> int:
    """Runs it, and says what came of it."""
    minutes = float(arguments[0]) if arguments else 10
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    with tempfile.TemporaryDirectory(prefix="stilldown-chaos-", ignore_cleanup_errors=True) as name:
        return run(plan(minutes, seed), Path(name))


def run(wanted: arena.Plan, folder: Path) -> int:
    """Prints figures and checks as they come; 1 where a check fails."""
    print(f"chaos: {wanted}", flush=True)
    with servers.running(folder) as made, arena.arena(made, wanted, folder, _say) as fought:
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it says all that is done to the broker
        began = time.monotonic()
        fought.run()
        _say(f"\n{time.monotonic() - began:,.0f} s, and then all was taken, sent on and in the views")
        for line in fought.figures():
            _say(f"  {line}")
        for line in checks.everything(fought, folder):
            _say(f"{time.monotonic() - began:7.0f} s  {line}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
