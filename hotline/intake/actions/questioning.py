"""Questions of a category take effect by a new version; old answers keep the version they were given to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.audit.actions import record
from hotline.intake.models import CategoryForm
from hotline.intake.queries.reference import forget_reference, next_form_version
from hotline.intake.rules.questions import check_questions
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible
from hotline.workorders.models import Category


@transaction.atomic
def publish_questions(
    *, actor: Actor, category_id: int, questions: list[dict[str, Any]], effective_from: date
) -> CategoryForm:
    """A new version from that day on; the version before ends the day before. Invalid with what the check found."""
    category = Category.objects.select_for_update().filter(pk=category_id).first()
    if category is None:
        raise NotVisible(category_id)
    scope_allows(
        actor, "workorders:configure", unit_paths=[grant.unit_path for grant in actor.grants]
    ).require("workorders:configure")
    faults = check_questions(questions)
    if faults:
        raise Invalid(
            "questions", _("The questions cannot take effect yet."), details={"questions": " ".join(faults)}
        )
    later = CategoryForm.objects.filter(category=category, effective_from__gt=effective_from).exists()
    if later:
        words = _("A later version already exists; choose a day after it.")
        raise Invalid("effective_from", words, details={"effective_from": words})
    CategoryForm.objects.filter(
        category=category, effective_to=None, effective_from__lt=effective_from
    ).update(effective_to=effective_from - timedelta(days=1))
    made = CategoryForm.objects.create(
        category=category,
        version=next_form_version(category.pk),
        questions=questions,
        effective_from=effective_from,
    )
    record(
        actor=actor,
        verb="intake.publish_questions",
        object_type="category",
        object_id=category.code,
        data={"version": made.version},
    )
    transaction.on_commit(forget_reference)
    return made
