"""Every command by its name. What runs it is imported when it runs: `stilldown show` waits for no importer."""

from __future__ import annotations

from typing import Final

from cyclopts import App

_ABOUT: Final = (
    """Keeps what the customer lives through: a complaint cannot be closed while the customer is still down."""
)
_END: Final = """Begin with:
  stilldown demo                   real incidents, and what their tickets hid
  stilldown ingest facts.jsonl     your own facts
  stilldown --install-completion   then Tab completes commands and options

Exit codes: 0 done, 1 something else went wrong, 2 wrong usage or input,
3 refused by the engine, 4 not found.
$STILLDOWN_STORE names the store, STILLDOWN_LOG=json makes logs JSON,
NO_COLOR takes colours away."""

_INGEST: Final = """Examples:
  stilldown ingest facts.jsonl
  stilldown ingest 2013/*.jsonl.gz --clock event   history, as if lived
  zcat facts.gz | stilldown ingest - --strict"""
_IMPORT_INCIDENTS: Final = """Examples:
  stilldown import servicenow incidents.csv.gz
  stilldown import servicenow incidents.csv --mail delivered
  stilldown import servicenow incidents.csv --facts-only > facts.jsonl"""
_IMPORT_OUTAGES: Final = """Examples:
  stilldown import outages outages.csv.gz
  stilldown import outages outages.csv --mapping ours.toml"""
_SHOW: Final = """Examples:
  stilldown show C-17
  stilldown show C-17 --at 2013-02-07T18:00:00+01:00
      what was so then, by what is known now
  stilldown show C-17 --known-at 2013-02-07T18:00:00+01:00
      what was known then"""
_HISTORY: Final = """Examples:
  stilldown history C-17
  stilldown history register-3 --json | jq -r .type"""
_VIEW: Final = """Examples:
  stilldown view complaints --where status=open
  stilldown view sla --sum-by team,month
  stilldown view downtime --sum-by service,day --at 2013-03-01T00:00:00Z

Views: complaints, sla, downtime, watermelon, closures, handovers, parts,
promises, credits."""
_EXPLAIN: Final = """Examples:
  stilldown explain C-17 restore
  stilldown explain C-17 reply --at 2013-02-07T18:00:00+01:00
  stilldown explain C-17 restore --json | jq -r '.cycles[].words[]'"""
_CLOSE: Final = """Examples:
  stilldown close C-17 --by kowalski
  stilldown close C-17 --by kowalski \\
      --override part_outstanding --approved-by nowak
  stilldown close C-17 --by kowalski --when-confirmed
      if it is refused, it closes when nothing objects any more"""
_REOPEN: Final = """Examples:
  stilldown reopen C-17 --by shop-9 --reason "it failed again"
  stilldown reopen C-17 --by shop-9 --reason "never came back" --still-down"""
_WITHDRAW: Final = """Examples:
  stilldown withdraw C-17 --by shop-9 --proof 'mail of 7 February, 18:04'"""
_DEAD: Final = """Examples:
  stilldown dead list
  stilldown dead show 3
  stilldown dead retry --all       when the agreement that they name is applied
  stilldown dead drop 3 > kept.jsonl"""
_HELD: Final = """Examples:
  stilldown held list
  stilldown held show /erp 1f0c
  stilldown held drop /erp 1f0c > kept.jsonl"""
_AGREEMENTS: Final = """Examples:
  stilldown agreements preview agreements.toml
  stilldown agreements apply agreements.toml
  stilldown agreements apply agreements.toml --to C-17 C-18
  stilldown agreements show standard"""
_CALENDAR: Final = """Examples:
  stilldown calendar eval < cases.jsonl
  stilldown calendar eval < cases.jsonl | jq -r 'select(.error)'"""
_STATUS: Final = """Examples:
  stilldown status
  stilldown status --json | jq .dead
  stilldown status --kafka broker:9092     how many messages wait in the topics
  stilldown status --metrics               for Prometheus"""
_VERIFY: Final = """Examples:
  stilldown verify
  stilldown verify --store sqlite:////var/lib/stilldown/store.db"""
_MIGRATE: Final = """Examples:
  stilldown migrate --store sqlite:////var/lib/stilldown/store.db
  stilldown migrate --store postgresql://stilldown@db/stilldown
  stilldown migrate --begin     before new workers are started beside old ones
  stilldown migrate --kafka broker:9092    the topics too"""
_ENGINE: Final = """Examples:
  stilldown engine --kafka broker:9092
  stilldown engine --kafka broker-1:9092,broker-2:9092 --store sqlite:////var/lib/stilldown/store.db"""
_PROJECT: Final = """Examples:
  stilldown project
  stilldown project --kafka broker:9092    any number of them
  stilldown project --once --views postgresql://localhost/dashboards"""
_REBUILD: Final = """Examples:
  stilldown rebuild sla downtime
  stilldown rebuild sla --kafka broker:9092     from what Kafka has
  stilldown rebuild complaints --check      exit code 1 where it differs"""
_DEMO: Final = """Examples:
  stilldown demo
  stilldown demo --store sqlite:////tmp/demo.db"""

_HERE: Final = "ops.cli"


