"""Agreements: the terms that apply, read from TOML (domain.md §§4, 6, 8; file format: interfaces.md §5).

Read so that nobody has to guess: what is not understood is refused with its place, and all of it at once.
The same terms are equal and give the same bytes, in whatever order the file lists them.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final, Literal, TypeVar, get_args

import msgspec

from contracts import calendars, lengths
from contracts.calendars import Calendar, did_you_mean
from contracts.errors import StilldownError

_T = TypeVar("_T")
_Path = tuple[str | int, ...]  # of a key in the file; rows of lists count from 1, as people do
_Keys = Collection[str]

Claimant = Literal["operator", "technician", "telemetry"]
Starts = Literal["filed", "down"]
Stops = Literal["acknowledged", "closed", "replied", "reply_delivered", "up"]
Wait = Literal["customer", "parts", "vendor", "access", "other"]
Reopen = Literal["continue", "count", "restart"]

LARGEST: Final = 192 * 1024
"""Bytes of an agreement as JSON: with what is around it, the event of a version stays below 256 KB (kernel.md §2)."""
LONGEST_YEARS: Final = 1_000
"""A target in hours of a calendar takes no longer, however few they are: it falls due where there still are dates."""

_ANSWERS: Final = ("replied", "reply_delivered")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PART: Final = re.compile(rf"""(?:{_BARE.pattern}|"(?:\\.|[^"\\])*"|'[^']*')""")
# A table's header or the beginning of `key = value`. Quotes are not decoded: such a key gets its table's line.
_KEY: Final = rf"{_PART.pattern}(?:[ \t]*\.[ \t]*{_PART.pattern})*"
_LINE: Final = re.compile(rf"[ \t]*(?P<open>\[\[?)?[ \t]*(?P<key>{_KEY})[ \t]*(?(open)\]|=)")


class Restoration(msgspec.Struct, frozen=True):
    """How it is proved that the service is back (domain.md §4.4)."""

    accepts: tuple[Claimant, ...] = ()
    """Whose claims count by themselves, in alphabetical order. The customer's word always does, and is no claim."""
    silence: int | None = None
    """Seconds after which an unanswered, delivered notice speaks; None: silence proves nothing."""


class Credit(msgspec.Struct, frozen=True):
    """Money owed for downtime (domain.md §8): `amount` for each `per` begun beyond `after`, for each outage."""

    after: int
    """Free time in seconds; may be 0."""
    per: Literal["hour", "day"]
    amount: str
    """A decimal above 0, as written: its decimals are those of what is owed."""
    currency: str
    """Three capital letters."""
    cap: str | None = None


class Clock(msgspec.Struct, frozen=True):
    """A named deadline (domain.md §6). `stops` is `up` exactly when `starts` is `down`."""

    name: str
    target: str
    """`PT…` or `P…D`, as written; `length` is what it means."""
    calendar: str
    """`always`, or the name of one of the agreement's calendars."""
    starts: Starts
    stops: Stops
    until: Literal["end_of_day"] | None = None
    pauses: tuple[Wait, ...] = ()
    reopen: Reopen | None = None
    """None exactly when `starts` is `down`: such a clock follows its outage, not the ticket."""
    warn: tuple[float, ...] = ()
    """Fractions of the target as written, ascending, at most 6 decimals. Reckon with `fractions`."""
    on_breach: Literal["deem_upheld"] | None = None

    @property
    def length(self) -> lengths.Seconds | lengths.Days:
        """The target as seconds of the calendar's time, or as days."""
        return lengths.read_target(self.target)

    @property
    def fractions(self) -> tuple[Fraction, ...]:
        """`warn`, exactly: 0.07 of 100 seconds are 7, in binary a little more, and rounding up would give 8."""
        return tuple(Fraction(str(fraction)) for fraction in self.warn)


class Agreement(msgspec.Struct, frozen=True):
    """A version's whole content: nothing outside it is needed to reckon with it, holiday data and zones apart."""

    name: str
    zone: str = "UTC"
    """IANA zone: the wall clock of days on `always`, and of months."""
    restoration: Restoration = Restoration()
    credit: Credit | None = None
    clocks: tuple[Clock, ...] = ()
    """In order of name; names are unique."""
    calendars: tuple[Calendar, ...] = ()
    """Those that its clocks name, `always` apart, in order of name."""

    @property
    def needs_reply(self) -> bool:
        """Whether a clock stops at the formal answer, so that `reply_missing` may object (domain.md §5)."""
        return any(clock.stops in _ANSWERS for clock in self.clocks)


