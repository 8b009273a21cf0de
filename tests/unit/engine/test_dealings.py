"""Promises, visits, parts, remedies, notices and the formal answer (the domain page, sections 3 and 7)."""

from __future__ import annotations

from typing import Any

import pytest

from .given import Told, given, minute
from .telling import corrected, delivered, filed, granted, remedied, said, sent, visited


def made(time: float, due: float, name: str = "p") -> Told:
    return said(time, "promise.made", promise=name, what="to call", due=due, by="ann")


def kept(time: float, name: str = "p") -> Told:
    return said(time, "promise.kept", promise=name)


def released(time: float, name: str = "p") -> Told:
    return said(time, "promise.released", promise=name)


def promise(*facts: Told) -> tuple[Any, ...]:
    (row,) = given(filed(0), *facts).at(1000).show()["promises"]
    return row["state"], minute(row["kept_at"]), row["experience"]


# ---- promises


def test_a_promise_is_open_until_it_is_kept_or_released() -> None:
    assert promise(made(5, 2000)) == ("open", None, None)
    assert promise(made(5, 60), released(10)) == ("released", None, None)


def test_experience_is_what_happened_less_what_was_promised() -> None:
    assert promise(made(5, 60), kept(50)) == ("kept", 50, -600)
    assert promise(made(5, 60), kept(60)) == ("kept", 60, 0)
    assert promise(made(5, 60), kept(90)) == ("late", 90, 1800)
    early, late = promise(made(5, 60), kept(60 - 1.5 / 60)), promise(made(5, 60), kept(60 + 1.5 / 60))
    assert (early[2], late[2]) == (-1, 1), "cut to whole seconds"


def test_a_promise_kept_though_released_is_kept() -> None:
    assert promise(made(5, 60), released(10), kept(50)) == ("kept", 50, -600)


def test_it_is_kept_when_it_is_kept_first() -> None:
    assert promise(made(5, 60), kept(50), kept(70)) == ("kept", 50, -600)
    assert promise(made(5, 60), kept(70), kept(50).arriving(80)) == ("kept", 50, -600)


def test_promises_stand_in_order_of_their_names_each_with_what_was_promised() -> None:
    rows = given(filed(0), made(5, 60, "q"), made(6, 90, "p"), kept(7, "q")).show()["promises"]
    assert [(r["promise"], r["what"], r["by"], minute(r["due"]), r["state"]) for r in rows] == [
        ("p", "to call", "ann", 90, "open"),
        ("q", "to call", "ann", 60, "kept"),
    ]


def test_a_promise_that_nobody_made_is_none() -> None:
    assert given(filed(0), kept(10)).show()["promises"] == []


def test_a_due_time_may_be_corrected() -> None:
    wrong = made(5, 60)
    assert promise(wrong, kept(50), corrected(100, wrong, data={"due": 40})) == ("late", 50, 600)


# ---- the rest


def row(name: str, *facts: Told) -> dict[str, Any]:
    (found,) = given(filed(0), *facts).at(1000).show()[name]
    assert isinstance(found, dict)
    return found


def test_a_visit_is_scheduled_made_or_cancelled() -> None:
    scheduled = said(5, "visit.scheduled", visit="v", from_=20, to=30)
    assert row("visits", scheduled)["state"] == "scheduled"
    assert row("visits", scheduled, said(6, "visit.cancelled", visit="v", by="shop"))["state"] == "cancelled"
    shown = row("visits", scheduled, visited(25, outcome="no_access"))
    assert (shown["state"], minute(shown["made_at"]), shown["outcome"], shown["by"]) == ("made", 25, "no_access", "kim")
    assert (minute(shown["from"]), minute(shown["to"])) == (20, 30)


def test_a_visit_that_nobody_scheduled_was_made_all_the_same() -> None:
    assert row("visits", visited(25))["state"] == "made"


def test_a_part_is_ordered_arrived_or_cancelled() -> None:
    ordered = said(5, "part.ordered", order="o", part="psu", eta=50)
    assert (row("parts", ordered)["state"], row("parts", ordered)["part"]) == ("ordered", "psu")
    assert minute(row("parts", ordered, said(40, "part.arrived", order="o"))["arrived_at"]) == 40
    assert row("parts", ordered, said(40, "part.cancelled", order="o"))["state"] == "cancelled"


def test_a_remedy_is_granted_delivered_or_cancelled() -> None:
    grant = granted(5, kind="refund", amount="10.00", currency="PLN")
    assert row("remedies", grant)["state"] == "granted"
    assert row("remedies", grant, said(6, "remedy.cancelled", remedy="r"))["state"] == "cancelled"
    shown = row("remedies", grant, remedied(7))
    assert (shown["state"], shown["kind"], shown["currency"]) == ("delivered", "refund", "PLN")


def test_a_notice_is_sent_delivered_or_failed() -> None:
    assert row("notices", sent(5))["state"] == "sent"
    assert row("notices", sent(5), said(6, "notice.failed", notice="n", reason="550"))["state"] == "failed"
    shown = row("notices", sent(5), delivered(7))
    assert (shown["state"], minute(shown["delivered_at"]), shown["about"]) == ("delivered", 7, "confirmation")


@pytest.mark.parametrize("decision", ["upheld", "partly_upheld", "rejected"])
def test_the_formal_answer_is_the_last_one_given(decision: str) -> None:
    first = said(5, "complaint.replied", by="desk", decision="rejected")
    last = said(9, "complaint.replied", by="desk", decision=decision)
    assert given(filed(0), first).show()["decision"] == "rejected"
    assert given(filed(0), last, first.arriving(10)).show()["decision"] == decision
    assert given(filed(0)).show()["decision"] is None


def test_a_late_fact_restates_the_rows_that_it_changes_and_no_others() -> None:
    it = given(filed(0), made(5, 60), kept(50)).when(kept(40).arriving(70)).then("complaint.restated")
    data = it.decided()[0].data
    told = {name for name in data.__struct_fields__ if getattr(data, name) is not None}
    assert told == {"promises"}


def test_a_late_fact_that_changes_no_row_restates_nothing() -> None:
    given(filed(0), made(5, 60), kept(50)).when(kept(55).arriving(70)).then()
