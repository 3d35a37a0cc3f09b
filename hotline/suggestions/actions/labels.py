"""The city's vocabulary of labels. Orders keep the words they were given; reading follows renames and merges."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.suggestions import permissions
from hotline.suggestions.models import Label

CODE = "suggestions:labels"


def _name(name: str, *, besides: int = 0) -> str:
    plain = "".join(name.split())
    errors = {}
    if not plain or len(plain) > 40:
        errors["name"] = _("A label has 1 to 40 characters.")
    elif Label.objects.exclude(pk=besides).filter(name=plain).exists():
        errors["name"] = _("There is a label of this name; merge into it instead.")
    if errors:
        raise Invalid("name", errors["name"], details=errors)
    return plain


def _words(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word.strip()[:40] for word in words if word.strip()))[:60]


@transaction.atomic
def add_label(
    *, actor: Actor, name: str, words: Iterable[str] = (), description: str = "", category_code: str = ""
) -> Label:
    """A new label. Invalid when the name is empty, too long or taken."""
    permissions.can(actor, CODE).require(CODE)
    label = Label.objects.create(
        name=_name(name),
        words=_words(words),
        description=description.strip()[:200],
        category_code=category_code.strip(),
    )
    _record(actor, "suggestions.add_label", label)
    return label


@transaction.atomic
def change_label(
    *,
    actor: Actor,
    label_id: int,
    name: str,
    words: Iterable[str] = (),
    description: str = "",
    category_code: str = "",
) -> Label:
    """Change a label. A new name leaves the old one behind as a merged label, so that old orders are found by the new."""
    permissions.can(actor, CODE).require(CODE)
    label = _locked(label_id)
    plain = "".join(name.split())
    if plain != label.name:
        plain = _name(name, besides=label.pk)
        old, label.name = label.name, plain
        label.save(update_fields=["name"])
        Label.objects.create(name=old, merged_into=label)
    label.words, label.description = _words(words), description.strip()[:200]
    label.category_code = category_code.strip()
    label.save(update_fields=["words", "description", "category_code"])
    _record(actor, "suggestions.change_label", label)
    return label


@transaction.atomic
def merge_labels(*, actor: Actor, label_id: int, into_id: int) -> Label:
    """Let one label be read as another from now on; its words go along. Undone by `split_label`."""
    permissions.can(actor, CODE).require(CODE)
    pair = {
        row.pk: row
        for row in Label.objects.select_for_update().filter(pk__in={label_id, into_id}).order_by("id")
    }
    if label_id not in pair or into_id not in pair:
        raise NotVisible(label_id)
    label, into = pair[label_id], pair[into_id]
    if label_id == into_id or into.merged_into_id is not None:
        raise Refused("merge", _("Choose another label that is itself not merged."))
    Label.objects.filter(merged_into=label).update(merged_into=into)
    label.merged_into = into
    label.save(update_fields=["merged_into"])
    into.words = _words([*into.words, label.name, *label.words])
    into.save(update_fields=["words"])
    _record(actor, "suggestions.merge_label", label, into=into.name)
    return into


@transaction.atomic
def split_label(*, actor: Actor, label_id: int) -> Label:
    """Undo a merge: the label counts for itself again."""
    permissions.can(actor, CODE).require(CODE)
    label = _locked(label_id)
    if label.merged_into_id is None:
        raise Refused("merge", _("This label is not merged."))
    label.merged_into = None
    label.save(update_fields=["merged_into"])
    _record(actor, "suggestions.split_label", label)
    return label


@transaction.atomic
def retire_label(*, actor: Actor, label_id: int, retired: bool = True) -> Label:
    """Take a label out of the proposals, or back in; orders keep it."""
    permissions.can(actor, CODE).require(CODE)
    label = _locked(label_id)
    label.retired_at = now() if retired else None
    label.save(update_fields=["retired_at"])
    _record(actor, "suggestions.retire_label", label, retired=str(retired))
    return label


def _locked(label_id: int) -> Label:
    label = Label.objects.select_for_update().filter(pk=label_id).first()
    if label is None:
        raise NotVisible(label_id)
    return label


def _record(actor: Actor, verb: str, label: Label, **data: str) -> None:
    record(
        actor=actor,
        verb=verb,
        object_type="label",
        object_id=str(label.pk),
        data={"name": label.name, **data},
    )
