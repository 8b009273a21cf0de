"""What upstream may send that nobody can understand: kinds of it, each with the field to be named, and seeded examples.

A kind gives bytes that no other example gives: the same bytes again would be the same dead letter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.integration.facts import event, rfc3339, us, when

NOW = 10_000
"""The minute at which the machine's clock stands."""
MOST = 1_048_576
VALID: dict[str, dict[str, Any]] = {
    "complaint.filed": {"customer": "shop", "channel": "phone", "summary": "dead"},
    "complaint.acknowledged": {"by": "anna"},
    "complaint.contacted": {"by": "anna", "direction": "inbound"},
    "complaint.diagnosed": {"by": "kim", "fault": "power supply"},
    "complaint.wait_started": {"on": "parts"},
    "complaint.escalated": {"to": "boss", "reason": "again"},
    "complaint.replied": {"by": "anna", "decision": "upheld"},
    "complaint.extended": {"until": when(9), "why": "a part", "notice": "n"},
    "complaint.close_requested": {"by": "desk"},
    "complaint.reopen_requested": {"by": "shop", "reason": "again"},
    "complaint.withdrawn": {"by": "shop", "proof": "mail"},
    "resolution.proposed": {"by": "desk", "summary": "restarted"},
    "resolution.confirmed": {"by": "shop"},
    "resolution.rejected": {"by": "shop", "reason": "no"},
    "visit.scheduled": {"visit": "v", "from": when(1), "to": when(2)},
    "visit.made": {"visit": "v", "by": "kim", "outcome": "fixed"},
    "part.ordered": {"order": "o", "part": "p"},
    "promise.made": {"promise": "p", "what": "a call", "due": when(9)},
    "notice.sent": {"notice": "n", "channel": "mail", "about": "question"},
    "notice.delivered": {"notice": "n", "proof": "read"},
    "notice.failed": {"notice": "n", "reason": "bounced"},
    "remedy.granted": {"remedy": "r", "kind": "loaner"},
    "service.down": {"evidence": "telemetry"},
    "service.up": {"evidence": "customer"},
    "person.absent": {"from": when(1), "until": when(2)},
    "fact.corrected": {"fact": {"source": "/s", "id": "x"}, "by": "desk", "why": "wrong", "void": True},
}
"""The required data of a type."""
WRONG: tuple[Any, ...] = (17, 1.5, True, None, [], ["a"], {}, {"a": 1})
Example = tuple[bytes, str | None]
"""Bytes, and the field that the dead letter has to name."""


class Story(NamedTuple):
    """A complaint that is recorded, by the ids of its facts: filing, acknowledgement, down, up, granted closing."""

    complaint: str
    service: str


def story(n: int) -> tuple[Story, list[bytes]]:
    one = Story(f"G{n}", f"S{n}")
    told = [
        event(f"{n}-filed", "complaint.filed", one.complaint, 0, customer="ümläut ✓", **_FILED, service=one.service),
        event(f"{n}-seen", "complaint.acknowledged", one.complaint, 1, by="anna"),
        event(f"{n}-down", "service.down", one.service, 2, evidence="customer"),
        event(f"{n}-up", "service.up", one.service, 3, evidence="customer"),
        event(f"{n}-close", "complaint.close_requested", one.complaint, 4, by="desk"),
    ]
    return one, [json.dumps(fact, ensure_ascii=n % 2 == 0).encode() for fact in told]


_FILED = {"channel": "phone", "summary": "the register is dead"}


class Mint:
    """Makes examples, each of its own number."""

    def __init__(self, seed: int, now: int = us(NOW)) -> None:
        """`now`: the engine's clock, in microseconds, or something not before it."""
        self.random = Random(seed)
        self.now = now
        self.number = 0
        self.told: list[Story] = []
        """Complaints recorded so far: what some kinds are in conflict with."""

    def valid(self, kind: str | None = None) -> dict[str, Any]:
        """A fact that would be taken, or held: the mutations begin from it."""
        kind = kind or self.random.choice(list(VALID))
        subject = "S-m" if kind.startswith("service.") else f"M{self.number}"
        return event(f"m{self.number}", kind, subject, 5, source="/malformed", **VALID[kind])

    def text(self) -> str:
        return json.dumps(self.valid())

    def example(self, kind: str) -> Example:
        self.number += 1
        return KINDS[kind](self)


KINDS: dict[str, Callable[[Mint], Example]] = {}


def kind(make: Callable[[Mint], Example]) -> Callable[[Mint], Example]:
    KINDS[make.__name__.replace("_", " ")] = make
    return make


def said(fact: dict[str, Any], field: str | None) -> Example:
    return json.dumps(fact).encode(), field


# ---------------------------------------------------------------------- no JSON


@kind
def torn(m: Mint) -> Example:
    text = m.text()
    return text[: m.random.randint(text.index(f"m{m.number}") + 8, len(text) - 1)].encode(), None


@kind
def garbage(m: Mint) -> Example:
    return b"#%d" % m.number + m.random.randbytes(m.random.randint(1, 300)).replace(b"\n", b"!").rstrip(), None


@kind
def not_quite_json(m: Mint) -> Example:
    text = m.text()
    return m.random.choice(
        (
            text + "x",
            text + text,
            text[:-1] + ",}",
            text.replace('"', "'"),
            text[:-1] + ', "a": NaN}',
            text[:-1] + ', "a": -Infinity}',
            text[:-1] + ', "a": 012}',
            text[:-1] + ', "a": 0x1F}',
            text[:-1] + ', "a": "\\x41"}',
            text[:-1] + ', "a": "\t"}',
            text[:-1] + ', "a": "\x00"}',
            text[:-1] + ', "a": "\\ud800"}',
            text[:-1] + " /* no */}",
            text[:-1] + ', a: "b"}',
            f"fact={text}",
        )
    ).encode(), None


