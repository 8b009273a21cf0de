"""On every case that a peer's own tests state, ours is right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.cases import KINDS, answered
from tests.cases import ANSWERED, meant, peers, right

PEERS = peers()


@pytest.mark.parametrize("case", [case for case in PEERS if case["kind"] in ANSWERED], ids=lambda case: case["id"])
def test_a_peers_case_is_answered_exactly(case: dict[str, Any]) -> None:
    answer = json.loads(json.dumps(answered(json.dumps(case).encode())))
    assert answer == {"id": case["id"], "value": answer.get("value")}
    assert meant(answer["value"]) == right(case)


@pytest.mark.parametrize("case", [case for case in PEERS if case["kind"] not in ANSWERED], ids=lambda case: case["id"])
def test_other_kinds_are_unsupported(case: dict[str, Any]) -> None:
    assert answered(json.dumps(case).encode()) == {"id": case["id"], "unsupported": True}


def test_there_are_as_many_as_were_collected() -> None:
    assert len(PEERS) == 223
    assert sum(case["kind"] in ANSWERED for case in PEERS) == 145
    assert KINDS.keys() == ANSWERED
