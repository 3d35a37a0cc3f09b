"""What callers are told, in the city's words."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from hotline.calls.models import Announcement, Line
from hotline.calls.rules import CALL_BACK_ASKED, CALL_BACK_NOTED, CLOSED, FULL
from hotline.kit.clock import now


def prompts() -> dict[str, str]:
    """What is said in each file of the prompts, in the city's language. Of lines that share a greeting the fallback is named."""
    with override(settings.LANGUAGE_CODE):
        texts = {
            CLOSED: _("Thank you for calling. This line is closed now; we will call you back in our hours."),
            FULL: _("All lines are busy. We will call you back."),
            CALL_BACK_ASKED: _("The wait is long. Press 1 to be called back without losing your turn."),
            CALL_BACK_NOTED: _("We have noted your number and will call you back. Goodbye."),
        }
        for line in (
            Line.objects.filter(active=True).select_related("choice_lane").order_by("fallback", "-pk")
        ):
            greeting = _("Hello, this is the %(line)s. Your call may be recorded.") % {"line": line.name}
            if line.choice_lane is not None:
                greeting += _("For %(lane)s press %(key)s, for a person press 0 or hold on.") % {
                    "lane": line.choice_lane.name,
                    "key": line.choice_key,
                }
            texts[line.greeting] = greeting
    texts.update(Announcement.objects.exclude(ends_at__lte=now()).values_list("sound", "text"))
    return texts
