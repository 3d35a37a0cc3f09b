"""The only writers of campaigns."""

from hotline.campaigns.actions.calling import Caller
from hotline.campaigns.actions.preparing import (
    ListFault,
    Reading,
    add_list,
    end,
    opt_out,
    pause,
    save,
    start,
    take_opt_out_back,
)

__all__ = [
    "Caller",
    "ListFault",
    "Reading",
    "add_list",
    "end",
    "opt_out",
    "pause",
    "save",
    "start",
    "take_opt_out_back",
]
