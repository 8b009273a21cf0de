"""A complaint as people read it: first the sentence that settles the argument, then why (look.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops import words
from ops.cli.clocks import clocks, credits_
from ops.cli.common import pairs, rows
from ops.words import length, moment

Shown = dict[str, Any]
"""A complaint, as the engine shows it (interfaces.md §3)."""

_STATE_STYLES = {"up": "green", "down": "bold red", "unconfirmed": "yellow"}
_STATES = {"unconfirmed": "unconfirmed: somebody else says that it is back"}
_PROMISES = {"kept": "green", "late": "red", "broken": "bold red"}
_CODES = frozenset({"kind", "about"})
"""Fields that hold one of a few words; all others are told as somebody wrote them."""
_BAR = 24
_MANY = 20
"""Rows of a list: more are for machines."""


def complaint(shown: Shown) -> Group:
    """Give all that is known of a complaint, the settling sentence first. Moments are in UTC, said once."""
    parts: list[RenderableType] = [_headline(shown), "", pairs(_facts(shown))]
    for title, body in _sections(shown):
        parts += ["", Text(title, style="bold"), body]
    return Group(*parts)


def _headline(shown: Shown) -> Text:
    style = "bold" if not shown["downtime"]["hidden"] else "bold red"
    return Text(words.settles(shown), style=style)


def _facts(shown: Shown) -> dict[str, object]:
    owner = " / ".join(part for part in (shown["owner"]["team"], shown["owner"]["person"]) if part)
    hidden = shown["downtime"]["hidden"]
    service = shown["service"]
    counts = (
        (shown["handovers"], "hand-over"),
        (shown["bounces"], "bounce"),
        (shown["contacts"], "contact the customer had to make", "contacts the customer had to make"),
        (shown["repeat_diagnoses"], "repeat diagnosis", "repeat diagnoses"),
        (shown["reopenings"], "reopening"),
        (shown["false_closings"], "closing proved false", "closings proved false"),
        (shown["false_restorations"], "claim that was not so", "claims that were not so"),
    )
    state: str = shown["customer_state"]
    broken = sum(promise["state"] == "broken" for promise in shown["promises"])
    upheld = shown["deemed_upheld_at"]
    return {
        "complaint": f"{shown['complaint']}, of {shown['customer']}, filed {moment(shown['filed_at'])}",
        "service": None if service == f"complaint:{shown['complaint']}" else service,
        "status": _status(shown),
        "customer": Text(_STATES.get(state, state), _STATE_STYLES[state]),
        "hidden": f"{length(hidden)} that a ticket would not show" if hidden else None,
        "owner": _owner(owner, orphaned=shown["owner"]["orphaned"]),
        "agreement": f"{shown['agreement']}, version {shown['agreement_version']}",
        "counted": ", ".join(words.counted(*count) for count in counts if count[0]) or None,
        "broken": Text(words.counted(broken, "promise"), "bold red") if broken else None,
        "answer": words.spelt(shown["decision"]) if shown["decision"] else None,
        "deemed upheld": Text(f"by law, {moment(upheld)}: not answered in time", "red") if upheld else None,
        "closes": _closes(shown["standing_request"]),
        "as of": f"{moment(shown['at'])}{_known(shown)}; times are UTC",
    }


def _owner(name: str, *, orphaned: bool) -> str | Text:
    return Text(f"{name}: absent, and nobody stands in", "bold red") if orphaned else name or "nobody"


def _closes(request: dict[str, Any] | None) -> str | None:
    """Give until when a refused request stands."""
    if request is None:
        return None
    left = words.until(request["objections"]) or "now"
    return f"by itself, as {request['by']} asked {moment(request['time'])}: {left}"


def _status(shown: Shown) -> str:
    since = shown["closed_at"] or shown["withdrawn_at"]
    return f"{shown['status']} since {moment(since)}" if since else str(shown["status"])


def _known(shown: Shown) -> str:
    return "" if shown["known_at"] == shown["at"] else f", as known at {moment(shown['known_at'])}"


def _sections(shown: Shown) -> Iterator[tuple[str, RenderableType]]:
    yield from _terms(shown)
    if shown["outages"]:
        title, outages = _last("Outages", shown["outages"])
        yield title, _outages(shown, outages)
    if claims := [claim for outage in shown["outages"] for claim in outage["claims"]]:
        title, claims = _last("Somebody said that it was back", claims)
        yield title, _claims(claims)
    if shown["refusals"]:
        title, refusals = _last("Closings refused", shown["refusals"])
        lines = [f"{moment(r['time'])}  to {r['by']}: {words.objections(r['objections'])}" for r in refusals]
        yield title, Text("\n".join(lines))
    for title, split, say in (
        ("Time by cause", shown["time_by_cause"], words.cause),
        ("Time by owner", shown["time_by_owner"], words.owner),
    ):
        if any(split.values()):
            yield title, _shares({say(key): value for key, value in split.items() if value})
    if shown["promises"]:
        yield "Promises", _promises(shown["promises"])
    if shown["parts"]:
        yield "Parts", _things(shown["parts"], ("order", "part"), ("ordered", "arrived", "cancelled"))
    if shown["visits"]:
        yield "Visits", _visits(shown["visits"])
    if shown["remedies"]:
        yield (
            "Remedies",
            _things(shown["remedies"], ("remedy", "kind"), ("granted", "delivered", "cancelled")),
        )
    if shown["notices"]:
        yield (
            "Notices",
            _things(shown["notices"], ("notice", "about", "channel"), ("sent", "delivered", "failed")),
        )


def _terms(shown: Shown) -> Iterator[tuple[str, RenderableType]]:
    """Give what the agreement makes of it."""
    if shown["clocks"]:
        title, cycles = _last("Clocks (`stilldown explain` says why)", shown["clocks"])
        yield title, clocks(shown, cycles)
    if shown["credits"]:
        title, owed = _last("Owed", shown["credits"])
        yield title, credits_(owed)


def _outages(shown: Shown, outages: Iterable[dict[str, Any]]) -> Table:
    table = rows("from", "to", "lasted", "a ticket says", "ended by", right=("lasted", "a ticket says"))
    for outage in outages:
        start, end = outage["started_at"], outage["ended_at"]
        until = end or shown["withdrawn_at"] or shown["at"]
        said = min(outage["reported_end"] or until, until, key=lambda text: words.seconds_between(start, text))
        table.add_row(
            moment(start),
            moment(end) or "…",
            length(max(words.seconds_between(start, until), 0)),
            length(max(words.seconds_between(start, said), 0)),
            "nobody yet" if end is None else words.ENDED_BY.get(outage["ended_by"], str(outage["ended_by"])),
        )
    return table


def _claims(claims: Iterable[dict[str, Any]]) -> Table:
    table = rows("said", "by", "who is", "back since", "and so it was?")
    for claim in claims:
        since = "then" if claim["since"] == claim["time"] else moment(claim["since"])
        table.add_row(
            moment(claim["time"]), claim["by"] or "", f"{claim['evidence']}", since, words.CLAIMS[claim["state"]]
        )
    return table


def _last(title: str, things: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Give the last of many, and a title that counts the others."""
    left = len(things) - _MANY
    return (
        (title, things)
        if left <= 0
        else (f"{title} (the last {_MANY} of {len(things):,}; --json gives all)", things[-_MANY:])
    )


