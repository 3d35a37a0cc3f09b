"""The filter bar of lists: query string ↔ `OrderFilters`."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core import signing
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hotline.accounts.models import Unit
from hotline.accounts.queries import find_citizen
from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.places.models import Division, DivisionLevel
from hotline.ui.text import mask_phone
from hotline.workorders.city import category_options, district_options
from hotline.workorders.forms.picks import UnitPick
from hotline.workorders.models import Category, Channel, DemandType, OrderState, Urgency
from hotline.workorders.queries.filters import Flag, OrderFilters, StateGroup
from hotline.workorders.queries.lists import Sort
from hotline.workorders.queries.reference import subtree_ids
from hotline.workorders.queries.visibility import area_prefix
from hotline.workorders.rules import read_number

PHONE = re.compile(r"(\+?86[- ]?)?(1\d{10}|0\d{2,3}[- ]?\d{7,8})")
GROUP_LABELS: dict[str, str | Promise] = {
    StateGroup.OPEN: _("All open"),
    StateGroup.WITH_HUB: _("With the hotline centre"),
    StateGroup.WITH_UNIT: _("With units"),
    StateGroup.IN_REVIEW: _("A decision is pending"),
    StateGroup.FOLLOW_UP: _("Waiting for follow-up"),
    StateGroup.FINISHED: _("Finished"),
}
FLAG_LABELS: dict[str, str | Promise] = {
    Flag.OVERDUE: _("Overdue"),
    Flag.DUE_SOON: _("Due within a day"),
    Flag.SUPERVISED: _("Supervised"),
    Flag.LISTED: _("Listed case"),
    Flag.REDO: _("Redo"),
    Flag.RETURNED: _("Returned before"),
    Flag.DIFFICULT: _("Difficult"),
    Flag.SECRET: _("Confidential"),
}
SORT_LABELS: dict[str, str | Promise] = {
    Sort.NEWEST: _("Newest first"),
    Sort.OLDEST: _("Oldest first"),
    Sort.DUE: _("Due first (open)"),
    Sort.RELEVANCE: _("Best match first"),
    Sort.ALIKE: _("Alike, also in other words"),
}


class FilterForm(forms.Form):
    """Nothing is required; an unreadable value is left out, because a list is never worth an error page."""

    find = forms.CharField(
        label=_("Find"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "placeholder": _("Words, order number or full phone number"),
                "data-key": "/",
                "type": "search",
            }
        ),
    )
    citizen = forms.CharField(label=_("Phone"), required=False, max_length=400, widget=forms.HiddenInput)
    state = forms.ChoiceField(label=pgettext_lazy("order", "State"), required=False)
    unit = forms.ModelChoiceField(
        label=_("Unit"), required=False, queryset=Unit.objects.all(), widget=UnitPick
    )
    category = forms.ModelChoiceField(
        label=_("Category"), required=False, queryset=Category.objects.filter(level__lte=2)
    )
    division = forms.ModelChoiceField(
        label=_("District"), required=False, queryset=Division.objects.filter(level=DivisionLevel.DISTRICT)
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), required=False, choices=[("", _("Any")), *Urgency.choices]
    )
    demand_type = forms.ChoiceField(
        label=_("Type"), required=False, choices=[("", _("Any")), *DemandType.choices]
    )
    channel = forms.ChoiceField(
        label=_("Channel"), required=False, choices=[("", _("Any")), *Channel.choices]
    )
    since = forms.DateField(
        label=_("Filed from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Filed until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    flag = forms.MultipleChoiceField(
        label=_("Marks"),
        required=False,
        choices=list(FLAG_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    sort = forms.ChoiceField(
        label=_("Order of rows"),
        required=False,
        choices=[("", _("Newest first")), *list(SORT_LABELS.items())[1:]],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            ("", _("Any")),
            (_("Groups"), list(GROUP_LABELS.items())),
            (_("Single states"), OrderState.choices),
        ]
        # The options are kept by the process: a list is opened far more often than the taxonomy changes.
        nothing = ("", _("Any"))
        self.fields["category"].widget.choices = [nothing, *category_options()]
        self.fields["division"].widget.choices = [nothing, *district_options()]

    def filters(self, actor: Actor) -> OrderFilters:
        """The filters. A full phone number in `find` is looked up by its keyed hash, and the look-up is written down."""
        self.is_valid()
        given = self.cleaned_data
        words, number, citizen = self._found(actor, (given.get("find") or "").strip())
        if given.get("citizen"):
            # A token that cannot be read, or is somebody else's, finds nobody.
            citizen = (token_read(actor, given["citizen"]) or (0, ""))[0]
        category = given.get("category")
        division = given.get("division")
        unit = given.get("unit")
        return OrderFilters(
            states=(given["state"],) if given.get("state") else (),
            unit_id=unit.pk if unit else None,
            category_ids=subtree_ids(category.pk) if category else (),
            division=area_prefix(division.pk) if division else "",
            urgencies=(given["urgency"],) if given.get("urgency") else (),
            demand_types=(given["demand_type"],) if given.get("demand_type") else (),
            channels=(given["channel"],) if given.get("channel") else (),
            flags=tuple(given.get("flag") or ()),
            since=given.get("since"),
            until=given.get("until"),
            words=words,
            number=number,
            citizen_id=citizen,
        )

    def wanted_sort(self) -> Sort:
        """The wanted order of rows; with words the best match comes first unless another order was chosen."""
        self.is_valid()
        chosen = self.cleaned_data.get("sort")
        if chosen:
            return Sort(chosen)
        return Sort.RELEVANCE if (self.cleaned_data.get("find") or "").strip() else Sort.NEWEST

    def chosen(self) -> list[tuple[str, str, str]]:
        """(name, label, words) of every filter that narrows the list, for the chips above it."""
        self.is_valid()
        found: list[tuple[str, str, str]] = []
        for name, value in self.cleaned_data.items():
            if not value or name == "sort":
                continue
            field = self.fields[name]
            if name == "flag":
                found += [(f"flag={flag}", "", str(FLAG_LABELS[flag])) for flag in value]
                continue
            text = str(value)
            if name == "citizen":
                text = token_mask(value)
            elif name == "state":
                text = str({**GROUP_LABELS, **dict(OrderState.choices)}.get(value, value))
            elif isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
                text = str(dict(field.choices).get(value, value))  # type: ignore[arg-type]
            found.append((name, str(field.label), text))
        return found

    @staticmethod
    def _found(actor: Actor, text: str) -> tuple[str, str, int | None]:
        number = read_number(text)
        if number:
            return "", number, None
        return ("", "", citizen_of_phone(actor, text)) if PHONE.fullmatch(text) else (text, "", None)


def citizen_of_phone(actor: Actor, text: str) -> int:
    """The citizen with this full number by its keyed hash, 0 for nobody; that somebody looked is written down."""
    citizen = find_citizen(text)
    found = citizen.pk if citizen else 0
    record(
        actor=actor,
        verb="workorders.find_by_phone",
        object_type="citizen",
        object_id=found,
        data={"found": citizen is not None},
    )
    return found


def without_phone(actor: Actor, query: QueryDict) -> QueryDict | None:
    """`query` with a full number in `find` replaced by a token, so that no address holds it; None when there is none."""
    text = query.get("find", "").strip()
    if read_number(text) or not PHONE.fullmatch(text):
        return None
    changed = query.copy()
    del changed["find"]
    changed["citizen"] = signing.dumps([actor.key(), citizen_of_phone(actor, text), mask_phone(text)], salt=_SALT)
    return changed


def token_read(actor: Actor, token: str) -> tuple[int, str] | None:
    """(citizen, masked number) of a token that this actor got within a day; None for any other."""
    try:
        owner, citizen, masked = signing.loads(token, salt=_SALT, max_age=86_400)
    except signing.BadSignature:
        return None
    return (int(citizen), str(masked)) if owner == actor.key() else None


def token_mask(token: str) -> str:
    """The masked number that a token stands for; nothing when it is not one of ours."""
    try:
        return str(signing.loads(token, salt=_SALT)[2])
    except signing.BadSignature:
        return ""


_SALT = "workorders.list.citizen"
