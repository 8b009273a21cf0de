"""What the relay finds in a store, and who may send it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from engine.outbox import Outbox
from engine.store.errors import StoreError
from tests.integration.engines import engine, record, take
from tests.integration.facts import filed, log
from tests.integration.stores import Place, Stores, change, url_of

SECOND = 1_000_000


class Clock:
    """The clock of all relays, in seconds."""

    second = 0

    def __call__(self) -> int:
        return self.second * SECOND


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(stores: Stores) -> Place:
    path = stores / "store.db"
    with engine(path) as opened:
        record(opened, *(filed(f"f{n}", f"C{n}", n) for n in range(5)))
    return path


@pytest.fixture
def outbox(store: Place, clock: Clock) -> Iterator[Callable[[str], Outbox]]:
    """Opens outboxes by their relays' names."""
    with ExitStack() as stack:
        yield lambda holder: stack.enter_context(closing(Outbox(url_of(store), holder, 10, clock)))


def test_one_relay_at_a_time_may_send(outbox: Callable[[str], Outbox], clock: Clock) -> None:
    one, other = outbox("one"), outbox("other")
    clock.second = 0
    first = one.seize()
    assert first is not None
    clock.second = 9
    assert other.seize() is None
    clock.second = 9
    assert one.hold(first.epoch) is not None
    clock.second = 18
    assert other.seize() is None
    clock.second = 19
    second = other.seize()
    assert second is not None
    assert second.epoch > first.epoch


def test_a_relay_of_an_older_epoch_moves_nothing(outbox: Callable[[str], Outbox], clock: Clock) -> None:
    one, other = outbox("one"), outbox("other")
    clock.second = 0
    first = one.seize()
    assert first is not None
    clock.second = 0
    assert one.move(first.epoch, 3)
    clock.second = 11
    second = other.seize()
    assert second is not None
    assert second.position == 3
    clock.second = 11
    assert not one.move(first.epoch, 5)
    clock.second = 11
    assert one.hold(first.epoch) is None
    one.release(first.epoch)
    clock.second = 12
    held = other.hold(second.epoch)
    assert held is not None
    assert (held.position, held.holder) == (3, "other")


def test_a_relay_that_ends_lets_the_next_begin_at_once(outbox: Callable[[str], Outbox], clock: Clock) -> None:
    one, other = outbox("one"), outbox("other")
    clock.second = 0
    first = one.seize()
    assert first is not None
    one.release(first.epoch)
    clock.second = 0
    assert other.seize() is not None


def test_a_lease_of_a_clock_that_was_wrong_holds_nobody_up_for_ever(
    outbox: Callable[[str], Outbox], clock: Clock
) -> None:
    one, other = outbox("one"), outbox("other")
    clock.second = 10**9
    assert one.seize() is not None
    clock.second = 0
    assert other.seize() is not None


def test_pages_follow_each_other_without_a_gap(store: Place, outbox: Callable[[str], Outbox]) -> None:
    box = outbox("one")
    whole = box.page(0)
    assert [message.position for message in whole] == [event.position for event in log(store)]
    assert [message.position for message in box.page(7)] == [message.position for message in whole[7:]]
    assert [json.loads(message.value)["type"] for message in whole] == [event.type for event in log(store)]
    assert box.page(whole[-1].position) == []


def test_where_a_position_is_missing_nothing_behind_it_is_sent(store: Place, outbox: Callable[[str], Outbox]) -> None:
    change(store, "DELETE FROM stored_events WHERE notification_id = 6")
    with pytest.raises(StoreError, match="position 6 is missing"):
        outbox("one").page(0)


def test_a_dead_letter_that_dies_again_is_told_again(store: Place, outbox: Callable[[str], Outbox]) -> None:
    box = outbox("one")
    with engine(store) as opened:
        take(opened, b"bad", b"worse")
        letters = box.letters()
        assert [letter.body for letter in letters] == [b"bad", b"worse"]
        take(opened, b"bad")  # while it was on its way
        box.told(letters)
        assert [letter.body for letter in box.letters()] == [b"bad"]
        box.told(box.letters())
        assert box.letters() == []
        take(opened, b"worse")
        assert [letter.body for letter in box.letters()] == [b"worse"]
