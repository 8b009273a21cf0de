"""A mass outage in small: one service, two processes; who works off is killed in the middle, and another goes on."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from pathlib import Path

from bench.outage_check import differences, shown_otherwise
from bench.outage_story import DOWN, LATE, MINUTE, TERMS, UP, Story
from contracts.agreements import parse
from engine.intake import Engine
from tests.integration.engines import record
from tests.integration.facts import check_sound, one
from tests.integration.processes import PATIENCE

_SPAWN = multiprocessing.get_context("spawn")
COMPLAINTS = 200


def work_off(url: str) -> None:
    """Works off what is due, until it is killed."""
    engine = Engine(url)
    while True:
        if not engine.tick().more:
            time.sleep(0.002)


def working(url: str) -> multiprocessing.process.BaseProcess:
    worker = _SPAWN.Process(target=work_off, args=(url,), daemon=True)
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
    engine = Engine(url)
    engine.publish(parse(TERMS))
    record(engine, *[story.filing(n) for n in range(COMPLAINTS)])
    record(engine, *[body for n in range(COMPLAINTS) for body in story.course(n)])
    first = working(url)
    record(engine, story.word(up=False, minute=DOWN))
    wait(lambda: followed(path) > 40)
    first.kill()
    first.join(PATIENCE)
    assert first.exitcode == -signal.SIGKILL
    assert followed(path) < COMPLAINTS, "it was killed in the middle"
    record(engine, story.word(up=True, minute=UP))
    second = working(url)
    record(engine, *[story.closing(n) for n in (*story.truly, *story.falsely)])
    for k in range(story.flaps):
        record(engine, story.flap(k))
    record(engine, story.word(up=False, minute=LATE))
    wait(lambda: not left(path))
    second.kill()
    second.join(PATIENCE)
    engine.close()
    assert list(differences(path, story)) == []
    assert list(shown_otherwise(url, story, [0, 1, 2, 3, 13, COMPLAINTS - 1])) == []
    check_sound(path)


def test_the_outages_of_the_story_are_what_its_words_say() -> None:
    assert Story(0, 10, 4, 1).outages() == [(90, 135), (138, 202), (204, 206)]
