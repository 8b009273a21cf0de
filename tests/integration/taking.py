"""Takes malformed facts in, in a process of its own, so that what it prints and needs can be seen.

python -m tests.integration.taking STORE SEED NUMBER
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from random import Random

from engine.intake import Engine
from tests.integration.facts import us
from tests.integration.malformed import NOW
from tests.integration.malformed_data import Mill

LARGEST = 60


def peak() -> int:
    """The most memory that this process had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1 if sys.platform != "darwin" else 1024) // 1024


def main(store: str, seed: int, number: int) -> None:
    random = Random(seed)
    found: Counter[str] = Counter()
    engine = Engine(f"sqlite:///{store}", clock=lambda: us(NOW))
    before = peak()
    batch: list[bytes] = []
    for _, body, _ in Mill(seed).arrivals(number):
        batch.append(body)
        if len(batch) >= random.randint(1, LARGEST):
            found.update(result.outcome.value for result in engine.take(batch).results)
            batch = []
    found.update(result.outcome.value for result in engine.take(batch).results)
    engine.close()
    print(json.dumps({"before": before, "peak": peak(), **found}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
