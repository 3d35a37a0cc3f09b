"""The process that writes calls down as they are spoken: `hotline transcripts run`.

It listens beside the calls and can delay none: the exchange drops what it does not fetch in time. Hearing when somebody speaks is
cheap and done for every call at once (`hearing.py`); understanding a stretch is not, so stretches wait in a bounded line, those of
running calls first (`line.py`). What does not fit there, or was missed while this process was away, is noted as a gap and read from
the recording when the call is over (`filing.py`). It keeps nothing but sound: what it has understood stands in the database, so it may
be killed at any moment.
"""

from hotline.transcripts.scribe.process import Scribe, serve, usable

__all__ = ["Scribe", "serve", "usable"]