def _shares(split: dict[str, int]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    whole = sum(split.values()) or 1
    for name, seconds in sorted(split.items(), key=lambda item: -item[1]):
        share = seconds / whole
        table.add_row(name, length(seconds), f"{share:.0%}", Text("█" * round(share * _BAR), style="dim"))
    return table


def _promises(promises: Iterable[dict[str, Any]]) -> Table:
    table = rows("promise", "what", "due", "state", "kept", "experience")
    for promise in promises:
        experience = promise["experience"]
        felt = (
            ""
            if experience is None
            else f"{length(abs(experience))} {'late' if experience > 0 else 'early'}"
            if experience
            else "on time"
        )
        table.add_row(
            promise["promise"],
            promise["what"],
            moment(promise["due"]),
            Text(promise["state"], _PROMISES.get(promise["state"], "")),
            moment(promise["kept_at"]),
            felt,
        )
    return table


def _visits(visits: Iterable[dict[str, Any]]) -> Table:
    table = rows("visit", "arranged", "state", "made", "by", "outcome")
    for visit in visits:
        arranged = f"{moment(visit['from'])} to {moment(visit['to'])}" if visit["from"] else ""
        table.add_row(
            visit["visit"],
            arranged,
            visit["state"],
            moment(visit["made_at"]),
            visit["by"] or "",
            words.spelt(visit["outcome"] or ""),
        )
    return table


def _things(things: Iterable[dict[str, Any]], said: tuple[str, ...], states: tuple[str, ...]) -> Table:
    """Give what has an id and goes through states, each with its moment."""
    table = rows(*said, *states)
    for thing in things:
        table.add_row(
            *(words.spelt(thing[column] or "") if column in _CODES else str(thing[column] or "") for column in said),
            *(moment(thing[f"{state}_at"]) for state in states),
        )
    return table
