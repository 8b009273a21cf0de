"""What the relay finds in a store, and who may send it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.outbox import Outbox
from engine.store.sqlite import StoreError
from tests.integration.engines import engine, record, take
from tests.integration.facts import filed, log, opened

SECOND = 1_000_000


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with engine(path) as opened:
        record(opened, *(filed(f"f{n}", f"C{n}", n) for n in range(5)))
    return path


def outbox(path: Path, holder: str) -> Outbox:
    return Outbox(f"sqlite:///{path}", holder, 10)


def test_one_relay_at_a_time_may_send(store: Path) -> None:
    one, other = outbox(store, "one"), outbox(store, "other")
    first = one.seize(0)
    assert first is not None
    assert other.seize(9 * SECOND) is None
    assert one.hold(first.epoch, 9 * SECOND) is not None
    assert other.seize(18 * SECOND) is None
    second = other.seize(19 * SECOND)
    assert second is not None
    assert second.epoch > first.epoch


def test_a_relay_of_an_older_epoch_moves_nothing(store: Path) -> None:
    one, other = outbox(store, "one"), outbox(store, "other")
    first = one.seize(0)
    assert first is not None
    assert one.move(first.epoch, 3, 0)
    second = other.seize(11 * SECOND)
    assert second is not None
    assert second.position == 3
    assert not one.move(first.epoch, 5, 11 * SECOND)
    assert one.hold(first.epoch, 11 * SECOND) is None
    one.release(first.epoch)
    held = other.hold(second.epoch, 12 * SECOND)
    assert held is not None
    assert (held.position, held.holder) == (3, "other")


def test_a_relay_that_ends_lets_the_next_begin_at_once(store: Path) -> None:
    one, other = outbox(store, "one"), outbox(store, "other")
    first = one.seize(0)
    assert first is not None
    one.release(first.epoch)
    assert other.seize(0) is not None


def test_a_lease_of_a_clock_that_was_wrong_holds_nobody_up_for_ever(store: Path) -> None:
    one, other = outbox(store, "one"), outbox(store, "other")
    assert one.seize(10**18) is not None
    assert other.seize(0) is not None


def test_pages_follow_each_other_without_a_gap(store: Path) -> None:
    box = outbox(store, "one")
    whole = box.page(0)
    assert [message.position for message in whole] == [event.position for event in log(store)]
    assert [message.position for message in box.page(7)] == [message.position for message in whole[7:]]
    assert [json.loads(message.value)["type"] for message in whole] == [event.type for event in log(store)]
    assert box.page(whole[-1].position) == []


def test_where_a_position_is_missing_nothing_behind_it_is_sent(store: Path) -> None:
    with opened(store) as connection, connection:
        connection.execute("DELETE FROM stored_events WHERE notification_id = 6")
    with pytest.raises(StoreError, match="position 6 is missing"):
        outbox(store, "one").page(0)


def test_a_dead_letter_that_dies_again_is_told_again(store: Path) -> None:
    box = outbox(store, "one")
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
