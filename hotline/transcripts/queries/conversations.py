"""What the scribe goes by: who is talking now, what it has still to file, the city's own names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from hotline.accounts.models import Unit
from hotline.accounts.rules import significant
from hotline.calls.models import Call, CallEvent, CallState, Recording, Segment
from hotline.calls.queries.pausing import recordings_paused
from hotline.calls.rules import SPEAKING
from hotline.kit.clock import now
from hotline.places.models import Division, DivisionLevel, Point
from hotline.transcripts.models import Speaker, Transcript, TranscriptState
from hotline.transcripts.rules import Span, part_of, without

LOOKED_BACK = timedelta(days=1)
"""How far back calls without a filed transcript are made up for."""
MOST_TERMS = 60_000


@dataclass(frozen=True, slots=True)
class Ear:
    """One party's connection, to be listened to."""

    leg: str
    speaker: str
    segment_id: int | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A call in which an agent and a citizen speak. `mute`: what is said now is not to be written (on hold, recording paused)."""

    call_id: int
    connected_at: datetime
    ears: tuple[Ear, ...]
    mute: bool


def conversations() -> list[Conversation]:
    """Every call that is talked in now. Two small queries."""
    rows = list(
        Segment.objects.filter(ended_at=None, answered_at__isnull=False, call__state__in=SPEAKING)
        .exclude(leg="")
        .values_list("pk", "leg", "call_id", "call__leg", "call__state", "call__connected_at", "answered_at")
    )
    paused = recordings_paused([row[2] for row in rows])
    return [
        Conversation(
            call_id,
            connected_at or answered_at or now(),
            (Ear(caller, Speaker.CITIZEN, segment), Ear(agent, Speaker.AGENT, segment)),
            state == CallState.HELD or call_id in paused,
        )
        for segment, agent, call_id, caller, state, connected_at, answered_at in rows
    ]


def unfiled() -> list[int]:
    """Calls of late whose conversation is over and whose words are not filed; those with a recording, or begun. Oldest first."""
    talked = Call.objects.filter(arrived_at__gt=now() - LOOKED_BACK, connected_at__isnull=False).exclude(
        state__in=[*SPEAKING, CallState.QUEUED, CallState.OFFERED]
    )
    begun = Transcript.objects.filter(state=TranscriptState.FOLLOWING)
    rows = talked.filter(
        Q(transcript__in=begun) | Q(transcript=None, state=CallState.ENDED, recordings__isnull=False)
    )
    return list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:500])


@dataclass(frozen=True, slots=True)
class Source:
    """A closed recording: which milliseconds of the call it holds."""

    recording: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Spells:
    """Of a call that is over: when it was talked in (segment → milliseconds), holds and pauses taken out. `over`: milliseconds
    until the end of the last conversation; `sources`: what to read it from; `closed`: none of its recordings is written any more."""

    talked: tuple[tuple[int, Span], ...]
    over: int
    sources: tuple[Source, ...]
    closed: bool
    ended_at: datetime | None


def spells_of(call_id: int, zero: datetime) -> Spells:
    """See `Spells`."""
    call = Call.objects.only("state", "ended_at").get(pk=call_id)
    until = part_of(call.ended_at or now(), zero)
    taken: list[Span] = []
    for begins, ends in (("hold", "resume"), ("pause_recording", "resume_recording")):
        since: int | None = None
        events = CallEvent.objects.filter(call_id=call_id, verb__in=[begins, ends]).order_by("id")
        for verb, at in events.values_list("verb", "at"):
            if verb == begins and since is None:
                since = part_of(at, zero)
            elif verb == ends and since is not None:
                taken.append((since, part_of(at, zero)))
                since = None
        if since is not None:
            taken.append((since, until))
    talked: list[tuple[int, Span]] = []
    over = 0
    segments = Segment.objects.filter(call_id=call_id, answered_at__isnull=False).order_by("answered_at")
    for pk, answered, ended in segments.values_list("pk", "answered_at", "ended_at"):
        span = (part_of(answered or zero, zero), part_of(ended, zero) if ended else until)
        over = max(over, span[1])
        talked += [(pk, piece) for piece in without([span], taken)]
    recordings = Recording.objects.filter(call_id=call_id).order_by("started_at")
    sources, closed = [], call.state == CallState.ENDED or recordings.exists()
    for one in recordings:
        first = round((one.started_at - zero).total_seconds() * 1000)
        if one.sha256:
            sources.append(Source(one.pk, first, first + round((one.seconds or 0) * 1000)))
        elif not one.failure:
            closed = False
    return Spells(tuple(talked), over, tuple(sources), closed, call.ended_at)


class _Home:
    """The city's division code, from the package that knows it."""

    code: Callable[[], str] = staticmethod(lambda: "")


def use_home(code: Callable[[], str]) -> None:
    """Where the city's division code comes from; told once, at start."""
    _Home.code = staticmethod(code)


def terms() -> list[str]:
    """The city's own names: points, divisions below the city, units. For correction after recognition, never before it."""
    home = _Home.code()
    within = {"code__startswith": significant(home)} if home else {}
    names: list[str] = []
    points = Point.objects.filter(division__code__startswith=significant(home)).values_list("name", "aliases")
    for name, aliases in points.order_by("pk")[:MOST_TERMS].iterator(chunk_size=5000):
        names += [name, *map(str, aliases)]
    if home:
        rows = Division.objects.filter(level__gte=DivisionLevel.DISTRICT, **within)
        names += rows.order_by("level", "code").values_list("name", flat=True)[:MOST_TERMS]
    for pair in Unit.objects.filter(closed_on=None).values_list("name", "short_name"):
        names += pair
    return list(dict.fromkeys(names))[:MOST_TERMS]
