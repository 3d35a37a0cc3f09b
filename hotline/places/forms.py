"""The form of an outline import."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.places.models import AreaLevel
from hotline.places.rules.coordinates import System

MOST_BYTES = 100 * 1024 * 1024
SYSTEMS = [
    ("", _("Choose")),
    (System.WGS84.value, _("WGS-84 (GPS)")),
    (System.CGCS2000.value, _("CGCS2000 (the state's; equal to WGS-84 within a metre)")),
    (System.GCJ02.value, _("GCJ-02 (published maps in China)")),
    (System.BD09.value, _("BD-09 (Baidu)")),
]
FAULTS: Mapping[str, str | Promise] = {
    "no_geojson": _("The file is no GeoJSON."),
    "no_polygon": _("It is neither a polygon nor several."),
    "short_ring": _("A ring has fewer than three corners."),
    "no_numbers": _("A corner is no pair of numbers."),
    "no_degrees": _("A corner is no longitude and latitude; is the file in metres?"),
    "swapped": _("Latitude and longitude are exchanged; longitude comes first."),
    "no_area": _("It encloses no ground."),
    "crosses_itself": _("A ring crosses itself and nobody can tell what was meant."),
    "too_many_vertices": _("The file has too many corners."),
    "empty": _("The code is missing."),
    "too_long": _("The code is longer than 40 characters."),
    "duplicate": _("The code is there twice."),
    "no_code": _("The code is not 2 to 12 digits."),
    "same_name": _("Several divisions have this name; give the code."),
    "unknown_division": _("There is no such division; import divisions first."),
}
"""Code of a fault → what it means."""


class OutlinesForm(forms.Form):
    file = forms.FileField(label=_("File (GeoJSON)"), max_length=200)
    level = forms.ChoiceField(label=_("What it outlines"), choices=AreaLevel.choices)
    system = forms.ChoiceField(
        label=_("Coordinate system"),
        choices=SYSTEMS,
        help_text=_("Nobody can tell by looking: ask who made the file. Wrong, every outline lies 500 m beside."),
    )
    code_field = forms.CharField(
        label=_("Property with the code"),
        required=False,
        max_length=60,
        initial="adcode",
        help_text=_("Empty: found by the name. `id` is the feature's own."),
    )
    name_field = forms.CharField(label=_("Property with the name"), max_length=60, initial="name")
    within = forms.RegexField(
        r"^\d{0,12}$", label=_("Only divisions below this code"), required=False, help_text=_("310000, for example.")
    )

    def clean_file(self) -> object:
        given = self.cleaned_data["file"]
        if given.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is too large."))
        return given