class AgreementFile(msgspec.Struct, frozen=True):
    """A file of agreements, in order of name, in force for what is filed from the day `effective` on."""

    effective: dt.date
    agreements: tuple[Agreement, ...]


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong: where (`agreement.standard.clock[1].target`), what stands there, what would be right."""

    place: str
    """Empty: the file as a whole. Rows of lists count from 1."""
    line: int | None
    """From 1; of the nearest table where the key has none, and 1 where no table has it."""
    value: str | None
    """As the file has it, shortened; None where nothing stands there, or a whole table or list."""
    right: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (f"line {self.line}" if self.line else "", self.place) if part)
        return f"{where}{f' = {self.value}' if self.value else ''}: {self.right}".removeprefix(": ")


class AgreementError(StilldownError):
    """The agreements cannot be used; each problem is a line, and one of `problems`, in order of place in the file."""

    def __init__(self, name: str, problems: Collection[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(name, problems)  # what pickling calls it with again

    def __str__(self) -> str:
        return "\n".join(f"{self.name}, {problem}" for problem in self.problems)


class _TermError(StilldownError):
    """A value is not one of those that can stand there; the message says which can."""


def parse(text: str, name: str = "agreements") -> AgreementFile:
    """Read and check a file of agreements (interfaces.md §5); `name` is what messages call it.

    A byte order mark and CRLF are taken as they come. Raises AgreementError with everything that is wrong.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    file = _File(text, name)
    top = Table(file, (), file.document, required=("effective", "agreement"), optional=("calendar",))
    effective = top.get("effective", calendars.read_date)
    known = {}
    for table in top.named("calendar", ("zone",), ("hours", "holidays")):
        known[table.name] = calendars.read_calendar(table, effective)
    tables = top.named("agreement", (), ("zone", "restoration", "credit", "clock"))
    agreements = [_agreement(table, known) for table in tables]
    if not agreements and top.raw.get("agreement") == {}:
        top.refuse("write at least one agreement, such as [agreement.standard]", "agreement")
    if file.problems or effective is None:
        raise AgreementError(name, file.problems)
    return AgreementFile(effective, tuple(sorted(agreements, key=lambda agreement: agreement.name)))


def _agreement(table: Table, known: Mapping[str, Calendar | None]) -> Agreement:
    zone = table.get("zone", calendars.read_zone) or "UTC"
    restoration, credit = Restoration(), None
    if part := table.sub("restoration", optional=("accepts", "silence")):
        restoration = Restoration(part.all("accepts", _claimant), part.get("silence", lengths.read_seconds))
    if part := table.sub("credit", required=("after", "per", "amount", "currency"), optional=("cap",)):
        credit = _credit(part)
    taken: set[str] = set()
    required = ("name", "target", "calendar", "starts", "stops")
    rows = table.rows("clock", required, ("until", "pauses", "reopen", "warn", "on_breach"))
    read = [_clock(row, {calendars.ALWAYS: None, **known}, taken) for row in rows]
    clocks = tuple(sorted(filter(None, read), key=lambda clock: clock.name))
    used = {clock.calendar for clock in clocks}
    embedded = tuple(calendar for name, calendar in sorted(known.items()) if calendar and name in used)
    agreement = Agreement(table.name, zone, restoration, credit, clocks, embedded)
    if len(msgspec.json.encode(agreement)) > LARGEST:
        table.refuse(
            f"is too large to be recorded: at most {LARGEST // 1024} KB, the holidays of its calendars included"
        )
    return agreement


def _credit(table: Table) -> Credit | None:
    after = table.get("after", lambda value: lengths.read_seconds(value, zero=True))
    per = table.get("per", _one_of("hour", "day"))
    amount, cap = table.get("amount", _money), table.get("cap", _money)
    currency = table.get("currency", _currency)
    if after is None or per is None or amount is None or currency is None:
        return None
    return Credit(after, per, amount, currency, cap)


