"""The only writers of campaigns."""

from hotline.campaigns.actions.agents import note
from hotline.campaigns.actions.calling import Caller
from hotline.campaigns.actions.exporting import export
from hotline.campaigns.actions.preparing import (
    FIELDS,
    MACHINE,
    MOST_BYTES,
    ListFault,
    Reading,
    add_list,
    add_query,
    drop_query,
    end,
    note_opt_out,
    opt_out,
    pause,
    save,
    start,
    take_opt_out_back,
)
from hotline.campaigns.actions.speaking import hear_words, leave_message, note_machine

__all__ = [
    "FIELDS",
    "MACHINE",
    "MOST_BYTES",
    "Caller",
    "ListFault",
    "Reading",
    "add_list",
    "add_query",
    "drop_query",
    "end",
    "export",
    "hear_words",
    "leave_message",
    "note",
    "note_machine",
    "note_opt_out",
    "opt_out",
    "pause",
    "save",
    "start",
    "take_opt_out_back",
]
