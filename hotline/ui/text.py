"""Small rules of how text is shown."""

from __future__ import annotations

import re


def thousands(value: object) -> str:
    """A number with separators: 1,249,000; anything else as it is, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}"


def percent(value: object) -> str:
    """A share 0…1 in percent, with one decimal when it has one: 97.5 %, 5 %; nothing as a dash."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–"
    return f"{value * 100:.1f}".removesuffix(".0") + " %"


def cut_in_middle(name: str, keep: int = 6) -> tuple[str, str]:
    """What may be cut and what stays at the end; short names are not divided."""
    return (name, "") if len(name) <= keep + 4 else (name[:-keep], name[-keep:])


def mask_phone(number: str | None) -> str:
    """138****1234; 021-****1234 for landlines; masked numbers stay; the shortest show nothing but stars."""
    given = (number or "").strip()
    if not given or "*" in given:
        return given
    digits = re.sub(r"\D", "", given)
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    if len(digits) >= 10:
        area = 3 if digits.startswith(("01", "02")) else 4
        return f"{digits[:area]}-****{digits[-4:]}"
    return f"****{digits[-4:]}" if len(digits) >= 7 else "****"
