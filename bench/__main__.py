"""`python -m bench [show|flaps|log|worktime|views|intake [COPIES] [BATCH] [postgres]]`: ratios of one run."""

from __future__ import annotations

import platform
import sys

from bench import flaps, intake, log, showing, views, working
from engine.tuning import collect_rarely

_INTAKE = ("17", "100", "sqlite")


def main(arguments: list[str]) -> None:
    """Runs what is named, or all."""
    print(f"Python {platform.python_version()} on {platform.machine()}")
    collect_rarely()
    wanted = arguments[:1] or ["show", "flaps", "log", "worktime", "intake", "views"]
    for name in wanted:
        if name == "intake":
            given = arguments[1:4]
            copies, batch, store = [*given, *_INTAKE[len(given) :]]
            intake.main(int(copies), int(batch), store)
        elif name == "flaps":
            flaps.main()
        elif name == "log":
            log.main()
        elif name == "worktime":
            working.main()
        elif name == "views":
            views.main(*map(int, arguments[1:2]))
        elif name == "show":
            showing.main()
        else:
            sys.exit(f"no benchmark {name!r}; there are show, flaps, log, worktime, intake and views")


if __name__ == "__main__":
    main(sys.argv[1:])
