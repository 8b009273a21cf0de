"""Claims: somebody other than the customer says that it is back (the domain page, section 4; 3 to 5)."""

from __future__ import annotations

import pytest

from .given import Told, given, minute, terms
from .telling import confirmed, corrected, down, filed, granted, proposed, rejected, remedied, up, visited, withdrawn

CLAIMS = [up(10, "telemetry"), up(10, "technician"), up(10, "operator"), visited(10), proposed(10)]


# ---- what a claim is


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.kind} {claim.data.get('evidence', '')}")
def test_a_claim_while_it_is_down_makes_it_unconfirmed_and_changes_nothing_else(claim: Told) -> None:
    it = given(filed(0, down=True)).when(claim).then("outage.claimed")
    assert (it.state(9), it.state(10)) == ("down", "unconfirmed")
    assert it.outages() == [(0, None)]
    assert it.claims() == [("pending", 10)]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.kind} {claim.data.get('evidence', '')}")
def test_a_claim_while_it_is_up_says_nothing(claim: Told) -> None:
    it = given(filed(0)).when(claim).then()
    assert it.claims() == []


@pytest.mark.parametrize("outcome", ["diagnosed", "no_access", "part_missing", "other"])
def test_a_visit_that_did_not_fix_it_claims_nothing(outcome: str) -> None:
    given(filed(0, down=True)).when(visited(10, outcome=outcome)).then()


@pytest.mark.parametrize("kind", ["repair", "replacement", "loaner"])
def test_a_remedy_that_restores_claims_when_it_is_delivered(kind: str) -> None:
    it = given(filed(0, down=True)).when(granted(5, kind=kind)).then()
    it.when(remedied(10)).then("outage.claimed")
    assert it.show()["outages"][0]["claims"][0]["evidence"] == "technician"


@pytest.mark.parametrize("kind", ["refund", "credit", "other"])
def test_a_remedy_that_pays_claims_nothing(kind: str) -> None:
    given(filed(0, down=True), granted(5, kind=kind)).when(remedied(10)).then()


def test_a_remedy_delivered_before_anybody_knew_what_it_was_claims_once_that_is_known() -> None:
    it = given(filed(0, down=True)).when(remedied(10)).then()
    it.when(granted(5).arriving(20)).then("outage.claimed", "complaint.restated")
    assert it.claims() == [("pending", 10)]


def test_a_claim_is_pending_for_the_moment_it_names_not_before_the_outage() -> None:
    it = given(filed(0), down(10), up(20, "technician", since=15), up(21, "operator", since=2))
    assert it.claims() == [("pending", 15), ("pending", 10)]


def test_a_claim_shows_its_evidence_and_who_said_it() -> None:
    it = given(filed(0, down=True), up(10, "technician", by="kim", since=5), proposed(12))
    shown = it.show()["outages"][0]["claims"]
    assert [(c["evidence"], c["by"], minute(c["time"]), minute(c["since"]), c["state"]) for c in shown] == [
        ("technician", "kim", 10, 5, "pending"),
        ("operator", "desk", 12, 12, "pending"),
    ]


# ---- accepted by itself


def test_a_claim_that_the_agreement_accepts_is_a_word_at_once() -> None:
    it = given(filed(0, down=True), accepts=["telemetry"]).when(up(10, "telemetry", since=6)).then("outage.ended")
    assert it.outages() == [(0, 6)]
    assert it.ended_by() == ["telemetry"]
    assert it.claims() == [("confirmed", 6)]


def test_other_evidence_than_the_accepted_is_pending() -> None:
    it = given(filed(0, down=True), accepts=["telemetry"]).when(up(10, "technician")).then("outage.claimed")
    assert it.state(10) == "unconfirmed"


def test_proposals_and_visits_are_accepted_as_the_evidence_that_they_are() -> None:
    assert given(filed(0, down=True), proposed(10), accepts=["operator"]).ended_by() == ["operator"]
    assert given(filed(0, down=True), visited(10), accepts=["technician"]).ended_by() == ["technician"]


def test_whatever_word_brings_it_up_every_pending_claim_is_confirmed() -> None:
    it = given(filed(0, down=True), up(5, "technician"), up(8, "operator", since=2), accepts=["telemetry"])
    it.when(up(10, "telemetry"))
    assert it.claims() == [("confirmed", 5), ("confirmed", 2), ("confirmed", 10)]
    assert it.outages() == [(0, 10)]


def test_a_pending_claim_leaves_it_unconfirmed_until_a_word_speaks_of_that_moment() -> None:
    it = given(filed(0, down=True), up(10, "technician"), confirmed(30, up_since=20))
    assert [it.state(time) for time in (9, 10, 19, 20)] == ["down", "unconfirmed", "unconfirmed", "up"]


# ---- void


def test_a_down_word_voids_the_claims_pending_at_it() -> None:
    it = given(filed(0, down=True), up(10, "technician")).when(down(20)).then("outage.resumed")
    assert it.claims() == [("void", 10)]
    assert (it.state(15), it.state(20)) == ("unconfirmed", "down")
    assert it.show()["false_restorations"] == 1


def test_a_down_word_voids_a_confirmed_claim_whose_effect_it_takes_away() -> None:
    it = given(filed(0, down=True), up(10, "telemetry"), accepts=["telemetry"]).when(down(20, since=8))
    assert it.claims() == [("void", 10)]
    assert it.outages() == [(0, None)]
    assert it.show()["false_restorations"] == 1


