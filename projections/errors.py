"""What can go wrong with views."""

from __future__ import annotations

from contracts.errors import StilldownError


class ViewsError(StilldownError):
    """The views cannot be read or written."""


class NotViewsError(ViewsError):
    """Something else is there."""


class MovedError(ViewsError):
    """Another worker has taken this page already; nothing of it was written twice."""


class OtherStoreError(ViewsError):
    """These views were made from another store."""


class PoisonError(ViewsError):
    """An event cannot be applied; a rebuild is strict about that."""


class QuestionError(ViewsError):
    """There is no such view, no such column, or it can have no such value."""
