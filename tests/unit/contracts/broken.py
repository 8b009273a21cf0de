"""Files of agreements that are broken in one place each: the text, the place, and what the reason says."""

from __future__ import annotations

import datetime as dt

CLOCK = {"name": '"c"', "target": '"PT1H"', "calendar": '"always"', "starts": '"filed"', "stops": '"closed"'}


def clock(**keys: str | None) -> str:
    """A file with one agreement of one clock: its usual keys and these, as TOML."""
    rows = "\n".join(f"{key} = {value}" for key, value in {**CLOCK, **keys}.items() if value is not None)
    return f"effective = 2026-01-01\n[agreement.a]\n[[agreement.a.clock]]\n{rows}\n"


def agreement(rest: str) -> str:
    return f"effective = 2026-01-01\n[agreement.a]\n{rest}\n"


def credit(**keys: str) -> str:
    rows = {"after": '"PT1H"', "per": '"day"', "amount": '"1"', "currency": '"EUR"', **keys}
    return agreement("credit = {" + ", ".join(f"{key} = {value}" for key, value in rows.items()) + "}")


def file(calendars: str) -> str:
    """A file whose one clock uses the calendar `c`."""
    clock = 'clock = [{ name = "x", target = "PT1H", calendar = "c", starts = "filed", stops = "closed" }]'
    return f"effective = 2026-01-01\n{calendars}\n[agreement.a]\n{clock}\n"


def calendar(rest: str) -> str:
    return file(f'[calendar.c]\nzone = "UTC"\n{rest}')


