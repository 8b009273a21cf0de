"""Reading ahead: in order, understood when the store is being written, and what goes wrong where it would have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from contracts.envelope import Fact
from contracts.errors import MalformedError
from engine import ahead as reading
from engine.ahead import Batch, ahead


def facts(*names: str) -> list[bytes]:
    head = '{"specversion":"1.0","source":"/test","type":"complaint.acknowledged","time":"2026-03-01T08:00:00Z"'
    return [f'{head},"id":"{name}","subject":"C-1","data":{{"by":"Ada"}}}}'.encode() for name in names]


def names(batch: Batch) -> list[str]:
    return [fact.id if isinstance(fact, Fact) else "malformed" for fact in batch.facts]


def test_every_batch_comes_once_and_in_order_whether_its_writing_was_announced_or_not() -> None:
    told = [facts("1", "2"), facts("3"), [b"{}"], facts("4", "5", "6")]
    got = []
    for n, batch in enumerate(ahead(told)):
        for _ in range(n % 3):
            batch.meanwhile()
        got.append((batch.bodies, names(batch)))
    assert got == list(zip(told, [["1", "2"], ["3"], ["malformed"], ["4", "5", "6"]], strict=True))


def test_the_next_batch_is_read_at_once_but_understood_when_this_one_is_being_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []
    understood: list[bytes] = []

    def batches() -> Iterator[list[bytes]]:
        for n, batch in enumerate((facts("1"), facts("2"), facts("3"))):
            read.append(n)
            yield batch

    def understand(body: bytes) -> Fact | MalformedError:
        understood.append(body)
        return MalformedError("not looked at")

    monkeypatch.setattr(reading, "understand", understand)
    made = ahead(batches())
    first = next(made)
    wait_until(lambda: len(read) == 2)
    time.sleep(0.05)
    assert understood == facts("1")
    first.meanwhile()
    wait_until(lambda: len(understood) == 2)
    assert understood == facts("1", "2")
    assert next(made).bodies == facts("2")
    made.close()  # type: ignore[attr-defined] # a generator


def test_what_reading_raises_comes_after_the_batches_that_were_read() -> None:
    def batches() -> Iterator[list[bytes]]:
        yield facts("1")
        raise OSError("the disk is gone")

    made = ahead(batches())
    assert names(next(made)) == ["1"]
    with pytest.raises(OSError, match="the disk is gone"):
        next(made)


def wait_until(true: Callable[[], bool], patience: float = 5.0) -> None:
    give_up = time.monotonic() + patience
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.001)
