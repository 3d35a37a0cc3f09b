"""Prepared answers and the city's rules for chats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.chat import permissions
from hotline.chat.actions._case import QUEUE, text_of
from hotline.chat.models import CannedAnswer, CityRules
from hotline.kit import clock, live
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Stale

_RULES = ("opens", "closes", "workdays_only", "most_chats", "most_waiting", "warn_minutes", "end_minutes")


@transaction.atomic
def save_canned(
    *, actor: Actor, key: str, title: str, text: str, category_code: str = "", version: int = 0
) -> CannedAnswer:
    """A new version of a prepared answer; the former stays as it was. `version`: what the page showed, 0 for a new key.

    Raises Invalid, Stale when a colleague was faster.
    """
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    kept = text_of(text)
    rows = list(CannedAnswer.objects.select_for_update().filter(key=key).order_by("-version"))
    newest = rows[0] if rows else None
    if newest is not None and version != newest.version and not (version == 0 and not newest.current):
        mine_and_theirs = {"yours": kept, "now": newest.text}
        raise Stale("stale", _("A colleague changed this answer meanwhile."), details=mine_and_theirs)
    if newest is not None and newest.current and (newest.title, newest.text, newest.category_code) == (title, kept, category_code):
        return newest
    CannedAnswer.objects.filter(key=key, current=True).update(current=False)
    row = CannedAnswer.objects.create(
        key=key, version=(newest.version if newest else 0) + 1, title=title.strip()[:80], text=kept,
        category_code=category_code[:20], created_by=actor.key(), created_at=clock.now(),
    )  # fmt: skip
    _record(actor, "chat.save_canned", row)
    return row


@transaction.atomic
def retire_canned(*, actor: Actor, canned_id: int) -> None:
    """Out of use; its versions stay, because messages point at them. Again is harmless."""
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    row = CannedAnswer.objects.select_for_update().filter(pk=canned_id).first()
    if row is None:
        raise NotVisible("canned")
    if row.current:
        row.current = False
        row.save(update_fields=["current"])
        _record(actor, "chat.retire_canned", row)


def _record(actor: Actor, verb: str, row: CannedAnswer) -> None:
    record(actor=actor, verb=verb, object_type="canned_answer", object_id=row.pk, data={"name": row.key, "version": row.version})


@transaction.atomic
def save_rules(*, actor: Actor, given: Mapping[str, Any]) -> CityRules:
    """Hours and limits. Raises Invalid."""
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    row = CityRules.objects.select_for_update().first() or CityRules()
    before = {name: getattr(row, name) for name in _RULES}
    for name in _RULES:
        setattr(row, name, given[name])
    if row.warn_minutes >= row.end_minutes:
        words = _("The reminder comes before the end.")
        raise Invalid("warn_minutes", words, details={"warn_minutes": words})
    row.save()
    changed = {name: str(getattr(row, name)) for name in _RULES if getattr(row, name) != before[name]}
    record(actor=actor, verb="chat.save_rules", object_type="chat_rules", object_id=row.pk, data={"new": changed})
    live.publish([QUEUE], "chat.rules")
    return row