SUNDAYS = ", ".join((dt.date(2030, 1, 6) + dt.timedelta(weeks=n)).isoformat() for n in range(523))
CLOCKS = "agreement.a.clock[1]"
BROKEN_TERMS: list[tuple[str, str, str]] = [
    # the file
    ("[agreement.a]", "effective", "is missing"),
    ("effective = 2026-01-01", "agreement", "is missing"),
    ("effective = 2026-01-01\nagreement = 1", "agreement", "must be tables with names"),
    ("effective = 2026-01-01\n[agreement]", "agreement", "at least one agreement"),
    ("effective = 2026-01-01\n[[agreement]]", "agreement", "must be tables with names"),
    ("effective = 2026-01-01\nagreement.a = 1", "agreement.a", "must be a table with the keys zone"),
    ("effective = 2026-01-01\ncalendar = 1\n[agreement.a]", "calendar", "must be tables with names"),
    ('effective = "2026-01-01"\n[agreement.a]', "effective", "must be a date, without quotes"),
    ("effective = 2026-01-01T00:00:00\n[agreement.a]", "effective", "must be a date"),
    ("effective = 2026\n[agreement.a]", "effective", "must be a date"),
    ("effective = 2026-01-01\nefective = 1\n[agreement.a]", "efective", 'did you mean "effective"'),
    ("effective = 2026-01-01\n[agreements.a]\n[agreement.a]", "agreements", 'did you mean "agreement"'),
    ('effective = 2026-01-01\n[agreement."a b"]', 'agreement."a b"', "must be a name"),
    ('effective = 2026-01-01\n[agreement.""]', 'agreement.""', "must be a name"),
    (f"effective = 2026-01-01\n[agreement.{'a' * 65}]", f"agreement.{'a' * 65}", "must be a name"),
    ('effective = 2026-01-01\n[agreement."a\\n"]', 'agreement."a\\n"', "must be a name"),
    # an agreement
    (agreement("zones = 1"), "agreement.a.zones", 'did you mean "zone"'),
    (agreement('zone = "Mars"'), "agreement.a.zone", "no such time zone"),
    (agreement("zone = 1"), "agreement.a.zone", "must be the name of a time zone"),
    (agreement("restoration = 1"), "agreement.a.restoration", "must be a table"),
    (agreement("restoration.silent = 1"), "agreement.a.restoration.silent", 'did you mean "silence"'),
    (agreement('restoration.silence = "PT0S"'), "agreement.a.restoration.silence", "longer than nothing"),
    (agreement('restoration.silence = "P2D"'), "agreement.a.restoration.silence", "PT48H"),
    (agreement("restoration.silence = 86400"), "agreement.a.restoration.silence", "must be text"),
    (agreement('restoration.accepts = "operator"'), "agreement.a.restoration.accepts", "must be a list"),
    (agreement('restoration.accepts = ["custommer"]'), "agreement.a.restoration.accepts[1]", "unknown value"),
    (agreement('restoration.accepts = ["customer"]'), "agreement.a.restoration.accepts[1]", "always counts"),
    (agreement("restoration.accepts = [1]"), "agreement.a.restoration.accepts[1]", "operator, technician, telemetry"),
    (agreement('credit = { after = "PT1H", per = "day", amount = "1" }'), "agreement.a.credit.currency", "is missing"),
    (credit(after='"P1D"'), "agreement.a.credit.after", "PT48H"),
    (credit(after='"-PT1H"'), "agreement.a.credit.after", "never negative"),
    (credit(per='"week"'), "agreement.a.credit.per", "known are: hour, day"),
    *(
        (credit(amount=amount), "agreement.a.credit.amount", 'in quotes, with at most 4 decimals, such as "10.00"')
        for amount in (
            "10.00",
            "1",
            *map('"{}"'.format, ("0.00", "-1", "1,50", "1e3", "01", "1.", "1.00001", "9" * 13)),
        )
    ),
    (credit(cap='"0"'), "agreement.a.credit.cap", "above 0"),
    *((credit(currency=c), "agreement.a.credit.currency", "three capital") for c in ('"pln"', '"PLNN"', '"ŁŁŁ"', "1")),
    (credit(floor='"1"'), "agreement.a.credit.floor", "unknown key"),
    # a clock
    (agreement("clock = 1"), "agreement.a.clock", "[[agreement.a.clock]]"),
    (agreement("[agreement.a.clock]"), "agreement.a.clock", "[[agreement.a.clock]]"),
    (agreement("clock = [1]"), CLOCKS, "must be a table with the keys name"),
    *((clock(**{key: None}), f"{CLOCKS}.{key}", "is missing") for key in CLOCK),
    (clock(targt='"PT1H"'), f"{CLOCKS}.targt", 'did you mean "target"'),
    (clock(name='"a b"'), f"{CLOCKS}.name", "must be a name"),
    (clock(name="1"), f"{CLOCKS}.name", "must be a name"),
    (clock(target='"4h"'), f"{CLOCKS}.target", "such as PT4H"),
    (clock(target='"PT0H"'), f"{CLOCKS}.target", "longer than nothing"),
    (clock(target='"P0D"'), f"{CLOCKS}.target", "longer than nothing"),
    (clock(target='"-PT4H"'), f"{CLOCKS}.target", "never negative"),
    (clock(target="4"), f"{CLOCKS}.target", "must be text"),
    (clock(calendar='"ofice"'), f"{CLOCKS}.calendar", "unknown calendar; known are: always"),
    (clock(calendar='"alwys"'), f"{CLOCKS}.calendar", 'did you mean "always"'),
    (clock(starts='"closed"'), f"{CLOCKS}.starts", "known are: filed, down"),
    (clock(stops='"reply"'), f"{CLOCKS}.stops", "known are: acknowledged, closed, replied, reply_delivered, up"),
    (clock(stops='["closed"]'), f"{CLOCKS}.stops", "known are"),
    (clock(starts='"down"'), f"{CLOCKS}.stops", 'stops at "up" only'),
    (clock(stops='"up"'), f"{CLOCKS}.stops", 'only a clock that starts = "down"'),
    (clock(starts='"down"', stops='"up"', reopen='"count"'), f"{CLOCKS}.reopen", "leave it out"),
    (clock(starts='"down"', stops='"up"', reopen='"continue"'), f"{CLOCKS}.reopen", "leave it out"),
    (clock(starts='"down"', stops='"up"', on_breach='"deem_upheld"'), f"{CLOCKS}.on_breach", "stops at the answer"),
    (clock(stops='"replied"', reopen='"restart"'), f"{CLOCKS}.reopen", 'only a clock that stops = "closed"'),
    (clock(reopen='"stop"'), f"{CLOCKS}.reopen", "known are: continue, count, restart"),
    (clock(until='"end_of_day"'), f"{CLOCKS}.until", "target in days only"),
    (clock(target='"P1D"', until='"noon"'), f"{CLOCKS}.until", "known are: end_of_day"),
    (clock(on_breach='"deem_upheld"'), f"{CLOCKS}.on_breach", "stops at the answer"),
    (clock(on_breach='"nothing"'), f"{CLOCKS}.on_breach", "known are: deem_upheld"),
    (clock(pauses='"customer"'), f"{CLOCKS}.pauses", "must be a list"),
    (clock(pauses='["customer", "customers"]'), f"{CLOCKS}.pauses[2]", 'did you mean "customer"'),
    (clock(warn="0.5"), f"{CLOCKS}.warn", "must be a list"),
    *(
        (clock(warn=f"[0.5, {value}]"), f"{CLOCKS}.warn[2]", "between 0 and 1")
        for value in ("0", "0.0", "1", "1.0", "1.5", "50", "-0.5", "nan", "inf", "-inf", '"0.5"', "true", "0.0000001")
    ),
    (clock() + "[[agreement.a.clock]]\n" + clock().partition("]]\n")[2], "agreement.a.clock[2].name", "already"),
]

