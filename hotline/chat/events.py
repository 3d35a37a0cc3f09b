"""What chats tell the packages above."""

from __future__ import annotations

from hotline.kit import events

WAITING = events.declare("chat.waiting", "A citizen in the online help asked for a person, or was passed on to a lane.")
ENDED = events.declare("chat.ended", "A conversation of the online help is over.")
