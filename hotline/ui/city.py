"""What pages show of the city: name, number, accent colour. Where they come from is told once, at start."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

DEFAULT_ACCENT = "#0b5f74"


@dataclass(frozen=True, slots=True)
class City:
    """`name` may be empty; `accent` is `#rrggbb`; `number` is what citizens dial."""

    name: str = ""
    accent: str = DEFAULT_ACCENT
    number: str = "12345"


_source: Callable[[], City] = City


def use_source(source: Callable[[], City]) -> None:
    """Set where the city is read from; the source must be cheap, it runs for each page."""
    global _source
    _source = source


def current() -> City:
    """The city of this installation."""
    return _source()


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = [c / 255 for c in _channels(colour)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable_accent(colour: str) -> str:
    """The city's colour, darkened as far as text needs: 5.2:1 on white, so its tints leave 4.5:1."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return DEFAULT_ACCENT
    while contrast(colour, "#ffffff") < 5.2:
        colour = "#" + "".join(f"{int(c * 0.94):02x}" for c in _channels(colour))
    return colour


def stylesheet(city: City) -> str:
    """The one rule that differs between cities."""
    accent = readable_accent(city.accent)
    return f":root{{--accent:{accent};--accent-rgb:{','.join(map(str, _channels(accent)))}}}\n"
