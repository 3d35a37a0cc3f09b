"""Numbers that come as text from outside: fields, addresses, topics."""

from __future__ import annotations

_BIGGEST = 2**63 - 1
"""What a key of the database can be."""


def whole(text: str | None) -> int | None:
    """The whole number that a text of Arabic digits says, 0…2⁶³-1; anything else is none.

    `str.isdigit` is no guard for `int`: it lets "²" through, and ten thousand nines.
    """
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= _BIGGEST else None


def wholes(texts: list[str]) -> list[int]:
    """The numbers among texts, in their order."""
    return [number for text in texts if (number := whole(text)) is not None]
