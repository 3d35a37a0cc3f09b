"""What came of a campaign leaves the house as a file: audited, with its count, marked with who and when."""

from __future__ import annotations

import csv
import io

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.campaigns import queries
from hotline.campaigns.permissions import can_run
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.tables import plain_cell
from hotline.kit.watermarks import watermark


@transaction.atomic
def export(*, actor: Actor, campaign_id: int) -> bytes:
    """CSV, UTF-8 with BOM for spreadsheets; a list has at most 20,000 rows. Raises NotPermitted, NotVisible."""
    can_run(actor).require("campaigns:run")
    at, buffer = now(), io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([watermark(actor, at)])
    count = -1  # the heading
    for row in queries.export(actor, campaign_id):
        writer.writerow([plain_cell(one) for one in row])
        count += 1
    writer.writerow([_("Control total"), count])
    writer.writerow([watermark(actor, at)])
    record(
        actor=actor,
        verb="campaigns.export",
        object_type="campaign",
        object_id=campaign_id,
        data={"rows": count, "at": at.isoformat()},
    )
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()
