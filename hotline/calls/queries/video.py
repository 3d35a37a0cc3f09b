"""A call by video as its pages show it: who is in it, who sees whom, what was typed; and whether one may be begun now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet

from hotline.calls.engines import takes_video
from hotline.calls.models import (
    AgentSession,
    Call,
    CallBackState,
    CallState,
    Consultation,
    Lane,
    LaneKind,
    Line,
    Medium,
    Rating,
    Segment,
    TypedLine,
    VideoInvitation,
    VideoSeat,
    VideoSignal,
    VideoVisit,
)
from hotline.calls.queries.queueing import able_and_ready, handling_of
from hotline.calls.rules import Admission, AgentState, ConsultState, admission, likely_wait
from hotline.calls.rules.prompting import Grade
from hotline.calls.rules.video import MOST_OPEN, OFFERS, Part, hash_of, in_view
from hotline.kit.clock import now

IN_CALL = frozenset(
    {
        AgentState.RINGING,
        AgentState.TALKING,
        AgentState.HOLD,
        AgentState.CONSULTING,
        AgentState.ASKED,
        AgentState.HELPING,
    }
)
"""States in which an agent's page belongs to the call that the session names."""


@dataclass(frozen=True, slots=True)
class Party:
    """One page of a call. `page` is the name that it gave itself, "" before it came; `session` None: the citizen."""

    call: Call
    part: Part
    page: str
    session: AgentSession | None = None

    def among(self, others: Sequence[Party]) -> bool:
        """By who they are, never by the name that a page gave itself."""
        return any(one.part == self.part and one.session == self.session for one in others)


@dataclass(frozen=True, slots=True)
class Open:
    """Where a call by video would go now; `wait` None: nobody is signed in there, no time is promised."""

    line: Line
    lane: Lane
    admission: Admission
    ahead: int
    wait: timedelta | None
    staffed: bool


def good_invitations(key: str) -> QuerySet[VideoInvitation]:
    """The link of this key while it may be used: once, for two days, and as long as the call is owed."""
    owed = (CallBackState.WAITING, CallBackState.CLAIMED)
    return VideoInvitation.objects.filter(
        key_hash=hash_of(key), used_at=None, until__gt=now(), call_back__state__in=owed
    )


def video_open() -> Open | None:
    """None: the engine, or the city, has no calls by video."""
    if not takes_video():
        return None
    lane = Lane.objects.filter(kind=LaneKind.SIGN, active=True).first()
    line = Line.objects.filter(active=True).order_by("-fallback", "pk").first()
    if lane is None or line is None:
        return None
    moment = now()
    waiting = Call.objects.filter(lane=lane, state=CallState.QUEUED).count()
    found = admission(
        opens=line.opens, closes=line.closes, at=moment, waiting=waiting, most=lane.most_waiting
    )
    if found == Admission.OPEN and _under_way() >= MOST_OPEN:
        found = Admission.FULL
    signed_in, ready = able_and_ready(lane)
    wait = likely_wait(waiting - (1 if ready > waiting else 0), signed_in, handling_of(lane, moment))
    return Open(line, lane, found, waiting, timedelta(0) if ready > waiting else wait, signed_in > 0)


def by_video(call_id: int) -> bool:
    """Is this a call by video? False for none."""
    return Call.objects.filter(pk=call_id, medium=Medium.VIDEO).exists()


def _under_way() -> int:
    return Call.objects.filter(medium=Medium.VIDEO).exclude(state=CallState.ENDED).count()


def place_of(call: Call) -> tuple[int, timedelta | None]:
    """How many are before a waiting call in its lane, and the likely wait."""
    rows = Call.objects.filter(lane=call.lane, state=CallState.QUEUED).order_by(
        "-at_head", "-priority", "queued_at"
    )
    order = list(rows.values_list("pk", flat=True))
    ahead = order.index(call.pk) if call.pk in order else len(order)
    signed_in, _ready = able_and_ready(call.lane)
    return ahead, likely_wait(ahead, signed_in, handling_of(call.lane, now()))


