"""What is recorded, under which name and time (interfaces, section 2; kernel, section 2)."""

from __future__ import annotations

from contracts.decisions import Outages, ServiceHeard

from .given import Story, given, minute
from .telling import closing, confirmed, corrected, down, filed, proposed, rejected, said, up


def rows(it: Story) -> tuple[float | None, float | None, int, int]:
    """From, until, and how many outages and claims the last decision about outages carries."""
    data = it.decided()[0].data
    assert isinstance(data, Outages)
    return minute(data.from_), minute(data.until), len(data.outages), len(data.claims)


def test_a_filing_records_the_terms_that_it_has() -> None:
    it = given(filed(0))
    assert [event.type for event in it.events] == ["complaint.filed", "agreement.applied", "service.heard"]
    assert [event.stream for event in it.events] == ["complaint:C", "complaint:C", "service:S"]


def test_an_outages_decision_has_the_time_at_which_it_holds() -> None:
    it = given(filed(0)).when(down(10, since=4)).then("outage.started")
    assert minute(it.decided()[0].time) == 4
    it.when(up(20, since=15)).then("outage.ended")
    assert minute(it.decided()[0].time) == 15


def test_a_claim_and_its_voiding_have_the_time_at_which_they_were_said() -> None:
    it = given(filed(0, down=True)).when(up(10, "technician", since=5)).then("outage.claimed")
    assert minute(it.decided()[0].time) == 10
    it.when(down(20)).then("outage.resumed")
    assert minute(it.decided()[0].time) == 20


def test_a_decision_names_the_fact_behind_it_and_when_it_was_made() -> None:
    word = down(10).arriving(30)
    it = given(filed(0)).when(word)
    (started,) = it.decided()
    assert (started.source, started.id) == (word.source, word.id)
    assert minute(started.recorded_at) == 30


def test_only_what_differs_is_recorded() -> None:
    story = [fact for n in range(10) for fact in (down(10 * n), up(10 * n + 5))]
    it = given(filed(0), *story).when(up(41, since=40).arriving(200)).then("outage.restated")
    assert rows(it) == (40, 50, 0, 0)
    it.when(down(61, since=58).arriving(201)).then("outage.restated")
    assert rows(it) == (58, 70, 1, 0)


def test_nothing_is_recorded_where_nothing_differs() -> None:
    given(filed(0), down(5)).when(down(6), rejected(7), rejected(8, still_down=True)).then()
    given(filed(0)).when(up(5), confirmed(6), proposed(7)).then()


def test_a_fact_about_nobodys_state_is_recorded_and_heard_by_no_service() -> None:
    it = given(filed(0)).when(said(5, "complaint.contacted", by="x", direction="inbound"))
    assert [event.type for event in it.fresh] == ["complaint.contacted"]


def test_what_a_fact_brings_its_service_is_heard_once() -> None:
    it = given(filed(0, down=True)).when(confirmed(5))
    assert [event.type for event in it.fresh] == ["resolution.confirmed", "service.heard", "outage.ended"]
    it.when(closing(10))
    assert [event.type for event in it.fresh] == ["complaint.close_requested", "complaint.closed", "service.heard"]


def test_a_request_during_an_outage_changes_what_was_reported() -> None:
    it = given(filed(0, down=True)).when(closing(10)).then("closure.refused", "outage.claimed")
    data = it.decided("outage.claimed")[0].data
    assert isinstance(data, Outages)
    assert minute(data.outages[0].reported_end) == 10


def test_a_fact_that_is_not_the_latest_is_marked_late() -> None:
    it = given(filed(0), closing(20)).when(proposed(10).arriving(30))
    assert it.fresh[0].late
    assert not it.events[0].late


def test_what_is_heard_of_a_corrected_fact_replaces_what_was_heard() -> None:
    word = confirmed(10)
    it = given(filed(0, down=True), word).when(corrected(20, word, void=True, proof="p"))
    heard = [event.data for event in it.fresh if isinstance(event.data, ServiceHeard)]
    assert [(h.fact.id, h.items) for h in heard] == [(word.id, ())]
    assert it.outages() == [(0, None)]


def test_a_correction_of_what_nobody_hears_is_heard_by_no_service() -> None:
    word = said(5, "complaint.contacted", by="x", direction="inbound")
    it = given(filed(0), word).when(corrected(10, word, void=True))
    assert [event.type for event in it.fresh] == ["fact.corrected", "complaint.restated"]
