"""Asterisk as an engine, over its REST Interface: ari.py speaks it, bridges.py makes rooms of it, snoops.py hears and records."""

from hotline.calls.engines.asterisk.engine import AsteriskEngine

__all__ = ["AsteriskEngine"]
