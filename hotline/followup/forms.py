"""The form of a follow-up call."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.followup.rules import SATISFACTION, Answer
from hotline.kit import clock
from hotline.workorders import queries as workorders
from hotline.workorders.models import ReasonKind

YES_NO = (("yes", _("Yes")), ("no", _("No")))


def _truth(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


class CallForm(forms.Form):
    """What was heard. Which answers are missing is the action's to say."""

    connected = forms.ChoiceField(
        label=_("Reached?"), choices=YES_NO, widget=forms.RadioSelect, initial="yes"
    )
    no_answer_reason = forms.ChoiceField(label=_("Why not reached"), required=False)
    unit_contacted = forms.ChoiceField(
        label=_("Did the unit contact you?"), choices=YES_NO, widget=forms.RadioSelect, required=False
    )
    reply_true = forms.ChoiceField(
        label=_("Is the reply true?"), choices=YES_NO, widget=forms.RadioSelect, required=False
    )
    solved = forms.ChoiceField(
        label=_("Is it solved?"), choices=YES_NO, widget=forms.RadioSelect, required=False
    )
    satisfaction = forms.TypedChoiceField(
        label=_("How satisfied?"),
        choices=list(SATISFACTION.items()),
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
        required=False,
    )
    opinion = forms.CharField(
        label=_("The citizen's words"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=2000,
    )
    close_anyway_reason = forms.CharField(
        label=_("Close in spite of it, because"),
        required=False,
        max_length=500,
        help_text=_("Only when a redo cannot help. Left empty, an unhappy answer starts a redo."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = [(r.code, r.name) for r in workorders.reasons(ReasonKind.NO_CONTACT, clock.today())]
        self.fields["no_answer_reason"].choices = [("", "—"), *reasons]  # type: ignore[attr-defined]

    def answer(self) -> Answer:
        """The cleaned form as a rule's value."""
        data = self.cleaned_data
        return Answer(
            unit_contacted=_truth(data["unit_contacted"]),
            reply_true=_truth(data["reply_true"]),
            solved=_truth(data["solved"]),
            satisfaction=data["satisfaction"],
            opinion=data["opinion"],
        )


class DecisionForm(forms.Form):
    """A decision on a citizen's appeal against a result."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=(
            ("redo", _("Handle again")),
            ("supervised", _("Handle again, supervised")),
            ("upheld", _("The result stands")),
        ),
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Reason, shown to the citizen"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
