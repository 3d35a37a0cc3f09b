"""Lists that people bring as a CSV file: looked at first, meant afterwards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.kit.errors import Invalid
from hotline.kit.tables import decoded

MOST_BYTES = 1_500_000
"""Of a list; what was checked comes back in a form, which the server bounds."""


class ListForm(forms.Form):
    """A file to check, or, in `text`, what was checked and is now meant; `sure` says that it is."""

    file = forms.FileField(label=_("File (CSV)"), required=False)
    text = forms.CharField(required=False, max_length=MOST_BYTES, strip=False, widget=forms.HiddenInput)
    sure = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """`text` is the file's."""
        data = super().clean() or {}
        given = data.get("file")
        if given is not None and given.size > MOST_BYTES:
            self.add_error("file", _("The list is larger than 1.5 MB. Split it and import the parts one after another."))
        elif given is not None:
            try:
                data["text"] = decoded(given.read())
            except Invalid as error:
                self.add_error("file", str(error.message))
        elif not data.get("text"):
            self.add_error("file", _("Choose a file."))
        return data
