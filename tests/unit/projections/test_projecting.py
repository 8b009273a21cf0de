"""Pages of a feed: what is next, what is left out, what is parked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.decisions import OutageStarted
from contracts.facts import ComplaintAssigned, ComplaintFiled
from contracts.recorded import Recorded
from contracts.rows import OutageRow
from projections.errors import OtherStoreError, PoisonError
from projections.feed import Broken, Event, Page
from projections.projector import Poison, Projector, Standing
from projections.store.database import Database
from projections.store.opening import open_database

START = datetime(2024, 5, 1, tzinfo=UTC)
SECOND = 1_000_000


@pytest.fixture
def database() -> Iterator[Database]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.close()


def us(n: int) -> int:
    return int((START - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) + n * SECOND


def event(position: int, stream: str, version: int, data: Any, service: str | None = "register") -> Event:
    at = us(position)
    return Event(
        position, Recorded(stream, version, data.TYPE, at, at, "/test", str(position), data, service, late=False)
    )


def filed(position: int, name: str, service: str = "register") -> Event:
    data = ComplaintFiled(customer="shop", channel="phone", summary="dead", service=service, team="desk")
    return event(position, f"complaint:{name}", 1, data, service)


def given(position: int, name: str, version: int, team: str, service: str = "register") -> Event:
    return event(position, f"complaint:{name}", version, ComplaintAssigned(team=team), service)


class Told:
    """A feed of one part from memory."""

    def __init__(self, *events: Event) -> None:
        self.events = events

    def parts(self) -> Sequence[int]:
        return (0,)

    def page(self, part: int, offset: int, limit: int) -> Page | None:
        found = [one for one in self.events if one.position > offset][:limit]
        return Page(part, found[-1].position, found) if found else None


def teams(database: Database) -> dict[str, str]:
    with database.reading() as cursor:
        return dict(cursor.rows("SELECT complaint, team FROM complaints"))


def test_events_that_come_again_are_applied_once(database: Database) -> None:
    projector = Projector(database)
    told = Told(filed(1, "A"), given(2, "A", 2, "field"))
    projector.catch_up(told)
    standing = projector.standing(0)
    again = Page(0, 3, [*told.events, given(3, "A", 3, "office")])
    after = projector.take(again, standing)
    assert (after.position, after.offset) == (3, 3)
    assert teams(database) == {"A": "office"}
    with database.reading() as cursor:
        assert cursor.rows("SELECT COUNT(*) FROM events_1_1") == [(3,)]


def test_another_feed_may_have_the_same_events_and_nothing_is_doubled(database: Database) -> None:
    events = [filed(1, "A"), given(2, "A", 2, "field"), filed(3, "B", "line")]
    projector = Projector(database)
    projector.catch_up(Told(*events[:2]))
    partition = Page(5, 7, [*events, events[0], given(4, "A", 3, "office")])
    projector.take(partition, projector.standing(5))
    assert teams(database) == {"A": "office", "B": "desk"}
    assert (projector.is_fed_by_kafka(), projector.last()) == (True, 4)
    with pytest.raises(OtherStoreError, match="Kafka feeds these views"):
        projector.catch_up(Told(*events))


def test_the_same_places_in_the_history_of_another_store_are_noticed(database: Database) -> None:
    projector = Projector(database)
    projector.catch_up(Told(filed(1, "A"), filed(2, "B")))
    with pytest.raises(OtherStoreError, match="another store"):
        projector.take(Page(5, 2, [filed(3, "A")]), Standing())


def test_new_events_at_places_that_a_store_had_already_filled_are_of_another(database: Database) -> None:
    projector = Projector(database)
    projector.catch_up(Told(filed(1, "A"), filed(2, "B")))
    with pytest.raises(OtherStoreError, match="another position 2"):
        projector.take(Page(5, 4, [filed(2, "C"), filed(3, "D")]), Standing())
    assert set(teams(database)) == {"A", "B"}
    projector.take(Page(5, 5, [filed(3, "C")]), Standing())
    assert set(teams(database)) == {"A", "B", "C"}


def test_a_message_that_is_no_event_is_told_and_kept_and_hides_nothing(database: Database) -> None:
    alarms: list[Poison] = []
    projector = Projector(database, alarm=alarms.append)
    nothing = Event(0, Broken("", 0, "", "partition 4, offset 1", "no JSON"))
    after = projector.take(Page(5, 3, [filed(1, "A"), nothing, given(2, "A", 2, "field")]), Standing())
    assert teams(database) == {"A": "field"}
    assert (after.position, projector.parked()) == (2, 1)
    assert alarms == [Poison("partition 4, offset 1", 1, "", 0, "", "no JSON")]


def test_what_another_worker_has_applied_meanwhile_is_not_missed(database: Database) -> None:
    events = [filed(1, "A"), given(2, "A", 2, "field"), given(3, "A", 3, "office")]
    alarms: list[Poison] = []
    one, other = (Projector(database, alarm=alarms.append) for _ in range(2))
    one.catch_up(Told(*events[:1]))
    other.catch_up(Told(*events[:2]))
    one.catch_up(Told(*events))
    assert teams(database) == {"A": "office"}
    assert alarms == []


def test_an_event_whose_version_is_not_the_next_parks_its_service(database: Database) -> None:
    alarms: list[Poison] = []
    projector = Projector(database, alarm=alarms.append)
    told = Told(
        filed(1, "A"),
        filed(2, "B"),
        filed(3, "C", "line"),
        given(4, "A", 3, "field"),
        given(5, "B", 2, "field"),
        given(6, "C", 2, "field", "line"),
    )
    projector.catch_up(told)
    assert teams(database) == {"A": "desk", "B": "desk", "C": "field"}
    assert [(p.service, p.position, p.reason) for p in alarms] == [("register", 4, "version 3 where 2 is next")]
    assert projector.standing(0).position == 6


def test_what_is_parked_stays_so_for_a_worker_that_starts_later(database: Database) -> None:
    Projector(database).catch_up(Told(filed(1, "A"), given(2, "A", 3, "field")))
    alarms: list[Poison] = []
    Projector(database, alarm=alarms.append).catch_up(
        Told(filed(1, "A"), given(2, "A", 3, "field"), given(3, "A", 2, "office"), filed(4, "D", "line"))
    )
    assert teams(database) == {"A": "desk", "D": "desk"}
    assert alarms == []


def test_a_handler_that_fails_parks_the_service_and_leaves_nothing_half_done(database: Database) -> None:
    alarms: list[Poison] = []
    projector = Projector(database, alarm=alarms.append)
    nobody = given(2, "X", 1, "field")  # it was never filed
    down = event(
        3, "service:register", 1, OutageStarted(from_=START, outages=(OutageRow(started_at=START),)), "register"
    )
    projector.catch_up(Told(filed(1, "A", "line"), nobody, down, given(4, "A", 2, "field", "line")))
    assert teams(database) == {"A": "field"}
    assert [(poison.position, poison.type) for poison in alarms] == [(2, "complaint.assigned")]
    with database.reading() as cursor:
        assert cursor.rows("SELECT COUNT(*) FROM outages") == [(0,)]


def test_a_rebuild_is_strict(database: Database) -> None:
    projector = Projector(database, strict=True)
    with pytest.raises(PoisonError, match=r"position 2: complaint\.assigned in complaint:A .* version 3 where 2"):
        projector.catch_up(Told(filed(1, "A"), given(2, "A", 3, "field")))
    assert projector.standing(0) == Standing()
    assert teams(database) == {}
