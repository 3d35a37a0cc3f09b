"""The machine's answer: a paragraph of the knowledge base, or that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import translation

from hotline.accounts.queries import citizen_actor
from hotline.chat import permissions, queries
from hotline.chat.actions._case import locked, move, tell, write, written
from hotline.chat.models import ChatState, Message, Sender
from hotline.chat.queries.reading import words
from hotline.chat.rules import UNANSWERED, Answer, Verb, answering, quoted
from hotline.kit import clock
from hotline.kit.actor import Actor, system_actor
from hotline.kit.errors import NotVisible
from hotline.knowledge.actions import count_use, note_search
from hotline.knowledge.models import GapSource, Paragraph
from hotline.knowledge.queries import Hit, search
from hotline.knowledge.rules.words import says_something
from hotline.language.urgency import assess

MACHINE = system_actor("online-help", permissions.ANSWER, permissions.KEEP)
NAMED = 2
"""Entries that are named when none is sure."""
_VISITOR = citizen_actor(0)
"""As whom the machine searches: nothing but what citizens may read."""


def answer(*, actor: Actor, message_id: int) -> Message | None:
    """Answer one word of a citizen, once; None when a person has the chat, or it is over.

    The search comes before the transaction; whoever writes second finds the first's answer.
    """
    permissions.can_answer(actor).require(permissions.ANSWER)
    asked = Message.objects.select_related("conversation").filter(pk=message_id, sender=Sender.CITIZEN).first()
    if asked is None:
        raise NotVisible("message")
    conversation, client = asked.conversation, f"answer:{asked.number}"
    if (earlier := written(conversation, client)) is not None or conversation.state != ChatState.MACHINE:
        return earlier
    text = words(asked)
    hits, chosen = _decide(actor, conversation.pk, text)
    quote = _quote(hits[0]) if chosen == Answer.CITE else ""
    with transaction.atomic(), translation.override(conversation.language):
        conversation = locked(conversation.pk)
        if (earlier := written(conversation, client)) is not None or conversation.state != ChatState.MACHINE:
            return earlier
        if chosen == Answer.PERSON and _can_wait(conversation.lane_id):
            move(conversation, Verb.ASK_PERSON, queued_at=clock.now())
            row = write(conversation, Sender.NOTE, code="waiting", client=client)
            tell(conversation, "chat.waiting", queue=True)
            return row
        cites = [{"entry": hit.entry.pk, "version": hit.entry.number, "anchor": hit.anchor} for hit in hits]
        if chosen == Answer.CITE:
            row = write(conversation, Sender.MACHINE, quote, client=client, cites=cites[:1])
        elif chosen == Answer.NEAR:
            row = write(conversation, Sender.MACHINE, code="near", client=client, cites=cites)
        else:
            code = {Answer.MORE: "more", Answer.DANGER: "danger"}.get(chosen, "unknown")
            row = write(conversation, Sender.MACHINE, code=code, client=client)
        tell(conversation, "chat.said")
        return row


def _quote(hit: Hit) -> str:
    parts = Paragraph.objects.filter(entry_id=hit.entry.pk).order_by("position")
    return quoted(list(parts.values_list("position", "heading", "text")), hit.position) or hit.text


def _decide(actor: Actor, conversation_id: int, text: str) -> tuple[Sequence[Hit], Answer]:
    """What to answer, and the best hits; what is not known becomes a gap of the knowledge base, without the citizen."""
    says = says_something(text)
    found = search(_VISITOR, text[:200], size=NAMED) if says else None
    hits = found.hits if found is not None else ()
    chosen = answering(
        text, says_something=says, danger=assess(text), found=(hits[0].cover, hits[0].meaning) if hits else None
    )
    if chosen in (Answer.CITE, Answer.NEAR, Answer.UNKNOWN):
        count_use(actor=actor, kind="search")
    if chosen == Answer.UNKNOWN:
        count_use(actor=actor, kind="miss")
        nearest = found.nearest if found is not None else None
        note_search(
            actor=actor, asker=f"chat:{conversation_id}", source=GapSource.PUBLIC, text=text[:200], nearest_id=nearest
        )
    return hits, chosen


def _can_wait(lane_id: int | None) -> bool:
    opened = queries.opened(lane_id=lane_id)
    return opened.open and not opened.full


def answer_waiting(*, actor: Actor) -> int:
    """Answer what a killed process left unanswered; how many."""
    permissions.can_answer(actor).require(permissions.ANSWER)
    moment = clock.now()
    rows = Message.objects.filter(
        sender=Sender.CITIZEN, conversation__state=ChatState.MACHINE,
        at__range=(moment - timedelta(minutes=30), moment - UNANSWERED),
    )  # fmt: skip
    count = 0
    for row in rows.select_related("conversation").order_by("pk")[:100]:
        if written(row.conversation, f"answer:{row.number}") is None:
            count += answer(actor=actor, message_id=row.pk) is not None
    return count
