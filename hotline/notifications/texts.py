"""What citizens are told by SMS: a table of texts with named places. Pure.

Texts hold no identity: a phone may be lost or shared. They name the hotline, the number, the date, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

LONGEST = 500
"""Characters of one message as sent; gateways split at 70."""


@dataclass(frozen=True, slots=True)
class Template:
    label: str | Promise
    text: str | Promise

    @property
    def places(self) -> frozenset[str]:
        """Names that the context must give."""
        return frozenset(re.findall(r"%\((\w+)\)s", str(self.text)))


TEMPLATES: Mapping[str, Template] = {
    "video_invitation": Template(
        _("Call by video: your turn"),
        _(
            "[%(hotline)s] You wished to be called back in sign language. Open this link when it suits you, you go to the head of the queue: %(url)s"
        ),
    ),
    "accepted": Template(
        _("Appeal accepted"),
        _(
            "[%(hotline)s] Your appeal %(number)s is accepted. You will have an answer by %(due)s. Look it up with code "
            "%(code)s at %(url)s."
        ),
    ),
    "dispatched": Template(
        _("Sent to the handling unit"),
        _(
            "[%(hotline)s] %(number)s was sent to %(unit)s, which will contact you by %(due)s. Progress: %(url)s"
        ),
    ),
    "not_accepted": Template(
        _("Appeal not accepted"),
        _("[%(hotline)s] Your appeal %(number)s could not be accepted: %(reason)s. Details: %(url)s"),
    ),
    "not_reached": Template(
        _("Unit could not reach you"),
        _(
            "[%(hotline)s] %(unit)s tried to call you about %(number)s and could not reach you. It will call again; you may "
            "add when it suits you: %(url)s"
        ),
    ),
    "extended": Template(
        _("Time extended"),
        _(
            "[%(hotline)s] %(number)s needs more time: %(reason)s. The new date is %(due)s (before: %(old_due)s). Progress: %(url)s"
        ),
    ),
    "held": Template(
        _("Put on hold"),
        _(
            "[%(hotline)s] %(number)s is on hold: %(reason)s. It is taken up again by %(until)s at the latest. Progress: %(url)s"
        ),
    ),
    "supplement_wanted": Template(
        _("More information wanted"),
        _("[%(hotline)s] To handle %(number)s we need from you: %(question)s. Add it here: %(url)s"),
    ),
    "closed": Template(
        _("Answered, please rate"),
        _(
            "[%(hotline)s] %(number)s has been answered. Was it solved, are you satisfied? Read the answer and rate it: %(url)s"
        ),
    ),
    "merged": Template(
        _("Merged with another"),
        _(
            "[%(hotline)s] %(number)s is handled together with others about the same matter. You keep your number and get "
            "the answer: %(url)s"
        ),
    ),
    "redone": Template(
        _("Handled again"),
        _(
            "[%(hotline)s] After your feedback %(number)s is handled again by %(unit)s, until %(due)s. Progress: %(url)s"
        ),
    ),
    "withdrawn": Template(
        _("Withdrawn"),
        _("[%(hotline)s] %(number)s was withdrawn as you asked. You can file it again at any time: %(url)s"),
    ),
    "code": Template(
        _("Sign-in code"),
        _(
            "[%(hotline)s] Your code is %(code)s, valid for %(minutes)s minutes. Staff never ask for it; tell it to nobody."
        ),
    ),
}


def render(template: str, context: Mapping[str, object], language: str = "zh-hans") -> str:
    """The text in a language. Raises LookupError for an unknown template, KeyError for a missing place."""
    found = TEMPLATES.get(template)
    if found is None:
        raise LookupError(f"there is no template {template}; there are {', '.join(TEMPLATES)}")
    with override(language):
        # One line: a gateway may treat a break as the end.
        return " ".join((str(found.text) % {key: str(value) for key, value in context.items()}).split())[
            :LONGEST
        ]
