"""ops.logs: what a library says comes into our log, once in a while."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from ops import logs


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    monkeypatch.setenv("STILLDOWN_LOG", "json")
    logger = logging.getLogger("a-library")
    yield logger
    logger.handlers = []
    structlog.reset_defaults()


def said(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    lines = map(json.loads, capsys.readouterr().err.splitlines())
    return [(line["level"], line["event"]) for line in lines]


def test_a_library_that_says_the_same_without_end_is_heard_once(
    library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(works=True)
    logs.listen_to("a-library")
    for port in range(100):
        library.error("cannot reach %s", port)
    library.warning("another thing")
    library.info("of no interest")
    assert said(capsys) == [("error", "cannot reach 0"), ("warning", "another thing")]


def test_who_asks_for_everything_gets_it(library: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(works=True, verbose=True)
    logs.listen_to("a-library", verbose=True)
    for port in range(3):
        library.debug("looking at %s", port)
    assert said(capsys) == [("debug", f"looking at {port}") for port in range(3)]


def test_a_worker_tells_what_it_does_and_a_command_only_what_went_wrong(
    library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    for works in (True, False):
        logs.configure(works=works)
        structlog.get_logger().info("working")
        structlog.get_logger().warning("wrong")
    assert said(capsys) == [("info", "working"), ("warning", "wrong"), ("warning", "wrong")]
