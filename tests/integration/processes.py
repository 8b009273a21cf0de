"""Several real processes at work on one store."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import time
import traceback
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any

_SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 120
"""Seconds after which a test gives a process up."""


def together(work: Callable[..., Any], *each: tuple[Any, ...]) -> list[Any]:
    """Runs `work(barrier, *arguments)` in one process for each tuple of arguments; what they gave, in order.

    If any of them fails, so does this, with its traceback.
    """
    barrier = _SPAWN.Barrier(len(each))
    answers: multiprocessing.Queue[tuple[int, str | None, Any]] = _SPAWN.Queue()
    crew = [
        _SPAWN.Process(target=_work, args=(n, work, barrier, answers, arguments), daemon=True)
        for n, arguments in enumerate(each)
    ]
    for process in crew:
        process.start()
    try:
        found = _collect(crew, answers)
        for process in crew:
            process.join(PATIENCE)
    finally:
        for process in crew:
            process.kill()
    failures = [said for _, said, _ in found if said is not None]
    assert not failures, "\n".join(failures)
    return [answer for _, _, answer in sorted(found, key=lambda one: one[0])]


def killed(work: Callable[..., Any], arguments: tuple[Any, ...], after: float) -> bool:
    """Runs `work(begun, *arguments)` in a process that is killed (SIGKILL) some seconds after it has set `begun`.

    Whether it was still at it.
    """
    begun = _SPAWN.Event()
    process = _SPAWN.Process(target=work, args=(begun, *arguments), daemon=True)
    process.start()
    assert begun.wait(PATIENCE)
    process.join(after)
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode != 0


def _collect(crew: list[Any], answers: multiprocessing.Queue[tuple[int, str | None, Any]]) -> list[Any]:
    found: list[tuple[int, str | None, Any]] = []
    give_up = time.monotonic() + PATIENCE
    while len(found) < len(crew):
        try:
            found.append(answers.get(timeout=1))
        except queue.Empty:
            lost = [n for n, process in enumerate(crew) if process.exitcode and n not in {one[0] for one in found}]
            assert not lost, f"processes {lost} died without a word"
            assert time.monotonic() < give_up, f"no answer after {PATIENCE} seconds"
    return found


def _work(
    n: int,
    work: Callable[..., Any],
    barrier: Barrier,
    answers: multiprocessing.Queue[tuple[int, str | None, Any]],
    arguments: tuple[Any, ...],
) -> None:
    try:
        answers.put((n, None, work(barrier, *arguments)))
    except BaseException:  # noqa: BLE001 - whatever it is, the test says it
        answers.put((n, traceback.format_exc(), None))
        barrier.abort()
