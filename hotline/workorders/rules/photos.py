"""How a picture looks in 64 bits, and how far two places are apart.

The bits are a perceptual hash of the discrete cosine transform (Zauner, "Implementation and benchmarking of perceptual
image hash functions", 2010): the eight by eight lowest waves of a 32 by 32 grey picture, each above or below their
median. Another size, quality or brightness changes few of them; another scene about half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

SIDE = 32
LOW = 8
ALIKE = 7
"""Bits that may differ in pictures that look alike. Eight bands of eight bits: two such hashes share one whole band."""
BANDS = 8


@lru_cache(maxsize=1)
def _waves() -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(math.cos(math.pi * wave * (2 * at + 1) / (2 * SIDE)) for at in range(SIDE)) for wave in range(1, LOW + 1)
    )


def fingerprint(grey: Sequence[int]) -> int | None:
    """64 bits, unsigned, of `SIDE` × `SIDE` grey values row by row. None of a picture without any feature, a black one."""
    waves = _waves()
    rows = [grey[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    across = [[sum(value * wave[at] for at, value in enumerate(row)) for wave in waves] for row in rows]
    found = [sum(across[at][column] * wave[at] for at in range(SIDE)) for wave in waves for column in range(LOW)]
    if max(map(abs, found)) < SIDE * 4:
        return None
    middle = sorted(found)[len(found) // 2]
    bits = 0
    for value in found:
        bits = bits << 1 | (value > middle)
    return bits


def bands_of(bits: int) -> list[int]:
    """The hash's eight bytes, each with its place: what an index of equal elements can find."""
    return [place << 8 | (bits >> (8 * place)) & 0xFF for place in range(BANDS)]


def differing(one: int, other: int) -> int:
    """Bits in which two hashes differ, 0 to 64."""
    return ((one ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def signed(bits: int) -> int:
    """As PostgreSQL's bigint holds it."""
    return bits - (1 << 64) if bits >= 1 << 63 else bits


def metres(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Metres in a straight line between two places in degrees, on a sphere: good to half a percent."""
    a, b = math.radians(latitude), math.radians(to_latitude)
    turn = math.radians(to_longitude - longitude)
    part = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * 6_371_009 * math.asin(min(1.0, math.sqrt(part)))


__all__ = ["ALIKE", "BANDS", "SIDE", "bands_of", "differing", "fingerprint", "metres", "signed"]