def _clock(table: Table, known: Mapping[str, Calendar | None], taken: set[str]) -> Clock | None:
    if name := table.get("name", _name):
        if name in taken:
            table.refuse("this agreement has a clock of that name already", "name")
        taken.add(name)
    length = table.get("target", lengths.read_target)
    calendar = table.get("calendar", _one_of(*sorted(known), what="calendar"))
    starts = table.get("starts", _one_of(*get_args(Starts)))
    stops = table.get("stops", _one_of(*get_args(Stops)))
    until = table.get("until", _one_of("end_of_day"))
    pauses = table.all("pauses", _one_of(*get_args(Wait)))
    reopen = table.get("reopen", _one_of(*get_args(Reopen)))
    warn = table.all("warn", _fraction)
    on_breach = table.get("on_breach", _one_of("deem_upheld"))

    if starts == "down":
        if stops not in ("up", None):
            table.refuse('a clock that starts = "down" stops at "up" only', "stops")
        if "reopen" in table.raw:
            table.refuse('leave it out: a clock that starts = "down" follows its outage', "reopen")
    elif starts and stops == "up":
        table.refuse('only a clock that starts = "down" stops at "up"', "stops")
    if reopen == "restart" and starts != "down" and stops not in ("closed", None):
        table.refuse('only a clock that stops = "closed" can restart', "reopen")
    if until and isinstance(length, lengths.Seconds):
        table.refuse("goes with a target in days only, such as P14D", "until")
    if on_breach and stops not in (*_ANSWERS, None):
        table.refuse("only a clock that stops at the answer (replied, reply_delivered) can deem it upheld", "on_breach")
    _check_reach(table, length, known.get(calendar or calendars.ALWAYS))
    if name is None or length is None or calendar is None or starts is None or stops is None:
        return None
    if starts == "filed" and reopen is None:
        reopen = "continue"
    return Clock(name, table.raw["target"], calendar, starts, stops, until, pauses, reopen, warn, on_breach)


def _check_reach(table: Table, length: lengths.Seconds | lengths.Days | None, calendar: Calendar | None) -> None:
    if isinstance(length, lengths.Seconds) and calendar and calendar.hours:
        weekly = calendars.weekly_seconds(calendar.hours)
        if 0 < weekly * 52 * LONGEST_YEARS < length.seconds:
            right = f"is too long: it would take more than {LONGEST_YEARS} years of the hours of its calendar"
            table.refuse(right, "target")


class _File:
    """A TOML file, and the problems found in it so far."""

    def __init__(self, text: str, name: str) -> None:
        self.problems: list[Problem] = []
        try:
            self.document = tomllib.loads(text)
        except RecursionError:
            raise AgreementError(name, [_syntax(text, "tables and lists are nested too deep")]) from None
        except ValueError as error:  # TOMLDecodeError is one; numbers of thousands of digits raise another
            raise AgreementError(name, [_syntax(text, f"this is no TOML: {error}")]) from None
        self.lines = _lines(text)

    def refuse(self, path: _Path, right: str, value: object = None) -> None:
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1)
        self.problems.append(Problem(_place(path), line, _shown(value), right))


class Table:
    """One table of the file: its keys are taken out of it as values, and what is wrong is put down with its place."""

    def __init__(self, file: _File, path: _Path, raw: object, required: _Keys = (), optional: _Keys = ()) -> None:
        self.file, self.path, self.name = file, path, str(path[-1]) if path else ""
        self.raw: dict[str, Any] = raw if isinstance(raw, dict) else {}
        if not isinstance(raw, dict):
            file.refuse(path, f"must be a table with the keys {', '.join((*required, *optional))}", raw)
            return
        known = (*required, *optional)
        for key in raw:
            if key not in known:
                self.refuse(f"unknown key{did_you_mean(key, known)}; known are: {', '.join(known)}", key)
        for key in required:
            if key not in raw:
                self.refuse("is missing", key)

    def refuse(self, right: str, *key: str) -> None:
        """Put down a problem with a key of this table, or with the table."""
        self.file.refuse((*self.path, *key), right, self.raw.get(key[0]) if key else None)

    def get(self, key: str, read: Callable[[object], _T]) -> _T | None:
        """Read a value; None where there is none, or a wrong one, which is put down."""
        return self._value((*self.path, key), self.raw[key], read) if key in self.raw else None

    def all(self, key: str, read: Callable[[object], _T]) -> tuple[_T, ...]:
        """Read a list whose order and repetitions mean nothing: sorted, each value once, the wrong ones put down."""
        values = {self._value(path, raw, read) for path, raw in self._list(key, "a list")}
        return tuple(sorted(value for value in values if value is not None))  # type: ignore[type-var]

    def sub(self, key: str, required: _Keys = (), optional: _Keys = ()) -> Table | None:
        """Take a table in this one."""
        raw = self.raw.get(key)
        return None if raw is None else Table(self.file, (*self.path, key), raw, required, optional)

    def rows(self, key: str, required: _Keys, optional: _Keys) -> Iterator[Table]:
        """Take a list of tables in this one."""
        for path, raw in self._list(key, f"a list of tables, each headed [[{_place((*self.path, key))}]]"):
            yield Table(self.file, path, raw, required, optional)

    def named(self, key: str, required: _Keys, optional: _Keys) -> Iterator[Table]:
        """Take the tables in the table `key`, each by a name of its own."""
        tables = self.raw.get(key, {})
        if not isinstance(tables, dict):
            self.refuse(f"must be tables with names, such as [{key}.standard]", key)
            return
        for name, raw in tables.items():
            path = (*self.path, key, name)
            if self._value(path, name, _name) is not None:
                yield Table(self.file, path, raw, required, optional)

    def _value(self, path: _Path, raw: object, read: Callable[[object], _T]) -> _T | None:
        try:
            return read(raw)
        except StilldownError as error:
            self.file.refuse(path, str(error), raw)
            return None

    def _list(self, key: str, what: str) -> list[tuple[_Path, object]]:
        raw = self.raw.get(key, [])
        if not isinstance(raw, list):
            self.refuse(f"must be {what}", key)
            return []
        return [((*self.path, key, row), value) for row, value in enumerate(raw, 1)]


