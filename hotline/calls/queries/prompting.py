"""What callers are told, in the city's words, and how far the voice is with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from hotline.calls.models import Announcement, Line, Prompt
from hotline.calls.rules import CALL_BACK_ASKED, CALL_BACK_NOTED, CLOSED, FULL
from hotline.calls.rules.prompting import (
    AUDIBLE,
    LONG,
    MANY_AHEAD,
    MINUTES,
    NEXT,
    PLACES,
    RATE,
    RATED,
    SOON,
    Said,
    ahead_sound,
    said,
)
from hotline.kit.clock import now

MORE: list[Callable[[], Mapping[str, str]]] = []
"""What packages above have said, by file: asked each time, spoken after what callers hear."""


def also_said(texts: Callable[[], Mapping[str, str]]) -> None:
    """More files that the voice is to speak."""
    MORE.append(texts)


def prompts() -> dict[str, str]:
    """What is said in each file of the prompts, in the city's language, the most urgent first: announcements, greetings, the rest.

    Of lines that share a greeting the fallback is named.
    """
    texts = dict(
        Announcement.objects.exclude(ends_at__lte=now()).order_by("-pk").values_list("sound", "text")
    )
    greetings = {
        line.greeting: greeting_of(line)
        for line in Line.objects.filter(active=True).select_related("choice_lane").order_by("fallback", "-pk")
    }
    more = {name: text for one in MORE for name, text in one().items()}
    return texts | greetings | own_words() | more


def greeting_of(line: Line) -> str:
    """What the line says: its own words, or its name; with its choice and the way to a person."""
    with override(settings.LANGUAGE_CODE):
        text = line.greeting_text.strip() or _("Hello, this is the %(line)s. Your call may be recorded.") % {
            "line": line.name
        }
        if line.choice_lane is not None:
            text += _("For %(lane)s press %(key)s, for a person press 0 or hold on.") % {
                "lane": line.choice_lane.name,
                "key": line.choice_key,
            }
    return text


@cache
def _own_words(language: str) -> Mapping[str, str]:
    with override(language):
        texts = {
            CLOSED: _("Thank you for calling. This line is closed now; we will call you back in our hours."),
            FULL: _("All lines are busy. We will call you back."),
            CALL_BACK_ASKED: _("The wait is long. Press 1 to be called back without losing your turn."),
            CALL_BACK_NOTED: _("We have noted your number and will call you back. Goodbye."),
            RATE: _(
                "Please rate our service: very satisfied press 1, satisfied press 2, basically satisfied press 3,"
                " dissatisfied press 4, very dissatisfied press 5."
            ),
            RATED: _("Thank you for your rating. Goodbye."),
            NEXT: _("You are the next. Thank you for waiting."),
        }
        for place in PLACES:
            texts[ahead_sound(place)] = ngettext(
                "There is %(count)d caller before you.", "There are %(count)d callers before you.", place
            ) % {"count": place}
        texts[MANY_AHEAD] = _("There are more than nine callers before you.")
        texts[SOON] = _("The likely wait is less than one minute.")
        for minutes in MINUTES:
            texts[f"wait/minutes-{minutes}.wav"] = ngettext(
                "The likely wait is about %(count)d minute.",
                "The likely wait is about %(count)d minutes.",
                minutes,
            ) % {"count": minutes}
        texts[LONG] = _("The likely wait is more than half an hour.")
    return texts


def own_words() -> dict[str, str]:
    """Sentences that are the same for all lines and days, in the city's language."""
    return dict(_own_words(settings.LANGUAGE_CODE))


def audible(texts: Iterable[str] | Mapping[str, str]) -> set[str]:
    """Those of these files that say their text, or a city's own; by name, with the text or (own words) without it."""
    wanted = texts if isinstance(texts, Mapping) else {name: own_words().get(name, "") for name in texts}
    state = said_states(wanted)
    return {name for name, one in state.items() if one in AUDIBLE}


def said_states(texts: Mapping[str, str]) -> dict[str, Said]:
    """How far each text is, by file."""
    rows = {
        name: (key, fault_key, fault)
        for name, key, fault_key, fault in Prompt.objects.filter(name__in=texts).values_list(
            "name", "key", "fault_key", "fault"
        )
    }
    return {name: said(text, *rows.get(name, ("", "", ""))) for name, text in texts.items()}
