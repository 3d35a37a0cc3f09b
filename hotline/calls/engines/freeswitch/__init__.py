"""FreeSWITCH as an engine, over its event socket (ESL). UNVERIFIED: see engine.py. esl.py speaks it, conferences.py makes rooms of
it, recorder.py files what it records."""

from hotline.calls.engines.freeswitch.engine import FreeswitchEngine

__all__ = ["FreeswitchEngine"]
