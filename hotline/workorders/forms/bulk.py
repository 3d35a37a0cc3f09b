"""Forms of acts on many orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.workorders.forms.acts import words
from hotline.workorders.forms.picks import CategoryPick, unit_field
from hotline.workorders.models import Category, ReasonKind, Urgency
from hotline.workorders.queries.reference import reasons
from hotline.workorders.rules import VERBS

BULK_VERBS = (
    "sign",
    "dispatch",
    "urge",
    "reclassify",
    "approve_reply",
    "supervise",
    "pass_review",
    "archive",
    "note",
)


class BulkPick(forms.Form):
    """Which act; only those that some role of the actor includes."""

    verb = forms.ChoiceField(label=_("Act on the selected orders"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"].choices = [  # type: ignore[attr-defined]
            (name, VERBS[name].label) for name in BULK_VERBS if actor.has(VERBS[name].permission)
        ]


class Nothing(forms.Form):
    """No words are needed."""


class OptionalText(forms.Form):
    text = words(_("Remark"), required=False, rows=2)


class NeededText(forms.Form):
    text = words(_("Text"), rows=2)


class Dispatch(forms.Form):
    lead_unit = unit_field(label=_("Lead unit"))
    instructions = words(_("Instructions to the unit"), required=False, rows=2)


class Reclassify(forms.Form):
    """What is left empty stays as it is."""

    category = forms.ModelChoiceField(
        label=_("Category"), queryset=Category.objects.all(), required=False, widget=CategoryPick
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), required=False, choices=[("", _("As it is")), *Urgency.choices]
    )
    labels = forms.CharField(
        label=_("Labels to add"), required=False, max_length=200, help_text=_("Separated by spaces.")
    )
    text = words(_("Why"), required=False, rows=2)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not (given.get("category") or given.get("urgency") or given.get("labels")):
            raise forms.ValidationError(_("Choose what shall change."))
        return given


class Supervise(forms.Form):
    reason_code = forms.ChoiceField(label=_("Reason"))
    text = words(_("Explanation"), rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = reasons(ReasonKind.SUPERVISE, today())
        self.fields["reason_code"].choices = [("", _("Choose")), *((row.code, row.name) for row in found)]  # type: ignore[attr-defined]


BULK_FORMS: dict[str, type[forms.Form]] = {
    "sign": Nothing,
    "dispatch": Dispatch,
    "urge": OptionalText,
    "reclassify": Reclassify,
    "approve_reply": OptionalText,
    "supervise": Supervise,
    "pass_review": Nothing,
    "archive": Nothing,
    "note": NeededText,
}
