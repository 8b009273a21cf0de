"""What a user gave that cannot be used: the message names it, its value, and what would be right (exit code 2)."""

from __future__ import annotations

from contracts.errors import StilldownError


class WrongInputError(StilldownError):
    """What was given cannot be used."""


class UsageError(WrongInputError):
    """The command is written wrongly."""


class SettingError(WrongInputError):
    """A setting cannot be used."""


class MomentError(WrongInputError):
    """This is no moment."""


class OptionError(WrongInputError):
    """An option has a value that no fact can have."""


class FilesError(WrongInputError):
    """A file cannot be read."""


class NoDemoError(WrongInputError):
    """There is a store already that is no demo's; it is left alone."""
