"""The law, whatever happens: a complaint cannot be closed while the customer is still down (the domain page, 1).

A machine does what people and systems may do, in any order, on a real engine and store, which is also left and
opened anew. After every step the events as recorded are read by `ledger`, which knows no more than they say.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.moments import micros
from engine.store.transactions import reading
from engine.verify import verify

from .comparing import Bench
from .folds import SMALL, checkpoints
from .histories_writer import CODES
from .ledger import Ledger, Line
from .reading import Terms

START = datetime(2024, 5, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
COMPLAINT, SERVICES = st.sampled_from(("A", "A", "A", "B", "B", "C")), ("S", "S", "S", "T", None)
AGREEMENTS = {
    "standard": Terms(frozenset({"telemetry"}), 1200),
    "home": Terms(frozenset(), 600),
    "firm": Terms(frozenset({"technician"}), None, reply=True),
}
BACK = st.sampled_from((0, 0, 0, 0, 1, 2, 5, 12))
SINCE = st.sampled_from((None, None, 0, 1, 3, 8))
FREELY = st.sampled_from((False, True, True))


CAME: Counter[str] = Counter()


class Law(RuleBasedStateMachine):
    """Steps are of ten minutes; `back`: how many steps ago a fact happened that is told now."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name))
        self.now = START
        self.told: list[dict[str, Any]] = []
        self.ledger = Ledger()
        self.seen = 0
        self.kept = SMALL[0]

    @initialize(kept=st.sampled_from(SMALL))
    def begin(self, kept: tuple[int, int, int]) -> None:
        self.kept = kept
        self.bench.begin(AGREEMENTS)
        self.somebody_complains("A", "S", down=True, back=0)

    def teardown(self) -> None:
        CAME.update(closed=self.ledger.closings, refused=self.ledger.refusals, false=self.ledger.false_closings)
        verified = verify(self.bench.url) if self.seen else None
        self.bench.close()
        self.folder.cleanup()
        assert verified is None or verified.problem is None

    # ---- telling

    def tell(self, kind: str, subject: str, back: int, /, **data: Any) -> None:
        fact = {
            "specversion": "1.0",
            "source": "/law",
            "id": f"{len(self.told):03}",
            "type": kind,
            "subject": subject,
            "time": self.at(back),
            "data": {k: v for k, v in data.items() if v is not None},
        }
        self.told.append(fact)
        self.take([fact])

    def take(self, facts: list[dict[str, Any]]) -> None:
        with checkpoints(*self.kept):
            self.bench.take(facts, self.now)

    def at(self, back: int) -> str:
        return max(self.now - back * STEP, START).isoformat()

    def since(self, back: int, since: int | None) -> str | None:
        return None if since is None else self.at(back + since)

    # ---- what may happen

    @rule(n=st.sampled_from((1, 1, 2, 6)))
    def time_passes(self, n: int) -> None:
        self.now += n * STEP
        self.take([])

    @rule(complaint=COMPLAINT, service=st.sampled_from(SERVICES), down=st.booleans(), back=BACK)
    def somebody_complains(self, complaint: str, service: str | None, down: bool, back: int) -> None:
        agreement = {"A": None, "B": "home", "C": "firm"}[complaint]
        how = {"customer": "shop", "channel": "phone", "summary": "dead", "down": down, "agreement": agreement}
        self.tell("complaint.filed", complaint, back, service=service, **how)

    @rule(
        service=st.sampled_from(("S", "S", "T", "complaint:A")),
        evidence=st.sampled_from(("customer", "telemetry", "technician", "operator")),
        back=BACK,
        since=SINCE,
    )
    def a_service_goes_down(self, service: str, evidence: str, back: int, since: int | None) -> None:
        self.tell("service.down", service, back, evidence=evidence, since=self.since(back, since))

    @rule(
        service=st.sampled_from(("S", "S", "T", "complaint:A")),
        evidence=st.sampled_from(("customer", "customer", "telemetry", "technician", "operator")),
        back=BACK,
        since=SINCE,
    )
    def somebody_says_that_it_is_up(self, service: str, evidence: str, back: int, since: int | None) -> None:
        self.tell("service.up", service, back, evidence=evidence, since=self.since(back, since))

    @rule(complaint=COMPLAINT, back=BACK, since=SINCE)
    def the_customer_agrees(self, complaint: str, back: int, since: int | None) -> None:
        self.tell("resolution.confirmed", complaint, back, by="shop", up_since=self.since(back, since))

    @rule(complaint=COMPLAINT, back=BACK, still=st.booleans(), since=SINCE)
    def the_customer_does_not_agree(self, complaint: str, back: int, still: bool, since: int | None) -> None:
        down_since = self.since(back, since) if still else None
        self.tell(
            "resolution.rejected", complaint, back, by="shop", reason="no", still_down=still, down_since=down_since
        )

    @rule(complaint=COMPLAINT, back=BACK)
    def a_resolution_is_proposed(self, complaint: str, back: int) -> None:
        self.tell("resolution.proposed", complaint, back, by="desk", summary="try again")

    @rule(complaint=COMPLAINT, n=st.integers(0, 3), back=BACK, delivered=FREELY)
    def the_customer_is_asked(self, complaint: str, n: int, back: int, delivered: bool) -> None:
        notice = f"n{n}"
        self.tell("notice.sent", complaint, back, notice=notice, channel="mail", about="confirmation")
        if delivered:
            self.tell("notice.delivered", complaint, 0, notice=notice, proof="250")

    @rule(complaint=COMPLAINT, back=BACK, freely=FREELY, codes=st.sets(st.sampled_from(CODES)))
    def closing_is_requested(self, complaint: str, back: int, freely: bool, codes: set[str]) -> None:
        overrides = [*CODES, "customer_down", "restoration_unconfirmed", "already_ended"] if freely else sorted(codes)
        self.tell("complaint.close_requested", complaint, back, by="desk", overrides=overrides, approved_by="boss")

    @rule(complaint=COMPLAINT, back=BACK, later=st.sampled_from((0, 1, 3)))
    def it_is_repaired_and_closed(self, complaint: str, back: int, later: int) -> None:
        self.tell("resolution.confirmed", complaint, back, by="shop")
        self.now += later * STEP
        self.tell("complaint.close_requested", complaint, 0, by="desk", overrides=CODES, approved_by="boss")

    @rule(complaint=COMPLAINT, back=BACK, still=st.booleans())
    def reopening_is_requested(self, complaint: str, back: int, still: bool) -> None:
        self.tell("complaint.reopen_requested", complaint, back, by="desk", reason="x", still_down=still)

    @rule(complaint=COMPLAINT, back=BACK)
    def it_is_withdrawn(self, complaint: str, back: int) -> None:
        if back == 12:  # seldom: nothing reopens it
            self.tell("complaint.withdrawn", complaint, 0, by="shop", proof="letter")

    @rule(complaint=COMPLAINT, arrived=st.booleans(), n=st.integers(0, 1), back=BACK)
    def a_part_is_ordered_or_arrives(self, complaint: str, arrived: bool, n: int, back: int) -> None:
        if arrived:
            self.tell("part.arrived", complaint, back, order=f"o{n}")
        else:
            self.tell("part.ordered", complaint, back, order=f"o{n}", part="psu")

    @precondition(lambda self: self.told)
    @rule(data=st.data(), how=st.sampled_from(("void", "time", "since", "evidence")), proof=FREELY, back=BACK)
    def something_is_corrected(self, data: st.DataObject, how: str, proof: bool, back: int) -> None:
        wrong = data.draw(st.sampled_from(self.told))
        change: dict[str, Any] = {"void": True} if how == "void" else {"time": self.at(back)}
        if how in {"since", "evidence"} and wrong["type"].startswith("service."):
            change = {"data": {"since": self.at(back)} if how == "since" else {"evidence": "technician"}}
        self.tell(
            "fact.corrected",
            wrong["subject"],
            0,
            fact={"source": wrong["source"], "id": wrong["id"]},
            by="desk",
            why="wrong",
            proof="letter" if proof else None,
            **change,
        )

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def a_fact_comes_again(self, data: st.DataObject) -> None:
        self.take([data.draw(st.sampled_from(self.told))])

    @rule(cached=st.sampled_from((1, 10_000)))
    def the_engine_is_started_anew(self, cached: int) -> None:
        self.bench.close()
        self.bench = Bench(Path(self.folder.name), cached=cached)
        self.take([])

    # ---- what always holds

    @invariant()
    def nothing_is_closed_while_the_customer_is_down(self) -> None:
        events = self.bench.events()
        self.ledger.take(events[self.seen :])
        self.seen = len(events)
        self.ledger.hold()

    @invariant()
    def positions_have_no_gaps(self) -> None:
        with reading(self.bench.engine._store) as unit:
            positions = unit.rows("SELECT notification_id FROM stored_events ORDER BY 1")
        assert [p for (p,) in positions] == list(range(1, len(positions) + 1))

    @invariant()
    def what_is_shown_is_what_was_recorded(self) -> None:
        self.bench.now = max(micros(self.now), self.bench.now)
        for name, life in self.ledger.lives.items():
            shown = self.bench.show(name)
            assert shown is not None
            assert shown["status"] == life.status
            assert shown["false_closings"] == len(life.false)
            assert shown["customer_state"] == self.ledger.lines.get(life.service, Line()).at(self.now)
            assert sum(shown["time_by_cause"].values()) == sum(shown["time_by_owner"].values())
            downtime = shown["downtime"]
            assert downtime["experienced"] == downtime["reported"] + downtime["hidden"]


def test_the_law_holds_whatever_happens() -> None:
    CAME.clear()
    how = settings(max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Law, settings=how)
    assert CAME["closed"] > 50, CAME
    assert CAME["refused"] > 50, CAME
    assert CAME["false"] > 5, CAME
