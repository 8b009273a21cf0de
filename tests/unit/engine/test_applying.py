"""New terms for complaints that run: what moves, what stays, what begins, what is gone (the domain page, section 6)."""

from __future__ import annotations

from typing import Any

from contracts.agreements import Agreement

from .lasting import Lasting, at, clock, standard
from .telling import closing, delivered, down, filed, said, sent, up

LONG = clock("restore", "PT40H", "down", "up", more="warn = [0.5]")
SHORT = clock("restore", "PT16H", "down", "up", more="warn = [0.5]")
ACK = clock("acknowledge", "PT2H", "filed", "acknowledged")
REPLY = clock("reply", "P14D", "filed", "replied", "always", 'until = "end_of_day"')
FILED = "2024-03-04T08:00"


def running(*versions: Agreement) -> Lasting:
    """A complaint of a customer who is down since Monday at eight."""
    it = Lasting(*versions)
    it.when(filed(at(FILED), down=True))
    return it


def cycles(it: Lasting) -> dict[str, Any]:
    """By clock, its only cycle as shown."""
    return {row["clock"]: row for row in it.show()["clocks"]}


def recorded(it: Lasting) -> dict[tuple[str, int], str]:
    """By clock and number, each cycle's state as recorded."""
    return {(name, c.number): c.state for name, rows in it.complaint().cycles.items() for c in rows}


def test_the_new_terms_are_reckoned_from_the_start_of_a_cycle_that_runs() -> None:
    it = running(standard(LONG), standard(SHORT))
    it.at(at("2024-03-05T10:00"))
    assert cycles(it)["restore"]["due_at"] == "2024-03-08T15:00:00Z"
    it.renew(2)
    restore = cycles(it)["restore"]

    assert (restore["due_at"], restore["started_at"]) == ("2024-03-05T15:00:00Z", "2024-03-04T07:00:00Z")
    assert (restore["state"], restore["agreement_version"], restore["target"]) == ("running", 2, "PT16H")
    assert [e.type for e in it.decided()] == ["clock.warned"], "half of the new target had passed"


def test_a_due_time_that_would_lie_before_the_application_is_its_time() -> None:
    it = running(standard(LONG), standard(SHORT))
    it.at(at("2024-03-07T10:00"))
    it.renew(2)
    restore = cycles(it)["restore"]

    assert (restore["state"], restore["due_at"], restore["breached_at"]) == (
        "breached",
        "2024-03-07T09:00:00Z",
        "2024-03-07T09:00:00Z",
    )
    assert "clock.breached" in [e.type for e in it.decided()]


def test_breaches_and_warnings_stay_whatever_the_new_terms_say() -> None:
    it = running(standard(SHORT), standard(LONG))
    it.at(at("2024-03-06T08:00"))
    before = cycles(it)["restore"]
    it.renew(2)
    after = cycles(it)["restore"]

    assert (before["state"], after["state"]) == ("breached", "breached")
    assert after["breached_at"] == before["breached_at"] == "2024-03-05T15:00:00Z"
    assert after["warned_at"] == before["warned_at"]
    it.when(up(at("2024-03-06T09:00")))
    assert cycles(it)["restore"]["state"] == "late"


def test_stopped_cycles_stay() -> None:
    it = running(standard(LONG, ACK), standard(SHORT, clock("acknowledge", "PT1H", "filed", "acknowledged")))
    it.when(said(at("2024-03-04T09:30"), "complaint.acknowledged", by="ann"), up(at("2024-03-04T10:00")))
    it.when(down(at("2024-03-05T08:00")))
    before = it.show()["clocks"]
    it.renew(2)
    after = it.show()["clocks"]

    assert after[:2] == before[:2]
    assert [(row["clock"], row["state"]) for row in after] == [
        ("acknowledge", "met"),
        ("restore", "met"),
        ("restore", "running"),
    ]
    assert after[2]["due_at"] == "2024-03-06T15:00:00Z"


def test_new_clocks_start_at_the_filing_and_are_due_at_the_application_at_the_earliest() -> None:
    it = running(standard(LONG), standard(LONG, ACK, REPLY))
    it.at(at("2024-03-05T10:00"))
    it.renew(2)

    assert cycles(it)["reply"]["started_at"] == cycles(it)["acknowledge"]["started_at"] == "2024-03-04T07:00:00Z"
    assert cycles(it)["reply"]["due_at"] == "2024-03-18T23:00:00Z"
    assert (cycles(it)["acknowledge"]["state"], cycles(it)["acknowledge"]["due_at"]) == (
        "breached",
        "2024-03-05T09:00:00Z",
    )


