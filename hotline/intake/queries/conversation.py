"""What a call on the telephone becomes at the desk, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hotline.intake.models import Appeal, AppealState
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.language import draft as drafts
from hotline.suggestions.queries import place_finder, read_text
from hotline.transcripts.queries import transcript_of, turns_of
from hotline.workorders.models import OPEN_STATES, DemandType, WorkOrder
from hotline.workorders.queries.reference import city
from hotline.workorders.queries.visibility import visible_to

DEMANDS = {
    "consult": DemandType.CONSULTATION,
    "help": DemandType.HELP,
    "complain": DemandType.COMPLAINT,
    "report": DemandType.REPORT,
    "suggest": DemandType.SUGGESTION,
    "praise": DemandType.PRAISE,
}
"""Kinds of demand as the language library calls them."""
SURE = 0.5
"""Of the kind of demand; less is left to the agent."""


@dataclass(frozen=True, slots=True)
class Source:
    """The words that a field came from: characters `start` to before `end` of an utterance."""

    utterance: int
    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Filled:
    """One field of the form: its value, what is shown of it, and where it came from."""

    field: str
    value: str
    shown: str
    sources: tuple[Source, ...]


def draft_of_call(actor: Actor, call_id: int) -> list[Filled] | None:
    """The order form as the conversation fills it; what was not said stays empty. None when the actor may not read the call, or
    nobody has spoken."""
    transcript = transcript_of(actor, call_id)
    turns = turns_of(transcript) if transcript is not None else []
    said = [(pk, turn.text) for pk, turn in turns if turn.citizen]
    if not said:
        return None
    home = city()
    moment = clock.now().astimezone(clock.CITY_ZONE)
    area = home.division_code if home else ""
    found = drafts.draft([turn for _pk, turn in turns], moment, place_finder(), area=area)
    filled = [Filled("content", found.text, found.text, ())]
    if found.title is not None:
        filled.append(_filled("title", found.title.value, said, found.title.start, found.title.end))
    if found.demand is not None and found.demand.sure >= SURE:
        demand = DEMANDS[found.demand.value]
        filled.append(
            _filled("demand_type", demand, said, found.demand.start, found.demand.end, str(demand.label))
        )
    reading = read_text("", found.text)
    if reading.place_spans and (reading.places or reading.address):
        _field, start, end = reading.place_spans[0]
        if reading.places:
            where = reading.places[0]
            filled.append(_filled("division", where.code, said, start, end, where.path))
        if reading.address:
            filled.append(_filled("address", reading.address, said, start, end))
    if found.times and found.times[0].begin <= moment:
        first = found.times[0]
        begin = f"{first.begin:%Y-%m-%dT%H:%M}"
        filled.append(
            _filled("occurred_at", begin, said, first.start, first.stop, f"{first.begin:%m-%d %H:%M}")
        )
    if found.wishes:
        wish = found.wishes[0]
        filled.append(_filled("expectation", wish.value[:200], said, wish.start, wish.end))
    return filled


def _filled(
    field: str, value: str, said: Sequence[tuple[int, str]], start: int, end: int, shown: str = ""
) -> Filled:
    return Filled(field, value, shown or value, tuple(_sources(said, start, end)))


def _sources(said: Sequence[tuple[int, str]], start: int, end: int) -> Iterable[Source]:
    """A span of the citizen's turns, joined by line ends, as spans of utterances."""
    at = 0
    for pk, text in said:
        a, b = max(start, at), min(end, at + len(text))
        if a < b:
            yield Source(pk, a - at, b - at, text[a - at : b - at])
        at += len(text) + 1


def calls_of_order(actor: Actor, order_id: int) -> list[int]:
    """Telephone calls behind an order that the actor sees, oldest first."""
    if not visible_to(actor).filter(pk=order_id).exists():
        return []
    rows = Appeal.objects.filter(order_id=order_id).exclude(call_id="").order_by("id")
    found = [
        int(call) for call in rows.values_list("call_id", flat=True) if call.isdecimal() and len(call) < 18
    ]
    return list(dict.fromkeys(found))


def sees_call(actor: Actor, call_id: int) -> bool | None:
    """Whether the actor sees everything that was made of a call; None when nothing was made of it (transcripts.permissions)."""
    rows = Appeal.objects.filter(call_id=str(call_id)).exclude(state=AppealState.DRAFT)
    orders = set(rows.exclude(order=None).values_list("order_id", flat=True))
    if orders and visible_to(actor).filter(pk__in=orders).count() < len(orders):
        return False
    if not any(grant.handles_secret for grant in actor.grants):
        answered_in_confidence = rows.filter(order=None, secret=True).exclude(agent_id=actor.id)
        if answered_in_confidence.exists():
            return False
    return True if orders else None


def calls_held(call_ids: Iterable[int]) -> set[int]:
    """Those of the calls of which an order is still open: their recordings are evidence."""
    rows = Appeal.objects.filter(call_id__in=[str(call) for call in call_ids]).exclude(order=None)
    still = rows.filter(order__in=WorkOrder.objects.filter(state__in=OPEN_STATES))
    return {int(call) for call in still.values_list("call_id", flat=True)}
