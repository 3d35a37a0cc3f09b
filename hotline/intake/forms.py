"""From what a browser posts to a demand; and the small forms of intake's other pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from hotline.campaigns.queries import About, Found
from hotline.intake.models import AppealState
from hotline.intake.queries import questions_of
from hotline.intake.queries.called import (
    ANSWERED,
    MOST_DAYS,
    Wanted,
    called_about,
    still_to_be_called,
    to_be_called,
)
from hotline.intake.rules import DESK_CHANNELS, AppealForm, CitizenInput
from hotline.intake.rules.columns import FIELDS
from hotline.intake.rules.restrictions import MEASURES
from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.workorders.models import Channel, DemandType


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
    return given if given in DESK_CHANNELS else Channel.PHONE


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


ANSWERED_STATES = [one for one in AppealState.choices if one[0] in ANSWERED]
TYPES = [one for one in DemandType.choices if one[0] != DemandType.REPORT]


class CalledForm(forms.Form):
    """Whose appeals a campaign's list comes from. A period is always given."""

    since = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    state = forms.ChoiceField(
        label=gettext_lazy("What became of it"),
        required=False,
        choices=[("", gettext_lazy("Any")), *ANSWERED_STATES],
    )
    demand_type = forms.ChoiceField(
        label=gettext_lazy("Kind of demand"), required=False, choices=[("", gettext_lazy("Any")), *TYPES]
    )
    least = forms.IntegerField(
        label=gettext_lazy("So often at least"), min_value=1, max_value=100, initial=1, required=False
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", gettext_lazy("The last day comes before the first day."))
        elif since and until and (until - since).days >= MOST_DAYS:
            self.add_error("until", gettext("A list goes over %(most)d days at most.") % {"most": MOST_DAYS})
        return given


class CalledAppeals:
    """See campaigns.queries.Source: citizens who were answered without an order."""

    code = "appeals"
    label = gettext_lazy("Citizens who were answered without an order")

    def may(self, actor: Actor) -> bool:
        return actor.is_staff and actor.has("intake:take_call")

    def form(self, data: Mapping[str, Any] | None) -> forms.Form:
        return CalledForm(data)

    def kept(self, form: forms.Form) -> dict[str, Any]:
        return {name: str(form[name].value()) for name, value in form.cleaned_data.items() if value}

    def words(self, form: forms.Form) -> str:
        given = form.cleaned_data
        chosen = [f"{given['since']} – {given['until']}"]
        chosen += [str(AppealState(given["state"]).label)] if given["state"] else []
        chosen += [str(DemandType(given["demand_type"]).label)] if given["demand_type"] else []
        if (given["least"] or 1) > 1:
            chosen.append(gettext("%(count)s times at least") % {"count": given["least"]})
        return " · ".join(chosen)

    def find(self, actor: Actor, form: forms.Form) -> Iterator[Found]:
        given = form.cleaned_data
        wanted = Wanted(
            given["since"], given["until"], given["state"], given["demand_type"], given["least"] or 1
        )
        return (Found(*one) for one in to_be_called(wanted))

    def still(self, abouts: Collection[str]) -> set[str]:
        return still_to_be_called(abouts)

    def about(self, actor: Actor, number: str) -> About | None:
        row = called_about(number) if self.may(actor) else None
        if row is None:
            return None
        facts = (
            (gettext_lazy("What became of it"), row.get_state_display()),
            (gettext_lazy("Citizen's words"), row.content),
            (gettext_lazy("What was answered"), row.answer),
        )
        return About(
            f"{row.number} {row.title}", "", tuple((label, words) for label, words in facts if words)
        )
