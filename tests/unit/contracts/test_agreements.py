"""A file of agreements is understood whole, or refused with every problem and its place."""

from __future__ import annotations

import contextlib
import datetime as dt
import pickle
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.agreements import (
    Agreement,
    AgreementError,
    AgreementFile,
    Clock,
    Credit,
    Problem,
    Restoration,
    parse,
)
from contracts.calendars import Calendar, Holidays, Hours
from contracts.errors import StilldownError
from contracts.lengths import Days, Seconds
from contracts.pinning import pinned
from tests.unit.contracts.broken import BROKEN_TERMS, CLOCK, agreement, clock

FULL = """\
effective = 2026-01-01          # facts filed from this day on

[calendar.office]               # "always" is built in
zone = "Europe/Warsaw"
hours = { mon = ["08:00-12:00", "12:30-16:30"], tue = ["08:00-16:00"] }
holidays = { country = "PL", add = [2026-05-02], remove = [] }

[agreement.standard]            # used when a complaint names none
zone = "Europe/Warsaw"
restoration = { accepts = [], silence = "PT24H" }
credit = { after = "PT24H", per = "day", amount = "10.00", currency = "PLN", cap = "100.00" }

[[agreement.standard.clock]]
name = "restore"
target = "PT24H"
calendar = "always"
starts = "down"
stops = "up"
pauses = ["customer"]
warn = [0.5, 0.9]

[[agreement.standard.clock]]
name = "reply"
target = "P14D"
until = "end_of_day"
calendar = "always"
starts = "filed"
stops = "reply_delivered"
on_breach = "deem_upheld"
"""

STORIES = Path(__file__).parents[2] / "stories"
CASH_REGISTER, LOST_PARCEL, REGISTERED_LETTER = (
    (STORIES / story / "agreement.toml").read_text() for story in ("cash-register", "lost-parcel", "registered-letter")
)


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(AgreementError) as caught:
        parse(text)
    return caught.value.problems


def only(text: str) -> Agreement:
    (one,) = parse(text).agreements
    return one


def the_clock(text: str) -> Clock:
    (one,) = only(text).clocks
    return one


def test_the_whole_format_is_understood() -> None:
    reply = Clock("reply", "P14D", "always", "filed", "reply_delivered", "end_of_day", reopen="continue")
    reply = msgspec.structs.replace(reply, on_breach="deem_upheld")
    restore = Clock("restore", "PT24H", "always", "down", "up", pauses=("customer",), warn=(0.5, 0.9))
    credit = Credit(86_400, "day", "10.00", "PLN", "100.00")
    standard = Agreement("standard", "Europe/Warsaw", Restoration((), 86_400), credit, (reply, restore))
    assert parse(FULL) == AgreementFile(dt.date(2026, 1, 1), (standard,))


def test_the_cash_registers_terms() -> None:
    letters, standard = parse(CASH_REGISTER).agreements
    day = ((480, 960),)
    office = Calendar("office", "Europe/Warsaw", Hours(day, day, day, day, day), Holidays("PL", pinned=pinned("PL")))
    assert standard.calendars == (office,)
    assert [(c.name, c.length, c.reopen) for c in standard.clocks] == [
        ("acknowledge", Seconds(7_200), "continue"),
        ("resolve", Days(5), "count"),
        ("restore", Seconds(57_600), None),
    ]
    assert standard.restoration == Restoration((), 172_800)
    assert not standard.needs_reply
    assert letters.needs_reply
    assert letters.calendars == ()
    assert letters.restoration == Restoration()
    assert letters.credit is None


def test_the_lost_parcels_terms() -> None:
    retail = only(LOST_PARCEL)
    assert (retail.name, retail.zone, retail.restoration) == ("retail", "America/New_York", Restoration((), None))
    assert not retail.needs_reply


def test_the_registered_letters_terms() -> None:
    post = only(REGISTERED_LETTER)
    assert post.restoration.silence == 604_800
    assert [c.name for c in post.clocks] == ["reply", "restore"]
    assert post.needs_reply


@pytest.mark.parametrize("text", [FULL, CASH_REGISTER, LOST_PARCEL, REGISTERED_LETTER])
def test_terms_survive_json_with_the_same_bytes(text: str) -> None:
    file = parse(text)
    written = msgspec.json.encode(file)
    assert msgspec.json.decode(written, type=AgreementFile) == file
    assert msgspec.json.encode(msgspec.json.decode(written, type=AgreementFile)) == written
    assert len({file, msgspec.json.decode(written, type=AgreementFile)}) == 1


