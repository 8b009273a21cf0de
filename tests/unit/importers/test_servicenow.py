"""What changes between the snapshots of an incident becomes facts."""

from __future__ import annotations

import pytest

from tests.unit.importers.builders import INCIDENT, brief, in_order, only, states, story, told, types


def test_the_first_row_files_the_complaint_at_its_opening() -> None:
    assert told(story({}, cmdb_ci="cmdb_ci 31"))[0] == {
        "specversion": "1.0",
        "id": "INC1:00000:00",
        "source": "/import/servicenow",
        "type": "complaint.filed",
        "subject": "INC1",
        "time": "2016-03-01T08:00:00Z",
        "datacontenttype": "application/json",
        "data": {
            "customer": "Caller 7",
            "channel": "phone",
            "summary": "Category 5 / Subcategory 6",
            "down": True,
            "service": "cmdb_ci-31",
            "agreement": "standard",
            "reported_fault": "Symptom 72",
            "team": "Group 1",
        },
    }


def test_what_the_first_row_does_not_say_is_left_out_or_unknown() -> None:
    nothing = dict.fromkeys(INCIDENT, "?") | {
        name: INCIDENT[name] for name in ("number", "sys_mod_count", "opened_at", "sys_updated_at")
    }
    facts = told([nothing])
    assert types(facts) == ["complaint.filed"]
    assert facts[0]["data"] == {
        "customer": "unknown",
        "channel": "unknown",
        "summary": "INC1",
        "down": True,
        "agreement": "standard",
    }


def test_without_a_default_a_priority_that_is_not_listed_names_no_agreement() -> None:
    rows = story({}, priority="5 - Planning")
    assert only(told(rows), "complaint.filed")[0]["agreement"] == "standard"
    assert "agreement" not in only(told(rows, agreement_default=None), "complaint.filed")[0]


def test_only_the_first_row_says_what_was_filed() -> None:
    rows = story({}, {"priority": "1 - Critical", "cmdb_ci": "cmdb_ci 1", "u_symptom": "x", "caller_id": "Caller 8"})
    assert types(told(rows)) == ["complaint.filed"]


@pytest.mark.parametrize(
    "state, then",
    [
        ("New", []),
        ("Active", ["complaint.acknowledged"]),
        ("Awaiting User Info", ["complaint.wait_started"]),
        ("Resolved", ["resolution.proposed", "notice.sent"]),
        ("Closed", ["complaint.close_requested"]),
    ],
)
def test_the_first_rows_own_state_counts_at_its_own_time(state: str, then: list[str]) -> None:
    assert brief(told(states(state))) == [("complaint.filed", "08:00"), *((kind, "08:05") for kind in then)]


def test_an_incident_from_new_to_closed() -> None:
    facts = told(states("New", "Active", "Awaiting User Info", "Active", "Resolved", "Resolved", "Closed", "Closed"))
    assert brief(facts) == [
        ("complaint.filed", "08:00"),
        ("complaint.acknowledged", "08:10"),
        ("complaint.wait_started", "08:15"),
        ("complaint.wait_ended", "08:20"),
        ("resolution.proposed", "08:25"),
        ("notice.sent", "08:25"),
        ("complaint.close_requested", "08:35"),
    ]


def test_only_the_first_active_acknowledges() -> None:
    assert types(told(states("Active", "New", "Active"))).count("complaint.acknowledged") == 1


@pytest.mark.parametrize(
    "state, on",
    [
        ("Awaiting User Info", "customer"),
        ("Awaiting Vendor", "vendor"),
        ("Awaiting Problem", "other"),
        ("Awaiting Evidence", "other"),
    ],
)
def test_an_awaiting_state_says_on_whom_and_knows_of_no_notice(state: str, on: str) -> None:
    assert only(told(states("New", state)), "complaint.wait_started") == [{"on": on, "reason": state}]


def test_from_one_wait_to_another_the_first_is_not_ended() -> None:
    facts = told(states("Awaiting Problem", "Awaiting Evidence", "Awaiting Evidence", "Resolved"))
    assert types(facts)[1:] == [
        "complaint.wait_started",
        "complaint.wait_started",
        "complaint.wait_ended",
        "resolution.proposed",
        "notice.sent",
    ]


