"""Facts as upstream sends them, and what a store file holds of them.

Times are minutes after START. A store is read with plain SQL, not through the code that is tested.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from contracts.facts import FACTS
from tests.integration.stores import Database, Place, select

START = datetime(2024, 5, 1, tzinfo=UTC)
MINUTE = 60_000_000
DAY = 24 * 60
STANDARD = """
effective = 2020-01-01

[agreement.standard]
restoration = { silence = "PT24H" }

[agreement.trusting]
restoration = { accepts = ["telemetry", "technician"], silence = "PT4H" }

[agreement.wary]
restoration = { accepts = [] }
"""


def us(minute: float) -> int:
    """Microseconds since 1970."""
    return micros(START + timedelta(minutes=minute))


def micros(moment: datetime | str) -> int:
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def when(minute: float) -> str:
    return rfc3339(us(minute))


def rfc3339(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()


def event(
    name: str, kind: str, subject: str, minute: float, /, *, source: str = "/test", **data: Any
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "source": source,
        "id": name,
        "type": kind,
        "subject": subject,
        "time": when(minute),
        "data": data,
    }


def fact(name: str, kind: str, subject: str, minute: float, /, *, source: str = "/test", **data: Any) -> bytes:
    return encoded(event(name, kind, subject, minute, source=source, **data))


def encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def filed(name: str, complaint: str, minute: float, /, *, source: str = "/test", **data: Any) -> bytes:
    how = {"customer": "shop", "channel": "phone", "summary": "the register is dead"} | data
    return fact(name, "complaint.filed", complaint, minute, source=source, **how)


def down(name: str, service: str, minute: float, /, evidence: str = "telemetry", **data: Any) -> bytes:
    return fact(name, "service.down", service, minute, evidence=evidence, **data)


def up(name: str, service: str, minute: float, /, evidence: str = "customer", **data: Any) -> bytes:
    return fact(name, "service.up", service, minute, evidence=evidence, **data)


def close(name: str, complaint: str, minute: float, /, **data: Any) -> bytes:
    return fact(name, "complaint.close_requested", complaint, minute, **({"by": "desk"} | data))


def corrected(name: str, subject: str, minute: float, /, wrong: str, **data: Any) -> bytes:
    how = {"fact": {"source": "/test", "id": wrong}, "by": "desk", "why": "mistaken"} | data
    return fact(name, "fact.corrected", subject, minute, **how)


# ---------------------------------------------------------------------- what a store holds


class Event(NamedTuple):
    """A recorded event, read from its row. Moments are microseconds."""

    position: int
    stream: str
    version: int
    type: str
    time: int
    recorded_at: int
    source: str
    id: str
    data: dict[str, Any]

    @property
    def is_fact(self) -> bool:
        return self.type in FACTS


def rows(path: Place, statement: str, *params: Any) -> list[Any]:
    return select(path, statement, *params)


def one(path: Place, select: str, *params: Any) -> Any:
    return rows(path, select, *params)[0][0]


def event_of(row: Any) -> Event:
    """An event from its row."""
    position, stream, version, topic, state = row
    got = json.loads(state)
    return Event(
        position, stream, version, topic, got["time"], got["recorded_at"], got["source"], got["id"], got["data"]
    )


def log(path: Place) -> list[Event]:
    """Every recorded event in the order recorded."""
    return list(map(event_of, rows(path, "SELECT * FROM stored_events ORDER BY notification_id")))


def facts(path: Place) -> list[tuple[str, str]]:
    """`source` and `id` of every recorded fact in the order recorded."""
    return [(event.source, event.id) for event in log(path) if event.is_fact]


def ids(path: Place) -> list[str]:
    return [name for _, name in facts(path)]


def types(path: Place, stream: str) -> list[str]:
    return [event.type for event in log(path) if event.stream == stream]


def dead(path: Place) -> list[tuple[str, str | None, bytes]]:
    """Reason, field and original bytes of every dead letter."""
    return rows(path, "SELECT reason, field, body FROM dead ORDER BY number")


def held(path: Place) -> list[tuple[str, str]]:
    """Id of every fact that is held, and what it waits for."""
    return rows(path, "SELECT id, waits_for FROM held ORDER BY source, id")


_COLUMNS = {
    "facts": "source, id, digest, stream",
    "held": "source, id, digest, waits_for, due, held_at, body",
    "timers": "stream, due",
    "work": "stream, since, cursor, time, source, id",
    "owned": "person, complaint",
    "intake": "feed, part, position",
    "clock": "recorded_at, mode",
}


def everything(path: Place) -> dict[str, list[Any]]:
    """All that a store holds, apart from when dead letters were received, how often, and their numbers."""
    tables = {name: rows(path, f"SELECT {columns} FROM {name} ORDER BY 1, 2") for name, columns in _COLUMNS.items()}
    tables["staged"] = rows(path, "SELECT body FROM staged ORDER BY number")
    tables["events"] = rows(path, "SELECT * FROM stored_events ORDER BY notification_id")
    tables["dead"] = rows(
        path, "SELECT digest, reason, field, value, source, id, type, subject, body FROM dead ORDER BY 1"
    )
    return tables


def check_sound(path: Place) -> list[Event]:
    """What holds of every store, whatever happened to it. Gives its log."""
    events = log(path)
    assert [event.position for event in events] == list(range(1, len(events) + 1)), "positions have gaps"
    moments = [event.recorded_at for event in events]
    assert moments == sorted(moments), "recorded_at went back"
    versions: Counter[str] = Counter()
    for event in events:
        versions[event.stream] += 1
        assert event.version == versions[event.stream], f"versions of {event.stream}"
    recorded = Counter((event.source, event.id, event.stream) for event in events if event.is_fact)
    assert set(recorded.values()) <= {1}, "a fact was recorded twice"
    assert sorted(recorded) == rows(path, "SELECT source, id, stream FROM facts ORDER BY source, id"), "identities"
    waiting = {tuple(row) for row in rows(path, "SELECT source, id FROM held")}
    assert not waiting & {(source, name) for source, name, _ in recorded}, "held and recorded"
    assert one(path, "SELECT recorded_at FROM clock") >= max(moments, default=-(10**18))
    if isinstance(path, Database):
        assert one(path, "SELECT last FROM positions") == len(events), "the next position"
    else:
        assert one(path, "PRAGMA integrity_check") == "ok"
    return events
