"""Every table of the read store."""

from __future__ import annotations

from typing import Final

from projections.store.rows import ROWS
from projections.store.tables import BASE, Table

ALL: Final[tuple[Table, ...]] = (*BASE, *ROWS)
