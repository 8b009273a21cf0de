"""Examples of every type of fact: the least that is understood, all that can be said, and what is wrong with others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from contracts.envelope import parse
from contracts.errors import MalformedError

TIME = "2026-03-01T12:00:00Z"
BEFORE = "2026-03-01T11:00:00Z"
AFTER = "2026-03-02T08:00:00+01:00"

TABLE = {
    "complaint.filed": "customer* channel* summary* service agreement reported_fault team down down_since",
    "complaint.acknowledged": "by* automatic",
    "complaint.assigned": "to team by note",
    "complaint.contacted": "by* direction* channel",
    "complaint.diagnosed": "by* fault* part on_site",
    "complaint.wait_started": "on* reason notice",
    "complaint.wait_ended": "",
    "complaint.escalated": "to* reason*",
    "complaint.replied": "by* decision* notice",
    "complaint.extended": "until* why* notice*",
    "complaint.close_requested": "by* reason overrides approved_by when_confirmed",
    "complaint.reopen_requested": "by* reason* still_down down_since",
    "complaint.withdrawn": "by* proof*",
    "resolution.proposed": "by* summary*",
    "resolution.confirmed": "by* up_since",
    "resolution.rejected": "by* reason* still_down down_since",
    "visit.scheduled": "visit* from* to*",
    "visit.made": "visit* by* outcome*",
    "visit.cancelled": "visit* by*",
    "part.ordered": "order* part* eta",
    "part.arrived": "order* eta",
    "part.cancelled": "order* eta",
    "promise.made": "promise* what* due* by",
    "promise.kept": "promise*",
    "promise.released": "promise*",
    "notice.sent": "notice* channel* about*",
    "notice.delivered": "notice* proof*",
    "notice.failed": "notice* reason*",
    "remedy.granted": "remedy* kind* amount currency",
    "remedy.delivered": "remedy*",
    "remedy.cancelled": "remedy*",
    "service.down": "evidence* since by",
    "service.up": "evidence* since by",
    "person.absent": "from* until* deputy",
    "fact.corrected": "fact* by* why* proof data time void",
}
"""domain.md §3: the fields of each type, the required ones with a star."""

CHOICES = {
    ("complaint.contacted", "direction"): "inbound outbound",
    ("complaint.wait_started", "on"): "customer parts vendor access other",
    ("complaint.replied", "decision"): "upheld partly_upheld rejected",
    ("visit.made", "outcome"): "fixed diagnosed no_access part_missing other",
    ("notice.sent", "about"): "confirmation question progress reply extension",
    ("remedy.granted", "kind"): "repair replacement loaner refund credit other",
    ("service.down", "evidence"): "customer telemetry technician operator",
    ("service.up", "evidence"): "customer telemetry technician operator",
}
OBJECTIONS = [
    "already_ended",
    "customer_down",
    "part_outstanding",
    "promise_outstanding",
    "remedy_outstanding",
    "reply_missing",
    "restoration_unconfirmed",
    "visit_outstanding",
]

TEXTS = {"summary", "note", "reason", "why", "what", "proof"}
"""Up to 10,000 characters; every other text is a name of 1 to 256, or an id."""
FLAGS = {"down", "automatic", "on_site", "when_confirmed", "still_down", "void"}
_MOMENTS = {
    "down_since": BEFORE,
    "up_since": BEFORE,
    "since": BEFORE,
    "until": AFTER,
    "eta": AFTER,
    "due": AFTER,
    "from": BEFORE,
    "time": BEFORE,
}
_OTHERS: dict[str, Any] = {
    "service": "register-3",
    "overrides": ["part_outstanding", "visit_outstanding"],
    "amount": "12.50",
    "currency": "PLN",
    "fact": {"source": "/desk", "id": "17"},
    "data": {"by": "Zoë"},
}


class Wrong(NamedTuple):
    """A fact that cannot be understood."""

    type: str
    data: dict[str, Any]
    field: str
    """At fault."""
    words: str
    """Part of the reason."""
    schema: bool = True
    """Whether a schema can refuse it too."""


def names(type_: str, *, required: bool = False) -> list[str]:
    return [name.removesuffix("*") for name in TABLE[type_].split() if name.endswith("*") or not required]


def is_moment(type_: str, name: str) -> bool:
    return name in _MOMENTS or (type_, name) == ("visit.scheduled", "to")


def is_text(type_: str, name: str) -> bool:
    known = is_moment(type_, name) or name in FLAGS or (type_, name) in CHOICES
    return not known and name not in {"overrides", "amount", "currency", "fact", "data", "service"}


def value(type_: str, name: str) -> Any:
    if (type_, name) in CHOICES:
        return CHOICES[type_, name].split()[-1]
    if is_moment(type_, name):
        return _MOMENTS.get(name, AFTER)
    if name in FLAGS:
        return True
    return _OTHERS.get(name, f"{name} ąę 中 😀")


def full(type_: str) -> dict[str, Any]:
    return {name: value(type_, name) for name in names(type_)}


def minimal(type_: str) -> dict[str, Any]:
    one_of = {"complaint.assigned": ["team"], "fact.corrected": ["void"]}
    return {name: value(type_, name) for name in (*names(type_, required=True), *one_of.get(type_, []))}


def subject(type_: str) -> str:
    return {"service": "register-3", "person": "Łukasz 😀"}.get(type_.partition(".")[0], "C-17")


def event(type_: str, data: object = None, /, **attributes: object) -> dict[str, Any]:
    """A fact as a dictionary; an attribute that is `...` is left out."""
    made = {
        "specversion": "1.0",
        "id": "1",
        "source": "/desk",
        "type": type_,
        "subject": subject(type_),
        "time": TIME,
        "data": minimal(type_) if data is None else data,
    } | attributes
    return {name: value for name, value in made.items() if value is not ...}


def body(type_: str, data: object = None, /, **attributes: object) -> bytes:
    """A fact as upstream sends it."""
    return json.dumps(event(type_, data, **attributes), ensure_ascii=False).encode()


def all_wrong(type_: str) -> Iterator[Wrong]:
    """One wrong thing at a time, in every field of a type."""
    good = full(type_)
    for name in names(type_):
        for bad, words, schema in _bad_values(type_, name):
            yield Wrong(type_, good | {name: bad}, f"data.{name}", words, schema)
    for name in names(type_, required=True):
        without = {other: said for other, said in good.items() if other != name}
        yield Wrong(type_, without, f"data.{name}", "is missing")
        yield Wrong(type_, good | {name: None}, f"data.{name}", "not null")


def _bad_values(type_: str, name: str) -> Iterator[tuple[Any, str, bool]]:
    if is_moment(type_, name):
        yield 1772366400, "has to be a moment as text, not a whole number", True
        yield "2026-03-01T11:00:00", "has no offset", True
        yield "2026-02-30T11:00:00Z", "is no moment in RFC 3339", False
        yield "yesterday", "is no moment in RFC 3339", True
        if name in {"since", "down_since", "up_since"}:
            yield "2026-03-01T12:00:00.000001Z", "lies after the fact's time", False
    elif (type_, name) in CHOICES:
        yield "me", f"has to be one of {', '.join(sorted(CHOICES[type_, name].split()))}", True
        yield CHOICES[type_, name].split()[0].upper(), "has to be one of", True
        yield 1, "has to be text, not a whole number", True
    elif name in FLAGS:
        yield "true", "has to be true or false, not text", True
        yield 1, "has to be true or false, not a whole number", True
    elif is_text(type_, name):
        yield from _bad_texts(10_000 if name in TEXTS else 256)
        if name not in TEXTS or name == "proof":
            yield "", "is empty", True
    else:
        yield from _BAD[name]


def _bad_texts(longest: int) -> Iterator[tuple[Any, str, bool]]:
    yield "x" * (longest + 1), f"is longer than {longest} characters", True
    for control in ("a\nb", "trailing\n", "\x00", "tab\t", "\x1b[31m", "\x7f", "\x85", "\x9f"):
        yield control, "has control characters", True
    yield 5, "has to be text, not a whole number", True
    yield True, "has to be text, not true or false", True
    yield ["a"], "has to be text, not a list", True
    yield {"a": 1}, "has to be text, not an object", True


_BAD: dict[str, list[tuple[Any, str, bool]]] = {
    "service": [
        (bad, "is no id of a service: A-Z a-z 0-9 . _ : -, 1 to 128 characters", True)
        for bad in ("", "a b", "ü", "a/b", "a\n", "x" * 129)
    ],
    "overrides": [
        ("part_outstanding", "has to be a list, not text", True),
        (["part_outstanding"] * 65, "is longer than 64 members", True),
    ],
    "amount": [
        *(
            (bad, "is no amount of money", True)
            for bad in ("", "12,50", "-1", "1e3", "1.", ".5", "1\n", "٣", "1.1234567", "1234567890123456")
        ),
        (-1, "is below 0", True),
        (-0.01, "is below 0", True),
        (10**15, "is too large", True),
        (1e300, "is too large", True),
        (10**400, "is too large", True),
        (True, "has to be a number or a whole number or text, not true or false", True),
    ],
    "currency": [
        (bad, "is no currency: three capital letters", True) for bad in ("", "pln", "PL", "PLNN", "PLN\n", "zł!")
    ],
    "fact": [("17", "has to be an object, not text", True)],
    "data": [("x", "has to be an object, not text", True), ([], "has to be an object, not a list", True)],
}


def written(**attributes: object) -> bytes:
    """A word of the customer's, with other attributes."""
    return body("service.down", {"evidence": "customer"}, **attributes)


def refused(raw: bytes) -> MalformedError:
    """The error that bytes meet."""
    with pytest.raises(MalformedError) as caught:
        parse(raw)
    return caught.value
