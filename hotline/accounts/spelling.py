"""Pinyin of names for search."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def spell(*names: str) -> str:
    """Initials, then full pinyin, of each name: 静安区 → "jaq jinganqu"; small letters, separated by spaces."""
    from pypinyin import Style, lazy_pinyin  # half a second that few processes need

    parts: dict[str, None] = {}
    for name in names:
        plain = "".join(name.split())
        if plain:
            parts["".join(lazy_pinyin(plain, style=Style.FIRST_LETTER)).lower()] = None
            parts["".join(lazy_pinyin(plain)).lower()] = None
    return " ".join(parts)[:400]
