"""Words that mean the same, and the city's wishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible
from hotline.knowledge import permissions
from hotline.knowledge.models import Settings, Term, TermKind
from hotline.knowledge.queries.vocabulary import forget_words

LONGEST, MOST = 40, 20


@transaction.atomic
def save_term(*, actor: Actor, words: Sequence[str], kind: str = TermKind.SYNONYM, term_id: int | None = None) -> Term:
    """Make or change a group of words that mean the same."""
    row = Term.objects.select_for_update().filter(pk=term_id).first() if term_id else None
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    if term_id and row is None:
        raise NotVisible("term")
    given = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    if len(given) < 2 or len(given) > MOST or any(len(word) > LONGEST for word in given) or kind not in TermKind.values:
        text = _("Give two to twenty words of at most %(n)d characters, one a line.") % {"n": LONGEST}
        raise Invalid("words", text, details={"words": text})
    if row is None:
        row = Term(created_by=actor.key(), created_at=clock.now())
    row.words, row.kind = given, kind
    row.save()
    record(actor=actor, verb="knowledge.save_term", object_type="knowledge_term", object_id=row.pk, data={"words": given})
    forget_words()
    return row


@transaction.atomic
def remove_term(*, actor: Actor, term_id: int) -> None:
    """Take a group away; searches go on without it."""
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    row = Term.objects.filter(pk=term_id).first()
    if row is None:
        raise NotVisible("term")
    record(actor=actor, verb="knowledge.remove_term", object_type="knowledge_term", object_id=row.pk, data={"words": row.words})
    row.delete()
    forget_words()


LIMITS: Mapping[str, tuple[int, int]] = {
    "review_months": (1, 36),
    "review_notice_days": (0, 90),
    "expiry_notice_days": (0, 180),
    "correction_workdays": (1, 30),
    "gap_workdays": (1, 60),
    "gap_weight": (1, 50),
}
"""Field of the settings → smallest and largest value."""


@transaction.atomic
def change_settings(*, actor: Actor, values: Mapping[str, int]) -> Settings:
    """Change the city's wishes; what is already due keeps its day."""
    row, _fresh = Settings.objects.select_for_update().get_or_create(pk=1)
    permissions.can_configure(actor).require(permissions.CONFIGURE)
    faults = {
        name: _("Between %(low)d and %(high)d.") % {"low": low, "high": high}
        for name, (low, high) in LIMITS.items()
        if not low <= values.get(name, getattr(row, name)) <= high
    }
    if faults:
        raise Invalid("settings", _("Some values are out of range."), details=faults)
    old = {name: getattr(row, name) for name in LIMITS}
    for name in LIMITS:
        setattr(row, name, values.get(name, old[name]))
    row.save()
    record(
        actor=actor,
        verb="knowledge.change_settings",
        object_type="knowledge_settings",
        object_id=1,
        data={"old": old, "new": {name: getattr(row, name) for name in LIMITS}},
    )
    return row
