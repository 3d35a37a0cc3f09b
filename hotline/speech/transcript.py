"""From the two channels of a call to who said what and when, tidy enough to file.

`Listener` follows a call as it is spoken; `transcribe` reads a recording. Both do the same to every stretch: recognised, levelled
(simplified characters, fillers away, spoken figures as digits), a city's own names put right by their sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pypinyin import Style, lazy_pinyin

from hotline.language.normalise import normalise
from hotline.speech.activity import Activity, Stretch
from hotline.speech.recognition import Heard, Recogniser
from hotline.speech.sound import LISTENING, TELEPHONE, BadSound, Doubler, Samples, read_wav

LEAST_TERM = 3
"""Characters. Two syllables sound like too many things."""
_FIGURES = str.maketrans("幺零〇一二三四五六七八九", "100123456789")
_RUN = re.compile(r"[幺零〇一二三四五六七八九]{4,}")
"""Four figures without 十 or 百 between them are a number told digit by digit."""
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
_TURNED = str.maketrans({"l": "n"})


@dataclass(frozen=True, slots=True)
class Utterance:
    """`text` said on `channel` (0 left, 1 right) from `start` to `end`, seconds of the call. `times[i]`: when character i of the
    text began. `sure`: 0..1."""

    channel: int
    start: float
    end: float
    text: str
    times: tuple[float, ...]
    sure: float


class Terms:
    """A city's own names (roads, estates, offices), found by their sound."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_sound: dict[tuple[str, ...], str] = {}
        self._words: set[str] = set()
        for word in words:
            word = word.strip()
            if len(word) >= LEAST_TERM and all("\u4e00" <= sign <= "\u9fff" for sign in word):
                self._words.add(word)
                self._by_sound.setdefault(_sound(word), word)
        self._lengths = sorted({len(word) for word in self._words}, reverse=True)

    def correct(self, text: str) -> str:
        """`text` with every run of characters that sounds like a term written as the term; of the same length."""
        if not self._by_sound:
            return text
        sounds = _sound(text)
        signs = list(text)
        taken = [False] * len(signs)
        for length in self._lengths:
            for at in range(len(signs) - length + 1):
                if any(taken[at : at + length]):
                    continue
                term = self._by_sound.get(sounds[at : at + length])
                if term is None:
                    continue
                if "".join(signs[at : at + length]) not in self._words:
                    signs[at : at + length] = term
                taken[at : at + length] = [True] * length
        return "".join(signs)


def _sound(text: str) -> tuple[str, ...]:
    """One syllable a character without its tone, what southern speakers do not tell apart made one."""
    syllables = lazy_pinyin(text, style=Style.NORMAL, errors=lambda other: list(other))  # type: ignore[arg-type,return-value]
    return tuple(_levelled(syllable) for syllable in syllables)


def _levelled(syllable: str) -> str:
    for one, other in _ALIKE:
        if syllable.startswith(one) and len(one) == 2 and one[1] == "h":
            syllable = other + syllable[2:]
        elif syllable.endswith(one):
            syllable = syllable[: -len(one)] + other
    return syllable[:1].translate(_TURNED) + syllable[1:]


def utterance(channel: int, stretch: Stretch, heard: Heard, terms: Terms | None = None) -> Utterance | None:
    """What was heard, tidied; None when nothing is left. Pure."""
    raw, times = "", []
    for word in heard.words:
        for at, sign in enumerate(word.text):
            raw += sign
            share = (word.end - word.start) * at / len(word.text)
            times.append(round(stretch.start + word.start + share, 2))
    level = normalise(raw)
    text = _RUN.sub(lambda run: run[0].translate(_FIGURES), level.text)
    if terms is not None:
        text = terms.correct(text)
    if not re.search(r"\w", text):
        return None
    when = tuple(times[min(level.origins[at], len(times) - 1)] for at in range(len(text)))
    return Utterance(channel, round(stretch.start, 2), round(stretch.end, 2), text, when, heard.sure)


class Listener:
    """One call as it is spoken. Feed each channel its 8 kHz; utterances come when they end."""

    def __init__(self, recogniser: Recogniser, terms: Terms | None = None, *, channels: int = 2) -> None:
        self._recogniser = recogniser
        self._terms = terms
        self._channels = [(Doubler(), Activity()) for _ in range(channels)]

    def feed(self, channel: int, samples: Samples) -> Iterator[Utterance]:
        """Utterances of this channel that ended within `samples` (float32, 8 kHz, -1..1)."""
        for stretch in self.stretches(channel, samples):
            if (found := self.understand(channel, stretch)) is not None:
                yield found

    def stretches(self, channel: int, samples: Samples) -> list[Stretch]:
        """`feed` without recognition, which takes its time: what is to be understood, for who does that beside the listening."""
        doubler, activity = self._channels[channel]
        return activity.feed(doubler(samples))

    def understand(self, channel: int, stretch: Stretch) -> Utterance | None:
        """What is said in a stretch of the channel; None when nothing is."""
        return utterance(channel, stretch, self._recogniser.hear(stretch.samples), self._terms)

    def last(self, channel: int) -> list[Stretch]:
        """What was still being said on the channel when the call ended."""
        return self._channels[channel][1].flush()

    def flush(self) -> list[Utterance]:
        """What was still being said when the call ended, in the order of speaking."""
        found = [
            self.understand(channel, stretch)
            for channel in range(len(self._channels))
            for stretch in self.last(channel)
        ]
        return sorted((one for one in found if one is not None), key=lambda one: one.start)


def transcribe(recording: Path, recogniser: Recogniser, terms: Terms | None = None) -> list[Utterance]:
    """A recording's utterances in the order of speaking. WAV of 8 or 16 kHz, one or two channels; `BadSound` else."""
    found: list[Utterance] = []
    for channel, sound in enumerate(read_wav(recording)):
        if sound.rate not in (TELEPHONE, LISTENING):
            raise BadSound(f"{recording.name} has {sound.rate} samples a second; 8,000 or 16,000 are needed.")
        activity = Activity()
        heard = Doubler()(sound.samples) if sound.rate == TELEPHONE else sound.samples
        stretches = activity.feed(np.asarray(heard, np.float32)) + activity.flush()
        for stretch in stretches:
            said = utterance(channel, stretch, recogniser.hear(stretch.samples), terms)
            if said is not None:
                found.append(said)
    return sorted(found, key=lambda said: (said.start, said.channel))
