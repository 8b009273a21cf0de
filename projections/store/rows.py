"""Tables of what is concluded, in versions: from when and until when each row was what was known.

docs/dashboards.md describes them for people. `live` are the columns of an index on what is known now.
"""

from __future__ import annotations

from typing import Final

from projections.store.tables import Kind, Table

_WHOSE: Final[dict[str, Kind]] = {"complaint": "text"}

COMPLAINTS: Final = Table(
    "complaints",
    {
        **_WHOSE,
        "service": "text",
        "customer": "text",
        "agreement": "text",
        "agreement_version": "int",
        "zone": "text",
        "status": "text",
        "filed_at": "int",
        "closed_at": "int",
        "withdrawn_at": "int",
        "team": "text",
        "person": "text",
        "handovers": "int",
        "bounces": "int",
        "contacts": "int",
        "repeat_diagnoses": "int",
        "refusals": "int",
        "reopenings": "int",
        "false_closings": "int",
        "reported_fault": "text",
        "owners": "text",
    },
    keys=1,
    versioned=True,
    live=(("status", "team"), ("service",), ("filed_at",)),
)
"""A complaint. `owners` is JSON: who had it from when on, as [moment, team, person, whom the person stands in for]."""
CLOCKS: Final = Table(
    "clocks",
    {
        **_WHOSE,
        "clock": "text",
        "cycle": "int",
        "service": "text",
        "agreement": "text",
        "agreement_version": "int",
        "state": "text",
        "target": "text",
        "started_at": "int",
        "due_at": "int",
        "stopped_at": "int",
        "warned_at": "text",
        "breached_at": "int",
        "paused_for": "text",
        "paused_since": "int",
        "elapsed": "int",
        "paused": "int",
    },
    keys=3,
    versioned=True,
    live=(("state", "due_at"),),
)
"""A clock's cycle. `elapsed` and `paused` (seconds of its calendar's time) are null while it runs."""
OUTAGES: Final = Table(
    "outages",
    {
        "service": "text",
        "started_at": "int",
        "ended_at": "int",
        "ended_by": "text",
        "reported_end": "int",
        "restated": "bool",
    },
    keys=2,
    versioned=True,
    live=(("started_at",),),
)
"""An outage of a service. `reported_end`: what a ticket system would have believed; null while nobody said anything."""
CLAIMS: Final = Table(
    "claims",
    {
        "service": "text",
        "source": "text",
        "id": "text",
        "time": "int",
        "since": "int",
        "outage_from": "int",
        "evidence": "text",
        "by": "text",
        "state": "text",
        "settled_at": "int",
    },
    keys=3,
    versioned=True,
)
"""A claim that a service is back, by the fact that made it; void ones are the false restorations."""
PROMISES: Final = Table(
    "promises",
    {
        **_WHOSE,
        "promise": "text",
        "what": "text",
        "due": "int",
        "state": "text",
        "kept_at": "int",
        "released_at": "int",
    },
    keys=2,
    versioned=True,
    live=(("state", "due"),),
)
"""A promise; `due` is null where only its keeping was told."""
ORDERS: Final = Table(
    "orders",
    {
        **_WHOSE,
        "order": "text",
        "part": "text",
        "state": "text",
        "ordered_at": "int",
        "eta": "int",
        "arrived_at": "int",
        "cancelled_at": "int",
    },
    keys=2,
    versioned=True,
    live=(("part",),),
)
"""An order of a part."""
CREDITS: Final = Table(
    "credits",
    {
        **_WHOSE,
        "outage": "int",
        "service": "text",
        "amount": "text",
        "currency": "text",
        "why": "text",
    },
    keys=2,
    versioned=True,
    live=(("service",),),
)
"""What is owed to a complaint for an outage, by the outage's start; the amount is a decimal number in text."""
ROWS: Final[tuple[Table, ...]] = (COMPLAINTS, CLOCKS, OUTAGES, CLAIMS, PROMISES, ORDERS, CREDITS)