def test_a_down_word_about_what_came_later_leaves_a_confirmed_claim_alone() -> None:
    it = given(filed(0, down=True), up(10, "telemetry"), accepts=["telemetry"]).when(down(20, since=11))
    assert it.claims() == [("confirmed", 10)]


def test_the_effect_of_a_claim_is_the_first_moment_from_the_one_it_names_that_was_up() -> None:
    """It names 5, but the customer's word brings it up from 10 only: taking away 10 voids it, taking away 12 not."""
    story = [filed(0, down=True), up(8, "technician", since=5), confirmed(20, up_since=10)]
    assert given(*story, down(30, "customer", since=12)).claims() == [("confirmed", 5)]
    assert given(*story, down(30, "customer", since=10)).claims() == [("void", 5)]
    assert given(*story, down(30, since=12)).claims() == [("confirmed", 5)]  # the customer had spoken of 12


def test_no_later_word_revives_a_void_claim() -> None:
    it = given(filed(0, down=True), up(10, "technician"), down(20)).when(confirmed(30, up_since=5))
    assert it.claims() == [("void", 10)]
    assert it.outages() == [(0, 5)]


def test_correcting_the_down_word_revives_it() -> None:
    wrong = down(20)
    it = given(filed(0, down=True), up(10, "technician"), wrong).when(corrected(30, wrong, void=True))
    assert it.claims() == [("pending", 10)]
    assert it.state(30) == "unconfirmed"


def test_a_void_claim_does_not_count_for_the_customers_word() -> None:
    it = given(filed(0, down=True), up(10, "technician"), down(20), confirmed(30))
    assert it.outages() == [(0, 30)]


# ---- as facts come late


def test_a_claim_that_comes_late_says_what_it_would_have_said() -> None:
    story = [filed(0, down=True), up(10, "technician"), down(20)]
    it = given(story[0], story[2]).when(story[1].arriving(30)).then("outage.resumed")
    assert it.claims() == [("void", 10)]


def test_a_claim_during_what_turns_out_to_have_been_up_is_none() -> None:
    it = given(filed(0), down(5), up(10, "technician"))
    assert it.claims() == [("pending", 10)]
    it.when(up(7).arriving(20))
    assert it.claims() == []
    assert it.outages() == [(5, 7)]


def test_a_claim_is_about_the_outage_as_it_began() -> None:
    it = given(filed(0), down(5), up(10, "technician", since=1))
    assert it.claims() == [("pending", 5)]
    it.when(down(4, since=2).arriving(20))
    assert it.claims() == [("pending", 2)]


# ---- who leans


def test_several_who_lean_accept_only_together() -> None:
    it = given(filed(0, down=True), filed(1, "D", agreement="easy"), easy=terms("telemetry"))
    it.when(up(10, "telemetry")).then("outage.claimed")
    it = given(filed(0, down=True), filed(1, "D", agreement="easy"), accepts=["telemetry"], easy=terms("telemetry"))
    it.when(up(10, "telemetry")).then("outage.ended")


def test_when_the_strict_one_leaves_what_the_others_accept_speaks_then() -> None:
    it = given(filed(0, down=True, agreement="easy"), filed(1, "D"), up(10, "telemetry"), easy=terms("telemetry"))
    it.when(withdrawn(20, "D")).then("complaint.withdrawn_recorded", "outage.ended")
    assert it.outages() == [(0, 10)]
    (claim,) = it.memory.service("S").claims.values()
    assert minute(claim.settled_at) == 20


def test_what_was_accepted_stays_when_a_stricter_one_comes() -> None:
    it = given(filed(0, down=True, agreement="easy"), up(10, "telemetry"), easy=terms("telemetry"))
    it.when(filed(20, "D")).then()
    assert it.outages() == [(0, 10)]


def test_of_several_that_speak_when_somebody_leaves_the_earliest_moment_counts() -> None:
    easy = terms("telemetry", "operator")
    it = given(filed(0, down=True, agreement="easy"), filed(1, "D"), easy=easy)
    it.when(up(10, "telemetry", since=9), up(11, "operator", since=6), withdrawn(20, "D"))
    assert it.outages() == [(0, 6)]
    assert it.ended_by() == ["operator"]


def test_while_none_leans_every_claim_is_accepted() -> None:
    it = given(down(5)).when(up(10, "operator")).then("outage.ended")
    assert it.ended_by() == ["operator"]


def test_when_the_last_one_leaves_pending_claims_are_accepted() -> None:
    it = given(filed(0, down=True), up(10, "operator", since=4)).when(withdrawn(20))
    assert it.outages() == [(0, 4)]


def test_a_filing_that_comes_late_held_its_claims_to_its_terms_from_then_on() -> None:
    it = given(filed(0, down=True, agreement="easy"), up(10, "telemetry"), easy=terms("telemetry"))
    assert it.outages() == [(0, 10)]
    it.when(filed(5, "D").arriving(20)).then("outage.restated")
    assert it.outages() == [(0, None)]
    assert it.claims() == [("pending", 10)]


def test_a_rejection_leaves_the_claims_pending() -> None:
    it = given(filed(0, down=True), up(10, "technician")).when(rejected(20)).then()
    assert it.claims() == [("pending", 10)]
    assert it.state(20) == "unconfirmed"