def test_an_agreement_may_say_nothing_at_all() -> None:
    assert only("effective = 2026-01-01\n[agreement.a]") == Agreement("a", "UTC", Restoration(), None, (), ())


def test_a_byte_order_mark_and_crlf_change_nothing() -> None:
    assert parse("\ufeff" + FULL.replace("\n", "\r\n")) == parse(FULL)
    assert problems("\ufeff" + FULL.replace("P14D", "P14").replace("\n", "\r\n"))[0].line == 24


def test_the_order_in_the_file_means_nothing() -> None:
    one = agreement(
        'restoration = { accepts = ["telemetry", "operator", "telemetry"] }\n'
        '[[agreement.a.clock]]\nname="x"\ntarget="PT1H"\ncalendar="c"\nstarts="filed"\nstops="closed"\n'
        'pauses = ["vendor", "customer"]\nwarn = [0.9, 0.50]\n'
        '[[agreement.a.clock]]\nname="b"\ntarget="PT1H"\ncalendar="d"\nstarts="filed"\nstops="closed"\n'
        '[calendar.c]\nzone="UTC"\nhours={mon=["12:00-13:00", "08:00-09:00"]}\n'
        'holidays={country="PL", add=[2026-05-03, 2026-05-02]}\n[calendar.d]\nzone="UTC"\n[agreement.b]'
    )
    other = (
        '[agreement.b]\n[calendar.d]\nzone="UTC"\n[calendar.c]\nzone="UTC"\n'
        'holidays={add=[2026-05-02, 2026-05-03, 2026-05-02], country="PL", remove=[]}\n'
        'hours={tue=[], mon=["08:00-09:00", "12:00-13:00", "08:00-09:00"]}\n'
        '[agreement.a]\nzone="UTC"\nrestoration.accepts = ["operator", "telemetry"]\n'
        'clock = [{name="b", target="PT1H", calendar="d", starts="filed", stops="closed", reopen="continue"}, '
        '{stops="closed", starts="filed", calendar="c", target="PT1H", name="x", warn=[0.5, 0.9, 0.5], '
        'pauses=["customer", "vendor", "vendor"]}]\n'
    )
    other = "effective = 2026-01-01\n" + other
    assert parse(one) == parse(other)
    assert msgspec.json.encode(parse(one)) == msgspec.json.encode(parse(other))


def test_a_version_holds_the_calendars_that_it_uses_and_no_others() -> None:
    text = clock(calendar='"c"') + '[calendar.c]\nzone = "UTC"\n[calendar.d]\nzone = "UTC"\n[agreement.b]\n'
    a, b = parse(text).agreements
    assert a.calendars == (Calendar("c", "UTC"),)
    assert b.calendars == ()


def test_a_warnings_fraction_is_exact() -> None:
    text = clock(warn="[0.07, 0.000001, 0.999999, 0.50]")
    expected = ("1/1000000", "7/100", "1/2", "999999/1000000")
    assert the_clock(text).fractions == tuple(map(Fraction, expected))


def test_a_target_keeps_its_text() -> None:
    assert the_clock(clock(target='"PT60M"')).target == "PT60M"
    assert the_clock(clock(target='"PT60M"')).length == the_clock(clock()).length


@pytest.mark.parametrize("stops, needs", [("replied", True), ("reply_delivered", True), ("closed", False)])
def test_a_reply_is_needed_when_a_clock_stops_at_it(stops: str, *, needs: bool) -> None:
    assert only(clock(stops=f'"{stops}"')).needs_reply is needs


@pytest.mark.parametrize("claimant", ["operator", "technician", "telemetry"])
def test_every_claimant_may_be_accepted(claimant: str) -> None:
    assert only(agreement(f'restoration.accepts = ["{claimant}"]')).restoration.accepts == (claimant,)


@pytest.mark.parametrize("reopen", ["continue", "count", "restart"])
def test_a_reopening_may_mean_three_things(reopen: str) -> None:
    assert the_clock(clock(reopen=f'"{reopen}"')).reopen == reopen


def test_a_credit_may_be_owed_from_the_first_second_and_without_a_cap() -> None:
    text = agreement('credit = { after = "PT0S", per = "hour", amount = "0.5", currency = "EUR" }')
    assert only(text).credit == Credit(0, "hour", "0.5", "EUR", None)


TWO_CLOCKS = "effective = 2026-01-01\n[[agreement.a.clock]]\n\n[[agreement.a.clock]]\nx = 1"


