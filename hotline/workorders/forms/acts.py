"""One form a verb: what a person fills in before the action runs. Rules stay in the action; forms parse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hotline.accounts.models import Person
from hotline.accounts.queries import open_units
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.places.models import Division, DivisionLevel
from hotline.workorders.forms.picks import (
    CategoryPick,
    NumbersField,
    PersonPick,
    UnitPick,
    unit_field,
    units_field,
)
from hotline.workorders.models import (
    Assignment,
    Audience,
    Category,
    ClosingKind,
    DemandFinding,
    DemandType,
    ListedState,
    Outcome,
    ReasonKind,
    ReplyMethod,
    SiteVisit,
    Supervision,
    Urgency,
    WorkOrder,
)
from hotline.workorders.queries.reference import reasons
from hotline.workorders.rules import BY_UNIT, DIRECT_KINDS, NO_VISIT, STEPS, findings_for


@dataclass(frozen=True)
class Around:
    """What a form may ask about its surroundings. `amounts`: lengths of an extension that the policy allows, in words."""

    actor: Actor
    order: WorkOrder
    assignment: Assignment | None = None
    amounts: tuple[tuple[str, str], ...] = ()
    supervisions: tuple[Supervision, ...] = ()


def _day() -> date:
    return now().astimezone(CITY_ZONE).date()


class Moment(forms.DateTimeField):
    """A moment of the city's day, without seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"), **options
        )


class Day(forms.DateField):
    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class YesNo(forms.TypedChoiceField):
    """Yes or no as two buttons; nothing is chosen beforehand unless `initial` says so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[("yes", _("Yes")), ("no", _("No"))],
            widget=forms.RadioSelect,
            coerce=lambda value: value == "yes",
            empty_value=None,
            **options,
        )


def words(label: Any, *, required: bool = True, rows: int = 4, help_text: Any = "") -> forms.CharField:
    """A field of running text."""
    return forms.CharField(
        label=label,
        required=required,
        help_text=help_text,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class ActForm(forms.Form):
    """Base: `revision` is the order's as the page showed it; a newer one raises Stale in the action."""

    reason_kind: ClassVar[str] = ""
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, around: Around, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.around = around
        # Two dialogs may be on a page; ids must not meet.
        self.auto_id = "act_%s"
        self.fields["revision"].initial = around.order.revision
        if self.reason_kind and "reason_code" in self.fields:
            found = reasons(self.reason_kind, _day())
            self.fields["reason_code"].choices = [("", _("Choose")), *((row.code, row.name) for row in found)]  # type: ignore[attr-defined]
        first = next((name for name, field in self.fields.items() if not field.widget.is_hidden), None)
        if first:
            self.fields[first].widget.attrs.setdefault("autofocus", True)
        self.prepare()

    def prepare(self) -> None:
        """Set choices from the surroundings."""


class Plain(ActForm):
    """Nothing to fill in."""


class OptionalText(ActForm):
    text = words(_("Remark"), required=False, rows=3)


class Text(ActForm):
    text = words(_("Text"))


class Reasoned(ActForm):
    reason_code = forms.ChoiceField(label=_("Reason"))
    text = words(_("Explanation"))


class DirectClose(ActForm):
    kind = forms.ChoiceField(
        label=_("Closing kind"), choices=[(kind.value, kind.label) for kind in DIRECT_KINDS]
    )
    text = words(_("Answer to the citizen"))

    def prepare(self) -> None:
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in map(ClosingKind, DIRECT_KINDS)]  # type: ignore[attr-defined]


class Dispatch(ActForm):
    lead_unit = unit_field(label=_("Lead unit"))
    assistants = units_field(label=_("Assisting units"))
    urgency = forms.ChoiceField(label=_("Urgency"), choices=Urgency.choices, widget=forms.RadioSelect)
    instructions = words(
        _("Instructions to the unit"),
        required=False,
        rows=3,
        help_text=_("Internal; the citizen does not see it."),
    )

    def prepare(self) -> None:
        order = self.around.order
        self.fields["urgency"].initial = order.urgency
        if order.category and order.category.default_unit_id:
            self.fields["lead_unit"].initial = order.category.default_unit_id


class Designate(ActForm):
    lead_unit = unit_field(label=_("Unit designated"))
    text = words(
        _("Why this unit"), help_text=_("The unit reads it, and may not return the order afterwards.")
    )


