"""Every Django form of the project looks right without being told: set once by `FORM_RENDERER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from html import escape
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
from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates as Backend
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe


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


def select_html(widget: Mapping[str, Any]) -> SafeString:
    """A `<select>` from its widget's context, as Django's template writes it.

    Django includes a template for each option; a filter with hundreds of them cost more than the list that it filters.
    """
    parts = [f'<select name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for group, options, _index in widget["optgroups"]:
        if group:
            parts.append(f'<optgroup label="{escape(str(group))}">')
        parts += [
            f'<option value="{escape(str(one["value"]))}"{_attributes(one["attrs"])}>{conditional_escape(one["label"])}</option>'
            for one in options
        ]
        if group:
            parts.append("</optgroup>")
    parts.append("</select>")
    return mark_safe("\n".join(parts))  # noqa: S308 (names, values and labels are escaped above)


def input_html(widget: Mapping[str, Any]) -> SafeString:
    """An `<input>` from its widget's context."""
    value = widget["value"]
    said = "" if value is None else f' value="{conditional_escape(str(value))}"'
    return mark_safe(  # noqa: S308
        f'<input type="{widget["type"]}" name="{escape(widget["name"])}"{said}{_attributes(widget["attrs"])}>'
    )


def choices_html(widget: Mapping[str, Any]) -> SafeString:
    """Boxes or round buttons, one a choice, each in its label; groups under their names."""
    own = widget["attrs"].get("id")
    parts = [f'<div id="{escape(own)}" class="choices">' if own else '<div class="choices">']
    for group, options, _index in widget["optgroups"]:
        if group:
            parts.append(
                f'<div class="choices-group"><span class="choices-name">{conditional_escape(group)}</span>'
            )
        for one in options:
            own_id = one["attrs"].get("id")
            for_ = f' for="{escape(own_id)}"' if own_id else ""
            parts.append(
                f'<label class="form-check"{for_}>{input_html(one)}'
                f'<span class="form-check-label">{conditional_escape(one["label"])}</span></label>'
            )
        if group:
            parts.append("</div>")
    parts.append("</div>")
    return mark_safe("".join(parts))  # noqa: S308


_PLAIN: Mapping[str, Callable[[Mapping[str, Any]], SafeString]] = {
    "django/forms/widgets/select.html": select_html,
    "django/forms/widgets/checkbox_select.html": choices_html,
    "django/forms/widgets/radio.html": choices_html,
    **{
        f"django/forms/widgets/{kind}.html": input_html
        for kind in ("text", "date", "hidden", "checkbox", "number", "search", "tel", "email", "time")
    },
}
"""Widgets written without the engine, which takes a third of a millisecond for one input."""


def _attributes(given: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{conditional_escape(value)}"'
        for name, value in given.items()
        if value is not False
    )


class Renderer(DjangoTemplates):
    """Forms and fields by the templates in `ui/forms/`; widgets by Django's own, with Tabler's classes."""

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"
    bound_field_class = Field

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Render a form's part; the common widgets without the engine."""
        plain = _PLAIN.get(template_name)
        if plain is not None:
            return plain(context["widget"])
        return super().render(template_name, context, request)

    @cached_property
    def engine(self) -> Backend:
        return Backend(
            {
                "APP_DIRS": True,
                "DIRS": [str(Path(django.forms.__file__).parent / "templates")],
                "NAME": "forms",
                "OPTIONS": {"builtins": ["django.templatetags.i18n", "hotline.ui.templatetags.ui"]},
            }
        )
