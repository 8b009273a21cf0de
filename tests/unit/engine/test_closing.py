"""May it be closed? (The domain page, section 5.)"""

from __future__ import annotations

from typing import Any

import pytest

from contracts.decisions import ClosureRefused, ComplaintClosed

from .given import Told, given, minute, terms
from .telling import closing, confirmed, corrected, delivered, down, filed, proposed, said, sent, up, visited, withdrawn

NEVER = ["customer_down", "restoration_unconfirmed", "already_ended"]
OUTSTANDING = {
    "part_outstanding": (
        said(5, "part.ordered", order="x", part="psu"),
        [said(8, "part.arrived", order="x"), said(8, "part.cancelled", order="x")],
    ),
    "visit_outstanding": (
        said(5, "visit.scheduled", visit="x", from_=20, to=30),
        [visited(8, visit="x", outcome="other"), said(8, "visit.cancelled", visit="x", by="shop")],
    ),
    "remedy_outstanding": (
        said(5, "remedy.granted", remedy="x", kind="refund"),
        [said(8, "remedy.delivered", remedy="x"), said(8, "remedy.cancelled", remedy="x")],
    ),
    "promise_outstanding": (
        said(5, "promise.made", promise="x", what="to call", due=60),
        [said(8, "promise.kept", promise="x"), said(8, "promise.released", promise="x")],
    ),
}


def test_with_nothing_against_it_it_is_closed() -> None:
    it = given(filed(0, down=True), confirmed(5)).when(closing(10, reason="done")).then("complaint.closed")
    assert it.status() == "closed"
    assert minute(it.show()["closed_at"]) == 10


def test_a_complaint_whose_customer_never_was_down_may_be_closed() -> None:
    given(filed(0)).when(closing(10)).then("complaint.closed")


# ---- the customer


def test_not_while_the_customer_is_down() -> None:
    it = given(filed(0, down=True)).when(closing(10)).then("closure.refused", "outage.claimed")
    assert it.objections() == ["customer_down"]
    assert it.status() == "open"


def test_not_while_a_restoration_is_unconfirmed() -> None:
    it = given(filed(0, down=True), up(5, "technician")).when(closing(10))
    assert it.objections() == ["restoration_unconfirmed"]


def test_not_if_the_customer_was_down_at_the_time_of_the_request() -> None:
    it = given(filed(0, down=True), confirmed(20)).when(closing(10).arriving(30))
    assert it.objections() == ["customer_down"]


def test_not_if_the_customer_is_down_now() -> None:
    it = given(filed(0), down(20)).when(closing(10).arriving(30))
    assert it.objections() == ["customer_down"]


def test_then_down_and_now_unconfirmed_are_two_objections() -> None:
    it = given(filed(0, down=True), up(15, "technician")).when(closing(10).arriving(30))
    assert it.objections() == ["customer_down", "restoration_unconfirmed"]


def test_down_in_between_is_no_objection() -> None:
    it = given(filed(0), down(20), up(25)).when(closing(10).arriving(30)).then("complaint.closed")
    assert it.status() == "closed"


def test_at_the_very_end_of_an_outage_the_customer_is_up() -> None:
    given(filed(0, down=True), confirmed(10, id="a")).when(closing(10, id="b")).then("complaint.closed")


def test_a_word_of_the_same_instant_that_comes_later_in_the_order_counts() -> None:
    it = given(filed(0), down(10, id="z")).when(closing(10, id="a"))
    assert it.objections() == ["customer_down"]


# ---- what is outstanding


@pytest.mark.parametrize("code", OUTSTANDING)
def test_not_while_something_is_outstanding(code: str) -> None:
    begun, ends = OUTSTANDING[code]
    assert given(filed(0), begun).when(closing(10)).objections() == [code]
    for end in ends:
        assert given(filed(0), begun, end).when(closing(10)).status() == "closed"


@pytest.mark.parametrize("code", OUTSTANDING)
def test_what_is_outstanding_is_as_of_the_requests_time(code: str) -> None:
    begun, ends = OUTSTANDING[code]
    assert given(filed(0), begun).when(closing(4).arriving(10)).status() == "closed"
    assert given(filed(0), begun, ends[0]).when(closing(6).arriving(10)).objections() == [code]
    assert given(filed(0), begun, ends[0]).when(closing(8, id="~").arriving(10)).status() == "closed"


@pytest.mark.parametrize("code", OUTSTANDING)
def test_it_is_known_by_its_name(code: str) -> None:
    begun, ends = OUTSTANDING[code]
    other = {k: "y" if v == "x" else v for k, v in ends[0].data.items()}
    it = given(filed(0), begun, said(8, ends[0].kind, **other)).when(closing(10))
    assert it.objections() == [code]


def test_the_formal_answer_is_missing_where_a_clock_waits_for_it() -> None:
    answered = said(5, "complaint.replied", by="desk", decision="rejected")
    formal = filed(0, agreement="formal")
    assert given(formal, formal=terms(reply=True)).when(closing(10)).objections() == ["reply_missing"]
    assert given(formal, answered, formal=terms(reply=True)).when(closing(10)).status() == "closed"
    assert given(formal, answered, formal=terms(reply=True)).when(closing(4).arriving(10)).objections() == [
        "reply_missing"
    ]
    assert given(filed(0), formal=terms(reply=True)).when(closing(10)).status() == "closed"


