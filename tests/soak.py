"""The long test: random histories through the engine and through the second reading, on all cores.

    python -m tests.soak [N=20000] [seed=0]      # or: make soak ARGS="N seed"

History number `seed` is the same on every machine, and so is how it is run: with few or many entries between the
checkpoints of a fold, fact by fact or what arrived at one moment at once, with all or only one of the streams kept in
memory. Beside, what is recorded of the service is compared with a fold of its log from nothing. With every second comes
one with clocks, credits, promises and absences, half of them with versions of agreements that are applied: also as it
was at two earlier moments, as recorded event by event, and (every fourth) in two other orders of arrival. With every
twentieth comes a long one, in turn 60 to 150 facts through both readings, and 60 to 600 words told to a service alone,
compared with that plain fold all along.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import structlog

from engine.service import Service
from tests.property.comparing import Bench, against, earlier, unfolded
from tests.property.endings import as_recorded, shuffled
from tests.property.folds import SMALL, checkpoints, differing, from_nothing, recorded, settle
from tests.property.hearsay import CALM, WILD, Hearsay
from tests.property.histories import History, history, smaller
from tests.property.histories_clocks import clock_history, clocks_of
from tests.property.histories_writer import SERVICE
from tests.property.long_histories import long_history
from tests.property.reading import World

USUAL = (64, 4, 8)
CHUNK = 50
CLOCKED = "history with clocks"
CLOCKS_EVERY = 2
LONG_EVERY = 20


@dataclass(frozen=True)
class How:
    """How a history is run."""

    kept: tuple[int, int, int]
    batched: bool
    cached: int
    clocked: bool = False
    shuffled: int | None = None
    """By which chance its facts arrive in other orders too."""


def how(seed: int, what: str = "history") -> How:
    """Half of them with checkpoints so close together that short histories need them."""
    kept = USUAL if seed // (CLOCKS_EVERY if what == CLOCKED else 1) % 2 else SMALL[seed // 2 % len(SMALL)]
    clocked = what == CLOCKED
    other = seed if clocked and seed // CLOCKS_EVERY % 4 == 0 else None
    return How(kept, seed // 2 % 3 == 0, 1 if seed // 3 % 4 == 0 else 10_000, clocked, other)


class Runner:
    """Runs histories in one process."""

    def __init__(self, folder: Path) -> None:
        self._benches: dict[int, Bench] = {}
        self._folder = folder
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)  # what fails is a dead letter, and so differs
        structlog.configure(wrapper_class=quiet)

    def bench(self, cached: int) -> Bench:
        if cached not in self._benches:
            folder = self._folder / str(cached)
            folder.mkdir()
            self._benches[cached] = Bench(folder, cached=cached)
        return self._benches[cached]

    def differences(self, told: History, way: How, came: Counter[str] | None = None) -> list[str]:
        """Where the engine and the second reading differ on a history; counts what came up."""
        bench = self.bench(way.cached)
        with checkpoints(*way.kept):
            dead = bench.run(told, batched=way.batched)
            world = told.world()
            found = against(bench, world, dead) + unfolded(bench)
            if way.clocked:
                found += self._clocked(bench, told, world, way, came)
        if came is not None and not way.clocked:
            came.update(counted(told, world))
        return found

    def _clocked(self, bench: Bench, told: History, world: World, way: How, came: Counter[str] | None) -> list[str]:
        """The same of clocks: as they were, as recorded, and in other orders of arrival."""
        found = [row for n in (1, 2) for row in earlier(bench, world, told.arrivals[len(told.arrivals) * n // 3][1])]
        recorded: Counter[str] = Counter()
        found += as_recorded(bench, recorded)
        if came is not None:
            came[CLOCKED] += 1
            came.update({f"with clocks: {name}": n for name, n in (clocks_of(world) + recorded).items()})
            came["with clocks: histories in which a version was applied"] += world.seen["applied"] > 0
        if way.shuffled is not None:
            same, differ = shuffled(bench, told, Random(way.shuffled), thoroughly=way.shuffled % 3 == 0)
            found += differ
            if came is not None:
                came["with clocks, in other orders of arrival"] += 1
                came["with clocks, in other orders of arrival, decided alike"] += same
        return found

    def fails(self, told: History, way: How) -> bool:
        try:
            return bool(self.differences(told, way))
        except Exception:  # noqa: BLE001 - a crash is a difference too
            return True


def counted(told: History, world: World) -> Counter[str]:
    """What came up in a history; `in: …` where it came up at all."""
    many = Counter({name: n for name, n in world.seen.items() if not name.startswith("odd: ") and name != "silence"})
    account = world.account(SERVICE)
    many["silence that spoke and stands"] = sum(word.by == "silence" for word in account.words)
    many["claim, false"] = sum(claim.state == "void" for claim in account.claims)
    many["outage"] = len(world.outages(SERVICE))
    many["outage, restated"] = sum(restated for *_, restated in world.outages(SERVICE))
    many.update({f"in: {name}": 1 for name, n in many.items() if n})
    many["in: silence that spoke at any time"] = int(world.seen["silence"] > 0)
    many["fact"] = len(told.arrivals)
    return many


def words(seed: int, came: Counter[str]) -> list[str]:
    """Many words told to a service alone."""
    r = Random(seed)
    service = Service("S")
    hearsay, many = Hearsay(r, service, r.choice((WILD, 6, CALM))), r.randint(60, 600)
    with checkpoints(*how(seed // LONG_EVERY).kept):
        for n in range(many):
            hearsay.tell()
            settle(service, hearsay.now)
            if n % 10 == 0 or n == many - 1:
                found = differing(recorded(service), from_nothing(service, hearsay.now))
                if found:
                    return [f"after {n + 1} words: {row}" for row in found]
    came["word told to a service alone"] += many
    came["outage of such a service"] += len(service.outages)
    return []


def longer(runner: Runner, seed: int, came: Counter[str]) -> tuple[str, list[str]]:
    """A long one; what it was, and where it differs."""
    what = "words" if seed // LONG_EVERY % 2 else "long history"
    try:
        if what == "words":
            return what, words(seed, came)
        came["long history"] += 1
        return what, runner.differences(told_by(seed, what), how(seed))
    except Exception:  # noqa: BLE001 - a crash is a difference too
        return what, traceback.format_exc().splitlines()


def told_by(seed: int, what: str) -> History:
    if what == "history":
        return history(seed)
    if what == CLOCKED:
        return clock_history(seed, absences=seed // 2 % 2 == 0, patient=seed // 2 % 3 == 0)
    r = Random(seed)
    return long_history(r, r.randint(60, 150))


def chunk(seeds: range) -> tuple[int, Counter[str], list[tuple[int, str, list[str]]]]:
    """Runs some histories; how many, what came up, and which failed: their seed, what it was, and where they differ."""
    came: Counter[str] = Counter()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder))
        for seed in seeds:
            for what in ("history", CLOCKED)[: 2 if seed % CLOCKS_EVERY == 0 else 1]:
                try:
                    found = runner.differences(told_by(seed, what), how(seed, what), came)
                except Exception:  # noqa: BLE001 - a crash is a difference too
                    found = traceback.format_exc().splitlines()
                if found:
                    failed.append((seed, what, found))
            if seed % LONG_EVERY == 0:
                what, found = longer(runner, seed, came)
                if found:
                    failed.append((seed, what, found))
    return len(seeds), came, failed


def chunks(count: int, first: int) -> Iterator[range]:
    for start in range(first, first + count, CHUNK):
        yield range(start, min(start + CHUNK, first + count))


def explain(seed: int, what: str, found: list[str]) -> None:
    """Prints a failure, made as small as it gets, so that it can be run again."""
    print(f"\n{what} {seed}, again by: python -m tests.soak 1 {seed}")
    for line in found[:20]:
        print(f"  {line}")
    if what == "words":
        return
    with tempfile.TemporaryDirectory() as folder:
        runner, way = Runner(Path(folder)), how(seed, what)
        if not runner.fails(told_by(seed, what), way):
            print("  it does not fail by itself")
            return
        least = smaller(told_by(seed, what), lambda told: runner.fails(told, way))
    print(f"  the least that fails, run with {asdict(way)}, until {least.end.isoformat()}:")
    print(f"  agreements: {least.agreements}")
    for order in least.orders:
        print(f"  {order}")
    for fact, now in least.arrivals:
        print(f"  {now.isoformat()} {json.dumps(fact, ensure_ascii=False)}")


def progress(done: int, count: int, failed: int, began: float) -> None:
    spent = time.perf_counter() - began
    line = f"{done:,} of {count:,} histories, {failed} differ, {spent:.0f} s, {done / spent:.0f} a second"
    if sys.stderr.isatty():
        print(f"\r{line}\x1b[K", end="" if done < count else "\n", file=sys.stderr, flush=True)
    elif done == count or done % (20 * CHUNK) == 0:
        print(line, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 20_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    began, done = time.perf_counter(), 0
    came: Counter[str] = Counter()
    failed: list[tuple[int, str, list[str]]] = []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for n, part, wrong in pool.imap_unordered(chunk, chunks(count, first)):
            done += n
            came.update(part)
            failed += wrong
            progress(done, count, len(failed), began)
    print(f"{count:,} histories from seed {first}, {time.perf_counter() - began:.0f} s on {os.cpu_count()} cores")
    for name in sorted({name.removeprefix("in: ") for name in came}):
        share = f" in {came[f'in: {name}'] / count:.1%} of the histories" if f"in: {name}" in came else ""
        print(f"{f'{came[name]:,}' if came[name] else '':>10}  {name}{share}")
    print(f"{len(failed):>10,}  differences")
    if failed:
        explain(*min(failed, key=lambda failure: (len(failure[2]), failure[0])))
        print(f"\nall that differ: {', '.join(f'{what} {seed}' for seed, what, _ in sorted(failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
