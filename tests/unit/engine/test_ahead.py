"""Reading ahead: in order, understood, and what goes wrong where it would have."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from contracts.envelope import Fact
from engine.ahead import Ahead, Batch


def facts(*names: str) -> list[bytes]:
    head = '{"specversion":"1.0","source":"/test","type":"complaint.acknowledged","time":"2026-03-01T08:00:00Z"'
    return [f'{head},"id":"{name}","subject":"C-1","data":{{"by":"Ada"}}}}'.encode() for name in names]


def names(batch: Batch) -> list[str]:
    return [fact.id if isinstance(fact, Fact) else "malformed" for fact in batch.facts]


def test_every_batch_comes_once_and_in_order_whether_it_was_looked_for_or_not() -> None:
    told = [facts("1", "2"), facts("3"), [b"{}"], facts("4", "5", "6")]
    made, got = Ahead(told), []
    for n in range(len(told)):
        for _ in range(n % 3):
            soon = made.soon(5.0)
            assert soon is not None
            assert soon.bodies == told[n]
        batch = next(made)
        got.append((batch.bodies, names(batch)))
    assert got == list(zip(told, [["1", "2"], ["3"], ["malformed"], ["4", "5", "6"]], strict=True))
    assert made.soon(5.0) is None
    assert next(made, None) is None
    assert next(made, None) is None


def test_what_is_not_there_yet_is_not_waited_for() -> None:
    told = threading.Event()

    def batches() -> Iterator[list[bytes]]:
        yield facts("1")
        told.wait(5.0)
        yield facts("2")

    with closing(Ahead(batches())) as made:
        assert names(next(made)) == ["1"]
        assert made.soon(0.01) is None
        told.set()
        assert names(next(made)) == ["2"]


def test_no_more_is_read_than_two_batches_ahead() -> None:
    read: list[int] = []

    def batches() -> Iterator[list[bytes]]:
        for n in range(10):
            read.append(n)
            yield facts(str(n))

    with closing(Ahead(batches())) as made:
        assert names(next(made)) == ["0"]
        wait_until(lambda: len(read) == 3)
        time.sleep(0.05)
        assert len(read) == 3
    ended = len(read)
    time.sleep(0.3)
    assert len(read) == ended


def test_what_reading_raises_comes_after_the_batches_that_were_read() -> None:
    def batches() -> Iterator[list[bytes]]:
        yield facts("1")
        raise OSError("the disk is gone")

    made = Ahead(batches())
    assert names(next(made)) == ["1"]
    assert made.soon(5.0) is None
    with pytest.raises(OSError, match="the disk is gone"):
        next(made)


def wait_until(true: Callable[[], bool], patience: float = 5.0) -> None:
    give_up = time.monotonic() + patience
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.001)
