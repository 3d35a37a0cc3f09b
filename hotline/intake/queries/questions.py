"""Category forms for the administrator's page."""

from __future__ import annotations

from datetime import date

from hotline.intake.models import CategoryForm
from hotline.kit.errors import NotVisible
from hotline.workorders.models import Category


def forms_by_category(day: date) -> list[tuple[CategoryForm, str]]:
    """Every form that holds or will hold, by category: (form, `now` or `later`)."""
    rows = CategoryForm.objects.select_related("category").order_by("category__code", "-version")
    return [
        (row, "later" if row.effective_from > day else "now")
        for row in rows
        if row.effective_to is None or row.effective_to >= day
    ]


def versions_of(category_id: int) -> list[CategoryForm]:
    """Versions of one category, newest first."""
    return list(CategoryForm.objects.filter(category_id=category_id).order_by("-version"))


def category_named(code: str) -> Category:
    """A category by its code; NotVisible when there is none."""
    found = Category.objects.filter(code=code).first()
    if found is None:
        raise NotVisible(code)
    return found
