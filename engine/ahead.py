"""Reading ahead: the next batch is read and understood while the store writes the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from contracts.envelope import Fact, parse
from contracts.errors import MalformedError


class Batch(NamedTuple):
    """Facts as they came, and as they were understood."""

    bodies: list[bytes]
    facts: list[Fact | MalformedError]


def understand(body: bytes) -> Fact | MalformedError:
    """A fact, or why it is none."""
    try:
        return parse(body)
    except MalformedError as error:
        return error


def ahead(batches: Iterable[list[bytes]]) -> Iterator[Batch]:
    """Each batch, understood; one is always in the making. What reading raises is raised here, in its place."""
    source = iter(batches)

    def make() -> Batch | None:
        bodies = next(source, None)
        return None if bodies is None else Batch(bodies, [understand(body) for body in bodies])

    with ThreadPoolExecutor(1, thread_name_prefix="stilldown-ahead") as pool:
        coming = pool.submit(make)
        while (batch := coming.result()) is not None:
            coming = pool.submit(make)
            yield batch
