"""What a service hears from the facts of its complaints (`service.heard`)."""

from __future__ import annotations

from msgspec import Struct

from contracts.facts import Moment
from contracts.rows import Somebody


class Said(Struct, frozen=True, omit_defaults=True, gc=False, tag="said", tag_field="heard"):
    """A word, down or up. Without `since`, `never_back` is a `still_down` that names no moment."""

    up: bool
    customer: bool
    since: Moment | None = None
    never_back: bool = False


class Claimed(Struct, frozen=True, omit_defaults=True, gc=False, tag="claimed", tag_field="heard"):
    """A claim that the service is back since `since` (default: the fact's time)."""

    evidence: str
    by: Somebody | None = None
    since: Moment | None = None


class Rejected(Struct, frozen=True, gc=False, tag="rejected", tag_field="heard"):
    """The customer does not agree, without saying that it is down: silences are broken."""


class Noticed(Struct, frozen=True, gc=False, tag="noticed", tag_field="heard"):
    """A notice about confirmation was sent."""

    notice: str


class Delivered(Struct, frozen=True, gc=False, tag="delivered", tag_field="heard"):
    """A notice of the complaint was delivered."""

    notice: str


class Requested(Struct, frozen=True, omit_defaults=True, gc=False, tag="requested", tag_field="heard"):
    """Closing was requested; a `standing` request, if refused, stands until nothing objects."""

    standing: bool = False


class Leans(Struct, frozen=True, omit_defaults=True, gc=False, tag="leans", tag_field="heard"):
    """The complaint leans on the service from here on, with these terms."""

    agreement: str
    version: int
    accepts: tuple[str, ...] = ()
    silence: int | None = None
    applied: bool = False
    """It leans already, or not just now: these are other terms (`agreement.applied`)."""


class Left(Struct, frozen=True, omit_defaults=True, gc=False, tag="left", tag_field="heard"):
    """The complaint leans no more: `closed`, or withdrawn; at another moment than the fact's, where `at` says so."""

    closed: bool = True
    at: Moment | None = None


Item = Said | Claimed | Rejected | Noticed | Delivered | Requested | Leans | Left
