"""The command line: `stilldown COMMAND …` (interfaces.md §1). A file for each group of commands."""

from ops.cli.main import main

__all__ = ["main"]
