"""The one root of every error that stilldown raises on purpose."""

from __future__ import annotations

from typing import ClassVar


class StilldownError(Exception):
    """Something that stilldown refuses or cannot do."""

    retriable: ClassVar[bool] = False
    """Whether the same call may succeed later without being changed."""


class MalformedError(StilldownError):
    """A fact that cannot be understood: `reason`, the `field` at fault and its `value`."""

    def __init__(self, reason: str, field: str | None = None, value: object = None) -> None:
        self.reason = reason
        self.field = field
        self.value = value
        super().__init__(reason)