BROKEN_CALENDARS: list[tuple[str, str, str]] = [
    (file('[calendar.c]\nzone = "Mars"'), "calendar.c.zone", "no such time zone"),
    (file("[calendar.c]"), "calendar.c.zone", "is missing"),
    (calendar('[calendar.always]\nzone = "UTC"'), "calendar.always", "built in"),
    (calendar('[calendar."a b"]\nzone = "UTC"'), 'calendar."a b"', "must be a name"),
    (file("[calendar]\nc = 1"), "calendar.c", "must be a table"),
    (calendar("hour = 1"), "calendar.c.hour", 'did you mean "hours"'),
    (calendar("hours = 1"), "calendar.c.hours", "must be a table"),
    (calendar("hours = {}"), "calendar.c.hours", "no day has any hours"),
    (calendar("hours = { mon = [], sun = [] }"), "calendar.c.hours", "no day has any hours"),
    (calendar('hours = { monday = ["08:00-16:00"] }'), "calendar.c.hours.monday", 'did you mean "mon"'),
    (calendar('hours = { mon = "08:00-16:00" }'), "calendar.c.hours.mon", "must be a list"),
    (calendar('hours = { mon = ["8-16"] }'), "calendar.c.hours.mon[1]", 'such as "08:00-16:30"'),
    (calendar('hours = { mon = ["22:00-06:00"] }'), "calendar.c.hours.mon[1]", "two spans"),
    *(
        (calendar('hours = { mon = ["08:00-16:00"] }\nholidays = ' + value), f"calendar.c.holidays{place}", right)
        for value, place, right in [
            ("1", "", "must be a table"),
            ("{ land = 1 }", ".land", "unknown key"),
            ('{ country = "XX" }', ".country", "no such country"),
            ('{ country = "XX", subdivision = "BY" }', ".country", "no such country"),
            ('{ country = "DE", subdivision = "XX" }', ".subdivision", "BW, BY"),
            ('{ subdivision = "BY" }', ".subdivision", "needs the country"),
            ('{ country = "PL", add = 2026-05-02 }', ".add", "must be a list"),
            ('{ country = "PL", add = ["2026-05-02"] }', ".add[1]", "without quotes"),
            ('{ country = "PL", remove = [2026-05-02T00:00:00Z] }', ".remove[1]", "must be a date"),
            ('{ country = "PL", remove = [2026-05-02], add = [2026-05-02] }', ".remove", "both added and removed"),
            ("{ remove = [2026-05-02] }", ".remove", "needs a country"),
        ]
    ),
    (calendar('holidays = { country = "PL" }'), "calendar.c.holidays", "needs hours"),
    # never open, or not for ten years
    (
        calendar(f'hours = {{ sun = ["08:00-16:00"] }}\nholidays.add = [{SUNDAYS}]'),
        "calendar.c.hours",
        "from 2029-12-31",
    ),
    (calendar('hours = { mon = [] }\nholidays = { country = "PL" }'), "calendar.c.hours", "no day has any hours"),
    # longer than dates last
    (
        calendar('hours = { sun = ["08:00-08:01"] }').replace("PT1H", "PT876600H"),
        "agreement.a.clock[1].target",
        "more than 1000 years of the hours",
    ),
    (calendar("zone = 'UTC'"), "", "this is no TOML"),
]
