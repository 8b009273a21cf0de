"""A second reading of requests to close `when_confirmed` (the domain page, section 5).

Where the page leaves something open, this is how it is read:

1.  "The first moment at which nothing objects any more": looked for from the request's own time on, in the order in
    which things happened (`time`), not arrived; at it nothing objects by what lies up to it. So an up word that speaks
    of earlier moments closes at the time at which it was said, a silence when it has lasted.
2.  "A request is held to two tests": as known now the customer was up at that moment too, and is up now.
3.  The closing's place is behind all facts of its moment. But it is granted as soon as nothing objects, also when it is
    a silence of this very instant that has just spoken, "first …, then facts": what arrives then finds it closed.
4.  Overrides and their approver hold on.
5.  "A reopening, a withdrawal or a new request takes its place": a new request whether refused, granted or standing
    itself; a rejection that reopens nothing does not.
6.  Once granted it is "a fact that ended a complaint", which no correction moves or makes void. Before, one that is
    void or no longer `when_confirmed` stands no more.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .reading_facts import Fact

if TYPE_CHECKING:
    from .reading import World


def settle(world: World, now: datetime) -> None:
    """Grants what can be granted by now, the earliest first."""
    while world.standing:
        for complaint, key in list(world.standing.items()):
            fact = world.current().get(key)
            if fact is None or not fact.data.get("when_confirmed"):
                del world.standing[complaint]
        found = [
            (moment, complaint)
            for complaint, key in world.standing.items()
            if (moment := first(world, world.current()[key])) is not None and moment <= now
        ]
        if not found:
            return
        moment, complaint = min(found)
        world.close(world.current()[world.standing[complaint]], moment)


def first(world: World, request: Fact) -> datetime | None:
    service = world.about(request.subject)
    account = world.account(service)
    moments = {f.time for f in world.current().values()} | {word.time for word in account.words} | {request.time}
    moments |= {applied.time for applied in world.had(request.subject)}  # reply_missing may object no more
    for moment in sorted(m for m in moments if request.time <= m <= world.now):
        states = {world.lived(service, moment).at(moment), account.at(moment), account.at(world.now)}
        if not world.objections(request, moment, states):
            return moment
    return None
