"""A store that engines on Kafka did not let go of, as a backup of a running one: who only reads records nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from engine.outbox import Outbox
from tests.integration.cli.running import Cli, filed

TERMS = """
effective = 2020-01-01
[agreement.standard]
[[agreement.standard.clock]]
name = "answer"
target = "PT2S"
calendar = "always"
starts = "filed"
stops = "replied"
"""
LEFT = "what has fallen due is left to the next engine"
READS = (["show", "C-1"], ["history", "C-1"], ["explain", "C-1", "answer"], ["view", "sla"], ["rebuild", "sla"])


@pytest.fixture
def overdue(any_cli: Cli) -> Cli:
    """A store in which a deadline has passed that nobody has recorded; an engine had it, and was killed."""
    path = any_cli.folder / "agreements.toml"
    path.write_text(TERMS)
    any_cli("agreements", "apply", str(path))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    any_cli.load(filed("C-1", now, down=False), clock="wall")
    outbox = Outbox(any_cli.store, "engine-1", 0.5)
    assert outbox.seize() is not None
    outbox.close()
    time.sleep(2.2)
    return any_cli


def breached(cli: Cli) -> bool:
    return any(event["type"] == "clock.breached" for event in cli.lines("history", "C-1"))


def test_who_only_reads_leaves_what_is_due_to_the_next_engine_and_says_so(overdue: Cli) -> None:
    before = overdue.json("status")["positions"]
    for command in READS:
        said = overdue(*command)
        assert said.exit == 0
        assert LEFT in said.stderr
    assert overdue.json("status")["positions"] == before
    assert not breached(overdue)


def test_who_writes_does_what_is_due(overdue: Cli) -> None:
    assert LEFT not in overdue("close", "C-1", "--by", "desk").stderr
    assert breached(overdue)


@pytest.mark.parametrize("stopped", [True, False])
def test_where_an_engine_let_go_of_it_or_has_it_who_reads_brings_it_up_to_date(overdue: Cli, stopped: bool) -> None:
    outbox = Outbox(overdue.store, "engine-2", 30)
    lease = outbox.seize()
    assert lease is not None
    if stopped:
        outbox.release(lease.epoch)
    outbox.close()
    assert LEFT not in overdue("show", "C-1").stderr
    assert breached(overdue)
