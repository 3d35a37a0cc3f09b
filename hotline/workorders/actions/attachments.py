"""Files of an order: stored by hash, cleaned, checked like the order itself, never really deleted by a user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.actions import _files
from hotline.workorders.actions._log import announce, write_event
from hotline.workorders.actions.photos import Taken, mark_photo
from hotline.workorders.models import Attachment, Audience, OrderState, WorkOrder
from hotline.workorders.queries.visibility import get_visible, visible_to

MOST_OF_AN_ORDER = 100
MOST_LOOSE = 20
KINDS = ("file", "photo", "before", "after", "recording")
_CODES = (
    "workorders:note",
    "workorders:reply",
    "workorders:contact",
    "workorders:create",
    "workorders:dispatch",
)


def attach(
    *,
    actor: Actor,
    order_id: int,
    chunks: Iterable[bytes] | None = None,
    received: _files.Received | None = None,
    name: str,
    kind: str = "file",
    audience: str = "",
    taken: Taken | None = None,
) -> Attachment:
    """Store a file with an order that the actor may see and add to.

    Give `chunks` (written as they come, refused as soon as the limit is passed) or a file already `received`.
    A citizen's file is public to them; staff choose. Raises Invalid (type, size 413, bomb, damage), Refused (archived,
    merged, too many), NotPermitted, NotVisible. Nothing is left on disk when it fails.
    """
    try:
        order = get_visible(actor, order_id)
        _may_add(actor, order)
    except BaseException:
        _drop(received)
        raise
    if actor.kind == ActorKind.CITIZEN:
        audience = Audience.PUBLIC
    stored = _files.keep(received or _files.receive(chunks or ()), name)
    try:
        with transaction.atomic():
            locked = WorkOrder.objects.select_for_update().get(pk=order.pk)
            _may_add(actor, locked)
            if Attachment.objects.filter(order=locked, removed_at__isnull=True).count() >= MOST_OF_AN_ORDER:
                raise Refused(
                    "too_many", _("The order already has %(most)d files.") % {"most": MOST_OF_AN_ORDER}
                )
            row = _row(actor, stored, kind, audience, order=locked, taken=taken)
            record(
                actor=actor,
                verb="workorders.attach",
                object_type="work_order",
                object_id=order.pk,
                data={
                    "attachment": row.pk,
                    "sha256": stored.sha256,
                    "size": stored.size,
                    "type": stored.media_type,
                },
            )
            _tell(actor, locked, "attach", row.audience, row.name, {"attachments": [row.pk]})
    except BaseException:
        _take_back(stored)
        raise
    return row


def attach_loose(
    *,
    actor: Actor,
    appeal_key: str,
    chunks: Iterable[bytes] | None = None,
    received: _files.Received | None = None,
    name: str,
) -> Attachment:
    """Store a file before its order exists, under an unguessable key of the draft (≥ 16 letters, digits, - or _).

    `adopt` hands it to the order. Raises Invalid, Refused (too many).
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", appeal_key):
        _drop(received)
        raise Invalid(
            "appeal_key", _("The draft of this appeal is not known. Reload the page and try again.")
        )
    if Attachment.objects.filter(appeal_key=appeal_key, removed_at__isnull=True).count() >= MOST_LOOSE:
        _drop(received)
        raise Refused(
            "too_many", _("At most %(most)d files may be sent with an appeal.") % {"most": MOST_LOOSE}
        )
    stored = _files.keep(received or _files.receive(chunks or ()), name)
    try:
        with transaction.atomic():
            row = _row(actor, stored, "file", Audience.PUBLIC, appeal_key=appeal_key)
            record(
                actor=actor,
                verb="workorders.attach",
                object_type="appeal_draft",
                object_id=appeal_key[:12],
                data={
                    "attachment": row.pk,
                    "sha256": stored.sha256,
                    "size": stored.size,
                    "type": stored.media_type,
                },
            )
    except BaseException:
        _take_back(stored)
        raise
    return row


@transaction.atomic
def adopt(*, actor: Actor, appeal_key: str, order_id: int) -> int:
    """Give the loose files of a draft to the order that it became; returns how many. Harmless when repeated."""
    if not appeal_key:
        return 0
    order = WorkOrder.objects.select_for_update().get(pk=get_visible(actor, order_id).pk)
    loose = Attachment.objects.select_for_update().filter(
        appeal_key=appeal_key, order__isnull=True, removed_at__isnull=True
    )
    names = dict(loose.order_by("id").values_list("pk", "name"))
    if names:
        Attachment.objects.filter(pk__in=names).update(order=order, appeal_key="")
        _tell(actor, order, "attach", Audience.PUBLIC, "、".join(names.values()), {"attachments": list(names)})
    return len(names)


