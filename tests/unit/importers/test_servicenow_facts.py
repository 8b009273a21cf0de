"""The facts of a log as a whole: their ids, their order, their times, and that the contracts understand them."""

from __future__ import annotations

import random

import msgspec

from contracts import envelope
from ops.importers.mapping import Ids, Times
from tests.unit.importers.builders import brief, in_order, states, story, table, take, told, types


def test_at_one_instant_the_order_of_ids_is_the_order_of_cause() -> None:
    rows = story(
        {"incident_state": "Active", "assigned_to": "Resolver 1"},
        {"incident_state": "Awaiting Vendor"},
        {"incident_state": "Resolved", "assigned_to": "Resolver 2"},
        {"incident_state": "Active", "reopen_count": "1", "assigned_to": "Resolver 1"},
        {"incident_state": "Resolved"},
        {"incident_state": "Closed"},
    )
    rows = [each | {"sys_updated_at": "1/3/2016 08:00"} for each in rows]
    facts = told(rows, mail_on_resolved="delivered")
    random.Random(1).shuffle(facts)
    assert types(in_order(facts)) == [
        "complaint.filed",
        "complaint.assigned",
        "complaint.acknowledged",
        "complaint.wait_started",
        "complaint.wait_ended",
        "complaint.assigned",
        "resolution.proposed",
        "notice.sent",
        "notice.delivered",
        "resolution.rejected",
        "complaint.assigned",
        "resolution.proposed",
        "notice.sent",
        "notice.delivered",
        "complaint.close_requested",
    ]


def test_every_fact_is_understood_by_the_contracts() -> None:
    rows = states("New", "Active", "Awaiting User Info", "Resolved", "Active", "Resolved", "Closed", cmdb_ci="a (b)/c")
    for fact in told(rows, mail_on_resolved="delivered"):
        assert envelope.parse(msgspec.json.encode(fact)).subject == "INC1"


def test_prefixes_keep_two_tools_apart() -> None:
    ids = Ids(complaint_prefix="a:", service_prefix="b:")
    filed = told(story({}, cmdb_ci="cmdb_ci 31"), ids=ids)[0]
    assert (filed["subject"], filed["id"], filed["data"]["service"]) == ("a:INC1", "a:INC1:00000:00", "b:cmdb_ci:20:31")


def test_times_are_the_mappings_zones() -> None:
    facts = told(states("Active"), time=Times(format="%d/%m/%Y %H:%M", zone="America/Sao_Paulo"))
    assert [fact["time"] for fact in facts] == ["2016-03-01T11:00:00Z", "2016-03-01T11:05:00Z"]


def test_a_row_written_before_the_opening_keeps_its_time() -> None:
    rows = story({"incident_state": "Active", "sys_updated_at": "1/3/2016 07:14"})
    assert brief(told(rows)) == [("complaint.filed", "08:00"), ("complaint.acknowledged", "07:14")]


def test_the_same_log_gives_the_same_facts_in_whatever_order_its_rows_stand() -> None:
    rows = [
        row
        for number in ("INC1", "INC2", "INC3")
        for row in states("New", "Active", "Awaiting Vendor", "Resolved", "Active", "Resolved", "Closed", number=number)
    ]
    facts, bad = take(table(rows))
    assert [fact["subject"] for fact in facts] == sorted(fact["subject"] for fact in facts)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert take(table(rows)) == (facts, bad)
