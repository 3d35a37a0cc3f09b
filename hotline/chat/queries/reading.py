"""What was said, unsealed, for who may read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from hotline.chat.models import Conversation, Message, Sender
from hotline.chat.rules import NOTES
from hotline.kit.crypto import BadCipher, identity_ring
from hotline.knowledge.models import Entry
from hotline.language.privacy import mask_all

PURPOSE = "chat.message"


def bound(row: Message) -> str:
    """What a message's ciphertext is tied to."""
    return f"{row.conversation_id}:{row.number}"


@dataclass(frozen=True, slots=True)
class Cite:
    """Where an answer stands: the entry, its version at that time, the block on its page."""

    entry_id: int
    version: int
    anchor: int
    title: str
    unit: str
    newer: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One message as a page shows it; `text` is plain text. Staff read the agent's `name`, citizens the `badge`."""

    number: int
    sender: str
    code: str
    text: str
    at: datetime
    name: str
    badge: int | None
    cites: Sequence[Cite]

    @property
    def is_note(self) -> bool:
        return self.sender == Sender.NOTE


def messages_of(conversation: Conversation, *, masked: bool = False, after: int = 0, last: int = 200) -> list[Said]:
    """The last `last` messages after number `after`, oldest first; personal data masked on wish. Two queries."""
    rows = list(
        Message.objects.filter(conversation=conversation, number__gt=after)
        .select_related("person")
        .order_by("-number")[:last]
    )[::-1]
    titles = _titles(rows)
    return [_said(row, titles, masked=masked) for row in rows]


def words(row: Message) -> str:
    """What a message seals; says so when its key is gone."""
    if not row.sealed:
        return ""
    try:
        return identity_ring().decrypt(row.sealed, PURPOSE, bound(row).encode())
    except BadCipher:
        return _("(These words cannot be opened: their key is not in the ring.)")


def _said(row: Message, titles: dict[int, Entry], *, masked: bool) -> Said:
    text = words(row)
    if row.code:
        text = str(NOTES.get(row.code, "")) % {"what": text}
    if masked:
        text = mask_all(text)
    cites = [
        Cite(
            one["entry"], one["version"], one["anchor"], titles[one["entry"]].title, titles[one["entry"]].unit.name,
            titles[one["entry"]].number > one["version"],
        )
        for one in row.cites
        if one["entry"] in titles
    ]  # fmt: skip
    name = row.person.name if row.person else ""
    return Said(row.number, row.sender, row.code, text, row.at, name, row.person_id, cites)


def _titles(rows: Iterable[Message]) -> dict[int, Entry]:
    ids = {one["entry"] for row in rows for one in row.cites}
    return Entry.objects.select_related("unit").in_bulk(ids) if ids else {}
