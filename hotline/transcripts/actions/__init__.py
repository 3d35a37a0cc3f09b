"""The only writers of transcripts, kept recordings and their alarms."""

from hotline.transcripts.actions.keeping import (
    answer_alarm,
    delete_old,
    keep,
    keep_waiting,
    raise_alarm,
    rewrap,
    seek_missing,
)
from hotline.transcripts.actions.listening import Sound, open_call, open_sound
from hotline.transcripts.actions.writing import Begun, begin, file, note_gap, say, sign
from hotline.transcripts.permissions import use_holder, use_seer

__all__ = [
    "Begun",
    "Sound",
    "answer_alarm",
    "begin",
    "delete_old",
    "file",
    "keep",
    "keep_waiting",
    "note_gap",
    "open_call",
    "open_sound",
    "raise_alarm",
    "rewrap",
    "say",
    "seek_missing",
    "sign",
    "use_holder",
    "use_seer",
]
