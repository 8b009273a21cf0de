"""The command line as a whole: exit codes, help, streams, colours; and never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from unittest import mock

import pytest

from engine.decide import Step
from engine.reading import Reader
from ops.cli.commands import application
from tests.integration.cli.running import PROGRAM, Cli, fact, filed, on_a_terminal

COMMANDS = [
    "agreements apply",
    "agreements preview",
    "agreements show",
    "calendar eval",
    "close",
    "dead drop",
    "dead list",
    "dead retry",
    "dead show",
    "demo",
    "engine",
    "explain",
    "held drop",
    "held list",
    "held show",
    "history",
    "import outages",
    "import servicenow",
    "ingest",
    "migrate",
    "project",
    "rebuild",
    "reopen",
    "show",
    "status",
    "verify",
    "view",
    "withdraw",
]
GROUPS = ["agreements", "calendar", "dead", "held", "import"]


def test_these_are_all_the_commands() -> None:
    app = application()
    names = [name for name in app if not name.startswith("-")]
    assert sorted({name for name in names if name not in GROUPS} | {c for c in COMMANDS if " " in c}) == COMMANDS
    assert {f"{group} {name}" for group in GROUPS for name in app[group] if not name.startswith("-")} == {
        command for command in COMMANDS if " " in command
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    said = cli(*command.split(), "--help")

    assert (said.exit, said.stderr) == (0, "")
    for option in ("--store", "--json", "--verbose"):
        assert option in said.stdout
    group = command.split(maxsplit=1)[0]
    assert "Examples:" in said.stdout or "Examples:" in cli(group, "--help").stdout
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_help_says_how_to_begin(cli: Cli) -> None:
    said = cli.apart("--help")

    assert said.exit == 0
    assert "stilldown demo" in said.stdout
    assert "--install-completion" in said.stdout
    assert "Exit codes" in said.stdout


def test_the_version_is_told(cli: Cli) -> None:
    assert re.fullmatch(r"stilldown \d+\.\d+\.\d+\n", cli("--version").stdout)


def test_completion_is_installed_for_a_shell(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(cli.folder))

    done = subprocess.run(
        [*PROGRAM, "--install-completion", "--shell", "bash", "--output", "stilldown.bash"],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert "retry" in (cli.folder / "stilldown.bash").read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("vanish",), 'Unknown command "vanish"'),
        (("shwo", "C-1"), 'Did you mean "show"?'),
        (("show",), "ID is missing. See `stilldown show --help`."),
        (("show", "C-1", "C-2"), "too many arguments: C-2."),
        (("show", "C-1", "--att", "now"), "Unknown option: --att. Did you mean --at?"),
        (("show", "C-1", "--at"), "--at requires an argument"),
        (("dead", "vanish"), "See `stilldown dead --help`."),
        (
            ("status", "--store", "store.db"),
            "--store: a store's URL is sqlite:///FILE or postgresql://…, got 'store.db'; did you mean",
        ),
        (("status", "--store", ""), "--store: a store's URL is sqlite:///FILE or postgresql://…, got ''"),
        (("status", "--store", "postgresql://me:s3cret@host:port/db"), "--store: not a store's URL (invalid"),
        (("status", "--store", "postgresql://me:s3@cret@host/db?nonsense=1"), "--store: not a store's URL (invalid"),
        (("status", "--store", "mysql://me:s3cret@host/db"), "or postgresql://…, got 'mysql':…"),
        (("demo", "--store", "postgresql://host/db"), "the demo's stores are files"),
        (("status", "--store", "sqlite:///:memory:"), "a store is a file"),
        (("status", "--store", "sqlite:///"), "a store's URL is sqlite:///FILE"),
    ],
)
def test_wrong_usage_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    said = cli(*arguments)

    assert (said.exit, said.stdout) == (2, "")
    assert message in said.stderr
    assert said.stderr.startswith("stilldown: ")
    assert said.stderr.count("\n") == 1


def test_options_may_stand_anywhere_after_the_command(cli: Cli) -> None:
    cli.story()
    store = ["--store", cli.store]
    orders = (
        ["show", "C-1", "--at", "2013-02-08T00:00:00Z", *store, "--json"],
        ["show", *store, "--json", "--at", "2013-02-08T00:00:00Z", "C-1"],
        ["show", "--json", "C-1", f"--store={cli.store}", "--at=2013-02-08T00:00:00Z", "--store", cli.store],
    )

    answers = [cli(*order) for order in orders[:2]]

    assert {answer.exit for answer in answers} == {0}
    assert len({answer.stdout for answer in answers}) == 1


def test_the_environment_names_the_store_where_no_option_does(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.story()
    done = subprocess.run(
        [*PROGRAM, "show", "C-1"],
        capture_output=True,
        check=False,
        cwd="/",
        env=os.environ | {"STILLDOWN_STORE": cli.store},
    )
    assert done.stdout.startswith(b"Down 6 d 2 h 50 min")
    done = subprocess.run(
        [*PROGRAM, "show", "C-1"], capture_output=True, check=False, env=os.environ | {"STILLDOWN_STORE": "nonsense"}
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"stilldown: $STILLDOWN_STORE: a store's URL is")


@pytest.mark.parametrize("error", [RuntimeError("what\nnow"), KeyError("x"), MemoryError(), RecursionError("deep")])
def test_the_unexpected_is_one_line_and_its_traceback_is_for_those_who_ask(cli: Cli, error: Exception) -> None:
    cli.story()
    with mock.patch.object(Reader, "show", side_effect=error):
        said = cli("show", "C-1")
        asked = cli("show", "C-1", "--verbose")

    assert (said.exit, asked.exit) == (1, 1)
    assert said.stderr.startswith(f"stilldown: unexpected: {type(error).__name__}")
    assert said.stderr.endswith("; run with --verbose for the traceback\n")
    assert said.stderr.count("\n") == 1
    assert "Traceback" in asked.stderr


def test_a_fault_of_the_engine_costs_its_fact_only_and_shows_no_traceback(cli: Cli) -> None:
    path = cli.file("facts.jsonl", filed("C-1", "2024-03-01T08:00"), filed("C-2", "2024-03-01T08:00"))
    take = Step.take

    def breaks(self: Step, taken: object) -> object:
        if getattr(taken, "subject", "") == "C-1":
            raise ZeroDivisionError("a fault")
        return take(self, taken)  # type: ignore[arg-type]

    with mock.patch.object(Step, "take", breaks):
        said = cli("ingest", path, "--json")
        asked = cli("ingest", path, "--verbose")

    assert said.exit == 0
    assert json.loads(said.stdout)["recorded"] == 1
    assert "Traceback" not in said.stderr
    assert "ZeroDivisionError" in said.stderr
    assert "Traceback" in asked.stderr
    assert cli.lines("dead", "list")[0]["reason"].startswith("the engine failed on it")


def test_nobody_reading_is_no_error_to_talk_about(cli: Cli) -> None:
    cli.load(
        *(fact("service.down", "s", f"2024-03-01T{n // 60:02}:{n % 60:02}", evidence="telemetry") for n in range(900))
    )
    reader = subprocess.Popen(
        [*PROGRAM, "history", "s", "--json", "--store", cli.store], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.readline()
    reader.stdout.close()

    assert reader.stderr.read() == b""
    assert reader.wait(30) == 1
    reader.stderr.close()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_shell_may_close_any_stream(cli: Cli, closed: str) -> None:
    cli.story()
    command = f"exec python -c 'from ops.cli import main; main()' show C-1 --store {cli.store} {closed}"
    path = f"{Path(PROGRAM[0]).parent}:{os.environ['PATH']}"

    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, env=os.environ | {"PATH": path})

    assert done.returncode == 0
    assert done.stderr == b""
    assert cli.json("verify")["ok"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", [["show", "C-1"], ["show", "C-1", "--json"], ["history", "C-1"], ["status"]])
def test_a_full_disk_behind_stdout_is_one_clear_line(cli: Cli, command: list[str]) -> None:
    cli.story()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *command, "--store", cli.store], stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )

    assert done.returncode == 1
    assert done.stderr == "stilldown: No space left on device\n"


@pytest.mark.parametrize("env, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_are_for_terminals_that_want_them(cli: Cli, env: dict[str, str], coloured: bool) -> None:
    cli.story()

    seen = on_a_terminal(cli, "show", "C-1", env=env)

    assert "Down 6 d 2 h 50 min; a ticket would have said 2 d 9 h." in seen
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", seen)) == coloured


def test_progress_is_shown_on_a_terminal_and_nowhere_else(cli: Cli) -> None:
    path = cli.file("facts.jsonl", filed("C-1", "2024-03-01T08:00"))

    assert "taking" in on_a_terminal(cli, "ingest", path, env={})
    assert cli.apart("ingest", path).stderr == ""


def interrupted(cli: Cli, *arguments: str, presses: int = 1, stdin: int | None = None) -> tuple[int, str, str]:
    """Press Ctrl-C while a command is at work."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--store", cli.store],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        status = cli("status", "--json")  # no store yet is an answer too
        if status.exit == 0 and json.loads(status.stdout)["facts"] > 0:
            break
        time.sleep(0.05)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def opened(process: int, path: str) -> None:
    """Waits until a process has a file open, and a moment longer."""
    files = Path(f"/proc/{process}/fd")
    give_up = time.monotonic() + 60
    while files.exists() and time.monotonic() < give_up:
        if any(os.path.realpath(file) == os.path.realpath(path) for file in files.iterdir()):
            break
        time.sleep(0.05)
    time.sleep(1.5)


