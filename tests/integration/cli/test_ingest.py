"""`ingest`: facts from files, and what became of each."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from ops.taking import BATCH
from tests.integration.cli.running import STORY, Cli, fact, filed, lines

DOWN = filed("C-1", "2024-03-01T08:00")
SOLVED = fact("resolution.proposed", "C-1", "2024-03-01T10:00", by="desk", summary="done")
BACK = fact("resolution.confirmed", "C-1", "2024-03-01T11:00", by="shop-9")
LATER = fact("complaint.acknowledged", "C-2", "2024-03-01T09:00", by="anna")


def counts(said: dict[str, Any]) -> tuple[int, ...]:
    return tuple(said[name] for name in ("read", "recorded", "duplicates", "held", "dead"))


def test_facts_are_counted_by_what_became_of_them(cli: Cli) -> None:
    said = cli.load(DOWN, SOLVED, LATER, b"nonsense", DOWN)

    assert set(said) == {"read", "recorded", "duplicates", "held", "dead", "decisions", "seconds"}
    assert counts(said) == (5, 2, 1, 1, 1)
    assert said["decisions"] > 0


def test_the_same_file_again_records_nothing_new(cli: Cli) -> None:
    cli.load(DOWN, SOLVED)

    assert counts(cli.load(DOWN, SOLVED)) == (2, 0, 2, 0, 0)


def test_a_fact_that_waited_and_was_released_in_the_same_run_counts_as_recorded(cli: Cli) -> None:
    said = cli.load(LATER, filed("C-2", "2024-03-01T08:30"), clock="wall")

    assert counts(said) == (2, 2, 0, 0, 0)


def test_a_fact_that_an_earlier_run_held_is_no_fact_of_this_run(cli: Cli) -> None:
    assert counts(cli.load(LATER)) == (1, 0, 0, 1, 0)

    said = cli("ingest", cli.file("more.jsonl", filed("C-2", "2024-03-01T08:30")), "--json", "--clock", "event")

    assert counts(json.loads(said.stdout)) == (1, 1, 0, 0, 0)
    assert "1 fact that had waited since an earlier run recorded too" in said.stderr


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_are_tolerated(cli: Cli) -> None:
    path = cli.folder / "windows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + lines(DOWN, b"", b"   ", SOLVED).replace(b"\n", b"\r\n") + b"\r\n")

    assert counts(cli.json("ingest", str(path))) == (2, 2, 0, 0, 0)


def test_a_file_without_a_last_line_end_is_read_whole(cli: Cli) -> None:
    path = cli.folder / "cut.jsonl"
    path.write_bytes(lines(DOWN, SOLVED).rstrip(b"\n"))

    assert counts(cli.json("ingest", str(path))) == (2, 2, 0, 0, 0)


def test_compressed_files_are_known_by_their_bytes_not_their_names(cli: Cli) -> None:
    path = cli.folder / "facts.data"
    path.write_bytes(gzip.compress(lines(DOWN, SOLVED)))

    assert counts(cli.json("ingest", str(path))) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_a_dash_reads_stdin(cli: Cli, packed: bool) -> None:
    given = lines(DOWN, SOLVED)

    said = cli.json("ingest", "-", stdin=gzip.compress(given) if packed else given)

    assert counts(said) == (2, 2, 0, 0, 0)


def test_members_of_a_batch_are_facts_one_by_one_and_a_bad_one_costs_no_other(cli: Cli) -> None:
    said = cli.load([DOWN, {"no": "fact"}, SOLVED], [], b"[1, 2", BACK)

    assert counts(said) == (5, 3, 0, 0, 2)


def test_all_files_are_taken_in_the_order_of_facts_and_bad_lines_reach_the_dead_letters(cli: Cli) -> None:
    one = cli.file("1.jsonl", BACK, b"{", SOLVED)
    two = cli.file("2.jsonl", b"\xff\xfe", DOWN, {"time": "yesterday"})

    said = cli.json("ingest", one, two, "--clock", "event")

    assert counts(said) == (6, 3, 0, 0, 3)
    history = cli.lines("history", "C-1")
    assert [event["type"] for event in history if event["kind"] == "fact"] == [
        DOWN["type"],
        SOLVED["type"],
        BACK["type"],
    ]
    assert all(event["recorded_at"] == event["time"] for event in history if event["kind"] == "fact")
    assert cli.json("status")["clock"] == {"mode": "event", "recorded_at": "2024-03-01T11:00:00Z"}


def test_a_line_larger_than_a_fact_may_be_is_one_dead_letter(cli: Cli) -> None:
    large = json.dumps(DOWN | {"data": {"summary": "x" * 5_000_000}}).encode()

    assert counts(cli.load(large, DOWN)) == (2, 1, 0, 0, 1)


@pytest.mark.slow
def test_a_line_of_64_megabytes_of_facts_is_read(cli: Cli) -> None:
    batch = [DOWN] + [
        fact("complaint.acknowledged", "C-1", "2024-03-01T09:00", f"a{n}", by="y" * 200) for n in range(180_000)
    ]
    path = cli.folder / "batch.jsonl"
    path.write_bytes(json.dumps(batch).encode() + b"\n")
    assert path.stat().st_size > 64_000_000

    assert counts(cli.json("ingest", str(path))) == (180_001, 180_001, 0, 0, 0)


def test_strict_refuses_a_file_with_a_bad_fact_after_taking_the_good_ones(cli: Cli) -> None:
    path = cli.file("facts.jsonl", DOWN, b"nonsense")

    assert cli("ingest", path).exit == 0
    said = cli("ingest", path, "--strict", "--json")

    assert said.exit == 3
    assert counts(json.loads(said.stdout)) == (2, 0, 1, 0, 1)


def test_people_are_told_what_happened_and_what_to_do_about_it(cli: Cli) -> None:
    said = cli("ingest", cli.file("facts.jsonl", DOWN, b"nonsense", filed("C-3", "2024-03-01T08:00", agreement="gold")))

    assert "3 facts read" in said.stdout
    assert "1 recorded" in said.stdout
    assert "2 not understood" in said.stdout
    assert "1 time: not JSON" in said.stderr
    assert "gold" in said.stderr
    assert "stilldown dead list" in said.stderr


def test_a_file_that_is_no_json_lines_at_all_is_explained(cli: Cli) -> None:
    said = cli("ingest", cli.file("facts.json", b"{", b'  "specversion": "1.0"', b"}"))

    assert "one fact a line" in said.stderr


def test_a_missing_file_is_told_before_anything_is_taken(cli: Cli) -> None:
    said = cli("ingest", cli.file("facts.jsonl", DOWN), "missing.jsonl")

    assert said.exit == 2
    assert said.stderr == "stilldown: missing.jsonl: cannot be read: No such file or directory\n"
    assert not (cli.folder / "store.db").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "no file is named"),
        (("-", "-"), "`-` (stdin) can be read once only"),
        (("--clok", "event", "-"), "unknown option --clok"),
        ((".",), "is a folder"),
        (("a\0b",), "is no name of a file"),
        (("-", "--clock", "sun"), 'Invalid value "sun" for --clock'),
    ],
)
def test_wrong_usage_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    said = cli("ingest", *arguments)

    assert said.exit == 2
    assert message in said.stderr
    assert said.stderr.count("\n") == 1
    assert not (cli.folder / "store.db").exists()


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_a_file_that_is_cut_off_says_how_far_it_came(cli: Cli, clock: str) -> None:
    path = cli.folder / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(lines(DOWN, SOLVED) + b" " * 100_000, 0)[:5000])
    more = cli.file("more.jsonl", DOWN, *(LATER | {"id": str(n)} for n in range(BATCH - 1)))

    said = cli("ingest", more, str(path), "--clock", clock)

    assert said.exit == 2
    assert "cut.jsonl.gz: cannot be read to its end after line" in said.stderr
    taken = clock == "wall"  # a whole batch; in the order of facts nothing is taken before all is read
    assert (f"{BATCH:,} facts taken before that" in said.stderr) == taken
    assert cli.json("status")["facts"] == int(taken)


def test_the_order_of_files_does_not_matter_when_they_are_sorted_outside_memory(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.sorting.in_order.__kwdefaults__", {"run": 2_000, "taken": None})
    facts = [json.loads(line) for line in (STORY / "facts.jsonl").read_text().splitlines()]
    cli("agreements", "apply", str(STORY / "agreement.toml"))

    said = cli.load(*reversed(facts))

    assert counts(said) == (len(facts), len(facts), 0, 0, 0)
    assert cli.json("show", "C-1")["downtime"]["hidden"] == 528_600 - 205_200


def test_facts_of_history_on_a_store_of_the_machines_clock_are_recorded_now_and_said_to_be(cli: Cli) -> None:
    cli.load(DOWN, clock="wall")

    said = cli("ingest", cli.file("more.jsonl", SOLVED), "--clock", "event")

    assert "note: this store's clock is the machine's" in said.stderr
    assert cli.json("status")["clock"]["mode"] == "wall"


def test_a_store_of_history_whose_clock_becomes_the_machines_says_so(cli: Cli) -> None:
    cli.load(DOWN)

    said = cli("ingest", cli.file("more.jsonl", SOLVED))

    assert "note: this store's clock stood at 2024-03-01 08:00 UTC; from now on it is the machine's" in said.stderr


def test_an_empty_file_changes_nothing(cli: Cli) -> None:
    cli.load(DOWN)

    said = cli("ingest", "-", stdin=b"\n\n")

    assert said.exit == 0
    assert "there was no fact in it" in said.stderr
    assert cli.json("status")["clock"]["mode"] == "event"


ENDS = """
effective = 0001-01-01
[calendar.office]
zone = "Pacific/Kiritimati"
hours = { mon = ["09:00-17:00"], thu = ["00:00-24:00"], fri = ["00:00-24:00"] }
[agreement.standard]
restoration = { silence = "PT1000H" }
credit = { after = "PT1H", per = "day", amount = "10.00", currency = "PLN", cap = "30.00" }
[[agreement.standard.clock]]
name = "reply"
target = "P36525D"
calendar = "office"
starts = "filed"
stops = "replied"
pauses = ["parts"]
warn = [0.5]
on_breach = "deem_upheld"
[[agreement.standard.clock]]
name = "restore"
target = "PT12H"
calendar = "office"
starts = "down"
stops = "up"
warn = [0.9]
"""


@pytest.mark.parametrize("clock", ["event", "wall"])
def test_facts_of_the_first_and_the_last_days_of_all_stop_no_ingest(cli: Cli, clock: str) -> None:
    terms = cli.folder / "terms.toml"
    terms.write_text(ENDS)
    assert cli("agreements", "apply", str(terms)).exit == 0
    first, last = "0001-01-01T{:02d}:00", "9999-12-31T{:02d}:00"
    facts = [
        fact(kind, subject, day.format(hour), **data)
        for subject, day in (("C-1", first), ("C-2", last))
        for hour, kind, data in (
            (1, "complaint.filed", {"customer": "shop", "channel": "web", "summary": "dead", "down": True}),
            (2, "complaint.wait_started", {"on": "parts"}),
            (3, "complaint.wait_ended", {}),
            (4, "resolution.proposed", {"by": "desk", "summary": "restarted"}),
            (5, "notice.sent", {"notice": "n", "channel": "mail", "about": "confirmation"}),
            (6, "notice.delivered", {"notice": "n", "proof": "read"}),
            (9, "complaint.replied", {"by": "desk", "decision": "upheld"}),
        )
    ]
    taken = cli.load(*facts, filed("C-3", "2024-05-01T08:00"), clock=clock)
    late = clock == "wall"  # what lies in the future is no fact yet
    assert (taken["read"], taken["recorded"], taken["dead"]) == ((15, 8, 7) if late else (15, 15, 0))
    for complaint in ("C-1",) if late else ("C-1", "C-2"):
        clocks = {row["clock"]: row for row in cli.json("show", complaint)["clocks"]}
        assert (clocks["reply"]["state"], clocks["reply"]["elapsed"], clocks["reply"]["due_at"]) == ("met", 0, None)
    assert cli("status").exit in {0, 1}
    assert cli.json("verify")["ok"]
    assert cli.json("migrate", "--timers")["decisions"] == 0
