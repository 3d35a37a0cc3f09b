"""How alike two demands are, by characters; no models (those come later behind the same question)."""

from __future__ import annotations

import re

# Words that every appeal has and that say nothing about the matter.
_EMPTY = re.compile(
    r"市民|来电|反映|投诉|咨询|举报|建议|希望|要求|请问|有关部门|相关部门|尽快|处理|解决|核实|谢谢|您好|你好|领导|我们|我的"
)
_SIGNS = re.compile(r"[\W_]+")
ALIKE = 0.32  # from here a pair is shown as a likely duplicate


def _pairs(text: str) -> set[str]:
    plain = _SIGNS.sub("", _EMPTY.sub("", text.lower()))
    return {plain[place : place + 2] for place in range(len(plain) - 1)} or ({plain} if plain else set())


def likeness(first: str, second: str) -> float:
    """0 … 1: share of the shorter text's character pairs that the longer one has, weighed by how short it is.

    Containment rather than Jaccard, because a caller's second appeal is often one sentence of the first.
    """
    one, other = _pairs(first), _pairs(second)
    if not one or not other:
        return 0.0
    small, large = sorted((one, other), key=len)
    shared = len(small & large)
    trust = min(1.0, len(small) / 8)
    return trust * (0.6 * shared / len(small) + 0.4 * shared / len(one | other))
