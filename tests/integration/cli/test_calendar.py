"""`calendar eval`: anybody can check the arithmetic against a peer's."""

from __future__ import annotations

import json

from tests.cases import ANSWERED, meant, peers, right
from tests.integration.cli.running import Cli


def test_every_case_of_a_peer_gets_its_line_in_order_and_is_right(cli: Cli) -> None:
    cases = peers()

    said = cli("calendar", "eval", stdin="\n".join(map(json.dumps, cases)).encode())

    assert (said.exit, said.stderr) == (0, "")
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    for case, answer in zip(cases, answers, strict=True):
        if case["kind"] in ANSWERED:
            assert answer.keys() == {"id", "value"}
            assert (answer["id"], meant(answer["value"])) == (case["id"], right(case))
        else:
            assert answer == {"id": case["id"], "unsupported": True}


def test_what_cannot_be_read_gets_an_error_and_the_rest_go_on(cli: Cli) -> None:
    good = {"id": "good", "kind": "elapsed", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:01:00Z"}
    lines = ["\ufeff" + json.dumps(good), "", "{", json.dumps({**good, "id": 7, "end": 0}), "  ", json.dumps(good)]

    said = cli.apart("calendar", "eval", "--json", stdin="\r\n".join(lines).encode())

    assert said.exit == 0
    first, broken, wrong, last = map(json.loads, said.stdout.splitlines())
    assert first == last == {"id": "good", "value": 60}
    assert broken["id"] is None
    assert "no JSON" in broken["error"]
    assert wrong["id"] == 7
    assert wrong["error"].startswith("end: ")


def test_it_needs_and_makes_no_store(cli: Cli) -> None:
    assert cli("calendar", "eval").stdout == ""
    assert not list(cli.folder.iterdir())
