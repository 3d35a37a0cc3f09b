"""Linked sources: kept by editors of the centre, pulled on schedule, what comes waits for review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Unit
from hotline.audit.actions import record
from hotline.kit import clock
from hotline.kit.actor import Actor, system_actor
from hotline.kit.errors import ActionError, Invalid, NotVisible
from hotline.knowledge import feeds, permissions
from hotline.knowledge.actions.cycle import act, create_entry, edit_entry
from hotline.knowledge.models import Entry, Material, Readers, Source
from hotline.knowledge.queries.entries import document_of
from hotline.knowledge.queries.vocabulary import categories
from hotline.knowledge.rules import Document
from hotline.knowledge.rules.feeds import Article, FeedFault, read_feed

SHORTEST, LONGEST = 5, 60 * 24 * 7
WRITER = system_actor("knowledge-source", permissions.EDIT)
"""The system writes what a source says; a person of the unit reviews it."""
_FIELDS = ("name", "url", "category_code", "material", "readers", "every_minutes", "enabled")


@transaction.atomic
def save_source(*, actor: Actor, values: Mapping[str, Any], source_id: int | None = None) -> Source:
    """Make or change a source; `values`: name, url, unit_id, category_code, material, readers, every_minutes, enabled."""
    source = Source.objects.select_for_update().filter(pk=source_id).first() if source_id else None
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    if source_id and source is None:
        raise NotVisible("source")
    faults: dict[str, str] = {}
    if not str(values.get("name", "")).strip():
        faults["name"] = _("Give a name.")
    elif Source.objects.filter(name=values["name"]).exclude(pk=source_id or 0).exists():
        faults["name"] = _("Another source has this name.")
    if wrong := feeds.check_address(str(values.get("url", ""))):
        faults["url"] = wrong
    if not categories().is_leaf(str(values.get("category_code", ""))):
        faults["category_code"] = _("Choose a category of the lowest level.")
    if values.get("material") not in Material.values:
        faults["material"] = _("Choose the kind of material.")
    if values.get("readers") not in Readers.values:
        faults["readers"] = _("Choose who may read it.")
    if not SHORTEST <= int(values.get("every_minutes") or 0) <= LONGEST:
        faults["every_minutes"] = _("Between %(low)d and %(high)d.") % {"low": SHORTEST, "high": LONGEST}
    unit = Unit.objects.filter(pk=values.get("unit_id") or 0, closed_on__isnull=True).first()
    if unit is None:
        faults["unit_id"] = _("Choose a unit that is in service.")
    if faults or unit is None:
        raise Invalid("source", _("Some fields are wrong; nothing was saved."), details=faults)
    source = source or Source()
    for name in _FIELDS:
        setattr(source, name, values[name])
    source.unit, source.next_at, source.etag, source.failures = unit, clock.now(), "", 0
    source.save()
    record(actor=actor, verb="knowledge.save_source", object_type="knowledge_source", object_id=source.pk, data={"url": source.url})
    return source


@transaction.atomic
def remove_source(*, actor: Actor, source_id: int) -> None:
    """Pull it no more; its entries stay and belong to nobody's feed."""
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    source = Source.objects.select_for_update().filter(pk=source_id).first()
    if source is None:
        raise NotVisible("source")
    record(actor=actor, verb="knowledge.remove_source", object_type="knowledge_source", object_id=source.pk, data={"url": source.url})
    source.delete()


def pull_due(*, actor: Actor) -> int:
    """Pull every source whose time has come; returns how many."""
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    due = Source.objects.filter(enabled=True, next_at__lte=clock.now()).order_by("next_at")
    ids = list(due.values_list("pk", flat=True)[:50])
    for source_id in ids:
        pull_source(actor=actor, source_id=source_id)
    return len(ids)


def pull_source(*, actor: Actor, source_id: int) -> str:
    """Fetch one feed; new articles become drafts in review, changed ones revisions in review. Returns the outcome in words.

    The fetch stands outside any transaction; a failing source is asked later and later, at most once a day.
    """
    if not permissions.can_maintain(actor):
        permissions.can_configure(actor).require(permissions.CONFIGURE)
    source = Source.objects.filter(pk=source_id).first()
    if source is None:
        raise NotVisible("source")
    try:
        answer = feeds.fetch(source.url, source.etag)
        articles = read_feed(answer.data) if answer.data is not None else []
    except feeds.FeedDown as error:
        return _ended(actor, source, str(error), failed=True)
    except FeedFault:
        return _ended(actor, source, _("What came is not a JSON Feed."), failed=True)
    if answer.data is None:
        return _ended(actor, source, _("Nothing new."), etag=answer.etag)
    new = changed = refused = 0
    for article in articles:
        try:
            with transaction.atomic():
                what = _take(actor, source, article)
        except ActionError:
            refused += 1
            continue
        new, changed = new + (what == "new"), changed + (what == "changed")
    words = _("%(new)d new, %(changed)d changed, %(refused)d not taken.")
    return _ended(actor, source, words % {"new": new, "changed": changed, "refused": refused}, etag=answer.etag)


def _take(actor: Actor, source: Source, article: Article) -> str:
    entry = Entry.objects.select_for_update().filter(source=source, source_key=article.key).first()
    if entry is not None and entry.source_hash == article.digest:
        return "same"
    content = f"{article.content}\n\n[{_('Source')}]({article.url})" if article.url else article.content
    writer = WRITER
    if entry is None:
        document = Document(article.title, source.category_code, source.material, content, source.unit_id, readers=source.readers,
                            legal_basis=source.name)  # fmt: skip
        entry = create_entry(actor=writer, document=document, note=source.name)
        what = "new"
    else:
        kept = document_of(entry).as_json() | {"title": article.title, "content": content}
        entry = edit_entry(actor=writer, entry_id=entry.pk, document=Document.from_json(kept), note=source.name)
        what = "changed"
    Entry.objects.filter(pk=entry.pk).update(source=source, source_key=article.key, source_hash=article.digest)
    act(actor=writer, entry_id=entry.pk, verb="submit", reason=source.name)
    return what


@transaction.atomic
def _ended(actor: Actor, source: Source, outcome: str, *, etag: str = "", failed: bool = False) -> str:
    failures = source.failures + 1 if failed else 0
    wait = min(source.every_minutes * 2**min(failures, 8), max(60 * 24, source.every_minutes))
    Source.objects.filter(pk=source.pk).update(
        pulled_at=clock.now(),
        next_at=clock.now() + timedelta(minutes=wait),
        outcome=outcome[:300],
        failures=failures,
        etag=etag if not failed else source.etag,
    )
    record(actor=actor, verb="knowledge.pull_source", object_type="knowledge_source", object_id=source.pk, data={"outcome": outcome[:200]})
    return outcome
