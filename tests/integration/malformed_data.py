"""What nobody can understand in a fact's data, and what nobody can take because of what was recorded before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.integration.facts import event, rfc3339, when
from tests.integration.malformed import KINDS, VALID, WRONG, Example, Mint, kind, said, story

_REQUIRED = [(kind, name) for kind, data in VALID.items() for name in data if name != "void"]
_TEXTS = [
    ("complaint.filed", "summary"),
    ("complaint.filed", "customer"),
    ("complaint.escalated", "reason"),
    ("visit.made", "visit"),
    ("notice.delivered", "proof"),
    ("complaint.replied", "by"),
]
_CHOICES = [
    ("complaint.contacted", "direction"),
    ("complaint.wait_started", "on"),
    ("complaint.replied", "decision"),
    ("visit.made", "outcome"),
    ("notice.sent", "about"),
    ("remedy.granted", "kind"),
    ("service.down", "evidence"),
    ("service.up", "evidence"),
]
_SINCE = [
    ("complaint.filed", "down_since"),
    ("resolution.confirmed", "up_since"),
    ("resolution.rejected", "down_since"),
    ("complaint.reopen_requested", "down_since"),
    ("service.down", "since"),
    ("service.up", "since"),
]


def but(m: Mint, type_: str, /, **data: Any) -> dict[str, Any]:
    """A valid fact of a type with other data."""
    fact = m.valid(type_)
    return fact | {"data": fact["data"] | data}


@kind
def a_field_is_missing(m: Mint) -> Example:
    type_, name = m.random.choice(_REQUIRED)
    fact = m.valid(type_)
    fact["data"] = {field: value for field, value in fact["data"].items() if field != name}
    return said(fact, f"data.{name}")


@kind
def a_field_of_another_kind(m: Mint) -> Example:
    type_, name = m.random.choice(_REQUIRED)
    value = m.random.choice([value for value in WRONG if name != "fact" or not isinstance(value, dict)])
    return said(but(m, type_, **{name: value}), f"data.{name}")


@kind
def a_text_that_is_none(m: Mint) -> Example:
    type_, name = m.random.choice(_TEXTS)
    value = m.random.choice(("\0", "a\nb", "\x1b[31mred", "\x7f", "a\u0085b", "x" * 10_001, "✓" * 10_001, "ends\n"))
    return said(but(m, type_, **{name: value}), f"data.{name}")


@kind
def a_name_that_is_none(m: Mint) -> Example:
    type_, name = m.random.choice([pair for pair in _TEXTS if pair[1] in {"customer", "visit", "by"}])
    return said(but(m, type_, **{name: m.random.choice(("", "x" * 257, "\t"))}), f"data.{name}")


@kind
def none_of_the_choices(m: Mint) -> Example:
    type_, name = m.random.choice(_CHOICES)
    return said(but(m, type_, **{name: m.random.choice(("nobody", "", "Customer", "customer ", "\0"))}), f"data.{name}")


@kind
def since_after_its_time(m: Mint) -> Example:
    type_, name = m.random.choice(_SINCE)
    value = m.random.choice(
        (when(5.1), "2024-05-01T00:05:00.000001Z", "9999-12-31T23:59:59Z", "2024-05-01T00:05:00-00:01")
    )
    return said(but(m, type_, **{name: value}), f"data.{name}")


@kind
def since_that_is_no_moment(m: Mint) -> Example:
    type_, name = m.random.choice(_SINCE)
    value = m.random.choice(("2024-05-01T00:00:00", "noon", "", 17, "2024-05-01", "0001-01-01T00:00:00+23:59"))
    return said(but(m, type_, **{name: value}), f"data.{name}")


@kind
def an_end_before_its_beginning(m: Mint) -> Example:
    if m.random.random() < 0.5:
        return said(but(m, "visit.scheduled", to=when(-m.number)), "data.to")
    return said(but(m, "person.absent", until=when(1 - m.number % 2 * m.number)), "data.until")


@kind
def assigned_to_nobody(m: Mint) -> Example:
    return said(event(f"m{m.number}", "complaint.assigned", "M", 1, source="/malformed", by="anna", to=None), "data.to")


@kind
def money_that_is_none(m: Mint) -> Example:
    amount: Any = m.random.choice((-1, "1e9", "12,50", "", " 1", "1.1234567", 10**15, 1e300, "\uff19", [], "9" * 16))
    if m.random.random() < 0.3:
        return said(but(m, "remedy.granted", currency=m.random.choice(("eur", "EURO", "", "€", 978))), "data.currency")
    return said(but(m, "remedy.granted", amount=amount), "data.amount")


@kind
def an_id_of_a_service_that_is_none(m: Mint) -> Example:
    wrong = m.random.choice(("", "a b", "ä", "S" * 129, "S\n", 5))
    return said(but(m, "complaint.filed", service=wrong), "data.service")


@kind
def overrides_that_are_none(m: Mint) -> Example:
    wrong: Any = m.random.choice((["everything"], "part_outstanding", ["part_outstanding"] * 65, [1], {"a": 1}))
    inner = isinstance(wrong, list) and len(wrong) == 1
    return said(but(m, "complaint.close_requested", overrides=wrong), f"data.overrides{'[0]' if inner else ''}")


# ---------------------------------------------------------------------- corrections, as they stand


@kind
def a_correction_that_says_nothing(m: Mint) -> Example:
    return said(but(m, "fact.corrected", void=m.random.choice((False, None))), "data.data")


@kind
def a_correction_of_itself(m: Mint) -> Example:
    return said(but(m, "fact.corrected", fact={"source": "/malformed", "id": f"m{m.number}"}), "data.fact")


@kind
def a_correction_of_nothing(m: Mint) -> Example:
    wrong, field = m.random.choice(
        (
            ({"source": "/s"}, "data.fact.id"),
            ({"id": "x"}, "data.fact.source"),
            ({"source": "", "id": "x"}, "data.fact.source"),
            ({"source": "/s", "id": 7}, "data.fact.id"),
        )
    )
    return said(but(m, "fact.corrected", fact=wrong), field)


@kind
def a_correction_with_a_number_that_no_one_can_write(m: Mint) -> Example:
    value = m.random.choice((2**63, -(2**63), 10**400))
    return said(but(m, "fact.corrected", data={"amount": [1, value]}), "data.data.amount")


# ---------------------------------------------------------------------- because of what was recorded


@kind
def an_identity_with_other_content(m: Mint) -> Example:
    told = m.random.choice(m.told)
    name = m.random.choice(("filed", "seen", "down", "up", "close"))
    number = told.complaint.removeprefix("G")
    return said(
        event(f"{number}-{name}", "complaint.escalated", told.complaint, 9, to="boss", reason=f"{m.number}"), "id"
    )


@kind
def a_second_filing(m: Mint) -> Example:
    fact = m.valid("complaint.filed")
    return said(fact | {"subject": m.random.choice(m.told).complaint}, "subject")


@kind
def an_agreement_that_nobody_published(m: Mint) -> Example:
    return said(
        but(m, "complaint.filed", agreement=m.random.choice(("gold", "Standard", "standard ", "x" * 256))),
        "data.agreement",
    )


@kind
def a_forbidden_correction(m: Mint) -> Example:
    told = m.random.choice(m.told)
    number = told.complaint.removeprefix("G")
    wrong, field, how = m.random.choice(_FORBIDDEN)
    subject = told.service if wrong in {"down", "up"} else told.complaint
    if field == "subject":
        subject = "another"
    if how.get("time") == "ahead":
        how = {"time": rfc3339(m.now + 301 * 10**6)}
    fact = {"source": "/test", "id": f"{number}-{wrong}"}
    return said(
        event(f"m{m.number}", "fact.corrected", subject, 9, source="/malformed", fact=fact, by="desk", why="no", **how),
        field,
    )


_FORBIDDEN: list[tuple[str, str, dict[str, Any]]] = [
    ("filed", "data.void", {"void": True}),
    ("filed", "data.time", {"time": when(-5)}),
    ("filed", "data.data.customer", {"data": {"customer": "somebody else"}}),
    ("filed", "data.data.service", {"data": {"service": "another"}}),
    ("filed", "data.data.agreement", {"data": {"agreement": "another"}}),
    ("close", "data.void", {"void": True, "proof": "mail"}),
    ("close", "data.time", {"time": when(5)}),
    ("down", "data.proof", {"void": True}),
    ("up", "data.proof", {"time": when(1)}),
    ("down", "data.proof", {"data": {"evidence": "operator"}}),
    ("seen", "data.data.by", {"data": {"by": ""}}),
    ("down", "data.data.evidence", {"data": {"evidence": "nobody"}, "proof": "mail"}),
    ("seen", "data.time", {"time": "ahead"}),
    ("seen", "subject", {"void": True}),
]


def line(body: bytes) -> bool:
    """Whether it can be a line of a file: what a file has between two line ends is what arrives."""
    return b"\n" not in body and body == body.rstrip(b"\r") and bool(body.strip()) and body.lstrip()[:1] != b"["


# ---------------------------------------------------------------------- all kinds


class Mill(Mint):
    """Examples of every kind, with what is good between them."""

    def examples(self) -> Iterator[tuple[str, Example]]:
        """Of every kind in turn; of the large ones, now and then."""
        for turn in count():
            for name in KINDS:
                if turn % 10 == 0 or name != "too large":
                    yield name, self.example(name)

    def arrivals(self, malformed: int) -> Iterator[tuple[str | None, bytes, str | None]]:
        """So many malformed ones, and good ones (of no kind) between them, now and then one that comes twice."""
        examples = self.examples()
        one, good = story(0)
        left, n = malformed, 1
        while good:
            if len(self.told) >= 2 and left and self.random.random() < 0.8:
                name, (body, field) = next(examples)
                left -= 1
                yield name, body, field
                continue
            body = good.pop(0)
            yield None, body, None
            if self.random.random() < 0.1:
                yield None, body, None
            if not good:
                self.told.append(one)
                if left:
                    one, good = story(n)
                    n += 1
