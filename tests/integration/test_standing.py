"""A refused request that stands: whatever shows that nothing objects any more grants it (domain.md §5)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.reading import Reader
from engine.spreading import FEW
from tests.integration.engines import Machine, engine, record
from tests.integration.facts import corrected, fact, filed, log, us, when
from tests.integration.stores import Place, Stores, url_of


def asks(name: str, complaint: str, minute: float) -> bytes:
    return fact(name, "complaint.close_requested", complaint, minute, by="ann", when_confirmed=True)


def look(path: Place, name: str, minute: float) -> dict[str, Any]:
    reader = Reader(url_of(path))
    try:
        shown: dict[str, Any] = reader.show(name, at=us(minute), known_at=us(10**6))
        return shown
    finally:
        reader.close()


@pytest.mark.parametrize("many", [FEW, FEW + 1])
def test_a_reopening_right_behind_the_word_that_closes_is_not_lost(stores: Stores, many: int) -> None:
    path, clock = stores / "a.db", Machine(4)
    names = [f"C{n}" for n in range(many)]
    with engine(path, clock=clock) as taking:
        record(taking, *(filed(f"f{n}", n, 0, service="S", down=True) for n in names))
        record(taking, *(asks(f"r{n}", n, 2) for n in names))
        clock.minute = 10
        up = fact("u", "service.up", "S", 5, evidence="customer")
        record(taking, up, fact("o", "complaint.reopen_requested", names[-1], 6, by="eve", reason="not all of it"))
        taking.settle()
    ends = [(e.type, e.time) for e in log(path) if e.stream == f"complaint:{names[-1]}" and e.type != "closure.refused"]
    assert ends[-3:] == [
        ("complaint.closed", us(5)),
        ("complaint.reopen_requested", us(6)),
        ("complaint.reopened", us(6)),
    ] or ends[-3:] == [
        ("complaint.reopen_requested", us(6)),
        ("complaint.closed", us(5)),
        ("complaint.reopened", us(6)),
    ]
    closed = [e.stream for e in log(path) if e.type == "complaint.closed"]
    assert sorted(closed) == sorted(f"complaint:{name}" for name in names)


@pytest.mark.parametrize("others", [0, FEW])
def test_a_late_word_that_moves_no_outage_may_grant_it(stores: Stores, others: int) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, filed("f1", "C1", 1, service="S", down=True), mode="event")
        record(taking, *(filed(f"g{n}", f"D{n}", 1, service="S") for n in range(others)), mode="event")
        for body in (
            asks("r", "C1", 2),
            fact("v", "visit.scheduled", "C1", 4, visit="v1", **{"from": when(90), "to": when(99)}),
            fact("c", "resolution.confirmed", "C1", 5, by="eve", up_since=when(3)),
        ):
            record(taking, body, mode="event")
        assert [e.type for e in log(path) if e.type == "complaint.closed"] == []
        record(taking, fact("u", "service.up", "S", 3, evidence="customer"), mode="event")
        taking.settle()
    assert [e.time for e in log(path) if e.type == "complaint.closed"] == [us(3)]


def test_a_request_that_was_corrected_to_ask_once_only_does_not_stand(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, filed("f1", "C1", 0, service="S", down=True), asks("r", "C1", 5), mode="event")
        assert look(path, "C1", 5)["standing_request"] is not None
        once = corrected("k", "C1", 6, "r", data={"when_confirmed": False})
        record(taking, once, fact("c", "resolution.confirmed", "C1", 9, by="eve"), mode="event")
    shown = look(path, "C1", 9)
    assert (shown["status"], shown["standing_request"]) == ("open", None)


def test_a_closing_that_is_false_at_once_is_undone_by_the_word_that_brought_it_about(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        for body in (
            filed("f1", "C1", 1, service="S"),
            fact("d", "service.down", "S", 30, evidence="customer", since=when(10)),
            asks("r", "C1", 12),
            fact("t", "service.up", "S", 35, evidence="technician", since=when(10)),
            fact("c", "resolution.confirmed", "C1", 40, by="eve"),
        ):
            record(taking, body, mode="event")
    ends = [(e.type, e.time, e.id) for e in log(path) if e.type in {"complaint.closed", "complaint.reopened"}]
    assert ends == [("complaint.closed", us(12), "r"), ("complaint.reopened", us(40), "c")]
