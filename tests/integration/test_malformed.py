"""What cannot be understood is kept whole, with the reason; nothing good beside it is lost; nobody sees a traceback."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.integration.facts import check_sound, dead, held, ids, one
from tests.integration.malformed import KINDS
from tests.integration.malformed_data import Mill, line
from tests.integration.stores import opened

ROOT = Path(__file__).parents[2]
SEED, MALFORMED = 4, 10_000
SAID = {
    "torn": "^not JSON: ",
    "not quite json": "^not JSON: ",
    "not utf 8": "^not JSON: not UTF-8$",
    "no object": "^a fact has to be an object, not ",
    "nested too deep": "^a fact is nested more than 256 deep$|^a fact has to be an object|^not JSON: ",
    "too large": "^larger than 1048576 bytes: [0-9]+$",
    "an attribute is missing": "^`[a-z]+` is missing$",
    "a field is missing": "^`data.[a-z]+` is missing$",
    "no such type": "^`type` is no type of fact",
    "far ahead": "^`time` lies more than 5 minutes ahead of the engine's clock$",
    "an identity with other content": "^the same source and id were taken with other content$",
    "a second filing": "^complaint G[0-9]+ was filed already$",
    "an agreement that nobody published": "^nobody has published the agreement ",
}
"""How the reason is put, of some kinds."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def check_letters(path: Path, sent: list[tuple[str | None, bytes, str | None]]) -> Counter[str]:
    """Each malformed one is a dead letter, byte for byte, with its reason and field, and nothing else is."""
    kinds: Counter[str] = Counter()
    with opened(path) as run:
        for kind, body, field in sent:
            if kind is None:
                continue
            kinds[kind] += 1
            select = "SELECT body, reason, field, times FROM dead WHERE digest = ?"
            [letter] = run(select, (hashlib.sha256(body).digest(),)) or [None]
            assert letter is not None, (kind, body[:300])
            assert letter[0] == body
            assert letter[2:] == (field, 1), (kind, letter[1:], body[:300])
            assert 0 < len(letter[1]) < 600
            assert "the engine failed" not in letter[1]
            assert not re.search(r"Traceback|Error\b|msgspec|[\x00-\x1f\x7f-\x9f]", letter[1]), letter[1]
            assert re.search(SAID.get(kind, ""), letter[1]), (kind, letter[1])
    assert one(path, "SELECT COUNT(*) FROM dead") == kinds.total()
    assert set(kinds) == set(KINDS)
    return kinds


def good(sent: list[tuple[str | None, bytes, str | None]]) -> list[str]:
    """Ids of the good ones, in order."""
    return list(dict.fromkeys(json.loads(body)["id"] for kind, body, _ in sent if kind is None))


@pytest.mark.slow
def test_ten_thousand_malformed_facts_are_kept_whole_with_their_reasons_and_cost_no_good_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    ended = run("-m", "tests.integration.taking", str(path), str(SEED), str(MALFORMED))
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    sent = list(Mill(SEED).arrivals(MALFORMED))
    kinds = check_letters(path, sent)
    assert kinds.total() == told["dead"] == MALFORMED
    assert min(count for kind, count in kinds.items() if kind != "too large") > 150
    assert kinds["too large"] > 10
    assert max(len(body) for _, body, _ in sent) == 10_000_000
    names = good(sent)
    assert ids(path) == names
    assert told["recorded"] == len(names) > 2000
    assert told["duplicate"] > 100
    assert not held(path)
    events = check_sound(path)
    assert sum(event.type == "complaint.closed" for event in events) == len(names) // 5, "the good ones were understood"
    assert told["peak"] - told["before"] < 300, "megabytes, whatever is sent"
    print(f"{told['before']} MB before, {told['peak']} MB at most; {kinds}")


def test_dead_letters_that_are_sent_again_are_counted_and_not_kept_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for _ in range(2):
        ended = run("-m", "tests.integration.taking", str(path), "1", "300")
        assert ended.returncode == 0, ended.stderr
    assert one(path, "SELECT COUNT(*) FROM dead") == 300
    assert one(path, "SELECT MIN(times) FROM dead") == 2
    check_sound(path)


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_the_command_line_keeps_malformed_lines_and_shows_no_traceback(tmp_path: Path, clock: str) -> None:
    path, file = tmp_path / "a.db", tmp_path / "facts.jsonl"
    ahead = time.time_ns() // 1000 + 3600 * 10**6
    sent = [one for one in Mill(2, ahead).arrivals(1200) if line(one[1]) and (clock == "wall" or one[0] != "far ahead")]
    file.write_bytes(b"\n".join(body for _, body, _ in sent) + b"\n")
    command = ["ingest", str(file), "--clock", clock, "--store", f"sqlite:///{path}", "--strict", "--json"]
    ended = run("-c", "import sys; from ops.cli import main; sys.exit(main())", *command)
    assert ended.returncode == 3, "--strict says that there are dead letters"
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stderr.count("\n") < 20
    told = json.loads(ended.stdout)
    malformed = [body for kind, body, _ in sent if kind is not None]
    assert sorted(body for _, _, body in dead(path)) == sorted(malformed)
    assert told["dead"] == len(malformed) > 800
    assert told["read"] == len(sent)
    assert sorted(ids(path)) == sorted(good(sent))
    assert told["recorded"] == len(good(sent))
    check_sound(path)


def test_random_bytes_in_good_facts_are_understood_or_kept_and_nothing_else_happens(tmp_path: Path) -> None:
    """Every byte of a fact exchanged, taken out or put in: whatever comes of it, it comes to an end."""
    random, mill = Random(3), Mill(3)
    path = tmp_path / "a.db"
    bodies = []
    for n in range(3000):
        mill.number = n
        body = bytearray(json.dumps(mill.valid()).encode())
        for _ in range(random.choice((1, 1, 2, 5))):
            at = random.randrange(len(body))
            change = random.randrange(3)
            body[at : at + (change < 2)] = b"" if change == 0 else bytes([random.randrange(256)])
        bodies.append(bytes(body))
    script = (
        "import sys, json; from engine.intake import Engine; from collections import Counter\n"
        "engine = Engine('sqlite:///' + sys.argv[1], clock=lambda: 1714600000000000)\n"
        "bodies = [bytes.fromhex(line) for line in sys.stdin.read().split()]\n"
        "taken = [engine.take(bodies[n : n + 50]) for n in range(0, 3000, 50)]\n"
        "print(json.dumps(Counter(result.outcome.value for one in taken for result in one.results)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        input="\n".join(body.hex() for body in bodies),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    letters = dead(path)
    assert sum(found.values()) == 3000
    assert found["dead"] == len(letters) > 1000
    assert {body for _, _, body in letters} <= set(bodies)
    assert not [reason for reason, _, _ in letters if "the engine failed" in reason]
    assert sum(found.get(name, 0) for name in ("recorded", "held")) > 100
    check_sound(path)
