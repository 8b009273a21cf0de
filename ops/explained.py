"""A clock's deadline in words that can be read out to a customer, from what the engine explains (domain.md §6).

Moments are on the wall clock of the clock's calendar, whose zone is said once. Each line has a label and a tone, so
that a terminal or a page can colour it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from ops.phrases import phrase
from ops.words import ENDED_BY, WAITS, counted, hours, length, seconds_between

Values = dict[str, Any]
Tone = Literal["plain", "good", "bad", "paused", "dim"]

STATES: Final[dict[str, Tone]] = {
    "running": "plain",
    "paused": "paused",
    "met": "good",
    "breached": "bad",
    "late": "bad",
    "cancelled": "dim",
}
"""The tone of each state."""
_STOPS: Final = {
    "acknowledged": "a person acknowledges it",
    "closed": "it is closed",
    "replied": "the formal answer is dispatched",
    "reply_delivered": "the formal answer is delivered",
    "up": "the service is back",
}
_STOPPED: Final = {
    "acknowledged": "it was acknowledged",
    "closed": "the complaint was closed",
    "withdrawn": "the complaint was withdrawn",
    "replied": "the formal answer was dispatched",
    "reply_delivered": "the formal answer was delivered",
    "up": "the service was back",
    "terms": "the new terms have no such clock",
}
_IDLE: Final = {
    "terms": "the agreement does not stop this clock for that",
    "no_notice": "no notice told the customer, so it stops nothing",
    "not_delivered": "nobody has proved that its notice was delivered, so it stops nothing",
    "delivered_too_late": "its notice was delivered when the wait was over, so it stopped nothing",
}
_DAY: Final = 86_400


class Line(NamedTuple):
    """A line: what it is about (empty: the same as above), what it says, and how."""

    label: str
    text: str
    tone: Tone = "plain"

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text


def told(explained: Values) -> Values:
    """Give the explanation with its words beside the values: a list of sentences for each cycle."""
    cycles = [cycle | {"words": [str(line) for line in lines(explained, cycle)]} for cycle in explained["cycles"]]
    return explained | {"cycles": cycles}


def lines(explained: Values, cycle: Values) -> Iterator[Line]:
    """Give a cycle's lines, in the order in which they are read out."""
    say = _Cycle(explained, cycle)
    yield from say.terms()
    yield from say.start()
    yield from say.counted()
    yield from say.uncounted()
    yield from say.due()
    yield from say.became()


def headline(explained: Values, cycle: Values) -> str:
    """Give what the clock is and how it stands, in one line."""
    number = f", cycle {cycle['cycle']}" if cycle["cycle"] > 1 or len(explained["cycles"]) > 1 else ""
    return f"{explained['clock']} of {explained['complaint']}{number}: {cycle['state']}{_gap(explained, cycle)}"


def _gap(explained: Values, cycle: Values) -> str:
    """Give how far it is from its due time, on the clock on the wall."""
    due = cycle["due_at"]
    if due is None or cycle["state"] == "cancelled":
        return ""
    seconds = seconds_between(due, explained["at"] if cycle["stop"] is None else cycle["stop"]["time"])
    if cycle["stop"] is not None:
        return f", {length(abs(seconds))} {'after' if seconds > 0 else 'before'} it was due" if seconds else ""
    return f", due {length(seconds)} ago" if seconds > 0 else f", due in {length(-seconds)}"


