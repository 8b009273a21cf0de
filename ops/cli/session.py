"""One run of taking facts in, as people see it: progress, notes, the result, and what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Self

import msgspec

from contracts.errors import StilldownError
from contracts.moments import rfc3339
from engine.keeping import Keeper
from engine.store.unit import Clock
from ops.cli.common import DONE, INTERRUPTED, REFUSED, Common, console, tell
from ops.cli.progress import Report, progress
from ops.opening import engine
from ops.sorting import in_order
from ops.taking import Run
from ops.words import counted, moment

_EVERY = 256
"""Facts between two looks at how far reading came."""
Read = Callable[[], tuple[float, float | None]]
"""How much is read, and of how much."""


class Session:
    """A store that takes facts, from opening to the result. The store is made if there is none."""

    def __init__(self, common: Common, clock: str) -> None:
        self._common = common
        self._clock = clock
        self._url = common.url
        self._open = ExitStack()
        self._interrupted = False

    def __enter__(self) -> Self:
        self._engine = self._open.enter_context(engine(self._url, verbose=self._common.verbose))
        self._run = Run(self._engine, self._clock)
        with Keeper(self._url) as keeper:
            clock, lived = keeper.clock(), keeper.last() > 0
        if lived and clock.mode != self._clock:
            tell(_other_clock(clock))
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    def unpublished(self, agreements: Iterable[str]) -> list[str]:
        """Give those of these agreements that nobody has published."""
        with Keeper(self._url) as keeper:
            known = {version.agreement.name for version in keeper.versions()} | {"standard"}
        return sorted(set(agreements) - known)

    @staticmethod
    def warn(missing: list[str]) -> None:
        """Say that complaints under these agreements cannot be taken."""
        if missing:
            tell(f"note: nobody has published {', '.join(missing)}: complaints under them will be dead letters")
            tell("  `stilldown agreements apply FILE` publishes them, `stilldown dead retry --all` then takes those in")

    def take(self, bodies: Iterable[bytes], read: Read, unit: str) -> None:
        """Take facts in, with progress. Ctrl-C ends it between two batches; what failed says how far it came."""
        try:
            if self._clock == "event":
                self._in_order(bodies, read, unit)
            else:
                with progress("taking", unit) as report:
                    self._run.take(bodies, lambda: report(*read()))
        except KeyboardInterrupt:
            self._interrupted = True
        except (StilldownError, OSError, sqlite3.Error):
            if self._run.tally.read:
                tell(self._so_far())
            raise

    def _in_order(self, bodies: Iterable[bytes], read: Read, unit: str) -> None:
        total = 0

        def known(number: int) -> None:
            nonlocal total
            total = number

        with progress("reading", unit) as report:
            ordered = in_order(_watched(bodies, report, read), taken=known)
            first = next(ordered, None)
        with progress("taking", "facts") as report:
            self._run.take(_again(first, ordered), lambda: report(self._run.tally.read, total))

    def finish(self, *, strict: bool = False, bad_rows: Callable[[], int] | None = None) -> int:
        """Say what became of the facts, and give the exit code."""
        tally = self._run.tally
        result: dict[str, Any] = msgspec.structs.asdict(tally)
        if bad_rows is not None:
            result["bad_rows"] = bad_rows()
        if self._common.json:
            self._common.answer(result)
        else:
            console().print(self._in_words(result), soft_wrap=True)
        self._next()
        if self._interrupted:
            tell(f"interrupted: {self._so_far()}")
            return INTERRUPTED
        return REFUSED if strict and tally.dead else DONE

    def _so_far(self) -> str:
        tally = self._run.tally
        if not tally.read:
            return "nothing was taken"
        return (
            f"{counted(tally.read, 'fact')} taken before that, {tally.recorded:,} of them recorded;"
            " run it again to go on: what is recorded is known then"
        )

    @staticmethod
    def _in_words(result: dict[str, Any]) -> str:
        bad = f", {counted(result['bad_rows'], 'bad row')} left out" if result.get("bad_rows") else ""
        return (
            f"{counted(result['read'], 'fact')} read in {result['seconds']:.1f} s: {result['recorded']:,} recorded,"
            f" {result['duplicates']:,} known already, {result['held']:,} waiting, {result['dead']:,} not understood"
            f"{bad}; {counted(result['decisions'], 'decision')}."
        )

    def _next(self) -> None:
        """Say what can be done about what was not recorded."""
        tally = self._run.tally
        if not tally.read and not self._interrupted:
            tell("note: there was no fact in it")
        if self._run.released:
            tell(f"note: {counted(self._run.released, 'fact')} that had waited since an earlier run recorded too")
        if self._run.died:
            tell(f"note: {counted(self._run.died, 'fact')} that had waited not understood (`stilldown dead list`)")
        if tally.dead:
            tell(f"{counted(tally.dead, 'fact')} could not be understood (`stilldown dead list`), most often because:")
            for reason, times in self._run.reasons():
                tell(f"  {counted(times, 'time')}: {reason}")
            if tally.dead == tally.read:
                tell("note: a file of facts has one fact a line, as JSON (CloudEvents)")
        if tally.held:
            tell(
                f"note: {counted(tally.held, 'fact')} waiting for a complaint, a fact or a time (`stilldown held list`)"
            )


def _other_clock(clock: Clock) -> str:
    if clock.mode == "wall":
        return "note: this store's clock is the machine's, facts were taken by it before: these are recorded as of now"
    stood = moment(rfc3339(clock.recorded_at))
    return f"note: this store's clock stood at {stood} UTC; from now on it is the machine's"


def _watched(bodies: Iterable[bytes], report: Report, read: Read) -> Iterator[bytes]:
    for number, body in enumerate(bodies):
        if number % _EVERY == 0:
            report(*read())
        yield body


def _again(first: bytes | None, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first is not None:
        yield first
        yield from rest
