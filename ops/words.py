"""Words for people: lengths as they say them, moments as they write them, codes spelt out (look.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_HOUR: Final = 3_600
_COLONS: Final = 2

OBJECTIONS: Final = {
    "already_ended": "already ended",
    "customer_down": "customer down",
    "part_outstanding": "part outstanding",
    "promise_outstanding": "promise outstanding",
    "remedy_outstanding": "remedy outstanding",
    "reply_missing": "formal answer missing",
    "restoration_unconfirmed": "restoration unconfirmed",
    "visit_outstanding": "visit outstanding",
}
"""Why a closing is refused (domain.md §5)."""
NEVER_SET_ASIDE: Final = frozenset({"already_ended", "customer_down", "restoration_unconfirmed"})
"""What nobody can override."""

_UNTIL: Final = {
    "customer_down": "the customer is up",
    "restoration_unconfirmed": "it is confirmed that the customer is up",
    "part_outstanding": "the part has arrived",
    "promise_outstanding": "the promise is kept",
    "remedy_outstanding": "the remedy is delivered",
    "reply_missing": "the formal answer is given",
    "visit_outstanding": "the visit is made",
}

ENDED_BY: Final = {
    "customer": "the customer",
    "silence": "silence",
    "technician": "a technician",
    "telemetry": "telemetry",
    "operator": "an operator",
}
"""By whose word an outage ended."""
WAITS: Final = {
    "customer": "the customer",
    "parts": "parts",
    "vendor": "the vendor",
    "access": "access",
    "other": "something else",
}
"""What is waited for, in words."""
CLAIMS: Final = {"pending": "not confirmed yet", "confirmed": "yes", "void": "no"}
"""Whether it was so, what somebody claimed."""
_CAUSES: Final = {
    "working": "being worked on",
    "unconfirmed": "waiting for confirmation",
    "closed": "closed",
    "waiting:customer": "waiting for the customer",
    "waiting:parts": "waiting for parts",
    "waiting:vendor": "waiting for the vendor",
    "waiting:access": "waiting for access",
    "waiting:other": "waiting for something else",
}


def length(seconds: int) -> str:
    """Give a length as people say it: `6 d 2 h 50 min`; seconds only below an hour. `seconds` may be negative."""
    if seconds < 0:
        return f"-{length(-seconds)}"
    parts = []
    left = seconds
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    if left and seconds < _HOUR:
        parts.append(f"{left} s")
    return " ".join(parts) or "0 s"


def hours(seconds: int) -> str:
    """Give a length of a calendar's time: in hours, since a working day is no day of 24."""
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts = [(left // _HOUR, "h"), (left // 60 % 60, "min"), (left % 60, "s")]
    return sign + (" ".join(f"{number:,} {unit}" for number, unit in parts if number) or "0 h")


def roughly(seconds: int) -> str:
    """Give a sum as people compare it: `1,403 d 3 h`; below a day as `length`."""
    days, left = divmod(seconds, 86_400)
    if not days:
        return length(seconds)
    hours = left // _HOUR
    return f"{days:,} d {hours} h" if hours else f"{days:,} d"


def moment(text: str | None) -> str:
    """Give an RFC 3339 moment in UTC as people write it, cut to seconds, without the zone: say that once, near by."""
    if text is None:
        return ""
    day, _, clock = text.removesuffix("Z").removesuffix("+00:00").partition("T")
    return f"{day} {clock.partition('.')[0].removesuffix(':00')}" if clock.count(":") == _COLONS else text


def seconds_between(start: str, end: str) -> int:
    """Give the whole seconds from one RFC 3339 moment to another."""
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() // 1)


def objections(codes: Iterable[str]) -> str:
    """Give objections in words: `customer down, part outstanding`."""
    return ", ".join(OBJECTIONS.get(code, spelt(code)) for code in codes)


def until(codes: Iterable[str]) -> str:
    """Give until when a refused request stands: `until the customer is up, until the part has arrived`."""
    return ", ".join(f"until {_UNTIL.get(code, spelt(code))}" for code in codes)


def cause(code: str) -> str:
    """Give what time went by for, in words."""
    return _CAUSES.get(code, spelt(code))


def spelt(code: str) -> str:
    """Give a code as words."""
    return code.replace("_", " ")


def owner(key: str) -> str:
    """Give an owner (`team/person`, `team`, `-`) in words; as it is where a name has a slash of its own."""
    return "nobody" if key == "-" else key.replace("/", " / ") if key.count("/") == 1 else key


def counted(number: int, one: str, many: str | None = None) -> str:
    """Give a count with its noun: `1 outage`, `2,000 outages`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def settles(shown: dict[str, Any]) -> str:
    """Give the one sentence that settles the argument about a complaint, from what `show` says of it."""
    down = shown["downtime"]
    experienced, reported = down["experienced"], down["reported"]
    outages = shown["outages"]
    if not outages:
        return "Not down at any time, by all that was said."
    times = "" if len(outages) == 1 else f" in {counted(len(outages), 'outage')}"
    head = f"Down {length(experienced)}{times}"
    lasting = outages[-1]["ended_at"] is None and shown["status"] != "withdrawn"
    if lasting and shown["customer_state"] == "down":
        head += ", and still down"
    elif lasting:
        head += ", and nobody has proved that it is back"
    if down["hidden"]:
        return f"{head}; a ticket would have said {length(reported)}."
    return f"{head}; a ticket would say the same."
