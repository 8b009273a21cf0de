"""What a person asks of a complaint at the command line: a fact like any other, and the engine's answer to it."""

from __future__ import annotations

import uuid
from typing import Any, Final, NamedTuple

import msgspec

from contracts.decisions import DecisionData
from contracts.envelope import parse
from contracts.errors import MalformedError, StilldownError
from contracts.moments import rfc3339
from engine.keeping import Keeper
from engine.reading import Reader
from engine.taken import Outcome
from ops.asking import standing_now, up_to_date
from ops.errors import OptionError
from ops.opening import engine

SOURCE: Final = "/stilldown/cli"


class NotTakenError(StilldownError):
    """The engine did not take the request in; the message says why."""


class Answer(NamedTuple):
    """What the engine decided, and the complaint before and after."""

    decided: list[DecisionData]
    decisions: int
    before: dict[str, Any]
    after: dict[str, Any]


def ask(url: str, complaint: str, kind: str, data: dict[str, Any]) -> Answer:
    """Record a person's request about a complaint, as a fact of now, and give what the engine decided on it.

    Raises UnknownError where there is no such complaint (nothing is recorded then), OptionError where a value cannot
    be, NoStoreError where there is no store.
    """
    now = up_to_date(url, None)
    reader = Reader(url)
    try:
        before = reader.show(complaint, at=now, known_at=now)
        name = str(uuid.uuid4())
        body = msgspec.json.encode(
            {
                "specversion": "1.0",
                "id": name,
                "source": SOURCE,
                "type": kind,
                "subject": complaint,
                "time": rfc3339(now),
                "datacontenttype": "application/json",
                "data": {key: value for key, value in data.items() if value is not None},
            }
        )
        _check(body)
        decisions = _take(url, body)
        with Keeper(url) as keeper:
            decided = keeper.decided(complaint, SOURCE, name)
        then = standing_now(url)
        return Answer(decided, decisions, before, reader.show(complaint, at=then, known_at=then))
    finally:
        reader.close()


def _check(body: bytes) -> None:
    """See to it that a wrong option is told to who wrote it, and is no dead letter."""
    try:
        parse(body)
    except MalformedError as error:
        field = (error.field or "").removeprefix("data.")
        option = _OPTIONS.get(field, f"--{field.replace('_', '-')}")
        reason = error.reason.removeprefix(f"`{error.field}`").lstrip(": ")
        raise OptionError(f"{option}: {reason}") from None


_OPTIONS: Final = {"": "the request", "subject": "ID", "overrides": "--override"}


def _take(url: str, body: bytes) -> int:
    with engine(url) as opened:
        taken = opened.take([body], mode=None)
    result = taken.results[0]
    if result.outcome is not Outcome.RECORDED:
        raise NotTakenError(f"the request was not recorded ({result.outcome.value}): {result.reason}")
    return taken.decisions