def many(cli: Cli, number: int) -> str:
    return cli.file("many.jsonl", *(filed(f"C-{n}", "2024-03-01T08:00") for n in range(number)))


def test_ctrl_c_ends_between_two_batches_says_how_far_it_came_and_another_run_goes_on(cli: Cli) -> None:
    path = many(cli, 60_000)

    code, out, err = interrupted(cli, "ingest", path, "--json")

    assert code == 130
    said = json.loads(out)
    assert 0 < said["recorded"] < 60_000
    assert f"interrupted: {said['read']:,} facts taken before that" in err
    assert "Traceback" not in err
    assert cli.json("status")["facts"] == said["recorded"]
    assert cli.json("verify")["ok"]
    again = cli.json("ingest", path)
    assert (again["duplicates"], again["recorded"]) == (said["recorded"], 60_000 - said["recorded"])


def test_ctrl_c_twice_takes_the_batch_back(cli: Cli) -> None:
    code, _, err = interrupted(cli, "ingest", many(cli, 60_000), presses=2)

    assert code == 130
    assert "Traceback" not in err
    assert cli.json("verify")["ok"]


def test_ctrl_c_while_waiting_for_stdin_ends_at_once(cli: Cli) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00"), clock="wall")
    read, write = os.pipe()
    try:
        process = subprocess.Popen(
            [*PROGRAM, "ingest", "-", "--store", cli.store], stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        opened(process.pid, cli.store.removeprefix("sqlite:///"))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        os.close(read)
        os.close(write)

    assert process.returncode == 130
    assert b"interrupted: nothing was taken" in err


@pytest.mark.parametrize("json_logs, start", [("", "2"), ("json", "{")])
def test_logs_are_on_stderr_and_json_where_it_is_asked_for(cli: Cli, json_logs: str, start: str) -> None:
    cli.load(filed("C-1", "2024-03-01T08:00"))
    program = (
        "from ops import logs; import structlog; logs.configure();"
        "structlog.get_logger().warning('a warning', complaint='C-1'); structlog.get_logger().info('not seen')"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", program],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"STILLDOWN_LOG": json_logs},
    )

    assert done.stdout == ""
    line = json.loads(done.stderr)
    assert (line["event"], line["level"], line["complaint"]) == ("a warning", "warning", "C-1")
    assert start


@pytest.mark.parametrize("name", ["C-1", "C-404"])
def test_show_loads_nothing_that_it_does_not_need(cli: Cli, name: str) -> None:
    cli.story()
    program = f"import sys; from ops.cli.main import run; run(['show', {name!r}]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [PROGRAM[0], "-c", program],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"STILLDOWN_STORE": cli.store},
    )

    loaded = set(done.stderr.split())
    assert "engine.reading" in loaded
    assert not {"structlog", "engine.intake", "rich.progress"} & loaded


@pytest.mark.parametrize("command", [["show", "C-1"], ["ingest", "-"], ["migrate"]])
def test_a_folder_that_is_not_there_is_named(cli: Cli, command: list[str]) -> None:
    folder = cli.folder / "nowhere"

    said = cli(*command, "--store", f"sqlite:///{folder}/store.db")

    assert said.exit == 2
    assert f"no folder {folder}" in said.stderr
    assert not folder.exists()
