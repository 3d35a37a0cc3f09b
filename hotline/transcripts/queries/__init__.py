"""Reads of transcripts and recordings."""

from hotline.transcripts.queries.conversations import (
    Conversation,
    Ear,
    Source,
    Spells,
    conversations,
    spells_of,
    terms,
    unfiled,
    use_home,
)
from hotline.transcripts.queries.keeping import alarms_waiting, keeping_health, open_alarms
from hotline.transcripts.queries.reading import (
    Line,
    calls_of,
    last_said,
    lines_of,
    recordings_of,
    scribe_health,
    scribe_now,
    transcript_of,
    turns_of,
)
from hotline.transcripts.queries.sounds import bytes_of

__all__ = [
    "Conversation",
    "Ear",
    "Line",
    "Source",
    "Spells",
    "alarms_waiting",
    "bytes_of",
    "calls_of",
    "conversations",
    "keeping_health",
    "last_said",
    "lines_of",
    "open_alarms",
    "recordings_of",
    "scribe_health",
    "scribe_now",
    "spells_of",
    "terms",
    "transcript_of",
    "turns_of",
    "unfiled",
    "use_home",
]
