"""A mass outage: one service, many complaints, two processes on one store, by the clock on the wall.

One process takes words, and facts of other services in between; the other works off what they mean to the complaints.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from bench.outage_check import differences, shown_otherwise
from bench.outage_story import DOWN, LATE, MINUTE, TERMS, UP, Story
from bench.workload import batches
from contracts.agreements import parse
from contracts.moments import rfc3339
from engine.intake import Engine
from engine.keeping import Keeper
from engine.reading import Reader
from engine.taken import Outcome
from engine.tuning import tune

_SPAWN = multiprocessing.get_context("spawn")
IDLE = 0.01
"""Seconds until it is looked again whether anything is due."""
OTHERS = 500
"""Other services, each with a complaint."""
BATCH = 20
"""Facts of other services that come at once."""
SIZE = 500
"""Facts in a batch while complaints are filed."""


class Done(NamedTuple):
    """What the process that works off has done so far: events, portions, seconds of its processor."""

    events: int
    portions: int
    processor: float


def work_off(url: str, stop: Event, told: Connection) -> None:
    """Works off what is due until told to stop; answers with a `Done` whenever it is asked."""
    tune()
    engine = Engine(url)
    events = portions = 0
    while not stop.is_set():
        taken = engine.tick()
        events += taken.events
        portions += bool(taken.events)
        while told.poll():
            told.recv()
            told.send(Done(events, portions, time.process_time()))
        if not taken.more:
            time.sleep(IDLE)
    engine.close()
    told.send(peak())


def peak() -> int:
    """The most memory that this process had, in MB."""
    with suppress(OSError, StopIteration):  # Linux; what `resource` tells begins with what the parent had
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform != "darwin" else 1_048_576)


class Run:
    """One telling of the story."""

    def __init__(self, path: Path, story: Story, rate: float) -> None:
        """`rate`: facts of other services a second."""
        self.url = f"sqlite:///{path}"
        self.story = story
        self.rate = rate
        self.engine = Engine(self.url)
        self.engine.publish(parse(TERMS))
        self.words: list[float] = []
        self.others: list[float] = []
        """Seconds that each batch of them took to commit."""
        self.said = 0
        self.keeper = Keeper(self.url)

    def take(self, bodies: list[bytes]) -> float:
        """Seconds until they were durable."""
        began = time.perf_counter()
        results = self.engine.take(bodies).results
        spent = time.perf_counter() - began
        for result in results:
            if result.outcome is not Outcome.RECORDED:
                raise AssertionError(result)
        return spent

    def word(self, body: bytes) -> float:
        """A word about the service; seconds until it was committed."""
        spent = self.take([body])
        self.words.append(spent)
        return spent

    def another(self) -> Iterator[bytes]:
        """Facts of other services: down, up, down …"""
        for _ in range(BATCH):
            n, k = self.said % OTHERS, self.said // OTHERS
            kind = "service.up" if k % 2 else "service.down"
            fact = {"specversion": "1.0", "id": f"o{self.said}", "source": "/other", "type": kind}
            at = rfc3339(self.story.us(60) + k * MINUTE // 60)
            yield orjson.dumps({**fact, "subject": f"line-{n}", "time": at, "data": {"evidence": "telemetry"}})
            self.said += 1

    def meanwhile(self, over: Callable[[], bool]) -> None:
        """Facts of other services at their rate, until it is over."""
        due = time.monotonic()
        while not over():
            if self.rate and time.monotonic() >= due:
                self.others.append(self.take(list(self.another())))
                due = max(due + BATCH / self.rate, time.monotonic() - 1)
            time.sleep(0.005)

    def settled(self) -> Callable[[], bool]:
        """Whether nothing is left to be worked off; looked at twice a second."""
        looked = time.monotonic()

        def over() -> bool:
            nonlocal looked
            if time.monotonic() - looked < 0.2:
                return False
            looked = time.monotonic()
            return not self.keeper.is_due(time.time_ns() // 1000)

        return over

    def lasts(self, seconds: float) -> Callable[[], bool]:
        """Whether so much time has passed from now on."""
        until = time.monotonic() + seconds
        return lambda: time.monotonic() >= until


def main(arguments: list[str]) -> None:
    """Tells it and prints what it took. Exits with 1 where the end is not what it has to be."""
    asked = argparse.ArgumentParser(prog="python -m bench outage")
    asked.add_argument("--complaints", type=int, default=100_000)
    asked.add_argument("--flaps", type=int, default=20)
    asked.add_argument("--closings", type=int, default=1_000)
    asked.add_argument("--pace", type=float, default=1.0, help="seconds between two flaps")
    asked.add_argument("--others", type=float, default=200, help="facts of other services a second")
    how = asked.parse_args(arguments)
    if how.flaps % 2:
        asked.error(f"--flaps {how.flaps}: it has to be even, down and up")
    story = Story(time.time_ns() // 1000 - 600 * MINUTE, how.complaints, how.flaps, how.closings)
    with tempfile.TemporaryDirectory(prefix="stilldown-bench-") as folder:
        path = Path(folder) / "outage.db"
        found = _tell(Run(path, story, how.others), how.pace)
        found += list(differences(path, story))[:5]
    if found:
        sys.exit("\n".join(["the end is not what plain arithmetic says:", *found]))
    print("  the end is what plain arithmetic says, for every complaint")


def _tell(run: Run, pace: float) -> list[str]:
    story = run.story
    print(f"outage: {story.complaints:,} complaints of one service, {story.flaps} flaps, {len(story.falsely):,} false")
    _file(run)
    stop, (ours, theirs) = _SPAWN.Event(), _SPAWN.Pipe()
    worker = _SPAWN.Process(target=work_off, args=(run.url, stop, theirs), daemon=True)
    worker.start()
    ours.send(None)
    ours.recv()
    _phase(run, ours, "down", lambda: run.word(story.word(up=False, minute=DOWN)))
    _phase(run, ours, "up", lambda: run.word(story.word(up=True, minute=UP)))
    closings = [story.closing(n) for n in (*story.truly, *story.falsely)]
    spent = [run.take(closings[n : n + SIZE]) for n in range(0, len(closings), SIZE)]
    print(f"  {len(closings):,} closings granted in {sum(spent):.2f} s")
    run.meanwhile(run.settled())

    def flap() -> None:
        for k in range(story.flaps):
            run.word(story.flap(k))
            run.meanwhile(run.lasts(pace))

    _phase(run, ours, "flaps", flap)
    late = 0.0

    def told() -> None:
        nonlocal late
        late = run.word(story.word(up=False, minute=LATE))

    _phase(run, ours, "late word", told)
    stop.set()
    most = ours.recv()
    while not isinstance(most, int):
        most = ours.recv()
    worker.join()
    print(f"  a word committed: {_spread(run.words)}; the late one {late * 1000:.0f} ms   (median at most 50)")
    print(f"  {BATCH} facts of other services committed: {_spread(run.others)}")
    print(f"  memory at most: who takes {peak()} MB, who works off {most} MB   (below 500)")
    found = _show(run)
    run.keeper.close()
    run.engine.close()
    return found


def _file(run: Run) -> None:
    """All complaints, and what happens in them; whether the last are slower to file than the first."""
    story = run.story
    starts = range(0, story.complaints, SIZE)
    rows, processor = [], []
    for a in starts:
        began = time.process_time()
        rows.append(run.take([story.filing(n) for n in range(a, min(a + SIZE, story.complaints))]))
        processor.append(time.process_time() - began)
    tenth = max(len(rows) // 10, 1)
    first, last = sorted(processor[:tenth])[tenth // 2], sorted(processor[-tenth:])[tenth // 2]
    print(
        f"  filed: {story.complaints / sum(rows):,.0f}/s; processor time of the last tenth against the first:"
        f" {last / first:.2f}"
    )
    course = (body for n in range(story.complaints) for body in story.course(n))
    count, spent = 0, 0.0
    for bodies in batches(course, SIZE):
        count += len(bodies)
        spent += run.take(bodies)
    print(f"  {count:,} facts of theirs: {count / spent:,.0f}/s")
    for n in range(OTHERS):
        data = {"customer": "x", "channel": "web", "summary": "slow", "service": f"line-{n}"}
        fact = {"specversion": "1.0", "id": f"f{n}", "source": "/other", "type": "complaint.filed", "subject": f"O-{n}"}
        run.take([orjson.dumps({**fact, "time": rfc3339(story.begins), "data": data})])
    while run.engine.tick().more:
        pass


def _phase(run: Run, worker: Connection, name: str, say: Callable[[], Any]) -> None:
    """Says something, and waits until all complaints have followed."""
    before, said, began, words = _ask(worker), run.said, time.perf_counter(), len(run.words)
    say()
    spoken = time.perf_counter() - began
    run.meanwhile(run.settled())
    spent = time.perf_counter() - began
    done = _ask(worker)
    events, processor = done.events - before.events, done.processor - before.processor
    passes = "" if len(run.words) == words + 1 else f" ({len(run.words) - words} words in {spoken:.0f} s)"
    print(
        f"  {name}{passes}: all followed after {spent:.1f} s: {run.story.complaints / spent:,.0f} complaints/s,"
        f" {events:,} events, {events / spent:,.0f}/s ({events / processor:,.0f} a second of its processor,"
        f" {processor / spent:.0%} of one); {(run.said - said) / spent:,.0f} facts/s of others"
    )


def _ask(worker: Connection) -> Done:
    worker.send(None)
    done: Done = worker.recv()
    return done


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    median, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return f"median {median * 1000:.0f} ms, p95 {high * 1000:.0f} ms, at most {ordered[-1] * 1000:.0f} ms"


def _show(run: Run) -> list[str]:
    """What `show` says of some complaints, and how long it takes for one."""
    story = run.story
    sample = [0, 1, 2, 3, 4, 13, story.complaints // 2, story.complaints - 1]
    found = list(shown_otherwise(run.url, story, sample))
    reader = Reader(run.url)
    now = reader.clock().recorded_at
    began = time.perf_counter()
    reader.show(story.name(1), at=now, known_at=now)
    print(f"  show of one of them: {(time.perf_counter() - began) * 1000:,.0f} ms")
    reader.close()
    return found