def test_a_row_that_does_not_say_its_state_changes_none() -> None:
    assert types(told(states("Awaiting Vendor", "?", "Awaiting Vendor"))) == [
        "complaint.filed",
        "complaint.wait_started",
    ]


@pytest.mark.parametrize("ended", ["Resolved", "Closed"])
@pytest.mark.parametrize("open_again", ["New", "Active", "Awaiting User Info"])
def test_back_to_work_is_the_customers_no(ended: str, open_again: str) -> None:
    facts = told(states(ended, open_again))
    assert only(facts, "resolution.rejected") == [
        {"by": "Caller 7", "reason": f"{ended} → {open_again}", "still_down": True}
    ]


def test_back_to_work_with_a_reopening_counted_in_the_same_row_is_one_no() -> None:
    facts = told(story({"incident_state": "Resolved"}, {"incident_state": "Active", "reopen_count": "1"}, {}))
    assert types(facts).count("resolution.rejected") == 1


def test_a_reopening_that_is_only_counted_is_a_no_too() -> None:
    facts = told(story({"incident_state": "Active"}, {"reopen_count": "1"}, {"reopen_count": "?"}, {}))
    assert only(facts, "resolution.rejected") == [
        {"by": "Caller 7", "reason": "reopened while Active", "still_down": True}
    ]


@pytest.mark.parametrize("state, again", [("Resolved", "resolution.proposed"), ("Closed", "complaint.close_requested")])
def test_reopened_and_solved_again_between_two_rows_is_a_no_and_a_new_claim(state: str, again: str) -> None:
    facts = told(story({"incident_state": state}, {"reopen_count": "1"}))
    assert types(facts).count(again) == 2
    assert types(facts).index("resolution.rejected") > types(facts).index(again)


def test_a_row_without_the_count_of_reopenings_hides_no_reopening() -> None:
    facts = told(story({"incident_state": "Active"}, {"reopen_count": "?"}, {"reopen_count": "1"}))
    assert types(facts).count("resolution.rejected") == 1


def test_a_first_row_that_was_reopened_before_the_log_began_says_nothing_of_it() -> None:
    assert "resolution.rejected" not in types(told(states("Active", "Active", reopen_count="3")))


def test_from_closed_back_to_resolved_nobody_said_no() -> None:
    facts = told(states("Closed", "Resolved"))
    assert types(facts)[1:] == ["complaint.close_requested", "resolution.proposed", "notice.sent"]


@pytest.mark.parametrize(
    "reading, then",
    [("none", []), ("sent", ["notice.sent"]), ("delivered", ["notice.sent", "notice.delivered"])],
)
def test_the_mail_on_resolved_counts_as_the_mapping_says(reading: str, then: list[str]) -> None:
    facts = in_order(told(states("Resolved"), mail_on_resolved=reading))
    assert types(facts)[1:] == ["resolution.proposed", *then]
    notices = {fact["data"]["notice"] for fact in facts if fact["type"].startswith("notice.")}
    assert len(notices) == bool(then)
    for sent in only(facts, "notice.sent"):
        assert (sent["channel"], sent["about"]) == ("email", "confirmation")
    for delivered in only(facts, "notice.delivered"):
        assert delivered["proof"].startswith("assumed")


def test_each_claim_has_its_own_notice() -> None:
    sent = only(told(states("Resolved", "Active", "Resolved")), "notice.sent")
    assert len({notice["notice"] for notice in sent}) == 2


def test_the_reading_of_the_mail_changes_no_other_fact() -> None:
    rows = states("New", "Resolved", "Active", "Resolved", "Closed")
    readings = [told(rows, mail_on_resolved=reading) for reading in ("none", "sent", "delivered")]
    assert readings[0] == [fact for fact in readings[2] if not fact["type"].startswith("notice.")]
    assert readings[1] == [fact for fact in readings[2] if fact["type"] != "notice.delivered"]


