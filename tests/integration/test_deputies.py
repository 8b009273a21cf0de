"""Who is absent is stood in for: whoever was told of it, and however many persons there are."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine.reading import Reader
from ops.viewing import Views
from tests.integration.engines import Machine, engine, record
from tests.integration.facts import corrected, down, fact, filed, log, us, when
from tests.integration.stores import Place, Stores, change, url_of


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


def look(path: Place, name: str) -> dict[str, Any]:
    reader = Reader(url_of(path))
    try:
        shown: dict[str, Any] = reader.show(name, at=us(890), known_at=us(890))
        return shown
    finally:
        reader.close()


def table(path: Place, view: str, columns: str) -> list[tuple[Any, ...]]:
    """What SQL finds in a view; one row for all of these stores."""
    with Views(url_of(path)) as views:
        views.catch_up()
        with views.database.reading() as cursor:
            return cursor.rows(f"SELECT {columns} FROM {view}")


def absent(name: str, person: str, told_at: float, start: float, *until: Any) -> bytes:
    """Until when, and who stands in if anybody does."""
    how = {"from": when(start), "until": when(until[0])} | dict(zip(["deputy"], until[1:], strict=False))
    return fact(name, "person.absent", person, told_at, **how)


def given(name: str, minute: float, to: str) -> bytes:
    return fact(name, "complaint.assigned", "C1", minute, to=to)


def quiet(name: str, minute: float) -> bytes:
    return fact(name, "complaint.contacted", "C1", minute, by="ann", direction="outbound")


CHAIN = [given("a", 10, "zoe"), absent("x", "ann", 20, 60, 900, "bob"), absent("y", "zoe", 120, 120, 900, "ann")]
OVER = [absent("x", "cid", 10, 60, 900, "dee"), absent("y", "cid", 20, 240, 360), given("a", 300, "cid")]
CIRCLE = [given("a", 10, "bob"), absent("x", "ann", 20, 60, 240, "bob"), absent("y", "bob", 30, 120, 900, "ann")]
OPENED = [
    given("a", 10, "bob"),
    absent("x", "ann", 20, 60, 900, "bob"),
    absent("y", "bob", 30, 120, 900, "ann"),
    absent("z", "ann", 240, 240, 900, "cid"),
]
LATE = [
    absent("x", "dee", 5, 30, 900, "ann"),
    quiet("q", 120),
    given("a", 60, "dee"),
    absent("y", "ann", 180, 240, 900, "bob"),
]
TWICE = [absent("x", "ann", 5, 30, 900, "dee"), given("a1", 120, "ann"), given("a2", 120, "ann")]
AGAIN = [given("a", 60, "cid"), given("b", 240, "cid"), absent("x", "cid", 180, 180, 900, "dee")]


@pytest.mark.parametrize(
    "facts, has_it, handovers",
    [
        pytest.param(CHAIN, "bob", 2, id="a chain of deputies, who are not in order of their names"),
        pytest.param(OVER, "dee", 1, id="the absence that took another's place ends"),
        pytest.param(CIRCLE, "ann", 1, id="who stood in for one another: one is back"),
        pytest.param(OPENED, "cid", 2, id="who stood in for one another: one has another deputy"),
        pytest.param(LATE, "bob", 2, id="a deputy by a late assignment is absent later"),
        pytest.param(TWICE, "dee", 1, id="two assignments at one instant"),
        pytest.param(AGAIN, "dee", 3, id="a late absence before a repeated assignment"),
    ],
)
@pytest.mark.parametrize("rearmed", [False, True])
def test_the_tables_have_the_owner_that_is_shown(
    stores: Stores, facts: list[bytes], has_it: str, handovers: int, *, rearmed: bool
) -> None:
    path = stores / "a.db"
    with engine(path) as taking:
        record(taking, filed("f", "C1", 0), mode="event")
        for body in facts:
            record(taking, body, mode="event")
        if rearmed:
            change(path, "DELETE FROM owned")
            taking.rearm()
            taking.settle()
        record(taking, quiet("last", 890), mode="event")
    shown = look(path, "C1")
    assert (shown["owner"]["person"], shown["handovers"]) == (has_it, handovers)
    assert table(path, "complaints", "person, handovers") == [(has_it, handovers)]


@pytest.mark.parametrize("word", ["kept", "released"])
def test_the_tables_have_a_promise_of_which_the_end_was_told_late_and_first(stores: Stores, word: str) -> None:
    path = stores / "a.db"
    made = fact("m", "promise.made", "C1", 180, promise="p", what="to call", due=when(240))
    with engine(path) as taking:
        for body in (filed("f", "C1", 0), quiet("q", 120), fact("k", f"promise.{word}", "C1", 60, promise="p"), made):
            record(taking, body, mode="event")
        record(taking, quiet("last", 890), mode="event")
    assert [promise["state"] for promise in look(path, "C1")["promises"]] == [word]
    assert table(path, "promises", "state, what") == [(word, "to call")]


def test_a_timer_that_another_process_has_fired_and_set_anew_is_not_lost_with_it(stores: Stores) -> None:
    path, clock = stores / "a.db", Machine(5)
    away = [absent("x", "ann", 2, 30, 60), absent("y", "ann", 3, 100, 900, "cid")]
    with engine(path, clock=clock) as one:
        record(one, filed("f", "C1", 0), given("a", 1, "ann"), *away)
        with engine(path, terms="", clock=clock) as other:
            clock.minute = 40
            other.settle()
        clock.minute = 110
        one.settle()
        assert one.tick().more is False
    assert reassigned(path) == [(us(100), "ann", "cid")]


def arrivals(seed: int, random: Random) -> list[tuple[float, bytes]]:
    """A complaint that goes through many hands, some of them absent; each word with when it arrives."""
    name, people = f"C{seed}", [f"{person}-{seed}" for person in ("dan", "ann", "cid", "bob")]
    told: list[tuple[float, bytes]] = [(0, filed(f"{seed}-f", name, 0))]
    words: list[tuple[str, str]] = []
    for n in range(random.randint(4, 14)):
        at, what = random.randrange(1, 24) * 10, random.random()
        late = random.choice((0, 0, 0, random.randrange(1, 12) * 10))
        word = f"{seed}-{random.randrange(100)}-{n}"
        if what < 0.4:
            body = fact(word, "complaint.assigned", name, at, to=random.choice(people))
            words.append((name, word))
        elif what < 0.5 and words:
            subject, wrong = random.choice(words)
            body = corrected(word, subject, at, wrong, void=True)
        elif what < 0.9:
            start = at + random.choice((0, 0, 10, 30))
            until = [start + random.choice((10, 30, 100)), *random.sample(people, random.randrange(2))]
            words.append((random.choice(people), word))
            body = absent(word, words[-1][0], at, start, *until)
        elif what < 0.95:
            body = fact(word, "complaint.close_requested", name, at, by="eve")
        else:
            body = fact(word, "complaint.reopen_requested", name, at, by="eve", reason="not solved")
        told.append((at + late, body))
    return told


@pytest.mark.parametrize("rearmed", [False, True])
def test_whatever_is_told_of_absences_the_tables_have_the_owner_that_is_shown(stores: Stores, *, rearmed: bool) -> None:
    path, random = stores / "a.db", Random(7)
    told = sorted((pair for seed in range(300) for pair in arrivals(seed, random)), key=lambda pair: pair[0])
    bodies = [body for _, body in told]
    with engine(path) as taking:
        while bodies:
            size = random.choice((1, 5, 100))
            taking.take(bodies[:size], mode="event")
            del bodies[:size]
        if rearmed:
            change(path, "DELETE FROM owned")
            last: str | None = ""
            while last is not None:
                _, last = taking.rearm(last)
            taking.settle()
        record(taking, down("z", "S", 890), mode="event")
        taking.settle()
    shown = [look(path, f"C{seed}") for seed in range(300)]
    assert sum(one["handovers"] for one in shown) > 500
    expected = [(s["complaint"], s["owner"]["person"], s["handovers"], s["bounces"]) for s in shown]
    assert sorted(table(path, "complaints", "complaint, person, handovers, bounces")) == sorted(expected)
