"""Writes one random history, act by act, as it might have been lived. `histories` draws and arranges them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from .histories_grid import STEP, ZONES, Entry, Slot
from .reading import Terms

T = TypeVar("T")
SERVICE = "line-1"
SOURCES = ("/a", "/b", "/m")
AGAIN = "a second filing"
TEAMS, PEOPLE = ("north", "south", "care"), ("ann", "bob")
FAULTS = ("power", "cable")
CODES = ["part_outstanding", "visit_outstanding", "promise_outstanding", "remedy_outstanding", "reply_missing"]
PAIRS = (
    ("order", "part.ordered", ("part.arrived", "part.arrived", "part.cancelled")),
    ("visit", "visit.scheduled", ("visit.made", "visit.made", "visit.cancelled")),
    ("promise", "promise.made", ("promise.kept", "promise.kept", "promise.released")),
    ("remedy", "remedy.granted", ("remedy.delivered", "remedy.delivered", "remedy.cancelled")),
)


@dataclass
class Writer:
    """Writes a history as it might have been lived, with a rough idea only of what it comes to."""

    r: Random
    now: int = 0
    entries: list[Entry] = field(default_factory=list)
    filed: list[str] = field(default_factory=list)
    since: dict[str, int] = field(default_factory=dict)  # filed
    ended: dict[str, int] = field(default_factory=dict)
    up: bool = True
    open_things: list[tuple[int, str, str]] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)  # sent, not delivered
    asked: list[tuple[str, str]] = field(default_factory=list)
    agreements: dict[str, Terms] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    patient: bool = False  # some requests stand until nothing objects

    # ---- chance

    def often(self, percent: int) -> bool:
        return self.r.randrange(100) < percent

    def pick(self, values: Sequence[T]) -> T:
        return values[self.r.randrange(len(values))]

    def back(self, most: int = 4) -> int:
        """A slot at or before now."""
        return max(self.now - self.r.randrange(most + 1), 0)

    def before(self, slot: int) -> Slot:
        return Slot(max(slot - self.r.randrange(5), 0))

    # ---- writing

    def write(
        self, type_: str, subject: str = SERVICE, /, *, slot: int | None = None, late: int = 0, **data: Any
    ) -> None:
        kept = {k: v for k, v in data.items() if v is not None}
        number = self.numbers.pop() if self.numbers else 100 + len(self.entries)
        at = self.now if slot is None else slot
        key = (self.pick(SOURCES), f"f-{number:02}")
        self.entries.append(Entry(type_, subject, at, kept, key, max(late, self.now - at), self.pick(ZONES)))

    def which(self) -> str:
        """A complaint, mostly an open one."""
        running = [c for c in self.filed if c not in self.ended]
        return self.pick(running if running and self.often(85) else self.filed)

    def step(self) -> None:
        self.now += self.pick((0, 0, 0, 1, 1, 1, 2, 3))

    # ---- what may happen

    def file(self, agreements: Sequence[str] = ()) -> None:
        if len(self.filed) == 3:
            return
        complaint = f"C-{len(self.filed) + 1}"
        down = self.often(60)
        since = Slot(self.back()) if down and self.often(40) else None
        agreement = self.pick(agreements or [*self.agreements, None])
        self.write(
            "complaint.filed",
            complaint,
            customer=f"shop-{self.r.randrange(2)}",
            channel="phone",
            summary="it is dead",
            service=SERVICE if self.often(97) else self.pick((None, "line-2")),
            agreement=agreement,
            team=self.pick(TEAMS),
            reported_fault=self.pick((*FAULTS, None)),
            down=True if down else self.pick((False, None)),
            down_since=since,
        )
        self.filed.append(complaint)
        self.since[complaint] = self.now
        self.up = self.up and not down

    def down(self) -> None:
        evidence = self.pick(("telemetry", "telemetry", "technician", "operator", "customer"))
        slot = self.back(5) if self.often(25) else self.now
        since = Slot(max(slot - self.r.randrange(5), 0)) if self.often(50) else None
        self.write("service.down", slot=slot, evidence=evidence, since=since, by=self.pick(PEOPLE))
        self.up = False

    def late_down(self) -> None:
        """A word that comes after a closing, about a moment at or around it."""
        around = self.pick([*self.ended.values(), self.now])
        slot = min(max(around + self.pick((-2, -1, 0, 0, 1, 2)), 0), self.now)
        since = Slot(max(min(slot, around - self.r.randrange(3)), 0)) if self.often(70) else None
        evidence = self.pick(("telemetry", "technician", "operator", "customer"))
        self.write("service.down", slot=slot, evidence=evidence, since=since)
        self.up = self.up and slot < around

    def claim(self) -> None:
        complaint, by = self.which(), self.pick(PEOPLE)
        match self.r.randrange(6):
            case 0 | 1 | 2:
                evidence = self.pick(("telemetry", "technician", "operator"))
                since = Slot(self.back(5)) if self.often(50) else None
                self.write("service.up", evidence=evidence, since=since, by=by)
            case 3:
                self.write("visit.made", complaint, visit=f"v{len(self.entries)}", by=by, outcome="fixed")
            case 4:
                self.write("resolution.proposed", complaint, by=by, summary="try again")
            case _:
                remedy = f"r{len(self.entries)}"
                kind = self.pick(("repair", "replacement", "loaner", "refund", "other"))
                self.write("remedy.granted", complaint, remedy=remedy, kind=kind)
                self.step()
                self.write("remedy.delivered", complaint, remedy=remedy)

    def customer_up(self) -> None:
        since = Slot(self.back(6)) if self.often(35) else None
        if self.often(50):
            self.write("service.up", evidence="customer", since=since, by="shop")
        else:
            self.write("resolution.confirmed", self.which(), by="shop", up_since=since)
        self.up = True

    def ask(self) -> None:
        """A notice; of those about confirmation some come to be delivered, and some of these are waited for."""
        complaint, notice = self.which(), f"n{len(self.entries)}"
        about = "confirmation" if self.often(85) else self.pick(("question", "progress", "reply"))
        if self.asked and self.often(12):  # asks the same again
            complaint, notice = self.pick(self.asked)
        self.asked.append((complaint, notice))
        self.write("notice.sent", complaint, notice=notice, channel="mail", about=about)
        if self.often(75):
            self.now += self.pick((0, 0, 1))
            self.write("notice.delivered", complaint, notice=notice, proof="250", late=self.pick((0, 0, 0, 2, 5)))
            lengths = [t.silence for t in self.agreements.values() if t.silence]
            if lengths and self.often(60):
                length = max(lengths) if self.often(70) else self.pick(lengths)
                self.now += length // int(STEP.total_seconds()) + self.pick((-1, 0, 0, 0, 1))
                self.up = True
        else:
            self.notices.append((complaint, notice))

    def deliver(self) -> None:
        if self.notices:
            complaint, notice = self.notices.pop()
            kind = "notice.delivered" if self.often(80) else "notice.failed"
            self.write(kind, complaint, notice=notice, proof="550", reason="550")

    def reject(self) -> None:
        still = self.pick((True, False, None))
        since = Slot(self.back()) if still and self.often(40) else None
        complaint = self.pick(self.filed)
        self.write("resolution.rejected", complaint, by="shop", reason="no", still_down=still, down_since=since)
        self.ended.pop(complaint, None)
        self.up = self.up and not still

    def close(self) -> None:
        if not self.up and self.often(45):
            self.customer_up()
            self.now += self.pick((0, 1))
        complaint = self.which()
        codes = self.pick((None, None, ["part_outstanding", "visit_outstanding"], ["promise_outstanding"]))
        if self.often(60):  # so that no more than what is about the service stands in the way, most times
            codes = CODES
        codes = [*codes, "customer_down", "already_ended"] if codes and self.often(20) else codes
        self.write(
            "complaint.close_requested",
            complaint,
            slot=max(self.back(2), self.since[complaint]) if self.often(15) else self.now,
            by=self.pick(PEOPLE),
            overrides=codes,
            approved_by=self.pick(("boss", "boss", None)) if codes else None,
            when_confirmed=True if self.patient and self.often(60) else None,
        )
        if self.up:
            self.ended.setdefault(complaint, self.now)

    def reopen(self) -> None:
        complaint = self.pick([*self.ended] or self.filed)
        still = self.pick((True, False, None, None))
        since = Slot(self.back()) if still and self.often(40) else None
        self.write("complaint.reopen_requested", complaint, by="ann", reason="x", still_down=still, down_since=since)
        self.ended.pop(complaint, None)
        self.up = self.up and not still

    def withdraw(self) -> None:
        complaint = self.pick(self.filed)
        self.write("complaint.withdrawn", complaint, by="shop", proof="letter")
        self.ended.setdefault(complaint, self.now)

    def thing(self) -> None:
        if self.open_things and self.often(65):
            which, complaint, name = self.open_things.pop(self.r.randrange(len(self.open_things)))
            field_, _, over = PAIRS[which]
            kind = self.pick(over)
            data: dict[str, Any] = {field_: name}
            if kind.startswith("visit."):
                data["by"] = self.pick(PEOPLE)
            if kind == "visit.made":
                data["outcome"] = self.pick(("fixed", "diagnosed", "no_access", "part_missing"))
            self.write(kind, complaint, **data)
            return
        which, complaint, name = self.r.randrange(len(PAIRS)), self.which(), f"x{len(self.entries)}"
        field_, kind, _ = PAIRS[which]
        extra: tuple[dict[str, Any], ...] = (
            {"part": "psu"},
            {"from": Slot(self.now + 1), "to": Slot(self.now + 3)},
            {"what": "an answer", "due": Slot(self.now + self.r.randrange(6)), "by": "ann"},
            {"kind": self.pick(("repair", "replacement", "loaner", "credit"))},
        )
        self.write(kind, complaint, **(extra[which] | {field_: name}))
        self.open_things.append((which, complaint, name))

    def people(self) -> None:
        complaint, by = self.which(), self.pick(PEOPLE)
        match self.r.randrange(9):
            case 0 | 1 | 2:
                team, to = self.pick(((True, False), (False, True), (True, True)))
                who, where = self.pick(PEOPLE) if to else None, self.pick(TEAMS) if team else None
                self.write("complaint.assigned", complaint, to=who, team=where, by=by)
            case 3:
                self.write("complaint.contacted", complaint, by=by, direction=self.pick(("inbound", "outbound")))
            case 4:
                on_site = self.pick((True, True, False, None))
                self.write("complaint.diagnosed", complaint, by=by, fault=self.pick(FAULTS), on_site=on_site)
            case 5 | 6:
                on = self.pick(("customer", "parts", "vendor", "access", "other"))
                self.write("complaint.wait_started", complaint, on=on)
            case 7:
                self.write("complaint.wait_ended", complaint)
            case _:
                decision = self.pick(("upheld", "partly_upheld", "rejected"))
                self.write("complaint.replied", complaint, by=by, decision=decision)

    def correct(self) -> None:
        target = self.pick(self.entries)
        words = [e for e in self.entries if e.type in ("service.up", "service.down", *CUSTOMERS)]
        if words and self.often(65):
            target = self.pick(words)
        proof = "letter" if self.often(60) else None
        fact = dict(zip(("source", "id"), target.key, strict=True))
        data: dict[str, Any] = {"fact": fact, "by": "ann", "why": "wrong", "proof": proof}
        low = max((v.slot for k, v in target.data.items() if isinstance(v, Slot) and "since" in k), default=0)
        low = max(low, self.since.get(target.subject, 0))
        how = self.r.randrange(4)
        if how == 0:
            data["void"] = True
        elif how == 1:
            data["time"] = Slot(max(low, min(self.now, target.slot + self.pick((-3, -2, -1, 1, 2)))))
        elif target.type in CHANGES:
            data["data"] = CHANGES[target.type](self, target.slot)
        else:
            data["void"] = True
        self.write("fact.corrected", target.subject, **data)

    def bad(self) -> None:
        """A second filing, or a fact without what it needs."""
        if self.filed and self.often(60):
            again: dict[str, Any] = {"customer": "shop-9", "channel": "web", "summary": AGAIN}
            self.write("complaint.filed", self.pick(self.filed), **again, service=SERVICE, team="care")
        else:
            self.write(self.pick(("service.down", "complaint.unheard_of")), by="ann")

    # ---- whole stories

    def silent_story(self) -> None:
        self.down()
        self.now += self.pick((0, 1, 1))
        self.claim()
        self.now += self.pick((0, 1))
        if self.often(30):
            self.ask()
        else:
            complaint, notice = self.which(), f"n{len(self.entries)}"
            self.write("notice.sent", complaint, notice=notice, channel="mail", about="confirmation")
            if self.often(15):  # and once more, after another claim
                self.claim()
                self.write("notice.sent", complaint, notice=notice, channel="mail", about="confirmation")
            self.write("notice.delivered", complaint, notice=notice, proof="read")
            self.now += max(t.silence or 0 for t in self.agreements.values()) // int(STEP.total_seconds())
            self.now += self.pick((-1, 0, 0, 0, 1))
            self.up = True
        self.close()

    def confirmed_story(self) -> None:
        for act in (self.claim, self.customer_up, self.close):
            act()
            self.now += self.pick((0, 0, 1))

    def falling_story(self) -> None:
        """Two complaints close one after the other, the second by a claim the first would not have taken; then a word
        comes that takes the first closing back.
        """
        evidence = self.pick(("telemetry", "technician"))
        home, firm = self.agreements["home"], self.agreements["firm"]
        self.agreements["home"] = replace(home, accepts=home.accepts | {evidence})
        self.agreements["firm"] = replace(firm, accepts=firm.accepts - {evidence})
        easy = [name for name, t in self.agreements.items() if evidence in t.accepts]
        self.file([name for name in self.agreements if name not in easy])
        self.now += 1
        self.write("service.up", evidence="customer")
        self.now += self.pick((0, 1, 1, 1))
        self.write("complaint.close_requested", self.filed[-1], by="ann", overrides=CODES, approved_by="boss")
        first, self.up = self.now, True
        self.ended[self.filed[-1]] = first
        self.now += self.pick((0, 1, 1, 1))
        self.file(easy)
        self.write("service.down", evidence="telemetry")
        self.now += self.pick((0, 1, 1, 1))
        self.write("service.up", evidence=evidence)
        self.now += self.pick((0, 1, 1, 1))
        self.up = True
        self.write("complaint.close_requested", self.filed[-1], by="bob", overrides=CODES, approved_by="boss")
        self.ended[self.filed[-1]] = self.now
        self.now += self.pick((0, 1, 1, 1))
        self.write("service.down", slot=first, evidence=self.pick(("telemetry", "customer")), since=Slot(first))
        if self.often(60):
            self.now += 1
            self.customer_up()


CUSTOMERS = ("complaint.filed", "resolution.confirmed", "resolution.rejected", "complaint.reopen_requested")
CHANGES: dict[str, Callable[[Writer, int], dict[str, Any]]] = {
    "service.up": lambda w, at: w.pick(({"since": w.before(at)}, {"evidence": w.pick(("telemetry", "customer"))})),
    "service.down": lambda w, at: w.pick(({"since": w.before(at)}, {"evidence": "technician"}, {"since": Slot(at)})),
    "complaint.filed": lambda w, at: w.pick(
        ({"down": False}, {"down": True}, {"team": "care"}, {"reported_fault": "cable"}, {"customer": "shop-8"})
    ),
    "resolution.confirmed": lambda w, at: {"up_since": w.before(at)},
    "resolution.rejected": lambda w, _: {"still_down": w.often(50)},
    "complaint.reopen_requested": lambda w, _: {"still_down": w.often(50)},
    "visit.made": lambda w, _: {"outcome": w.pick(("fixed", "diagnosed"))},
    "complaint.assigned": lambda w, _: {"team": w.pick(TEAMS)},
    "complaint.wait_started": lambda _, __: {"on": "vendor"},
    "complaint.contacted": lambda _, __: {"direction": "inbound"},
    "notice.sent": lambda w, _: {"about": w.pick(("confirmation", "question"))},
    "promise.made": lambda w, at: {"due": Slot(at + w.r.randrange(5))},
    "remedy.granted": lambda w, _: {"kind": w.pick(("repair", "refund"))},
    "complaint.close_requested": lambda _, __: {"by": "carl"},
    "complaint.replied": lambda _, __: {"decision": "upheld"},
}
ACTS: tuple[tuple[int, Callable[[Writer], None]], ...] = (
    (7, Writer.file),
    (6, Writer.down),
    (3, Writer.late_down),
    (10, Writer.claim),
    (5, Writer.customer_up),
    (8, Writer.ask),
    (2, Writer.deliver),
    (4, Writer.reject),
    (9, Writer.close),
    (3, Writer.reopen),
    (1, Writer.withdraw),
    (4, Writer.thing),
    (5, Writer.people),
    (5, Writer.correct),
    (1, Writer.bad),
    (14, Writer.silent_story),
    (3, Writer.confirmed_story),
)
BAG = [act for weight, act in ACTS for _ in range(weight)]


def terms(w: Writer) -> Terms:
    accepts = w.pick(((), (), (), ("telemetry",), ("technician",), ("technician", "telemetry"), ("operator",)))
    silence = w.pick((None, 1, 1, 1, 2, 2, 2, 3, 3, 4))
    return Terms(frozenset(accepts), silence and silence * int(STEP.total_seconds()), w.often(15))