def _text(pattern: str, right: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise _TermError(f"must be {right}")
        return value

    return read


_name = _text(r"[A-Za-z0-9._:-]{1,64}", "a name of 1 to 64 characters out of A-Z a-z 0-9 . _ : -")
_money = _text(
    r"(?=.*[1-9])(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,4})?",
    'an amount above 0 in quotes, with at most 4 decimals, such as "10.00"',
)
_currency = _text(r"[A-Z]{3}", 'a currency of three capital letters, such as "EUR"')


def _one_of(*allowed: str, what: str = "value") -> Callable[[object], Any]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise _TermError(f"unknown {what}{did_you_mean(value, allowed)}; known are: {', '.join(allowed)}")
        return value

    return read


def _claimant(value: object) -> Claimant:
    if value == "customer":  # would be without effect, and hide what the writer took it to do
        raise _TermError("leave it out: the customer's word always counts and needs no accepting")
    return _one_of(*get_args(Claimant))(value)  # type: ignore[no-any-return]


def _fraction(value: object) -> float:
    if not isinstance(value, float) or not 0 < value < 1 or value != round(value, 6):
        raise _TermError("must be a fraction between 0 and 1, both excluded, of at most 6 decimals, such as 0.5")
    return value


def _syntax(text: str, message: str) -> Problem:
    at = re.search(r" \(at (?:line (\d+)|end of document)", message)
    line = int(at[1] or text.rstrip().count("\n") + 1) if at else None
    return Problem("", line, None, message)


def _lines(text: str) -> dict[_Path, int]:
    """Find the line of each table and key of valid TOML: headers and `key =`, but for what is in multi-line text."""
    lines: dict[_Path, int] = {}
    rows: Counter[_Path] = Counter()
    here: _Path = ()
    for number, match in enumerate(map(_LINE.match, text.split("\n")), 1):
        if match is None:
            continue
        path: _Path = () if match["open"] else here
        parts = [part.strip("\"'") for part in _PART.findall(match["key"])][:8]  # nothing known is deeper
        for left, part in enumerate(parts, 1 - len(parts)):
            path = (*path, part)
            lines.setdefault(path, number)
            rows.update([path] if match["open"] == "[[" and left == 0 else [])
            path = (*path, rows[path]) if match["open"] and path in rows else path
            lines.setdefault(path, number)
        here = path if match["open"] else here
    return lines


def _place(path: _Path) -> str:
    keys = (f"[{key}]" if isinstance(key, int) else f".{key if _BARE.fullmatch(key) else _quoted(key)}" for key in path)
    return "".join(keys).removeprefix(".")


def _quoted(text: str) -> str:
    short = f"{text[:59]}…" if text[60:] else text  # enough to find it by
    return json.dumps(short, ensure_ascii=not short.isprintable())


def _shown(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int) and abs(value) >= 10**18:  # `str` itself refuses very long ones
        return "a huge number"
    return None if value is None or isinstance(value, dict | list) else str(value)
