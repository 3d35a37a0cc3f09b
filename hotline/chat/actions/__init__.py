"""The only writers: of citizens (by their key), of agents, of the machine and the platform's jobs."""

from hotline.chat.actions.agents import (
    begin_appeal,
    end,
    look_in,
    read_up_to,
    reply,
    take,
    take_next,
    transfer,
)
from hotline.chat.actions.citizens import TooFast, ask_person, back_to_machine, leave, say
from hotline.chat.actions.configuring import retire_canned, save_canned, save_rules
from hotline.chat.actions.keeping import delete_old, note_filed, watch
from hotline.chat.actions.machine import MACHINE, answer, answer_waiting
from hotline.chat.actions.seats import be_seen, close_seat, open_seat, rest

__all__ = [
    "MACHINE",
    "TooFast",
    "answer",
    "answer_waiting",
    "ask_person",
    "back_to_machine",
    "be_seen",
    "begin_appeal",
    "close_seat",
    "delete_old",
    "end",
    "leave",
    "look_in",
    "note_filed",
    "open_seat",
    "read_up_to",
    "reply",
    "rest",
    "retire_canned",
    "save_canned",
    "save_rules",
    "say",
    "take",
    "take_next",
    "transfer",
    "watch",
]
