"""Making the index of what falls due anew from the streams: timers, work, who was given what (kernel §6).

Nothing is decided here. A stream gets the timer that it had after its last event; where something differs from what is
recorded, or may have been left to be worked off, that is due at once. Firing decides, as ever, from the state as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.facts import ComplaintAssigned
from engine.complaint import Complaint
from engine.evolve import fresh
from engine.following import Following, applied, needs_service
from engine.recording import State
from engine.service import Service
from engine.store.mapper import load
from engine.store.unit import Unit, WorkRow
from engine.timers import Timers

PORTION = 200
"""Streams of one transaction."""
EVENTS = 1_000
"""Events of one transaction whose streams are looked at after they were read back (engine.restoring)."""
_ALL = -(10**18)
"""Before any moment."""


class Rearming(Timers):
    """The index made anew, a portion of the streams in each transaction."""

    def _rearm(self, unit: Unit, after: str) -> tuple[int, str | None]:
        """The next streams in order of name; how many, and the last of them (None: there are no more)."""
        names = unit.streams_after(after, PORTION)
        self._rearm_all(unit, names)
        if len(names) == PORTION:
            return len(names), names[-1]
        unit.drop_strangers()
        return len(names), None

    def _rearm_since(self, unit: Unit, position: int) -> int | None:
        """The streams that end with one of the next events after a position; up to where that is (None: to the end)."""
        rows = unit.rows(
            "SELECT notification_id, originator_id, originator_version FROM stored_events"
            " WHERE notification_id > ? ORDER BY notification_id LIMIT ?",
            (position, EVENTS),
        )
        last = {stream: version for _, stream, version in rows}
        go_on = unit.having([(stream, version + 1) for stream, version in last.items()])
        self._rearm_all(unit, [stream for stream in last if stream not in go_on])
        return rows[-1][0] if len(rows) == EVENTS else None

    def _rearm_all(self, unit: Unit, streams: Sequence[str]) -> None:
        self._horizon = _ALL
        timers = unit.timers_of(streams)
        for name, rows in unit.load_many([n for n in streams if not n.startswith("agreement:")]).items():
            state = fresh(name)
            load(state, rows)
            state.armed = timers.get(name)
            self._arm(state, self._wanted(state))

    def _wanted(self, state: State) -> int | None:
        """When something of a stream falls due next, by all that was recorded up to its last event."""
        if isinstance(state, Complaint):
            self._owned += [(to, state.name) for to in _given(state)]
            return self._follows(state)
        if isinstance(state, Service):
            return self._speaks(state)
        self._left(state, state.recorded_at)
        return state.turns(state.recorded_at)

    def _follows(self, complaint: Complaint) -> int | None:
        terms = applied(complaint, self)
        service = self.service(complaint.service) if needs_service(terms) else None
        following = Following(complaint, service, terms, complaint.recorded_at, by=complaint.recorded_at, since=None)
        differs = any([True for _ in following.decisions(complaint.recorded_at)])  # noqa: C419 - to the end
        return complaint.recorded_at if differs else following.due

    def _speaks(self, service: Service) -> int | None:
        if service.followers:
            self._left(service, service.recorded_at)
        service.log.fold(service.recorded_at)
        return service.log.silence_due()

    def _left(self, state: State, time: int) -> None:
        """Whether all was worked off nobody knows any more: it is, again."""
        told = state.heard if isinstance(state, Service) else state.facts
        source, name = next(reversed(told))
        self._unit.set_work(WorkRow(0, state.stream, _ALL, "", time, source, name))


def _given(complaint: Complaint) -> list[str]:
    """All who were ever given a complaint, deputies too. Whose absence may move it on is found when it is looked at."""
    told = [fact.data.to for fact in complaint.log if isinstance(fact.data, ComplaintAssigned)]
    return [to for to in (*told, *(deputy for _, _, deputy in complaint.reassigned)) if to is not None]
