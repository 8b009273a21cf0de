"""`close`, `reopen`, `withdraw`: what people ask of a complaint, and what the engine answers (domain.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from contracts.facts import Objection
from ops.cli.common import COMMON, DONE, REFUSED, Common, console

_Id = Annotated[str, Parameter(help="The complaint.")]


def close(
    id: _Id,  # noqa: A002 - what help calls it
    /,
    *,
    by: Annotated[str, Parameter(help="Who asks.")],
    reason: Annotated[str | None, Parameter(help="Why.")] = None,
    override: Annotated[
        tuple[Objection, ...],
        Parameter(
            negative=(), show_default=False, help="Set this objection aside. Needs --approved-by. May be repeated."
        ),
    ] = (),
    approved_by: Annotated[str | None, Parameter(help="Who approves of setting objections aside.")] = None,
    when_confirmed: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="If refused, the request stands until nothing objects."),
    ] = False,
    common: Common = COMMON,
) -> int:
    """Ask to close a complaint. Refused while the customer is down."""
    from contracts.decisions import ClosureRefused, ComplaintClosed
    from ops.requests import ask

    data = {
        "by": by,
        "reason": reason,
        "overrides": override or None,
        "approved_by": approved_by,
        "when_confirmed": when_confirmed or None,
    }
    answer = ask(common.url, id, "complaint.close_requested", data)
    refused = next((d for d in answer.decided if isinstance(d, ClosureRefused)), None)
    closed = next((d for d in answer.decided if isinstance(d, ComplaintClosed)), None)
    objections: list[str] = [*refused.objections] if refused else []
    stands = refused is not None and answer.after["standing_request"] is not None
    if common.json:
        aside = [*closed.set_aside] if closed else []
        told = {
            "complaint": id,
            "status": answer.after["status"],
            "closed": closed is not None,
            "objections": objections,
            "stands": stands,
        }
        common.answer(told | {"set_aside": aside})
    elif closed is not None:
        _say(_closed(id, answer.after, [*closed.set_aside], approved_by))
    else:
        lines = _refused(id, objections, answer.before, override_given=bool(override), approved=approved_by is not None)
        _say([*lines, *(_stands(id, objections) if stands else ())])
    return DONE if closed is not None else REFUSED


def reopen(
    id: _Id,  # noqa: A002 - as above
    /,
    *,
    by: Annotated[str, Parameter(help="Who asks.")],
    reason: Annotated[str, Parameter(help="Why.")],
    still_down: Annotated[
        bool, Parameter(negative=(), show_default=False, help="The customer says: it is still down.")
    ] = False,
    down_since: Annotated[str | None, Parameter(help="Since when. Goes with --still-down.")] = None,
    common: Common = COMMON,
) -> int:
    """Open a closed complaint again."""
    from ops.errors import UsageError
    from ops.requests import ask

    since = None
    if down_since is not None:
        from contracts.moments import rfc3339
        from ops.asking import read_moment

        if not still_down:
            raise UsageError("--down-since says since when it is down: it goes with --still-down")
        since = rfc3339(read_moment("--down-since", down_since))
    data = {"by": by, "reason": reason, "still_down": still_down or None, "down_since": since}
    answer = ask(common.url, id, "complaint.reopen_requested", data)
    before, status = answer.before["status"], answer.after["status"]
    reopened = before == "closed" and status == "open"
    said_down = still_down and answer.decisions > 0
    why = None if reopened else _not_reopened(id, before, said_down=said_down)
    if common.json:
        told = {"complaint": id, "status": status, "reopened": reopened, "why": why}
        common.answer(told | {"customer_state": answer.after["customer_state"]})
    elif reopened:
        _say([f"{id} is open again; the customer is {answer.after['customer_state']}."])
    else:
        _say([why or ""])
    return DONE if status == "open" and (reopened or said_down) else REFUSED


def withdraw(
    id: _Id,  # noqa: A002 - as above
    /,
    *,
    by: Annotated[str, Parameter(help="The customer, or who speaks for them.")],
    proof: Annotated[str, Parameter(help="What proves that the customer takes it back.")],
    common: Common = COMMON,
) -> int:
    """The customer takes a complaint back."""
    from contracts.decisions import ComplaintWithdrawnRecorded
    from ops.requests import ask

    answer = ask(common.url, id, "complaint.withdrawn", {"by": by, "proof": proof})
    done = next((d for d in answer.decided if isinstance(d, ComplaintWithdrawnRecorded)), None)
    status = answer.after["status"]
    why = (
        None
        if done
        else f"{id} is {answer.before['status']} already: a withdrawal of an ended complaint changes nothing."
    )
    if common.json:
        state = done.customer_state if done else answer.after["customer_state"]
        common.answer(
            {"complaint": id, "status": status, "withdrawn": done is not None, "why": why, "customer_state": state}
        )
    elif done is None:
        _say([why or ""])
    else:
        state = (
            "" if done.customer_state == "up" else f"; the customer was {done.customer_state}, and the history says so"
        )
        _say([f"{id} is withdrawn{state}. It does not count as closed."])
    return DONE if done is not None else REFUSED


def _say(lines: list[str]) -> None:
    out = console()
    for number, line in enumerate(lines):
        out.print(line, style="bold" if number == 0 else "", soft_wrap=True)


def _closed(name: str, shown: dict[str, Any], aside: list[str], approved_by: str | None) -> list[str]:
    from ops import words

    lines = [f"{name} is closed. {words.settles(shown)}"]
    if aside:
        lines.append(f"Set aside by {approved_by}: {words.objections(aside)}.")
    return lines


def _refused(
    name: str, objections: list[str], shown: dict[str, Any], *, override_given: bool, approved: bool
) -> list[str]:
    from ops import words

    lines = [f"{name} stays {shown['status']}: closing refused: {words.objections(objections)}."]
    lines += [f"  {words.OBJECTIONS.get(code, code)}: {text}" for code in objections for text in _details(code, shown)]
    aside = [code for code in objections if code not in words.NEVER_SET_ASIDE]
    never = [code for code in objections if code in words.NEVER_SET_ASIDE]
    if never:
        lines.append(f"Nobody can set aside: {words.objections(never)}.")
    elif override_given and not approved:
        lines.append("An --override counts only with --approved-by WHO.")
    elif aside:
        options = " ".join(f"--override {code}" for code in aside)
        lines.append(f"Somebody with a name can set that aside: {options} --approved-by WHO")
    return lines


def _stands(name: str, objections: list[str]) -> list[str]:
    """Say until what a refused request stands."""
    from ops import words

    return [
        f"The request stands: {name} closes by itself as soon as nothing objects, {words.until(objections)}.",
        "A reopening, a withdrawal or a new request takes its place.",
    ]


def _details(code: str, shown: dict[str, Any]) -> Iterator[str]:
    """Give what stands behind an objection, with names and moments."""
    from ops.words import moment, settles

    outage = next((o for o in reversed(shown["outages"]) if o["ended_at"] is None), None)
    if code == "already_ended":
        yield f"{shown['status']} since {moment(shown['closed_at'] or shown['withdrawn_at'])} UTC"
    elif code == "customer_down":
        yield (
            f"{settles(shown)} It began {moment(outage['started_at'])} UTC"
            if outage
            else "at the moment of the request"
        )
    elif code == "restoration_unconfirmed" and outage is not None:
        for claim in outage["claims"]:
            if claim["state"] == "pending":
                who = f"{claim['by'] or claim['evidence']} ({claim['evidence']})"
                yield f"{who} said on {moment(claim['time'])} UTC that it is back; the customer has not"
    elif code == "part_outstanding":
        yield from (
            f"{p['part']} ({p['order']}), ordered {moment(p['ordered_at'])} UTC"
            for p in shown["parts"]
            if p["state"] == "ordered"
        )
    elif code == "visit_outstanding":
        yield from (
            f"{v['visit']}, arranged for {moment(v['from'])} UTC" for v in shown["visits"] if v["state"] == "scheduled"
        )
    elif code == "remedy_outstanding":
        yield from (
            f"{r['kind']} ({r['remedy']}), granted {moment(r['granted_at'])} UTC"
            for r in shown["remedies"]
            if r["state"] == "granted"
        )
    elif code == "promise_outstanding":
        yield from (
            f"“{p['what']}” ({p['promise']}), due {moment(p['due'])} UTC"
            for p in shown["promises"]
            if p["state"] in {"open", "broken"}
        )
    elif code == "reply_missing":
        yield f"the agreement {shown['agreement']} has a clock that stops at the formal answer, and none was given"


def _not_reopened(name: str, before: str, *, said_down: bool) -> str:
    if before == "withdrawn":
        word = " That the customer is down is recorded for the service." if said_down else ""
        return f"{name} is withdrawn, and a withdrawn complaint is reopened by nothing.{word}"
    if said_down:
        return f"{name} was open already. That the customer is still down is recorded."
    return f"{name} is open already: there is nothing to reopen."