def test_clocks_that_are_gone_are_cancelled_and_no_outage_after_that_begins_one() -> None:
    it = running(standard(LONG, REPLY), standard(REPLY))
    it.at(at("2024-03-05T10:00"))
    it.renew(2)
    assert [e.type for e in it.decided()] == ["clock.restated", "clock.cancelled"]
    it.when(up(at("2024-03-05T11:00")), down(at("2024-03-05T12:00")))

    assert (cycles(it)["restore"]["state"], cycles(it)["restore"]["stopped_at"]) == (
        "cancelled",
        "2024-03-05T09:00:00Z",
    )
    assert [row["clock"] for row in it.show()["clocks"]] == ["reply", "restore"]
    assert recorded(it) == {("restore", 1): "cancelled", ("reply", 1): "running"}


def test_an_outage_before_the_application_that_is_told_after_it_is_a_cycle_still() -> None:
    it = running(standard(LONG, REPLY), standard(REPLY))
    it.when(up(at("2024-03-04T09:00")))
    it.at(at("2024-03-05T10:00"))
    it.renew(2)
    it.when(down(at("2024-03-04T10:00")).arriving(at("2024-03-05T11:00")))

    states = [(row["clock"], row["cycle"], row["state"]) for row in it.show()["clocks"]]
    assert states == [("reply", 1, "running"), ("restore", 1, "met"), ("restore", 2, "cancelled")]


def test_a_clock_that_came_back_runs_from_the_filing_again() -> None:
    it = running(standard(LONG, REPLY), standard(LONG), standard(LONG, REPLY))
    it.at(at("2024-03-05T10:00"))
    it.renew(2)
    assert cycles(it)["reply"]["state"] == "cancelled"
    it.at(at("2024-03-06T10:00"))
    it.renew(3)

    reply = cycles(it)["reply"]
    assert (reply["state"], reply["started_at"], reply["due_at"]) == (
        "running",
        "2024-03-04T07:00:00Z",
        "2024-03-18T23:00:00Z",
    )
    assert recorded(it)["reply", 1] == "running"


def test_new_terms_may_let_a_pause_count_that_did_not() -> None:
    pausing = clock("restore", "PT16H", "down", "up", more='pauses = ["customer"]')
    it = running(standard(SHORT), standard(pausing))
    it.when(sent(at("2024-03-04T09:00"), about="question"), delivered(at("2024-03-04T09:00")))
    it.when(said(at("2024-03-04T10:00"), "complaint.wait_started", on="customer", notice="n"))
    it.when(said(at("2024-03-04T14:00"), "complaint.wait_ended"))
    assert cycles(it)["restore"]["due_at"] == "2024-03-05T15:00:00Z"
    it.renew(2)

    assert cycles(it)["restore"]["due_at"] == "2024-03-06T11:00:00Z"


def test_new_terms_settle_no_claim_that_both_they_and_the_old_ones_leave_to_the_customer() -> None:
    it = running(standard(LONG), standard(SHORT))
    it.when(up(at("2024-03-04T09:00"), "technician"))
    it.at(at("2024-03-04T10:00"))
    it.renew(2)

    assert it.show()["customer_state"] == "unconfirmed"
    assert [c["state"] for c in it.show()["outages"][0]["claims"]] == ["pending"]


def test_a_claim_that_the_new_terms_accept_speaks_from_their_application_on() -> None:
    accepting = standard('restoration = { accepts = ["technician"] }\n', LONG)
    it = running(standard(LONG), accepting)
    it.when(up(at("2024-03-04T09:00"), "technician"))
    it.at(at("2024-03-04T10:00"))
    assert it.show()["customer_state"] == "unconfirmed"
    it.renew(2)

    assert it.show()["customer_state"] == "up"
    assert it.show()["outages"][0]["ended_at"] == "2024-03-04T08:00:00Z"


def test_a_complaint_leans_no_more_after_a_closing_that_is_told_after_the_application_but_lies_before_it() -> None:
    it = running(standard(LONG), standard(SHORT))
    it.when(up(at("2024-03-04T09:00")))
    it.at(at("2024-03-04T11:00"))
    it.renew(2)
    it.when(closing(at("2024-03-04T10:00")).arriving(at("2024-03-04T12:00")))
    it.when(down(at("2024-03-04T10:30")).arriving(at("2024-03-04T12:00")))
    it.when(up(at("2024-03-04T10:40"), "technician").arriving(at("2024-03-04T12:00")))

    assert it.show()["customer_state"] == "up", "none leaned, so nobody disputed the claim"