class Units(ActForm):
    units = units_field(label=_("Assisting units"))
    text = words(_("What they are asked"), rows=3)

    def clean_units(self) -> Any:
        if not self.cleaned_data["units"]:
            raise forms.ValidationError(_("Choose at least one unit."))
        return self.cleaned_data["units"]


class SendDown(ActForm):
    unit = unit_field(label=_("Unit below"))
    instructions = words(_("Instructions to the unit"), required=False, rows=3)

    def prepare(self) -> None:
        if self.around.assignment is None:  # the address names none; the action says what is missing
            self.fields["unit"].queryset = open_units().none()  # type: ignore[attr-defined]
            return
        unit = self.around.assignment.unit
        below = open_units().filter(path__startswith=unit.path).exclude(pk=unit.pk).order_by("path")
        self.fields["unit"].queryset = below  # type: ignore[attr-defined]
        self.fields["unit"].widget = UnitPick(query=f"?within={unit.pk}")


class Contact(ActForm):
    reached = YesNo(label=_("Was the citizen reached?"))
    contacted_at = Moment(label=_("When"))
    person = forms.CharField(label=_("Who made the contact"), max_length=60)
    reason_code = forms.ChoiceField(
        label=_("Why not reached"), required=False, help_text=_("Only when the citizen was not reached.")
    )
    text = words(_("What was said"), required=False, rows=3)
    reason_kind = ReasonKind.NO_CONTACT

    def prepare(self) -> None:
        self.fields["contacted_at"].initial = (
            now().astimezone(CITY_ZONE).replace(tzinfo=None, second=0, microsecond=0)
        )
        self.fields["person"].initial = self.around.actor.name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("reached") is False and not given.get("reason_code"):
            self.add_error("reason_code", _("Say why the citizen could not be reached."))
        if given.get("reached"):
            given["reason_code"] = ""
        return given


class ApplyReturn(Reasoned):
    basis = words(_("Legal basis"), rows=2, help_text=_("Which rule says that another unit is responsible."))
    suggested_unit = unit_field(label=_("Unit that should handle it"), required=False)
    reason_kind = ReasonKind.RETURN


class ApplyExtension(Reasoned):
    amount = forms.ChoiceField(label=_("How much longer"))
    reason_kind = ReasonKind.EXTENSION

    def prepare(self) -> None:
        self.fields["amount"].choices = self.around.amounts  # type: ignore[attr-defined]
        if not self.around.amounts:
            self.fields["amount"].help_text = _("The policy allows no extension here.")

    def clean_amount(self) -> int:
        return int(self.cleaned_data["amount"])


class ApplyHold(Reasoned):
    until = Day(label=_("Wait until"))
    reason_kind = ReasonKind.HOLD

    def prepare(self) -> None:
        self.fields["until"].initial = _day() + timedelta(days=30)


class ApplyUnreasonable(Reasoned):
    basis = words(_("Legal basis"), rows=2)
    reason_kind = ReasonKind.UNREASONABLE


class Approve(ActForm):
    text = words(_("Remark"), required=False, rows=3)


class Refuse(ActForm):
    text = words(_("Why it is refused"), help_text=_("The unit reads it and has to act on it."))


