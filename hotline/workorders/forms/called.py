"""The query of orders that a campaign's list may come from (campaigns.queries.Source)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hotline.accounts.models import Unit
from hotline.campaigns.queries import About, Found
from hotline.kit.actor import Actor
from hotline.places.models import Division, DivisionLevel
from hotline.workorders.city import category_options, district_options
from hotline.workorders.forms.picks import UnitPick
from hotline.workorders.models import Category, DemandType
from hotline.workorders.queries.called import (
    Period,
    Result,
    Wanted,
    called_about,
    still_to_be_called,
    to_be_called,
)
from hotline.workorders.queries.filters import OrderFilters
from hotline.workorders.queries.reference import subtree_ids
from hotline.workorders.queries.visibility import VIEW, area_prefix

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
TYPES = [one for one in DemandType.choices if one[0] != DemandType.REPORT]


class CalledForm(forms.Form):
    """Whose orders. A period is always given."""

    period = forms.ChoiceField(
        label=_("Orders that were"),
        choices=[(Period.CLOSED, _("closed in the period")), (Period.FILED, _("filed in the period"))],
    )
    since = forms.DateField(label=_("First day"), widget=DATE)
    until = forms.DateField(label=_("Last day"), widget=DATE)
    result = forms.ChoiceField(
        label=_("What the citizen said"),
        required=False,
        choices=[
            ("", _("Any")),
            (Result.DISSATISFIED, _("Dissatisfied")),
            (Result.UNSOLVED, _("Not solved")),
            (Result.UNKNOWN, _("Nothing yet")),
        ],
    )
    category = forms.ModelChoiceField(
        label=_("Category"), required=False, queryset=Category.objects.filter(level__lte=2)
    )
    division = forms.ModelChoiceField(
        label=_("District"), required=False, queryset=Division.objects.filter(level=DivisionLevel.DISTRICT)
    )
    unit = forms.ModelChoiceField(
        label=_("Unit"), required=False, queryset=Unit.objects.all(), widget=UnitPick
    )
    demand_type = forms.ChoiceField(
        label=pgettext_lazy("demand", "Type"), required=False, choices=[("", _("Any")), *TYPES]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nothing = ("", _("Any"))
        self.fields["category"].widget.choices = [nothing, *category_options()]
        self.fields["division"].widget.choices = [nothing, *district_options()]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day comes before the first day."))
        return given

    def wanted(self) -> Wanted:
        """Of a valid form."""
        given = self.cleaned_data
        filters = OrderFilters(
            unit_id=given["unit"].pk if given["unit"] else None,
            category_ids=subtree_ids(given["category"].pk) if given["category"] else (),
            division=area_prefix(given["division"].pk) if given["division"] else "",
            demand_types=(given["demand_type"],) if given["demand_type"] else (),
        )
        result = Result(given["result"]) if given["result"] else None
        return Wanted(Period(given["period"]), given["since"], given["until"], filters, result)

    def words(self) -> str:
        """Of a valid form: what it asks for."""
        given = self.cleaned_data
        chosen = [f"{given['since']} – {given['until']}"]
        for name in ("period", "result", "demand_type"):
            if given[name]:
                field = self.fields[name]
                assert isinstance(field, forms.ChoiceField)
                chosen.append(str(dict(field.choices)[given[name]]))  # type: ignore[arg-type]
        chosen += [str(given[name]) for name in ("category", "division", "unit") if given[name]]
        return " · ".join(chosen)


class Orders:
    """See campaigns.queries.Source."""

    code = "orders"
    label = _("Citizens by their orders")

    def may(self, actor: Actor) -> bool:
        return actor.has(VIEW)

    def form(self, data: Mapping[str, Any] | None) -> forms.Form:
        return CalledForm(data)

    def kept(self, form: forms.Form) -> dict[str, Any]:
        return {name: str(form[name].value()) for name, value in form.cleaned_data.items() if value}

    def words(self, form: forms.Form) -> str:
        assert isinstance(form, CalledForm)
        return form.words()

    def find(self, actor: Actor, form: forms.Form) -> Iterator[Found]:
        assert isinstance(form, CalledForm)
        return (Found(*one) for one in to_be_called(actor, form.wanted()))

    def still(self, abouts: Collection[str]) -> set[str]:
        return still_to_be_called(abouts)

    def about(self, actor: Actor, number: str) -> About | None:
        found = called_about(actor, number)
        if found is None:
            return None
        order, reply = found
        facts = (
            (pgettext_lazy("order", "State"), order.get_state_display()),
            (_("Category"), order.category.path_name if order.category else ""),
            (_("Unit"), order.lead_unit.name if order.lead_unit else ""),
            (_("Citizen's words"), order.content),
            (_("Reply"), reply),
        )
        return About(
            f"{order.number} {order.title}",
            reverse("workorders:detail", args=[order.number]),
            tuple((label, words) for label, words in facts if words),
        )
