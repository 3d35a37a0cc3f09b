"""The platform's own voice: text to speech by Kokoro, prompts kept as files.

A sentence costs about twice its length on one busy core, so what is known beforehand is rendered ahead (`Prompts`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pypinyin import Style, lazy_pinyin

from hotline.language.segment import Segmenter
from hotline.speech.reading import DIGITS, aloud
from hotline.speech.sound import TELEPHONE, Sound, joined, silence
from hotline.speech.weights import KOKORO, SpeechFault

RATE = 24_000
VOICE = "zf_xiaoxiao"
MOST_SIGNS = 250
"""Of one sentence that is spoken in one breath; the model's voice has 256 lengths here."""
MOST_CHARACTERS = 2_000
"""Of one prompt: some six minutes."""
PAUSE = 0.28
"""Between sentences, seconds."""

_FIGURES = frozenset(DIGITS + "幺")
_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;]?")
_CLAUSE = re.compile(r"[^，、：,:]+[，、：,:]?")
_MARKS = str.maketrans(
    {"，": ",", "、": ",", "。": ".", "！": "!", "：": ":", "；": ";", "？": "?", "（": "(", "）": ")", "《": "“", "》": "”"}
)


class Voice(Protocol):
    """Says a text. `key` names the voice and everything else its sound depends on."""

    key: str

    def say(self, text: str, *, speed: float = 1.0) -> Sound: ...


class Speaker:
    """Kokoro with one Mandarin voice. Making one loads nothing; the first word does (about 2 s, 400 MB)."""

    def __init__(self, *, threads: int = 1, words: Iterable[str] = ()) -> None:
        """`words`: a city's own, kept together and read as one."""
        self.key = f"{KOKORO.sha256[:12]}-{VOICE}-2"
        self._threads = threads
        self._segmenter = Segmenter(words)

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise SpeechFault(
                "missing", "onnxruntime is not installed; it belongs to the part `speech`."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        return onnxruntime.InferenceSession(KOKORO.read(), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _style(self) -> Any:
        with (files("hotline.speech") / "data" / f"{VOICE}.npy").open("rb") as file:
            return np.load(file).astype(np.float32)

    def say(self, text: str, *, speed: float = 1.0) -> Sound:
        """`text` spoken, 24 kHz, levelled. `ValueError` for a text without anything to say or of over 2,000 characters."""
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"A prompt has at most {MOST_CHARACTERS} characters.")
        parts: list[Sound] = []
        for sentence in sentences(self.signs(aloud(text))):
            tokens = [_vocabulary()[sign] for sign in sentence]
            spoken = self._session.run(
                None,
                {
                    "tokens": np.array([[0, *tokens, 0]], np.int64),
                    "style": self._style[len(tokens)].reshape(1, -1),
                    "speed": np.array([speed], np.float32),
                },
            )[0].ravel()
            parts += [Sound(np.asarray(spoken, np.float32), RATE), silence(PAUSE, RATE)]
        if not parts:
            raise ValueError("There is nothing to say in this text.")
        return joined(parts).levelled()

    def signs(self, text: str) -> list[str]:
        """Sentences as the model's signs; words are kept together, so that 行 of 银行 is háng."""
        found = []
        for sentence in _SENTENCE.findall(text):
            for piece in _breaths(sentence.strip()):
                words = [_word(word) for word in self._segmenter.cut(piece)]
                signs = re.sub(r"\s+", " ", " ".join(word for word in words if word)).strip()
                signs = re.sub(r" ([,.!?:;)”])", r"\1", signs)
                if re.search(r"[^\W\d_]", signs):
                    found.append(signs)
        return found


def _breaths(sentence: str) -> list[str]:
    """A long sentence in pieces at its commas, each short enough for one breath (a syllable has at most 7 signs)."""
    most = MOST_SIGNS // 7
    if len(sentence) <= most:
        return [sentence]
    pieces: list[str] = []
    for clause in _CLAUSE.findall(sentence):
        for at in range(0, len(clause), most):
            part = clause[at : at + most]
            if pieces and len(pieces[-1]) + len(part) <= most:
                pieces[-1] += part
            else:
                pieces.append(part)
    return pieces


def sentences(signs: list[str]) -> list[str]:
    """What the model is given, one after another: only its own signs, never more than it takes."""
    known = _vocabulary()
    return [cut for line in signs if (cut := "".join(sign for sign in line if sign in known)[:MOST_SIGNS])]


def _word(word: str) -> str:
    if not any("\u4e00" <= sign <= "\u9fff" for sign in word):
        return word.translate(_MARKS).strip()
    syllables = lazy_pinyin(
        word,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        errors="ignore",
        tone_sandhi=not set(word) <= _FIGURES,  # 不是 as búshì, but a number keeps each figure's tone
    )
    return "".join(_syllables().get(syllable, "") for syllable in syllables)


def _data(name: str) -> str:
    return (files("hotline.speech") / "data" / name).read_text(encoding="utf-8")


@cache
def _vocabulary() -> dict[str, int]:
    known: dict[str, int] = json.loads(_data("kokoro_vocabulary.json"))
    return known


@cache
def _syllables() -> dict[str, str]:
    lines = _data("pinyin.tsv").splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


class Prompts:
    """Spoken texts as WAV files of 8 kHz in a folder, one for each text and voice. Safe for several processes."""

    def __init__(self, folder: Path, voice: Voice) -> None:
        self.folder = folder
        self.voice = voice

    def path(self, text: str) -> Path:
        """Where this text stands or will stand."""
        name = hashlib.sha256(f"{self.voice.key}\n{text}".encode()).hexdigest()[:32]
        return self.folder / f"{name}.wav"

    def ready(self, text: str) -> Path | None:
        """The file, when it has been rendered."""
        path = self.path(text)
        return path if path.is_file() else None

    def render(self, text: str) -> Path:
        """The file, rendered now when it is not there."""
        path = self.path(text)
        if not path.is_file():
            write(path, self.voice.say(text).at(TELEPHONE))
        return path


def write(path: Path, sound: Sound) -> None:
    """The sound as a WAV file, whole or not at all whatever kills the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(sound.wav())
    part.replace(path)
