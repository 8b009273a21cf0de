"""A fold from checkpoints is a fold from nothing: late words, deep ones, such as are taken back, and many of them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import folding
from engine.claims import Fold, Place
from engine.folding import Checkpoint, Folded, Log
from engine.service import Service

from .comparing import Bench, unfolded
from .folds import SMALL, anew, checkpoints, differing, from_nothing, recorded, settle
from .hearsay import CALM, WILD, Hearsay
from .long_histories import long_history

USUAL = (64, 4, 8)


def tell(r: Random, words: int, odds: int, *, every: int) -> tuple[Service, Hearsay]:
    """A service that heard so many words, looked at after every so many."""
    service = Service("S")
    hearsay = Hearsay(r, service, odds)
    for n in range(words):
        hearsay.tell()
        settle(service, hearsay.now)
        if n % every == 0 or n == words - 1:
            assert differing(recorded(service), from_nothing(service, hearsay.now)) == [], f"after {n + 1} words"
    return service, hearsay


@pytest.mark.parametrize("kept", SMALL, ids=str)
def test_few_words_with_all_that_is_kept_made_small(kept: tuple[int, int, int]) -> None:
    with checkpoints(*kept):
        for seed in range(200):
            tell(Random(seed), 60, (WILD, 6, CALM)[seed % 3], every=1)


@given(st.randoms(use_true_random=False), st.sampled_from(SMALL), st.sampled_from((WILD, CALM)))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_few_words_that_hypothesis_chooses(r: Random, kept: tuple[int, int, int], odds: int) -> None:
    with checkpoints(*kept):
        tell(r, 25, odds, every=1)


@pytest.mark.parametrize("seed", range(6))
def test_many_words(seed: int) -> None:
    r = Random(seed)
    with checkpoints(*(USUAL if seed % 2 else SMALL[seed % len(SMALL)])):
        service, hearsay = tell(r, r.randint(300, 1500), (CALM, 6, WILD)[seed % 3], every=25)
        assert anew(service, hearsay.now) == recorded(service)


def test_what_was_said_about_folds_is_really_asked_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late words end early where the fold agrees with what it was, deep ones are found, and much is cut off."""
    early: list[Checkpoint] = []
    end_early = Log._early

    def count(fold: Fold, low: int, after: Place, point: Checkpoint) -> Folded:
        early.append(point)
        return end_early(fold, low, after, point)

    monkeypatch.setattr(Log, "_early", staticmethod(count))
    service, hearsay = tell(Random(1), 1500, CALM, every=100)
    log = service.log
    assert len(early) > 10
    assert len(log._deep) > 3
    assert len(log._checkpoints) >= len(log.entries) // folding.CHECKPOINT_EVERY - 1
    kept = [len(point.fold.starts) for point in log._checkpoints]
    assert sorted(kept)[len(kept) // 2] < 40
    assert hearsay.now > 0


# ---- through the whole engine


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(4))
def test_a_long_history_through_the_engine(bench: Bench, seed: int) -> None:
    r = Random(seed)
    told, looked = long_history(r, r.randint(300, 700)), 0

    def look() -> None:
        nonlocal looked
        looked += 1
        if looked % 40 == 0:
            assert unfolded(bench) == [], looked

    bench.run(told, after=look)
    assert unfolded(bench) == []
    decided = [event.type for event in bench.events()]
    assert decided.count("outage.restated") > 20
    assert decided.count("complaint.closed") > 3
    assert decided.count("complaint.reopened") > 0
