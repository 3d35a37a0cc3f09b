"""Saved views of a person's lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.models import SavedView

MOST = 40


@transaction.atomic
def save_view(
    *, actor: Actor, name: str, query: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> SavedView:
    """Keep filters and columns under a name; the same name again replaces them. Raises Invalid, Refused (too many)."""
    name = name.strip()
    if not name or len(name) > 60:
        raise Invalid(
            "name",
            _("Give the view a name of at most 60 characters."),
            details={"name": _("Give the view a name.")},
        )
    exists = SavedView.objects.filter(person_id=actor.id, name=name).exists()
    if not exists and SavedView.objects.filter(person_id=actor.id).count() >= MOST:
        raise Refused("too_many", _("You have %(most)d saved views; remove one first.") % {"most": MOST})
    row, _created = SavedView.objects.update_or_create(
        person_id=actor.id,
        name=name,
        defaults={"query": {k: list(v) for k, v in query.items()}, "columns": list(columns)},
    )
    record(actor=actor, verb="workorders.save_view", object_type="saved_view", object_id=row.pk)
    return row


@transaction.atomic
def delete_view(*, actor: Actor, view_id: int) -> None:
    """Remove one's own view. Raises NotVisible."""
    removed, _details = SavedView.objects.filter(pk=view_id, person_id=actor.id).delete()
    if not removed:
        raise NotVisible("saved view")
    record(actor=actor, verb="workorders.delete_view", object_type="saved_view", object_id=view_id)
