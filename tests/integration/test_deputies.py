"""Who is absent is stood in for: whoever was told of it, and however many persons there are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.engines import Machine, engine, record
from tests.integration.facts import down, fact, filed, log, us, when
from tests.integration.stores import Place, Stores


def absence(name: str, person: str, told_at: float, start: float, deputy: str) -> bytes:
    how: dict[str, Any] = {"from": when(start), "until": when(start + 900), "deputy": deputy}
    return fact(name, "person.absent", person, told_at, **how)


def reassigned(path: Place) -> list[tuple[int, str, str]]:
    return [(e.time, e.data["person"], e.data["deputy"]) for e in log(path) if e.type == "complaint.reassigned"]


def test_a_deputy_who_is_absent_later_passes_on_what_the_engine_gave(stores: Stores) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, filed("f", "C1", 0), fact("a", "complaint.assigned", "C1", 1, to="ann"), mode="event")
        record(taking, absence("x", "ann", 2, 30, "bob"), absence("y", "bob", 40, 50, "cid"), mode="event")
        record(taking, down("z", "S9", 60), mode="event")
    assert reassigned(path) == [(us(30), "ann", "bob"), (us(50), "bob", "cid")]


def test_who_was_given_a_complaint_by_a_correction_is_stood_in_for(stores: Stores) -> None:
    path = stores / "a.db"
    right = fact(
        "r", "fact.corrected", "C1", 2, fact={"source": "/test", "id": "a"}, by="desk", why="typo", data={"to": "ann"}
    )
    with engine(path) as taking:
        record(taking, filed("f", "C1", 0), fact("a", "complaint.assigned", "C1", 1, to="an"), right, mode="event")
        record(taking, absence("x", "ann", 3, 30, "bob"), down("z", "S9", 60), mode="event")
    assert reassigned(path) == [(us(30), "ann", "bob")]


def test_of_an_absence_that_another_process_was_told_of_one_knows_too(stores: Stores) -> None:
    path, clock = stores / "a.db", Machine(5)
    with engine(path, clock=clock) as one, engine(path, terms="", clock=clock) as other:
        record(one, filed("f", "C1", 0), fact("a", "complaint.assigned", "C1", 1, to="eve"))
        record(other, absence("x", "ann", 2, 3, "bob"), absence("y", "bob", 2, 3, "cid"))
        record(one, fact("b", "complaint.assigned", "C1", 4, to="ann"))
    assert reassigned(path) == [(us(4), "ann", "bob"), (us(4), "bob", "cid")]


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_deputies_stand_in_however_many_persons_are_known_by_heart(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    monkeypatch.setattr("engine.stock.PERSONS", known)
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, absence("x", "ann", 0, 30, "bob"), mode="event")
        record(taking, absence("y", "eve", 1, 30, "cid"), filed("g", "C2", 2), mode="event")
    with engine(path, cached=1) as taking:
        record(taking, absence("z", "dan", 3, 30, "fay"), filed("f", "C1", 4), mode="event")
        record(taking, fact("a", "complaint.assigned", "C1", 5, to="ann"), mode="event")
        record(taking, fact("b", "complaint.assigned", "C2", 6, to="dan"), down("d", "S9", 60), mode="event")
    assert reassigned(path) == [(us(30), "ann", "bob"), (us(30), "dan", "fay")]
