"""What this package tells those above it."""

from __future__ import annotations

from hotline.kit.events import declare

PUBLISHED = declare("knowledge.published", "A version of a knowledge entry came into force: entry_id, number.")
OFFLINE = declare("knowledge.offline", "A knowledge entry expired or was taken offline: entry_id, verb.")
DUTY = declare("knowledge.duty_made", "A unit owes something to the knowledge base: duty_id, unit_id, kind.")
