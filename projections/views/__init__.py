"""Views: what dashboards read (domain.md §9). A file a subject, a name each."""

from __future__ import annotations

from typing import Final

from projections.views.base import View
from projections.views.closings import CLOSURES, WATERMELON
from projections.views.complaints import COMPLAINTS, HANDOVERS
from projections.views.credits import CREDITS
from projections.views.downtime import DOWNTIME
from projections.views.parts import PARTS
from projections.views.sla import PROMISES, SLA

VIEWS: Final[dict[str, View]] = {
    view.name: view for view in (COMPLAINTS, SLA, DOWNTIME, WATERMELON, CLOSURES, HANDOVERS, PARTS, PROMISES, CREDITS)
}
"""Every view by its name."""
