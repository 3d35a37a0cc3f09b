"""Fields that pick a unit, a person or an order by typing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import open_units
from hotline.ui.picks import Pick, chosen_names
from hotline.workorders.models import Category


class UnitPick(Pick):
    """One unit, by Chinese, short name or pinyin."""

    url = reverse_lazy("workorders:find_units")
    hint = _("Type Chinese or pinyin")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        return chosen_names(values, Unit.objects)


class UnitsPick(UnitPick):
    """Several units."""

    multiple = True


class PersonPick(Pick):
    """A member of staff, by name."""

    url = reverse_lazy("workorders:find_people")
    hint = _("Type a name")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        return chosen_names(values, Person.objects)


class CategoryPick(Pick):
    """A category, by Chinese, pinyin or code."""

    url = reverse_lazy("workorders:find_categories")
    hint = _("Type Chinese, pinyin or code")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        return chosen_names(values, Category.objects, "path_name")


class _OpenToday:
    """Who is open is asked for each form anew: the fields of a form's class are made once, in a process that runs for weeks."""

    queryset: Any

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        field = super().__deepcopy__(memo)  # type: ignore[misc]
        field.queryset = open_units()
        return field


class _UnitField(_OpenToday, forms.ModelChoiceField):  # type: ignore[type-arg]  # no subscript when it runs
    pass


class _UnitsField(_OpenToday, forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    pass


def unit_field(**options: Any) -> forms.ModelChoiceField[Unit]:
    """One open unit."""
    return _UnitField(queryset=Unit.objects.all(), widget=UnitPick, **options)


def units_field(**options: Any) -> forms.ModelMultipleChoiceField[Unit]:
    """Several open units."""
    return _UnitsField(queryset=Unit.objects.all(), widget=UnitsPick, required=False, **options)


class NumbersField(forms.CharField):
    """Order numbers separated by spaces, commas or lines → list of text, each once."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        for mark in "，、,；;\n\r\t":
            text = text.replace(mark, " ")
        return list(dict.fromkeys(part.upper() for part in text.split()))

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """The length limit of text does not fit a list."""
