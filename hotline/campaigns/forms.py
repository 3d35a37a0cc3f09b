"""Forms of campaigns."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.calls.models import Lane
from hotline.campaigns.models import OUTCOMES, AtMachine, Manner
from hotline.campaigns.rules import BY_AGENT

_CLOCK = {"attrs": {"type": "time"}, "format": "%H:%M"}


class CampaignForm(forms.Form):
    """What is said, to whom how often, when."""

    name = forms.CharField(
        label=_("Name of the campaign"), max_length=60, widget=forms.TextInput(attrs={"data-first": True})
    )
    manner = forms.ChoiceField(
        label=_("Who speaks"),
        choices=Manner.choices,
        initial=Manner.AUTOMATIC,
        required=False,
        help_text=_(
            "An agent reads the words from the screen and writes the answers down; the machine only dials."
        ),
    )
    lane = forms.ModelChoiceField(
        label=_("Whose agents"),
        queryset=Lane.objects.filter(active=True),
        required=False,
        empty_label=_("Nobody's"),
        help_text=_(
            "Where agents speak: those of this lane who are ready at their browser's telephone, while no caller waits."
        ),
    )
    spare = forms.IntegerField(
        label=_("Ready agents left to callers"), min_value=0, max_value=200, initial=1, required=False
    )
    script = forms.CharField(
        label=_("Words of the calls"),
        max_length=8000,
        widget=forms.Textarea(
            attrs={"rows": 14, "class": "form-control font-monospace", "spellcheck": "false"}
        ),
        help_text=_(
            "One step after another: “# name”, the words, then a line for each key: “1 solved -> thanks”. "
            "A key leads to a step, or to end (hang up), person (an agent), stop (never call again); without “->” to the next step. "
            "After “=” stands what else may be said for it: “1 solved = all done, fixed -> thanks”."
        ),
    )
    speech = forms.BooleanField(
        label=_("Answers may also be spoken"),
        required=False,
        help_text=_("Understood by rules: numbers, the words of a choice, yes and no. The keys always work."),
    )
    at_machine = forms.ChoiceField(
        label=_("At an answering machine"),
        choices=AtMachine.choices,
        initial=AtMachine.HANG_UP,
        required=False,
    )
    message = forms.CharField(
        label=_("Message to leave"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Nothing personal: anybody may hear it. It is left once; the citizen is tried again."),
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

    def given(self) -> dict[str, Any]:
        """Of a valid form; what was left empty is what a new campaign has."""
        return {
            name: self.fields[name].initial if value in (None, "") and name in DEFAULTED else value
            for name, value in self.cleaned_data.items()
        }


DEFAULTED = ("manner", "spare", "at_machine")


class ListForm(forms.Form):
    """Whom to call."""

    file = forms.FileField(
        label=_("List of numbers (CSV)"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_(
            "With a column “phone” or “电话”, at most 20,000 rows. Numbers are kept as citizens' identities and never shown."
        ),
    )


class OptOutForm(forms.Form):
    """A citizen who said to somebody that no machine is to call."""

    phone = forms.CharField(label=_("Number"), max_length=30, widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}))
    reason = forms.CharField(
        label=_("How the citizen told you"), max_length=200, help_text=_("On the telephone, at a counter, in which order.")
    )


class NoteForm(forms.Form):
    """What came of a conversation; a group of choices for each question of the script, `answer-STEP`."""

    outcome = forms.ChoiceField(
        label=_("What came of the call"), choices=[(one, dict(OUTCOMES)[one]) for one in BY_AGENT]
    )
    note = forms.CharField(
        label=_("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
