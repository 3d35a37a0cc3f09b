"""Forms of the telephone's configuration: announcements, lines, lanes, skills, pauses, shifts."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hotline.calls.models import Lane, LaneKind, Line, MergeForm, Skill
from hotline.places import queries as places
from hotline.places.models import DivisionLevel

_MOMENT = {"attrs": {"type": "datetime-local"}, "format": "%Y-%m-%dT%H:%M"}
_CLOCK = {"attrs": {"type": "time"}, "format": "%H:%M"}
CODE = r"^[a-z0-9_-]{1,30}$"


class RecordingForm(forms.Form):
    """A city's own recording."""

    recording = forms.FileField(
        label=_("Own recording (WAV)"),
        widget=forms.FileInput(attrs={"accept": ".wav,audio/wav"}),
        help_text=_("16 bit, mono, 8 kHz or a multiple. Callers hear it instead of the voice."),
    )


class AnnouncementForm(forms.Form):
    """What is announced, where, and for how long."""

    text = forms.CharField(
        label=_("What callers hear before the greeting"),
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": 500, "data-first": True}),
        help_text=_("The platform speaks it in its own voice. Say the most important first; every caller waits for its end."),
    )
    line = forms.ModelChoiceField(
        Line.objects.none(), label=_("Telephone line"), required=False, to_field_name="code", empty_label=_("All lines")
    )
    district = forms.ChoiceField(
        label=_("District"),
        required=False,
        help_text=_("A district's announcement is heard by callers whose carrier tells where they call from."),
    )
    begins_at = forms.DateTimeField(
        label=_("Begins"),
        required=False,
        widget=forms.DateTimeInput(**_MOMENT),  # type: ignore[arg-type]
        help_text=_("Empty: at once."),
    )
    ends_at = forms.DateTimeField(
        label=_("Ends at"),
        required=False,
        widget=forms.DateTimeInput(**_MOMENT),  # type: ignore[arg-type]
        help_text=_("Empty: until it is withdrawn."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["line"].queryset = Line.objects.filter(active=True).order_by("-fallback", "number")  # type: ignore[attr-defined]
        rows = places.at_level(DivisionLevel.DISTRICT)
        self.fields["district"].choices = [  # type: ignore[attr-defined]
            ("", _("The whole city")),
            *((row.code, row.name) for row in rows),
        ]


class LineForm(forms.Form):
    """A number that citizens call."""

    number = forms.RegexField(r"^\d{3,20}$", label=_("Number"), max_length=20)
    name = forms.CharField(label=_("Name of the line"), max_length=60)
    merge_form = forms.ChoiceField(label=_("How it belongs to 12345"), choices=MergeForm)
    lane = forms.ModelChoiceField(Lane.objects.none(), label=_("Lane"), to_field_name="code")
    greeting_text = forms.CharField(
        label=_("Greeting text"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Empty: the line's name is said, and that calls are recorded. The choice below is added by itself."),
    )
    choice_key = forms.ChoiceField(
        label=_("Key of the one choice"),
        required=False,
        choices=[("", _("No choice")), *((str(key), str(key)) for key in range(1, 10))],
        help_text=_("At most one; 0 and waiting always reach a person (GB/T 33358)."),
    )
    choice_lane = forms.ModelChoiceField(
        Lane.objects.none(), label=_("Lane of the choice"), required=False, to_field_name="code", empty_label=_("No choice")
    )
    opens = forms.TimeField(label=_("Opens"), initial=time(0), widget=forms.TimeInput(**_CLOCK))  # type: ignore[arg-type]
    closes = forms.TimeField(
        label=_("Closes"),
        initial=time(0),
        widget=forms.TimeInput(**_CLOCK),  # type: ignore[arg-type]
        help_text=_("The same time twice: day and night."),
    )
    call_back_minutes = forms.IntegerField(
        label=_("Missed callers are called back within (minutes)"), min_value=5, max_value=10080, initial=120
    )
    asks_satisfaction = forms.BooleanField(
        label=_("After each conversation the caller is asked how satisfied they are"), required=False, initial=True
    )
    fallback = forms.BooleanField(label=_("Takes calls to numbers that no line has"), required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for name in ("lane", "choice_lane"):
            self.fields[name].queryset = Lane.objects.filter(active=True)  # type: ignore[attr-defined]


class LaneForm(forms.Form):
    """A queue."""

    name = forms.CharField(label=_("Name of the lane"), max_length=60)
    kind = forms.ChoiceField(label=_("Kind of lane"), choices=LaneKind)
    skill = forms.ModelChoiceField(Skill.objects.none(), label=_("Skill it asks for"), to_field_name="code")
    least_level = forms.IntegerField(label=_("From this level on (1 to 5)"), min_value=1, max_value=5, initial=1)
    priority = forms.IntegerField(
        label=_("Priority"),
        min_value=-100,
        max_value=100,
        initial=0,
        help_text=_("Higher is served first; a minute of waiting counts one."),
    )
    most_waiting = forms.IntegerField(
        label=_("Most callers who wait"), min_value=0, max_value=32000, initial=0, help_text=_("0: without limit.")
    )
    overflow_to = forms.ModelChoiceField(
        Lane.objects.none(), label=_("Whose agents help"), required=False, to_field_name="code", empty_label=_("Nobody else")
    )
    overflow_seconds = forms.IntegerField(
        label=_("They help after (seconds)"), required=False, min_value=0, max_value=86400
    )
    call_back_seconds = forms.IntegerField(
        label=_("A call-back is offered after (seconds)"),
        required=False,
        min_value=0,
        max_value=86400,
        help_text=_("Empty: never."),
    )
    update_seconds = forms.IntegerField(
        label=_("Place and likely wait are told again after (seconds)"),
        min_value=0,
        max_value=600,
        initial=60,
        help_text=_("0: once only."),
    )
    ring_seconds = forms.IntegerField(label=_("Rings at an agent (seconds)"), min_value=5, max_value=120, initial=20)
    wrap_seconds = forms.IntegerField(label=_("After-call work (seconds)"), min_value=0, max_value=1800, initial=60)

    def __init__(self, *given: Any, own: str = "", **named: Any) -> None:
        """`own`: the lane's code, which cannot help itself."""
        super().__init__(*given, **named)
        self.fields["skill"].queryset = Skill.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["overflow_to"].queryset = Lane.objects.filter(active=True).exclude(code=own)  # type: ignore[attr-defined]


class CodeForm(forms.Form):
    """The code of something new; it stays."""

    code = forms.RegexField(
        CODE, label=_("Code"), help_text=_("Small letters, figures, hyphen; stays as it is for figures and imports.")
    )


class SkillForm(CodeForm):
    name = forms.CharField(label=_("Name of the skill"), max_length=60)


class PauseForm(CodeForm):
    name = forms.CharField(label=_("Reason for a pause"), max_length=60)
    most_minutes = forms.IntegerField(
        label=_("Longest (minutes)"), min_value=0, max_value=1440, initial=0, help_text=_("0: without limit.")
    )


class ShiftForm(forms.Form):
    """One person's time at the telephone."""

    person = forms.ChoiceField(label=_("Agent"))
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    begins = forms.TimeField(label=_("From"), widget=forms.TimeInput(**_CLOCK))  # type: ignore[arg-type]
    ends = forms.TimeField(
        label=_("Until"),
        widget=forms.TimeInput(**_CLOCK),  # type: ignore[arg-type]
        help_text=_("Earlier than the beginning: on the next day."),
    )

    def __init__(self, *given: Any, people: list[tuple[str, str]], **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["person"].choices = people  # type: ignore[attr-defined]
