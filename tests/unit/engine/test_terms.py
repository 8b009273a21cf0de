"""What is known of all agreements together."""

from __future__ import annotations

from contracts.agreements import parse
from contracts.facts import ComplaintAcknowledged, ComplaintCloseRequested, ComplaintWaitStarted
from engine.publishing import new_versions
from engine.terms import Terms

CLOCK = """
effective = 2020-01-01
[[agreement.{name}.clock]]
name = "c"
target = "PT4H"
calendar = "always"
starts = "{starts}"
"""


def test_facts_that_no_clock_looks_at_do_not_ask_for_the_service() -> None:
    terms = Terms()
    seen = [terms.moving]
    for text in (
        CLOCK.format(name="filed", starts="filed") + 'stops = "acknowledged"',  # it follows no outage
        CLOCK.format(name="down", starts="down") + 'stops = "up"',
        CLOCK.format(name="waits", starts="down") + 'stops = "up"\npauses = ["parts"]',
    ):
        for data in new_versions(parse(text), terms):
            terms.publish(data)
        seen.append(terms.moving)
    asked = (ComplaintAcknowledged, ComplaintCloseRequested, ComplaintWaitStarted)
    assert [[cls in moving for cls in asked] for moving in seen] == [
        [False, False, False],
        [False, False, False],
        [False, True, False],
        [False, True, True],
    ]