@pytest.mark.parametrize("text, place, right", BROKEN_TERMS)
def test_what_is_wrong_is_refused_with_its_place(text: str, place: str, right: str) -> None:
    found = problems(text)
    assert [problem.place for problem in found] == [place]
    assert right in found[0].right


@pytest.mark.parametrize(
    "wrong, place, line, value",
    [
        ("effective = 1 ", "effective", 1, "1"),
        ('zone = "Mars"', "calendar.office.zone", 4, '"Mars"'),
        ('hours = { mon = ["08:00-12:00", "12:30"] }', "calendar.office.hours.mon[2]", 5, '"12:30"'),
        ('holidays = { country = "PL", add = [1] }', "calendar.office.holidays.add[1]", 6, "1"),
        ('restoration = { silence = "PT" }', "agreement.standard.restoration.silence", 10, '"PT"'),
        ('credit = { after = "PT24H", per = true }', "agreement.standard.credit.per", 11, "true"),
        ("warn = [0.5, 9.5]", "agreement.standard.clock[1].warn[2]", 20, "9.5"),
        ("until = 2026-01-01", "agreement.standard.clock[2].until", 25, "2026-01-01"),
        ('on_breach = "x"', "agreement.standard.clock[2].on_breach", 29, '"x"'),
    ],
)
def test_a_problem_names_line_and_value(wrong: str, place: str, line: int, value: str) -> None:
    key = wrong.partition("=")[0]
    text = re.sub(rf"^{key}=.*$", wrong, FULL, count=1, flags=re.MULTILINE)
    assert (place, line, value) in {(problem.place, problem.line, problem.value) for problem in problems(text)}


@pytest.mark.parametrize(
    "text, place, line",
    [
        ("effective = 2026-01-01\n\n [ agreement . 'a' ] # here\n\n  zone = 1", "agreement.a.zone", 5),
        ('effective = 2026-01-01\n[agreement."a.b"]\n"zone"=1', 'agreement."a.b".zone', 3),
        ("effective = 2026-01-01\nagreement.a.zone = 1", "agreement.a.zone", 2),
        ("effective = 2026-01-01\n[agreement]\na.zone = 1", "agreement.a.zone", 3),
        ("effective = 2026-01-01\n[agreement]\n\na = {zone = 1}", "agreement.a.zone", 4),
        ("effective = 2026-01-01\n[agreement.a]\nclock = [\n  {},\n  1,\n]", "agreement.a.clock[2]", 3),
        (agreement("restoration.accepts = [\n  1,\n]\nrestoration.x = 1"), "agreement.a.restoration.x", 6),
        (TWO_CLOCKS, "agreement.a.clock[1].name", 2),
        (TWO_CLOCKS, "agreement.a.clock[2].name", 4),
        (TWO_CLOCKS, "agreement.a.clock[2].x", 5),
        ("effective = 2026-01-01\n[[agreement.a.clock]]\n[agreement.a.clock.x]", "agreement.a.clock[1].x", 3),
        ("effective = 2026-01-01\n[agreement.a]\n[[agreement.b.clock]]\nx = 1", "agreement.b.clock[1].x", 4),
        ("\n\n[agreement.a]", "effective", 1),
    ],
)
def test_lines_are_found_however_the_file_is_laid_out(text: str, place: str, line: int) -> None:
    assert (place, line) in {(problem.place, problem.line) for problem in problems(text)}


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = FULL.replace("Europe/Warsaw", "Mars").replace("PT24H", "4h").replace("0.9", "9").replace('"PLN"', "1")
    with pytest.raises(AgreementError) as caught:
        parse(text, "terms.toml")
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        'terms.toml, line 4: calendar.office.zone = "Mars": no such time zone: write an IANA name like "Europe/Warsaw"'
    )
    assert [line.partition(" = ")[0] for line in lines[1:]] == [
        "terms.toml, line 9: agreement.standard.zone",
        "terms.toml, line 10: agreement.standard.restoration.silence",
        "terms.toml, line 11: agreement.standard.credit.after",
        "terms.toml, line 11: agreement.standard.credit.currency",
        "terms.toml, line 15: agreement.standard.clock[1].target",
        "terms.toml, line 20: agreement.standard.clock[1].warn[2]",
    ]