class Reply(ActForm):
    """办结回复. Which findings are asked depends on the demand's type; the rest is checked by the action."""

    fact_finding = forms.ChoiceField(
        label=_("Finding on the facts"), required=False, widget=forms.RadioSelect
    )
    demand_finding = forms.ChoiceField(
        label=_("Finding on the demand"),
        required=False,
        choices=DemandFinding.choices,
        widget=forms.RadioSelect,
    )
    explanation = words(
        _("Explanation of the findings"),
        required=False,
        rows=3,
        help_text=_(
            "Needed unless the matter is true and the demand reasonable; what was checked and what was found."
        ),
    )
    site_visit = forms.ChoiceField(
        label=_("Site visit"), required=False, choices=SiteVisit.choices, widget=forms.RadioSelect
    )
    visited_at = Moment(label=_("Visited at"), required=False)
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=Outcome.choices, widget=forms.RadioSelect
    )
    unsolved_reason = forms.ChoiceField(label=_("Why not solved"), required=False)
    text = words(
        _("Answer to the citizen"), required=False, rows=6, help_text=_("The citizen reads exactly this.")
    )
    method = forms.ChoiceField(
        label=_("How the citizen was answered"),
        required=False,
        choices=ReplyMethod.choices,
        widget=forms.RadioSelect,
    )
    replied_to_citizen_at = Moment(label=_("Answered at"), required=False)
    citizen_satisfied = YesNo(label=_("Is the citizen satisfied?"), required=False)
    internal_text = words(
        _("Internal remark"),
        required=False,
        rows=2,
        help_text=_("For the reviewer; the citizen does not see it."),
    )
    signed_unit = forms.CharField(label=_("Signed by (unit)"), required=False, max_length=120)
    handled_by = forms.CharField(label=_("Handled by"), required=False, max_length=60)
    approved_by = forms.CharField(label=_("Approved by"), required=False, max_length=60)
    publishable = forms.BooleanField(label=_("May be published without identity"), required=False)
    reason_kind = ReasonKind.UNSOLVED

    def prepare(self) -> None:
        kind = DemandType(self.around.order.demand_type)
        choices = [(finding.value, finding.label) for finding in findings_for(kind)]
        self.fields["fact_finding"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields["fact_finding"], self.fields["demand_finding"]
        if kind in NO_VISIT:
            del self.fields["site_visit"], self.fields["visited_at"]
        self.fields["unsolved_reason"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            *((row.code, row.name) for row in reasons(ReasonKind.UNSOLVED, _day())),
        ]
        self.fields["method"].initial = ReplyMethod.PHONE
        if self.around.assignment is not None:
            self.fields["signed_unit"].initial = self.around.assignment.unit.name
        self.fields["handled_by"].initial = self.around.actor.name
        if self.around.order.secret:
            del self.fields["publishable"]


class Urge(ActForm):
    reason_code = forms.ChoiceField(label=_("Reason"), required=False)
    text = words(_("Words to the unit"), required=False, rows=3)
    reason_kind = ReasonKind.URGE


class Card(ActForm):
    level = forms.ChoiceField(
        label=_("Card"),
        choices=[("yellow", _("Yellow card")), ("red", _("Red card"))],
        widget=forms.RadioSelect,
        initial="yellow",
    )
    text = words(_("Why"), rows=3)


class Supervise(Reasoned):
    joint = forms.BooleanField(label=_("Joint supervision"), required=False)
    promised_on = Day(label=_("To be finished by"), required=False)
    reason_kind = ReasonKind.SUPERVISE


class Instruct(ActForm):
    text = words(_("Instruction"))
    promised_on = Day(label=_("To be finished by"), required=False)


class Advance(ActForm):
    """The next step of one supervision."""

    by_unit: ClassVar[bool] = False
    supervision_id = forms.TypedChoiceField(label=_("Supervision"), coerce=int)
    to = forms.ChoiceField(label=_("Next step"), widget=forms.RadioSelect)
    text = words(_("Explanation"), rows=3)
    promised_on = Day(label=_("To be finished by"), required=False)
    next_on = Day(label=_("Looked at again on"), required=False)

    def prepare(self) -> None:
        rows = self.around.supervisions
        self.fields["supervision_id"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.get_kind_display()} · {row.text[:40]}") for row in rows
        ]
        steps = {
            step
            for row in rows
            for step in STEPS[ListedState(row.state)]
            if (step in BY_UNIT) == self.by_unit
        }
        self.fields["to"].choices = [(step.value, step.label) for step in ListedState if step in steps]  # type: ignore[attr-defined]
        if len(rows) == 1:
            self.fields["supervision_id"].initial = rows[0].pk
            self.fields["supervision_id"].widget = forms.HiddenInput()
        if self.by_unit:
            del self.fields["promised_on"], self.fields["next_on"]


class Answer(Advance):
    by_unit = True


class Meeting(ActForm):
    supervision_id = forms.TypedChoiceField(label=_("Supervision"), coerce=int)
    held_at = Moment(label=_("Held at"))
    participants = forms.CharField(label=_("Participants"), widget=forms.Textarea(attrs={"rows": 2}))
    text = words(_("What was said"))
    promise = words(_("What was promised"), required=False, rows=2)
    next_on = Day(label=_("Looked at again on"), required=False)

    def prepare(self) -> None:
        rows = self.around.supervisions
        self.fields["supervision_id"].choices = [  # type: ignore[attr-defined]
            (row.pk, f"{row.get_kind_display()} · {row.text[:40]}") for row in rows
        ]
        if len(rows) == 1:
            self.fields["supervision_id"].initial = rows[0].pk
            self.fields["supervision_id"].widget = forms.HiddenInput()


