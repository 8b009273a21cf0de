"""Importers: other systems' exports as facts (domain.md §3). Pure generators: they know no store and no command line.

    from ops.importers import servicenow

    mapping = load(None, "servicenow")  # or the path of a copy that was changed
    with open_text("incidents.csv.gz", mapping.encoding) as lines:
        for fact in servicenow.facts(lines, mapping, bad=report):
            ...

A row that cannot be used goes to `bad` and costs no other row. A file that cannot be read at all raises
`InputError`, one that lacks a column of the mapping, or a mapping that is wrong, `MappingError`.
"""

from ops.importers.mapping import MappingError, OutagesMapping, ServiceNowMapping, load
from ops.importers.table import BadRow, InputError, open_text

__all__ = [
    "BadRow",
    "InputError",
    "MappingError",
    "OutagesMapping",
    "ServiceNowMapping",
    "load",
    "open_text",
]
