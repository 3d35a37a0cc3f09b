"""Forms of the configuration pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hotline.accounts.models import Unit, UnitLevel
from hotline.kit.clock import today
from hotline.workorders.actions.configuring import OPTIONS
from hotline.workorders.forms.acts import Day, words
from hotline.workorders.forms.picks import CategoryPick, UnitPick, unit_field
from hotline.workorders.models import Category, CitySettings, DemandType, ReasonKind, Urgency

OPTION_LABELS = {
    "contact_tries": _("Attempts after which a first contact counts as tried"),
    "follow_up_tries": _("Attempts of follow-up"),
    "follow_up_days": _("Days after which an unanswered follow-up closes the order"),
    "supplement_days": _("Days that the citizen has for a supplement"),
    "archive_days": _("Days after closing until the order is archived"),
    "redos_before_supervision": _("Redos before the order is supervised"),
    "returns_before_arbitration": _("Returns before arbitration"),
}


class CategoryForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=80)
    description = forms.CharField(
        label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    demand_types = forms.MultipleChoiceField(
        label=_("Usual types"),
        required=False,
        choices=DemandType.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: any type."),
    )
    default_urgency = forms.ChoiceField(label=_("Usual urgency"), choices=Urgency.choices)
    default_level = forms.ChoiceField(
        label=_("Usual level of the lead unit"), required=False, choices=[("", _("Any")), *UnitLevel.choices]
    )
    default_unit = unit_field(label=_("Usual lead unit"), required=False)
    effective_from = Day(label=_("In effect from"), required=False)
    effective_to = Day(label=_("Last day"), required=False)

    def fields_for_action(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        unit = given.pop("default_unit")
        return {**given, "default_unit_id": unit.pk if unit else None}


class MoveForm(forms.Form):
    parent = forms.ModelChoiceField(
        label=_("New place (below)"),
        queryset=Category.objects.all(),
        required=False,
        widget=CategoryPick,
        help_text=_("Empty: at the top."),
    )


class RetireForm(forms.Form):
    last_day = Day(label=_("Last day"), initial=today)
    replaced_by = forms.ModelChoiceField(
        label=_("Replaced by"), queryset=Category.objects.all(), required=False, widget=CategoryPick
    )


def _tomorrow() -> Any:
    return today() + timedelta(days=1)


class ReasonForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=ReasonKind.choices)
    code = forms.CharField(
        label=_("Code"), max_length=40, help_text=_("Lower-case letters, digits and _; never changes.")
    )
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=120)
    legal_basis = words(_("Legal basis"), required=False, rows=2)
    script = words(_("Words read to the citizen"), required=False, rows=3)
    parent_code = forms.CharField(label=_("Branch (code)"), max_length=40, required=False)
    effective_from = Day(
        label=_("In effect from"),
        initial=_tomorrow,
        help_text=_("The version before ends on the day before."),
    )
    effective_to = Day(label=_("Last day"), required=False)


class ScriptForm(forms.Form):
    code = forms.CharField(
        label=_("Code"), max_length=60, help_text=_("Lower-case letters, digits and _; never changes.")
    )
    title = forms.CharField(label=_("Title"), max_length=120)
    text = words(_("Words"), rows=6, help_text=_("Placeholders stand in square brackets, as in the pack."))
    effective_from = Day(
        label=_("In effect from"),
        initial=_tomorrow,
        help_text=_("The version before ends on the day before."),
    )
    effective_to = Day(label=_("Last day"), required=False)


class CityForm(forms.Form):
    name = forms.CharField(label=_("City"), max_length=60)
    hotline_name = forms.CharField(label=_("Name of the hotline"), max_length=80)
    division_code = forms.CharField(label=_("Division code"), max_length=12)
    number_prefix = forms.CharField(label=_("Prefix of order numbers"), max_length=6, required=False)
    accent = forms.CharField(
        label=_("Accent colour"), max_length=7, widget=forms.TextInput(attrs={"type": "color"})
    )
    hub = forms.ModelChoiceField(
        label=_("Hotline centre"),
        queryset=Unit.objects.filter(level=UnitLevel.HUB),
        required=False,
        widget=UnitPick,
    )

    def __init__(self, *args: Any, row: CitySettings | None, **kwargs: Any) -> None:
        if row is not None:
            first = {
                name: getattr(row, name)
                for name in ("name", "hotline_name", "division_code", "number_prefix", "accent")
            }
            kwargs.setdefault(
                "initial", {**first, "hub": row.hub_id, **{key: row.options.get(key) for key in OPTIONS}}
            )
        super().__init__(*args, **kwargs)
        for option, (low, high) in OPTIONS.items():
            self.fields[option] = forms.IntegerField(
                label=OPTION_LABELS[option], min_value=low, max_value=high, required=False
            )

    def options(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in OPTIONS if self.cleaned_data.get(name) is not None}
