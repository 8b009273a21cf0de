"""A batch is one transaction: what fails in it, what is left of it, and that the engine works on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from contracts.agreements import parse
from engine.intake import Engine
from engine.store.database import PostgresStore
from engine.store.errors import ConflictError, StoreError
from engine.store.transactions import reading
from engine.taken import Result, Taken
from tests.integration import workload
from tests.integration.engines import Broken, Machine, engine, outcomes, record, take
from tests.integration.facts import (
    check_sound,
    close,
    dead,
    down,
    everything,
    fact,
    filed,
    held,
    ids,
    rows,
    up,
)
from tests.integration.stores import Place, Stores, file_of

STORY = [
    filed("f1", "C1", 0, service="S1", down=True),
    down("d2", "S2", 5),
    fact("p1", "resolution.proposed", "C1", 10, by="desk", summary="restarted"),
    filed("f2", "C2", 20, service="S1"),
    up("u1", "S1", 30),
    close("c1", "C1", 40),
    down("d1", "S1", 50, since="2024-05-01T00:35:00Z"),
    up("u2", "S2", 60),
    fact("a2", "complaint.acknowledged", "C2", 70, by="anna"),
]
IDS = ["f1", "d2", "p1", "f2", "u1", "c1", "d1", "u2", "a2"]


def broken(*failing: str, holds_them: bool = False) -> type[Engine]:
    return type("Broken", (Broken,), {"failing": frozenset(failing), "holds_them": holds_them})


def without_dead(path: Place) -> dict[str, list[object]]:
    return {name: found for name, found in everything(path).items() if name != "dead"}


# ---------------------------------------------------------------------- one member's fault


@pytest.mark.parametrize("failing", [[name] for name in IDS] + [["d2", "u1", "a2"], IDS], ids="-".join)
def test_a_fact_on_which_the_engine_fails_is_a_dead_letter_and_costs_no_other(
    stores: Stores, failing: list[str]
) -> None:
    with engine(stores / "a.db", kind=broken(*failing)) as faulty:
        taken = faulty.take(STORY, positions=[("feed", 0, 9)])
    others = [body for name, body in zip(IDS, STORY, strict=True) if name not in failing]
    with engine(stores / "b.db") as sane:
        expected = iter(take(sane, *others))
        sane.take([], positions=[("feed", 0, 9)])
    assert outcomes(taken) == ["dead" if name in failing else next(expected) for name in IDS]
    check_sound(stores / "a.db")
    assert without_dead(stores / "a.db") == without_dead(stores / "b.db")
    letters = dead(stores / "a.db")
    assert [body for _, _, body in letters] == [STORY[IDS.index(name)] for name in failing]
    assert all(
        f"RuntimeError: a fault that {n} brings about" in r for n, (r, _, _) in zip(failing, letters, strict=True)
    )


def test_what_died_of_a_fault_may_be_sent_again_once_the_fault_is_gone(stores: Stores) -> None:
    with engine(stores / "a.db", kind=broken("d2", "c1")) as faulty:
        faulty.take(STORY)
    with engine(stores / "a.db") as sane:
        results = sane.take(STORY).results
    assert [r.outcome.value for r in results] == ["recorded" if n in {"d2", "c1"} else "duplicate" for n in IDS]
    assert not dead(stores / "a.db")
    assert sorted(ids(stores / "a.db")) == sorted(IDS)
    check_sound(stores / "a.db")


def test_a_fault_in_a_long_history_leaves_what_a_run_without_that_fact_leaves(stores: Stores) -> None:
    bodies = workload.lives(3, 25)
    failing = frozenset(f"{n:05}" for n in range(7, len(bodies), 45))
    kind = type("Broken", (Broken,), {"failing": failing})
    with engine(stores / "a.db", kind=kind) as faulty, engine(stores / "b.db") as sane:
        for start in range(0, len(bodies), 50):
            batch = bodies[start : start + 50]
            faulty.take(batch)
            sane.take([body for body in batch if not any(b'"id": "%s", "type"' % n.encode() in body for n in failing)])
    check_sound(stores / "a.db")
    assert without_dead(stores / "a.db") == without_dead(stores / "b.db")
    assert len(failing) > 5


def test_a_held_fact_on_which_the_engine_fails_does_not_cost_the_filing_that_it_waited_for(stores: Stores) -> None:
    path = stores / "a.db"
    waiting = [
        fact("bad", "complaint.acknowledged", "C1", 1, by="x"),
        fact("good", "complaint.replied", "C1", 2, by="x", decision="upheld"),
    ]
    with engine(path, kind=broken("bad", holds_them=True)) as faulty:
        assert take(faulty, *waiting) == ["held", "held"]
        assert take(faulty, filed("f1", "C1", 0), filed("f2", "C2", 0)) == ["recorded", "recorded"]
        assert take(faulty, fact("later", "complaint.acknowledged", "C1", 3, by="x")) == ["recorded"]
    assert sorted(ids(path)) == ["f1", "f2", "good", "later"]
    assert [body for _, _, body in dead(path)] == [waiting[0]]
    assert not held(path)


def test_a_fact_held_until_its_time_on_which_the_engine_fails_stops_nothing(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(0)
    early = filed("bad", "C1", 3)
    with engine(path, kind=broken("bad", holds_them=True), clock=machine) as faulty:
        assert take(faulty, early) == ["held"]
        machine.minute = 5
        assert take(faulty, filed("f2", "C2", 1)) == ["recorded"]
        faulty.tick()
    assert ids(path) == ["f2"]
    assert [body for _, _, body in dead(path)] == [early]
    assert not held(path)


def test_an_interrupted_batch_leaves_nothing_behind(stores: Stores) -> None:
    path = stores / "a.db"

    class Interrupted(Engine):
        ready = False

        def _save(self, results: list[Result], *, more: bool = False) -> Taken:
            if self.ready:
                self.ready = False
                raise KeyboardInterrupt
            return super()._save(results, more=more)

    with engine(path, kind=Interrupted) as stopped:
        record(stopped, *STORY[:3])
        before = everything(path)
        stopped.ready = True
        with pytest.raises(KeyboardInterrupt):
            stopped.take(STORY[3:])
        assert everything(path) == before
        record(stopped, *STORY[3:])
    with engine(stores / "b.db") as sane:
        record(sane, *STORY)
    assert everything(path) == everything(stores / "b.db")


# ---------------------------------------------------------------------- positions of feeds


def positions(path: Place) -> dict[tuple[str, int], int]:
    return {(feed, part): position for feed, part, position in rows(path, "SELECT * FROM intake")}


def test_how_far_a_feed_is_taken_in_never_goes_back(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        taking.take(STORY[:2], positions=[("feed", 0, 7), ("feed", 1, 3)])
        taking.take(STORY[2:3], positions=[("feed", 0, 5), ("other", 0, 1)])
        taking.take([], positions=[("feed", 1, 4)])
    with engine(path) as again:
        again.take([], positions=[("feed", 0, 6), ("feed", 1, 1)])
    assert positions(path) == {("feed", 0): 7, ("feed", 1): 4, ("other", 0): 1}


def test_a_position_is_written_with_its_facts_or_not_at_all(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        taking.take(STORY[:2], positions=[("feed", 0, 2)])
        with full(taking), pytest.raises(StoreError):
            taking.take(many(), positions=[("feed", 0, 900)])
        assert positions(path) == {("feed", 0): 2}
        taking.take([b"nonsense", b"more"], positions=[("feed", 0, 4)])
    assert positions(path) == {("feed", 0): 4}
    assert len(dead(path)) == 2


@pytest.mark.parametrize("once", [list, iter], ids=["list", "iterator"])
def test_a_position_is_written_though_the_batch_fails_at_its_end(stores: Stores, once: Any) -> None:
    class Failing(Engine):
        def _save(self, results: list[Result], *, more: bool = False) -> Taken:
            if len(results) > 1:
                raise RuntimeError("it fails when it saves several")
            return super()._save(results, more=more)

    with engine(stores / "a.db", kind=Failing) as taking:
        taken = taking.take(STORY[:3], positions=once([("feed", 0, 3)]))
    assert outcomes(taken) == ["recorded"] * 3
    assert positions(stores / "a.db") == {("feed", 0): 3}


# ---------------------------------------------------------------------- a save that fails


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """While the disk is full."""
    if isinstance(engine._store, PostgresStore):
        with psycopg.connect(engine._store._url, autocommit=True) as other:
            other.execute(
                "CREATE FUNCTION full_v1() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE 'database or disk is full' USING ERRCODE = 'disk_full'; END $$;"
                "CREATE TRIGGER full_v1 AFTER INSERT ON stored_events FOR EACH STATEMENT EXECUTE FUNCTION full_v1()"
            )
            yield
            other.execute("DROP FUNCTION full_v1 CASCADE")
        return
    file = file_of(engine)
    pages = file.execute("PRAGMA page_count").fetchone()[0]
    file.execute(f"PRAGMA max_page_count = {pages + 2}")
    yield
    file.execute("PRAGMA max_page_count = 4294967294")


def many() -> list[bytes]:
    return [fact(f"m{n}", "complaint.contacted", "C1", 80 + n, by="anna", direction="inbound") for n in range(900)]


def test_a_full_disk_leaves_nothing_of_the_batch_and_the_engine_works_on(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, *STORY[:4])
        before = everything(path)
        for _ in range(2):
            with full(taking), pytest.raises(StoreError, match="cannot be written: database or disk is full"):
                taking.take([*STORY[4:], *many()], positions=[("feed", 0, 9)])
            assert everything(path) == before
        record(taking, *STORY[4:])
    with engine(stores / "b.db") as sane:
        record(sane, *STORY)
    assert everything(path) == everything(stores / "b.db")


def test_a_full_disk_while_timers_fire_leaves_nothing_and_they_fire_later(stores: Stores) -> None:
    path, machine = stores / "a.db", Machine(1000)
    asked = [
        [
            filed(f"f{n}", f"C{n}", 0, service=f"S{n}", down=True),
            fact(f"p{n}", "resolution.proposed", f"C{n}", 1, by="desk", summary="restarted " * 500),
            fact(f"s{n}", "notice.sent", f"C{n}", 2, notice="n", channel="mail", about="confirmation"),
            fact(f"d{n}", "notice.delivered", f"C{n}", 3, notice="n", proof="read"),
        ]
        for n in range(60)
    ]
    with engine(path, clock=machine) as ticking:
        record(ticking, *[body for bodies in asked for body in bodies])
        before = everything(path)
        assert len(before["timers"]) == 60
        machine.minute = 3000
        with full(ticking), pytest.raises(StoreError):
            ticking.tick()
        assert everything(path) == before
        assert ticking.tick().decisions == 60
        assert ticking.tick().decisions == 0
    events = check_sound(path)
    assert sum(e.type == "outage.ended" for e in events) == 60
    assert not everything(path)["timers"]


def test_a_full_disk_while_agreements_are_published_leaves_none_of_them(stores: Stores) -> None:
    path = stores / "a.db"
    large = "".join(f'[agreement.a{n}]\nrestoration = {{ silence = "PT{n}H" }}\n' for n in range(1, 400))
    terms = parse("effective = 2020-01-01\n" + large)
    with engine(path) as publishing:
        record(publishing, *STORY[:2])
        before = everything(path)
        with full(publishing), pytest.raises(StoreError):
            publishing.publish(terms)
        assert everything(path) == before
        assert take(publishing, filed("f9", "C9", 90, agreement="a9")) == ["dead"]
        assert len(publishing.publish(terms)) == 399
        record(publishing, filed("f9", "C9", 90, agreement="a9"))
    check_sound(path)


def test_a_version_that_another_connection_took_fails_the_batch_whole_and_it_may_be_taken_again(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as first, engine(path) as second:
        record(first, *STORY[:4])
        record(second, *STORY[4:6])
        # The first engine is made to believe that nobody has written: what it remembers is out of date.
        with reading(first._store) as unit:
            first._seen_version, first._seen_position = unit.changes(), unit.last_position()
        before = everything(path)
        with pytest.raises(ConflictError):
            first.take(STORY[6:], positions=[("feed", 0, 9)])
        assert everything(path) == before
        record(first, *STORY[6:])
    with engine(stores / "b.db") as sane:
        record(sane, *STORY)
    assert everything(path) == everything(stores / "b.db")
