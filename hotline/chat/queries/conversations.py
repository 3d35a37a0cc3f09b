"""Conversations: by the citizen's key, of an agent, in the queue, of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Case, Count, F, IntegerField, Q, QuerySet, Value, When

from hotline.calls.models import Lane, PersonSkill
from hotline.calls.rules import likely_wait
from hotline.chat import permissions
from hotline.chat.models import CannedAnswer, ChatState, CityRules, Conversation, Seat, Sender
from hotline.chat.rules import FIGURES, GONE, USUAL, hash_of, is_open, places_free
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.errors import NotVisible, Refused
from hotline.worktime.queries import calendar_in_effect
from hotline.worktime.rules import YearUnknown


def city_rules() -> CityRules:
    """The one row; its defaults until somebody saves it."""
    return CityRules.objects.first() or CityRules()


def of_key(key: str) -> Conversation | None:
    """The conversation of a citizen's key; None before the first word."""
    rows = Conversation.objects.select_related("lane", "appeal").filter(key_hash=hash_of(key))
    return rows.first() if key else None


def visible_to(actor: Actor) -> QuerySet[Conversation]:
    """Staff who lead see all; who answers sees what waits for them and what they have; the platform's jobs everything."""
    rows = Conversation.objects.select_related("lane", "agent", "appeal")
    if actor.is_system or permissions.can_watch(actor):
        return rows
    if not permissions.can_take(actor):
        return rows.none()
    return rows.filter(Q(state=ChatState.WAITING) & _served(actor.id) | Q(agent_id=actor.id))


def conversation_for(actor: Actor, conversation_id: int) -> Conversation:
    """One of them. Raises NotVisible."""
    found = visible_to(actor).filter(pk=conversation_id).first()
    if found is None:
        raise NotVisible("chat")
    return found


def _served(person_id: int) -> Q:
    """Waiting chats of the lanes that a person has the skill for; without a lane anybody's."""
    return Q(lane=None) | Q(lane_id__in=lanes_of(person_id))


def lanes_of(person_id: int) -> list[int]:
    """Active lanes whose skill the person has, at the level that the lane asks."""
    skills = dict(PersonSkill.objects.filter(person_id=person_id).values_list("skill_id", "level"))
    lanes = Lane.objects.filter(active=True, skill_id__in=skills).values_list("pk", "skill_id", "least_level")
    return [lane for lane, skill, least in lanes if skills[skill] >= least]


def queue(person_id: int | None = None) -> QuerySet[Conversation]:
    """What waits, in the order in which it is served; for one person: of their lanes."""
    rows = Conversation.objects.select_related("lane").filter(state=ChatState.WAITING)
    if person_id is not None:
        rows = rows.filter(_served(person_id))
    return rows.order_by("-at_head", "queued_at", "id")


def own_chats(person_id: int) -> list[Conversation]:
    """What an agent has now, in the order in which it was taken, with `unread` of the citizen's words."""
    unread = Count("messages", filter=Q(messages__sender=Sender.CITIZEN, messages__number__gt=F("read")))
    rows = Conversation.objects.filter(agent_id=person_id, state=ChatState.TALKING)
    return list(rows.select_related("lane", "appeal").annotate(unread=unread).order_by("taken_at", "id"))


@dataclass(frozen=True, slots=True)
class Opened:
    """How it is with people now; `wait` None: nobody sits there, no time is promised."""

    rules: CityRules
    open: bool
    full: bool
    seats: int
    ahead: int
    wait: timedelta | None

    @property
    def day_and_night(self) -> bool:
        return self.rules.opens == self.rules.closes


def opened(at: datetime | None = None, *, lane_id: int | None = None, ahead: int | None = None) -> Opened:
    """Whether a person can be asked for now, and the likely wait of one more."""
    moment, rules = at or now(), city_rules()
    waiting = queue().filter(_lane(lane_id)).count() if ahead is None else ahead
    seats = [one for one in seats_now(moment) if not one.resting and (lane_id is None or lane_id in one.lanes)]
    free = sum(one.free for one in seats)
    slots = len(seats) * rules.most_chats
    wait = likely_wait(waiting - (1 if free > waiting else 0), slots, _usual())
    return Opened(
        rules,
        is_open(rules.opens, rules.closes, moment, works_today=_works(rules, moment)),
        waiting >= rules.most_waiting,
        len(seats),
        waiting,
        timedelta(0) if free > waiting else wait,
    )


