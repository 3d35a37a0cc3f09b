"""Phone numbers as people write them."""

from __future__ import annotations

import unicodedata


def phone_digits(text: str) -> str:
    """Digits of a number as typed or sent: full-width digits, blanks, dashes and +86 or 0086 go."""
    plain = unicodedata.normalize("NFKC", text)
    digits = "".join(sign for sign in plain if sign.isascii() and sign.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) == 11 and digits[len(prefix)] == "1":
            return digits[len(prefix) :]
    return digits
