"""Which facts may move a clock, by the terms: where none can, nothing is reckoned again."""

from __future__ import annotations

import pytest

from contracts.agreements import Agreement, Clock
from contracts.facts import (
    ComplaintAcknowledged,
    ComplaintExtended,
    ComplaintReplied,
    ComplaintWaitEnded,
    ComplaintWaitStarted,
    FactData,
    NoticeDelivered,
    NoticeSent,
)
from engine.clocks import moved_by
from engine.waiting import TOLD

DOWN = Clock(name="restore", target="PT4H", calendar="always", starts="down", stops="up")
WAITS = {ComplaintWaitStarted, ComplaintWaitEnded, NoticeDelivered}


def filed(**fields: object) -> Clock:
    told = {"stops": "closed", "reopen": "continue", **fields}
    return Clock(name="answer", target="PT4H", calendar="always", starts="filed", **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "clock, moving",
    [
        (DOWN, set()),
        (filed(), set()),
        (filed(stops="acknowledged"), {ComplaintAcknowledged}),
        (filed(stops="replied"), {ComplaintReplied, NoticeDelivered}),
        (filed(stops="reply_delivered"), {ComplaintReplied, NoticeDelivered}),
        (filed(pauses=("parts",)), WAITS),
        (
            filed(stops="replied", on_breach="deem_upheld"),
            {ComplaintReplied, NoticeDelivered, ComplaintExtended, NoticeSent},
        ),
    ],
)
def test_what_is_told_moves_a_clock_only_if_its_terms_ask_for_it(clock: Clock, moving: set[type[FactData]]) -> None:
    terms = Agreement(name="standard", clocks=(DOWN, clock))
    by = {cls: moved_by(terms, cls) for cls in TOLD}
    assert by == {cls: {"answer"} if cls in moving else set() for cls in TOLD}
