"""The taxonomy of orders as the knowledge base needs it: leaves and names."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from hotline.kit import clock
from hotline.workorders import queries as workorders
from hotline.workorders.models import Category


class Taxonomy:
    """Reads what is in effect today. A city without categories takes any code."""

    def leaves(self) -> Sequence[tuple[str, str]]:
        """(code, path of names) by code."""
        below = Category.objects.filter(parent=OuterRef("pk"))
        rows = workorders.categories(clock.today()).filter(~Exists(below))
        return list(rows.values_list("code", "path_name"))

    def name(self, code: str) -> str:
        """The path of names; the code itself where it is unknown."""
        return Category.objects.filter(code=code).values_list("path_name", flat=True).first() or code

    def is_leaf(self, code: str) -> bool:
        """True for a category without children that is in effect."""
        found = workorders.categories(clock.today()).filter(code=code).values_list("pk", flat=True).first()
        if found is None:
            return bool(code) and not Category.objects.exists()
        return not Category.objects.filter(parent_id=found).exists()
