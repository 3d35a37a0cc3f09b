"""Forms of campaigns."""

from __future__ import annotations

from datetime import time

from django import forms
from django.utils.translation import gettext_lazy as _

_CLOCK = {"attrs": {"type": "time"}, "format": "%H:%M"}


class CampaignForm(forms.Form):
    """What is said, to whom how often, when."""

    name = forms.CharField(
        label=_("Name of the campaign"), max_length=60, widget=forms.TextInput(attrs={"data-first": True})
    )
    script = forms.CharField(
        label=_("Words of the calls"),
        max_length=8000,
        widget=forms.Textarea(
            attrs={"rows": 14, "class": "form-control font-monospace", "spellcheck": "false"}
        ),
        help_text=_(
            "One step after another: “# name”, the words, then a line for each key: “1 solved -> thanks”. "
            "A key leads to a step, or to end (hang up), person (an agent), stop (never call again); without “->” to the next step."
        ),
    )
    opens = forms.TimeField(
        label=_("Calls from"),
        initial=time(9, 0),
        widget=forms.TimeInput(**_CLOCK),  # type: ignore[arg-type]
    )
    closes = forms.TimeField(
        label=_("Calls until"),
        initial=time(20, 0),
        widget=forms.TimeInput(**_CLOCK),  # type: ignore[arg-type]
    )
    workdays_only = forms.BooleanField(label=_("On working days only"), required=False, initial=True)
    lines = forms.IntegerField(label=_("Calls at once"), min_value=1, max_value=50, initial=2)
    tries = forms.IntegerField(
        label=_("Tries of each citizen"),
        min_value=1,
        max_value=9,
        initial=3,
        help_text=_("In different parts of the day: morning, afternoon, evening."),
    )
    rest_days = forms.IntegerField(
        label=_("Days of rest"),
        min_value=0,
        max_value=365,
        initial=7,
        help_text=_("A citizen whom another campaign spoke to so recently is left alone."),
    )


class ListForm(forms.Form):
    """Whom to call."""

    file = forms.FileField(
        label=_("List of numbers (CSV)"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_(
            "With a column “phone” or “电话”, at most 20,000 rows. Numbers are kept as citizens' identities and never shown."
        ),
    )
