"""Late words, deep ones and such as are taken back, where a fold begins at a checkpoint or ends early at one."""

from __future__ import annotations

import pytest

from contracts.heard import Said
from engine import claims, folding
from engine.claims import Entry
from engine.folding import Log
from engine.words import BEGINNING

from .given import given, us
from .telling import closing, corrected, delivered, down, filed, proposed, sent, up


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every word, which holds one outage and no claim that is not pending."""
    monkeypatch.setattr(folding, "CHECKPOINT_EVERY", 1)
    monkeypatch.setattr(folding, "OUTAGES_KEPT", 1)
    monkeypatch.setattr(claims, "CLAIMS_KEPT", 0)


FLAPS = tuple(fact for n in range(0, 100, 10) for fact in (down(n), up(n + 5)))
FLAPPED = [(n, n + 5) for n in range(0, 100, 10)]


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """From which checkpoint each run began (-1: from nothing), and whether it ended early."""
    runs: list[tuple[int, bool]] = []
    run = Log._run

    def watched(self: Log, j: int, *more: object) -> folding.Folded | None:
        assert len(runs) < 1000, "it begins again and again"
        found = run(self, j, *more)  # type: ignore[arg-type]
        runs.append((j, found is not None and found.before is not None))
        return found

    monkeypatch.setattr(Log, "_run", watched)
    return runs


def test_in_order_nothing_is_folded_again(folded: list[tuple[int, bool]]) -> None:
    assert given(*FLAPS).outages() == FLAPPED
    assert len(folded) == 1  # the first


def test_a_late_word_is_folded_from_the_checkpoint_before_it_until_it_makes_no_difference(
    folded: list[tuple[int, bool]],
) -> None:
    it = given(*FLAPS)
    folded.clear()
    it.when(down(32).arriving(200)).then()
    it.when(down(37).arriving(201)).then("outage.restated")
    assert it.outages() == [*FLAPPED[:4], (37, 45), *FLAPPED[5:]]
    assert folded == [(6, True), (7, True)]


def test_what_a_checkpoint_has_forgotten_is_looked_up_before_it(folded: list[tuple[int, bool]]) -> None:
    it = given(*FLAPS)
    folded.clear()
    it.when(down(99, since=12))
    assert it.outages() == [(0, 5), (10, None)]
    assert folded[-1][0] < 4


def test_behind_a_deep_word_late_ones_are_folded_with_it() -> None:
    """Once this began anew without end: the checkpoint ahead of the late word holds less than the deep one needs."""
    it = given(*FLAPS, down(99, since=12), up(100))
    it.when(proposed(99.5).arriving(200), down(98).arriving(201), up(99.2).arriving(202))
    assert it.outages() == [(0, 5), (10, 99.2)]
    it.when(up(50, since=41).arriving(203))
    assert it.outages() == [(0, 5), (10, 41), (50, 99.2)]


def test_a_deep_word_that_never_was_gives_back_what_it_had_taken() -> None:
    deep = down(99, since=12)
    it = given(*FLAPS, deep).when(corrected(200, deep, void=True))
    assert it.outages() == FLAPPED


def test_a_late_delivery_reaches_the_notice_that_was_sent_after_it() -> None:
    """The fold agrees with what it was between the two; the notice looks back at the delivery all the same."""
    it = given(filed(0, down=True), up(5, "technician"), proposed(8), sent(10), silence=60)
    it.when(delivered(7).arriving(20))
    assert it.silence_due() == 70
    wrong = delivered(7)
    it = given(filed(0, down=True), up(5, "technician"), wrong, proposed(8), sent(10), silence=60)
    it.when(corrected(20, wrong, void=True))
    assert it.silence_due() is None


def test_a_delivery_at_its_notices_instant_may_be_taken_back() -> None:
    """The claim comes late, so that the notice is folded again when its delivery, next in order, is known already."""
    wrong = delivered(20, id="b")
    it = given(filed(0, down=True), sent(20, id="a"), wrong, up(10, "technician").arriving(30), silence=60)
    assert it.silence_due() == 80
    it.when(corrected(100, wrong, void=True))
    assert (it.outages(), it.claims(), it.silence_due()) == ([(0, None)], [("pending", 10)], None)


def test_a_checkpoint_may_stand_where_an_entry_was_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The closing's end of leaning is taken out; what comes before its place, and after all the others, is late."""
    monkeypatch.setattr(folding, "CHECKPOINT_EVERY", 3)
    it = given(filed(0), closing(10, id="k"), down(10, id="a"), up(10, "technician", id="b"), up(20, "operator"))
    it.when(down(10, since=10, id="z").arriving(30))
    assert it.claims() == [("void", 10), ("pending", 20)]


def test_a_word_taken_while_nothing_was_cut_off_still_reaches_behind_checkpoints() -> None:
    """A deeper one was known when it came, so nothing had to be looked up for it; now the deeper one is gone."""
    deeper = down(60, since=0.5)
    it = given(down(11), down(20), down(30), deeper)
    it.when(down(52, since=1).arriving(61), corrected(62, deeper, void=True))
    assert it.outages() == [(1, None)]
    it.when(down(25).arriving(63)).then()
    assert it.outages() == [(1, None)]


def test_nothing_that_was_cut_off_is_lost() -> None:
    it = given(filed(0), *FLAPS, up(99, "technician"))
    log = it.memory.service("S").log
    assert all(point.fold.base != BEGINNING for point in log._checkpoints[4:])
    assert log.tail is not None
    assert log.tail.base >= us(80)
    assert it.outages() == FLAPPED


def word(minute: float, name: str, *, up: bool) -> Entry:
    return Entry((us(minute), "/test", name, 0), None, Said(up=up, customer=False, since=None))


def test_a_log_read_anew_is_folded_when_something_new_is_said_and_not_before(folded: list[tuple[int, bool]]) -> None:
    log = Log()
    log.insert(word(0, "1", up=False))
    log.settle(None)
    assert log.fold(us(5)) is None
    assert folded == []
    log.insert(word(10, "2", up=True))
    news = log.fold(us(10))
    assert news is not None
    assert [span[:2] for span in news.spans] == [(us(0), us(10))]


def test_a_log_read_anew_is_folded_when_the_silence_that_was_armed_has_lasted(folded: list[tuple[int, bool]]) -> None:
    log = Log()
    log.insert(word(0, "1", up=False))
    log.settle(us(20))
    assert log.silence_due() == us(20)
    assert log.fold(us(19)) is None
    assert folded == []
    assert log.fold(us(20)) is not None
    assert log.silence_due() is None  # by its own entries none runs
