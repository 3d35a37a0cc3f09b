"""From what a browser posts to a demand; and the small forms of intake's other pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from hotline.intake.queries import questions_of
from hotline.intake.rules import AppealForm, CitizenInput
from hotline.intake.rules.columns import FIELDS
from hotline.intake.rules.restrictions import MEASURES
from hotline.kit.clock import today
from hotline.workorders.models import Channel


def demand_of(post: QueryDict) -> AppealForm:
    """The desk's fields as a demand; what is wrong is found by the one validator."""

    def text(name: str) -> str:
        return post.get(name, "").strip()

    questions = questions_of(text("category"), today()).questions if text("category") else ()
    answers: dict[str, Any] = {}
    for question in questions:
        name = f"answers.{question.code}"
        answers[question.code] = post.getlist(name) if question.kind == "choices" else post.get(name, "")
    # A place may be typed without being chosen from the list: then it belongs to the address.
    typed_place = text("division_text") if not text("division") else ""
    labels = text("labels").replace(",", " ").replace("，", " ").replace("、", " ").split()
    return AppealForm(
        title=text("title"),
        content=text("content"),
        demand_type=text("demand_type"),
        category=text("category"),
        division=text("division"),
        address=" ".join(part for part in (typed_place, text("address")) if part),
        urgency=text("urgency"),
        secret=post.get("secret") == "1",
        anonymous=post.get("anonymous") == "1",
        on_behalf_of=text("on_behalf_of"),
        expectation=text("expectation"),
        occurred_at=text("occurred_at"),
        subject_name=text("subject_name"),
        labels=tuple(dict.fromkeys(labels)),
        answers={code: value for code, value in answers.items() if value not in ("", [])},
        attachment_key=text("attachment_key"),
        call_id=text("call_id"),
    )


def citizen_of(post: QueryDict) -> CitizenInput:
    """Who calls."""
    return CitizenInput(phone=post.get("phone", "").strip(), name=post.get("name", "").strip())


def channel_of(post: QueryDict) -> str:
    """How they come: on the phone unless the agent says otherwise."""
    given = post.get("channel", "")
    return given if given in (Channel.PHONE, Channel.COUNTER, Channel.POLICE_110) else Channel.PHONE


class ImportForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label=gettext_lazy("File (CSV)"),
        help_text=gettext_lazy("UTF-8 or GB 18030; the first line names the columns."),
    )


class MappingForm(forms.Form):
    """Which column means what."""

    def __init__(self, header: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "—"), *((name, name) for name in header)]
        for name, (label, _names) in FIELDS.items():
            self.fields[name] = forms.ChoiceField(
                label=str(label), choices=choices, required=name == "content"
            )


class RestrictionForm(forms.Form):
    """A proposal."""

    citizen_id = forms.IntegerField(widget=forms.HiddenInput)
    measure = forms.ChoiceField(label=gettext_lazy("Measure"), choices=list(MEASURES.items()))
    text = forms.CharField(label=gettext_lazy("What happened"), widget=forms.Textarea(attrs={"rows": 3}))
