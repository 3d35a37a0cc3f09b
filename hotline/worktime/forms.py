"""Forms of calendars and policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hotline.worktime.models import DayKind
from hotline.worktime.rules import Vocabulary

_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class DayForm(forms.Form):
    """One day of a draft."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    kind = forms.ChoiceField(
        label=_("It is"), choices=[*DayKind.choices, ("", _("an ordinary day"))], required=False
    )
    name = forms.CharField(label=pgettext_lazy("calendar", "Name"), max_length=60, required=False)


class DaysForm(forms.Form):
    """A list of days, pasted or as a file."""

    text = forms.CharField(
        label=_("List of days"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": "day,kind,name\n2028-01-01,holiday,元旦"}),
        help_text=_(
            "Columns day, kind (holiday or make_up_workday) and name; it replaces the draft's days of its years."
        ),
    )
    file = forms.FileField(label=_("or a CSV file"), required=False)
    source = forms.CharField(label=_("Source, e.g. number of the notice"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        upload = data.get("file")
        if upload is not None:
            if upload.size > 200_000:
                self.add_error("file", _("The file is larger than a list of days can be."))
            else:
                try:
                    data["text"] = upload.read().decode("utf-8-sig")
                except UnicodeDecodeError:
                    self.add_error("file", _("The file is not UTF-8 text."))
        if not data.get("text") and not self.errors:
            self.add_error("text", _("Paste a list or choose a file."))
        return data


class YearForm(forms.Form):
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2100)


class PublishForm(forms.Form):
    effective_from = forms.DateTimeField(label=_("In effect from"), widget=_MOMENT)


class DocumentForm(forms.Form):
    text = forms.CharField(
        label="YAML", widget=forms.Textarea(attrs={"rows": 28, "class": "policy-yaml", "spellcheck": "false"})
    )


class TryForm(forms.Form):
    """A made-up order, to see when it would be due."""

    demand_type = forms.ChoiceField(label=_("Demand type"), required=False)
    urgency = forms.ChoiceField(label=_("Urgency"), required=False)
    flow = forms.ChoiceField(label=_("Flow"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    unit_level = forms.ChoiceField(label=_("Unit level"), required=False)
    category_code = forms.CharField(label=_("Category code"), required=False, max_length=40)
    start = forms.DateTimeField(label=_("Starts"), widget=_MOMENT)

    def __init__(self, data: Any, vocabulary: Vocabulary, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for name, choices in (
            ("demand_type", vocabulary.demand_types),
            ("urgency", vocabulary.urgencies),
            ("flow", vocabulary.flows),
            ("channel", vocabulary.channels),
            ("unit_level", vocabulary.unit_levels),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = _choices(choices, optional=name in ("channel", "unit_level"))


def _choices(choices: Sequence[tuple[str, Any]], *, optional: bool) -> list[tuple[str, Any]]:
    return [*([("", _("any"))] if optional else []), *choices]
