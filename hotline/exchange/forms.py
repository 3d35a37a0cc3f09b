"""The form of a new token."""

from __future__ import annotations

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Unit
from hotline.exchange.rules import SCOPES
from hotline.ui.picks import Pick, chosen_names


class UnitPick(Pick):
    """The unit that answers for a system, among a city's two thousand."""

    url = reverse_lazy("workorders:find_units")
    hint = _("Type Chinese or pinyin")

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        return chosen_names(values, Unit.objects)


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("System"), max_length=80, help_text=_("Who will use it, for example the district platform.")
    )
    unit = forms.ModelChoiceField(
        Unit.objects.filter(closed_on=None), label=_("Unit that answers for it"), widget=UnitPick
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateTimeField(
        label=_("Valid until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    per_minute = forms.IntegerField(label=_("Calls a minute"), min_value=1, max_value=100000, initial=6000)
