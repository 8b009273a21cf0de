"""Tables, described once for both databases. Names and columns are documented in docs/dashboards.md: people read them.

A table's name carries the version of the views and its generation (`clocks_1_1`): a rebuild fills the next generation
beside the live one. SQL views without numbers (`clocks`) always show the live one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

VERSION: Final = 1
"""Of all tables of views. Another shape is another version, and is rebuilt."""
SCHEMA: Final = "stilldown_views"
"""Where the tables are on PostgreSQL."""
GENERATIONS_COLUMNS: Final = ("version", "generation", "live")
"""Of the table that is made first, `generations`, and by which a read store is known."""
STORE: Final = "stored_events"
"""A table that only a store has."""
Kind = Literal["text", "int", "bool", "blob"]
TYPES: Final[Mapping[str, Mapping[Kind, str]]] = {
    "sqlite": {"text": "TEXT", "int": "INTEGER", "bool": "INTEGER", "blob": "BLOB"},
    "postgres": {"text": 'TEXT COLLATE "C"', "int": "BIGINT", "bool": "BOOLEAN", "blob": "BYTEA"},
}
ARRAYS: Final[Mapping[Kind, str]] = {"text": "text[]", "int": "bigint[]", "bool": "boolean[]", "blob": "bytea[]"}


class Table(NamedTuple):
    """A table: its columns in order, of which the first `keys` identify a row; `versioned` rows also have their times.

    Moments are microseconds since 1970, lists and mixed values are JSON in text.
    """

    name: str
    columns: Mapping[str, Kind]
    keys: int
    versioned: bool = False
    indexes: tuple[tuple[str, ...], ...] = ()
    live: tuple[tuple[str, ...], ...] = ()
    """Indexes on the versions that still hold."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row (of versioned ones: all its versions)."""
        return tuple(self.columns)[: self.keys]

    def all_columns(self) -> dict[str, Kind]:
        """Its columns, with the times of a versioned one."""
        return {**self.columns, **(TIMES if self.versioned else {})}

    def named(self, generation: int) -> str:
        """The table of a generation."""
        return f"{self.name}_{VERSION}_{generation}"

    def ddl(self, generation: int, dialect: str) -> list[str]:
        """Statements that make it, and its indexes."""
        name = self.named(generation)
        types = TYPES[dialect]
        key = (*self.key, "recorded_from") if self.versioned else self.key
        columns = ", ".join(
            f'"{column}" {types[kind]}{" NOT NULL" if column in key else ""}'
            for column, kind in self.all_columns().items()
        )
        rowid = " WITHOUT ROWID" if dialect == "sqlite" and self.name != "events" else ""
        made = [f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({_list(key)})){rowid}"]
        for n, index in enumerate(self.indexes, 1):
            made.append(f"CREATE INDEX {name}_{n} ON {name} ({_list(index)})")
        for n, index in enumerate(self.live, len(self.indexes) + 1):
            made.append(f"CREATE INDEX {name}_{n} ON {name} ({_list(index)}) WHERE recorded_to IS NULL")
        return made


TIMES: Final[dict[str, Kind]] = {"recorded_from": "int", "recorded_to": "int"}
"""From when a version of a row was what was known, and until when (null: it still is)."""


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


EVENTS = Table(
    "events",
    {
        "stream": "text",
        "version": "int",
        "position": "int",
        "type": "text",
        "time": "int",
        "recorded_at": "int",
        "source": "text",
        "id": "text",
        "service": "text",
        "late": "bool",
        "data": "blob",
    },
    keys=2,
)
"""What views need of the events of each stream, so that any moment can be looked at."""
STREAMS = Table("streams", {"stream": "text", "version": "int"}, keys=1)
"""How far each stream was applied."""
SERVICES = Table("services", {"service": "text", "recorded_at": "int", "first_fact_at": "int"}, keys=2)
"""The time of a service's first fact, by what was known since `recorded_at`."""
COMPLAINTS = Table(
    "filed",
    {
        "complaint": "text",
        "service": "text",
        "customer": "text",
        "agreement": "text",
        "recorded_at": "int",
    },
    keys=1,
    indexes=(("service",), ("customer",)),
)
"""What no correction can change of a complaint, and since when it is known."""
PARKED = Table(
    "parked",
    {
        "service": "text",
        "position": "int",
        "stream": "text",
        "version": "int",
        "type": "text",
        "reason": "text",
    },
    keys=1,
)
"""Services whose events are left out from a position on, since one of them could not be applied."""
POSITIONS = Table(
    "positions",
    {"part": "int", "position": "int", "offset": "int", "stream": "text", "version": "int", "recorded_at": "int"},
    keys=1,
)
"""How far each part of the feed was applied: the last event, and where to read on."""
BASE: Final[tuple[Table, ...]] = (EVENTS, STREAMS, SERVICES, COMPLAINTS, PARKED, POSITIONS)
