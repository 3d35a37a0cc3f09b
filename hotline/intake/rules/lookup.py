"""Look-up codes: short enough to read out, without signs that sound or look alike."""

from __future__ import annotations

import unicodedata

# No 0 O 1 I L 5 S 2 Z 8 B U V: what a caller writes down is what was read to them. 23 signs, 8 of them: 36 bits.
ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
LENGTH = 8


def code_from_digest(digest: bytes) -> str:
    """Eight signs from a keyed digest of at least 8 bytes. The same digest gives the same code, so nothing is stored."""
    number = int.from_bytes(digest[:16], "big") % len(ALPHABET) ** LENGTH
    signs = []
    for _ in range(LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[rest])
    return "".join(signs)


def normal_code(text: str) -> str:
    """A code as typed (full width, small letters, blanks, dashes) as it was given."""
    if text.isascii() and text.isalnum():  # as it was given
        return text.upper()
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())
