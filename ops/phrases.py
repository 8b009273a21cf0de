"""What happened, in words: a phrase for every fact and decision (domain.md §3, interfaces.md §2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ops.words import ENDED_BY, WAITS, moment, objections, spelt

Data = dict[str, Any]
"""What an event carries, as `history` gives it."""


def phrase(kind: str, data: Data) -> str:
    """Give what an event says, in one line; an event that has no phrase is called by its name."""
    say = _PHRASES.get(kind)
    return spelt(kind.replace(".", " ")) if say is None else say(data)


def heard(data: Data) -> str:
    """Give what a service was told through a complaint, in one line; nothing where that was no word about it."""
    said = [_WORDS[item["heard"]](item) for item in data["items"] if item["heard"] in _WORDS]
    return f"{data['complaint']}: {'; '.join(said)}" if said else ""


def _said(item: Data) -> str:
    if item.get("never_back"):
        return "the customer says it is still down"
    who = "the customer says" if item["customer"] else "it is said that"
    return f"{who} it is {'up' if item['up'] else 'down'}{_since(item)}"


_WORDS: Final[dict[str, Callable[[Data], str]]] = {
    "said": _said,
    "claimed": lambda i: f"{i.get('by') or spelt(i['evidence'])} ({i['evidence']}) says it is up{_since(i)}",
    "rejected": lambda _: "the customer does not agree",
    "delivered": lambda i: f"notice delivered ({i['notice']})",
}
"""What a service hears that may move its outages (contracts.heard)."""


def _quoted(data: Data, name: str) -> str:
    return f": “{data[name]}”" if data.get(name) else ""


def _by(data: Data, name: str = "by", word: str = "by") -> str:
    return f" {word} {data[name]}" if data.get(name) else ""


def _since(data: Data, name: str = "since") -> str:
    return f", since {moment(data[name])}" if data.get(name) else ""


def _down(data: Data) -> str:
    return f"; still down{_since(data, 'down_since')}" if data.get("still_down") else ""


def _filed(data: Data) -> str:
    down = f"; down{_since(data, 'down_since')}" if data.get("down") else ""
    return f"{data['customer']} complains by {data['channel']}{down}{_quoted(data, 'summary')}"


def _assigned(data: Data) -> str:
    to = " / ".join(part for part in (data.get("team"), data.get("to")) if part)
    return f"assigned to {to}{_by(data)}{_quoted(data, 'note')}"


def _diagnosed(data: Data) -> str:
    part = f" in {data['part']}" if data.get("part") else ""
    place = " on site" if data.get("on_site") else ""
    return f"{data['by']} finds{place}: {data['fault']}{part}"


def _wait(data: Data) -> str:
    return f"waits for {WAITS.get(data['on'], data['on'])}{_quoted(data, 'reason')}"


def _asked_to_close(data: Data) -> str:
    aside = f", setting aside {objections(data['overrides'])}" if data.get("overrides") else ""
    return f"{data['by']} asks to close{_quoted(data, 'reason')}{aside}{_by(data, 'approved_by', 'approved by')}"


def _closed(data: Data) -> str:
    aside = f", setting aside {objections(data['set_aside'])}" if data.get("set_aside") else ""
    return f"CLOSED{_by(data, 'by', 'for')}{aside}{_by(data, 'approved_by', 'approved by')}"


def _reopened(data: Data) -> str:
    why = {
        "false_closing": "the closing was false, the customer was not up",
        "requested": f"asked for{_by(data)}",
        "rejected": f"rejected{_by(data)}",
    }.get(data["because"], spelt(data["because"]))
    return f"REOPENED: {why}{_quoted(data, 'reason')}"


def _visit(data: Data) -> str:
    return f"{data['by']} visits ({data['visit']}): {spelt(data['outcome'])}"


def _ordered(data: Data) -> str:
    eta = f", expected {moment(data['eta'])}" if data.get("eta") else ""
    return f"part ordered: {data['part']} ({data['order']}){eta}"


def _granted(data: Data) -> str:
    amount = f" of {data['amount']} {data.get('currency') or ''}".rstrip() if data.get("amount") is not None else ""
    return f"granted: {data['kind']}{amount} ({data['remedy']})"


def _service(word: str) -> Callable[[Data], str]:
    return lambda data: (
        f"{data.get('by') or spelt(data['evidence'])} ({data['evidence']}) says it is {word}{_since(data)}"
    )


def _corrected(data: Data) -> str:
    what = "it never happened" if data.get("void") else "it was otherwise"
    fact = f"{data['fact']['source']} {data['fact']['id']}"
    return f"{data['by']} corrects {fact}: {what}{_quoted(data, 'why')}"


def _outage(head: str) -> Callable[[Data], str]:
    def say(data: Data) -> str:
        rows = data.get("outages") or []
        if not rows:
            return head
        last = rows[-1]
        end = last.get("ended_at")
        if end is None:
            return f"{head} (since {moment(last['started_at'])})"
        by = f", by the word of {ENDED_BY.get(last['ended_by'], last['ended_by'])}" if last.get("ended_by") else ""
        return f"{head} ({moment(last['started_at'])} to {moment(end)}{by})"

    return say


def _claimed(data: Data) -> str:
    if data.get("claims"):
        return "outage goes on, unconfirmed"
    ended = [row["reported_end"] for row in data.get("outages") or [] if row.get("reported_end")]
    return f"outage goes on; a ticket would have ended it {moment(ended[-1])}" if ended else "outage goes on"


def _clock(data: Data) -> str:
    row = data["row"]
    cycle = f" ({row['cycle']})" if row["cycle"] > 1 else ""
    return f"clock {row['clock']}{cycle}"


def _due(data: Data) -> str:
    due = data["row"].get("due_at")
    return f", due {moment(due)}" if due else ""


def _paused(data: Data) -> str:
    on = data["row"].get("paused_for")
    return f"{_clock(data)} pauses" + (f": waiting for {WAITS.get(on, on)}" if on else "")


def _restated(data: Data) -> str:
    if data.get("gone"):
        return f"{_clock(data)} restated: there was no such cycle"
    row = data["row"]
    stopped = f", stopped {moment(row['stopped_at'])}" if row.get("stopped_at") else ""
    return f"{_clock(data)} restated: {row['state']}{_due(data)}{stopped}"


def _published(data: Data) -> str:
    return f"version {data['version']} is published, effective {data['effective']}"


_PHRASES: Final[dict[str, Callable[[Data], str]]] = {
    # facts
    "complaint.filed": _filed,
    "complaint.acknowledged": lambda d: f"{'automatic reply' if d.get('automatic') else 'acknowledged'} by {d['by']}",
    "complaint.assigned": _assigned,
    "complaint.contacted": lambda d: (
        f"contact {'from' if d['direction'] == 'inbound' else 'to'} the customer, by {d['by']}"
    ),
    "complaint.diagnosed": _diagnosed,
    "complaint.wait_started": _wait,
    "complaint.wait_ended": lambda _: "the wait is over",
    "complaint.escalated": lambda d: f"escalated to {d['to']}{_quoted(d, 'reason')}",
    "complaint.replied": lambda d: f"formal answer by {d['by']}: {spelt(d['decision'])}",
    "complaint.extended": lambda d: f"the answer may take until {moment(d['until'])}{_quoted(d, 'why')}",
    "complaint.close_requested": _asked_to_close,
    "complaint.reopen_requested": lambda d: f"{d['by']} asks to reopen{_quoted(d, 'reason')}{_down(d)}",
    "complaint.withdrawn": lambda d: f"{d['by']} takes it back (proof: {d['proof']})",
    "resolution.proposed": lambda d: f"{d['by']} says it is solved{_quoted(d, 'summary')}",
    "resolution.confirmed": lambda d: f"{d['by']} (customer) says it is back{_since(d, 'up_since')}",
    "resolution.rejected": lambda d: f"{d['by']} (customer) does not agree{_quoted(d, 'reason')}{_down(d)}",
    "visit.scheduled": lambda d: f"visit {d['visit']} arranged, {moment(d['from'])} to {moment(d['to'])}",
    "visit.made": _visit,
    "visit.cancelled": lambda d: f"visit {d['visit']} called off by {d['by']}",
    "part.ordered": _ordered,
    "part.arrived": lambda d: f"part arrived ({d['order']})",
    "part.cancelled": lambda d: f"order called off ({d['order']})",
    "promise.made": lambda d: f"promised until {moment(d['due'])}{_by(d)}: “{d['what']}” ({d['promise']})",
    "promise.kept": lambda d: f"promise kept ({d['promise']})",
    "promise.released": lambda d: f"the customer lets go of a promise ({d['promise']})",
    "notice.sent": lambda d: f"notice sent by {d['channel']} about {spelt(d['about'])} ({d['notice']})",
    "notice.delivered": lambda d: f"notice delivered ({d['notice']}; proof: {d['proof']})",
    "notice.failed": lambda d: f"notice not delivered ({d['notice']}){_quoted(d, 'reason')}",
    "remedy.granted": _granted,
    "remedy.delivered": lambda d: f"remedy delivered ({d['remedy']})",
    "remedy.cancelled": lambda d: f"remedy called off ({d['remedy']})",
    "service.down": _service("down"),
    "service.up": _service("up"),
    "person.absent": lambda d: f"absent, {moment(d['from'])} to {moment(d['until'])}{_by(d, 'deputy', 'deputy')}",
    "fact.corrected": _corrected,
    # decisions
    "outage.started": _outage("outage: DOWN"),
    "outage.claimed": _claimed,
    "outage.ended": _outage("outage over: UP"),
    "outage.resumed": _outage("it was not back: outage goes on"),
    "outage.restated": _outage("outage restated"),
    "complaint.closed": _closed,
    "closure.refused": lambda d: f"CLOSING REFUSED to {d['by']}: {objections(d['objections'])}",
    "complaint.reopened": _reopened,
    "complaint.withdrawn_recorded": lambda d: (
        "WITHDRAWN" + ("" if d["customer_state"] == "up" else f" while the customer was {d['customer_state']}")
    ),
    "complaint.restated": lambda d: f"restated: {', '.join(sorted(d)) or 'nothing'}",
    "service.heard": lambda _: "carried to the service",
    "agreement.published": _published,
    "agreement.applied": lambda d: f"terms: {d['agreement']}, version {d['version']}",
    "promise.broken": lambda d: f"promise broken ({d['promise']}), due {moment(d['due'])}",
    "complaint.deemed_upheld": lambda d: f"DEEMED UPHELD: clock {d['clock']} ran out",
    "customer.forgotten": lambda d: f"{d['by']} makes {d['customer']} unreadable: “{d['why']}”",
    "complaint.reassigned": lambda d: f"goes from {d['person']}, who is absent, to {d['deputy']}",
    "clock.started": lambda d: f"{_clock(d)} starts: {d['row']['target']}{_due(d)}",
    "clock.paused": _paused,
    "clock.resumed": lambda d: f"{_clock(d)} runs again{_due(d)}",
    "clock.stopped": lambda d: f"{_clock(d)} stops: {d['row']['state']}",
    "clock.warned": lambda d: f"{_clock(d)}: {d['fraction']:.0%} used{_due(d)}",
    "clock.breached": lambda d: f"{_clock(d)} BREACHED: it was due {moment(d['row']['breached_at'])}",
    "clock.restated": _restated,
    "clock.cancelled": lambda d: f"{_clock(d)} cancelled",
    "credit.owed": lambda d: f"owed: {d['amount']} {d['currency']} ({d['why']})",
    "credit.restated": lambda d: f"owed now: {d['amount']} {d['currency']}, changed by {d['change']} ({d['why']})",
}
