"""The form of a new token."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Unit
from hotline.exchange.rules import SCOPES


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("System"), max_length=80, help_text=_("Who will use it, for example the district platform.")
    )
    unit = forms.ModelChoiceField(
        Unit.objects.filter(closed_on__isnull=True).order_by("code"),
        label=_("Unit that answers for it"),
        empty_label=_("Choose"),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateTimeField(
        label=_("Valid until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    per_minute = forms.IntegerField(label=_("Calls a minute"), min_value=1, max_value=100000, initial=6000)