@transaction.atomic
def remove_attachment(*, actor: Actor, attachment_id: int, reason: str) -> None:
    """Hide a file from everybody; the content stays for the audit. Raises NotVisible, NotPermitted, Refused, Invalid."""
    row = (
        Attachment.objects.select_for_update()
        .filter(pk=attachment_id, removed_at__isnull=True, order__isnull=False)
        .first()
    )
    if row is None or row.order_id is None:
        raise NotVisible("attachment")
    order = WorkOrder.objects.select_for_update().get(pk=get_visible(actor, row.order_id).pk)
    _may_add(actor, order)
    if row.created_by != actor.key() and not actor.has("workorders:review"):
        raise NotPermitted(
            "workorders:note", _("Only who added the file, or the hotline centre, may remove it.")
        )
    if not reason.strip():
        raise Invalid(
            "reason", _("Say why the file is removed."), details={"reason": _("Say why the file is removed.")}
        )
    row.removed_at = now()
    row.save(update_fields=["removed_at"])
    record(
        actor=actor,
        verb="workorders.remove_attachment",
        object_type="work_order",
        object_id=order.pk,
        reason=reason,
        data={"attachment": row.pk, "sha256": row.sha256},
    )
    # Why it went is a word among colleagues; the citizen reads which file.
    _tell(actor, order, "remove_attachment", row.audience, row.name, {"attachments": [row.pk], "why": reason})


def open_attachment(*, actor: Actor, attachment_id: int, thumbnail: bool = False) -> tuple[Attachment, str]:
    """The row and the file's path, for a download by this actor; the reading is written to the audit log.

    Visible like its order; a citizen gets public files only. Raises NotVisible.
    """
    rows = Attachment.objects.filter(pk=attachment_id, removed_at__isnull=True, order__in=visible_to(actor))
    if actor.kind == ActorKind.CITIZEN:
        rows = rows.filter(audience=Audience.PUBLIC)
    if actor.is_staff and not _at_hub(actor):
        rows = rows.exclude(audience=Audience.HUB)
    row = rows.first()
    if row is None or (thumbnail and not row.thumbnail):
        raise NotVisible("attachment")
    path = _files.path_of(row.thumbnail if thumbnail else row.stored_as)
    if not path.exists():
        raise NotVisible("attachment")
    if not thumbnail:
        record(
            actor=actor,
            verb="workorders.download_attachment",
            object_type="work_order",
            object_id=row.order_id,
            data={"attachment": row.pk},
        )
    return row, str(path)


def _tell(actor: Actor, order: WorkOrder, verb: str, audience: str, text: str, data: dict[str, Any]) -> None:
    # The revision stays: a file must not refuse the words that somebody is typing, the uploader's own among them.
    unit = actor.grants[0].unit_id if actor.is_staff and actor.grants else None
    event = write_event(order, verb, actor, at=now(), unit_id=unit, audience=audience, text=text, data=data)
    announce(order, verb, event, old_state=str(order.state))


def _at_hub(actor: Actor) -> bool:
    return (
        actor.has("workorders:dispatch")
        or actor.has("workorders:create")
        or actor.has("workorders:supervise")
    )


def _may_add(actor: Actor, order: WorkOrder) -> None:
    if actor.is_staff and not any(actor.has(code) for code in _CODES):
        raise NotPermitted("workorders:note", _("Your roles do not include adding to orders."))
    if order.state in (OrderState.ARCHIVED, OrderState.MERGED):
        raise Refused("closed_order", _("The order is archived or merged; files can no longer change."))


def _row(
    actor: Actor,
    stored: _files.Stored,
    kind: str,
    audience: str,
    *,
    order: WorkOrder | None = None,
    appeal_key: str = "",
    taken: Taken | None = None,
) -> Attachment:
    row = Attachment.objects.create(
        order=order,
        appeal_key=appeal_key,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        stored_as=stored.stored_as,
        thumbnail=stored.thumbnail,
        kind=kind if kind in KINDS else "file",
        audience=audience if audience in Audience.values else "",
        taken_at=stored.taken_at,
        latitude=stored.latitude,
        longitude=stored.longitude,
        created_by=actor.key(),
        created_at=now(),
    )
    if row.thumbnail:
        mark_photo(row, taken)
    return row


def _drop(received: _files.Received | None) -> None:
    if received is not None:
        received.path.unlink(missing_ok=True)


def _take_back(stored: _files.Stored) -> None:
    # Another order may have stored the same content in between.
    if not Attachment.objects.filter(sha256=stored.sha256).exists():
        _files.forget(stored)


@transaction.atomic
def remove_loose(*, actor: Actor, appeal_key: str, attachment_id: int) -> None:
    """Take back a file that was uploaded by mistake, before its order exists; who knows the draft's key may. Again is harmless."""
    changed = (
        Attachment.objects.filter(
            pk=attachment_id, appeal_key=appeal_key, order__isnull=True, removed_at__isnull=True
        )
        .exclude(appeal_key="")
        .update(removed_at=now())
    )
    if changed:
        record(
            actor=actor,
            verb="workorders.remove_attachment",
            object_type="appeal_draft",
            object_id=appeal_key[:12],
            data={"attachment": attachment_id},
        )
