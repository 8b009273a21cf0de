"""A mass outage in small: one service, two processes; who works off is killed in the middle, and another goes on."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.synchronize import Semaphore
from pathlib import Path

import pytest

from bench.outage_check import differences, shown_otherwise
from bench.outage_story import DOWN, LATE, MINUTE, TERMS, UP, Story
from contracts.agreements import parse
from engine import timers
from engine.intake import Engine
from engine.portions import Size
from engine.store.unit import _LOAD_OUTAGES
from tests.integration.engines import engine, record
from tests.integration.facts import check_sound, one, rows
from tests.integration.processes import PATIENCE

_SPAWN = multiprocessing.get_context("spawn")
COMPLAINTS = 200


def work_off(url: str, portions: Semaphore | None) -> None:
    """Works off what is due, until it is killed; with `portions` one of about 32 complaints for each."""
    mine = Engine(url)
    if portions is not None:
        vars(timers)["ALONE"] = Size(1, 1)
    while True:
        if portions is not None:
            portions.acquire()
        if not mine.tick().more:
            time.sleep(0.002)


def working(url: str, portions: Semaphore | None = None) -> multiprocessing.process.BaseProcess:
    worker = _SPAWN.Process(target=work_off, args=(url, portions), daemon=True)
    worker.start()
    return worker


def followed(path: Path) -> int:
    """How many complaints have a cycle of the outage already."""
    return int(
        one(
            path,
            "SELECT COUNT(DISTINCT originator_id) FROM stored_events"
            " WHERE topic = 'clock.started' AND CAST(state AS TEXT) LIKE '%\"restore\"%'",
        )
    )


def left(path: Path) -> bool:
    now = time.time_ns() // 1000
    return bool(one(path, f"SELECT EXISTS (SELECT 1 FROM work) OR EXISTS (SELECT 1 FROM timers WHERE due <= {now})"))


def wait(until: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_mass_outage_ends_as_plain_arithmetic_says_though_who_works_it_off_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "outage.db"
    url = f"sqlite:///{path}"
    story = Story(time.time_ns() // 1000 - 600 * MINUTE, COMPLAINTS, 4, 15)
    taking = Engine(url)
    taking.publish(parse(TERMS))
    record(taking, *[story.filing(n) for n in range(COMPLAINTS)])
    record(taking, *[body for n in range(COMPLAINTS) for body in story.course(n)])
    portions = _SPAWN.Semaphore(0)
    first = working(url, portions)
    record(taking, story.word(up=False, minute=DOWN))
    for _ in range(4):
        portions.release()  # no more than that, however quick it is
    wait(lambda: followed(path) > 40)
    first.kill()
    first.join(PATIENCE)
    assert first.exitcode == -signal.SIGKILL
    assert followed(path) < COMPLAINTS, "it was killed in the middle"
    record(taking, story.word(up=True, minute=UP))
    second = working(url)
    record(taking, *[story.closing(n) for n in (*story.truly, *story.falsely)])
    for k in range(story.flaps):
        record(taking, story.flap(k))
    record(taking, story.word(up=False, minute=LATE))
    wait(lambda: not left(path))
    second.kill()
    second.join(PATIENCE)
    taking.close()
    assert list(differences(path, story)) == []
    assert list(shown_otherwise(url, story, [0, 1, 2, 3, 13, COMPLAINTS - 1])) == []
    check_sound(path)


def test_the_outages_of_the_story_are_what_its_words_say() -> None:
    assert Story(0, 10, 4, 1).outages() == [(90, 135), (138, 202), (204, 206)]


@pytest.mark.parametrize("at_once, looked_through", [(2, 3), (7, 1)])
def test_it_does_not_matter_how_many_complaints_are_worked_off_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, looked_through: int
) -> None:
    monkeypatch.setattr(timers, "AT_ONCE", at_once)
    monkeypatch.setattr(timers, "LOOKED_THROUGH", looked_through)
    monkeypatch.setattr(timers, "ALONE", Size(1, 5))
    monkeypatch.setattr(timers, "BESIDE", Size(1, 5))  # by number alone, whatever machine it is
    path = tmp_path / "outage.db"
    story = Story(time.time_ns() // 1000 - 600 * MINUTE, 40, 4, 6)
    with engine(path, terms=TERMS, clock=None) as taking:
        taking._machine = None  # the machine's own clock
        record(taking, *[story.filing(n) for n in range(40)])
        record(taking, *[body for n in range(40) for body in story.course(n)])
        record(taking, story.word(up=False, minute=DOWN), story.word(up=True, minute=UP))
        taking.tick()
        record(taking, *[story.closing(n) for n in (*story.truly, *story.falsely)])
        record(taking, *[story.flap(k) for k in range(4)])
        taking.tick()
        record(taking, story.word(up=False, minute=LATE))
        ticks = 0
        while taking.tick().more:
            ticks += 1
        assert ticks > 5
    assert list(differences(path, story)) == []


def test_what_is_shown_of_a_service_is_found_without_reading_all_that_it_heard(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with engine(path):
        plan = rows(path, f"EXPLAIN QUERY PLAN {_LOAD_OUTAGES}", "service:S")
    assert "stored_events_outages" in str(plan)
