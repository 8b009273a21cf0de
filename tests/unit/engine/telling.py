"""The usual facts, for `given`: about the service S and the complaint C, unless another is named."""

from __future__ import annotations

from typing import Any

from .given import Told, fact


def filed(time: float, complaint: str = "C", /, **data: Any) -> Told:
    usual = {"customer": "shop", "channel": "phone", "summary": "dead", "service": "S"}
    return fact("complaint.filed", complaint, time, **usual | data)


def down(time: float, evidence: str = "telemetry", /, **data: Any) -> Told:
    return fact("service.down", data.pop("service", "S"), time, evidence=evidence, **data)


def up(time: float, evidence: str = "customer", /, **data: Any) -> Told:
    return fact("service.up", data.pop("service", "S"), time, evidence=evidence, **data)


def confirmed(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("resolution.confirmed", complaint, time, by="shop", **data)


def rejected(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("resolution.rejected", complaint, time, by="shop", reason="no", **data)


def proposed(time: float, complaint: str = "C", /) -> Told:
    return fact("resolution.proposed", complaint, time, by="desk", summary="try again")


def visited(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("visit.made", complaint, time, **{"visit": "v", "by": "kim", "outcome": "fixed"} | data)


def granted(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("remedy.granted", complaint, time, **{"remedy": "r", "kind": "repair"} | data)


def remedied(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("remedy.delivered", complaint, time, **{"remedy": "r"} | data)


def sent(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("notice.sent", complaint, time, **{"notice": "n", "channel": "mail", "about": "confirmation"} | data)


def delivered(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("notice.delivered", complaint, time, **{"notice": "n", "proof": "250"} | data)


def closing(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("complaint.close_requested", complaint, time, **{"by": "desk"} | data)


def reopening(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("complaint.reopen_requested", complaint, time, **{"by": "desk", "reason": "again"} | data)


def withdrawn(time: float, complaint: str = "C", /, **data: Any) -> Told:
    return fact("complaint.withdrawn", complaint, time, **{"by": "shop", "proof": "letter"} | data)


def corrected(time: float, wrong: Told, /, **data: Any) -> Told:
    how = {"fact": {"source": wrong.source, "id": wrong.id}, "by": "desk", "why": "wrong"}
    return fact("fact.corrected", wrong.subject, time, **how | data)


def said(time: float, kind: str, complaint: str = "C", /, **data: Any) -> Told:
    return fact(kind, complaint, time, **data)
