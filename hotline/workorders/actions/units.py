"""What a change of the tree of units means for orders: who sees them follows the tree, and open work keeps a unit open."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import NotPermitted
from hotline.workorders.models import OPEN_ASSIGNMENT_STATES, Assignment

_MISSING = (
    "INSERT INTO workorders_involvement (unit_id, order_id)"
    " SELECT DISTINCT above.id, held.order_id FROM accounts_unit moved"
    " JOIN accounts_unit below ON below.path LIKE moved.path || '%%'"
    " JOIN workorders_assignment held ON held.unit_id = below.id"
    " JOIN accounts_unit above ON below.path LIKE above.path || '%%'"
    " WHERE moved.id = %s AND above.parent_id IS NOT NULL ON CONFLICT (unit_id, order_id) DO NOTHING"
)


@transaction.atomic
def involve_after_move(*, actor: Actor, unit_id: int) -> int:
    """After a unit moved: the units above it now see the orders below it. Returns how many rows were missing.

    The units above it before keep seeing what they were part of.
    """
    if not actor.is_system:
        raise NotPermitted("workorders:involve", _("Only the platform's own jobs may do this."))
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [unit_id])
        return int(cursor.rowcount)


def open_work(unit_id: int) -> str:
    """Why a unit may not close: "" when it holds no open order."""
    count = Assignment.objects.filter(unit_id=unit_id, state__in=OPEN_ASSIGNMENT_STATES)[:1000].count()
    if not count:
        return ""
    return _("It still holds %(count)d open orders. Recall or finish them first.") % {"count": count}
