"""Every Django form of the project looks right without being told: set once by `FORM_RENDERER`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import django.forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.forms.widgets import (
    CheckboxInput,
    CheckboxSelectMultiple,
    FileInput,
    RadioSelect,
    Select,
    Widget,
)
from django.template.backends.django import DjangoTemplates as Backend


def widget_class(widget: Widget) -> str:
    """The class of the component kit for a widget."""
    if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        return "form-check-input"
    if isinstance(widget, CheckboxInput):
        return "form-check-input"
    if isinstance(widget, Select):
        return "form-select"
    return "form-control"


class Field(BoundField):
    """A bound field whose widget carries the kit's classes and tells screen readers what is wrong."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        used = widget or self.field.widget
        own = str(used.attrs.get("class", ""))
        wanted = [widget_class(used), own]
        if self.errors:
            wanted.append("is-invalid")
        attrs["class"] = " ".join(part for part in wanted if part)
        return attrs

    @property
    def layout(self) -> str:
        """Which template part draws it: `check`, `group`, `file` or `line`."""
        widget = self.field.widget
        if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
            return "group"
        if isinstance(widget, CheckboxInput):
            return "check"
        return "file" if isinstance(widget, FileInput) else "line"


class Renderer(DjangoTemplates):
    """Forms and fields by the templates in `ui/forms/`; widgets by Django's own, with Tabler's classes."""

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"
    bound_field_class = Field

    @cached_property
    def engine(self) -> Backend:
        return Backend(
            {
                "APP_DIRS": True,
                # Ours first: the multiple inputs are laid out differently.
                "DIRS": [
                    str(Path(__file__).parent / "templates"),
                    str(Path(django.forms.__file__).parent / "templates"),
                ],
                "NAME": "forms",
                "OPTIONS": {"builtins": ["django.templatetags.i18n", "hotline.ui.templatetags.ui"]},
            }
        )
