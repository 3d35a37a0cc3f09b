"""The only writers of transcripts, kept recordings and their alarms."""

from hotline.transcripts.actions.keeping import (
    answer_alarm,
    clear_away,
    delete_old,
    keep,
    keep_waiting,
    raise_alarm,
    seek_missing,
)
from hotline.transcripts.actions.lending import LISTENING, Lend, Voice, listen_beside
from hotline.transcripts.actions.listening import Sound, heard, open_call, open_sound
from hotline.transcripts.actions.writing import Begun, begin, file, note_gap, say, sign
from hotline.transcripts.permissions import use_holder, use_seer

__all__ = [
    "LISTENING",
    "Begun",
    "Lend",
    "Sound",
    "Voice",
    "answer_alarm",
    "begin",
    "clear_away",
    "delete_old",
    "file",
    "heard",
    "keep",
    "keep_waiting",
    "listen_beside",
    "note_gap",
    "open_call",
    "open_sound",
    "raise_alarm",
    "say",
    "seek_missing",
    "sign",
    "use_holder",
    "use_seer",
]
