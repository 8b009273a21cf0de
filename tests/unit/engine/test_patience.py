"""engine.patience: what fails for a passing reason is tried again, later and later."""

from __future__ import annotations

import asyncio
import itertools
import time

from engine.patience import FIRST, LONGEST, Patience, pause


def test_each_try_waits_about_twice_as_long_as_the_one_before_up_to_a_limit() -> None:
    patience = Patience()
    delays = [patience.next() for _ in range(20)]
    assert 0.8 * FIRST <= delays[0] <= 1.2 * FIRST
    assert all(later > 1.3 * earlier for earlier, later in itertools.pairwise(delays[:8]))
    assert all(0.8 * LONGEST <= delay <= 1.2 * LONGEST for delay in delays[-5:])


def test_after_a_success_it_begins_anew() -> None:
    patience = Patience()
    for _ in range(10):
        patience.next()
    patience.reset()
    assert patience.next() <= 1.2 * FIRST


def test_several_do_not_all_try_at_once() -> None:
    assert len({Patience().next() for _ in range(20)}) > 10


async def test_a_pause_ends_when_it_is_time_to_stop() -> None:
    stop = asyncio.Event()
    began = time.monotonic()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    await pause(stop, 30)
    assert time.monotonic() - began < 10
    await pause(asyncio.Event(), 0.01)
