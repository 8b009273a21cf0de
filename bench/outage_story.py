"""A mass outage, told fact by fact, and what comes of it by plain arithmetic, without the engine.

Minutes count from `Story.begins`. Complaints are filed from minute 0 to 60. Then the service goes down (90) and up
(135), closings are asked for and granted, the service flaps from minute 200 on, and at last it becomes known that it
had been down again from minute 138 on: closings of minute 140 were false, those of minute 137 were not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from contracts.moments import rfc3339

MINUTE = 60_000_000
SERVICE = "cell-1"
TERMS = """
effective = 2020-01-01
[agreement.standard]
restoration = { accepts = ["telemetry"], silence = "PT24H" }
[[agreement.standard.clock]]
name = "restore"
target = "PT30M"
calendar = "always"
starts = "down"
stops = "up"
pauses = ["customer"]
warn = [0.5]
[[agreement.standard.clock]]
name = "acknowledge"
target = "PT15M"
calendar = "always"
starts = "filed"
stops = "acknowledged"
"""
DOWN, UP, TRULY, LATE, FALSELY, FLAPS = 90, 135, 137, 138, 140, 200
WAITED = (95, 100, 128)
"""When every tenth complaint waits for its customer: said, the notice delivered, over."""
_TARGET, _WARN, _ANSWER, _ANSWERED = 30, 15, 15, 5


class Expected(NamedTuple):
    """A cycle of a clock as it has to be recorded in the end; moments are microseconds, lengths seconds."""

    state: str
    started_at: int
    due_at: int
    stopped_at: int | None
    warned_at: tuple[int, ...]
    breached_at: int | None
    elapsed: int | None
    paused: int | None


class Story:
    """`complaints` of one service, `flaps` words after the first two, `closings` that prove false, and as many true."""

    def __init__(self, begins: int, complaints: int, flaps: int, closings: int) -> None:
        """`begins`: microseconds since 1970. A tenth of the complaints waits for its customer."""
        self.begins = begins
        self.complaints = complaints
        self.flaps = flaps
        self.falsely = range(0, 4 * closings, 4)
        self.truly = range(2, 4 * closings, 4)

    def us(self, minute: float) -> int:
        """A minute of the story, in microseconds since 1970."""
        return self.begins + round(minute * MINUTE)

    def name(self, n: int) -> str:
        """The id of a complaint."""
        return f"C-{n:06d}"

    def filed_at(self, n: int) -> int:
        """When a complaint was filed."""
        return self.us(60 * n / self.complaints)

    # ------------------------------------------------------------------ facts

    def _fact(self, name: str, kind: str, subject: str, us: int, **data: Any) -> bytes:
        fact = {"specversion": "1.0", "id": name, "source": "/outage", "type": kind, "subject": subject}
        return orjson.dumps({**fact, "time": rfc3339(us), "data": data})

    def filing(self, n: int) -> bytes:
        """A complaint is filed."""
        data = {"customer": f"shop-{n}", "channel": "phone", "summary": "no connection", "service": SERVICE}
        return self._fact(f"f{n}", "complaint.filed", self.name(n), self.filed_at(n), **data)

    def course(self, n: int) -> Iterator[bytes]:
        """What happens in a complaint, beside words and closings."""
        name = self.name(n)
        if n % 2 == 0:
            at = self.filed_at(n) + _ANSWERED * MINUTE
            yield self._fact(f"a{n}", "complaint.acknowledged", name, at, by="desk")
        if n % 10 == 3:
            said, delivered, over = map(self.us, WAITED)
            yield self._fact(f"w{n}", "complaint.wait_started", name, said, on="customer", notice="n")
            yield self._fact(f"d{n}", "notice.delivered", name, delivered, notice="n", proof="read")
            yield self._fact(f"o{n}", "complaint.wait_ended", name, over)

    def closing(self, n: int) -> bytes:
        """A request to close, at a moment at which the service is thought to be up."""
        at = self.us(FALSELY if n in self.falsely else TRULY) + n  # one after the other, as people ask
        return self._fact(f"c{n}", "complaint.close_requested", self.name(n), at, by="desk")

    def word(self, *, up: bool, minute: float) -> bytes:
        """Telemetry about the service."""
        kind = "service.up" if up else "service.down"
        return self._fact(f"s{minute}", kind, SERVICE, self.us(minute), evidence="telemetry")

    def flap(self, k: int) -> bytes:
        """The k-th word of those that flap: down, up, down …"""
        return self.word(up=k % 2 == 1, minute=FLAPS + 2 * k)

    # ------------------------------------------------------------------ what has to come of it

    def outages(self) -> list[tuple[int, int]]:
        """From minute to minute; the last word of all is that it is up."""
        words = [(DOWN, False), (UP, True), (LATE, False)]
        words += [(FLAPS + 2 * k, k % 2 == 1) for k in range(self.flaps)]
        found: list[tuple[int, int]] = []
        since: int | None = None
        for minute, up in words:
            if not up and since is None:
                since = minute
            elif up and since is not None:
                found.append((since, minute))
                since = None
        return found

    def cycles(self, n: int) -> dict[str, list[Expected]]:
        """The cycles of a complaint's clocks."""
        lived = [o for o in self.outages() if n not in self.truly or o[0] < TRULY]
        waits = WAITED[1:] if n % 10 == 3 else None
        return {"restore": [self._restored(o, waits) for o in lived], "acknowledge": [self._answered(n)]}

    def _answered(self, n: int) -> Expected:
        filed = self.filed_at(n)
        due, answered = filed + _ANSWER * MINUTE, filed + _ANSWERED * MINUTE
        if n % 2:
            return Expected("breached", filed, due, None, (), due, None, None)
        return Expected("met", filed, due, answered, (), None, _ANSWERED * 60, 0)

    def _restored(self, outage: tuple[int, int], waits: tuple[int, ...] | None) -> Expected:
        start, end = outage
        paused = 0
        if waits is not None:
            paused = max(0, min(waits[1], end) - max(waits[0], start))

        def reached(length: int) -> int:
            """The minute at which so much time had counted."""
            at = start + length
            return at if waits is None or not paused or at <= waits[0] else at + paused

        due, warned = reached(_TARGET), reached(_WARN)
        late = due < end
        return Expected(
            "late" if late else "met",
            self.us(start),
            self.us(due),
            self.us(end),
            (self.us(warned),) if warned < end else (),
            self.us(due) if late else None,
            (end - start - paused) * 60,
            paused * 60,
        )
