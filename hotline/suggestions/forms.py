"""Forms of the vocabulary."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy


class LabelForm(forms.Form):
    """One label; words with blanks, commas or lines between them."""

    name = forms.CharField(label=gettext_lazy("Name of the label"), max_length=40)
    words = forms.CharField(
        label=gettext_lazy("Words that propose it"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("With blanks between them; any of them in the text proposes the label."),
    )
    description = forms.CharField(label=gettext_lazy("When it is used"), required=False, max_length=200)
    category_code = forms.CharField(
        label=gettext_lazy("Also proposed for the category"), required=False, max_length=40
    )

    def values(self) -> dict[str, Any]:
        """What the actions take."""
        given = self.cleaned_data
        return {**given, "words": [word for word in re.split(r"[\s,，、;；]+", given["words"]) if word]}
