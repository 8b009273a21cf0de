"""The lives of many complaints, seeded: words, claims, silences, closings, corrections, what comes late or twice.

python -m tests.integration.workload 1 100     # how often what came up
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from typing import Any

from tests.integration.facts import encoded, event, when

AGREEMENTS = (None, None, "standard", "trusting", "wary")


class Writer:
    """Writes facts down in the order in which they are thought of; `minute` moves on."""

    def __init__(self, seed: int, source: str) -> None:
        self.random = Random(f"{seed} {source}")
        self.source = source
        self.facts: list[tuple[float, dict[str, Any]]] = []

    def say(self, minute: float, kind: str, subject: str, /, **data: Any) -> str:
        name = f"{len(self.facts):05}"
        self.facts.append((minute, event(name, kind, subject, minute, source=self.source, **data)))
        return name

    def often(self, percent: int) -> bool:
        return self.random.random() * 100 < percent


def lives(seed: int, complaints: int, *, source: str = "/test", prefix: str = "C", days: int = 60) -> list[bytes]:
    """Facts in order of time, about complaints and the services that they share."""
    writer = Writer(seed, source)
    for n in range(complaints):
        service = f"S{writer.random.randrange(complaints * 2 // 3)}"
        _live(writer, f"{prefix}{n}", service, writer.random.randrange(days * 24 * 60))
    return [encoded(fact) for _, fact in sorted(writer.facts, key=lambda one: (one[0], one[1]["id"]))]


def arrivals(seed: int, facts: list[bytes], *, late: int = 20, twice: int = 10) -> list[bytes]:
    """As they might arrive: some late, some twice."""
    random = Random(seed)
    coming: list[tuple[float, bytes]] = []
    for n, body in enumerate(facts):
        place = float(n)
        if random.random() * 100 < late:
            place += random.expovariate(1 / 50)
        coming.append((place, body))
        if random.random() * 100 < twice:
            coming.append((place + random.expovariate(1 / 50), body))
    return [body for _, body in sorted(coming)]


def mixed(seed: int, complaints: int) -> list[bytes]:
    """A file as it comes: in no order, with facts that come twice, that wait for ever, and that nobody understands."""
    random = Random(seed)
    facts = lives(seed, complaints)
    facts += random.sample(facts, len(facts) // 20)
    for n in range(complaints // 2):
        facts.append(encoded(event(f"lost-{n}", "complaint.acknowledged", f"never-filed-{n}", n, by="anna")))
        facts.append(encoded(event(f"wrong-{n}", "complaint.diagnosed", f"C{n}", random.randrange(9999), by="kim")))
        facts.append(b'{"specversion": "1.0", "id": "torn-%d' % n)
        facts.append(
            encoded(event("00007", "complaint.escalated", f"C{n}", n, to="boss", reason="again"))
        )  # an id taken
    random.shuffle(facts)
    return facts


def flapping(service: str, flaps: int, *, source: str = "/monitor") -> list[bytes]:
    """A service that goes down and comes up again, every ten minutes; said by telemetry, in part by the customer."""
    facts = []
    for n in range(flaps):
        facts.append(encoded(event(f"d{n}", "service.down", service, n * 10, source=source, evidence="telemetry")))
        who = "customer" if n % 3 == 0 else "telemetry"
        facts.append(encoded(event(f"u{n}", "service.up", service, n * 10 + 4, source=source, evidence=who)))
    return facts


def _live(w: Writer, name: str, service: str, minute: float) -> None:
    data: dict[str, Any] = {
        "customer": f"shop {name}",
        "channel": "phone",
        "summary": "geht nicht, “dead”",
        "team": "desk",
    }
    if w.often(80):
        data["service"] = service
    agreement = w.random.choice(AGREEMENTS)
    if agreement is not None:
        data["agreement"] = agreement
    if w.often(65):
        data["down"] = True
        if w.often(30):
            data["down_since"] = when(minute - w.random.randint(0, 200))
    w.say(minute, "complaint.filed", name, **data)
    own = data.get("service", f"complaint:{name}")
    said: list[tuple[str, str]] = []
    for step in range(w.random.randint(4, 14)):
        minute += w.random.choice((0, 1, 5, 30, 120, 600, 1500))
        said += w.random.choice(_STEPS)(w, name, own, minute, f"{name}-{step}")
    if said and w.often(30):
        wrong, subject = w.random.choice(said)
        _correct(w, subject, minute + w.random.randint(1, 300), wrong)


def _work(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    w.say(minute, "complaint.acknowledged", name, by="anna")
    w.say(minute + 1, "complaint.assigned", name, team=w.random.choice(("desk", "field", "depot")), to="bo")
    return [(w.say(minute + 2, "complaint.wait_started", name, on=w.random.choice(("parts", "customer"))), name)]


def _visit(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    w.say(minute, "visit.scheduled", name, visit=n, **{"from": when(minute + 10), "to": when(minute + 60)})
    return [
        (w.say(minute + 30, "visit.made", name, visit=n, by="kim", outcome=w.random.choice(("fixed", "other"))), name)
    ]


def _claim(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    if w.often(50):
        return [(w.say(minute, "resolution.proposed", name, by="desk", summary="restarted"), name)]
    since = {"since": when(minute - w.random.randint(0, 60))} if w.often(40) else {}
    return [(w.say(minute, "service.up", own, evidence=w.random.choice(("technician", "telemetry")), **since), own)]


def _ask(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    w.say(minute, "resolution.proposed", name, by="desk", summary="restarted")
    w.say(minute + 1, "notice.sent", name, notice=n, channel="mail", about="confirmation")
    if w.often(85):
        return [(w.say(minute + w.random.randint(2, 60), "notice.delivered", name, notice=n, proof="read"), name)]
    return []


def _word(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    evidence = w.random.choice(("telemetry", "technician", "customer"))
    since = {"since": when(minute - w.random.randint(0, 900))} if w.often(30) else {}
    return [(w.say(minute, "service.down", own, evidence=evidence, **since), own)]


def _agree(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    if w.often(70):
        return [(w.say(minute, "resolution.confirmed", name, by="shop"), name)]
    return [(w.say(minute, "resolution.rejected", name, by="shop", reason="no", still_down=w.often(70)), name)]


def _end(w: Writer, name: str, own: str, minute: float, n: str) -> list[tuple[str, str]]:
    if w.often(5):
        w.say(minute, "complaint.withdrawn", name, by="shop", proof="mail")
        return []
    if w.often(50):
        w.say(minute, "service.up", own, evidence="customer")
    w.say(minute + w.random.choice((0, 10)), "complaint.close_requested", name, by="desk")
    if w.often(25):
        w.say(minute + 400, "complaint.reopen_requested", name, by="shop", reason="again", still_down=w.often(50))
    return []


def _correct(w: Writer, subject: str, minute: float, wrong: str) -> None:
    how: dict[str, Any] = {"void": True} if w.often(60) else {"time": when(minute - w.random.randint(1, 2000))}
    fact = {"source": w.source, "id": wrong}
    w.say(minute, "fact.corrected", subject, fact=fact, by="desk", why="mistaken", proof="mail", **how)


_STEPS = (_work, _visit, _claim, _ask, _ask, _word, _agree, _end)


if __name__ == "__main__":
    import json

    counted = Counter(json.loads(body)["type"] for body in lives(int(sys.argv[1]), int(sys.argv[2])))
    print(counted.total(), counted.most_common())
