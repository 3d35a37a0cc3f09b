"""What is wrong with a recording, which parts of a call were not listened to, which words are nobody's business. Pure."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hotline.language import privacy
from hotline.transcripts.models import Fault, Speaker

__all__ = [
    "CHANNEL",
    "WORDS",
    "Facts",
    "Fault",
    "Gap",
    "Marked",
    "Span",
    "faults_of",
    "marked",
    "merged",
    "overlap",
    "part_of",
    "peaks_of",
    "without",
    "words_of",
]

Span = tuple[int, int]
"""Milliseconds of a call: from, to before."""

Gap = tuple[str, int, int]
"""Speaker, from, to before: sound that nobody has listened to."""

CHANNEL = {Speaker.CITIZEN: 0, Speaker.AGENT: 1}
"""Side of the recording (softswitch/recording.py: left what the recorded party says, right what it hears)."""

WORDS = "utterance.words"
"""Purpose under which words with personal data are encrypted."""

HEADER = 44
BYTES_A_SECOND = 8_000 * 2 * 2
TOLERANCE = timedelta(seconds=3)
TOLERANCE_SHARE = 0.02
"""A recording begins and ends a moment after and before the conversation."""
LEAST_TALK = 5.0
LEAST_BOTH = 20.0
"""Seconds from which on it is strange that nobody, or one side alone, is heard."""
PEAKS = 1_200
"""Steps of a waveform: more than a screen shows."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A recording as the exchange told it and as it was found. It may last from `least` (the conversation that it was begun in
    was over) to `most` seconds (the call was over)."""

    told_sha256: str
    told_bytes: int
    seconds: float
    silent_left: bool
    silent_right: bool
    found_sha256: str
    found_bytes: int
    least: float
    most: float


def faults_of(facts: Facts) -> list[tuple[Fault, dict[str, Any]]]:
    """Every fault with what it rests on."""
    found: list[tuple[Fault, dict[str, Any]]] = []
    if facts.found_bytes != facts.told_bytes:
        found.append((Fault.SIZE, {"told": facts.told_bytes, "found": facts.found_bytes}))
    elif abs(facts.told_bytes - HEADER - facts.seconds * BYTES_A_SECOND) > BYTES_A_SECOND:
        found.append((Fault.SIZE, {"told": facts.told_bytes, "seconds": facts.seconds}))
    if facts.found_sha256 != facts.told_sha256:
        found.append((Fault.CHECKSUM, {"told": facts.told_sha256, "found": facts.found_sha256}))
    allowed = max(TOLERANCE.total_seconds(), facts.least * TOLERANCE_SHARE)
    if not facts.least - allowed <= facts.seconds <= max(facts.least, facts.most) + allowed:
        expected = [round(facts.least, 1), round(facts.most, 1)]
        found.append((Fault.DURATION, {"told": facts.seconds, "expected": expected}))
    if facts.silent_left and facts.silent_right and facts.seconds >= LEAST_TALK:
        found.append((Fault.SILENT, {"seconds": facts.seconds}))
    elif (facts.silent_left or facts.silent_right) and facts.seconds >= LEAST_BOTH:
        silent = Speaker.CITIZEN if facts.silent_left else Speaker.AGENT
        found.append((Fault.ONE_SIDED, {"seconds": facts.seconds, "silent": silent.value}))
    return found


def overlap(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """What lies in both."""
    others = list(other)
    both = [(max(a, c), min(b, d)) for a, b in one for c, d in others]
    return sorted((start, end) for start, end in both if start < end)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same, what touches made one, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What of `spans` lies in none of `taken`."""
    left = sorted(spans)
    for start, end in taken:
        left = [
            piece for a, b in left for piece in ((a, min(b, start)), (max(a, end), b)) if piece[0] < piece[1]
        ]
    return left


def part_of(moment: datetime, zero: datetime) -> int:
    """A moment as milliseconds of the call; what lies before its first is the first."""
    return max(0, round((moment - zero).total_seconds() * 1000))


@dataclass(frozen=True, slots=True)
class Marked:
    """`text` masked, of the same length; `marks`: [from, to, kind]. Nothing personal: the text itself, no marks."""

    text: str
    marks: list[list[Any]]


def marked(text: str) -> Marked:
    """Personal data of an utterance."""
    found = privacy.find(text)
    masked = privacy.mask(text, found) if found else text
    return Marked(masked, [[one.start, one.end, one.kind.value] for one in found])


def peaks_of(blocks: Iterable[bytes], size: int, steps: int = PEAKS) -> bytes:
    """The waveform of a two-channel WAV of 16 bits given in pieces: the loudest of each step, left half, right half, 0..255."""
    frames = max(1, (size - HEADER) // 4)
    steps = max(1, min(steps, frames))
    left, right = bytearray(steps), bytearray(steps)
    at, rest, skip = 0, b"", HEADER
    for block in blocks:
        if skip:
            block, skip = block[skip:], max(0, skip - len(block))
        rest += block
        whole = len(rest) // 4 * 4
        samples = array("h", rest[:whole])
        rest = rest[whole:]
        place, count = 0, len(samples) // 2
        while place < count:
            step = min(steps - 1, at * steps // frames)
            until = min(count, place + max(1, -(-(step + 1) * frames // steps) - at))
            for side, peaks in ((0, left), (1, right)):
                heard = samples[2 * place + side : 2 * until : 2]
                peaks[step] = max(peaks[step], min(255, max(max(heard), -min(heard)) >> 7))
            at, place = at + until - place, until
    return bytes(left + right)


_WORD = re.compile(r"[A-Za-z0-9.%:*]+|\s+|.", re.DOTALL)


def words_of(text: str, cut: Sequence[str] = ()) -> list[Span]:
    """Where words begin and end; `cut`: a segmenter's pieces of the very text, else single signs and whole figures."""
    pieces = list(cut) if cut and "".join(cut) == text else _WORD.findall(text)
    found, at = [], 0
    for piece in pieces:
        found.append((at, at + len(piece)))
        at += len(piece)
    return found
