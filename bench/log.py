"""The whole incident log, imported by the command line, and what it says under both readings."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from bench.intake import AGREEMENTS
from bench.workload import LOG
from ops.demo.figures import Figures, figures

DAY = 86_400


def main() -> None:
    """Both readings: the tool's mail on Resolved counted as delivered, and not."""
    found: dict[str, Figures] = {}
    for mail in ("delivered", "sent"):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/log.db"
            _stilldown("agreements", "apply", str(AGREEMENTS), "--store", url)
            taken = orjson.loads(_stilldown("import", "servicenow", str(LOG), "--mail", mail, "--store", url, "--json"))
            print(f"mail {mail}: {taken}")
            found[mail] = figures(url)
    _print(found)


def _stilldown(*arguments: str) -> bytes:
    command = [str(Path(sys.executable).with_name("stilldown")), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def _print(found: dict[str, Figures]) -> None:
    rows: list[tuple[str, list[object]]] = [
        ("incidents", [one.incidents for one in found.values()]),
        ("closings asked for", [one.requested for one in found.values()]),
        ("granted", [one.granted for one in found.values()]),
        ("refused", [one.refused for one in found.values()]),
    ]
    codes = sorted({code for one in found.values() for code in one.objections})
    rows += [(f"refused: {code}", [one.objections.get(code, 0) for one in found.values()]) for code in codes]
    rows += [
        ("false closings", [one.false_closings for one in found.values()]),
        ("false restorations", [one.false_restorations for one in found.values()]),
        ("incidents that hid downtime", [one.hiding for one in found.values()]),
        ("downtime experienced, days", [f"{one.experienced / DAY:,.0f}" for one in found.values()]),
        ("downtime reported, days", [f"{one.reported / DAY:,.0f}" for one in found.values()]),
        ("downtime hidden, days", [f"{one.hidden / DAY:,.0f}" for one in found.values()]),
    ]
    print(f"{'':32}" + "".join(f"{name:>14}" for name in found))
    for name, values in rows:
        print(f"{name:32}" + "".join(f"{value!s:>14}" for value in values))
