"""SQL views over the live tables, for Grafana and whoever reads with SQL: what holds now, moments as timestamps.

Lengths that still run are computed for the database's own now. docs/dashboards.md describes every column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from projections.store.rows import CLAIMS, CLOCKS, COMPLAINTS, CREDITS, ORDERS, OUTAGES, PROMISES
from projections.store.tables import PARKED, Table

_NOW: Final = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
    "postgres": "(EXTRACT(EPOCH FROM now()) * 1000000)::bigint",
}
_TIMES: Final = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%SZ', {0} / 1000000, 'unixepoch')",
    "postgres": "to_timestamp({0} / 1000000.0)",
}
_MOMENTS: Final = frozenset({"due", "time", "since", "eta", "outage", "outage_from", "paused_since"})
_LISTS: Final = frozenset({"owners", "warned_at"})
_DOWN: Final = "COALESCE(ended_at, {now})"
_SAID: Final = "COALESCE(reported_end, ended_at, {now})"
_MORE: Final[Mapping[str, Mapping[str, str]]] = {
    "outages": {
        "experienced": f"({_DOWN} - started_at) / 1000000",
        "reported": f"({_SAID} - started_at) / 1000000",
        "hidden": f"({_DOWN} - started_at) / 1000000 - ({_SAID} - started_at) / 1000000",
    },
    "clocks": {
        "overdue": "CASE WHEN breached_at IS NULL THEN 0 ELSE (COALESCE(stopped_at, {now}) - breached_at) / 1000000 END"
    },
    "promises": {"experience": "(kept_at - due) / 1000000"},
    "orders": {"waited": "(COALESCE(arrived_at, cancelled_at, {now}) - ordered_at) / 1000000"},
}
"""Lengths in seconds."""
_ONLY: Final[Mapping[str, str]] = {"promises": " AND due IS NOT NULL", "orders": " AND ordered_at IS NOT NULL"}
SHOWN: Final[tuple[Table, ...]] = (COMPLAINTS, CLOCKS, OUTAGES, CLAIMS, PROMISES, ORDERS, CREDITS)


def statements(generation: int, dialect: str) -> Iterator[str]:
    """Statements that make every view, over the tables of a generation."""
    for table in SHOWN:
        yield f"DROP VIEW IF EXISTS {table.name}"
        columns = [_column(name, dialect) for name in table.columns if name not in _LISTS]
        columns += [
            f'{formula.format(now=_NOW[dialect])} AS "{name}"' for name, formula in _MORE.get(table.name, {}).items()
        ]
        yield (
            f"CREATE VIEW {table.name} AS SELECT {', '.join(columns)} FROM {table.named(generation)}"
            f" WHERE recorded_to IS NULL{_ONLY.get(table.name, '')}"
        )
    yield f"DROP VIEW IF EXISTS {PARKED.name}"
    yield f"CREATE VIEW {PARKED.name} AS SELECT * FROM {PARKED.named(generation)}"


def _column(name: str, dialect: str) -> str:
    quoted = f'"{name}"'
    if name in _MOMENTS or name.endswith(("_at", "_end")):
        return f"{_TIMES[dialect].format(quoted)} AS {quoted}"
    if name == "amount":
        return f"CAST({quoted} AS {'NUMERIC' if dialect == 'postgres' else 'REAL'}) AS {quoted}"
    return quoted