@pytest.mark.parametrize(
    "changes, assigned",
    [
        ([{"assigned_to": "Resolver 9"}], [{"to": "Resolver 9"}]),
        ([{}, {"assigned_to": "Resolver 9"}, {}], [{"to": "Resolver 9"}]),
        ([{}, {"assignment_group": "Group 2"}], [{"team": "Group 2"}]),
        ([{}, {"assignment_group": "Group 2", "assigned_to": "Resolver 9"}], [{"team": "Group 2", "to": "Resolver 9"}]),
        # the person stays with the incident when the group changes: a team alone would take that person off
        (
            [{"assigned_to": "Resolver 9"}, {"assignment_group": "Group 2"}],
            [{"to": "Resolver 9"}, {"team": "Group 2", "to": "Resolver 9"}],
        ),
        # taken off by the team alone, and put on again
        (
            [
                {"assigned_to": "Resolver 9"},
                {"assigned_to": "?", "assignment_group": "Group 2"},
                {"assigned_to": "Resolver 9"},
            ],
            [{"to": "Resolver 9"}, {"team": "Group 2"}, {"to": "Resolver 9"}],
        ),
        # `?` is nobody new
        ([{"assigned_to": "Resolver 9"}, {"assigned_to": "?"}, {"assigned_to": "Resolver 9"}], [{"to": "Resolver 9"}]),
        ([{}, {"assignment_group": "?"}, {"assignment_group": "Group 1"}], []),
        ([{"assignment_group": "?"}, {"assignment_group": "Group 1"}], [{"team": "Group 1"}]),
    ],
)
def test_a_change_of_group_or_person_is_assigned(changes: list[dict[str, str]], assigned: list[dict[str, str]]) -> None:
    assert only(told(story(*changes)), "complaint.assigned") == [{**to, "by": "Updated by 1"} for to in assigned]


def test_what_was_done_was_done_by_the_rows_updater() -> None:
    changes = [
        {"incident_state": state, "sys_updated_by": f"Updated by {at}", "assigned_to": f"Resolver {at}"}
        for at, state in enumerate(("Active", "Resolved", "Closed"))
    ]
    assert [(fact["type"], fact["data"]["by"]) for fact in told(story(*changes)) if "by" in fact["data"]] == [
        ("complaint.assigned", "Updated by 0"),
        ("complaint.acknowledged", "Updated by 0"),
        ("complaint.assigned", "Updated by 1"),
        ("resolution.proposed", "Updated by 1"),
        ("complaint.assigned", "Updated by 2"),
        ("complaint.close_requested", "Updated by 2"),
    ]


def test_who_updated_is_unknown_where_the_row_does_not_say() -> None:
    assert only(told(states("Active", sys_updated_by="?")), "complaint.acknowledged") == [{"by": "unknown"}]


def test_columns_filled_in_backwards_change_no_fact() -> None:
    rows = states("New", "Active", "Resolved", "Active", "Resolved", "Closed")
    other = [row | dict.fromkeys(("resolved_at", "closed_at", "closed_code", "resolved_by"), "?") for row in rows]
    dropped = [
        {name: cell for name, cell in row.items() if not name.startswith(("resolved_", "closed_"))} for row in rows
    ]
    wild = [
        row | {"resolved_at": f"{at + 1}/1/1999 00:00", "closed_at": "never", "closed_code": f"{at}", "resolved_by": ""}
        for at, row in enumerate(rows)
    ]
    assert told(rows) == told(other) == told(dropped) == told(wild)


def test_the_question_to_the_customer_is_a_notice_if_the_mapping_says_that_it_is_mailed() -> None:
    told_ = {
        mail: told(states("New", "Awaiting User Info", "Active"), mail_on_wait=mail) for mail in ("sent", "delivered")
    }
    assert types(told_["sent"])[1:3] == ["complaint.wait_started", "notice.sent"]
    assert types(told_["delivered"])[1:4] == ["complaint.wait_started", "notice.sent", "notice.delivered"]
    facts = told_["delivered"]
    names = {
        fact["data"].get("notice") for fact in facts if fact["type"] in {"complaint.wait_started", "notice.delivered"}
    }
    assert names == {only(facts, "notice.sent")[0]["notice"]}
    assert only(facts, "notice.sent")[0]["about"] == "question"
    vendor = told(states("New", "Awaiting Vendor"), mail_on_wait="delivered")
    assert "notice.sent" not in types(vendor), "only the customer is asked"