def party_of_session(person_id: int) -> Party | None:
    """The part that a person at their browser's telephone has in a call by video now; in after-call work they read its last words."""
    present = Q(state__in=IN_CALL) | Q(state=AgentState.WRAP_UP, call__state=CallState.ENDED)
    session = (
        AgentSession.objects.select_related("call__lane")
        .filter(present, person_id=person_id, call__medium=Medium.VIDEO)
        .first()
    )
    if session is None or session.call is None:
        return None
    part = Part.HELPER if session.state in (AgentState.ASKED, AgentState.HELPING) else Part.AGENT
    page = VideoSeat.objects.filter(call=session.call, session=session).values_list("page", flat=True).first()
    return Party(session.call, part, page or "", session)


def party_of_visit(visit: VideoVisit) -> Party:
    return Party(visit.call, Part.CITIZEN, visit.page)


def parties(call: Call) -> list[Party]:
    """Who see one another now and whose page is there."""
    asked = (
        Consultation.objects.filter(call=call, blind=False, helper__isnull=False)
        .exclude(state=ConsultState.ENDED)
        .first()
    )
    seen = in_view(call.state, asked.state if asked is not None else "")
    found = []
    if Part.CITIZEN in seen:
        found.append(
            Party(call, Part.CITIZEN, VideoVisit.objects.values_list("page", flat=True).get(call=call))
        )
    pages = {row.session_id: row for row in VideoSeat.objects.filter(call=call).select_related("session")}
    talking = Segment.objects.filter(call=call, ended_at=None, answered_at__isnull=False).first()
    if Part.AGENT in seen and talking is not None and (row := pages.get(talking.session_id)) is not None:
        found.append(Party(call, Part.AGENT, row.page, row.session))
    if Part.HELPER in seen and asked is not None and (row := pages.get(asked.helper_id or 0)) is not None:
        found.append(Party(call, Part.HELPER, row.page, row.session))
    return [one for one in found if one.page]


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody this page connects with; `offers`: this page makes the offer."""

    page: str
    part: Part
    offers: bool


@dataclass(frozen=True, slots=True)
class Room:
    """What one page has to show and do now. `place` while the citizen waits: how many ahead, the likely wait."""

    call: Call
    peers: list[Peer]
    waits: bool
    lines: Sequence[TypedLine]
    signals: Sequence[VideoSignal]
    place: tuple[int, timedelta | None] | None = None
    may_rate: bool = False


def room_of(me: Party, *, after_line: int, after_signal: int) -> Room:
    """For one page; lines and signals after those it has."""
    call = me.call
    seen = parties(call)
    there = bool(me.page) and me.among(seen)
    peers = [
        Peer(one.page, one.part, OFFERS[me.part] < OFFERS[one.part])
        for one in seen
        if there and one.page != me.page
    ]
    ended = call.state == CallState.ENDED
    return Room(
        call,
        peers,
        not there,
        list(TypedLine.objects.filter(call=call, pk__gt=after_line).select_related("session__person").order_by("pk")[:200]),
        list(VideoSignal.objects.filter(to=me.page, call=call, pk__gt=after_signal).order_by("pk")[:50])
        if me.page
        else [],
        place_of(call) if call.state == CallState.QUEUED and me.part == Part.CITIZEN else None,
        ended
        and call.connected_at is not None
        and me.part == Part.CITIZEN
        and not Rating.objects.filter(call=call).exists(),
    )


def grades_offered() -> list[tuple[str, str]]:
    """The five words of a citizen's rating, as pressed and as read."""
    return [(value, str(label)) for value, label in Grade.choices]


def typed_in(call: Call) -> Sequence[TypedLine]:
    """All that was typed, for the call's page."""
    return list(TypedLine.objects.filter(call=call).select_related("session__person").order_by("pk"))
