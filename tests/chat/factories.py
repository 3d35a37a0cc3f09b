"""A help with an entry that answers, seats, and chats that wait."""

from __future__ import annotations

import secrets
from itertools import count
from typing import Any

from hotline.accounts.queries import citizen_actor
from hotline.chat import actions
from hotline.chat.models import Conversation
from hotline.chat.rules import hash_of
from hotline.demo.pack import PACKS
from hotline.knowledge.actions import count_words, load_entries
from hotline.knowledge.models import Entry
from hotline.knowledge.rules import read_csv
from tests.accounts.cast import Cast
from tests.knowledge.factories import SYSTEM, published

VISITOR = citizen_actor(0)
_ids = count(1)


def make_knowledge(cast: Cast) -> Entry:
    """The demo city's entries, and one for staff alone; returns the one about residence permits."""
    rows, faults = read_csv((PACKS / "shanghai" / "knowledge" / "entries.csv").read_bytes())
    assert faults == []
    load_entries(actor=SYSTEM, rows=[row | {"unit_code": "A"} for row in rows])
    published(cast.a, "内部话术：居住证争议安抚", "坐席内部：遇到居住证争议先安抚。", readers="agents")
    count_words(actor=SYSTEM)
    return Entry.objects.get(title="居住证办理和签注")


def new_key() -> str:
    return secrets.token_urlsafe(24)


def say(key: str, text: str, client: str = "", actor: Any = VISITOR) -> Any:
    return actions.say(actor=actor, key=key, text=text, client=client or f"c{next(_ids)}")


def chat_of(key: str) -> Conversation:
    return Conversation.objects.get(key_hash=hash_of(key))


def make_waiting(text: str = "居住证丢了怎么办", actor: Any = VISITOR) -> tuple[str, Conversation]:
    """A citizen who asked for a person; the moment must lie within the hours."""
    key = new_key()
    say(key, text, actor=actor)
    return key, actions.ask_person(actor=actor, key=key)


def make_talking(agent: Any, text: str = "居住证丢了怎么办", actor: Any = VISITOR) -> tuple[str, Conversation]:
    actions.open_seat(actor=agent)
    key, chat = make_waiting(text, actor)
    return key, actions.take(actor=agent, conversation_id=chat.pk)
