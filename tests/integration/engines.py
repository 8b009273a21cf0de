"""Engines for tests: with a clock that the test sets, and with faults where the test wants them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contracts.agreements import parse
from contracts.envelope import Fact
from engine.intake import Engine
from engine.taken import Outcome, Result, Taken
from tests.integration.facts import STANDARD, us
from tests.integration.stores import Place, url_of


class Machine:
    """A machine's clock, in minutes after START."""

    def __init__(self, minute: float = 100 * 24 * 60) -> None:
        self.minute = minute

    def __call__(self) -> int:
        return us(self.minute)


class Broken(Engine):
    """Fails on some facts, when it has already decided on them."""

    failing: frozenset[str] = frozenset()
    holds_them = False
    """It fails only when it records them, not when it holds them."""

    def _decide(self, body: bytes, fact: Fact, digest: bytes) -> Result:
        result = super()._decide(body, fact, digest)
        if fact.id in self.failing and not (self.holds_them and result.outcome is Outcome.HELD):
            raise RuntimeError(f"a fault that {fact.id} brings about")
        return result


@contextmanager
def engine(
    path: Place, *, clock: Machine | None = None, terms: str = STANDARD, kind: type[Engine] = Engine, **how: Any
) -> Iterator[Any]:
    """An engine on a file; the agreements of `terms` are published, if they are not yet."""
    opened = kind(url_of(path), clock=clock or Machine(), **how)
    try:
        if terms:
            opened.publish(parse(terms))
        yield opened
    finally:
        opened.close()


def outcomes(taken: Taken) -> list[str]:
    return [result.outcome.value for result in taken.results]


def released(taken: Taken) -> list[tuple[str, str]]:
    """Ids of facts that were held, and what became of them."""
    return [(ref[1], result.outcome.value) for ref, result in taken.released]


def take(engine: Engine, *bodies: bytes, mode: str | None = "wall") -> list[str]:
    """What became of them."""
    return outcomes(engine.take(bodies, mode=mode))


def record(engine: Engine, *bodies: bytes, mode: str | None = "wall") -> None:
    """All of them have to be recorded."""
    results = engine.take(bodies, mode=mode).results
    assert all(result.outcome is Outcome.RECORDED for result in results), results
