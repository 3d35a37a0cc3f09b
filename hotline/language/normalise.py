"""One spelling of a citizen's text, with the way back to what was typed.

Width (NFKC), traditional characters, emoji, control characters, repeated punctuation and spoken fillers are levelled. Every
character of the result knows where it came from, so a finding in the normal text is shown in the original.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MAX_CHARS = 100_000
"""Longer texts are read up to here (1 MB of Chinese is 333,000 characters); masking alone reads all."""

# 嗯, 呃 and their like carry nothing; 那个 and 就是说 only where a pause stands after them or they stand twice.
_FILLER = re.compile(
    r"[嗯呃唔]+[，,、。…~]*"
    r"|(?<![\u4e00-\u9fff])[啊哦噢诶欸哎唉喂]+[，,、…~]+"
    r"|(?:那个|这个|就是说?|然后呢?|怎么说呢)(?:[，,、…]+|(?=那个|这个|就是说|然后呢))"
)
_FILLER_KEPT = re.compile(r"(?:就是|然后)$")
_REPEATED = re.compile(r"([！？。，、；：…~～\-—=_*#!?.,;:])\1+")
_SPACES = re.compile(r"[ \t\u3000]+")
_PLAIN = re.compile(r"[\u4e00-\u9fff0-9A-Za-z，。！？、；：“”‘’（）《》,.\-: \n]*")


@dataclass(frozen=True, slots=True)
class Normal:
    """`text` levelled; `origins[i]` is the place in the original of its character i (one entry more than characters)."""

    text: str
    origins: array[int]
    cut: bool = False

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that text[start:end] came from; empty spans stay empty."""
        if end <= start:
            return self.origins[start], self.origins[start]
        return self.origins[start], self.origins[end - 1] + 1


@cache
def _simplified() -> dict[int, str]:
    lines = (files("hotline.language") / "data" / "simplified.txt").read_text(encoding="utf-8").splitlines()
    return {ord(old): new for old, new in zip(lines[1], lines[2], strict=True)}


def _is_dropped(character: str) -> bool:
    """True for what has no reading: emoji and symbols, controls, zero width, variation selectors, lone surrogates."""
    return unicodedata.category(character) in {"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"}


def _levelled(character: str) -> str:
    if character in "\n\t":
        return character
    if character == "\r" or _is_dropped(character):
        return ""
    level = unicodedata.normalize("NFKC", character)
    # NFKC makes Chinese punctuation western; sentences are cut at the Chinese signs, so those stay.
    if len(level) == 1 and level in ",!?;:()" and character in "，！？；：（）":
        level = character
    return "".join(part for part in level if not _is_dropped(part)).translate(_simplified())


def normalise(text: str, *, fillers: bool = True, limit: int = MAX_CHARS) -> Normal:
    """Level `text`. With `fillers` false the spoken fillers stay. Never raises; linear in the length."""
    cut = len(text) > limit
    text = text[:limit]
    pieces: list[str] = []
    origins: array[int] = array("L")
    at = 0
    table = _simplified()
    while at < len(text):
        plain = _PLAIN.match(text, at)
        end = plain.end() if plain else at
        if end > at:
            pieces.append(text[at:end].translate(table))
            origins.extend(range(at, end))
            at = end
            continue
        level = _levelled(text[at])
        pieces.append(level)
        origins.extend([at] * len(level))
        at += 1
    level_text = "".join(pieces)
    gone = _gone(level_text, fillers=fillers)
    if gone:
        kept = array("L")
        pieces = []
        last = 0
        for start, stop in gone:
            pieces.append(level_text[last:start])
            kept.extend(origins[last:start])
            last = stop
        pieces.append(level_text[last:])
        kept.extend(origins[last:])
        level_text, origins = "".join(pieces), kept
    origins.append(len(text))
    return Normal(level_text, origins, cut)


def _gone(text: str, *, fillers: bool) -> list[tuple[int, int]]:
    """Spans to leave out, in order and apart."""
    spans = [(match.start() + 1, match.end()) for match in _REPEATED.finditer(text)]
    spans += [
        (match.start() + 1, match.end())
        for match in _SPACES.finditer(text)
        if match.end() - match.start() > 1
    ]
    if fillers:
        spans += [
            (match.start(), match.end())
            for match in _FILLER.finditer(text)
            if not _FILLER_KEPT.match(match.group())
        ]
    spans.sort()
    apart: list[tuple[int, int]] = []
    for start, stop in spans:
        start = max(start, apart[-1][1]) if apart else start
        if stop > start:
            apart.append((start, stop))
    return apart


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of sentences without the space around them: cut after 。！？!?；; and at line ends."""
    found: list[tuple[int, int]] = []
    for match in re.finditer(r"[^。！？!?；;\n]+[。！？!?；;]*", text):
        raw = match.group()
        start = match.start() + len(raw) - len(raw.lstrip())
        stop = match.start() + len(raw.rstrip())
        if stop > start:
            found.append((start, stop))
    return found