@kind
def not_utf_8(m: Mint) -> Example:
    bad = m.random.choice((b"\xe9", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xff\xfe"))
    return m.text()[:-1].encode() + b', "a": "' + bad + b'"}', None


@kind
def another_encoding(m: Mint) -> Example:
    return m.text().encode(m.random.choice(("utf-16", "utf-16-be", "utf-32", "cp037"))), None


@kind
def nothing(m: Mint) -> Example:
    return m.random.choice((b"", b"\xef\xbb\xbf")) + b" " * m.number, None


@kind
def no_object(m: Mint) -> Example:
    return m.random.choice(
        (f"[{m.number}]", f"[{m.text()}]", f'"{m.number}"', f"{m.number}.5", "null" + " " * m.number)
    ).encode(), None


@kind
def nested_too_deep(m: Mint) -> Example:
    depth = m.random.choice((257, 300, 1000, 5000, 100_000))
    deep = m.random.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth))
    text = m.text()
    return m.random.choice((text[:-1] + f', "a": {deep}}}', deep + str(m.number))).encode(), None


@kind
def too_large(m: Mint) -> Example:
    """Up to 10 MB, a few of them: most are just over what is taken."""
    size = MOST + 1 if m.random.random() < 0.6 else m.random.choice((2, 5, 10)) * 1_000_000
    if m.random.random() < 0.3:
        return (b"%d" % m.number).ljust(size, b"["), None
    return (m.text()[:-1].encode() + b', "a": "').ljust(size - 2, b"x") + b'"}', None


# ---------------------------------------------------------------------- attributes


@kind
def an_attribute_is_missing(m: Mint) -> Example:
    fact, name = m.valid(), m.random.choice(("specversion", "id", "source", "type", "time", "subject"))
    del fact[name]
    return said(fact | {"n": m.number}, name)


@kind
def an_attribute_is_no_text(m: Mint) -> Example:
    fact, name = m.valid(), m.random.choice(("specversion", "id", "source", "type", "time", "subject"))
    return said(fact | {name: m.random.choice(WRONG), "n": m.number}, name)


@kind
def another_specversion(m: Mint) -> Example:
    return said(m.valid() | {"specversion": m.random.choice(("0.3", "1", "1.0.2", "2.0", "", " 1.0"))}, "specversion")


@kind
def no_such_type(m: Mint) -> Example:
    names = (
        "complaint.field",
        "Complaint.Filed",
        "service.dwon",
        "complaint.closed",
        "outage.started",
        "",
        "x" * 5000,
        "\0",
    )
    return said(m.valid() | {"type": m.random.choice(names)}, "type")


@kind
def no_moment(m: Mint) -> Example:
    times = (
        "2024-05-01", "2024-05-01T10:00:00", "2024-05-01 10:00", "01/05/2024 10:00", "2024-13-01T10:00:00Z", "",
        "2024-02-30T10:00:00Z", "2024-05-01T25:00:00Z", "2024-05-01T10:60:00Z", "2024-05-01T10:00:61Z", "yesterday",
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2024-05-01T10:00:00+25:00", "1714557600",
        "2024-05-01T10:00:60Z", "-2024-05-01T10:00:00Z", "0001-01-01T00:00:00+14:00", "2024-05-01T10:00:00.Z",
        "²⁰24-05-01T10:00:00Z",
    )  # fmt: skip
    return said(m.valid() | {"time": m.random.choice(times)}, "time")


@kind
def no_subject(m: Mint) -> Example:
    wrong = ("", " ", "a b", "C/1", "ü", "C1\n", "\0", "C1 ", "C" * 129, "C" * 100_000, "C\u202e1")
    fact = m.valid(m.random.choice(("complaint.acknowledged", "service.down", "part.ordered")))
    return said(fact | {"subject": m.random.choice(wrong)}, "subject")


@kind
def no_person(m: Mint) -> Example:
    return said(
        m.valid("person.absent") | {"subject": m.random.choice(("", "a\tb", "x" * 257, "\x85", "a\n"))}, "subject"
    )


@kind
def no_identity(m: Mint) -> Example:
    name = m.random.choice(("id", "source"))
    return said(
        m.valid() | {name: m.random.choice(("", "a\nb", "\x7f", "x" * 1025, "x" * 50_000)), "n": m.number}, name
    )


@kind
def far_ahead(m: Mint) -> Example:
    ahead = m.random.choice((5 * 60 * 10**6 + 1, 301 * 10**6, 86_400 * 10**6, 10**15, 250_000_000_000 * 10**6))
    return said(m.valid() | {"time": rfc3339(m.now + ahead)}, "time")


@kind
def data_of_another_kind(m: Mint) -> Example:
    return said(m.valid() | {"data": m.random.choice((17, True, "text", [1], '{"by": "anna"}', 1e300))}, "data")


@kind
def content_that_is_no_json(m: Mint) -> Example:
    return said(
        m.valid() | {"datacontenttype": m.random.choice(("text/xml", "", "json", "application/jsonp"))},
        "datacontenttype",
    )


@kind
def content_in_base64(m: Mint) -> Example:
    fact = m.valid()
    whole = b64(fact["data"])
    if m.random.random() < 0.3:
        return said(fact | {"data_base64": whole}, "data_base64")
    del fact["data"]
    text, field = m.random.choice(
        (("%%%", "data_base64"), (b64("{")[:-1], "data_base64"), (17, "data_base64"), (b64([1]), "data"))
    )
    return said(fact | {"data_base64": text}, field)


def b64(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()