@pytest.mark.parametrize(
    "text, line, right",
    [
        ("effective = 2026-01-01\neffective = 2026-01-02\n", 2, "this is no TOML"),
        ("effective = 2026-01-01\n[agreement.a]\n[agreement.a]\n", 3, "this is no TOML"),
        ("effective = 2026-02-30\n", 1, "this is no TOML"),
        ("a = 1\n\nb =\n\n", 3, "this is no TOML"),
        ("{}", 1, "this is no TOML"),
        ("a = " + "9" * 5000, None, "this is no TOML"),
        ("a = " + "[" * 100_000, None, "nested too deep"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line(text: str, line: int | None, right: str) -> None:
    (problem,) = problems(text)
    assert problem.line == line
    assert right in problem.right


def test_the_error_is_one_of_ours_and_survives_pickling() -> None:
    with pytest.raises(AgreementError) as caught:
        parse("x = 1", "terms.toml")
    assert isinstance(caught.value, StilldownError)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(again), again.problems) == (str(caught.value), caught.value.problems)


@pytest.mark.parametrize("value", ["0x" + "f" * 6000, '"' + "x" * 10_000 + '"', '"\\u0007\\u009b"', '"""\n\n"""'])
def test_a_monstrous_value_is_shown_short_and_harmless(value: str) -> None:
    text = str(problems(agreement(f"zone = {value}")))
    assert len(text) < 400
    assert all(char.isprintable() for char in text)


@pytest.mark.parametrize("line", ["a" * 100_000, "a." * 50_000, "[" + "a." * 50_000, "a " * 50_000, '"' * 100_000])
def test_the_scan_for_lines_stays_quick(line: str) -> None:
    assert problems(agreement(f"x = '''\n{line}\n'''\ny = 1"))[-1].line == 6


# ---------------------------------------------------------------------------------------------------------------------
# Whatever is written, it is understood or refused

WORDS = """PT1H P1D PT0S P2W always c filed down up closed replied customer UTC end_of_day deem_upheld restart
    telemetry DE BY 08:00-16:00 EUR 1.00 day"""
KEYS = """zone restoration credit clock accepts silence after per amount currency cap name target calendar starts
    stops until pauses reopen warn on_breach hours holidays mon sun country subdivision add remove x 'ą' \"\""""
SCALARS = (
    st.booleans().map(lambda value: str(value).lower())
    | st.integers().map(str)
    | st.floats().map(repr)
    | st.dates().map(str)
    | st.datetimes().map(lambda value: value.isoformat())
    | st.times().map(str)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=8).map('"{}"'.format)
    | st.sampled_from(WORDS.split()).map('"{}"'.format)
    | st.sampled_from(["0.5", "1.5", "nan", "2026-05-02"])
)


def tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(st.sampled_from(KEYS.split()), values, max_size=6).map(
        lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
    )


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(lambda row: f"[{', '.join(row)}]") | tables(inner),
    max_leaves=8,
)
CLOCK_KEYS = [*CLOCK, "until", "pauses", "reopen", "warn", "on_breach"]
CLOCK_TABLES = st.dictionaries(st.sampled_from(CLOCK_KEYS), VALUES, max_size=10)


def understood_or_refused(text: str) -> None:
    with contextlib.suppress(AgreementError):
        file = parse(text)
        assert msgspec.json.decode(msgspec.json.encode(file), type=AgreementFile) == file


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(KEYS.split()) | st.just("agreement.a") | st.just("calendar.c"), VALUES), max_size=6
    )
)
def test_any_toml_is_understood_or_refused(rows: list[tuple[str, str]]) -> None:
    understood_or_refused("effective = 2026-01-01\n" + "\n".join(f"{key} = {value}" for key, value in rows))


@settings(deadline=None, max_examples=300)
@given(tables(VALUES), tables(VALUES), st.dictionaries(st.sampled_from(CLOCK_KEYS), VALUES))
def test_any_value_of_any_key_is_understood_or_refused(terms: str, holidays: str, keys: dict[str, str]) -> None:
    text = clock(**keys) + f'[calendar.c]\nzone = "UTC"\nholidays = {holidays}\n'
    understood_or_refused(text)
    understood_or_refused(text.replace("[agreement.a]\n", "").replace("agreement.a.clock", "agreement.b.clock"))
    understood_or_refused(f"effective = 2026-01-01\nagreement.a = {terms}\n")


@settings(deadline=None)
@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    understood_or_refused(text)
    understood_or_refused(FULL + text)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_mutilated_file_is_understood_or_refused(data: Any) -> None:
    text = data.draw(st.sampled_from([FULL, CASH_REGISTER]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 12, len(text))))
        text = (
            text[:start]
            + data.draw(st.text(max_size=3) | st.sampled_from(['"', "[", "]", "=", "\n", "'"]))
            + text[end:]
        )
    understood_or_refused(text)
