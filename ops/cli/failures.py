"""Which error ends with which exit code (interfaces.md §1). Imported when something went wrong."""

from __future__ import annotations

from contracts.agreements import AgreementError
from contracts.errors import MalformedError, StilldownError
from engine.keeping import NotAStoreError
from engine.reading import UnknownError
from engine.store.sqlite import NoStoreError
from ops.asking import MomentError
from ops.cli.common import ELSE, NOT_FOUND, USAGE, UsageError
from ops.importers import InputError, MappingError
from ops.lines import FilesError
from ops.requests import OptionError
from ops.settings import SettingError

_WRONG_INPUT = (
    AgreementError,
    FilesError,
    InputError,
    MalformedError,
    MappingError,
    MomentError,
    NoStoreError,
    NotAStoreError,
    OptionError,
    SettingError,
    UsageError,
)


def code_of(error: StilldownError) -> int:
    """Give the exit code for an error."""
    if isinstance(error, _WRONG_INPUT):
        return USAGE
    return NOT_FOUND if isinstance(error, UnknownError) else ELSE
