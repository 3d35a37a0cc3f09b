"""Fields that pick a unit, a person or an order by typing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import open_units
from hotline.kit.numbers import wholes


class _Pick(forms.Widget):
    """A search box over a hidden value; the controller `pick` fills the list from `data-pick-url`."""

    template_name = "workorders/widgets/pick.html"
    multiple = False
    url: Any = ""
    hint: Any = ""

    def __init__(self, attrs: dict[str, Any] | None = None, query: str = "") -> None:
        super().__init__(attrs)
        self.query = query

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = [
            item
            for item in (value if isinstance(value, (list, tuple)) else [value])
            if item not in (None, "")
        ]
        context["widget"] |= {
            "chosen": self.labels([str(getattr(item, "pk", item)) for item in chosen]),
            "url": f"{self.url}{self.query}",
            "multiple": self.multiple,
            "hint": self.hint,
        }
        return context

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        raise NotImplementedError

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if self.multiple:
            return data.getlist(name) if hasattr(data, "getlist") else data.get(name)
        return data.get(name)

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_search" if id_ else id_


class UnitPick(_Pick):
    """One unit, by Chinese, short name or pinyin."""

    url = reverse_lazy("workorders:find_units")
    hint = _("Type Chinese or pinyin")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        wanted = wholes(values)
        return (
            [(str(pk), name) for pk, name in Unit.objects.filter(pk__in=wanted).values_list("pk", "name")]
            if wanted
            else []
        )


class UnitsPick(UnitPick):
    """Several units."""

    multiple = True


class PersonPick(_Pick):
    """A member of staff, by name."""

    url = reverse_lazy("workorders:find_people")
    hint = _("Type a name")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        wanted = wholes(values)
        return (
            [(str(pk), name) for pk, name in Person.objects.filter(pk__in=wanted).values_list("pk", "name")]
            if wanted
            else []
        )


class CategoryPick(_Pick):
    """A category, by Chinese, pinyin or code."""

    url = reverse_lazy("workorders:find_categories")
    hint = _("Type Chinese, pinyin or code")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        from hotline.workorders.models import Category

        wanted = wholes(values)
        return (
            [
                (str(pk), name)
                for pk, name in Category.objects.filter(pk__in=wanted).values_list("pk", "path_name")
            ]
            if wanted
            else []
        )


def unit_field(**options: Any) -> forms.ModelChoiceField[Unit]:
    """One open unit."""
    return forms.ModelChoiceField(queryset=open_units(), widget=UnitPick, **options)


def units_field(**options: Any) -> forms.ModelMultipleChoiceField[Unit]:
    """Several open units."""
    return forms.ModelMultipleChoiceField(queryset=open_units(), widget=UnitsPick, required=False, **options)


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
