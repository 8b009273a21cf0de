"""How much of what is due one transaction does."""

from __future__ import annotations

import time

from engine.portions import Portion, Size


def test_the_least_is_done_however_long_it_takes() -> None:
    portion = Portion(Size(3, 10, 0))
    for _ in range(2):
        portion.took(1)
        assert not portion.spent
    portion.took(1)
    assert portion.spent


def test_beyond_the_least_time_decides() -> None:
    portion = Portion(Size(1, 1_000_000, 0.02))
    portion.took(5)
    assert not portion.spent
    time.sleep(0.025)
    assert portion.spent


def test_more_than_the_most_is_not_done_however_quickly_it_goes() -> None:
    portion = Portion(Size(1, 5, 3600))
    portion.took(4)
    assert not portion.spent
    portion.took(1)
    assert portion.spent


def test_without_a_time_a_portion_is_the_same_on_every_machine() -> None:
    portion = Portion(Size(1, 5))
    portion.took(4)
    time.sleep(0.01)
    assert not portion.spent
    portion.took(3)
    assert portion.spent
