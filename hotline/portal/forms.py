"""One form a page of filing, and those of an appeal's own page. Whether values are right is intake's to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.followup.rules import SATISFACTION
from hotline.workorders.models import DemandType

TYPES = [
    (DemandType.HELP, _("I need help")),
    (DemandType.COMPLAINT, _("I want to complain")),
    (DemandType.CONSULTATION, _("I have a question")),
    (DemandType.SUGGESTION, _("I have a suggestion")),
    (DemandType.REPORT, _("I report wrongdoing (kept confidential)")),
    (DemandType.PRAISE, _("I want to praise")),
]


class WordsForm(forms.Form):
    content = forms.CharField(
        label=_("What happened?"),
        widget=forms.Textarea(attrs={"rows": 7, "autofocus": True}),
        max_length=20_000,
        help_text=_("What, since when, and what you would like to happen. In your own words."),
    )


class PlaceForm(forms.Form):
    district = forms.ChoiceField(label=_("District of the city"), required=False)
    street = forms.ChoiceField(label=_("Street or town"), required=False)
    community = forms.ChoiceField(label=_("Community or village"), required=False)
    address = forms.CharField(
        label=_("Where exactly?"),
        max_length=300,
        required=False,
        help_text=_("Road and number, estate, building, or a landmark near by."),
    )

    def __init__(self, *args: Any, choices: dict[str, list[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, options in choices.items():
            self.fields[name].choices = [("", _("Choose (you may leave it open)")), *options]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        # A choice below another district counts only after the page was told the new district.
        data["division"] = data.get("community") or data.get("street") or data.get("district") or ""
        return data


class AboutForm(forms.Form):
    demand_type = forms.ChoiceField(
        label=_("What is it?"),
        choices=[(str(k), v) for k, v in TYPES],
        widget=forms.RadioSelect,
        initial=DemandType.HELP,
    )
    expectation = forms.CharField(label=_("What would you like to happen?"), max_length=500, required=False)


class ContactForm(forms.Form):
    phone = forms.CharField(
        label=_("Your mobile number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
        help_text=_("The unit calls you within its deadline. Units see 138****1234 only."),
    )
    name = forms.CharField(
        label=_("How may we address you?"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    secret = forms.BooleanField(
        label=_("Keep this confidential"),
        required=False,
        help_text=_("Only named handlers see it, and never your name."),
    )
    on_behalf_of = forms.CharField(
        label=_("For somebody else"),
        max_length=60,
        required=False,
        help_text=_("Whom you speak for, if not for yourself."),
    )


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel", "autofocus": True}),
    )


class VideoForm(forms.Form):
    phone = forms.CharField(label=_("Mobile number"), max_length=30, required=False)


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the message"),
        max_length=8,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
    )


class LookUpForm(forms.Form):
    number = forms.CharField(
        label=_("Appeal number"),
        max_length=30,
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "characters"}),
    )
    code = forms.CharField(label=_("Look-up code"), max_length=12)


class TextForm(forms.Form):
    text = forms.CharField(label=_("Your words"), widget=forms.Textarea(attrs={"rows": 4}), max_length=5000)


TEXTS: dict[str, str | Promise] = {
    "supplement": _("What would you like to add?"),
    "withdraw": _("Why do you withdraw it?"),
    "contest": _("Why do you not accept the result?"),
}
"""Verbs of an appeal's page that ask for words, and what they ask."""


def text_form(verb: str, data: Mapping[str, Any] | None = None, initial: dict[str, Any] | None = None) -> TextForm:
    """The form of a verb of `TEXTS`, with ids of its own on the page."""
    form = TextForm(data, auto_id=f"{verb}_%s", initial=initial)
    form.fields["text"].label = str(TEXTS[verb])
    return form


class RatingForm(forms.Form):
    solved = forms.ChoiceField(
        label=_("Is it solved?"),
        choices=(("yes", _("Yes, it is solved")), ("no", _("No, not yet"))),
        widget=forms.RadioSelect,
    )
    satisfaction = forms.TypedChoiceField(
        label=_("How satisfied are you?"),
        choices=list(SATISFACTION.items()),
        coerce=int,
        widget=forms.RadioSelect,
    )
    opinion = forms.CharField(
        label=_("What should be different?"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=2000,
    )
