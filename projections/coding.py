"""Events in the read store: what views need of their data, as JSON.

The customer's own texts are no view's, and stay out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from contracts.decisions import DECISIONS, ClockChanged
from contracts.facts import (
    FACTS,
    ComplaintAssigned,
    ComplaintEscalated,
    ComplaintExtended,
    ComplaintFiled,
    ComplaintReopenRequested,
    ComplaintWaitStarted,
    ComplaintWithdrawn,
    FactCorrected,
    NoticeDelivered,
    ResolutionProposed,
    ResolutionRejected,
)
from contracts.recorded import Recorded

_TEXTS: Final[dict[str, dict[str, Any]]] = {
    ComplaintFiled.TYPE: {"summary": ""},
    ComplaintAssigned.TYPE: {"note": None},
    ComplaintWaitStarted.TYPE: {"reason": None},
    ComplaintEscalated.TYPE: {"reason": ""},
    ComplaintExtended.TYPE: {"why": ""},
    ComplaintReopenRequested.TYPE: {"reason": ""},
    ComplaintWithdrawn.TYPE: {"proof": "-"},
    ResolutionProposed.TYPE: {"summary": ""},
    ResolutionRejected.TYPE: {"reason": ""},
    NoticeDelivered.TYPE: {"proof": "-"},
    FactCorrected.TYPE: {"why": "", "proof": None},
}
"""Fields that are left out, by type of fact."""
_DECODERS: Final[dict[str, Callable[[bytes], Any]]] = {
    name: msgspec.json.Decoder(cls).decode for name, cls in (*FACTS.items(), *DECISIONS.items())
}
_encode = msgspec.json.Encoder().encode
_replace = msgspec.structs.replace
_EMPTY: Final = b"{}"


def row_of(position: int, event: Recorded) -> tuple[Any, ...]:
    """A row of the table `events`."""
    data = event.data
    if isinstance(data, ClockChanged):
        state = _EMPTY  # its own table has it
    else:
        texts = _TEXTS.get(event.type)
        state = _encode(data if texts is None else _replace(data, **texts))
    return (
        event.stream,
        event.version,
        position,
        event.type,
        event.time,
        event.recorded_at,
        event.source,
        event.id,
        event.service,
        event.late,
        state,
    )


def event_of(row: tuple[Any, ...]) -> Recorded | None:
    """A recorded event from a row without its position; None for those of which only the time is kept."""
    stream, version, kind, time, recorded_at, source, name, service, late, data = row
    if data == _EMPTY and kind.startswith("clock."):
        return None
    return Recorded(stream, version, kind, time, recorded_at, source, name, _DECODERS[kind](data), service, bool(late))
