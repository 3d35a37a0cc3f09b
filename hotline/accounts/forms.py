"""Forms of people, units and sign-in. They read; actions decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Person, Role, Unit, UnitLevel
from hotline.accounts.queries import open_units, search_units


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("One-time code"),
        max_length=12,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": True,
                "spellcheck": "false",
                "class": "code-input",
            }
        ),
    )


class NewPasswordForm(forms.Form):
    """`old` is left out where the password was given a moment ago."""

    old = forms.CharField(
        label=_("Present password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, not only digits, none of your last five passwords."),
    )
    again = forms.CharField(
        label=_("New password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("new") and cleaned.get("again") and cleaned["new"] != cleaned["again"]:
            self.add_error("again", _("The two are not the same."))
        return cleaned


class ContactForm(forms.Form):
    phone = forms.CharField(label=_("Telephone"), max_length=30, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class UnitForm(forms.Form):
    name = forms.CharField(label=_("Name of the unit"), max_length=120)
    short_name = forms.CharField(label=_("Short name"), max_length=40)
    code = forms.CharField(label=_("Code"), max_length=40)
    level = forms.ChoiceField(label=_("Level"), choices=UnitLevel)
    kind = forms.CharField(label=_("Type"), max_length=60, required=False)
    area_code = forms.RegexField(
        r"^\d{2,12}$",
        label=_("Division"),
        required=False,
        help_text=_("Code of the division that it answers for, up to 12 digits."),
    )
    duties = forms.CharField(label=_("Duties"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    working_hours = forms.CharField(label=_("Working hours"), max_length=60, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=30, required=False)
    opened_on = forms.DateField(
        label=_("Opened on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_area_code(self) -> str:
        code = str(self.cleaned_data["area_code"])
        return code.ljust(12, "0") if code else ""


class UnitField(forms.CharField):
    """A unit by code, name, pinyin or initials; suggestions come from a list."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            max_length=120,
            widget=forms.TextInput(attrs={"list": "unit-options", "autocomplete": "off"}),
            **more,
        )

    def clean(self, value: Any) -> Unit | None:
        text = super().clean(value)
        if not text:
            return None
        code = text.rsplit("·", 1)[-1].strip()
        exact = open_units().filter(code__iexact=code).first()
        found = [exact] if exact else search_units(text, limit=2)
        if not found:
            raise forms.ValidationError(_("There is no open unit of this name or code."))
        if len(found) > 1 and found[0].name != text and found[0].short_name != text:
            raise forms.ValidationError(_("More than one unit fits; choose one from the list."))
        return found[0]


class MoveForm(forms.Form):
    parent = UnitField(
        label=_("Under which unit"), required=False, help_text=_("Empty: to the top of the tree.")
    )


class MembershipForm(forms.Form):
    unit = UnitField(label=_("Unit"))
    role = forms.ChoiceField(label=_("Role"), choices=Role)
    area_code = forms.RegexField(
        r"^\d{2,12}$", label=_("Limited to division"), required=False, help_text=_("Empty: not limited.")
    )
    handles_secret = forms.BooleanField(label=_("Named for confidential orders of this unit"), required=False)
    valid_until = forms.DateField(
        label=_("Valid until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_area_code(self) -> str:
        code = str(self.cleaned_data["area_code"])
        return code.ljust(12, "0") if code else ""


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Full name"), max_length=60)
    title = forms.CharField(label=_("Position"), max_length=60, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=30, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)


class NewPersonForm(PersonForm):
    username = forms.RegexField(
        r"^[A-Za-z0-9._-]{3,60}$",
        label=_("User name"),
        help_text=_("Letters, digits, dot, hyphen; at least three."),
    )
    unit = UnitField(label=_("Unit"))
    role = forms.ChoiceField(label=_("Role"), choices=Role)
    area_code = forms.RegexField(
        r"^\d{2,12}$", label=_("Limited to division"), required=False, help_text=_("Empty: not limited.")
    )
    field_order = ("name", "username", "title", "unit", "role", "area_code", "phone", "email")


class DelegationForm(forms.Form):
    to_person = forms.CharField(label=_("Stand-in"), max_length=60, help_text=_("User name or full name."))
    starts_at = forms.DateTimeField(
        label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label=_("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def clean_to_person(self) -> Person:
        text = self.cleaned_data["to_person"].strip()
        found = list(Person.objects.filter(username=text.lower(), is_active=True)[:1]) or list(
            Person.objects.filter(name=text, is_active=True)[:2]
        )
        if len(found) != 1:
            raise forms.ValidationError(
                _("Nobody of this name.")
                if not found
                else _("Several people bear this name; give the user name.")
            )
        return found[0]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)
