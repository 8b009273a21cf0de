"""Which error ends with which exit code (interfaces.md §1). Imported when something went wrong."""

from __future__ import annotations

from contracts.agreements import AgreementError
from contracts.errors import MalformedError, StilldownError
from engine.reading import UnknownError
from engine.store.errors import AccessError, NoStoreError, NotAStoreError, UrlError
from ops.cli.common import ELSE, NOT_FOUND, USAGE
from ops.errors import WrongInputError
from ops.importers import InputError, MappingError
from projections.errors import NotViewsError, QuestionError

_WRONG_INPUT = (
    AccessError,
    AgreementError,
    InputError,
    MalformedError,
    MappingError,
    NoStoreError,
    NotAStoreError,
    NotViewsError,
    QuestionError,
    UrlError,
    WrongInputError,
)


def code_of(error: StilldownError) -> int:
    """Give the exit code for an error."""
    if isinstance(error, _WRONG_INPUT):
        return USAGE
    return NOT_FOUND if isinstance(error, UnknownError) else ELSE