def test_a_closed_or_withdrawn_complaint_has_ended_already() -> None:
    assert given(filed(0), closing(5)).when(closing(10)).then("closure.refused").objections() == ["already_ended"]
    assert given(filed(0), withdrawn(5)).when(closing(10)).then("closure.refused").objections() == ["already_ended"]


def test_already_ended_is_as_recorded_whatever_its_time() -> None:
    it = given(filed(0), closing(20)).when(closing(10).arriving(30))
    assert it.objections() == ["already_ended"]


def test_all_objections_that_hold_are_listed_in_order() -> None:
    story = [begun for begun, _ in OUTSTANDING.values()]
    it = given(filed(0, agreement="formal", down=True), *story, up(6, "operator"), formal=terms(reply=True))
    it.when(closing(5.5).arriving(10))
    every = {*OUTSTANDING, "reply_missing", "customer_down", "restoration_unconfirmed"}
    assert it.objections() == sorted(every)
    it.when(withdrawn(20), closing(30))
    assert it.objections() == sorted({*every, "already_ended"} - {"customer_down", "restoration_unconfirmed"})


# ---- overrides


@pytest.mark.parametrize("code", OUTSTANDING)
def test_a_named_approver_sets_aside_what_is_outstanding_and_it_is_recorded(code: str) -> None:
    it = given(filed(0), OUTSTANDING[code][0]).when(closing(10, overrides=[code], approved_by="boss"))
    it.then("complaint.closed")
    data = it.decided()[0].data
    assert isinstance(data, ComplaintClosed)
    assert (data.set_aside, data.approved_by) == ((code,), "boss")


def test_without_an_approver_nothing_is_set_aside() -> None:
    it = given(filed(0), OUTSTANDING["part_outstanding"][0]).when(closing(10, overrides=["part_outstanding"]))
    assert it.objections() == ["part_outstanding"]


def test_only_what_is_named_is_set_aside() -> None:
    it = given(filed(0), *(begun for begun, _ in OUTSTANDING.values()))
    it.when(closing(10, overrides=["part_outstanding", "visit_outstanding"], approved_by="boss"))
    assert it.objections() == ["promise_outstanding", "remedy_outstanding"]


def test_a_code_that_does_not_hold_is_not_recorded_as_set_aside() -> None:
    it = given(filed(0)).when(closing(10, overrides=["part_outstanding"], approved_by="boss"))
    data = it.decided()[0].data
    assert isinstance(data, ComplaintClosed)
    assert data.set_aside == ()


@pytest.mark.parametrize(
    "story",
    [
        [filed(0, down=True)],
        [filed(0, down=True), up(5, "operator")],
        [filed(0), closing(5)],
    ],
    ids=NEVER,
)
def test_nobody_sets_aside_that_the_customer_is_down(story: list[Told], request: Any) -> None:
    it = given(*story).when(closing(10, overrides=[*NEVER, *OUTSTANDING], approved_by="boss"))
    assert it.objections() == [request.node.callspec.id]


def test_an_override_does_not_help_the_others() -> None:
    it = given(filed(0, down=True), OUTSTANDING["part_outstanding"][0])
    it.when(closing(10, overrides=["part_outstanding", "customer_down"], approved_by="boss"))
    assert it.objections() == ["customer_down"]


# ---- what is recorded


def test_a_refusal_says_when_who_and_why() -> None:
    it = given(filed(0, down=True)).when(closing(10, by="mel"))
    refused = it.decided("closure.refused")[0]
    assert isinstance(refused.data, ClosureRefused)
    assert (minute(refused.time), refused.data.by) == (10, "mel")
    assert [(minute(r["time"]), r["by"]) for r in it.show()["refusals"]] == [(10, "mel")]


def test_refusals_are_listed_in_order_of_time() -> None:
    it = given(filed(0, down=True), closing(20), closing(10).arriving(30))
    assert [minute(r["time"]) for r in it.show()["refusals"]] == [10, 20]


def test_a_refused_request_does_not_stand() -> None:
    it = given(filed(0, down=True), closing(10)).when(confirmed(20)).then("outage.ended")
    assert it.status() == "open"


def test_a_closing_is_as_known_when_it_arrives() -> None:
    """The word that is not there yet does not object; what it does to the closing comes with it."""
    late = down(5)
    it = given(filed(0)).when(closing(10)).then("complaint.closed")
    it.when(late.arriving(20)).then("outage.started", "complaint.reopened")


def test_a_silence_that_has_lasted_by_the_requests_instant_has_confirmed() -> None:
    it = given(filed(0, down=True), proposed(5), sent(6), delivered(7), silence=60)
    assert it.when(closing(66)).objections() == ["restoration_unconfirmed"]
    assert it.when(closing(67)).status() == "closed"


def test_a_correction_of_the_request_does_not_decide_it_again() -> None:
    request = closing(10)
    it = given(filed(0, down=True), request, confirmed(20)).when(corrected(30, request, data={"by": "mel"}))
    assert it.status() == "open"
    assert it.objections() == ["customer_down"]