class Merge(ActForm):
    into = forms.CharField(
        label=_("Main order"),
        max_length=40,
        help_text=_("This order goes into it; its citizen keeps number, notices and follow-up."),
    )
    text = words(_("Why they are the same matter"), required=False, rows=2)


class Link(ActForm):
    numbers = NumbersField(
        label=_("Order numbers"), help_text=_("Several may be given, separated by spaces.")
    )


class Note(ActForm):
    text = words(_("Note"))
    audience = forms.ChoiceField(
        label=_("Who may read it"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("", _("Internal: all units with the order")),
            (Audience.HUB.value, _("Hotline centre only")),
            (Audience.PUBLIC.value, _("Also the citizen")),
        ],
    )


class Supplement(ActForm):
    text = words(_("What the citizen adds"))


def _nearby(form: ActForm, order: WorkOrder) -> None:
    """Districts and streets of the same prefecture, with what is known chosen."""
    code = order.actual_division_id or order.division_id or ""
    rows = Division.objects.filter(level__lte=DivisionLevel.STREET, level__gte=DivisionLevel.DISTRICT)
    field = form.fields["division"]
    field.queryset = (rows.filter(pk__startswith=code[:4]) if code else rows).order_by("pk")  # type: ignore[attr-defined]
    field.label_from_instance = lambda row: ("　" if row.level == DivisionLevel.STREET else "") + row.name  # type: ignore[attr-defined]
    # A community is told by its street: the list stays short enough to choose from.
    field.initial = code[:9].ljust(12, "0") if code[9:].strip("0") else code
    form.fields["address"].initial = order.actual_address or order.address


class Reclassify(ActForm):
    demand_type = forms.ChoiceField(label=_("Type"), choices=DemandType.choices)
    category = forms.ModelChoiceField(
        label=_("Category"), queryset=Category.objects.all(), required=False, widget=CategoryPick
    )
    urgency = forms.ChoiceField(label=_("Urgency"), choices=Urgency.choices, widget=forms.RadioSelect)
    division = forms.ModelChoiceField(
        label=_("Actual district or street"), required=False, queryset=Division.objects.none()
    )
    address = forms.CharField(label=_("Actual address"), required=False, max_length=300)
    secret = forms.BooleanField(label=_("Confidential"), required=False)
    difficult = forms.BooleanField(label=_("Difficult"), required=False)
    text = words(_("Why"), required=False, rows=2)

    def prepare(self) -> None:
        order = self.around.order
        _nearby(self, order)
        for name in ("demand_type", "urgency", "secret", "difficult"):
            self.fields[name].initial = getattr(order, name)
        self.fields["category"].initial = order.category_id


class Locate(ActForm):
    """Where it really is, as found on the spot."""

    division = forms.ModelChoiceField(
        label=_("Actual district or street"), required=False, queryset=Division.objects.none()
    )
    address = forms.CharField(label=_("Actual address"), max_length=300)

    def prepare(self) -> None:
        _nearby(self, self.around.order)


class Redo(Reasoned):
    supervised = forms.BooleanField(label=_("As a supervised order"), required=False)
    reason_kind = ReasonKind.REDO


class GrantAccess(ActForm):
    person = forms.ModelChoiceField(
        label=_("Colleague"), queryset=Person.objects.filter(is_active=True), widget=PersonPick
    )
    text = words(_("Why"), rows=2)


class Reveal(forms.Form):
    """Why somebody has to see the citizen's identity."""

    reason_code = forms.ChoiceField(label=_("Reason"), required=False)
    text = forms.CharField(label=_("Explanation"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "reveal_%s"
        found = reasons(ReasonKind.REVEAL, _day())
        self.fields["reason_code"].choices = [(row.code, row.name) for row in found]  # type: ignore[attr-defined]
        if not found:
            del self.fields["reason_code"]

    def reason(self) -> str:
        """Both as one line for the audit log."""
        field = self.fields.get("reason_code")
        names = dict(field.choices) if isinstance(field, forms.ChoiceField) else {}  # type: ignore[arg-type]
        chosen = names.get(self.cleaned_data.get("reason_code", ""), "")
        return "；".join(filter(None, (str(chosen), self.cleaned_data["text"])))


class Remove(forms.Form):
    """Why a file is taken away."""

    reason = forms.CharField(label=pgettext_lazy("why", "Reason"), max_length=200)