def place_of(conversation: Conversation) -> Opened:
    """The same for who waits: `ahead` counts those before."""
    rows = queue().filter(_lane(conversation.lane_id))
    before = Q(queued_at__lt=conversation.queued_at) | Q(queued_at=conversation.queued_at, pk__lt=conversation.pk)
    ahead = rows.filter(before, at_head=True) if conversation.at_head else rows.filter(before | Q(at_head=True))
    return opened(lane_id=conversation.lane_id, ahead=ahead.exclude(pk=conversation.pk).count())


def _lane(lane_id: int | None) -> Q:
    return Q(lane=None) if lane_id is None else Q(lane_id=lane_id)


def _works(rules: CityRules, moment: datetime) -> bool:
    if not rules.workdays_only:
        return True
    try:
        return calendar_in_effect().calendar.is_workday(moment.astimezone(CITY_ZONE).date())
    except (Refused, YearUnknown):
        return False


def _usual() -> timedelta:
    """How long people's latest chats took."""
    latest = Conversation.objects.filter(taken_at__isnull=False, state=ChatState.ENDED).order_by("-pk")[:FIGURES]
    found = Conversation.objects.filter(pk__in=latest.values("pk")).aggregate(mean=Avg(F("ended_at") - F("taken_at")))
    return found["mean"] or USUAL


@dataclass(frozen=True, slots=True)
class SeatNow:
    """A seat that is there."""

    seat: Seat
    having: int
    free: int
    lanes: frozenset[int]

    @property
    def resting(self) -> bool:
        return self.seat.resting


def seat_of(person_id: int) -> Seat | None:
    """The open seat of a person."""
    return Seat.objects.filter(person_id=person_id, open=True).first()


def seats_now(moment: datetime | None = None) -> list[SeatNow]:
    """Open seats whose page is alive, with what they have. Three queries."""
    most = city_rules().most_chats
    rows = list(
        Seat.objects.select_related("person")
        .filter(open=True, seen_at__gt=(moment or now()) - GONE)
        .annotate(having=Count("person__chats", filter=Q(person__chats__state=ChatState.TALKING)))
        .order_by("person__name", "pk")
    )
    lanes = _lanes([one.person_id for one in rows])
    return [
        SeatNow(one, one.having, places_free(most, one.having, resting=one.resting), lanes.get(one.person_id, frozenset()))
        for one in rows
    ]


def _lanes(people: Sequence[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    rows = Lane.objects.filter(active=True, skill__people__person__in=people, skill__people__level__gte=F("least_level"))
    for person, lane in rows.values_list("skill__people__person", "pk"):
        found.setdefault(person, set()).add(lane)
    return {person: frozenset(ids) for person, ids in found.items()}


def colleagues(actor: Actor) -> list[SeatNow]:
    """Seats that could take one more chat, without one's own."""
    return [one for one in seats_now() if one.seat.person_id != actor.id and one.free]


def lanes_open() -> list[Lane]:
    """Lanes to which a chat may be passed."""
    return list(Lane.objects.filter(active=True).order_by("position", "name"))


def canned(category: str = "") -> list[CannedAnswer]:
    """Prepared answers in use, those of the category first; at most 200."""
    rows = CannedAnswer.objects.filter(current=True)
    fits = Case(When(category_code=category, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(rows.annotate(fits=fits).order_by("fits", "category_code", "key")[:200] if category else rows.order_by("category_code", "key")[:200])


def canned_versions(key: str) -> list[CannedAnswer]:
    """All versions of one key, newest first."""
    return list(CannedAnswer.objects.filter(key=key).order_by("-version"))


def of_order(order_id: int) -> list[Conversation]:
    """Chats that an order came from; who asks was let in by the order."""
    return list(
        Conversation.objects.filter(appeal__order_id=order_id, filed_at__isnull=False)
        .select_related("agent")
        .order_by("pk")[:20]
    )
