"""`python -m bench [NAME]`: show, flaps, log [--clocks], worktime, timers, outage […], views, flow,
steady, or `intake [--clocks | --rules] [COPIES] [BATCH] [STORE]`; without a name all of them but steady, which takes
long.

Figures, as ratios of one run.
"""

from __future__ import annotations

import platform
import sys

from bench import deadlines, flaps, flow, intake, log, outage, showing, steady, timers, views, working
from engine.tuning import tune
from ops.taking import BATCH

_INTAKE = ("17", str(BATCH), "sqlite")
_TERMS = {"--clocks": intake.CLOCKS, "--rules": intake.RULES}


def main(arguments: list[str]) -> None:
    """Runs what is named, or all."""
    print(f"Python {platform.python_version()} on {platform.machine()}")
    terms = [_TERMS[argument] for argument in arguments if argument in _TERMS]
    arguments = [argument for argument in arguments if argument not in _TERMS]
    all_ = ["show", "flaps", "log", "worktime", "timers", "outage", "intake", "views", "flow"]
    for name in arguments[:1] or all_:
        tune(bulk=name == "intake")
        if name == "intake":
            _intake(arguments[1:4], terms or ([intake.PLAIN] if arguments else [intake.PLAIN, intake.CLOCKS]))
        elif name == "flaps":
            flaps.main()
        elif name == "log":
            (deadlines if terms else log).main()
        elif name == "timers":
            timers.main(*map(int, arguments[1:2]))
        elif name == "worktime":
            working.main()
        elif name == "outage":
            outage.main(arguments[1:])
        elif name == "views":
            views.main(*map(int, arguments[1:2]))
        elif name == "flow":
            flow.main(*map(int, arguments[1:2]))
        elif name == "steady":
            steady.main(*map(int, arguments[1:2]))
        elif name == "show":
            showing.main()
        else:
            there = "show, flaps, log, worktime, timers, outage, intake, views, flow and steady"
            sys.exit(f"no benchmark {name!r}; there are {there}")


def _intake(given: list[str], terms: list[str]) -> None:
    copies, batch, store = [*given, *_INTAKE[len(given) :]]
    for one in terms:
        intake.main(int(copies), int(batch), store, terms=one)


if __name__ == "__main__":
    main(sys.argv[1:])
