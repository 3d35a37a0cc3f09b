"""Forms of the chat pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.chat.models import CannedAnswer, CityRules
from hotline.chat.rules import LONGEST


class CannedForm(forms.Form):
    """One prepared answer."""

    key = forms.SlugField(
        label=_("Short key"), max_length=24, help_text=_("Typed after / in an answer. Letters, digits and hyphens.")
    )
    title = forms.CharField(label=_("Title"), max_length=80)
    category_code = forms.CharField(label=_("Category code"), max_length=20, required=False)
    text = forms.CharField(label=_("Words"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4}))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    @classmethod
    def of(cls, row: CannedAnswer) -> CannedForm:
        """Filled with what is in use."""
        names = ("key", "title", "category_code", "text", "version")
        form = cls(initial={name: getattr(row, name) for name in names})
        form.fields["key"].widget.attrs["readonly"] = True
        return form


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # the class is not generic when it runs
    """Hours and limits."""

    class Meta:
        model = CityRules
        fields: ClassVar[list[str]] = [
            "opens", "closes", "workdays_only", "most_chats", "most_waiting", "warn_minutes", "end_minutes",
        ]  # fmt: skip
        labels: ClassVar[dict[str, Any]] = {
            "opens": _("People answer from"),
            "closes": _("People answer until"),
            "workdays_only": _("People answer on working days only"),
            "most_chats": _("Chats that one agent has at a time"),
            "most_waiting": _("Chats that may wait"),
            "warn_minutes": _("Minutes of silence until a reminder"),
            "end_minutes": _("Minutes of silence until the end"),
        }
        help_texts: ClassVar[dict[str, Any]] = {"closes": _("The same as the beginning: day and night.")}
        widgets: ClassVar[dict[str, Any]] = {
            "opens": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "closes": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, most in (("most_chats", 8), ("most_waiting", 500), ("warn_minutes", 120), ("end_minutes", 240)):
            self.fields[name] = forms.IntegerField(
                label=self.fields[name].label, min_value=1, max_value=most, initial=self.fields[name].initial
            )


class LookForm(forms.Form):
    """Why somebody who leads reads a chat."""

    reason = forms.CharField(label=_("Why do you read it? The reason is written down."), max_length=300)
