"""The cycle of an entry: written, reviewed, published, confirmed, revised, expired, taken offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person, Unit
from hotline.audit.actions import record
from hotline.kit import clock, live
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused, Stale
from hotline.kit.events import emit
from hotline.knowledge import permissions
from hotline.knowledge.actions.indexing import write_index
from hotline.knowledge.events import OFFLINE, PUBLISHED
from hotline.knowledge.models import Duty, DutyKind, DutyState, Entry, EntryState, EntryVersion, VersionState
from hotline.knowledge.queries.entries import document_of, entry_for, open_version
from hotline.knowledge.queries.vocabulary import categories, city_settings
from hotline.knowledge.rules import (
    FIELDS,
    OPEN_DRAFT,
    SERVED,
    VERBS,
    Document,
    Kept,
    check_document,
    next_state,
    review_due,
)
from hotline.places import queries as places

_COLUMNS = tuple(FIELDS)


@transaction.atomic
def create_entry(*, actor: Actor, document: Document, duty_id: int | None = None, note: str = "") -> Entry:
    """Begin an entry as a draft; with `duty_id` it will answer that gap. Invalid names each wrong field."""
    unit = _unit(document.unit_id)
    permissions.can_write_for(actor, unit.path).require(permissions.EDIT)
    _check(document, None)
    duty = _gap(actor, duty_id) if duty_id else None
    at = clock.now()
    entry = Entry(state=EntryState.DRAFT, created_by=actor.key(), created_at=at, updated_at=at)
    _fill(entry, document)
    entry.save(force_insert=True)
    _new_version(actor, entry, document, note)
    if duty is not None:
        duty.entry = entry
        duty.save(update_fields=["entry"])
    _log(actor, entry, "knowledge.create_entry")
    return entry


@transaction.atomic
def save_draft(*, actor: Actor, entry_id: int, revision: int, document: Document, note: str = "") -> Entry:
    """Change the words of the open draft. Stale when somebody saved since `revision`; `details` holds their words."""
    entry = _lock(actor, entry_id)
    permissions.can_edit(actor, entry).require(permissions.EDIT)
    if entry.state not in OPEN_DRAFT:
        raise Refused("no_draft", _("There is no draft to change. Press “Revise” first."))
    version = open_version(entry)
    assert version is not None
    if entry.revision != revision:
        raise Stale(
            "changed",
            _("A colleague saved this draft meanwhile. Nothing of yours is lost: compare and save again."),
            details={"theirs": version.document, "revision": entry.revision},
        )
    unit = _unit(document.unit_id)
    if unit.pk != entry.unit_id:
        permissions.can_write_for(actor, unit.path).require(permissions.EDIT)
    _check(document, entry)
    version.document, version.note = document.as_json(), note or version.note
    version.save(update_fields=["document", "note"])
    if entry.number == 0:
        _fill(entry, document)
    entry.revision, entry.updated_at = entry.revision + 1, clock.now()
    entry.save(update_fields=[*_COLUMNS, "revision", "updated_at"])
    _log(actor, entry, "knowledge.save_draft", number=version.number)
    return entry


@transaction.atomic
def edit_entry(*, actor: Actor, entry_id: int, document: Document, note: str = "") -> Entry:
    """For imports and sources: revise when needed, then save. A draft in review is refused."""
    entry = _lock(actor, entry_id)
    if entry.state not in OPEN_DRAFT:
        act(actor=actor, entry_id=entry_id, verb="revise", reason=note)
        entry.refresh_from_db()
    return save_draft(actor=actor, entry_id=entry_id, revision=entry.revision, document=document, note=note)


@transaction.atomic
def act(*, actor: Actor, entry_id: int, verb: str, reason: str = "") -> Entry:
    """One verb of the cycle (`rules.VERBS`). Raises NotVisible, NotPermitted, Refused where the table says no, Invalid."""
    if verb not in VERBS:
        raise NotVisible(verb)
    entry = _lock(actor, entry_id)
    version = open_version(entry)
    permissions.can_do(actor, verb, entry, version).require(VERBS[verb].permission)
    target = next_state(verb, entry.state)
    if target is None:
        raise Refused(
            "state",
            _("“%(verb)s” is not possible while the entry is “%(state)s”. Load the page again to see what is.")
            % {"verb": VERBS[verb].label, "state": entry.get_state_display()},
        )
    if VERBS[verb].reason and not reason.strip():
        raise Invalid("reason", _("Give the reason."), details={"reason": str(_("Give the reason."))})
    before, served = entry.state, entry.state in SERVED
    entry.state = target
    effect = _EFFECTS.get(verb)
    if effect is not None:
        effect(actor, entry, version, reason.strip())
    entry.revision, entry.updated_at = entry.revision + 1, clock.now()
    entry.save()
    if verb == "publish" or served != (entry.state in SERVED):
        write_index(entry)
    _log(actor, entry, f"knowledge.{verb}", reason=reason, old=before, new=entry.state)
    if verb == "publish":
        emit(PUBLISHED, entry_id=entry.pk, number=entry.number)
    elif served and entry.state not in SERVED:
        emit(OFFLINE, entry_id=entry.pk, verb=verb)
    return entry


def _submit(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    assert version is not None
    _check(Document.from_json(version.document), entry, today=True)
    version.state, version.submitted_by, version.submitted_at = VersionState.SUBMITTED, actor.key(), clock.now()
    version.note = reason[:500] or version.note
    version.save(update_fields=["state", "submitted_by", "submitted_at", "note"])


def _send_back(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    assert version is not None
    version.state, version.reason = VersionState.OPEN, reason[:500]
    version.decided_by, version.decided_at = actor.key(), clock.now()
    version.save(update_fields=["state", "reason", "decided_by", "decided_at"])


def _publish(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    assert version is not None
    document = Document.from_json(version.document)
    _check(document, entry, today=True)
    at = clock.now()
    version.state, version.decided_by, version.decided_at = VersionState.PUBLISHED, actor.key(), at
    version.save(update_fields=["state", "decided_by", "decided_at"])
    _fill(entry, document)
    entry.number, entry.published_at = version.number, at
    entry.review_due_on = review_due(clock.today(), city_settings().review_months)
    words = _("Version %(n)d was published.") % {"n": version.number}
    end_duties(actor, entry, (DutyKind.REVIEW, DutyKind.EXPIRING, DutyKind.GAP), words)
    # A correction that came after the words were handed in was not looked at by anybody yet.
    end_duties(actor, entry, (DutyKind.CORRECTION,), words, before=version.submitted_at)


def _confirm(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    entry.review_due_on = review_due(clock.today(), city_settings().review_months)
    end_duties(actor, entry, (DutyKind.REVIEW,), reason or _("It still holds."))


def _revise(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    _new_version(actor, entry, document_of(entry), reason)


def _drop(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    if version is not None:
        version.state, version.decided_by, version.decided_at = VersionState.DROPPED, actor.key(), clock.now()
        version.reason = reason[:500]
        version.save(update_fields=["state", "decided_by", "decided_at", "reason"])


def _withdraw(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    _drop(actor, entry, version, reason)
    entry.review_due_on = None
    end_duties(actor, entry, tuple(DutyKind), _("The entry was taken offline: %(why)s") % {"why": reason})


def _expire(actor: Actor, entry: Entry, version: EntryVersion | None, reason: str) -> None:
    entry.review_due_on = None
    end_duties(actor, entry, (DutyKind.REVIEW, DutyKind.EXPIRING), _("The entry expired."))


_EFFECTS: Mapping[str, Callable[[Actor, Entry, EntryVersion | None, str], None]] = {
    "submit": _submit,
    "send_back": _send_back,
    "publish": _publish,
    "confirm": _confirm,
    "revise": _revise,
    "discard": _drop,
    "withdraw": _withdraw,
    "expire": _expire,
}


def end_duties(
    actor: Actor, entry: Entry, kinds: tuple[str, ...], answer: str, *, before: datetime | None = None
) -> int:
    """End the open duties of an entry, only those made until `before` when given; returns how many."""
    rows = Duty.objects.filter(entry=entry, kind__in=kinds, state=DutyState.OPEN)
    if before is not None:
        rows = rows.filter(created_at__lte=before)
    return rows.update(state=DutyState.DONE, ended_by=actor.key(), ended_at=clock.now(), answer=answer[:500])


def _lock(actor: Actor, entry_id: int) -> Entry:
    entry_for(actor, entry_id)
    return Entry.objects.select_for_update(of=("self",)).select_related("unit").get(pk=entry_id)


def _unit(unit_id: int) -> Unit:
    unit = Unit.objects.filter(pk=unit_id, closed_on__isnull=True).first()
    if unit is None:
        words = _("Choose a unit that is in service.")
        raise Invalid("unit_id", words, details={"unit_id": words})
    return unit


def _gap(actor: Actor, duty_id: int) -> Duty:
    duty = Duty.objects.select_for_update().filter(pk=duty_id, kind=DutyKind.GAP, state=DutyState.OPEN).first()
    if duty is None:
        raise NotVisible("duty")
    permissions.can_end_duty(actor, Unit.objects.get(pk=duty.unit_id).path).require(permissions.EDIT)
    return duty


def _check(document: Document, entry: Entry | None, *, today: bool = False) -> None:
    others = Entry.objects.filter(title=document.title.strip()).exclude(pk=entry.pk if entry else 0)
    faults = check_document(
        document,
        Kept(
            leaf=categories().is_leaf(document.category_code),
            region_known=not document.region or places.division(document.region) is not None,
            title_taken=others.exists(),
            today=clock.today() if today else None,
        ),
    )
    person = document.responsible_id
    if person is not None and not Person.objects.filter(pk=person, is_active=True).exists():
        faults["responsible_id"] = _("This person is not in service.")
    if faults:
        raise Invalid("document", _("Some fields are wrong; nothing was saved."), details=faults)


def _fill(entry: Entry, document: Document) -> None:
    for name in _COLUMNS:
        value = getattr(document, name)
        setattr(entry, name, list(value) if isinstance(value, tuple) else value)
    entry.title = entry.title.strip()


def _new_version(actor: Actor, entry: Entry, document: Document, note: str) -> EntryVersion:
    last = entry.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return EntryVersion.objects.create(
        entry=entry,
        number=last + 1,
        document=document.as_json(),
        note=note[:500],
        created_by=actor.key(),
        created_at=clock.now(),
    )


def _log(actor: Actor, entry: Entry, verb: str, *, reason: str = "", **data: object) -> None:
    record(
        actor=actor, verb=verb, object_type="knowledge_entry", object_id=entry.pk, reason=reason.strip()[:500], data=data
    )
    live.publish([f"unit:{entry.unit_id}", "knowledge"], verb, entry=entry.pk)
