"""Forms of the catalogue."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.accounts.models import Unit
from hotline.workorders.models import Category


class EntryForm(forms.Form):
    """One entry; category by code, units by id, as the type-ahead fields give them."""

    category = forms.CharField(label=gettext_lazy("Category"))
    area_code = forms.CharField(
        label=gettext_lazy("Area"), required=False, help_text=gettext_lazy("Empty: the whole city")
    )
    lead_unit = forms.ModelChoiceField(Unit.objects.all(), label=gettext_lazy("Lead unit"))
    assistants = forms.ModelMultipleChoiceField(
        Unit.objects.all(), label=gettext_lazy("Assisting units"), required=False
    )
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    effective_from = forms.DateField(
        label=gettext_lazy("Holds from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_category(self) -> Category:
        """A code to its category."""
        found = Category.objects.filter(code=self.cleaned_data["category"]).first()
        if found is None:
            raise forms.ValidationError(_("There is no such category."))
        return found


class TrustForm(forms.Form):
    """How far a category is trusted; in percent, as people say it."""

    category = forms.CharField(label=gettext_lazy("Category"))
    threshold = forms.FloatField(
        label=gettext_lazy("From this confidence on (%)"), widget=forms.NumberInput(attrs={"step": "0.5"})
    )
    sample = forms.FloatField(
        label=gettext_lazy("Share that a person judges (%)"), widget=forms.NumberInput(attrs={"step": "1"})
    )
    most_errors = forms.FloatField(
        label=gettext_lazy("Stops above this error rate (%)"), widget=forms.NumberInput(attrs={"step": "1"})
    )

    clean_category = EntryForm.clean_category
