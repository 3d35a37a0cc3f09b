"""What the engine says no with."""

from __future__ import annotations


class Refused(Exception):
    """A command that cannot be done; nothing has changed. `code` is for programs, the text for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class WrongSettings(Exception):
    """The engine cannot start; the text names the setting."""
