"""Forms of the base. They read; actions decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import unit_with_code
from hotline.knowledge.models import Material, Readers, TermKind
from hotline.knowledge.queries.vocabulary import categories
from hotline.knowledge.rules import FIELDS, LONGEST_CONTENT, Document
from hotline.knowledge.rules.documents import LONGEST_TITLE
from hotline.places import queries as places
from hotline.places.models import DivisionLevel


class UnitField(forms.CharField):
    """A unit by typing; the page offers `accounts/_unit_options.html`. Cleaned: the unit's id."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=200,
            widget=forms.TextInput(attrs={"list": "unit-options", "autocomplete": "off", "spellcheck": "false"}),
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            unit = Unit.objects.filter(pk=value).first()
            return f"{unit.name} · {unit.code}" if unit else ""
        return value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        unit = unit_with_code(text.rpartition("·")[2]) or Unit.objects.filter(name=text.strip(), closed_on__isnull=True).first()
        if unit is None:
            raise ValidationError(_("Choose a unit from the list."))
        return unit.pk


class LinesField(forms.CharField):
    """One value a line. Cleaned: a tuple."""

    def __init__(self, rows: int = 3, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> Any:
        return tuple(dict.fromkeys(line.strip() for line in super().clean(value).splitlines() if line.strip()))


def region_choices() -> list[tuple[str, str]]:
    """The whole city, its districts and streets."""
    rows = [*places.at_level(DivisionLevel.DISTRICT), *places.at_level(DivisionLevel.STREET)]
    return [("", str(_("Whole city"))), *((row.code, row.path_name) for row in sorted(rows, key=lambda row: row.code))]


class CategoryField(forms.CharField):
    """A leaf by typing its name; the page offers a list. Cleaned: the code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=340, widget=forms.TextInput(attrs={"list": "category-options", "autocomplete": "off"}), **options
        )

    def prepare_value(self, value: Any) -> Any:
        if value and "·" not in str(value):
            return f"{categories().name(str(value))} · {value}"
        return value

    def clean(self, value: Any) -> Any:
        return super().clean(value).rpartition("·")[2].strip()


class EntryForm(forms.Form):
    """Every field of a version."""

    title = forms.CharField(label=FIELDS["title"], max_length=LONGEST_TITLE)
    content = forms.CharField(
        label=FIELDS["content"],
        max_length=LONGEST_CONTENT,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "entry-source"}),
        help_text=_("Markdown: # heading, - list, | table |. A short paragraph for each thing that is asked."),
    )
    questions = LinesField(
        label=FIELDS["questions"], rows=4, help_text=_("One a line, in citizens' own words; searches find them first.")
    )
    keywords = LinesField(label=FIELDS["keywords"], help_text=_("One a line, at most 20 characters each."))
    category_code = CategoryField(label=FIELDS["category_code"])
    material = forms.ChoiceField(label=FIELDS["material"], choices=Material.choices)
    unit_id = UnitField(label=FIELDS["unit_id"])
    responsible_id = forms.CharField(
        label=FIELDS["responsible_id"], max_length=60, required=False, help_text=_("User name of who knows.")
    )
    region = forms.ChoiceField(label=FIELDS["region"], required=False)
    readers = forms.ChoiceField(label=FIELDS["readers"], choices=Readers.choices, widget=forms.RadioSelect, initial=Readers.AGENTS)
    valid_from = forms.DateField(label=FIELDS["valid_from"], required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    valid_to = forms.DateField(label=FIELDS["valid_to"], required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    legal_basis = forms.CharField(label=FIELDS["legal_basis"], max_length=500, required=False)
    document_number = forms.CharField(label=FIELDS["document_number"], max_length=80, required=False)
    note = forms.CharField(
        label=_("What is changed, and why"), max_length=500, required=False, help_text=_("For who reviews it.")
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = region_choices()  # type: ignore[attr-defined]

    def clean_responsible_id(self) -> int | None:
        name = self.cleaned_data["responsible_id"].strip().lower()
        if not name:
            return None
        found = Person.objects.filter(username=name, is_active=True).values_list("pk", flat=True).first()
        if found is None:
            raise ValidationError(_("Nobody in service has this user name."))
        return found

    def document(self) -> Document:
        """The cleaned form as a document."""
        return Document(**{name: self.cleaned_data[name] for name in FIELDS})

    def refuse(self, faults: Mapping[str, Any]) -> None:
        """Show what an action said beside the fields."""
        for name, text in faults.items():
            self.add_error(name if name in self.fields else None, str(text))

    @classmethod
    def filled(cls, document: Document, revision: int, note: str = "") -> EntryForm:
        """A form that shows a document."""
        values = {name: getattr(document, name) for name in FIELDS}
        person = Person.objects.filter(pk=document.responsible_id or 0).values_list("username", flat=True).first()
        return cls(initial={**values, "responsible_id": person or "", "revision": revision, "note": note})


class SearchForm(forms.Form):
    """The question and what it is limited to."""

    q = forms.CharField(
        label=_("What is asked"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autofocus": True, "autocomplete": "off"}),
    )
    region = forms.ChoiceField(label=FIELDS["region"], required=False)
    unit = UnitField(label=FIELDS["unit_id"], required=False)
    material = forms.ChoiceField(label=FIELDS["material"], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = region_choices()  # type: ignore[attr-defined]
        self.fields["material"].choices = [("", _("All kinds")), *Material.choices]  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class CorrectionForm(forms.Form):
    text = forms.CharField(
        label=_("What is wrong, and what would be right?"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class AnswerForm(forms.Form):
    """How a duty ends."""

    state = forms.ChoiceField(
        label=_("How it ends"),
        choices=(("done", _("Done")), ("dismissed", _("Not needed"))),
        widget=forms.RadioSelect,
        initial="done",
    )
    answer = forms.CharField(label=_("What was done, or why not"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class PassForm(forms.Form):
    unit_id = UnitField(label=_("Unit that knows"))
    reason = forms.CharField(label=_("Reason"), max_length=500)


class FileForm(forms.Form):
    file = forms.FileField(label=_("File"))


class TermForm(forms.Form):
    term_id = forms.IntegerField(widget=forms.HiddenInput, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=TermKind.choices)
    words = LinesField(label=_("Words that mean the same"), rows=4, help_text=_("One a line."))


class SourceForm(forms.Form):
    name = forms.CharField(label=_("Name of the source"), max_length=80)
    url = forms.CharField(label=_("Address of the JSON Feed"), max_length=500)
    unit_id = UnitField(label=FIELDS["unit_id"])
    category_code = CategoryField(label=FIELDS["category_code"])
    material = forms.ChoiceField(label=FIELDS["material"], choices=Material.choices)
    readers = forms.ChoiceField(label=FIELDS["readers"], choices=Readers.choices)
    every_minutes = forms.IntegerField(label=_("Pull every … minutes"), initial=360)
    enabled = forms.BooleanField(label=_("Pull on schedule"), required=False, initial=True)

    def refuse(self, faults: Mapping[str, Any]) -> None:
        """Show what an action said beside the fields."""
        for name, text in faults.items():
            self.add_error(name if name in self.fields else None, str(text))


class SettingsForm(forms.Form):
    """The city's wishes; ranges are the action's to say."""

    review_months = forms.IntegerField(label=_("Check each entry again after … months"))
    review_notice_days = forms.IntegerField(label=_("Ask for the check … days before"))
    expiry_notice_days = forms.IntegerField(label=_("Warn … days before an entry ends"))
    correction_workdays = forms.IntegerField(label=_("Answer a correction within … working days"))
    gap_workdays = forms.IntegerField(label=_("Fill a gap within … working days"))
    gap_weight = forms.IntegerField(label=_("A question becomes a duty after … askings"))