_FACTS: Final = "Facts"
_COMPLAINTS: Final = "Complaints"
_HOUSE: Final = "The house"


def application() -> App:
    """Put the command line together. Commands return their exit codes."""
    app = _group("stilldown", _ABOUT, _END)
    _complaints(app)
    _facts(app)
    _add(app, "agreements", None, "The terms that complaints are held to.", _AGREEMENTS, _HOUSE)
    _add(app["agreements"], "apply", "agreements:apply", "Publish what is new in a file.")
    about = "What a file would do to each open complaint. Changes nothing."
    _add(app["agreements"], "preview", "agreements:preview", about)
    _add(app["agreements"], "show", "agreements:show", "Every published version.")
    _add(app, "calendar", None, "Working time, reckoned for whoever wants to check it.", _CALENDAR, _HOUSE)
    _add(app["calendar"], "eval", "reckoning:evaluate", "Answer cases of calendar arithmetic, JSON Lines on stdin.")
    _add(app, "status", "keeping:status", "How the store stands.", _STATUS, _HOUSE)
    _add(app, "verify", "keeping:verify", "Check the whole store: positions, versions, identities.", _VERIFY, _HOUSE)
    _add(app, "migrate", "keeping:migrate", "Make a store, or upgrade one; and Kafka's topics.", _MIGRATE, _HOUSE)
    _add(app, "engine", "working:engine", "A worker: facts from Kafka, what is recorded to Kafka.", _ENGINE, _HOUSE)
    _add(app, "project", "projecting:project", "Keep the views' tables up to date.", _PROJECT, _HOUSE)
    about = "Make views anew beside the live ones, compare, switch."
    _add(app, "rebuild", "projecting:rebuild", about, _REBUILD, _HOUSE)
    _add(app, "demo", "demo:demo", "Real incidents: what was closed on whom, and for how long.", _DEMO, _HOUSE)
    app.register_install_completion_command(
        help="Complete commands with Tab in your shell.", result_action="return_value"
    )
    return app


def _complaints(app: App) -> None:
    about = "One complaint: is the customer down, and what was done about it?"
    _add(app, "show", "showing:show", about, _SHOW, _COMPLAINTS)
    _add(app, "history", "showing:history", "Every fact and decision, in the order recorded.", _HISTORY, _COMPLAINTS)
    _add(app, "view", "viewing:view", "What dashboards read: rows of a view, or their sums.", _VIEW, _COMPLAINTS)
    about = "Why a deadline is what it is, with the fact behind everything."
    _add(app, "explain", "explaining:explain", about, _EXPLAIN, _COMPLAINTS)
    about = "Ask to close a complaint. Refused while the customer is down."
    _add(app, "close", "ending:close", about, _CLOSE, _COMPLAINTS)
    _add(app, "reopen", "ending:reopen", "Open a closed complaint again.", _REOPEN, _COMPLAINTS)
    _add(app, "withdraw", "ending:withdraw", "The customer takes a complaint back.", _WITHDRAW, _COMPLAINTS)


def _facts(app: App) -> None:
    _add(app, "ingest", "taking:ingest", "Take facts from files of JSON Lines.", _INGEST, _FACTS)
    _add(app, "import", None, "Turn other systems' exports into facts, and take them.", None, _FACTS)
    _add(app["import"], "servicenow", "taking:servicenow", "An incident audit log.", _IMPORT_INCIDENTS)
    _add(app["import"], "outages", "taking:outages", "An outage feed.", _IMPORT_OUTAGES)
    _add(app, "dead", None, "Facts that could not be understood: nothing is lost.", _DEAD, _FACTS)
    _add(app["dead"], "list", "dead:listed", "Which there are, and why.")
    _add(app["dead"], "show", "dead:show", "One of them, with its original bytes.")
    _add(app["dead"], "retry", "dead:retry", "Take their original bytes in again. What dies again stays.")
    _add(app["dead"], "drop", "dead:drop", "Take them out; prints their original bytes.")
    about = "Facts that wait: for their complaint, the fact that they correct, or their time."
    _add(app, "held", None, about, _HELD, _FACTS)
    _add(app["held"], "list", "held:listed", "Which there are, and what for.")
    _add(app["held"], "show", "held:show", "One of them, with its original bytes.")
    _add(app["held"], "drop", "held:drop", "Take one out; prints its original bytes.")


def _group(name: str, about: str, end: str | None = None, group: str | None = None) -> App:
    return App(
        name=name,
        help=about,
        help_epilogue=end,
        group=() if group is None else group,
        version=_version,
        help_format="plaintext",
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )


def _version() -> str:
    from importlib.metadata import version

    return f"stilldown {version('stilldown')}"


def _add(  # noqa: PLR0917 - a table of commands reads better without names
    app: App, name: str, where: str | None, about: str, end: str | None = None, group: str | None = None
) -> None:
    """Add a command that is imported when it runs, or (without `where`) a group of commands."""
    if where is None:
        app.command(_group(name, about, end, group))
    elif group is None:
        app.command(f"{_HERE}.{where}", name=name, help=about, help_epilogue=end)
    else:
        app.command(f"{_HERE}.{where}", name=name, help=about, help_epilogue=end, group=group)