class _Cycle:
    def __init__(self, explained: Values, cycle: Values) -> None:
        self.explained = explained
        self.cycle = cycle
        self.zone = ZoneInfo(cycle["calendar"]["zone"])

    # ------------------------------------------------------------------ what it is

    def terms(self) -> Iterator[Line]:
        cycle = self.cycle
        yield Line("terms", f"agreement {self.explained['agreement']}, version {cycle['agreement_version']}")
        for applied in self.explained["terms"][1:]:
            has = "" if applied["has_clock"] else ", which has no such clock"
            yield Line("", f"version {applied['version']} was applied {self.at(applied['applied_at'])}{has}")
        yield Line("target", self._target())
        yield Line("calendar", self._calendar())

    def _target(self) -> str:
        cycle = self.cycle
        stops = f"; stops when {_STOPS[cycle['stops']]}"
        days = cycle["target_days"]
        if days is None:
            of = "" if cycle["calendar"]["hours"] is None else " of working time"
            return f"{hours(cycle['target_seconds'])}{of} ({cycle['target']}){stops}"
        kind = "day" if cycle["calendar"]["hours"] is None else "working day"
        end = "the end of that day" if cycle["until"] else "the same time of day"
        return f"{counted(days, kind)}, until {end} ({cycle['target']}){stops}"

    def _calendar(self) -> str:
        calendar = self.cycle["calendar"]
        zone = f"times below are those of {calendar['zone']}"
        if calendar["hours"] is None:
            return f"{calendar['name']}: every hour counts; {zone}"
        holidays = f", no holidays of {calendar['country']}" if calendar["country"] else ""
        if calendar["subdivision"]:
            holidays += f" ({calendar['subdivision']})"
        return f"{calendar['name']}: {_week(calendar['hours'])}{holidays}; {zone}"

    def start(self) -> Iterator[Line]:
        start = self.cycle["start"]
        why = {"filed": "the complaint was filed", "reopened": "it was opened again", "down": "the service went down"}
        text = f"{self.at(start['time'])}: {why[start['why']]}"
        began = start["outage_started_at"]
        if began is not None and began != start["time"]:
            first = self.explained["terms"][0]["applied_at"] == start["time"]
            text = f"{self.at(start['time'])}: {'the filing' if first else 'the reopening'}"
            text += f"; the service had been down since {self.at(began)}"
        yield Line("starts", text)
        yield from self._because(start["fact"])

    # ------------------------------------------------------------------ what was counted

    def counted(self) -> Iterator[Line]:
        cycle = self.cycle
        if cycle["target_days"] is not None:
            yield Line("counted", self._days())
            moved = cycle["day_due_at"]
            if moved is not None and (cycle["due_at"] != moved):
                yield Line("", f"which is {self.at(moved)}, before what moves it")
        else:
            label = "counted"
            for row in cycle["days"]:
                yield Line(label, self._hours(row))
                label = ""
        yield from self._holidays()
        yield from self._changes()

    def _days(self) -> str:
        rows = self.cycle["days"]
        if not rows:
            return "this lies beyond what any calendar reaches"
        if self.cycle["calendar"]["hours"] is None:
            start = self.at(self.cycle["start"]["time"])[:-6]
            return f"{counted(self.cycle['target_days'], 'day')} after {start.strip()} is {_date(rows[-1]['date'])}"
        said = [
            f"{counted(row['days'], 'more day')}, {_date(row['from'])} to {_date(row['to'])}"
            if "number" not in row
            else f"{_date(row['date'])} ({row['number']})"
            for row in rows
        ]
        return ", ".join(said)

    def _hours(self, row: Values) -> str:
        so_far = f"together {hours(row['sum'])}"
        if "date" not in row:
            return f"{_date(row['from'])} to {_date(row['to'])}: {hours(row['counted'])}, {so_far}"
        spans = ", ".join(f"{self._time(a)}-{self._time(b, row['date'])}" for a, b in row["spans"]) or "paused"
        return f"{_date(row['date'])}  {spans:<24} {hours(row['counted']):>12}, {so_far}"

    def _holidays(self) -> Iterator[Line]:
        cycle = self.cycle
        label = "skipped"
        for row in cycle["holidays"]:
            yield Line(label, f"{_date(row['date'])}: {row['name']}")
            label = ""
        if cycle["holidays_left_out"]:
            yield Line("", f"and {counted(cycle['holidays_left_out'], 'more holiday')}")

    def _changes(self) -> Iterator[Line]:
        cycle = self.cycle
        label = "clocks"
        for row in cycle["time_changes"]:
            way = "forward" if row["length"] < _DAY else "back"
            effect = "" if row["working"] else "; none of them counts"
            yield Line(label, f"{_date(row['date'])} has {hours(row['length'])}: clocks go {way}{effect}")
            label = ""
        if cycle["time_changes_left_out"]:
            yield Line("", f"and {counted(cycle['time_changes_left_out'], 'more such day')}")

    # ------------------------------------------------------------------ what was not

    def uncounted(self) -> Iterator[Line]:
        cycle = self.cycle
        for row in cycle["pauses"]:
            yield Line(
                "paused", f"{self._stretch(row)}: waiting for {WAITS[row['on']]}{_quoted(row['reason'])}", "paused"
            )
            if row["delivered_at"] is not None:
                delivered = f"was delivered {self.at(row['delivered_at'])} (proof: {row['proof']})"
                yield Line("", f"the notice {row['notice']} {delivered}{self._late_notice(row)}")
            yield from self._because(row["fact"])
            if row["delivered_by"] is not None:
                yield from self._because(row["delivered_by"])
            if row["ended_by"] is not None:
                yield from self._because(row["ended_by"], "over")
        for row in cycle["gaps"]:
            yield Line("closed", f"{self._stretch(row)}: time closed does not count", "paused")
            yield from self._because(row["ended_by"])
            yield from self._because(row["reopened_by"], "again")
        if cycle["blocks_left_out"]:
            yield Line("", f"and {counted(cycle['blocks_left_out'], 'more pause')} between the first and the last")
        for row in cycle["waits_that_do_not_pause"]:
            end = f"to {self.at(row['end'])}" if row["end"] else "until now"
            yield Line(
                "not paused",
                f"{self.at(row['start'])} {end}, waiting for {WAITS[row['on']]}{_quoted(row['reason'])}: "
                f"{_IDLE[row['why']]}",
            )
            yield from self._because(row["fact"])

    def _stretch(self, row: Values) -> str:
        end = f"to {self.at(row['end'])}" if row["end"] else "and it lasts"
        return f"{self.at(row['start'])} {end}, {self._elapsed(row['took'])}"

    def _late_notice(self, row: Values) -> str:
        if row["start"] == row["wait_started_at"]:
            return ""
        return f"; the wait had begun {self.at(row['wait_started_at'])}, and counts from when the customer knew"

    # ------------------------------------------------------------------ what became of it

    def due(self) -> Iterator[Line]:
        cycle = self.cycle
        extension, kept = cycle["extension"], cycle["kept"]
        if extension is not None:
            until = self.at(extension["until"])
            yield Line("extended", f"to {until}, said {self.at(extension['time'])}{_quoted(extension['why'])}")
            yield from self._because(extension["fact"])
        if cycle["due_at"] is None:
            waits = cycle["paused_for"]
            text = (
                f"not known while it waits for {WAITS[waits]}: it moves on by as long as that takes"
                if waits is not None
                else "never: it stopped while it was paused"
                if cycle["stop"] is not None
                else "never"
            )
            yield Line("due", text, "paused")
            return
        yield Line("due", self._midnight(cycle["due_at"]), "bad" if cycle["breached_at"] else "good")
        if kept is None or kept["reckoned_due_at"] in {None, cycle["due_at"]}:
            return
        reckoned = self.at(kept["reckoned_due_at"])
        if kept["breached_at"] is not None:
            yield Line("", f"by the terms of then; by those of now it would be {reckoned}, but a breach stands")
        else:
            yield Line("", f"the new terms alone would say {reckoned}, before they were applied: so it is then")

    def became(self) -> Iterator[Line]:
        cycle = self.cycle
        for warning in cycle["warnings"]:
            part = f"{warning['fraction']:.6%}".rstrip("0%").rstrip(".")
            if warning["warned"]:
                yield Line("warned", f"{self.at(warning['due_at'])}: {part} % were used")
            elif cycle["stop"] is None:
                when = self.at(warning["due_at"]) if warning["due_at"] else "not known while it is paused"
                yield Line("warning", f"at {part} %: {when}", "dim")
        if cycle["breached_at"] is not None:
            upheld = "; the law takes the complaint as justified" if cycle["on_breach"] else ""
            yield Line("breached", f"{self.at(cycle['breached_at'])}: nothing had stopped it{upheld}", "bad")
        yield from self._stop()
        paused = f", paused {self._elapsed(cycle['paused'])}" if cycle["paused"] else ""
        to = "until it stopped" if cycle["stop"] is not None else "until now"
        yield Line("elapsed", f"{self._elapsed(cycle['elapsed'])} {to}{paused}")

    def _stop(self) -> Iterator[Line]:
        stop = self.cycle["stop"]
        if stop is None:
            return
        by = f", by the word of {ENDED_BY.get(stop['ended_by'], stop['ended_by'])}" if stop["ended_by"] else ""
        late = {"met": ", in time", "late": ", late", "cancelled": ", before it was due"}[self.cycle["state"]]
        yield Line(
            "stopped", f"{self.at(stop['time'])}{late}: {_STOPPED[stop['why']]}{by}", STATES[self.cycle["state"]]
        )
        yield from self._because(stop["fact"])

    # ------------------------------------------------------------------ facts and moments

    def _because(self, fact: Values | None, word: str = "because") -> Iterator[Line]:
        if fact is None:
            return
        where = f"[{fact['source']} {fact['id']}"
        if fact["type"] is None:
            yield Line("", f"{word}: a fact that is none any more {where}]", "dim")
            return
        said = phrase(fact["type"], {name: self._local(value) for name, value in fact["data"].items()})
        yield Line("", f"{word}: {said} {where}, {fact['type']}, {self.at(fact['time'])}]", "dim")

    def _local(self, value: object) -> object:
        """Give a moment of a fact on the wall clock too; anything else as it is."""
        if not isinstance(value, str) or not value.endswith("Z"):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment.astimezone(self.zone).replace(tzinfo=None).isoformat()

    def at(self, text: str) -> str:
        """Give a moment on the wall clock, with its day."""
        there = datetime.fromisoformat(text).astimezone(self.zone)
        clock = f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"
        return f"{_date(there.date().isoformat())} {clock}"

    def _midnight(self, text: str) -> str:
        """Give a moment; of a midnight also the day that it ends, which is what people mean."""
        there = datetime.fromisoformat(text).astimezone(self.zone)
        if (there.hour, there.minute, there.second) != (0, 0, 0):
            return self.at(text)
        return f"{self.at(text)}, the end of {_date((there.date() - timedelta(days=1)).isoformat())}"

    def _elapsed(self, seconds: int) -> str:
        if self.cycle["calendar"]["hours"] is None:
            return length(seconds)
        return f"{hours(seconds)} of working time"

    def _time(self, text: str, day: str | None = None) -> str:
        there = datetime.fromisoformat(text)
        if day is not None and there.date().isoformat() > day:
            return "24:00"
        return f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"


def _date(text: str) -> str:
    return f"{date.fromisoformat(text):%a} {text}"


def _week(week: dict[str, list[str]]) -> str:
    """Give a week's hours, days with the same ones together: `Mon-Fri 08:00-16:00`."""
    groups: list[tuple[str, str, list[str]]] = []
    for day, spans in week.items():
        name = day.title()
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], name, spans)
        else:
            groups.append((name, name, spans))
    return ", ".join(
        f"{first if first == last else f'{first}-{last}'} {' and '.join(spans)}"
        for first, last, spans in groups
        if spans
    )


def _quoted(text: str | None) -> str:
    return f": “{text}”" if text else ""
